//! Every fault, as the ordinary prober sees it, and what it leaves alone.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use platform_exporter::drill::fault::{Fault, Own, Place};
use platform_exporter::probe::failure::Class;

use super::{Inside, all_on, shipped};

/// For runs that are meant to find nobody at home.
const BRIEF: Duration = Duration::from_millis(800);

fn vantage(own: Own) -> Place {
    Place::Vantage(own)
}

fn at(place: &str) -> Place {
    let (platform, layer) = place.split_once('/').unwrap();
    Place::layer(platform, layer)
}

/// Place, fault, a check, and what its run comes to.
type Row = (&'static str, Fault, &'static str, &'static str);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("facebook/dns", Fault::Servfail, "facebook/dns/www", "fail dns_servfail"),
    ("facebook/dns", Fault::Servfail, "facebook/web/front", "fail dns_servfail"),
    ("facebook/web", Fault::Nxdomain, "facebook/web/front", "fail dns_nxdomain"),
    ("x/all", Fault::DnsRefused, "x/short_links/redirect", "fail dns_refused"),
    ("x/api", Fault::NoData, "x/api/no_token", "degraded dns_no_answer"),
    ("whatsapp/chat_hosts", Fault::Servfail, "whatsapp/chat_hosts/g_5222", "fail dns_servfail"),
    ("whatsapp/dns", Fault::DnsSilent, "whatsapp/dns/chat", "fail dns_timeout"),
    ("facebook/first_resolver", Fault::Nxdomain, "facebook/dns/www", "local local_resolver"),
    ("facebook/first_resolver", Fault::Nxdomain, "facebook/web/front", "ok"),
    ("facebook/media", Fault::Unreachable, "facebook/media/static", "fail tcp_timeout"),
    ("whatsapp/chat_hosts", Fault::Unreachable, "whatsapp/chat_hosts/e1_5222", "fail tcp_timeout"),
    ("whatsapp/chat_hosts/e1_5222", Fault::Unreachable, "whatsapp/chat_hosts/e1_5222", "fail tcp_timeout"),
    ("whatsapp/chat_hosts/e1_5222", Fault::Unreachable, "whatsapp/chat_hosts/g_443", "ok"),
    ("x/web", Fault::Unreachable, "x/dns/web", "ok"),
    ("messenger/chat", Fault::Refused, "messenger/chat/edge_mqtt", "fail tcp_refused"),
    ("telegram/chat", Fault::Unreachable, "telegram/chat/websocket", "fail tcp_timeout"),
    ("telegram/chat", Fault::Unreachable, "telegram/chat/dc1", "fail http_headers_timeout"),
    ("telegram/chat", Fault::Refused, "telegram/chat/dc1", "fail http_empty_reply"),
    ("telegram/chat", Fault::Silent, "telegram/chat/dc2", "fail http_headers_timeout"),
    ("whatsapp/media", Fault::Silent, "whatsapp/media/mmg", "fail tls_timeout"),
    ("x/media", Fault::Reset, "x/media/pictures", "fail tls_reset"),
    ("x/media", Fault::Closed, "x/media/static", "fail tls_closed"),
    ("threads/web", Fault::Garbage, "threads/web/front", "fail tls_protocol"),
    ("facebook/api", Fault::ExpiredCertificate, "facebook/api/no_token", "fail tls_cert_expired"),
    ("facebook/api", Fault::EarlyCertificate, "facebook/api/no_token", "fail tls_cert_not_yet_valid"),
    ("instagram/media", Fault::WrongCertificate, "instagram/media/static", "fail tls_cert_name"),
    ("x/web", Fault::UntrustedCertificate, "x/web/front", "fail tls_cert_untrusted"),
    ("signal/chat", Fault::Reset, "signal/chat/refusal", "fail tls_reset"),
    ("facebook/login", Fault::Hang, "facebook/login/page", "fail http_headers_timeout"),
    ("facebook/login", Fault::ServerError, "facebook/login/page", "fail http_status_5xx"),
    ("messenger/login", Fault::ServerError, "messenger/login/page", "fail http_status_5xx"),
    ("x/web", Fault::ServerError, "x/web/front", "fail http_status_5xx"),
    ("whatsapp/registration", Fault::ServerError, "whatsapp/registration/missing_parameter", "fail http_status_5xx"),
    ("bluesky/login", Fault::ServerError, "bluesky/login/health", "fail http_status_5xx"),
    ("signal/calls", Fault::ServerError, "signal/calls/sfu", "ok"), // 503 is how it looks when all is well
    ("whatsapp/chat", Fault::ServerError, "whatsapp/chat/hello", "fail http_status_5xx"),
    ("facebook/api", Fault::GraphCode1, "facebook/api/no_token", "fail content_json_assertion"),
    ("facebook/api", Fault::GraphCode2, "facebook/api/bad_token", "fail content_json_assertion"),
    ("instagram/api", Fault::GraphCode2, "instagram/api/bad_token", "fail content_json_assertion"),
    ("threads/api", Fault::GraphCode2, "threads/api/bad_token", "fail content_json_assertion"),
    ("messenger/api", Fault::GraphCode2, "messenger/api/bad_token", "fail content_json_assertion"),
    ("whatsapp_business/api", Fault::GraphCode2, "whatsapp_business/api/bad_token", "degraded content_json_assertion"),
    ("facebook/session", Fault::GraphCode2, "facebook/session/me", "fail content_json_assertion"),
    ("x/web", Fault::XCode467, "x/web/front", "fail content_json_assertion"),
    ("x/short_links", Fault::XCode467, "x/short_links/redirect", "fail content_json_assertion"),
    ("x/api", Fault::OverCapacity, "x/api/no_token", "fail content_json_assertion"),
    ("instagram/web", Fault::RateLimited, "instagram/web/front", "blocked blocked_rate_limited"),
    ("x/api", Fault::RateLimited, "x/api/no_token", "blocked blocked_rate_limited"),
    ("facebook/web", Fault::Forbidden, "facebook/web/front", "blocked blocked_denied"),
    ("x/web", Fault::Forbidden, "x/web/front", "blocked blocked_denied"),
    ("facebook/web", Fault::ErrorPage, "facebook/web/front", "fail content_marker_present"),
    ("instagram/web", Fault::ErrorPage, "instagram/web/front", "fail content_marker_present"),
    ("x/web", Fault::ErrorPage, "x/web/front", "degraded content_marker_missing"),
    ("x/short_links", Fault::ErrorPage, "x/short_links/redirect", "fail content_marker_present"),
    ("instagram/web", Fault::BlankPage, "instagram/web/front", "degraded content_marker_missing"),
    ("facebook/login", Fault::BlankPage, "facebook/login/page", "degraded content_marker_missing"),
    ("x/login", Fault::LoginRateLimit, "x/login/page", "fail content_marker_present"),
    ("facebook/login", Fault::NotFound, "facebook/login/page", "degraded http_status_4xx"),
    ("whatsapp/chat", Fault::NotFound, "whatsapp/chat/hello", "degraded ws_upgrade"),
    ("whatsapp/web", Fault::Redesign, "whatsapp/web/front", "degraded content_marker_missing"),
    ("whatsapp/registration", Fault::Redesign, "whatsapp/registration/missing_parameter", "degraded content_marker_missing"),
    ("facebook/web", Fault::Cut, "facebook/web/front", "fail http_truncated"),
    ("whatsapp/chat", Fault::Cut, "whatsapp/chat/hello", "fail http_empty_reply"),
    ("youtube/web", Fault::Cut, "youtube/web/generate_204", "fail http_truncated"),
    ("whatsapp/chat", Fault::ChatSilent, "whatsapp/chat/hello", "fail ws_timeout"),
    ("whatsapp/chat", Fault::ChatClosed, "whatsapp/chat/hello", "degraded ws_closed"),
    ("whatsapp/chat", Fault::ChatGarbage, "whatsapp/chat/hello", "degraded ws_protocol"),
    ("discord/chat", Fault::ChatSilent, "discord/chat/hello", "fail ws_timeout"),
    ("discord/chat", Fault::ChatClosed, "discord/chat/hello", "degraded ws_closed"),
    ("discord/chat", Fault::ChatGarbage, "discord/chat/hello", "degraded ws_protocol"),
    ("facebook/official", Fault::MajorDisruptions, "facebook/login/page", "ok"),
    ("facebook/all", Fault::Healthy, "facebook/login/page", "ok"),
    ("x/all", Fault::Silent, "x/media/videos", "fail tls_timeout"),
];

#[tokio::test]
async fn every_fault_is_seen_as_what_it_is() {
    let inside = Inside::start(&all_on()).await;
    let mut wrong = Vec::new();
    for &(place, fault, check, expected) in ROWS {
        let timeout = expected.ends_with("timeout").then_some(BRIEF);
        let check = inside.check(check);
        inside.strike(&at(place), fault);
        let seen = inside.run(&check, timeout).await;
        if seen != expected {
            wrong.push(format!("{place} {fault:?}: {} is {seen}", check.id));
        }
        inside.strike(&at(place), Fault::Healthy);
        let healed = inside.run(&check, None).await;
        if healed != "ok" {
            wrong.push(format!("{place} {fault:?}: {} stays {healed}", check.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Slow answers come, but late.
#[tokio::test]
async fn slowness_is_slow_and_nothing_else() {
    let inside = Inside::start(&shipped("")).await;
    inside.strike(&at("facebook/login"), Fault::Slow);
    inside.strike(&at("x/media"), Fault::Slow);
    inside.strike(&at("whatsapp/dns"), Fault::Slow);
    inside.strike(&at("whatsapp/chat"), Fault::Slow);
    #[rustfmt::skip]
    let rows = [
        ("facebook/login/page", 3000),
        ("facebook/web/front", 0),
        ("x/media/pictures", 3000),
        ("x/media/static", 3000),
        ("x/web/front", 0),
        ("whatsapp/dns/chat", 1500),
        ("whatsapp/chat/hello", 4500), // its name is slow too
        ("whatsapp/registration/missing_parameter", 1500),
    ];
    let runs = rows.map(|(check, least)| {
        let (inside, check) = (&inside, inside.check(check));
        async move {
            let begun = Instant::now();
            assert_eq!(inside.run(&check, None).await, "ok", "{}", check.id);
            let taken = begun.elapsed();
            let least = Duration::from_millis(least);
            let most = least + Duration::from_millis(1400);
            assert!((least..most).contains(&taken), "{}: {taken:?}", check.id);
        }
    });
    futures_util::future::join_all(runs).await;
}

/// Trouble of our own shows everywhere alike, and as what the controls see too.
#[tokio::test]
async fn our_own_trouble_strikes_all_alike() {
    let inside = Inside::start(&shipped("")).await;
    let all = inside.checks().len() + inside.config.controls.targets.len();
    let dns = |outcomes: &[String]| outcomes.iter().filter(|id| id.contains("/dns/")).count();
    let brief = Some(Duration::from_millis(300));

    inside.strike(&vantage(Own::Gateway), Fault::Unreachable);
    let seen = inside.not_ok(brief).await;
    let ids: Vec<String> = seen.keys().cloned().collect();
    let lookups = inside
        .checks()
        .iter()
        .filter(|check| &*check.id.component == "dns")
        .count()
        + 1;
    assert_eq!(
        (seen.len(), dns(&ids)),
        (all - lookups, 0),
        "lookups still work: {seen:?}"
    );
    assert!(
        seen.values().all(|outcome| outcome == "fail tcp_timeout"),
        "{seen:?}"
    );

    inside.strike(&vantage(Own::Gateway), Fault::UntrustedCertificate);
    let seen = inside.not_ok(None).await;
    assert!(
        seen.values()
            .all(|outcome| outcome == "fail tls_cert_untrusted"),
        "{seen:?}"
    );
    assert!(
        seen.contains_key("control/control/tls dns.google:443"),
        "{seen:?}"
    );

    inside.strike(&vantage(Own::Gateway), Fault::Healthy);
    inside.strike(&vantage(Own::Resolvers), Fault::Servfail);
    let seen = inside.not_ok(None).await;
    assert_eq!(seen.len(), all);
    assert!(
        seen.values().all(|outcome| outcome == "fail dns_servfail"),
        "{seen:?}"
    );

    inside.strike(&vantage(Own::Resolvers), Fault::Healthy);
    inside.strike(&vantage(Own::Resolver), Fault::Servfail);
    let seen = inside.not_ok(None).await;
    assert_eq!(seen.len(), lookups, "{seen:?}");
    assert!(
        seen.values()
            .all(|outcome| outcome == "local local_resolver"),
        "{seen:?}"
    );

    inside.internet.heal();
    assert!(inside.not_ok(None).await.is_empty());
}

/// Place, fault, and everything that is not ok.
#[tokio::test]
async fn what_stands_beside_is_left_alone() {
    #[rustfmt::skip]
    let rows = [
        ("facebook/login", Fault::ServerError, &["facebook/login/page"][..]),
        ("messenger/login", Fault::ServerError, &["messenger/login/page"]),
        ("facebook/api", Fault::GraphCode2, &["facebook/api/bad_token", "facebook/api/no_token"]),
        ("facebook/api/no_token", Fault::GraphCode2, &["facebook/api/no_token"]),
        ("whatsapp_business/api", Fault::GraphCode2, &["whatsapp_business/api/bad_token"]),
        ("whatsapp/chat", Fault::ChatSilent, &["whatsapp/chat/hello"]),
        ("whatsapp/chat", Fault::NotFound, &["whatsapp/chat/hello"]),
        ("x/web", Fault::OverCapacity, &["x/web/front"]),
        ("x/login", Fault::LoginRateLimit, &["x/login/page"]),
        // A connection is the whole host's.
        ("x/login", Fault::Reset, &["x/login/page", "x/web/front"]),
        ("whatsapp/chat", Fault::Reset, &["whatsapp/chat/hello", "whatsapp/web/front"]),
        ("facebook/login", Fault::Refused, &["facebook/login/page", "facebook/web/front", "facebook/web/robots_txt", "messenger/login/page"]),
        // Lookups fail at whoever looks.
        ("whatsapp/web", Fault::Servfail, &["whatsapp/chat/hello", "whatsapp/dns/web", "whatsapp/web/front"]),
        ("threads/first_resolver", Fault::Nxdomain, &["threads/dns/graph", "threads/dns/www"]),
        // Errors of the API on all of a platform are for those who know them.
        ("facebook/all", Fault::GraphCode2, &["facebook/api/bad_token", "facebook/api/no_token"]),
        ("threads/all", Fault::RateLimited, &["threads/api/bad_token", "threads/login/page", "threads/web/front"]),
        ("messenger/all", Fault::Hang, &["messenger/api/bad_token", "messenger/login/page", "messenger/web/front"]),
    ];
    let inside = Inside::start(&shipped("")).await;
    for (place, fault, expected) in rows {
        inside.strike(&at(place), fault);
        let seen = inside.not_ok(Some(BRIEF)).await;
        let seen: Vec<&str> = seen.keys().map(String::as_str).collect();
        assert_eq!(seen, expected, "{place} {fault:?}");
        inside.strike(&at(place), Fault::Healthy);
    }
    assert!(inside.not_ok(None).await.is_empty());
}

/// The latest strike counts, and health ends as much as it names.
#[tokio::test]
async fn strikes_follow_each_other() {
    let inside = Inside::start(&shipped("")).await;
    let (page, front) = (inside.check("x/login/page"), inside.check("x/web/front"));
    let both = async || {
        let brief = Some(BRIEF);
        [
            inside.run(&page, brief).await,
            inside.run(&front, brief).await,
        ]
        .join(", ")
    };
    inside.strike(&at("x/all"), Fault::ServerError);
    assert_eq!(both().await, "fail http_status_5xx, fail http_status_5xx");
    inside.strike(&at("x/login"), Fault::RateLimited);
    assert_eq!(
        both().await,
        "blocked blocked_rate_limited, fail http_status_5xx"
    );
    inside.strike(&at("x/login"), Fault::Healthy);
    assert_eq!(
        both().await,
        "ok, fail http_status_5xx",
        "a hole in the whole"
    );
    inside.strike(&at("x/all"), Fault::NotFound);
    assert_eq!(
        both().await,
        "degraded http_status_4xx, degraded http_status_4xx"
    );
    inside.strike(&at("x/login"), Fault::Reset);
    assert_eq!(both().await, "fail tls_reset, fail tls_reset");
    inside.strike(&at("x/all"), Fault::Healthy);
    assert_eq!(both().await, "ok, ok");
    inside.strike(&at("x/web"), Fault::Hang);
    inside.strike(&at("facebook/all"), Fault::Healthy);
    assert_eq!(
        both().await,
        "ok, fail http_headers_timeout",
        "another platform's health"
    );
    inside.internet.heal();
    assert_eq!(both().await, "ok, ok");
}

/// The tables above leave no fault out; slowness has a test of its own.
#[test]
fn no_fault_is_forgotten() {
    let schema = serde_json::to_value(schemars::schema_for!(Fault)).unwrap();
    let variants = schema["oneOf"].as_array().unwrap();
    let names: BTreeSet<&str> = variants
        .iter()
        .filter_map(|v| v["const"].as_str())
        .collect();
    let used = ROWS.iter().map(|row| serde_json::to_value(row.1).unwrap());
    let used: BTreeSet<String> = used
        .filter_map(|name| name.as_str().map(str::to_owned))
        .chain(["slow".to_owned()])
        .collect();
    let used: BTreeSet<&str> = used.iter().map(String::as_str).collect();
    assert_eq!(names, used);
    let classes: BTreeSet<&str> = ROWS
        .iter()
        .filter_map(|row| row.3.split(' ').next())
        .collect();
    assert_eq!(classes.len(), Class::ALL.len(), "{classes:?}");
}

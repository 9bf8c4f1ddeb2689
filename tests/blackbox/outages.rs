//! Outages, each as what a machine outside would see of it, and what the program must make of it.

use std::time::{Duration, Instant};

use crate::support::ca::Flaw;
use crate::support::dns::DnsFault;
use crate::support::exporter::{Exporter, SOON};
use crate::support::internet::{Answer, Fault};
use crate::support::page::Page;
use crate::support::{PLATFORMS, World};

/// The world and the program, once everything is up.
async fn all_up() -> (World, Exporter) {
    let world = World::healthy().await;
    let exporter = world.exporter().start().await;
    exporter
        .wait_until(SOON, "everything is up first", |page| {
            page.are(&PLATFORMS, "up")
        })
        .await;
    // Proofs are in when every check has been ok; before, a missed expectation does not count.
    exporter
        .wait_until(SOON, "every check is proven", |page| {
            page.all("platform_probe_proven", &[])
                .all(|p| p.value == 1.0)
        })
        .await;
    (world, exporter)
}

async fn comes_back(world: &World, exporter: &Exporter) {
    world.heal();
    // A refused check is only looked at again when its doubled pause is over.
    exporter
        .wait_until(2 * SOON, "everything is up again", |page| {
            page.are(&PLATFORMS, "up")
        })
        .await;
}

/// Nothing but up and the unknown of the start, also between the scrapes.
fn untouched(page: &Page, platforms: &[&str]) {
    for platform in platforms {
        for state in ["degraded", "down", "blocked"] {
            assert_eq!(
                page.seconds(platform, state),
                0.0,
                "{platform} was {state}\n{}",
                page.relevant()
            );
        }
    }
}

fn unavailable() -> Fault {
    Fault::Answer(Answer::html(503, "<h1>Sorry, something went wrong.</h1>"))
}

#[tokio::test(flavor = "multi_thread")]
async fn graph_code_2_takes_facebook_down_alone() {
    let (world, exporter) = all_up().await;
    world
        .internet
        .fault("graph.facebook.com", Fault::Answer(Answer::graph_outage()));
    let page = exporter
        .wait_until(SOON, "facebook is down", |page| {
            page.verdict("facebook") == "down"
        })
        .await;
    assert!(
        page.has_reason("facebook", "content_json_assertion"),
        "{:?}",
        page.reasons("facebook")
    );
    assert_eq!(
        page.value("platform_up", &[("platform", "facebook")]),
        Some(0.0)
    );
    assert_eq!(
        page.value(
            "platform_incident_open",
            &[("platform", "facebook"), ("level", "down")]
        ),
        Some(1.0)
    );
    untouched(&page, &["whatsapp", "x"]);
    comes_back(&world, &exporter).await;
    let page = exporter.page().await;
    assert_eq!(
        page.value(
            "platform_incident_open",
            &[("platform", "facebook"), ("level", "down")]
        ),
        Some(0.0)
    );
    assert!(
        page.sum(
            "platform_incidents_total",
            &[("platform", "facebook"), ("level", "down")]
        ) >= 1.0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_signature_counts_from_the_first_run() {
    let world = World::healthy().await;
    world
        .internet
        .fault("graph.facebook.com", Fault::Answer(Answer::graph_outage()));
    let exporter = world.exporter().start().await;
    let down =
        |page: &Page| page.verdict("facebook") == "down" && page.are(&["whatsapp", "x"], "up");
    exporter
        .wait_until(SOON, "facebook is down from the start", down)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_on_every_page_block_x_and_never_down_it() {
    let (world, exporter) = all_up().await;
    for host in ["*.x.com", "*.twitter.com", "t.co"] {
        world.internet.fault(
            host,
            Fault::Answer(Answer::text(429, "Rate limit exceeded")),
        );
    }
    let page = exporter
        .wait_until(SOON, "x is blocked", |page| page.verdict("x") == "blocked")
        .await;
    assert_eq!(page.value("platform_up", &[("platform", "x")]), None);
    assert!(
        page.has_reason("x", "blocked_rate_limited"),
        "{:?}",
        page.reasons("x")
    );
    let blocked = |page: &Page| {
        page.verdict("x") == "blocked" && page.value("platform_up", &[("platform", "x")]).is_none()
    };
    let page = exporter
        .stays(Duration::from_secs(8), "x stays blocked", blocked)
        .await;
    assert_eq!(page.seconds("x", "down"), 0.0);
    assert_eq!(page.runs(&[("platform", "x")], "fail"), 0.0);
    untouched(&page, &["facebook", "whatsapp"]);
    comes_back(&world, &exporter).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servfail_for_facebooks_names_takes_facebook_down() {
    let (world, exporter) = all_up().await;
    world.dns.fault("facebook.com", DnsFault::ServFail);
    let page = exporter
        .wait_until(SOON, "facebook is down", |page| {
            page.verdict("facebook") == "down"
        })
        .await;
    assert!(
        page.has_reason("facebook", "dns_servfail"),
        "{:?}",
        page.reasons("facebook")
    );
    assert_eq!(page.value("platform_vantage_up", &[]), Some(1.0));
    untouched(&page, &["whatsapp", "x"]);
    comes_back(&world, &exporter).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_everywhere_is_our_own_trouble() {
    let (world, exporter) = all_up().await;
    world.dns.fault("", DnsFault::Silent);
    world.internet.fault("*", Fault::Silence);
    let unknown = |page: &Page| {
        page.all_are("unknown") && page.value("platform_vantage_up", &[]) == Some(0.0)
    };
    exporter
        .wait_until(SOON, "everything is unknown", unknown)
        .await;
    let page = exporter
        .stays(Duration::from_secs(8), "everything stays unknown", unknown)
        .await;
    assert!(page.all("platform_up", &[]).next().is_none());
    for platform in PLATFORMS {
        assert_eq!(page.seconds(platform, "down"), 0.0, "{platform}");
        assert_eq!(
            page.sum("platform_incidents_total", &[("platform", platform)]),
            0.0,
            "{platform}"
        );
    }
    comes_back(&world, &exporter).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_chat_server_moves_whatsapp() {
    let (world, exporter) = all_up().await;
    world
        .internet
        .fault("web.whatsapp.com/ws", Fault::ChatSilent);
    let page = exporter
        .wait_until(SOON, "whatsapp has left up", |page| {
            page.verdict("whatsapp") != "up"
        })
        .await;
    let verdict = page.verdict("whatsapp");
    assert!(matches!(verdict.as_str(), "down" | "degraded"), "{verdict}");
    exporter
        .wait_until(SOON, "the reason is named", |page| {
            page.has_reason("whatsapp", "ws_timeout")
        })
        .await;
    untouched(&exporter.page().await, &["facebook", "x"]);
    comes_back(&world, &exporter).await;
}

/// 5 March 2024: every page loads, nobody can log in.
#[tokio::test(flavor = "multi_thread")]
async fn meta_2024_03_05() {
    let (world, exporter) = all_up().await;
    let internet = &world.internet;
    for host in [
        "graph.facebook.com",
        "b-graph.facebook.com",
        "b-api.facebook.com",
        "graph.instagram.com",
        "graph.threads.net",
    ] {
        internet.fault(host, Fault::Answer(Answer::graph_outage()));
    }
    for login in [
        "www.facebook.com/login",
        "www.messenger.com/login",
        "www.instagram.com/accounts/login",
        "www.threads.com/login",
    ] {
        internet.fault(login, unavailable());
    }
    for chat in ["*.facebook.com/ws", "*.instagram.com/ws"] {
        internet.fault(chat, Fault::ChatSilent);
    }
    let down = ["facebook", "instagram", "messenger", "threads"];
    let page = exporter
        .wait_until(SOON, "Meta's platforms are down", |page| {
            page.are(&down, "down")
        })
        .await;
    assert_eq!(
        page.component_verdict("facebook", "web"),
        "up",
        "the pages load"
    );
    untouched(&page, &["whatsapp", "x"]);
    assert_eq!(page.verdict("whatsapp"), "up");
    let minor = |page: &Page| page.verdict("whatsapp_business") == "degraded";
    let page = exporter
        .wait_until(SOON, "whatsapp_business has minor problems", minor)
        .await;
    assert_eq!(page.seconds("whatsapp_business", "down"), 0.0);
    comes_back(&world, &exporter).await;
}

/// 3 April 2024: WhatsApp accepts connections, then nothing.
#[tokio::test(flavor = "multi_thread")]
async fn whatsapp_2024_04_03() {
    let (world, exporter) = all_up().await;
    let internet = &world.internet;
    internet.fault("web.whatsapp.com/ws", Fault::ChatSilent);
    internet.fault("v.whatsapp.net", unavailable());
    internet.fault("mmg.whatsapp.net", Fault::Silence);
    internet.fault("www.instagram.com/$", Fault::Answer(Answer::html(200, "")));
    let page = exporter
        .wait_until(SOON, "whatsapp is down", |page| {
            page.verdict("whatsapp") == "down"
        })
        .await;
    assert_eq!(
        page.component_verdict("whatsapp", "web"),
        "up",
        "the page loads"
    );
    let page = exporter
        .stays(Duration::from_secs(6), "whatsapp stays down", |page| {
            page.verdict("whatsapp") == "down"
        })
        .await;
    assert_eq!(page.seconds("instagram", "down"), 0.0);
    untouched(&page, &["facebook", "x"]);
    comes_back(&world, &exporter).await;
}

/// 29 December 2022: error pages, refused logins, an API over capacity; names, short links and pictures are fine.
#[tokio::test(flavor = "multi_thread")]
async fn x_2022_12_29() {
    let (world, exporter) = all_up().await;
    let over_capacity = serde_json::json!({"errors": [{"code": 130, "message": "Over capacity"}]});
    world.internet.fault("x.com", unavailable());
    world.internet.fault(
        "x.com/i/flow/login",
        Fault::Answer(Answer::text(429, "Rate limit exceeded")),
    );
    world.internet.fault(
        "api.x.com",
        Fault::Answer(Answer::json(503, &over_capacity)),
    );
    let page = exporter
        .wait_until(SOON, "x is down", |page| page.verdict("x") == "down")
        .await;
    untouched(&page, &["facebook", "whatsapp"]);
    comes_back(&world, &exporter).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn short_links_alone_degrade_x() {
    let (world, exporter) = all_up().await;
    world.internet.fault("t.co", unavailable());
    let page = exporter
        .wait_until(SOON, "x is degraded", |page| {
            page.verdict("x") == "degraded"
        })
        .await;
    assert_eq!(page.value("platform_up", &[("platform", "x")]), Some(1.0));
    let page = exporter
        .stays(Duration::from_secs(6), "x stays degraded", |page| {
            page.verdict("x") == "degraded"
        })
        .await;
    assert_eq!(page.seconds("x", "down"), 0.0);
    assert_eq!(page.component_verdict("x", "short_links"), "down");
    untouched(&page, &["facebook", "whatsapp"]);
    let counts = |level| {
        page.sum(
            "platform_incidents_total",
            &[("platform", "x"), ("level", level)],
        )
    };
    assert!(
        counts("degraded") + counts("down") >= 1.0,
        "a component's incident is counted"
    );
    comes_back(&world, &exporter).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_certificate_is_named() {
    let (world, exporter) = all_up().await;
    world
        .internet
        .fault("graph.facebook.com", Fault::Certificate(Flaw::Expired));
    let page = exporter
        .wait_until(SOON, "facebook is down", |page| {
            page.verdict("facebook") == "down"
        })
        .await;
    assert!(
        page.has_reason("facebook", "tls_cert_expired"),
        "{:?}",
        page.reasons("facebook")
    );
    untouched(&page, &["x"]);
}

/// The bar is ten seconds on a machine of its own; here others build and test beside it.
#[tokio::test(flavor = "multi_thread")]
async fn a_hard_failure_is_judged_quickly() {
    const LIMIT: Duration = Duration::from_secs(15);
    for (fault, name) in [(Fault::Reset, "reset"), (Fault::Silence, "silence")] {
        let (world, exporter) = all_up().await;
        let begun = Instant::now();
        for host in ["x.com", "api.x.com", "t.co"] {
            world.internet.fault(host, fault.clone());
        }
        exporter
            .wait_until(LIMIT, name, |page| page.verdict("x") == "down")
            .await;
        println!("{name}: down after {:?}", begun.elapsed());
        let start = exporter.page().await.sum(
            "platform_incident_start_timestamp_seconds",
            &[("platform", "x")],
        );
        assert!(start > 1.6e9, "an incident has a start");
    }
}

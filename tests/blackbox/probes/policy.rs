//! Where the program sends nothing: private addresses, and hosts that asked for a pause.

use std::time::Duration;

use super::{Row, platform};
use crate::support::World;
use crate::support::dns::DnsFault;
use crate::support::exporter::SOON;
use crate::support::internet::{Answer, Fault};

#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_are_left_alone() {
    let world = World::healthy().await;
    world.dns.fault("sinkhole.example", DnsFault::Bogon);
    let plain = world.internet.plain;
    let port = plain.port();
    let rows = [
        Row::new(
            "literal",
            format!("{{ http: {{ url: \"http://127.0.0.1:{port}/\" }} }}"),
            "local local_policy",
        ),
        Row::new(
            "name",
            format!("{{ http: {{ url: \"http://loop.example:{port}/\" }} }}"),
            "local dns_bogon",
        ),
        Row::new(
            "sinkhole",
            format!("{{ tcp: {{ address: \"sinkhole.example:{port}\" }} }}"),
            "local dns_bogon",
        ),
    ];
    // Only what is listed in connect_to, the controls among it, may be on loopback.
    let keep = |settings: &mut crate::support::exporter::Settings| {
        settings.allow_private = false;
        settings
            .connect_to
            .retain(|(from, _)| from == ":443" || from == ":853");
    };
    let exporter = world
        .exporter()
        .set(keep)
        .with(&platform(&rows))
        .start()
        .await;
    exporter
        .wait_until(SOON, "every row has a result", |page| {
            rows.iter().all(|row| row.is_met(page))
        })
        .await;
    let page = exporter.page().await;
    let complaints: Vec<_> = rows.iter().filter_map(|row| row.complaint(&page)).collect();
    assert!(complaints.is_empty(), "{complaints:?}\n{}", exporter.log());
    assert_eq!(page.seconds("own", "down"), 0.0);
    assert!(
        world.internet.requests("127.0.0.1").is_empty()
            && world.internet.requests("loop.example").is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_does_not_lead_to_a_private_address() {
    let world = World::healthy().await;
    let inside = format!("http://127.0.0.1:{}/admin", world.internet.plain.port());
    world.internet.fault(
        "open.example",
        Fault::Answer(Answer::redirect(302, &inside)),
    );
    let rows = [Row::new(
        "open",
        "{ http: { url: \"https://open.example/\" } }",
        "fail http_redirect_invalid",
    )];
    let exporter = world
        .exporter()
        .set(|settings| settings.allow_private = false)
        .with(&platform(&rows))
        .start()
        .await;
    let page = exporter
        .wait_until(SOON, "it has a result", |page| rows[0].is_met(page))
        .await;
    assert_eq!(rows[0].complaint(&page), None);
    assert!(world.internet.requests("127.0.0.1").is_empty());
}

/// Of a host that redirects elsewhere, the other host never sees the token.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_does_not_follow_a_redirect_to_another_host() {
    let world = World::healthy().await;
    world.internet.fault(
        "first.example",
        Fault::Answer(Answer::redirect(302, "https://second.example/")),
    );
    world
        .internet
        .fault("second.example", Fault::Answer(Answer::text(200, "fine")));
    let check = "{ http: { url: \"https://first.example/\", headers: { authorization: \"Bearer mine\", cookie: \"a=b\" } } }";
    let rows = [Row::new("first", check, "ok")];
    let exporter = world.exporter().with(&platform(&rows)).start().await;
    exporter
        .wait_until(SOON, "it has a result", |page| rows[0].is_met(page))
        .await;
    assert_eq!(
        world.internet.requests("first.example")[0].headers["authorization"],
        "Bearer mine"
    );
    let second = world.internet.requests("second.example");
    assert!(!second.is_empty());
    for request in second {
        assert!(
            !request.headers.contains_key("authorization")
                && !request.headers.contains_key("cookie"),
            "{request:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wished_pause_is_kept() {
    let world = World::healthy().await;
    world.internet.fault(
        "busy.example",
        Fault::Answer(Answer::text(429, "").with("retry-after", "60")),
    );
    let rows = [Row::new(
        "busy",
        "{ http: { url: \"https://busy.example/\" }, block_signs: true }",
        "blocked blocked_rate_limited",
    )];
    let exporter = world.exporter().with(&platform(&rows)).start().await;
    exporter
        .wait_until(SOON, "it is refused", |page| rows[0].is_met(page))
        .await;
    let page = exporter
        .stays(Duration::from_secs(10), "it waits", |page| {
            page.runs(&[], "blocked") == 1.0
        })
        .await;
    let time = |name| page.value(name, &[("check", "busy")]).unwrap();
    let pause = time("platform_probe_next_run_timestamp_seconds")
        - time("platform_probe_last_run_timestamp_seconds");
    assert!((58.0..120.0).contains(&pause), "{pause} s");
    assert_eq!(world.internet.requests("busy.example").len(), 1);
    assert_eq!(page.verdict("own"), "blocked");
}

#[tokio::test(flavor = "multi_thread")]
async fn pauses_double_while_refused() {
    let world = World::healthy().await;
    world
        .internet
        .fault("busy.example", Fault::Answer(Answer::text(429, "")));
    let rows = [Row::new(
        "busy",
        "{ http: { url: \"https://busy.example/\" }, block_signs: true }",
        "blocked blocked_rate_limited",
    )];
    let exporter = world.exporter().with(&platform(&rows)).start().await;
    exporter
        .wait_until(SOON, "it is refused", |page| rows[0].is_met(page))
        .await;
    tokio::time::sleep(Duration::from_secs(12)).await;
    // One interval of 2 s, then 4 s, then 8 s: the third or fourth request at most, and a retry without end would be six.
    let requests = world.internet.requests("busy.example").len();
    assert!((2..=4).contains(&requests), "{requests} requests");
    world.heal();
}

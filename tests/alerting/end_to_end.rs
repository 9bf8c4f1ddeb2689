//! From a fault on the simulated internet to the receiver: the built exporter, a real Prometheus, a real Alertmanager.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::grafana;
use crate::port::free_port;
use crate::program;
use crate::stack::{Pace, Stack, until_settled, until_told};
use crate::support::dns::DnsFault;
use crate::support::exporter::{Exporter, SOON};
use crate::support::internet::Fault;
use crate::support::{PLATFORMS, World};
use crate::tools::{Servers, servers};
use crate::webhook::Webhook;
use platform_exporter::drill::internet::exchange::Answer;

/// For so long nothing else may fire: some evaluations, and all the waiting that rules and routes are left with here.
const A_WHILE: Duration = Duration::from_secs(8);

/// Messenger's people log in at the same page.
const BY_THAT_LOGIN: [&str; 2] = ["facebook", "messenger"];

/// Twelve minutes of a drill, the middle ones an outage.
pub const DRILL: &str = r#"
title: Facebook's login fails for six minutes
end: 12m
timeline:
  - { at: 2m, platform: facebook, layer: login, fault: server_error, invented: true }
  - { at: 8m, platform: facebook, layer: login, fault: healthy, invented: true }
expect:
  - { platform: facebook, at: 2m, verdict: down }
  - { platform: facebook, at: 8m, verdict: up, within: 90s }
alerts:
  - { alert: PlatformDown, platform: facebook }
"#;

/// An internet of its own, the exporter in it, everything up and proven.
async fn healthy() -> (World, Exporter) {
    let world = World::healthy().await;
    let launch = world.exporter().with("vantage: dhaka");
    let exporter = launch.start().await;
    exporter
        .wait_until(SOON, "everything is up and proven", |page| {
            page.are(&PLATFORMS, "up")
                && page
                    .all("platform_probe_proven", &[])
                    .all(|p| p.value == 1.0)
        })
        .await;
    (world, exporter)
}

fn login_fails(world: &World) {
    let sorry = Answer::html(503, "<h1>Sorry, something went wrong.</h1>");
    world
        .internet
        .fault("www.facebook.com/login.php", Fault::Answer(sorry));
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_reach_the_right_people_and_nobody_else() {
    let all = servers();
    futures_util::future::join_all(all.iter().map(story)).await;
}

async fn story(servers: &Servers) {
    let (world, exporter) = healthy().await;
    // Prometheus must know it before the drill begins.
    let drill = free_port();
    let webhook = Webhook::start().await;
    let stack = Stack::start(
        servers,
        exporter.address,
        Some((Ipv4Addr::LOCALHOST, drill).into()),
        &webhook,
        Pace::Quick,
    )
    .await;

    // All is well: only the heartbeat.
    stack.until_firing(&["PlatformWatchdog"]).await;
    stack.nothing_but(&["PlatformWatchdog"], A_WHILE).await;
    stack.until_heartbeat(&webhook).await;
    assert!(webhook.alerts().is_empty(), "{:#?}", webhook.alerts());

    outage(&world, &stack, &webhook).await;
    drill_outage(drill, &stack, &webhook).await;
    lost_network(&world, &stack, &webhook).await;
}

/// What Grafana would be told, where it alerts instead of Alertmanager: among it this alert of this platform, and that all is
/// evaluated.
async fn grafana_finds(stack: &Stack, (alert, platform, severity): (&str, &str, &str)) {
    let [firing, unevaluated] = grafana::questions();
    let is = |series: &Value| {
        series["alert"] == alert
            && series["severity"] == severity
            && series["platform"].as_str().unwrap_or_default() == platform
    };
    // Prometheus may send an alert a moment before it can be asked for it.
    let begun = Instant::now();
    let found = loop {
        let found = stack.ask(&firing).await;
        if found.iter().any(is) {
            break found;
        }
        assert!(begun.elapsed() < SOON, "no {alert} in {found:#?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let bare = |series: &Value| series.get("alertname").or(series.get("__name__")).is_none();
    assert!(found.iter().all(bare), "{found:#?}");
    assert!(stack.ask(&unevaluated).await.is_empty());
}

/// Facebook's login fails, and works again.
async fn outage(world: &World, stack: &Stack, webhook: &Webhook) {
    login_fails(world);
    let alert = until_told(webhook, "facebook is down", |alert| {
        alert.is("PlatformDown", "firing") && alert.label("platform") == "facebook"
    })
    .await;
    assert_eq!(alert.receiver, "pager");
    assert_eq!(
        (alert.label("severity"), alert.label("operator")),
        ("critical", "Meta")
    );
    assert_eq!(alert.label("replica"), "", "pairs of Prometheus agree");
    let said = &alert.annotations["description"];
    for part in [
        "Facebook DOWN since ",
        ": login: http_status_5xx; one vantage",
        "WhatsApp",
    ] {
        assert!(said.contains(part), "{said}");
    }
    assert!(alert.annotations["runbook_url"].starts_with("https://"));
    grafana_finds(stack, ("PlatformDown", "facebook", "critical")).await;
    let expected = ["PlatformDown", "PlatformComponentDown", "PlatformWatchdog"];
    stack.nothing_but(&expected, A_WHILE).await;

    world.heal();
    let over = |alert: &crate::webhook::Alert| alert.is("PlatformDown", "resolved");
    until_told(webhook, "facebook is up again", over).await;
    stack.until_firing(&["PlatformWatchdog"]).await;
    until_settled(webhook).await;
    // A notification of what else the group has may say of an inhibited alert that it is over; never that it fires.
    for alert in webhook.alerts().iter().filter(|a| a.status == "firing") {
        assert_eq!(alert.label("alertname"), "PlatformDown", "{alert:#?}");
        let platform = alert.label("platform");
        assert!(BY_THAT_LOGIN.contains(&platform), "{alert:#?}");
    }
    webhook.forget();
}

/// Facebook's login fails in a drill of a minute: told to the training receiver only, and the drill itself sees the alert.
async fn drill_outage(port: u16, stack: &Stack, webhook: &Webhook) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("login.yml");
    std::fs::write(&file, DRILL).unwrap();
    let mut command = program::command(&[file.to_str().unwrap(), "--speed=12"]);
    command
        .arg(format!("--expect-alerts=http://{}", stack.alertmanager()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"));
    let drill = program::Drill::spawn(command);
    let told = until_told(webhook, "facebook is down in the drill", |alert| {
        alert.is("PlatformDown", "firing")
    })
    .await;
    assert!(told.annotations["summary"].starts_with("Drill: "));
    until_told(webhook, "and up again", |alert| {
        alert.is("PlatformDown", "resolved")
    })
    .await;
    let finished = tokio::task::spawn_blocking(|| drill.finish());
    let finished = finished.await.unwrap();
    assert!(
        finished.status.success(),
        "{}\n{}",
        finished.said,
        finished.errors
    );
    stack.until_firing(&["PlatformWatchdog"]).await;
    until_settled(webhook).await;
    for alert in webhook.alerts().iter().filter(|a| a.status == "firing") {
        assert_eq!(
            (alert.receiver.as_str(), alert.label("drill")),
            ("training", "true"),
            "{alert:#?}"
        );
    }
    webhook.forget();
}

/// Nothing answers any more, names neither: that is us.
async fn lost_network(world: &World, stack: &Stack, webhook: &Webhook) {
    world.dns.fault("", DnsFault::Silent);
    world.internet.fault("*", Fault::Silence);
    let expected = ["PlatformVantageOffline", "PlatformWatchdog"];
    stack.until_firing(&expected).await;
    stack.nothing_but(&expected, A_WHILE).await;
    for alert in webhook.alerts().iter().filter(|a| a.status == "firing") {
        assert_eq!(alert.label("alertname"), "PlatformVantageOffline");
        assert_eq!(alert.label("vantage"), "dhaka");
    }
    until_told(webhook, "the vantage is offline", |alert| {
        alert.is("PlatformVantageOffline", "firing")
    })
    .await;
    grafana_finds(stack, ("PlatformVantageOffline", "", "warning")).await;
    world.heal();
    stack.until_firing(&["PlatformWatchdog"]).await;
}

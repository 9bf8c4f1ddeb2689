//! Start, stop, and what survives in between.

use std::time::Duration;

use rustix::process::Signal;

use crate::support::exporter::{Exporter, SOON};
use crate::support::internet::{Answer, Fault};
use crate::support::page::Page;
use crate::support::{PLATFORMS, World};

/// The promise is two seconds; reaping a child on a busy machine takes a little longer.
const STOP: Duration = Duration::from_millis(2500);

async fn ends_well(exporter: Exporter) {
    let (status, time, log) = exporter.terminate().await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(time < STOP, "{time:?}\n{log}");
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_it() {
    let world = World::healthy().await;
    let exporter = world.exporter().start().await;
    ends_well(exporter).await;
    let exporter = world.exporter().start().await;
    exporter
        .wait_until(SOON, "everything is up", |page| page.are(&PLATFORMS, "up"))
        .await;
    ends_well(exporter).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_it_with_probes_hanging() {
    let world = World::healthy().await;
    world.internet.fault("*", Fault::Hang);
    let exporter = world
        .exporter()
        .set(|settings| settings.defaults = "{ interval: 30s, timeout: 30s }".into())
        .start()
        .await;
    let hanging = |page: &Page| {
        page.value("platform_exporter_probes_in_flight", &[])
            .is_some_and(|count| count > 0.0)
    };
    exporter.wait_until(SOON, "probes hang", hanging).await;
    ends_well(exporter).await;
}

/// What a stopped process missed is counted, not made up for, and nobody is accused of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_process_counts_what_it_missed() {
    let world = World::healthy().await;
    let exporter = world.exporter().start().await;
    let up = |page: &Page| page.are(&PLATFORMS, "up");
    let page = exporter.wait_until(SOON, "everything is up", up).await;
    let checks = page.all("platform_probe_info", &[]).count() as f64;
    exporter.signal(Signal::STOP);
    tokio::time::sleep(Duration::from_secs(9)).await;
    exporter.signal(Signal::CONT);
    let missed =
        |page: &Page| page.sum("platform_exporter_probes_missed_total", &[]) >= 3.0 * checks;
    exporter
        .wait_until(SOON, "three runs of each check are missed", missed)
        .await;
    let page = exporter
        .stays(Duration::from_secs(5), "everything stays up", up)
        .await;
    assert_eq!(page.runs(&[], "fail") + page.runs(&[], "degraded"), 0.0);
}

/// A scrape that nobody reads to its end does not hold it up.
#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_it_with_a_stuck_scraper() {
    use tokio::io::AsyncWriteExt as _;
    let world = World::healthy().await;
    let exporter = world.exporter().start().await;
    let mut stuck = tokio::net::TcpStream::connect(exporter.address)
        .await
        .unwrap();
    stuck
        .write_all(b"GET /metrics HTTP/1.1\r\nhost: a\r\n")
        .await
        .unwrap();
    ends_well(exporter).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_incident_survives_a_restart() {
    let world = World::healthy().await;
    let dir = tempfile::tempdir().unwrap();
    let launch = || {
        world
            .exporter()
            .arg(format!("--storage.path={}", dir.path().display()))
    };
    world
        .internet
        .fault("graph.facebook.com", Fault::Answer(Answer::graph_outage()));
    let exporter = launch().start().await;
    let incident = |page: &Page| {
        page.value(
            "platform_incident_open",
            &[("platform", "facebook"), ("level", "down")],
        )
    };
    let starts = |page: &Page| {
        let samples = page.all(
            "platform_incident_start_timestamp_seconds",
            &[("platform", "facebook")],
        );
        samples
            .map(|sample| (sample.label("component").to_owned(), sample.value))
            .collect::<Vec<_>>()
    };
    let judged =
        |page: &Page| page.verdict("facebook") == "down" && page.verdict("whatsapp") == "up";
    let before = exporter
        .wait_until(SOON, "facebook is down and whatsapp up", judged)
        .await;
    ends_well(exporter).await;

    let exporter = launch().start().await;
    let first = exporter.page().await;
    assert_eq!(
        incident(&first),
        Some(1.0),
        "still open on the first page\n{}",
        first.relevant()
    );
    assert_eq!(
        first.verdict("facebook"),
        "down",
        "verdicts of a moment ago are kept"
    );
    assert!(
        starts(&before)
            .iter()
            .all(|start| starts(&first).contains(start)),
        "{:?} {:?}",
        starts(&before),
        starts(&first)
    );
    let page = exporter
        .stays(Duration::from_secs(6), "it stays open", |page| {
            incident(page) == Some(1.0)
        })
        .await;
    assert!(page.seconds("facebook", "up") == 0.0, "never up in between");
    world.heal();
    exporter
        .wait_until(SOON, "facebook is up", |page| {
            page.verdict("facebook") == "up" && incident(page) == Some(0.0)
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_storage_a_restart_knows_nothing() {
    let world = World::healthy().await;
    world
        .internet
        .fault("graph.facebook.com", Fault::Answer(Answer::graph_outage()));
    let exporter = world
        .exporter()
        .with("platforms: { facebook: {} }")
        .start()
        .await;
    exporter
        .wait_until(SOON, "facebook is down", |page| {
            page.verdict("facebook") == "down"
        })
        .await;
    ends_well(exporter).await;
    let exporter = world
        .exporter()
        .with("platforms: { facebook: {} }")
        .set(|settings| settings.defaults = "{ interval: 5m }".into())
        .start()
        .await;
    assert_eq!(
        exporter.page().await.value(
            "platform_incident_open",
            &[("platform", "facebook"), ("level", "down")]
        ),
        Some(0.0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unusable_state_directory_is_named() {
    let world = World::healthy().await;
    let finished = world
        .exporter()
        .arg("--storage.path=/proc/nowhere")
        .arg("--web.listen-address=127.0.0.1:0")
        .run()
        .await;
    assert!(!finished.status.success());
    assert!(
        finished.said().contains("/proc/nowhere"),
        "{}",
        finished.said()
    );
}

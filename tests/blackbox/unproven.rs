//! Expectations that were never seen to hold here accuse nobody; once they have held, missing them counts.

use std::time::Duration;

use crate::support::World;
use crate::support::exporter::{Exporter, SOON};
use crate::support::internet::{Answer, Fault};
use crate::support::page::{Page, Sample};

const FRONT: &str = "https://www.facebook.com/";

fn not_found() -> Fault {
    Fault::Answer(Answer::html(404, "<title>Page not found</title>"))
}

async fn facebook(world: &World) -> Exporter {
    world
        .exporter()
        .with("platforms: { facebook: {} }")
        .start()
        .await
}

/// The check of facebook's front page.
fn front(page: &Page) -> Sample {
    let checks: Vec<_> = page
        .all(
            "platform_probe_info",
            &[("platform", "facebook"), ("target", FRONT)],
        )
        .collect();
    assert_eq!(checks.len(), 1, "one check asks for {FRONT}");
    checks[0].clone()
}

fn proven(page: &Page) -> f64 {
    let front = front(page);
    let labels = [
        ("platform", "facebook"),
        ("component", front.label("component")),
        ("check", front.label("check")),
    ];
    page.value("platform_probe_proven", &labels).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_never_answered_as_expected_does_not_count() {
    let world = World::healthy().await;
    world.internet.fault("www.facebook.com/$", not_found());
    let exporter = facebook(&world).await;
    exporter
        .wait_until(SOON, "facebook is up", |page| {
            page.verdict("facebook") == "up"
        })
        .await;
    let page = exporter
        .stays(Duration::from_secs(10), "it stays up", |page| {
            page.verdict("facebook") == "up"
        })
        .await;
    let front = front(&page);
    assert_eq!(proven(&page), 0.0);
    let labels = [
        ("component", front.label("component")),
        ("check", front.label("check")),
    ];
    assert!(
        page.runs(&labels, "degraded") >= 3.0,
        "results are exported as they are"
    );
    assert_eq!(page.runs(&labels, "fail"), 0.0);
    assert_eq!(
        page.seconds("facebook", "degraded") + page.seconds("facebook", "down"),
        0.0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn once_it_has_the_same_page_counts() {
    let world = World::healthy().await;
    let exporter = facebook(&world).await;
    let ready = |page: &Page| page.verdict("facebook") == "up" && proven(page) == 1.0;
    exporter
        .wait_until(SOON, "facebook is up and its page proven", ready)
        .await;
    world.internet.fault("www.facebook.com/$", not_found());
    let page = exporter
        .wait_until(SOON, "facebook has left up", |page| {
            page.verdict("facebook") != "up"
        })
        .await;
    assert_eq!(page.verdict("facebook"), "degraded", "other layers answer");
    assert!(
        page.has_reason("facebook", "http_status_4xx"),
        "{:?}",
        page.reasons("facebook")
    );
    world.heal();
    exporter
        .wait_until(SOON, "facebook is up again", |page| {
            page.verdict("facebook") == "up"
        })
        .await;
}

//! From a fault to the receiver, with everything as shipped: the default catalogue at default intervals, the example of Prometheus
//! and that of Alertmanager. `cargo bench --bench alerting`; three minutes.
//!
//! Several worlds run side by side, each with an exporter, a Prometheus and an Alertmanager of its own. In each of them every
//! platform breaks once, at another point of its interval. What is printed is the time until PlatformDown for it stands at the webhook.
//! `PROMETHEUS` and `ALERTMANAGER` name the programs, as for `tests/run`. Nothing leaves loopback.
#![allow(
    clippy::unwrap_used,
    reason = "a measurement that cannot go on is over"
)]
#![allow(dead_code, unused_imports, reason = "the tests use the rest")]

#[path = "../tests/alerting/files.rs"]
mod files;
#[path = "../tests/alerting/stack.rs"]
mod stack;
#[path = "../tests/support/mod.rs"]
mod support;
#[path = "../tests/alerting/tools.rs"]
mod tools;
#[path = "../tests/alerting/webhook.rs"]
mod webhook;

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use platform_exporter::drill::internet::exchange::Answer;
use stack::{Pace, Stack, until_told};
use support::World;
use support::internet::Fault;
use tools::Servers;
use webhook::Webhook;

/// Three times seven platforms are twenty samples and one.
const WORLDS: u32 = 3;
/// Everything is proven within some intervals.
const PROVEN: Duration = Duration::from_secs(180);
/// The default interval: faults are spread over it, for when in it one strikes decides how soon it is seen.
const INTERVAL: Duration = Duration::from_secs(30);

/// What breaks each platform, and no other.
const FAULTS: [(&str, &str); 7] = [
    ("facebook", "graph.facebook.com/me"),
    ("messenger", "b-graph.facebook.com"),
    ("instagram", "*.instagram.com"),
    ("threads", "www.threads.com"),
    ("whatsapp", "web.whatsapp.com"),
    (
        "whatsapp_business",
        "graph.facebook.com/v26.0/100000000000000/messages",
    ),
    ("x", "x.com"),
];

#[tokio::main]
async fn main() {
    // `cargo test --benches` only wants to know that it compiles.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let Some(servers) = tools::servers().into_iter().next() else {
        return;
    };
    let worlds = join_all((0..WORLDS).map(|number| world(&servers, number))).await;
    let mut samples = worlds.concat();
    samples.sort_by_key(|(took, _)| *took);
    for (took, platform) in &samples {
        println!("{:5.1} s  {platform}", took.as_secs_f64());
    }
    println!(
        "{} samples: median {:.1} s, worst {:.1} s",
        samples.len(),
        samples[samples.len() / 2].0.as_secs_f64(),
        samples.last().unwrap().0.as_secs_f64()
    );
}

/// Breaks every platform of a world of its own.
async fn world(servers: &Servers, number: u32) -> Vec<(Duration, &'static str)> {
    let world = World::healthy().await;
    let launch = world
        .exporter()
        .set(|settings| settings.defaults = "{}".into());
    let exporter = launch.start().await;
    exporter
        .wait_until(PROVEN, "everything is up and proven", |page| {
            page.all_are("up")
                && page
                    .all("platform_probe_proven", &[])
                    .all(|p| p.value == 1.0)
        })
        .await;
    let webhook = Webhook::start().await;
    let stack = Stack::start(servers, exporter.address, None, &webhook, Pace::Shipped).await;
    stack.until_heartbeat(&webhook).await;

    let samples = FAULTS.iter().zip(0..).map(|((platform, host), order)| {
        let (world, webhook) = (&world, &webhook);
        // Twenty-one points of the interval, each platform at another in each world.
        let point = (order * WORLDS + number) * INTERVAL / (WORLDS * 7);
        async move {
            tokio::time::sleep(point).await;
            let sorry = Answer::html(503, "<h1>Sorry, something went wrong.</h1>");
            let begun = Instant::now();
            world.internet.fault(host, Fault::Answer(sorry));
            until_told(webhook, platform, |alert| {
                alert.is("PlatformDown", "firing") && alert.label("platform") == *platform
            })
            .await;
            (begun.elapsed(), *platform)
        }
    });
    join_all(samples).await
}

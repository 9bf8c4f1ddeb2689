//! SIGHUP: a good configuration takes over, a bad one changes nothing, and what is unchanged keeps its state.

use std::time::Duration;

use crate::support::World;
use crate::support::exporter::{Exporter, SOON};
use crate::support::internet::{Answer, Fault};
use crate::support::page::Page;

const SUCCESSFUL: &str = "platform_exporter_config_last_reload_successful";
const WHEN: &str = "platform_exporter_config_last_reload_success_timestamp_seconds";

async fn x_alone(world: &World) -> (Exporter, Page) {
    let exporter = world.exporter().with("platforms: { x: {} }").start().await;
    let page = exporter
        .wait_until(SOON, "x is up", |page| page.verdict("x") == "up")
        .await;
    assert_eq!(page.value(SUCCESSFUL, &[]), Some(1.0));
    (exporter, page)
}

fn since(page: &Page) -> f64 {
    page.value(
        "platform_state_since_timestamp_seconds",
        &[("platform", "x")],
    )
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_keeps_the_running_configuration() {
    let world = World::healthy().await;
    let (mut exporter, before) = x_alone(&world).await;
    exporter.reconfigure(|settings| settings.extra = "platforms: { x: { colour: blue } }\n".into());
    let page = exporter
        .wait_until(SOON, "the reload has failed", |page| {
            page.value(SUCCESSFUL, &[]) == Some(0.0)
        })
        .await;
    assert_eq!(page.verdict("x"), "up");
    assert_eq!(page.value(WHEN, &[]), before.value(WHEN, &[]));
    assert!(
        exporter.log().contains("colour") && exporter.log().contains("config.yaml:"),
        "{}",
        exporter.log()
    );
    exporter.reconfigure(|settings| settings.extra = "platforms: { x: {} }\n".into());
    let page = exporter
        .wait_until(SOON, "the next one succeeds", |page| {
            page.value(SUCCESSFUL, &[]) == Some(1.0)
        })
        .await;
    assert!(page.value(WHEN, &[]) > before.value(WHEN, &[]));
    assert_eq!(since(&page), since(&before), "x has been up all the time");
    assert!(
        page.runs(&[("platform", "x")], "ok") >= before.runs(&[("platform", "x")], "ok"),
        "counters go on"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_file_adds_and_removes() {
    let world = World::healthy().await;
    world
        .internet
        .fault("own.example", Fault::Answer(Answer::text(200, "fine")));
    let (mut exporter, before) = x_alone(&world).await;
    let own = "own: { components: { web: { checks: { page: { http: { url: \"https://own.example/\" } } } } } }";
    exporter.reconfigure(|settings| settings.extra = format!("platforms: {{ x: {{}}, {own} }}\n"));
    let page = exporter
        .wait_until(SOON, "the new platform is up", |page| {
            page.verdict("own") == "up"
        })
        .await;
    assert_eq!(
        (page.verdict("x").as_str(), since(&page)),
        ("up", since(&before))
    );
    exporter.reconfigure(|settings| settings.extra = format!("platforms: {{ {own} }}\n"));
    let page = exporter
        .wait_until(SOON, "x is gone", |page| page.verdict("x") == "absent")
        .await;
    assert_eq!(page.verdict("own"), "up");
    assert!(
        !page.text.contains("platform=\"x\""),
        "no series of x stays"
    );
}

/// An incident goes on over a reload; a check with another definition starts anew.
#[tokio::test(flavor = "multi_thread")]
async fn state_of_unchanged_checks_stays() {
    let world = World::healthy().await;
    world
        .internet
        .fault("own.example", Fault::Answer(Answer::text(503, "")));
    world
        .internet
        .fault("other.example", Fault::Answer(Answer::text(200, "fine")));
    let check = |host: &str| {
        format!(
            "own: {{ components: {{ web: {{ checks: {{ page: {{ http: {{ url: \"https://{host}/\" }} }} }} }} }} }}"
        )
    };
    let mut exporter = world
        .exporter()
        .with(&format!("platforms: {{ {} }}", check("own.example")))
        .start()
        .await;
    let down = |page: &Page| page.verdict("own") == "down";
    let before = exporter.wait_until(SOON, "it is down", down).await;
    let start = |page: &Page| {
        page.value(
            "platform_incident_start_timestamp_seconds",
            &[("platform", "own")],
        )
    };
    exporter.reconfigure(|settings| {
        settings.extra = format!(
            "vantage: elsewhere\nplatforms: {{ {} }}\n",
            check("own.example")
        )
    });
    let page = exporter
        .wait_until(SOON, "the reload is done", |page| {
            page.text.contains("vantage=\"elsewhere\"")
        })
        .await;
    assert!(
        down(&page) && start(&page) == start(&before),
        "{}",
        page.relevant()
    );
    exporter.reconfigure(|settings| {
        settings.extra = format!("platforms: {{ {} }}\n", check("other.example"))
    });
    exporter
        .wait_until(SOON, "the new target is up", |page| {
            page.verdict("own") == "up"
        })
        .await;
}

/// A platform that asked us to wait is not asked again because a file was read.
#[tokio::test(flavor = "multi_thread")]
async fn a_pause_outlasts_a_reload() {
    let world = World::healthy().await;
    let wait = Answer::text(429, "").with("retry-after", "60");
    for host in ["x.com", "api.x.com"] {
        world.internet.fault(host, Fault::Answer(wait.clone()));
    }
    let mut exporter = world.exporter().start().await;
    let blocked = |page: &Page| {
        let refused = |component: &&str| page.component_verdict("x", component) == "blocked";
        ["web", "login", "api"].iter().all(refused)
    };
    exporter.wait_until(SOON, "x is blocked", blocked).await;
    let before = world.internet.requests("x.com").len();
    exporter.reconfigure(|settings| settings.extra = "vantage: elsewhere\n".into());
    let reloaded = |page: &Page| page.text.contains("vantage=\"elsewhere\"");
    exporter
        .wait_until(SOON, "the reload is done", reloaded)
        .await;
    exporter
        .stays(Duration::from_secs(4), "x stays blocked", blocked)
        .await;
    assert_eq!(world.internet.requests("x.com").len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_web_reloads_only_when_allowed() {
    let world = World::healthy().await;
    let post = async |exporter: &Exporter| {
        let url = format!("http://{}/-/reload", exporter.address);
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(crate::support::ca::client())
            .no_proxy()
            .build()
            .unwrap();
        client.post(url).send().await.unwrap().status().as_u16()
    };
    let exporter = world.exporter().with("platforms: { x: {} }").start().await;
    assert!(matches!(post(&exporter).await, 403..=405));
    let exporter = world
        .exporter()
        .with("platforms: { x: {} }")
        .arg("--web.enable-lifecycle")
        .start()
        .await;
    let before = exporter.page().await.value(WHEN, &[]);
    assert_eq!(post(&exporter).await, 200);
    assert!(exporter.page().await.value(WHEN, &[]) > before);
}

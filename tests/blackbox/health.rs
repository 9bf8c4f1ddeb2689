//! While everything answers as it should, everything is up and no run fails.

use crate::support::exporter::SOON;
use crate::support::internet::GOOD_TOKEN;
use crate::support::page::Page;
use crate::support::{PLATFORMS, World};

/// Every check has been ok at least this often.
fn all_ok(page: &Page, times: f64) -> bool {
    page.all("platform_probe_results_total", &[("class", "ok")])
        .all(|sample| sample.value >= times)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_internet_is_up_without_a_failed_run() {
    let world = World::healthy().await;
    let exporter = world.exporter().start().await;
    exporter
        .wait_until(SOON, "all seven platforms are up", |page| {
            page.are(&PLATFORMS, "up")
        })
        .await;
    let page = exporter
        .wait_until(SOON, "every check was ok twice", |page| all_ok(page, 2.0))
        .await;
    assert_eq!(
        page.verdicts().keys().collect::<Vec<_>>(),
        PLATFORMS.iter().collect::<Vec<_>>(),
        "these and no others"
    );
    for class in ["degraded", "fail", "blocked", "local"] {
        assert_eq!(page.runs(&[], class), 0.0, "{class}:\n{}", page.relevant());
    }
    assert_eq!(page.value("platform_vantage_up", &[]), Some(1.0));
    assert_eq!(
        world.internet.unknown().into_iter().collect::<Vec<_>>(),
        Vec::<String>::new(),
        "requests nobody described"
    );
    for platform in PLATFORMS {
        let labels = [("platform", platform)];
        assert_eq!(page.value("platform_up", &labels), Some(1.0), "{platform}");
        assert_eq!(
            page.value("platform_info", &labels),
            Some(1.0),
            "{platform}"
        );
        assert!(
            page.all("platform_depth", &labels)
                .any(|sample| sample.value == 1.0),
            "{platform}"
        );
        assert!(page.reasons(platform).is_empty(), "{platform}");
    }
    gauges_are_one(
        &page,
        &[
            "platform_probe_success",
            "platform_probe_proven",
            "platform_control_success",
            "platform_probe_info",
        ],
    );
    phases_add_up(&page);
}

fn gauges_are_one(page: &Page, names: &[&str]) {
    for name in names {
        let samples: Vec<_> = page.all(name, &[]).collect();
        assert!(!samples.is_empty(), "{name} is missing");
        assert!(
            samples.iter().all(|sample| sample.value == 1.0),
            "{name}: {samples:?}"
        );
    }
}

/// The phases of a run add up to the whole.
fn phases_add_up(page: &Page) {
    let mut seen = 0;
    for whole in page.all("platform_probe_duration_seconds_sum", &[]) {
        let labels = ["platform", "component", "check"].map(|key| (key, whole.label(key)));
        let parts = page.sum("platform_probe_phase_duration_seconds_sum", &labels);
        assert!(
            (parts - whole.value).abs() <= 0.001 + whole.value / 1000.0,
            "{labels:?}: {parts} is not {}",
            whole.value
        );
        seen += 1;
    }
    assert!(seen > 10, "{seen} checks have a duration");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_states_and_classes_are_there_from_the_first_scrape() {
    let world = World::healthy().await;
    let exporter = world
        .exporter()
        .set(|settings| settings.defaults = "{ interval: 60s }".into())
        .start()
        .await;
    let page = exporter.page().await;
    assert!(page.are(&PLATFORMS, "unknown") || page.verdicts().len() == PLATFORMS.len());
    let checks: Vec<_> = page.all("platform_probe_info", &[]).collect();
    assert!(checks.len() > 20, "{} checks", checks.len());
    for check in checks {
        let labels = ["platform", "component", "check"].map(|key| (key, check.label(key)));
        for class in ["ok", "degraded", "fail", "blocked", "local"] {
            let labels: Vec<_> = labels.into_iter().chain([("class", class)]).collect();
            assert!(
                page.value("platform_probe_results_total", &labels)
                    .is_some(),
                "{labels:?}"
            );
        }
        assert!(
            page.value("platform_probe_duration_seconds_count", &labels)
                .is_some(),
            "{labels:?}"
        );
    }
    assert!(page.value("platform_vantage_up", &[]).is_some());
    assert!(
        page.all("platform_probe_errors_total", &[])
            .next()
            .is_none(),
        "errors appear when first seen"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_off_by_default_can_be_switched_on() {
    const OTHERS: [&str; 9] = [
        "bluesky", "discord", "linkedin", "reddit", "signal", "snapchat", "telegram", "tiktok",
        "youtube",
    ];
    let world = World::healthy().await;
    let names: Vec<_> = OTHERS.iter().map(|name| format!("{name}: {{}}")).collect();
    let exporter = world
        .exporter()
        .with(&format!("platforms: {{ {} }}", names.join(", ")))
        .start()
        .await;
    let page = exporter
        .wait_until(SOON, "all of them are up", |page| page.are(&OTHERS, "up"))
        .await;
    assert_eq!(page.verdicts().len(), OTHERS.len());
    assert!(
        page.all("platform_info", &[])
            .all(|info| info.label("page") == "false"),
        "nobody is woken for these"
    );
}

/// With tokens of the operator's own the session checks are on; a refused token is the operator's to mend.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_turn_the_session_checks_on() {
    let world = World::healthy().await;
    let credentials = "credentials: { meta_token: { env: TOKEN }, meta_app_token: { env: TOKEN }, whatsapp_token: { env: TOKEN }, x_bearer: { env: TOKEN } }";
    let launch = |token| {
        let launch = world
            .exporter()
            .with(credentials)
            .with("platforms: { facebook: {}, whatsapp_business: {}, x: {} }");
        launch
            .env("TOKEN", token)
            .env("WHATSAPP_PHONE_NUMBER_ID", "106540352242922")
    };
    let sessions = [
        ("facebook", "session"),
        ("whatsapp_business", "health"),
        ("x", "session"),
    ];
    let exporter = launch(GOOD_TOKEN).start().await;
    let seen = |page: &Page| {
        sessions
            .iter()
            .all(|(platform, component)| page.component_verdict(platform, component) == "up")
    };
    let page = exporter.wait_until(SOON, "the sessions are up", seen).await;
    for (platform, _) in sessions {
        assert_eq!(
            page.value(
                "platform_depth",
                &[("platform", platform), ("depth", "session")]
            ),
            Some(1.0),
            "{platform}"
        );
    }
    let exporter = launch("withdrawn").start().await;
    let refused = |page: &Page| {
        sessions
            .iter()
            .all(|(platform, _)| page.runs(&[("platform", platform)], "local") >= 2.0)
    };
    let page = exporter
        .wait_until(SOON, "the tokens are refused", refused)
        .await;
    assert!(
        page.all("platform_probe_errors_total", &[])
            .all(|error| error.label("reason") == "local_credentials")
    );
    for (platform, component) in sessions {
        assert_eq!(
            page.verdict(platform),
            "up",
            "{platform}: what needs no token goes on"
        );
        assert_eq!(
            page.component_verdict(platform, component),
            "unknown",
            "{platform}"
        );
    }
}

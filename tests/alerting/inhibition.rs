//! What holds back what, by the Alertmanager example: the real one is given alerts, and says which of them it would tell.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::files;
use crate::stack::{self, Pace, RESEND, SOON};
use crate::support::exporter::client;
use crate::tools::servers;
use crate::webhook::Webhook;

/// Alerts that fire at once, and whether each is told. Labels that they all have in common are left out.
const FIRING: [(&str, bool); 18] = [
    // One outage, and what follows from it.
    ("alertname=PlatformDown platform=facebook", true),
    ("alertname=PlatformDownRegional platform=facebook", false),
    (
        "alertname=PlatformDegraded platform=facebook vantage=a",
        false,
    ),
    (
        "alertname=PlatformComponentDown platform=facebook vantage=a",
        false,
    ),
    (
        "alertname=PlatformErrorsHigh platform=facebook vantage=a",
        false,
    ),
    ("alertname=PlatformSourcesDisagree platform=facebook", false),
    ("alertname=PlatformReportsHigh platform=facebook", false),
    (
        "alertname=PlatformErrorBudgetBurn platform=facebook vantage=a long=1h",
        false,
    ),
    // Another platform's, and a drill beside them: neither silences the real thing of the other.
    ("alertname=PlatformDegraded platform=x vantage=a", true),
    ("alertname=PlatformDown platform=x drill=true", true),
    (
        "alertname=PlatformDegraded platform=facebook vantage=drill drill=true",
        true,
    ),
    // A vantage that is lost, and one that is not.
    ("alertname=PlatformVantageOffline vantage=b", true),
    ("alertname=PlatformErrorsHigh platform=x vantage=b", false),
    ("alertname=PlatformErrorsHigh platform=x vantage=a", true),
    // The fastest of the speeds; what is refused where nothing is seen.
    (
        "alertname=PlatformErrorBudgetBurn platform=x vantage=a long=6h",
        true,
    ),
    (
        "alertname=PlatformErrorBudgetBurn platform=x vantage=a long=3d",
        false,
    ),
    ("alertname=PlatformBlind platform=threads vantage=a", true),
    (
        "alertname=PlatformBlocked platform=threads vantage=a",
        false,
    ),
];

fn labels(text: &str) -> Value {
    let mut labels = json!({ "job": "e", "operator": "Meta", "severity": "warning" });
    for (name, value) in text.split(' ').filter_map(|pair| pair.split_once('=')) {
        labels[name] = json!(value);
    }
    labels
}

#[tokio::test(flavor = "multi_thread")]
async fn outages_and_lost_vantages_hold_back_what_follows_from_them() {
    let Some(servers) = servers().into_iter().next() else {
        return;
    };
    let webhook = Webhook::start().await;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let alertmanager = stack::alertmanager(&servers, folder, webhook.address, Pace::Quick).await;
    let url = format!("http://{}/api/v2/alerts", alertmanager.address);
    let all: Vec<_> = FIRING
        .iter()
        .map(|(text, _)| json!({ "labels": labels(text) }))
        .collect();
    let post = client().post(&url).json(&all).send().await.unwrap();
    assert!(post.status().is_success(), "{}", post.status());

    let begun = Instant::now();
    loop {
        let got = client()
            .get(&url)
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
        let got: Vec<Value> = serde_json::from_slice(&got).unwrap();
        let state = |text: &str| {
            let alert = got.iter().find(|alert| alert["labels"] == labels(text));
            alert.and_then(|alert| alert["status"]["state"].as_str())
        };
        let wrong: Vec<_> = FIRING
            .iter()
            .filter(|(text, told)| state(text) != Some(if *told { "active" } else { "suppressed" }))
            .collect();
        if wrong.is_empty() {
            return;
        }
        assert!(begun.elapsed() < SOON, "{wrong:#?}\nin {got:#?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Otherwise what has ended is told again and again while anything of its group fires.
#[test]
fn wherever_prometheus_is_started_it_resends_more_often_than_groups_are_told() {
    assert!(files::text("alertmanager.yml").contains("group_interval: 10s"));
    for file in [
        "prometheus.yml",
        "../compose.yaml",
        "../examples/try-out",
        "../README.md",
    ] {
        assert!(files::text(file).contains(RESEND), "{file}");
    }
}

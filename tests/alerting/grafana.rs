//! Alerts in Grafana for those without Alertmanager: what the file asks of Prometheus.

use serde_json::Value;

use crate::files;

/// The file, and others beside it, seen from `prometheus/`.
const ALERTING: &str = "../grafana/alerting/platform_exporter.yaml";
const DATA_SOURCES: &str = "../grafana/provisioning/datasources/prometheus.yaml";
const OVERVIEW: &str = "../grafana/dashboards/overview.json";

/// YAML, or JSON, which is YAML too.
fn read(path: &str) -> Value {
    serde_saphyr::from_str(&files::text(path)).unwrap()
}

fn rules() -> [Value; 2] {
    let rules = read(ALERTING)["groups"][0]["rules"].as_array().cloned();
    rules.unwrap().try_into().unwrap()
}

/// The expression of each rule, in the order of the file: what fires, and whether nothing is evaluated.
pub fn questions() -> [String; 2] {
    rules().map(|rule| {
        let [asked, judged] = [&rule["data"][0], &rule["data"][1]];
        assert_eq!(rule["condition"], judged["refId"]);
        assert_eq!(judged["model"]["expression"], asked["refId"]);
        asked["model"]["expr"].as_str().unwrap().to_owned()
    })
}

/// Grafana would put a variable of its environment there.
#[test]
fn nothing_in_it_looks_like_a_variable() {
    assert!(!files::text(ALERTING).contains('$'));
}

/// An alert leads to the panel that says most of it.
#[test]
fn an_alert_leads_to_the_open_incidents() {
    let (rule, overview) = (&rules()[0], read(OVERVIEW));
    assert_eq!(rule["dashboardUid"], overview["uid"]);
    let panels = overview["panels"].as_array().unwrap();
    let panel = panels.iter().find(|panel| panel["id"] == rule["panelId"]);
    assert_eq!(panel.unwrap()["title"], "Open incidents");
}

#[test]
fn the_data_source_is_the_one_that_is_provisioned() {
    let provisioned = &read(DATA_SOURCES)["datasources"][0]["uid"];
    for rule in rules() {
        assert_eq!(&rule["data"][0]["datasourceUid"], provisioned);
    }
}

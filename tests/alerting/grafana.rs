//! Alerts in Grafana for those without Alertmanager: what the file asks of Prometheus.

use serde_json::Value;

use crate::files;

/// The expression of each rule, in the order of the file: what fires, and whether nothing is evaluated.
pub fn questions() -> [String; 2] {
    let path = files::path("../grafana/alerting/platform_exporter.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    // Grafana would put a variable of its environment there.
    assert!(!text.contains('$'));
    let file: Value = serde_saphyr::from_str(&text).unwrap();
    let rules = file["groups"][0]["rules"].as_array().unwrap();
    let questions: Vec<_> = rules
        .iter()
        .map(|rule| {
            assert_eq!(rule["condition"], rule["data"][1]["refId"]);
            assert_eq!(
                rule["data"][1]["model"]["expression"],
                rule["data"][0]["refId"]
            );
            let expr = rule["data"][0]["model"]["expr"].as_str();
            expr.unwrap().to_owned()
        })
        .collect();
    questions.try_into().unwrap()
}

/// An alert leads to the panel that says most of it.
#[test]
fn an_alert_leads_to_the_open_incidents() {
    let read = |path: &str| -> Value {
        serde_saphyr::from_str(&std::fs::read_to_string(files::path(path)).unwrap()).unwrap()
    };
    let rule = &read("../grafana/alerting/platform_exporter.yaml")["groups"][0]["rules"][0];
    let overview = read("../grafana/dashboards/overview.json");
    assert_eq!(rule["dashboardUid"], overview["uid"]);
    let panels = overview["panels"].as_array().unwrap();
    let panel = panels.iter().find(|panel| panel["id"] == rule["panelId"]);
    assert_eq!(panel.unwrap()["title"], "Open incidents");
}

#[test]
fn the_data_source_is_the_one_that_is_provisioned() {
    let text = |path: &str| std::fs::read_to_string(files::path(path)).unwrap();
    let sources: Value =
        serde_saphyr::from_str(&text("../grafana/provisioning/datasources/prometheus.yaml"))
            .unwrap();
    let uid = sources["datasources"][0]["uid"].as_str().unwrap();
    let alerting = text("../grafana/alerting/platform_exporter.yaml");
    let asked = alerting.matches(&format!("datasourceUid: {uid}\n")).count();
    assert_eq!(asked, questions().len());
}

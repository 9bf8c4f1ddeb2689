//! The files that set Grafana up where `grafana/` is mounted.

use std::path::Path;

use serde_json::Value;

/// Where the dashboards are inside of Grafana's container.
const MOUNTED: &str = "/var/lib/grafana/dashboards";

fn file(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("grafana/provisioning")
        .join(path);
    let text = std::fs::read_to_string(path).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

/// The scrape interval that Grafana takes for granted, in seconds.
pub fn scraped() -> u64 {
    let file = file("datasources/prometheus.yaml");
    let interval = file["datasources"][0]["jsonData"]["timeInterval"].as_str();
    humantime::parse_duration(interval.unwrap())
        .unwrap()
        .as_secs()
}

#[test]
fn dashboards_are_found_where_they_are_mounted() {
    let file = file("dashboards/platform_exporter.yaml");
    assert_eq!(file["apiVersion"], 1);
    let [provider] = file["providers"].as_array().unwrap().as_slice() else {
        panic!("one provider: {file}");
    };
    assert_eq!(provider["type"], "file");
    assert_eq!(provider["options"]["path"], MOUNTED);
    // As in the files themselves, which say so too.
    assert_eq!(provider["allowUiUpdates"], false);
}

#[test]
fn there_is_a_data_source_to_choose() {
    let file = file("datasources/prometheus.yaml");
    let [source] = file["datasources"].as_array().unwrap().as_slice() else {
        panic!("one data source: {file}");
    };
    assert_eq!(source["type"], "prometheus");
    assert_eq!(source["isDefault"], true);
    // Below the panels' own least interval, so that each interval has a sample.
    assert!(scraped() <= 60);
}

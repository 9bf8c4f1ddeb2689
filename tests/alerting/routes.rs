//! Who is told: the routes of the Alertmanager example, asked of amtool.

use std::process::Command;

use crate::files;
use crate::tools::{amtool, succeeds};

/// Labels of an alert, and its receivers.
const TABLE: [(&str, &str); 14] = [
    ("alertname=PlatformWatchdog severity=info", "heartbeat"),
    (
        "alertname=PlatformDown platform=facebook operator=Meta severity=critical",
        "pager",
    ),
    (
        "alertname=PlatformDown platform=facebook operator=Meta severity=critical team=social",
        "pager,team-social",
    ),
    (
        "alertname=PlatformDown platform=reddit operator=Reddit severity=warning",
        "watchers",
    ),
    (
        "alertname=PlatformDown platform=reddit operator=Reddit severity=warning team=social",
        "team-social",
    ),
    (
        "alertname=PlatformDegraded platform=x operator=X_Corp severity=warning",
        "watchers",
    ),
    (
        "alertname=PlatformDegraded platform=x operator=X_Corp severity=warning team=social",
        "team-social",
    ),
    (
        "alertname=PlatformBlocked platform=x operator=X_Corp severity=info team=social",
        "watchers",
    ),
    (
        "alertname=PlatformVantageOffline vantage=dhaka severity=warning",
        "watchers",
    ),
    (
        "alertname=PlatformExporterDown job=platform_exporter severity=critical",
        "pager",
    ),
    (
        "alertname=PlatformDown platform=facebook operator=Meta severity=critical drill=true",
        "training",
    ),
    (
        "alertname=PlatformDown platform=facebook operator=Meta severity=critical team=social drill=true",
        "training",
    ),
    (
        "alertname=PlatformBlocked platform=x operator=X_Corp severity=info drill=true",
        "training",
    ),
    (
        "alertname=PlatformVantageOffline vantage=drill severity=warning drill=true",
        "training",
    ),
];

#[test]
fn the_example_is_valid() {
    if let Some(amtool) = amtool() {
        succeeds(
            Command::new(amtool)
                .arg("check-config")
                .arg(files::path("alertmanager.yml")),
        );
    }
}

#[test]
fn alerts_go_where_they_should() {
    let config = format!(
        "--config.file={}",
        files::path("alertmanager.yml").display()
    );
    if let Some(amtool) = amtool() {
        for (labels, receivers) in TABLE {
            let mut command = Command::new(&amtool);
            command
                .args(["config", "routes", "test", &config])
                .args(labels.split(' '));
            let said = succeeds(&mut command);
            let said: Vec<_> = said
                .lines()
                .filter(|line| !line.starts_with("Warning"))
                .collect();
            assert_eq!(said, [receivers], "{labels}");
        }
    }
}

/// An alert that is inhibited by a label it does not have would never be.
#[test]
fn what_is_inhibited_by_its_vantage_has_one() {
    let config = files::text("alertmanager.yml");
    let (_, rule) = config
        .split_once("alertname = \"PlatformVantageOffline\"")
        .unwrap();
    let (_, targets) = rule.split_once("alertname =~ \"").unwrap();
    let (targets, _) = targets.split_once('"').unwrap();
    for target in targets.split('|') {
        let alerts = files::alerts();
        let alert = alerts.iter().find(|alert| alert.alert == target);
        let expr = &alert.unwrap_or_else(|| panic!("no alert {target}")).expr;
        assert!(
            expr.contains("(job, instance, vantage") && !expr.contains("topk"),
            "{target}"
        );
    }
}

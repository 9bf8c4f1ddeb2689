//! The Grafana dashboards: built here from the exporter's own table of metrics, and held to what a dashboard must be.
//!
//! `UPDATE=1 cargo test --test grafana` writes `grafana/dashboards/` anew.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod availability;
mod beside;
mod exporter;
mod expr;
mod fixture;
mod lint;
mod live;
mod looks;
mod model;
mod names;
mod overview;
mod platform;
#[path = "../support/port.rs"]
mod port;
mod prometheus;
mod promql;
mod provisioning;
mod roundtrip;
mod sources;
#[path = "../support/skipped.rs"]
mod support;
mod units;
mod usage;
mod vantages;
mod variables;

use std::path::{Path, PathBuf};

use model::Dashboard;
use serde_json::Value;

/// Every dashboard and the name of its file.
fn dashboards() -> [(&'static str, Dashboard); 4] {
    [
        ("overview", overview::dashboard()),
        ("platform", platform::dashboard()),
        ("availability", availability::dashboard()),
        ("exporter", exporter::dashboard()),
    ]
}

/// Where the files are.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("grafana/dashboards")
}

#[test]
fn the_files_are_what_is_built_here() {
    let update = std::env::var_os("UPDATE").is_some();
    for (name, dashboard) in dashboards() {
        let path = folder().join(format!("{name}.json"));
        let text = dashboard.text();
        if update {
            std::fs::create_dir_all(folder()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == text,
            "{} differs: `UPDATE=1 cargo test --test grafana` writes it anew",
            path.display()
        );
    }
    let files = std::fs::read_dir(folder()).unwrap().count();
    assert_eq!(files, dashboards().len(), "a file too many");
}

/// The dashboards as Grafana reads them.
fn built() -> [(&'static str, Value); 4] {
    dashboards().map(|(name, dashboard)| (name, serde_json::from_str(&dashboard.text()).unwrap()))
}

#[test]
fn every_rule_holds() {
    for (name, dashboard) in built() {
        let found = lint::lint(&dashboard);
        assert!(found.is_empty(), "{name}:\n{}", found.join("\n"));
    }
}

/// Bookmarks, links and alerts lead to these: whoever changes one breaks them.
#[test]
fn uids_stay_and_links_lead_to_them() {
    let uids = built().map(|(_, json)| json["uid"].as_str().unwrap().to_owned());
    assert_eq!(
        uids,
        ["overview", "platform", "availability", "exporter"]
            .map(|name| format!("platform-exporter-{name}"))
    );
    for (name, dashboard) in dashboards() {
        let text = dashboard.text();
        for link in text.split("\"/d/").skip(1) {
            let uid = link.split(['?', '/', '"']).next().unwrap();
            assert!(
                uids.iter().any(|known| known == uid),
                "{name} links to {uid}"
            );
        }
    }
}

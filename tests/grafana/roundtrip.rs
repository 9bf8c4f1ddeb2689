//! The files against Grafana's own models.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::json;

use crate::{built, dashboards, folder, support};

/// Runs `roundtrip.py` on files; `GRAFANA_SDK` is where `tests/run` has put the package.
fn run(files: &[PathBuf]) -> Option<Output> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/grafana/roundtrip.py");
    let mut python = Command::new("python3");
    python.arg("-B").arg(script).args(files);
    if let Some(package) = std::env::var_os("GRAFANA_SDK") {
        python.env("PYTHONPATH", package);
    }
    let out = python
        .output()
        .ok()
        .filter(|out| out.status.code() != Some(2));
    if out.is_none() {
        support::skipped(
            "no python3 with grafana-foundation-sdk here to read the dashboards; tests/run installs it",
        );
    }
    out
}

#[test]
fn nothing_is_foreign_to_grafana() {
    let files = dashboards().map(|(name, _)| folder().join(format!("{name}.json")));
    if let Some(out) = run(&files) {
        let (said, wrong) = (
            String::from_utf8_lossy(&out.stdout),
            String::from_utf8_lossy(&out.stderr),
        );
        assert!(out.status.success(), "{said}{wrong}");
    }
}

#[test]
fn what_is_foreign_is_seen() {
    let mut dashboard = built()[0].1.clone();
    dashboard["panels"][1]["options"]["colourMode"] = json!("value");
    dashboard["panels"][1]["targets"][0]["expression"] = json!("up");
    dashboard["templating"]["list"][1]["every"] = json!(true);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("overview.json");
    std::fs::write(&file, dashboard.to_string()).unwrap();
    if let Some(out) = run(&[file]) {
        let said = String::from_utf8_lossy(&out.stdout);
        assert_eq!(out.status.code(), Some(1));
        for lost in ["options/colourMode", "targets/0/expression", "list/1/every"] {
            assert!(said.contains(lost), "{lost} in {said}");
        }
    }
}

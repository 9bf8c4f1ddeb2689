//! The shipped files, read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The rule files, in the order in which Prometheus should be told of them.
pub const RULES: [&str; 4] = ["recording.yml", "alerts.yml", "drill.yml", "watchdog.yml"];

/// A rule, recording or alerting.
#[derive(Clone, Debug, Deserialize)]
pub struct Rule {
    #[serde(default)]
    pub alert: String,
    #[serde(default)]
    pub record: String,
    pub expr: String,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

/// Rules that are evaluated one after the other.
#[derive(Deserialize)]
pub struct Group {
    pub name: String,
    pub rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct RuleFile {
    groups: Vec<Group>,
}

/// A path below `prometheus/`.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("prometheus")
        .join(name)
}

/// The text of a file below `prometheus/`.
pub fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The groups of a rule file.
pub fn groups(name: &str) -> Vec<Group> {
    parsed(&text(&format!("rules/{name}")))
}

/// The groups in the text of a rule file.
pub fn parsed(text: &str) -> Vec<Group> {
    let file: RuleFile = serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}"));
    file.groups
}

/// The rules of a file.
pub fn rules(name: &str) -> Vec<Rule> {
    groups(name).into_iter().flat_map(|g| g.rules).collect()
}

/// The alerting rules that people get, without the twins for drills.
pub fn alerts() -> Vec<Rule> {
    let all = [rules("alerts.yml"), rules("watchdog.yml")].concat();
    all.into_iter().filter(|r| !r.alert.is_empty()).collect()
}

/// The files below `prometheus/tests/`.
pub fn unit_tests() -> Vec<PathBuf> {
    let entries = fs::read_dir(path("tests")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

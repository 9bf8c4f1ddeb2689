//! What every rule has, and that it asks for nothing that does not exist.

use std::collections::BTreeSet;

use platform_exporter::metrics::FAMILIES;
use platform_exporter::probe::failure::Reason;
use serde::Deserialize;

use crate::files::{self, RULES};

/// In the contract, but not exported before status pages and reports are read.
const TO_COME: [&str; 2] = ["platform_official_state", "platform_reports_recent"];
/// Which of the alerts speak of no platform, so that there is no vantage to ask or no loss of it to survive.
const NO_PLATFORM: [&str; 3] = [
    "PlatformVantageOffline",
    "PlatformExporterDown",
    "PlatformWatchdog",
];

/// Every name of a metric or recording in an expression, or in a text with expressions.
fn names(text: &str) -> BTreeSet<&str> {
    let part = |char: char| char.is_alphanumeric() || char == '_' || char == ':';
    let words = text.split(|char: char| !part(char));
    words
        .filter(|word| word.starts_with("platform_") || word.starts_with("platform:"))
        .collect()
}

#[test]
fn every_metric_asked_for_exists() {
    let exported = FAMILIES.iter().map(|family| family.name);
    let all: Vec<_> = RULES.into_iter().flat_map(files::rules).collect();
    let recorded = all.iter().map(|rule| rule.record.as_str());
    let known: BTreeSet<_> = exported.chain(recorded).chain(TO_COME).collect();
    // Values of labels and links are no metrics.
    let values = [
        "platform_exporter",
        "platform_dashboard",
        "platform_exporter_dashboard",
    ];
    for rule in &all {
        let texts = rule.annotations.values().chain([&rule.expr]);
        for name in texts.flat_map(|text| names(text)) {
            assert!(
                known.contains(name) || values.contains(&name),
                "{}{} asks for {name}",
                rule.alert,
                rule.record
            );
        }
    }
}

/// Once they are exported, the table is to be believed instead of the list.
#[test]
fn what_is_to_come_has_not_come() {
    for name in TO_COME {
        assert!(!FAMILIES.iter().any(|family| family.name == name), "{name}");
    }
}

#[test]
fn every_recording_is_used() {
    // For dashboards over a year.
    let for_dashboards = ["platform:state_seconds:increase1h"];
    let all: Vec<_> = RULES.into_iter().flat_map(files::rules).collect();
    for recording in all.iter().map(|rule| rule.record.as_str()) {
        let used = |text: &String| names(text).contains(recording);
        assert!(
            recording.is_empty()
                || for_dashboards.contains(&recording)
                || all
                    .iter()
                    .any(|rule| used(&rule.expr) || rule.annotations.values().any(used)),
            "{recording} is recorded for nothing"
        );
    }
}

#[test]
fn alerts_are_named_and_carry_what_people_need() {
    for alert in files::alerts() {
        let name = &alert.alert;
        assert!(name.starts_with("Platform"), "{name}");
        let severity = alert.labels["severity"].as_str();
        assert!(
            ["critical", "warning", "info"].contains(&severity) || name == "PlatformDown",
            "{name}: {severity}"
        );
        let text = |key: &str| {
            alert
                .annotations
                .get(key)
                .unwrap_or_else(|| panic!("{name} has no {key}"))
        };
        assert!(
            !text("summary").contains("{{") && text("summary").ends_with('.'),
            "{name}: the summary is a fixed sentence"
        );
        assert!(
            text("description").contains("$labels") || name == "PlatformWatchdog",
            "{name}: the description names what it is about"
        );
        let section = format!("#{}", name.to_lowercase());
        assert!(text("runbook_url").ends_with(&section), "{name}");
        assert!(text("dashboard_url").contains("_dashboard"), "{name}");
    }
}

/// Whether an expression has these words, itself or through recordings that have.
fn has(expr: &str, words: &str, all: &[files::Rule]) -> bool {
    let through = |name: &&str| {
        let of_name = all.iter().filter(|rule| rule.record == **name);
        of_name.clone().count() > 0 && of_name.clone().all(|rule| has(&rule.expr, words, all))
    };
    expr.contains(words) || names(expr).iter().any(through)
}

/// Leaves drills out.
const REAL: &str = r#"vantage!="drill""#;

#[test]
fn alerts_about_platforms_ask_for_a_working_vantage_and_leave_drills_out() {
    let all: Vec<_> = ["recording.yml", "alerts.yml"]
        .into_iter()
        .flat_map(files::rules)
        .collect();
    for alert in files::alerts() {
        let name = alert.alert.as_str();
        if !NO_PLATFORM.contains(&name) {
            assert!(
                has(&alert.expr, "platform_vantage_up", &all),
                "{name} has no mask"
            );
        }
        if name == "PlatformExporterDown" {
            assert!(has(&alert.expr, REAL, &all), "{name}");
        } else if name != "PlatformWatchdog" {
            assert!(alert.expr.contains(REAL), "{name}");
        }
    }
}

#[test]
fn drift_counts_the_reasons_that_are_mismatches() {
    let alerts = files::alerts();
    let drift = alerts
        .iter()
        .find(|a| a.alert == "PlatformExpectationDrift");
    let (_, rest) = drift.unwrap().expr.split_once("reason=~\"").unwrap();
    let (listed, _) = rest.split_once('"').unwrap();
    let mismatches: Vec<_> = Reason::ALL
        .iter()
        .filter(|reason| reason.is_mismatch())
        .map(|reason| reason.label())
        .collect();
    let (listed, mismatches): (BTreeSet<_>, BTreeSet<_>) = (
        listed.split('|').collect(),
        mismatches.into_iter().collect(),
    );
    assert_eq!(listed, mismatches);
}

#[derive(Deserialize)]
struct UnitTests {
    rule_files: Vec<String>,
    group_eval_order: Vec<String>,
    tests: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

fn unit_tests() -> Vec<UnitTests> {
    let files = files::unit_tests().into_iter();
    files
        .map(|file| {
            let text = std::fs::read_to_string(&file).unwrap();
            serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
        })
        .collect()
}

/// The names of the tests say what is tried; that they do try it is for their reader to see.
#[test]
fn every_alert_is_tried_firing_silent_recovering_and_with_a_lost_vantage() {
    let tests: Vec<_> = unit_tests().into_iter().flat_map(|t| t.tests).collect();
    for alert in files::alerts() {
        let of_it = tests.iter().filter(|test| {
            let (subjects, _) = test.name.split_once(':').unwrap_or_default();
            subjects.split(", ").any(|subject| subject == alert.alert)
        });
        let said: String = of_it.map(|test| test.name.as_str()).collect();
        let needed: &[&str] = match alert.alert.as_str() {
            "PlatformWatchdog" => &["fire"],
            name if NO_PLATFORM.contains(&name) => &["fire", "silent", "recover"],
            _ => &["fire", "silent", "recover", "lost vantage"],
        };
        for word in needed {
            assert!(said.contains(word), "no test of {}: {word}", alert.alert);
        }
    }
}

/// Groups that are not listed come in any order, and then a test passes one time and fails the next.
#[test]
fn unit_tests_say_in_which_order_groups_are_evaluated() {
    for test in unit_tests() {
        let files = test.rule_files.iter();
        let files = files.map(|file| file.rsplit('/').next().unwrap_or_default());
        let groups: Vec<_> = files
            .flat_map(files::groups)
            .map(|group| group.name)
            .collect();
        assert_eq!(groups, test.group_eval_order);
    }
}

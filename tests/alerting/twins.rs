//! The twins of the alerts for drills, and of the recordings that leave drills out, made from them:
//! `UPDATE=1 cargo test --test alerting` writes them anew.
//!
//! By text and not by tree, because templates and YAML anchors must stay as they are.

use crate::files;

const HEADER: &str = "\
# Made from alerts.yml by `UPDATE=1 cargo test --test alerting`; change that file, not this one.
#
# The same rules for vantage=\"drill\". All alerts carry drill=\"true\", by which Alertmanager sends them to the training receiver.
groups:
";

/// A rule with this in a comment has no twin.
const NONE: &str = "no twin";
/// What is left out by a rule, and what its twin selects.
const REAL: &str = r#"vantage!="drill""#;
const DRILL: &str = r#"vantage="drill""#;

/// Links to dashboards, which leave drills out unless they are told otherwise.
const LINKS: [(&str, &str); 2] = [
    (
        "?var-platform={{ $labels.platform }}",
        "?var-platform={{ $labels.platform }}&var-drills=-&var-vantage=drill",
    ),
    (
        ".Labels.exporter_dashboard }}{{ end }}",
        ".Labels.exporter_dashboard }}{{ end }}?var-drills=-&var-vantage=drill",
    ),
];

fn twins(alerts: &str) -> String {
    let (_, groups) = alerts.split_once("\ngroups:\n").unwrap();
    let mut out = HEADER.to_owned();
    for group in split(groups, "  - name: ") {
        let (head, rules) = group.split_once("    rules:\n").unwrap();
        let rules = split_rules(rules);
        let twins: Vec<_> = rules.iter().filter_map(|rule| twin(rule)).collect();
        if !twins.is_empty() {
            out += &format!("{}_drill\n    rules:\n", without_comments(head).trim_end());
            out += &twins.concat();
        }
    }
    out
}

/// The pieces of a text that begin with lines of this beginning.
fn split(text: &str, beginning: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for line in text.split_inclusive('\n') {
        match pieces.last_mut() {
            Some(piece) if !line.starts_with(beginning) => piece.push_str(line),
            _ => pieces.push(line.to_owned()),
        }
    }
    pieces.retain(|piece| piece.starts_with(beginning));
    pieces
}

/// The rules of a group, each with the comments before it.
fn split_rules(text: &str) -> Vec<String> {
    let mut rules: Vec<String> = vec![String::new()];
    let mut in_head = true;
    for line in text.split_inclusive('\n') {
        let head = line.starts_with("      # ");
        let first = line.starts_with("      - ");
        if (head || first) && !in_head {
            rules.push(String::new());
        }
        in_head = head;
        rules.last_mut().unwrap().push_str(line);
    }
    rules
}

fn twin(rule: &str) -> Option<String> {
    if !rule.contains(REAL) || rule.contains(NONE) {
        return None;
    }
    let twin = without_comments(rule).replace(REAL, DRILL);
    if twin.contains("      - record: ") {
        // Beside the series of the same name about the real thing.
        return Some(twin + "        labels: { vantage: drill }\n");
    }
    let lines = twin.lines().map(|line| {
        let marked = line.replacen("labels: { ", r#"labels: { drill: "true", "#, 1);
        let marked = LINKS.iter().fold(marked, |line, (link, to_drills)| {
            line.replace(link, to_drills)
        });
        match marked.split_once("summary: ") {
            Some((before, summary)) => format!("{before}summary: \"Drill: {summary}\"\n"),
            None => marked + "\n",
        }
    });
    Some(lines.collect())
}

fn without_comments(text: &str) -> String {
    let lines = text.split_inclusive('\n');
    lines
        .filter(|line| !line.trim_start().starts_with('#') && !line.trim().is_empty())
        .collect()
}

#[test]
fn drills_have_the_alerts_twins() {
    let (made, path) = (
        twins(&files::text("rules/alerts.yml")),
        files::path("rules/drill.yml"),
    );
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, made).unwrap();
    } else {
        let stands = std::fs::read_to_string(path).unwrap();
        assert!(
            stands == made,
            "drill.yml is not up to date: UPDATE=1 cargo test --test alerting"
        );
    }
}

#[test]
fn twins_differ_from_the_alerts_only_in_what_they_select_and_carry() {
    let alerts = files::rules("alerts.yml");
    let mut alerts = alerts.iter().filter(|rule| {
        let missing = [&*rule.alert, &rule.record]; // these have no twin
        let missing = missing
            .iter()
            .any(|name| ["PlatformExporterDown", "platform:exporter:missing"].contains(name));
        !missing && (!rule.alert.is_empty() || rule.expr.contains(REAL))
    });
    let made = files::parsed(&twins(&files::text("rules/alerts.yml")));
    let twins: Vec<_> = made.into_iter().flat_map(|group| group.rules).collect();
    assert!(twins.len() > 15);
    for twin in twins {
        let alert = alerts.next().unwrap();
        assert_eq!((&twin.alert, &twin.record), (&alert.alert, &alert.record));
        assert_eq!(twin.expr, alert.expr.replace(REAL, DRILL));
        if twin.alert.is_empty() {
            assert_eq!(twin.labels["vantage"], "drill");
            continue;
        }
        assert!(!twin.expr.contains("!=\"drill\""), "{}", twin.alert);
        assert!(twin.expr.contains("vantage=\"drill\""), "{}", twin.alert);
        assert_eq!(twin.labels["drill"], "true");
        assert_eq!(twin.labels["severity"], alert.labels["severity"]);
        assert_eq!(
            twin.annotations["summary"],
            format!("Drill: {}", alert.annotations["summary"])
        );
        for (name, text) in &twin.annotations {
            assert!(
                !text.contains("!=\"drill\""),
                "{}: {name}: {text}",
                twin.alert
            );
        }
    }
    assert!(alerts.next().is_none());
}

//! Each rule proven by a dashboard that breaks it.

use serde_json::{Value, json};

use super::{RULES, lint};
use crate::built;

/// The panel of this id.
fn panel(dashboard: &mut Value, id: u64) -> &mut Value {
    let panels = dashboard["panels"].as_array_mut().unwrap();
    panels.iter_mut().find(|panel| panel["id"] == id).unwrap()
}

/// The only query of a panel becomes this one.
fn ask(dashboard: &mut Value, expr: &str) {
    panel(dashboard, 22)["targets"][0]["expr"] = json!(expr);
}

fn variable<'a>(dashboard: &'a mut Value, name: &str) -> &'a mut Value {
    let list = dashboard["templating"]["list"].as_array_mut().unwrap();
    list.iter_mut()
        .find(|variable| variable["name"] == name)
        .unwrap()
}

const LIMITS: &str = r#"job=~"$job", instance=~"$instance", vantage=~"$vantage", platform=~"$platform", job!="$drills""#;

type Break = fn(&mut Value);

/// The overview, made worse: the rule that must say so, and how.
const BREAKS: &[(&str, Break)] = &[
    ("template-datasource", |d| {
        variable(d, "datasource")["name"] = json!("DS_PROMETHEUS")
    }),
    ("template-datasource", |d| {
        variable(d, "datasource")["label"] = json!("Source")
    }),
    ("template-datasource", |d| d["__inputs"] = json!([])),
    ("template-job", |d| {
        variable(d, "job")["allValue"] = json!(".*")
    }),
    ("template-job", |d| {
        variable(d, "job")["multi"] = json!(false)
    }),
    ("template-job", |d| {
        variable(d, "job")["label"] = json!("job")
    }),
    ("template-job", |d| {
        variable(d, "job")["name"] = json!("jobs")
    }),
    ("template-instance", |d| {
        variable(d, "instance")["datasource"]["uid"] = json!("prometheus")
    }),
    ("template-instance", |d| {
        variable(d, "instance")["type"] = json!("custom")
    }),
    ("template-vantage", |d| {
        variable(d, "vantage")["includeAll"] = json!(false)
    }),
    ("template-platform", |d| {
        variable(d, "platform")["label"] = json!("")
    }),
    ("template-label-promql", |d| {
        variable(d, "job")["query"]["query"] = json!("platform_up")
    }),
    ("template-label-promql", |d| {
        variable(d, "job")["query"]["query"] = json!("label_values(platform_up{, job)")
    }),
    ("template-label-promql", |d| {
        variable(d, "job")["query"]["query"] = json!("label_values(platform_up, reason)")
    }),
    ("template-on-time-change-reload", |d| {
        variable(d, "job")["refresh"] = json!(1)
    }),
    ("panel-datasource", |d| {
        panel(d, 22)["datasource"]["uid"] = json!("P1809F7CD0C75ACF3")
    }),
    ("panel-datasource", |d| {
        panel(d, 22)["targets"][0]["datasource"]["uid"] = json!("")
    }),
    ("panel-title-description", |d| {
        panel(d, 31)["description"] = json!("")
    }),
    ("panel-title-description", |d| {
        panel(d, 53)["title"] = json!("")
    }),
    ("panel-units", |d| {
        panel(d, 22)["fieldConfig"]["defaults"]["unit"] = json!("seconds")
    }),
    ("panel-units", |d| {
        let defaults = panel(d, 31)["fieldConfig"]["defaults"]
            .as_object_mut()
            .unwrap();
        defaults.remove("unit");
    }),
    ("panel-units", |d| {
        let properties = json!([{ "id": "unit", "value": "seconds" }]);
        panel(d, 22)["fieldConfig"]["overrides"] =
            json!([{ "matcher": {}, "properties": properties }]);
    }),
    ("panel-no-targets", |d| panel(d, 22)["targets"] = json!([])),
    ("target-promql", |d| {
        ask(d, "max by (platform) (platform_state{")
    }),
    ("target-promql", |d| ask(d, "")),
    ("target-rate-interval", |d| {
        ask(
            d,
            &format!("rate(platform_probe_errors_total{{{LIMITS}}}[5m])"),
        )
    }),
    ("target-rate-interval", |d| {
        ask(
            d,
            &format!("irate(platform_probe_errors_total{{{LIMITS}}}[$__interval])"),
        )
    }),
    ("target-job", |d| {
        ask(
            d,
            &format!("platform_up{{{}}}", LIMITS.replace("job=~", "job=")),
        )
    }),
    ("target-job", |d| ask(d, "platform_up")),
    ("target-instance", |d| {
        ask(
            d,
            &format!("platform_up{{{LIMITS}}} + platform_up{{job=~\"$job\"}}"),
        )
    }),
    ("target-counter-agg", |d| {
        ask(d, &format!("sum(platform_probe_errors_total{{{LIMITS}}})"))
    }),
    ("target-counter-agg", |d| {
        ask(
            d,
            &format!("max_over_time(platform_probe_errors_total{{{LIMITS}}}[1h])"),
        )
    }),
    ("uneditable-dashboard", |d| d["editable"] = json!(true)),
    ("target-metric", |d| {
        ask(d, &format!("platform_upp{{{LIMITS}}}"))
    }),
    ("target-metric", |d| {
        ask(d, &format!("platform_up{{{LIMITS}, state=\"down\"}}"))
    }),
    ("target-metric", |d| {
        ask(
            d,
            "platform_up{job=~\"$job\", instance=~\"$instance\", vantage=~\"$vantage\"}",
        )
    }),
    ("template-drills", |d| {
        variable(d, "drills")["current"]["value"] = json!("-")
    }),
    ("template-drills", |d| {
        variable(d, "drills")["name"] = json!("drill")
    }),
    ("template-drills", |d| {
        variable(d, "platform")["query"]["query"] = json!("label_values(platform_state, platform)")
    }),
    ("target-drills", |d| {
        let limits = LIMITS.replace(r#", job!="$drills""#, "");
        ask(d, &format!("platform_up{{{limits}}}"))
    }),
    ("target-drills", |d| {
        let limits = LIMITS.replace(r#", platform=~"$platform""#, "");
        ask(d, &format!("platform_exporter_drill{{{limits}}}"))
    }),
    ("target-legend", |d| {
        panel(d, 22)["targets"][0]["legendFormat"] = json!("")
    }),
    ("target-legend", |d| {
        panel(d, 22)["targets"][0]["legendFormat"] = json!("{{target}}")
    }),
    ("target-legend", |d| {
        panel(d, 22)["targets"][0]["legendFormat"] = json!("{{ vantage }}")
    }),
    ("target-between", |d| {
        ask(
            d,
            &format!("max by (platform) (platform_state{{{LIMITS}}})"),
        )
    }),
    ("target-between", |d| {
        ask(
            d,
            &format!("max by (platform) (last_over_time(platform_state{{{LIMITS}}}[$__interval]))"),
        )
    }),
    ("table-columns", |d| {
        panel(d, 31)["fieldConfig"]["overrides"][0]["matcher"]["options"] = json!("check")
    }),
    ("table-columns", |d| {
        panel(d, 31)["transformations"][1]["options"]["indexByName"]["Value #X"] = json!(9)
    }),
    ("table-sorted", |d| {
        panel(d, 31)["options"]["sortBy"] = json!([])
    }),
    ("table-sorted", |d| {
        panel(d, 31)["options"]["sortBy"][0]["displayName"] = json!("Value #C")
    }),
    ("panel-unknown", |d| {
        panel(d, 21)["fieldConfig"]["defaults"]["noValue"] = json!("")
    }),
    ("panel-unknown", |d| {
        panel(d, 21)["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["color"] = json!("green")
    }),
    ("panel-unknown", |d| {
        panel(d, 22)["fieldConfig"]["defaults"]["color"]["mode"] = json!("palette-classic")
    }),
    ("panel-unknown", |d| {
        panel(d, 22)["fieldConfig"]["defaults"]["mappings"][0]["options"]["0"]["color"] =
            json!("green")
    }),
    ("panel-unknown", |d| {
        panel(d, 22)["fieldConfig"]["defaults"]["mappings"][1]["options"]["result"]["color"] =
            json!("green")
    }),
    ("panel-words", |d| {
        panel(d, 22)["fieldConfig"]["defaults"]["mappings"][0]["options"]["4"]["text"] = json!("")
    }),
    ("panel-words", |d| {
        panel(d, 22)["fieldConfig"]["defaults"]["mappings"]
            .as_array_mut()
            .unwrap()
            .pop();
    }),
    ("panel-words", |d| {
        panel(d, 53)["fieldConfig"]["defaults"]["mappings"][0]["options"]["to"] = json!(null);
    }),
    ("panel-ids", |d| panel(d, 22)["id"] = json!(21)),
    ("panel-ids", |d| panel(d, 22)["id"] = json!(null)),
    ("panel-grid", |d| panel(d, 22)["gridPos"]["w"] = json!(25)),
    ("panel-grid", |d| panel(d, 22)["gridPos"]["y"] = json!(0)),
    ("panel-grid", |d| panel(d, 22)["gridPos"]["h"] = json!(9)),
    ("dashboard-frame", |d| d["schemaVersion"] = json!(16)),
    ("dashboard-frame", |d| d["id"] = json!(7)),
    ("dashboard-frame", |d| d["uid"] = json!("")),
    ("dashboard-frame", |d| {
        d["links"][0]["keepTime"] = json!(false)
    }),
    ("dashboard-frame", |d| d["tags"] = json!(["other"])),
];

#[test]
fn what_breaks_a_rule_is_seen_by_it() {
    for (index, (rule, make_worse)) in BREAKS.iter().enumerate() {
        let mut dashboard = built()[0].1.clone();
        make_worse(&mut dashboard);
        let found = lint(&dashboard);
        let seen = found
            .iter()
            .any(|what| what.starts_with(&format!("{rule}: ")));
        assert!(seen, "{rule}, break {index}: {found:?}");
    }
}

#[test]
fn every_rule_is_proven() {
    for (rule, _) in RULES {
        assert!(BREAKS.iter().any(|(broken, _)| *broken == rule), "{rule}");
    }
}

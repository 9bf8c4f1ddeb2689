//! The variables at the head of every dashboard, and links between them.

use serde_json::{Value, json};

use crate::model::NEUTRAL;

/// The uid of each dashboard; links are made of them, so they stay as they are.
pub const OVERVIEW: &str = "platform-exporter-overview";
pub const PLATFORM: &str = "platform-exporter-platform";
pub const AVAILABILITY: &str = "platform-exporter-availability";
pub const EXPORTER: &str = "platform-exporter-exporter";

/// What may be chosen for drills, the default first: what people read, and the job that is left out, that of the shipped scrape
/// configuration. No job is called as the other value. By the job and not by the vantage, because a replay is a drill too, which
/// is loaded under the exporters' job to be looked at.
pub const DRILLS: [(&str, &str); 2] = [("left out", "platform_drill"), ("shown", "-")];

/// Data source, job, instance, vantage, platform, each of them asked for within those before it; and whether drills are
/// shown.
pub fn variables() -> Vec<Value> {
    let data_source = json!({
        "current": {},
        "hide": 0,
        "includeAll": false,
        "label": "Data source",
        "multi": false,
        "name": "datasource",
        "options": [],
        "query": "prometheus",
        "refresh": 1,
        "regex": "",
        "skipUrlSync": false,
        "type": "datasource",
    });
    vec![
        data_source,
        query(
            "job",
            "Job",
            r#"platform_exporter_build_info{job!="$drills"}"#,
        ),
        query(
            "instance",
            "Instance",
            r#"platform_exporter_build_info{job=~"$job", job!="$drills"}"#,
        ),
        query(
            "vantage",
            "Vantage",
            r#"platform_vantage_up{job=~"$job", instance=~"$instance", job!="$drills"}"#,
        ),
        query(
            "platform",
            "Platform",
            r#"platform_state{job=~"$job", instance=~"$instance", vantage=~"$vantage", job!="$drills"}"#,
        ),
        choice("drills", "Drills", &DRILLS),
    ]
}

fn query(name: &str, label: &str, series: &str) -> Value {
    let query = format!("label_values({series}, {name})");
    json!({
        "allValue": ".+",
        "current": { "text": ["All"], "value": ["$__all"] },
        "datasource": { "type": "prometheus", "uid": "${datasource}" },
        "definition": query,
        "hide": 0,
        "includeAll": true,
        "label": label,
        "multi": true,
        "name": name,
        "options": [],
        "query": { "query": query, "refId": name },
        "refresh": 2,
        "regex": "",
        "skipUrlSync": false,
        "sort": 1,
        "type": "query",
    })
}

/// One platform is shown at first, the first of the catalogue.
pub fn one_platform() -> Vec<Value> {
    let mut variables = variables();
    for variable in &mut variables {
        if variable["name"] == "platform" {
            variable["current"] = json!({ "text": ["facebook"], "value": ["facebook"] });
        }
    }
    variables
}

/// What share of the time is promised, in percent.
pub fn objective() -> Value {
    let choices = ["99.9", "99.5", "99", "95"].map(|percent| (percent, percent));
    choice("objective", "Objective (%)", &choices)
}

/// One of a few values, each with the text that people read; the first at first.
fn choice(name: &str, label: &str, choices: &[(&str, &str)]) -> Value {
    let (text, value) = choices[0];
    let options: Vec<Value> = choices
        .iter()
        .map(|(text, one)| json!({ "selected": *one == value, "text": text, "value": one }))
        .collect();
    let written: Vec<String> = choices
        .iter()
        .map(|(text, value)| {
            if text == value {
                (*value).to_owned()
            } else {
                format!("{text} : {value}")
            }
        })
        .collect();
    json!({
        "current": { "text": text, "value": value },
        "hide": 0,
        "includeAll": false,
        "label": label,
        "multi": false,
        "name": name,
        "options": options,
        "query": written.join(","),
        "skipUrlSync": false,
        "type": "custom",
    })
}

/// To the dashboard of the platform that a series belongs to.
pub fn to_platform() -> Value {
    link("${__field.labels.platform}")
}

/// The same from a row of a table.
pub fn row_to_platform() -> (&'static str, Value) {
    ("links", json!([link("${__data.fields.platform}")]))
}

fn link(platform: &str) -> Value {
    json!({
        "targetBlank": false,
        "title": "Open this platform",
        "url": format!("/d/{PLATFORM}?${{__url_time_range}}&${{datasource:queryparam}}&${{job:queryparam}}&${{instance:queryparam}}&${{vantage:queryparam}}&${{drills:queryparam}}&var-platform={platform}"),
    })
}

/// A fixed colour, for series that are no state.
pub fn fixed(color: &str) -> (&'static str, Value) {
    ("color", json!({ "mode": "fixed", "fixedColor": color }))
}

/// The colour of what is past or normal: beside the line that matters.
pub fn faint() -> (&'static str, Value) {
    fixed(NEUTRAL)
}

/// A broken line without area.
pub fn dashed() -> (&'static str, Value) {
    (
        "custom.lineStyle",
        json!({ "dash": [6, 6], "fill": "dash" }),
    )
}

/// A line without area below it.
pub fn bare() -> (&'static str, Value) {
    ("custom.fillOpacity", json!(0))
}

#[test]
fn the_job_that_is_left_out_is_that_of_the_example() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/prometheus/prometheus.yml");
    let example = std::fs::read_to_string(example).unwrap();
    assert!(example.contains(&format!("- job_name: {}\n", DRILLS[0].1)));
}

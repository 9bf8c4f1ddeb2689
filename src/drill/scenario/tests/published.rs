//! What is published about scenarios: the schema, and the page in docs/.

use serde_json::Value;

use super::super::json_schema;
use super::{CONFIG, NOW, good};
use crate::config::tests::published::{describes_everything, knows_every_word};
use crate::drill::internet;
use crate::drill::scenario::{Scenario, list};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs");

/// Compares a file of docs/ with what is generated; `UPDATE=1` writes it.
fn holds(file: &str, generate: impl Fn(&str) -> String) {
    let path = format!("{DOCS}/{file}");
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let generated = generate(&committed);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "docs/{file} is not up to date: run this test with UPDATE=1"
    );
}

#[test]
fn the_committed_schema_is_the_generated_one() {
    holds("scenario.schema.json", |_| format!("{:#}\n", json_schema()));
}

#[test]
fn the_schema_can_be_checked_against_and_describes_everything() {
    let schema = json_schema();
    knows_every_word(&schema);
    describes_everything(&schema);
}

/// The text with what stands between two marks replaced.
fn replaced(text: &str, mark: &str, inside: &str) -> String {
    let (begin, end) = (
        format!("<!-- {mark}:begin -->\n"),
        format!("<!-- {mark}:end -->"),
    );
    let (before, rest) = text.split_once(&begin).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    format!("{before}{begin}{inside}{end}{after}")
}

fn description(schema: &Value) -> String {
    schema["description"].as_str().unwrap().replace('\n', " ")
}

fn row(key: &str, text: &str) -> String {
    format!("| `{key}` | {text} |\n")
}

/// A table of the keys of a type.
fn keys(schema: &Value, kind: &str) -> String {
    let of = match kind {
        "" => schema,
        kind => &schema["$defs"][kind],
    };
    let rows = of["properties"].as_object().unwrap().iter();
    let rows: String = rows
        .map(|(key, schema)| row(key, &description(schema)))
        .collect();
    format!("| key | meaning |\n|---|---|\n{rows}")
}

/// A table of every fault.
fn faults(schema: &Value) -> String {
    let all = schema["$defs"]["Fault"]["oneOf"].as_array().unwrap().iter();
    let rows: String = all
        .map(|fault| row(fault["const"].as_str().unwrap(), &description(fault)))
        .collect();
    format!("| fault | what happens |\n|---|---|\n{rows}")
}

#[test]
fn the_page_lists_every_key_fault_and_scenario() {
    let schema = json_schema();
    let scenarios: String = list().map(|(name, title)| row(name, &title)).collect();
    holds("drills.md", |page| {
        let mut page = page.to_owned();
        for (mark, kind) in [
            ("file", ""),
            ("event", "Event"),
            ("expectation", "Expectation"),
            ("alert", "Alert"),
        ] {
            page = replaced(&page, mark, &keys(&schema, kind));
        }
        page = replaced(&page, "faults", &faults(&schema));
        let table = format!("| name | what happens |\n|---|---|\n{scenarios}");
        replaced(&page, "scenarios", &table)
    });
}

#[test]
fn the_documented_example_loads() {
    let page = std::fs::read_to_string(format!("{DOCS}/drills.md")).unwrap();
    let (_, after) = page.split_once("<!-- example -->\n```yaml\n").unwrap();
    let example = good(after.split_once("```").unwrap().0);
    assert!(example.events.len() > 2 && example.alerts.len() == 1);
    let text = &after.split_once("```").unwrap().0;
    let in_the_internet = Scenario::parse("mine.yml", text, &CONFIG, NOW, &internet::fits);
    assert!(in_the_internet.is_ok());
}

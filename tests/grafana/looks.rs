//! How states look: a text and a colour for each, and green only where it is said.

use serde_json::{Value, json};

use crate::model::NEUTRAL;

pub const GREEN: &str = "semi-dark-green";
const YELLOW: &str = "semi-dark-yellow";
pub const ORANGE: &str = "semi-dark-orange";
pub const RED: &str = "semi-dark-red";
pub const PURPLE: &str = "semi-dark-purple";

/// Codes of the verdicts in panels: the highest of several vantages, or of an interval, is what to look at first.
pub const VERDICTS: [(&str, u64); 5] = [
    ("unknown", 0),
    ("blocked", 1),
    ("up", 2),
    ("degraded", 3),
    ("down", 4),
];

/// Codes of the platforms' own words, likewise.
pub const OFFICIAL: [(&str, u64); 6] = [
    ("unknown", 0),
    ("operational", 1),
    ("maintenance", 2),
    ("degraded", 3),
    ("partial_outage", 4),
    ("major_outage", 5),
];

/// Values with a text and a colour each. Where there is no value it says so, in the neutral colour.
pub fn values(values: &[(&str, &str, &str)]) -> Value {
    let options: serde_json::Map<String, Value> = values
        .iter()
        .enumerate()
        .map(|(index, (value, text, color))| {
            let shown = json!({ "color": color, "index": index, "text": text });
            ((*value).to_owned(), shown)
        })
        .collect();
    json!([{ "type": "value", "options": options }, nothing(values.len(), "unknown")])
}

fn nothing(index: usize, text: &str) -> Value {
    let shown = json!({ "color": NEUTRAL, "index": index, "text": text });
    json!({ "type": "special", "options": { "match": "null+nan", "result": shown } })
}

/// Stands for an open end: Grafana takes a null there for zero.
const FAR: f64 = 1e15;

/// Ranges with a colour each, of which the first that holds counts; the number itself stays to be read. `None` is an open
/// end.
pub fn ranges(ranges: &[(Option<f64>, Option<f64>, &str)]) -> Value {
    ranges_or("unknown", ranges)
}

/// The same, with a text of its own for no value.
fn ranges_or(text: &str, ranges: &[(Option<f64>, Option<f64>, &str)]) -> Value {
    let mut mappings: Vec<Value> = ranges
        .iter()
        .enumerate()
        .map(|(index, (from, to, color))| {
            let result = json!({ "color": color, "index": index });
            let (from, to) = (from.unwrap_or(-FAR), to.unwrap_or(FAR));
            json!({ "type": "range", "options": { "from": from, "to": to, "result": result } })
        })
        .collect();
    mappings.push(nothing(ranges.len(), text));
    json!(mappings)
}

pub fn verdicts() -> Value {
    values(&[
        ("0", "unknown", NEUTRAL),
        ("1", "BLOCKED: refuses us", PURPLE),
        ("2", "up", GREEN),
        ("3", "DEGRADED", ORANGE),
        ("4", "DOWN", RED),
    ])
}

pub fn official() -> Value {
    values(&[
        ("0", "unknown", NEUTRAL),
        ("1", "says: operational", GREEN),
        ("2", "says: maintenance", YELLOW),
        ("3", "says: degraded", ORANGE),
        ("4", "says: PARTIAL OUTAGE", ORANGE),
        ("5", "says: MAJOR OUTAGE", RED),
    ])
}

/// Availability between 0 and 1.
pub fn availability() -> Value {
    ranges(&[
        (Some(0.999), None, GREEN),
        (Some(0.99), Some(0.999), YELLOW),
        (Some(0.95), Some(0.99), ORANGE),
        (Some(0.0), Some(0.95), RED),
    ])
}

/// What is left of an error budget; below zero it is overspent.
pub fn budget() -> Value {
    ranges(&[
        (Some(0.5), None, GREEN),
        (Some(0.1), Some(0.5), YELLOW),
        (Some(0.0), Some(0.1), ORANGE),
        (None, Some(0.0), RED),
    ])
}

/// How many times faster than it lasts the budget is spent; the bounds are those of the alerts.
pub fn burn() -> Value {
    ranges(&[
        (None, Some(1.0), GREEN),
        (Some(1.0), Some(6.0), YELLOW),
        (Some(6.0), Some(14.4), ORANGE),
        (Some(14.4), None, RED),
    ])
}

/// Reports as a share of the top of what is normal.
pub fn crowd() -> Value {
    ranges(&[
        (Some(0.0), Some(0.7), GREEN),
        (Some(0.7), Some(1.0), YELLOW),
        (Some(1.0), None, RED),
    ])
}

/// Seconds since the last probe: an interval and a half is 45 s at defaults, and refusals pause for up to 30 min.
pub fn age() -> Value {
    ranges(&[
        (None, Some(90.0), GREEN),
        (Some(90.0), Some(300.0), YELLOW),
        (Some(300.0), None, RED),
    ])
}

/// What is left of a certificate's lifetime. Many checks see none.
pub fn certificate() -> Value {
    ranges_or("none", &[(None, Some(0.2), ORANGE)])
}

/// Counts of which any is bad; none is no news, and so neutral.
pub fn any_is(color: &str) -> Value {
    ranges(&[(Some(1.0), None, color)])
}

/// The whole cell in the colour of its value.
pub fn cell() -> (&'static str, Value) {
    (
        "custom.cellOptions",
        json!({ "mode": "basic", "type": "color-background" }),
    )
}

/// The colour of a number, of ranges that Grafana would look through from the first on.
fn color(mappings: &Value, value: f64) -> &str {
    let mut ranges = mappings.as_array().unwrap().iter();
    let holds = |range: &&Value| {
        let end = |name: &str| range["options"][name].as_f64();
        end("from").is_some_and(|from| from <= value) && end("to").is_some_and(|to| value <= to)
    };
    ranges.find(holds).map_or(NEUTRAL, |range| {
        range["options"]["result"]["color"].as_str().unwrap()
    })
}

#[test]
fn what_is_bad_looks_bad() {
    for (mappings, looks) in [
        (
            availability(),
            [(0.9995, GREEN), (0.995, YELLOW), (0.96, ORANGE), (0.5, RED)],
        ),
        (
            budget(),
            [(0.8, GREEN), (0.3, YELLOW), (0.05, ORANGE), (-0.2, RED)],
        ),
        (
            burn(),
            [(0.5, GREEN), (2.0, YELLOW), (10.0, ORANGE), (20.0, RED)],
        ),
        (
            crowd(),
            [(0.2, GREEN), (0.9, YELLOW), (1.2, RED), (50.0, RED)],
        ),
        (
            age(),
            [(30.0, GREEN), (200.0, YELLOW), (400.0, RED), (9000.0, RED)],
        ),
        (
            any_is(RED),
            [(0.0, NEUTRAL), (1.0, RED), (7.0, RED), (-1.0, NEUTRAL)],
        ),
    ] {
        for (value, right) in looks {
            assert_eq!(color(&mappings, value), right, "{value} in {mappings}");
        }
    }
}

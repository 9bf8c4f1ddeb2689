//! Rules of our own: what the linter does not look at.

use serde_json::Value;

use super::{
    each, each_panel, each_selector, each_target, label_values, legend_labels, list, text,
    variables,
};
use crate::model::NEUTRAL;
use crate::names::family_of;
use crate::promql::{Found, parts};
use crate::variables::DRILLS;

/// Metrics and the labels that they are selected by exist, and the variables limit whatever has their labels.
pub(super) fn target_metric(dashboard: &Value) -> Vec<String> {
    each_selector(dashboard, |found| {
        let Some(family) = family_of(&found.series) else {
            return Some(format!("there is no metric {}", found.series));
        };
        let has =
            |label: &str| ["job", "instance"].contains(&label) || family.labels.contains(&label);
        if let Some((label, ..)) = found.matchers.iter().find(|(label, ..)| !has(label)) {
            return Some(format!("{} has no label {label}", found.series));
        }
        let limited = ["vantage", "platform"]
            .into_iter()
            .filter(|label| has(label));
        let mut missing = limited.filter(|label| {
            let wanted = ((*label).to_owned(), "=~".to_owned(), format!("${label}"));
            !found.matchers.contains(&wanted)
        });
        missing
            .next()
            .map(|label| format!("{} is not limited by ${label}", found.series))
    })
}

/// Drills are left out until somebody chooses otherwise, and are not even offered.
pub(super) fn template_drills(dashboard: &Value) -> Vec<String> {
    let own = variables(dashboard).iter().find(|v| v["name"] == "drills");
    let wants = [("/type", "custom"), ("/current/value", DRILLS[0].1)];
    let right = |own: &Value| wants.iter().all(|(at, want)| text(own, at) == *want);
    if !own.is_some_and(right) {
        return vec!["no variable drills that leaves them out".into()];
    }
    let queries = variables(dashboard).iter().filter(|v| v["type"] == "query");
    each(
        queries,
        |v| text(v, "/name").to_owned(),
        |variable| {
            let found = parts(&label_values(variable)?.0).ok()?.selectors;
            let mut offering = found.iter().filter(|found| !without_drills(found));
            offering.next().map(|_| "offers drills".into())
        },
    )
}

/// Drills are left out; but that there is one must be seen.
pub(super) fn target_drills(dashboard: &Value) -> Vec<String> {
    each_selector(dashboard, |found| {
        let shown = !without_drills(found);
        match family_of(&found.series)?.name {
            "platform_exporter_drill" => (!shown).then(|| "hides that there is a drill".into()),
            name => shown.then(|| format!("{name} of drills is not left out")),
        }
    })
}

fn without_drills(found: &Found) -> bool {
    let wanted = ["job", "!=", "$drills"].map(str::to_owned);
    found.matchers.contains(&wanted.into())
}

pub(super) fn target_legend(dashboard: &Value) -> Vec<String> {
    each_target(dashboard, |expr, target| {
        let legend = text(target, "/legendFormat");
        if target["format"] == "table" {
            return None;
        }
        if legend.is_empty() {
            return Some("has no legend".into());
        }
        let parts = parts(expr).ok()?;
        let families = parts
            .selectors
            .iter()
            .filter_map(|found| family_of(&found.series));
        let mut labels: Vec<&str> = families.flat_map(|family| family.labels).collect();
        labels.extend(["job", "instance"]);
        let mut named = legend_labels(legend).into_iter();
        let kept = |label: &str| parts.kept.is_empty() || parts.kept.iter().any(|k| k == label);
        let gone = named.find(|label| !labels.contains(label) || !kept(label))?;
        Some(format!("no series has the label {gone} of the legend"))
    })
}

/// Gauges that are 0 or 1.
const SWITCHES: [&str; 7] = [
    "platform_up",
    "platform_state",
    "platform_component_up",
    "platform_component_state",
    "platform_vantage_up",
    "platform_control_success",
    "platform_official_state",
];

/// Over time such a gauge is looked at between two points too, or a short outage is lost on a long range.
pub(super) fn target_between(dashboard: &Value) -> Vec<String> {
    each_target(dashboard, |expr, target| {
        let found = parts(expr).ok()?.selectors;
        let mut switches = found
            .iter()
            .filter(|found| SWITCHES.contains(&found.series.as_str()));
        let lost = switches.find(|found| {
            let call = found.call.as_deref().unwrap_or_default();
            let all = ["min_over_time", "max_over_time", "avg_over_time"].contains(&call);
            found.range.as_deref() != Some("$__interval") || !all
        })?;
        (target["instant"] != true)
            .then(|| format!("{} is looked at only now and then", lost.series))
    })
}

/// The columns that a table names and orders are labels that its queries keep, or their values.
pub(super) fn table_columns(dashboard: &Value) -> Vec<String> {
    each_panel(dashboard, |panel| {
        let queries = list(panel, "/targets");
        let letters = queries.iter().map(|query| match queries.len() {
            1 => "Value".to_owned(),
            _ => format!("Value #{}", text(query, "/refId")),
        });
        let read = queries
            .iter()
            .filter_map(|query| parts(text(query, "/expr")).ok());
        let fields: Vec<String> = letters.chain(read.flat_map(|parts| parts.kept)).collect();
        let overrides = list(panel, "/fieldConfig/overrides").iter();
        let by_name = overrides.filter(|o| o["matcher"]["id"] == "byName");
        let named = by_name.map(|o| text(o, "/matcher/options").to_owned());
        let order = panel.pointer("/transformations/1/options/indexByName");
        let ordered = order
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(|o| o.keys().cloned());
        let gone = named.chain(ordered).find(|name| !fields.contains(name))?;
        Some(format!("there is no column {gone}"))
    })
}

/// A table is sorted, by titles that its columns have: in what order Prometheus answers is left open.
pub(super) fn table_sorted(dashboard: &Value) -> Vec<String> {
    each_panel(dashboard, |panel| {
        let titles = everywhere(panel, "displayName");
        let by = list(panel, "/options/sortBy");
        let gone = by.iter().find(|one| !titles.contains(&&one["displayName"]));
        if let Some(one) = gone {
            return Some(format!("no column has the title {}", one["displayName"]));
        }
        let table = text(panel, "/type") == "table";
        (table && by.is_empty()).then(|| "is not sorted".into())
    })
}

/// A property in the defaults of a panel and in its overrides.
fn everywhere<'a>(panel: &'a Value, id: &'static str) -> Vec<&'a Value> {
    let overrides = list(panel, "/fieldConfig/overrides").iter();
    let properties = overrides.flat_map(|o| list(o, "/properties"));
    let own = properties.filter(|property| property["id"] == id);
    std::iter::once(&panel["fieldConfig"]["defaults"][id])
        .chain(own.map(|property| &property["value"]))
        .collect()
}

/// What values are shown as: each text with its colour.
fn shown(panel: &Value) -> Vec<(&str, &str)> {
    let mappings = everywhere(panel, "mappings");
    let all = mappings.into_iter().flat_map(|mappings| list(mappings, ""));
    let results = all.flat_map(|mapping| match mapping.pointer("/options/result") {
        Some(result) => vec![result],
        None => mapping["options"]
            .as_object()
            .into_iter()
            .flat_map(|o| o.values())
            .collect(),
    });
    results
        .map(|result| (text(result, "/text"), text(result, "/color")))
        .collect()
}

/// Unknown is never green: colour comes from mappings alone, the ground is neutral, and where there is nothing it says so.
pub(super) fn panel_unknown(dashboard: &Value) -> Vec<String> {
    each_panel(dashboard, |panel| {
        let defaults = &panel["fieldConfig"]["defaults"];
        let mode = text(defaults, "/color/mode");
        let steps = everywhere(panel, "thresholds")
            .into_iter()
            .flat_map(|t| list(t, "/steps"));
        let mut colours = steps.map(|step| text(step, "/color"));
        if text(defaults, "/noValue").is_empty() {
            Some("says nothing where there is no data")
        } else if mode != "thresholds" && text(panel, "/type") != "timeseries" {
            Some("is coloured by something else than mappings")
        } else if colours.any(|colour| colour != NEUTRAL) {
            Some("is coloured by a threshold")
        } else if shown(panel)
            .iter()
            .any(|(text, colour)| *text == "unknown" && *colour != NEUTRAL)
        {
            Some("shows unknown in a colour")
        } else {
            None
        }
        .map(str::to_owned)
    })
}

/// Colour is never the only sign: a value with a colour has a word too, unless the number itself is shown; and no value
/// at all has the word unknown.
pub(super) fn panel_words(dashboard: &Value) -> Vec<String> {
    each_panel(dashboard, |panel| {
        let mappings = everywhere(panel, "mappings");
        let all: Vec<&Value> = mappings
            .iter()
            .flat_map(|mappings| list(mappings, ""))
            .collect();
        let values = all.iter().filter(|mapping| mapping["type"] == "value");
        let mut values = values
            .filter_map(|m| m["options"].as_object())
            .flat_map(|o| o.values());
        if values.any(|shown| text(shown, "/text").is_empty()) {
            return Some("has a colour without a word".into());
        }
        let mut ranges = all.iter().filter(|mapping| mapping["type"] == "range");
        let ends = |range: &&Value| ["from", "to"].map(|end| range["options"][end].is_number());
        if ranges.any(|range| ends(range) != [true, true]) {
            return Some("has a range with an open end, which Grafana takes for zero".into());
        }
        let silent = mappings.iter().any(|mappings| {
            let kinds: Vec<&str> = list(mappings, "")
                .iter()
                .map(|m| text(m, "/type"))
                .collect();
            !kinds.is_empty() && !kinds.contains(&"special")
        });
        silent.then(|| "has no word for no value".into())
    })
}

pub(super) fn panel_ids(dashboard: &Value) -> Vec<String> {
    let mut ids: Vec<u64> = list(dashboard, "/panels")
        .iter()
        .filter_map(|panel| panel["id"].as_u64())
        .collect();
    let all = ids.len() == list(dashboard, "/panels").len();
    ids.sort_unstable();
    let unique = ids.is_sorted_by(|a, b| a < b);
    (!all || !unique || ids.contains(&0))
        .then(|| format!("ids are missing or occur twice: {ids:?}"))
        .into_iter()
        .collect()
}

/// Panels stand inside of the grid, beside or below each other, in the order of the file: the order on a phone.
pub(super) fn panel_grid(dashboard: &Value) -> Vec<String> {
    let place = |panel: &Value| {
        ["/x", "/y", "/w", "/h"].map(|field| {
            panel["gridPos"]
                .pointer(field)
                .and_then(Value::as_u64)
                .unwrap_or(99)
        })
    };
    let places: Vec<_> = list(dashboard, "/panels").iter().map(place).collect();
    let outside = places
        .iter()
        .any(|[x, _, w, h]| x + w > 24 || *w < 4 || *h == 0);
    let ordered = places.is_sorted_by(|[ax, ay, ..], [bx, by, ..]| (ay, ax) < (by, bx));
    let over = |[ax, ay, aw, ah]: &[u64; 4], [bx, by, bw, bh]: &[u64; 4]| {
        ax < &(bx + bw) && bx < &(ax + aw) && ay < &(by + bh) && by < &(ay + ah)
    };
    let overlap = places
        .iter()
        .enumerate()
        .any(|(i, a)| places[i + 1..].iter().any(|b| over(a, b)));
    (outside || !ordered || overlap)
        .then(|| "panels overlap, leave the grid or stand in another order than on a phone".into())
        .into_iter()
        .collect()
}

pub(super) fn dashboard_frame(dashboard: &Value) -> Vec<String> {
    let wants = [
        ("/schemaVersion", Value::from(42)),
        ("/id", Value::Null),
        ("/graphTooltip", 1.into()),
        ("/links/0/type", "dashboards".into()),
        ("/links/0/keepTime", true.into()),
        ("/links/0/includeVars", true.into()),
    ];
    let wrong = wants
        .iter()
        .filter(|(pointer, want)| dashboard.pointer(pointer) != Some(want))
        .map(|(pointer, want)| format!("{pointer} is not {want}"));
    let mut wrong: Vec<String> = wrong.collect();
    let (uid, tag) = (text(dashboard, "/uid"), text(dashboard, "/links/0/tags/0"));
    if !uid.starts_with("platform-exporter-") || uid.len() > 40 {
        wrong.push(format!("the uid {uid:?}"));
    }
    if !list(dashboard, "/tags").iter().any(|own| own == tag) {
        wrong.push("the links do not lead to its like".into());
    }
    wrong
}

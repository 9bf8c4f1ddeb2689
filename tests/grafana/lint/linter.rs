//! The Prometheus rules of Grafana's dashboard-linter 0.2.

use serde_json::Value;

use super::{each, each_panel, each_selector, each_target, label_values, list, text, variables};
use crate::names::family_of;
use crate::promql::parts;
use crate::units::UNITS;

pub(super) fn template_datasource(dashboard: &Value) -> Vec<String> {
    let sources = variables(dashboard)
        .iter()
        .filter(|variable| variable["type"] == "datasource");
    let sources: Vec<_> = sources.collect();
    let right = |variable: &&Value| {
        variable["name"] == "datasource"
            && variable["label"] == "Data source"
            && variable["query"] == "prometheus"
    };
    let inputs = dashboard.get("__inputs").is_some();
    (sources.len() != 1 || !sources.iter().all(right) || inputs)
        .then(|| {
            "one variable `datasource` for Prometheus, labelled `Data source`, and no `__inputs`"
                .into()
        })
        .into_iter()
        .collect()
}

pub(super) fn template(dashboard: &Value, name: &str, label: &str) -> Vec<String> {
    let Some(variable) = variables(dashboard).iter().find(|v| v["name"] == name) else {
        return vec![format!("no variable {name}")];
    };
    let wants = [
        ("/type", Value::from("query")),
        ("/datasource/uid", "${datasource}".into()),
        ("/label", label.into()),
        ("/multi", true.into()),
        ("/includeAll", true.into()),
        ("/allValue", ".+".into()),
    ];
    let wrong = wants
        .iter()
        .filter(|(pointer, want)| variable.pointer(pointer) != Some(want));
    wrong
        .map(|(pointer, want)| format!("{name}{pointer} is not {want}"))
        .collect()
}

pub(super) fn template_label_promql(dashboard: &Value) -> Vec<String> {
    let queries = variables(dashboard).iter().filter(|v| v["type"] == "query");
    each(
        queries,
        |v| text(v, "/name").to_owned(),
        |variable| {
            let Some((series, label)) = label_values(variable) else {
                return Some("is not label_values(series, label)".into());
            };
            let found = match parts(&series) {
                Ok(found) => found.selectors,
                Err(why) => return Some(why),
            };
            let [selector] = found.as_slice() else {
                return Some("asks for more than one series".into());
            };
            let family = family_of(&selector.series);
            let known = family.is_some_and(|family| {
                ["job", "instance"].contains(&label.as_str())
                    || family.labels.contains(&label.as_str())
            });
            (!known).then(|| format!("{} has no label {label}", selector.series))
        },
    )
}

pub(super) fn template_on_time_change_reload(dashboard: &Value) -> Vec<String> {
    let queries = variables(dashboard).iter().filter(|v| v["type"] == "query");
    each(
        queries,
        |v| text(v, "/name").to_owned(),
        |variable| {
            (variable["refresh"] != 2)
                .then(|| "is not refreshed when the time range changes".into())
        },
    )
}

pub(super) fn panel_datasource(dashboard: &Value) -> Vec<String> {
    each_panel(dashboard, |panel| {
        let sources = std::iter::once(panel).chain(list(panel, "/targets"));
        let mut uids = sources.map(|with| text(with, "/datasource/uid"));
        let other = uids.find(|uid| *uid != "${datasource}")?;
        Some(format!("asks {other:?} and not ${{datasource}}"))
    })
}

pub(super) fn panel_title_description(dashboard: &Value) -> Vec<String> {
    each_panel(dashboard, |panel| {
        let missing = ["/title", "/description"].map(|what| text(panel, what).is_empty());
        missing
            .contains(&true)
            .then(|| "lacks a title or a description".into())
    })
}

/// The linter is content with one unit in an override; here the default and every override must be one that exists.
pub(super) fn panel_units(dashboard: &Value) -> Vec<String> {
    each_panel(dashboard, |panel| {
        let overrides = list(panel, "/fieldConfig/overrides").iter();
        let properties = overrides.flat_map(|o| list(o, "/properties"));
        let units = properties
            .filter(|property| property["id"] == "unit")
            .map(|property| text(property, "/value"));
        let mut units = std::iter::once(text(panel, "/fieldConfig/defaults/unit")).chain(units);
        let wrong = units.find(|unit| !UNITS.contains(unit))?;
        Some(format!("{wrong:?} is no unit"))
    })
}

pub(super) fn panel_no_targets(dashboard: &Value) -> Vec<String> {
    each_panel(dashboard, |panel| {
        list(panel, "/targets")
            .is_empty()
            .then(|| "has no query".into())
    })
}

/// As far as can be told without Prometheus, which has the last word in `live`.
pub(super) fn target_promql(dashboard: &Value) -> Vec<String> {
    each_target(dashboard, |expr, _| match parts(expr) {
        Ok(found) if found.selectors.is_empty() => Some("asks for nothing".into()),
        Ok(_) => None,
        Err(why) => Some(why),
    })
}

pub(super) fn target_rate_interval(dashboard: &Value) -> Vec<String> {
    each_selector(dashboard, |found| {
        let rate = matches!(found.call.as_deref(), Some("rate" | "irate"));
        let range = found.range.as_deref();
        (rate && range != Some("$__rate_interval"))
            .then(|| format!("a rate over {range:?} and not $__rate_interval"))
    })
}

pub(super) fn target_label(dashboard: &Value, label: &str) -> Vec<String> {
    each_selector(dashboard, |found| {
        let wanted = (label.to_owned(), "=~".to_owned(), format!("${label}"));
        (!found.matchers.contains(&wanted))
            .then(|| format!("{} without {label}=~\"${label}\"", found.series))
    })
}

pub(super) fn target_counter_agg(dashboard: &Value) -> Vec<String> {
    each_selector(dashboard, |found| {
        let counts = ["_total", "_bucket", "_sum", "_count"];
        let counter = counts.iter().any(|suffix| found.series.ends_with(suffix));
        let call = found.call.as_deref();
        let rate = found.range.is_some() && matches!(call, Some("rate" | "irate" | "increase"));
        (counter && !rate).then(|| format!("the counter {} as it stands", found.series))
    })
}

pub(super) fn uneditable(dashboard: &Value) -> Vec<String> {
    (dashboard["editable"] != false)
        .then(|| "can be edited".into())
        .into_iter()
        .collect()
}

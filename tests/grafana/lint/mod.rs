//! The Prometheus rules of Grafana's dashboard-linter 0.2 under their names there, written anew from its source and held
//! for every type of panel, and the rules of our own. A dashboard is judged as it stands in the file.

#[cfg(test)]
mod broken;
mod linter;
mod own;

use serde_json::Value;

use crate::promql::{Found, parts};

/// A rule: what is wrong with a dashboard.
type Rule = fn(&Value) -> Vec<String>;

/// Every rule by name.
pub const RULES: [(&str, Rule); 29] = [
    ("template-datasource", linter::template_datasource),
    ("template-job", |d| linter::template(d, "job", "Job")),
    ("template-instance", |d| {
        linter::template(d, "instance", "Instance")
    }),
    ("template-label-promql", linter::template_label_promql),
    (
        "template-on-time-change-reload",
        linter::template_on_time_change_reload,
    ),
    ("panel-datasource", linter::panel_datasource),
    ("panel-title-description", linter::panel_title_description),
    ("panel-units", linter::panel_units),
    ("panel-no-targets", linter::panel_no_targets),
    ("target-promql", linter::target_promql),
    ("target-rate-interval", linter::target_rate_interval),
    ("target-job", |d| linter::target_label(d, "job")),
    ("target-instance", |d| linter::target_label(d, "instance")),
    ("target-counter-agg", linter::target_counter_agg),
    ("uneditable-dashboard", linter::uneditable),
    // Our own.
    ("template-vantage", |d| {
        linter::template(d, "vantage", "Vantage")
    }),
    ("template-platform", |d| {
        linter::template(d, "platform", "Platform")
    }),
    ("template-drills", own::template_drills),
    ("target-metric", own::target_metric),
    ("target-drills", own::target_drills),
    ("target-legend", own::target_legend),
    ("target-between", own::target_between),
    ("table-columns", own::table_columns),
    ("table-sorted", own::table_sorted),
    ("panel-unknown", own::panel_unknown),
    ("panel-words", own::panel_words),
    ("panel-ids", own::panel_ids),
    ("panel-grid", own::panel_grid),
    ("dashboard-frame", own::dashboard_frame),
];

/// Everything wrong with a dashboard, each with the name of the rule.
pub fn lint(dashboard: &Value) -> Vec<String> {
    let judged = RULES.iter().flat_map(|(name, rule)| {
        let found = rule(dashboard);
        found.into_iter().map(move |what| format!("{name}: {what}"))
    });
    judged.collect()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or("")
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn variables(dashboard: &Value) -> &[Value] {
    list(dashboard, "/templating/list")
}

/// Every panel, those inside of collapsed rows too, but no heading.
pub fn panels(dashboard: &Value) -> Vec<&Value> {
    let all = list(dashboard, "/panels").iter();
    let all = all.flat_map(|panel| std::iter::once(panel).chain(list(panel, "/panels")));
    all.filter(|panel| text(panel, "/type") != "row").collect()
}

/// Every query with its panel.
pub fn targets(dashboard: &Value) -> Vec<(&Value, &Value)> {
    let panels = panels(dashboard).into_iter();
    let each = panels.flat_map(|p| list(p, "/targets").iter().map(move |target| (p, target)));
    each.collect()
}

/// Complaints of those for which there is one.
fn each<'a, T: Copy + 'a>(
    items: impl IntoIterator<Item = T>,
    name: impl Fn(T) -> String,
    wrong: impl Fn(T) -> Option<String>,
) -> Vec<String> {
    let found = items.into_iter().filter_map(|item| {
        let what = wrong(item)?;
        Some(format!("{}: {what}", name(item)))
    });
    found.collect()
}

fn each_panel(dashboard: &Value, wrong: impl Fn(&Value) -> Option<String>) -> Vec<String> {
    let name = |panel: &Value| format!("panel {} {:?}", panel["id"], text(panel, "/title"));
    each(panels(dashboard), name, wrong)
}

fn each_target(dashboard: &Value, wrong: impl Fn(&str, &Value) -> Option<String>) -> Vec<String> {
    let name = |(panel, target): (&Value, &Value)| {
        format!("{:?} {}", text(panel, "/title"), text(target, "/refId"))
    };
    each(targets(dashboard), name, |(_, target)| {
        wrong(text(target, "/expr"), target)
    })
}

/// Complaints about selectors; a query that cannot be read is the matter of another rule.
fn each_selector(dashboard: &Value, wrong: impl Fn(&Found) -> Option<String>) -> Vec<String> {
    each_target(dashboard, |expr, _| {
        parts(expr).ok()?.selectors.iter().find_map(&wrong)
    })
}

/// The query of a variable: its text, and the series and label inside of `label_values`.
pub fn label_values(variable: &Value) -> Option<(String, String)> {
    let query = [text(variable, "/query/query"), text(variable, "/query")];
    let inside = query.concat();
    let inside = inside.strip_prefix("label_values(")?.strip_suffix(')')?;
    let (series, label) = inside.rsplit_once(',')?;
    Some((series.trim().to_owned(), label.trim().to_owned()))
}

/// The labels that a legend names.
pub fn legend_labels(legend: &str) -> Vec<&str> {
    let inside = legend.split("{{").skip(1);
    inside
        .filter_map(|rest| rest.split("}}").next())
        .map(str::trim)
        .collect()
}

//! The Prometheus rules of Grafana's dashboard-linter 0.2 under their names there, written anew from its source and held
//! for every type of panel, and the rules of our own. A dashboard is judged as it stands in the file.

use serde_json::Value;

use crate::names::family_of;
use crate::promql::{Found, parts};
use crate::units::UNITS;

/// A rule: what is wrong with a dashboard.
type Rule = fn(&Value) -> Vec<String>;

/// Every rule by name.
pub const RULES: [(&str, Rule); 23] = [
    ("template-datasource", template_datasource),
    ("template-job", |d| template(d, "job", "Job")),
    ("template-instance", |d| template(d, "instance", "Instance")),
    ("template-label-promql", template_label_promql),
    (
        "template-on-time-change-reload",
        template_on_time_change_reload,
    ),
    ("panel-datasource", panel_datasource),
    ("panel-title-description", panel_title_description),
    ("panel-units", panel_units),
    ("panel-no-targets", panel_no_targets),
    ("target-promql", target_promql),
    ("target-rate-interval", target_rate_interval),
    ("target-job", |d| target_label(d, "job")),
    ("target-instance", |d| target_label(d, "instance")),
    ("target-counter-agg", target_counter_agg),
    ("uneditable-dashboard", uneditable),
    // Our own.
    ("template-vantage", |d| template(d, "vantage", "Vantage")),
    ("template-platform", |d| template(d, "platform", "Platform")),
    ("target-metric", target_metric),
    ("target-legend", target_legend),
    ("panel-unknown", panel_unknown),
    ("panel-ids", panel_ids),
    ("panel-grid", panel_grid),
    ("dashboard-frame", dashboard_frame),
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

fn template_datasource(dashboard: &Value) -> Vec<String> {
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

fn template(dashboard: &Value, name: &str, label: &str) -> Vec<String> {
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

/// The query of a variable: its text, and the series and label inside of `label_values`.
pub fn label_values(variable: &Value) -> Option<(String, String)> {
    let query = [text(variable, "/query/query"), text(variable, "/query")];
    let inside = query.concat();
    let inside = inside.strip_prefix("label_values(")?.strip_suffix(')')?;
    let (series, label) = inside.rsplit_once(',')?;
    Some((series.trim().to_owned(), label.trim().to_owned()))
}

fn template_label_promql(dashboard: &Value) -> Vec<String> {
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

fn template_on_time_change_reload(dashboard: &Value) -> Vec<String> {
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

fn panel_datasource(dashboard: &Value) -> Vec<String> {
    each_panel(dashboard, |panel| {
        let sources = std::iter::once(panel).chain(list(panel, "/targets"));
        let mut uids = sources.map(|with| text(with, "/datasource/uid"));
        let other = uids.find(|uid| *uid != "${datasource}")?;
        Some(format!("asks {other:?} and not ${{datasource}}"))
    })
}

fn panel_title_description(dashboard: &Value) -> Vec<String> {
    each_panel(dashboard, |panel| {
        let missing = ["/title", "/description"].map(|what| text(panel, what).is_empty());
        missing
            .contains(&true)
            .then(|| "lacks a title or a description".into())
    })
}

/// The linter is content with one unit in an override; here the default and every override must be one that exists.
fn panel_units(dashboard: &Value) -> Vec<String> {
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

fn panel_no_targets(dashboard: &Value) -> Vec<String> {
    each_panel(dashboard, |panel| {
        list(panel, "/targets")
            .is_empty()
            .then(|| "has no query".into())
    })
}

/// As far as can be told without Prometheus, which has the last word in `live`.
fn target_promql(dashboard: &Value) -> Vec<String> {
    each_target(dashboard, |expr, _| match parts(expr) {
        Ok(found) if found.selectors.is_empty() => Some("asks for nothing".into()),
        Ok(_) => None,
        Err(why) => Some(why),
    })
}

fn target_rate_interval(dashboard: &Value) -> Vec<String> {
    each_selector(dashboard, |found| {
        let rate = matches!(found.call.as_deref(), Some("rate" | "irate"));
        let range = found.range.as_deref();
        (rate && range != Some("$__rate_interval"))
            .then(|| format!("a rate over {range:?} and not $__rate_interval"))
    })
}

fn target_label(dashboard: &Value, label: &str) -> Vec<String> {
    each_selector(dashboard, |found| {
        let wanted = (label.to_owned(), "=~".to_owned(), format!("${label}"));
        (!found.matchers.contains(&wanted))
            .then(|| format!("{} without {label}=~\"${label}\"", found.series))
    })
}

fn target_counter_agg(dashboard: &Value) -> Vec<String> {
    each_selector(dashboard, |found| {
        let counts = ["_total", "_bucket", "_sum", "_count"];
        let counter = counts.iter().any(|suffix| found.series.ends_with(suffix));
        let call = found.call.as_deref();
        let rate = found.range.is_some() && matches!(call, Some("rate" | "irate" | "increase"));
        (counter && !rate).then(|| format!("the counter {} as it stands", found.series))
    })
}

fn uneditable(dashboard: &Value) -> Vec<String> {
    (dashboard["editable"] != false)
        .then(|| "can be edited".into())
        .into_iter()
        .collect()
}

/// Metrics and the labels that they are selected by exist, and the variables limit whatever has their labels.
fn target_metric(dashboard: &Value) -> Vec<String> {
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

/// The labels that a legend names.
pub fn legend_labels(legend: &str) -> Vec<&str> {
    let inside = legend.split("{{").skip(1);
    inside
        .filter_map(|rest| rest.split("}}").next())
        .map(str::trim)
        .collect()
}

fn target_legend(dashboard: &Value) -> Vec<String> {
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

/// Unknown is never green: the ground is neutral, thresholds make nothing green, and where there is nothing it says so.
fn panel_unknown(dashboard: &Value) -> Vec<String> {
    each_panel(dashboard, |panel| {
        let defaults = &panel["fieldConfig"]["defaults"];
        if text(defaults, "/noValue").is_empty() {
            return Some("says nothing where there is no data".into());
        }
        let overrides = list(panel, "/fieldConfig/overrides").iter();
        let properties = overrides.flat_map(|o| list(o, "/properties"));
        let of = |id: &'static str| {
            let mut all = vec![&defaults[id]];
            let own = properties.clone().filter(move |p| p["id"] == id);
            all.extend(own.map(|property| &property["value"]));
            all
        };
        let thresholds = of("thresholds");
        let mut steps = thresholds.iter().flat_map(|all| list(all, "/steps"));
        let palette = text(defaults, "/color/mode").starts_with("palette");
        if !palette && defaults["color"]["mode"] != "thresholds" {
            return Some("is coloured by something else than mappings".into());
        }
        if steps.any(|step| text(step, "/color").contains("green")) {
            return Some("a threshold makes it green".into());
        }
        let all: Vec<&Value> = of("mappings")
            .into_iter()
            .flat_map(|m| list(m, ""))
            .collect();
        let mut green_nothing = all.iter().filter(|mapping| mapping["type"] == "special");
        if green_nothing.any(|mapping| text(mapping, "/options/result/color").contains("green")) {
            return Some("shows nothing in green".into());
        }
        let unknown = |shown: &Value| {
            text(shown, "/text") == "unknown" && text(shown, "/color").contains("green")
        };
        let values = all.iter().filter(|mapping| mapping["type"] == "value");
        let mut values = values
            .filter_map(|m| m["options"].as_object())
            .flat_map(|o| o.values());
        if values.any(unknown) {
            return Some("shows unknown in green".into());
        }
        let state = ["state-timeline", "status-history"].contains(&text(panel, "/type"));
        let silent = list(defaults, "/mappings")
            .iter()
            .all(|mapping| mapping["type"] != "special");
        (state && silent).then(|| "has no word for no value".into())
    })
}

fn panel_ids(dashboard: &Value) -> Vec<String> {
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
fn panel_grid(dashboard: &Value) -> Vec<String> {
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

fn dashboard_frame(dashboard: &Value) -> Vec<String> {
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

//! Every query of every dashboard against a real Prometheus that holds a drill's replay: of each recorded
//! outage, of a healthy time, and of one in which our own network was lost.

use serde_json::Value;

use crate::beside::STRANGER;
use crate::fixture::fixture;
use crate::lint::{label_values, legend_labels, panels};
use crate::prometheus::{Programs, Prometheus, Series};
use crate::variables::DRILLS;
use crate::{built, provisioning, support};

/// Panels that have nothing to show while all is well.
const QUIET: [&str; 3] = [
    "Open incidents",
    "Incidents in this time range",
    "Errors each minute, by reason",
];

/// A query as Grafana would send it.
pub struct Ask<'a> {
    pub dashboard: &'static str,
    pub panel: &'a Value,
    pub target: &'a Value,
    expr: String,
    /// Seconds between points.
    step: u64,
}

impl Ask<'_> {
    fn name(&self) -> String {
        let (title, id) = (&self.panel["title"], &self.target["refId"]);
        format!("{} {title} {id}: {}", self.dashboard, self.expr)
    }

    /// Asked by somebody who looks at this moment.
    pub async fn at(&self, prometheus: &Prometheus, now: u64) -> Result<Vec<Series>, String> {
        if self.target["instant"] == true {
            return prometheus.query(&self.expr, now).await;
        }
        let steps = (now - prometheus.span.0).div_ceil(self.step);
        let start = now - steps * self.step;
        prometheus
            .query_range(&self.expr, (start, now), self.step)
            .await
    }
}

/// Variables as Grafana fills them in for the provisioned data source, all of everything chosen.
fn filled(expr: &str, step: u64, range: u64) -> String {
    let all = ["job", "instance", "vantage", "platform"];
    let filled = all.iter().fold(expr.to_owned(), |expr, name| {
        expr.replace(&format!("\"${name}\""), "\".+\"")
    });
    let scraped = provisioning::scraped();
    let filled = filled
        .replace(
            "$__rate_interval",
            &format!("{}s", (step + scraped).max(4 * scraped)),
        )
        .replace("$__interval", &format!("{step}s"))
        .replace("$__range", &format!("{range}s"))
        .replace("$objective", "99.9")
        .replace("$drills", DRILLS[0].1);
    assert!(!filled.contains('$'), "{filled}");
    filled
}

fn seconds(interval: &str) -> u64 {
    humantime::parse_duration(interval).unwrap().as_secs()
}

pub fn asks<'a>(dashboards: &'a [(&'static str, Value)], prometheus: &Prometheus) -> Vec<Ask<'a>> {
    let range = prometheus.span.1 - prometheus.span.0;
    let mut all = Vec::new();
    for (dashboard, json) in dashboards {
        for panel in panels(json) {
            for target in panel["targets"].as_array().unwrap() {
                let step = seconds(panel["interval"].as_str().unwrap());
                let expr = filled(target["expr"].as_str().unwrap(), step, range);
                all.push(Ask {
                    dashboard,
                    panel,
                    target,
                    expr,
                    step,
                });
            }
        }
    }
    all
}

/// What is wrong with the series of a query that was answered.
fn complaint(ask: &Ask<'_>, series: &[Series], quiet: bool) -> Option<String> {
    let title = ask.panel["title"].as_str().unwrap();
    let some = series
        .iter()
        .any(|one| one.values.iter().any(|value| value.is_finite()));
    let may_be_empty = quiet && QUIET.contains(&title);
    if !some && !may_be_empty {
        return Some("has no data".into());
    }
    let strange = |one: &Series| one.label("instance") == STRANGER.1;
    if series.iter().any(strange) {
        return Some("shows another program".into());
    }
    let legend = ask.target["legendFormat"].as_str().unwrap();
    let bare = legend_labels(legend)
        .into_iter()
        .find(|label| series.iter().any(|one| one.label(label).is_empty()));
    bare.map(|label| format!("has series without the label {label} of the legend"))
}

/// The columns that a table names are labels of its queries.
fn columns(ask: &Ask<'_>, series: &[Series]) -> Option<String> {
    if ask.target["format"] != "table" || series.is_empty() {
        return None;
    }
    let overrides = ask.panel["fieldConfig"]["overrides"].as_array().unwrap();
    let named = overrides
        .iter()
        .filter_map(|o| o["matcher"]["options"].as_str());
    let mut labels = named.filter(|name| !name.starts_with("Value"));
    let none = labels.find(|label| series.iter().all(|one| one.label(label).is_empty()));
    none.map(|label| format!("has no column {label}"))
}

/// None, and a note, where Prometheus's programs are missing.
pub fn programs() -> Option<Programs> {
    let found = Programs::find();
    if found.is_none() {
        support::skipped(
            "no prometheus and promtool here to ask the dashboards' queries; tests/run provides them",
        );
    }
    found
}

/// Starts Prometheus with the replay of a scenario; none, and a note, where there is no Prometheus.
async fn prometheus(scenario: &str) -> Option<Prometheus> {
    let programs = programs()?;
    Some(Prometheus::with(&programs, fixture(scenario).await).await)
}

/// A moment at which a query was true: the middle one.
async fn moment(prometheus: &Prometheus, expr: &str) -> u64 {
    let (start, end) = prometheus.span;
    let mut times = Vec::new();
    for at in (start..=end).step_by(60) {
        if !prometheus.query(expr, at).await.unwrap().is_empty() {
            times.push(at);
        }
    }
    assert!(!times.is_empty(), "never: {expr}");
    times[times.len() / 2]
}

/// Every query answered at a moment, without a remark of Prometheus; those about which there is a complaint.
async fn complaints(prometheus: &Prometheus, now: u64, quiet: bool) -> Vec<String> {
    let dashboards = built();
    let mut found = Vec::new();
    for ask in asks(&dashboards, prometheus) {
        let wrong = match ask.at(prometheus, now).await {
            Ok(series) => complaint(&ask, &series, quiet).or_else(|| columns(&ask, &series)),
            Err(why) => Some(why),
        };
        found.extend(wrong.map(|wrong| format!("{}\n  {wrong}", ask.name())));
    }
    found.extend(empty_variables(&dashboards, prometheus).await);
    found
}

async fn empty_variables(dashboards: &[(&str, Value)], prometheus: &Prometheus) -> Vec<String> {
    let offered = offered(dashboards, prometheus).await;
    let empty = offered.into_iter().filter(|(_, values)| values.is_empty());
    empty.map(|(name, _)| format!("{name} is empty")).collect()
}

/// The values of every variable that is asked for.
pub async fn offered(
    dashboards: &[(&str, Value)],
    prometheus: &Prometheus,
) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for (dashboard, json) in dashboards {
        for variable in json["templating"]["list"].as_array().unwrap() {
            if let Some((series, label)) = label_values(variable) {
                let series = filled(&series, 60, 60);
                let values = prometheus.label_values(&series, &label).await;
                found.push((format!("{dashboard} ${label}"), values.unwrap()));
            }
        }
    }
    found
}

/// The last value of each series, of every query whose panel shows verdicts on what `family` tells of.
async fn verdicts(prometheus: &Prometheus, family: &str, now: u64) -> Vec<(String, String, f64)> {
    let dashboards = built();
    let mut found = Vec::new();
    let shows = |ask: &&Ask<'_>| {
        let expr = ask.target["expr"].as_str().unwrap();
        expr.starts_with("max by") && expr.contains(&format!("{family}{{"))
    };
    for ask in asks(&dashboards, prometheus).iter().filter(shows) {
        for series in ask.at(prometheus, now).await.unwrap() {
            let platform = series.label("platform").to_owned();
            found.push((ask.name(), platform, series.last()));
        }
    }
    assert!(found.len() >= 4, "panels of {family}: {}", found.len());
    found
}

/// Every verdict that is shown, of platforms and components, is this one.
async fn all_are(prometheus: &Prometheus, verdict: f64, now: u64) {
    for family in ["platform_state", "platform_component_state"] {
        for (panel, platform, value) in verdicts(prometheus, family, now).await {
            assert_eq!(value, verdict, "{platform} in {panel}");
        }
    }
}

const UNKNOWN: f64 = 0.0;
const UP: f64 = 2.0;
const DEGRADED: f64 = 3.0;
const DOWN: f64 = 4.0;

/// A recorded outage: in its middle every query has data, and every platform is shown as what it was; all but those named
/// were up.
async fn outage(scenario: &str, down: &[&str], degraded: &[&str]) {
    let Some(prometheus) = prometheus(scenario).await else {
        return;
    };
    let fallen = format!(
        "platform_state{{platform=\"{}\", state=\"down\"}} == 1",
        down[0]
    );
    let now = moment(&prometheus, &fallen).await;
    let found = complaints(&prometheus, now, false).await;
    assert!(found.is_empty(), "{}", found.join("\n"));
    for (panel, platform, value) in verdicts(&prometheus, "platform_state", now).await {
        let right = match &*platform {
            platform if down.contains(&platform) => DOWN,
            platform if degraded.contains(&platform) => DEGRADED,
            _ => UP,
        };
        assert_eq!(value, right, "{platform} in {panel}");
    }
}

#[tokio::test]
async fn the_outage_of_5_march_2024() {
    outage(
        "meta-2024-03-05",
        &["facebook", "messenger", "instagram", "threads"],
        &["whatsapp_business"],
    )
    .await;
}

#[tokio::test]
async fn the_outage_of_3_april_2024() {
    outage("whatsapp-2024-04-03", &["whatsapp"], &["instagram"]).await;
}

#[tokio::test]
async fn the_outage_of_28_december_2022() {
    outage("x-2022-12-28", &["x"], &[]).await;
}

#[tokio::test]
async fn all_is_well() {
    let Some(prometheus) = prometheus("./healthy.yaml").await else {
        return;
    };
    let now = prometheus.span.1;
    let found = complaints(&prometheus, now, true).await;
    assert!(found.is_empty(), "{}", found.join("\n"));
    all_are(&prometheus, UP, now).await;
    no_gaps(&prometheus).await;
}

/// Grafana's `$__rate_interval` holds two scrapes of a drill's replay wherever it begins.
async fn no_gaps(prometheus: &Prometheus) {
    let dashboards = built();
    let rates = |ask: &&Ask<'_>| {
        let expr = ask.target["expr"].as_str().unwrap();
        let quiet = QUIET.contains(&ask.panel["title"].as_str().unwrap());
        expr.contains("$__rate_interval") && ask.target["instant"] != true && !quiet
    };
    let (first, last) = prometheus.span;
    let mut looked_at = 0;
    for ask in asks(&dashboards, prometheus).iter().filter(rates) {
        let series = ask.at(prometheus, last).await.unwrap();
        let points = series.iter().map(|one| one.values.len()).max().unwrap();
        // Before the second scrape there is no rate.
        let steps = (last - first) / ask.step - 2;
        assert!(points as u64 >= steps, "{}: {points}", ask.name());
        looked_at += 1;
    }
    assert!(looked_at >= 8, "{looked_at}");
}

/// Panels of which a lost vantage must take nothing.
const AVAILABILITY: [&str; 4] = [
    "Availability by the hour",
    "Last 30 days",
    "Day by day",
    "Weakest components of 30 days",
];

/// Panels that have nothing to say while our own network is lost: what still answers says nothing of platforms.
const BLIND: [(&str, &str); 3] = [
    ("Failing probes", "A"),
    ("Latency, p95", "A"),
    ("Latency by component, p95", "A"),
];

/// Our own network is lost: every state is unknown and nothing is down, then and afterwards.
#[tokio::test]
async fn a_lost_vantage_is_unknown_and_nobodys_outage() {
    let Some(prometheus) = prometheus("nat-gateway").await else {
        return;
    };
    let lost = moment(&prometheus, "platform_vantage_up == 0").await;
    all_are(&prometheus, UNKNOWN, lost).await;
    let dashboards = built();
    let (mut looked_at, mut verdicts, mut blind) = (0, 0, 0);
    for ask in asks(&dashboards, &prometheus) {
        let title = ask.panel["title"].as_str().unwrap();
        if BLIND.contains(&(title, ask.target["refId"].as_str().unwrap())) {
            let then = prometheus.query(&ask.expr, lost).await.unwrap();
            assert!(then.is_empty(), "{}: {then:?}", ask.name());
            blind += 1;
        }
        for now in [lost, prometheus.span.1] {
            let series = ask.at(&prometheus, now).await;
            let series = series.unwrap_or_else(|why| panic!("{}: {why}", ask.name()));
            assert!(title != "Open incidents" || series.is_empty(), "{series:?}");
            if ask.expr.starts_with("max by") && ask.expr.contains("_state{") {
                let values = series.iter().flat_map(|one| &one.values);
                let down = values.filter(|value| **value == DOWN).count();
                assert_eq!(down, 0, "{}: {series:?}", ask.name());
                verdicts += 1;
            }
            if AVAILABILITY.contains(&title) {
                let values = series.iter().flat_map(|one| &one.values);
                assert!(
                    values.copied().all(|value| value == 1.0),
                    "{}: {series:?}",
                    ask.name()
                );
                looked_at += series.len();
            }
        }
    }
    assert!(looked_at > 20 && verdicts > 8, "{looked_at} {verdicts}");
    assert_eq!(blind, BLIND.len());
}

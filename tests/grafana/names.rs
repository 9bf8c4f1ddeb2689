//! Every metric name that a dashboard may use, with its labels, and selectors made of them.
//!
//! What the exporter exports is taken from its own table, so that a metric that is renamed there stops the build of the
//! dashboards. The rest is listed here: the process's, Prometheus's own about a scrape, those recorded by our rules, and
//! those that the exporter does not fill yet.

use std::fmt;

use platform_exporter::metrics::FAMILIES;

/// Where a metric comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The exporter's table.
    Exporter,
    /// The exporter's process.
    Process,
    /// Prometheus writes it at each scrape.
    Prometheus,
    /// A recording rule.
    Recorded,
    /// Not exported yet: its panels are silent until it is.
    Planned,
}

/// A metric that may be used.
#[derive(Clone, Debug)]
pub struct Known {
    pub name: &'static str,
    /// The word after `# TYPE`.
    pub kind: &'static str,
    /// All but `job` and `instance`, which Prometheus adds to every series.
    pub labels: Vec<&'static str>,
    pub source: Source,
}

const SCRAPE: [&str; 3] = ["up", "scrape_duration_seconds", "scrape_samples_scraped"];

const PROCESS: [(&str, &str); 5] = [
    ("process_cpu_seconds_total", "counter"),
    ("process_resident_memory_bytes", "gauge"),
    ("process_open_fds", "gauge"),
    ("process_max_fds", "gauge"),
    ("process_start_time_seconds", "gauge"),
];

/// Time in each state during the last hour, recorded hourly for questions about a year.
pub const RECORDED_HOUR: &str = "platform:state_seconds:increase1h";

/// Up to here the number of users' reports is normal, by the same hour of the last four weeks.
pub const RECORDED_TOP: &str = "platform:reports:top";

const PLANNED: [(&str, &str, &[&str]); 5] = [
    (
        "platform_official_state",
        "gauge",
        &["platform", "component", "state"],
    ),
    (
        "platform_official_last_success_timestamp_seconds",
        "gauge",
        &["platform"],
    ),
    (
        "platform_reports_total",
        "counter",
        &["platform", "country", "symptom", "source"],
    ),
    (
        "platform_reports_recent",
        "gauge",
        &["platform", "country", "source"],
    ),
    (
        "platform_reports_baseline",
        "gauge",
        &["platform", "country", "source"],
    ),
];

/// Everything that may be used.
pub fn known() -> Vec<Known> {
    let make = |name, kind, labels: &[&'static str], source| Known {
        name,
        kind,
        labels: labels.to_vec(),
        source,
    };
    let with_vantage = |labels: &[&'static str]| [&["vantage"], labels].concat();
    let exported = FAMILIES.iter().map(|family| {
        let labels = with_vantage(family.labels);
        make(family.name, family.kind.label(), &labels, Source::Exporter)
    });
    let planned = PLANNED
        .iter()
        .map(|(name, kind, labels)| make(name, kind, &with_vantage(labels), Source::Planned));
    let process = PROCESS
        .iter()
        .map(|(name, kind)| make(name, kind, &[], Source::Process));
    let scrape = SCRAPE
        .iter()
        .map(|name| make(name, "gauge", &[], Source::Prometheus));
    let hour = with_vantage(&["platform", "state"]);
    let top = with_vantage(&["platform", "country", "source"]);
    let recorded = [
        make(RECORDED_HOUR, "gauge", &hour, Source::Recorded),
        make(RECORDED_TOP, "gauge", &top, Source::Recorded),
    ];
    // A planned metric that the table has by now is the table's.
    let mut all: Vec<Known> = exported.collect();
    all.extend(
        planned.filter(|planned| !FAMILIES.iter().any(|family| family.name == planned.name)),
    );
    all.extend(process.chain(scrape).chain(recorded));
    all
}

/// The metric that a series of this name belongs to: the series of a histogram have names of their own.
pub fn family_of(series: &str) -> Option<Known> {
    let all = known();
    let exact = all.iter().find(|known| known.name == series);
    exact.cloned().or_else(|| {
        let (base, label) = [("_bucket", Some("le")), ("_sum", None), ("_count", None)]
            .iter()
            .find_map(|(suffix, label)| Some((series.strip_suffix(suffix)?, *label)))?;
        let histogram = |known: &&Known| known.name == base && known.kind == "histogram";
        let mut family = all.iter().find(histogram)?.clone();
        family.labels.extend(label);
        Some(family)
    })
}

/// A selector of one metric, limited by the dashboard's variables as far as the metric has their labels.
#[derive(Clone, Debug)]
pub struct Selector {
    family: Known,
    series: String,
    matchers: Vec<String>,
}

/// Selects a metric.
///
/// # Panics
/// Where there is no such metric: the dashboards cannot be built with a name that nobody writes.
pub fn of(series: &str) -> Selector {
    let family = family_of(series).unwrap_or_else(|| panic!("there is no metric {series}"));
    let mut matchers = vec![variable("job"), variable("instance")];
    let limited = ["vantage", "platform"].iter();
    matchers.extend(
        limited
            .filter(|label| family.labels.contains(label))
            .map(|label| variable(label)),
    );
    matchers.push(NO_DRILL.to_owned());
    Selector {
        family,
        series: series.to_owned(),
        matchers,
    }
}

/// Leaves out drills, unless the variable says that they are shown.
pub const NO_DRILL: &str = r#"job!="$drills""#;

fn variable(label: &str) -> String {
    format!("{label}=~\"${label}\"")
}

impl Selector {
    /// With a further matcher, such as `state="down"`.
    pub fn with(mut self, matcher: &str) -> Self {
        let label = matcher.split(['=', '!']).next().unwrap_or_default();
        assert!(
            self.family.labels.contains(&label),
            "{} has no label {label}",
            self.series
        );
        self.matchers.push(matcher.to_owned());
        self
    }

    /// Drills too, whatever the variable says.
    pub fn even_of_drills(mut self) -> Self {
        self.matchers.retain(|matcher| matcher != NO_DRILL);
        self
    }

    /// Over a range of time, such as `$__rate_interval`.
    pub fn over(&self, range: &str) -> String {
        format!("{self}[{range}]")
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{{{}}}", self.series, self.matchers.join(", "))
    }
}

#[test]
fn a_renamed_metric_stops_the_build_of_the_dashboards() {
    assert!(std::panic::catch_unwind(|| of("platform_upp")).is_err());
    assert!(std::panic::catch_unwind(|| of("platform_up").with("reason=\"x\"")).is_err());
    let bucket = of("platform_probe_duration_seconds_bucket").with("le=\"+Inf\"");
    assert_eq!(
        bucket.over("5m"),
        "platform_probe_duration_seconds_bucket{job=~\"$job\", instance=~\"$instance\", vantage=~\"$vantage\", platform=~\"$platform\", job!=\"$drills\", le=\"+Inf\"}[5m]"
    );
}

/// The process's metrics are not in the table: they are looked for on a page.
#[test]
fn the_process_has_the_metrics_that_are_used() {
    use platform_exporter::metrics::{Format, Own, Page, Store};
    use platform_exporter::state::State;
    use platform_exporter::time::Time;
    let report = State::new(&[], Time::from_millis(1)).report(Time::from_millis(1));
    let store = std::sync::Arc::new(Store::new("v", &[]));
    let mut page = Page::new(store, report, &Own::new(), Format::Text);
    let text: Vec<u8> = std::iter::from_fn(|| page.next_piece()).flatten().collect();
    let text = String::from_utf8(text).unwrap();
    for (name, kind) in PROCESS {
        assert!(text.contains(&format!("# TYPE {name} {kind}\n")), "{name}");
    }
}

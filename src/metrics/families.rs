//! Every metric family in one table: name, type, labels, help, and what fills it. README's reference is made from it.
//!
//! To add a metric is to add a row. The page has the families in this order.

use std::time::Duration;

use super::emit::{Emit, Number};
use super::store::{Entry, Tally};
use crate::config::Depth;
use crate::probe::failure::Class;
use crate::probe::observation::Phase;
use crate::state::Verdict;
use crate::state::report::{ComponentReport, PlatformReport, Report};

/// The types of families that are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Goes up and down.
    Gauge,
    /// Only grows; its name ends in `_total`.
    Counter,
    /// Durations in buckets.
    Histogram,
}

impl Kind {
    /// The word after `# TYPE`.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Histogram => "histogram",
        }
    }
}

/// Where a family's series come from: one call for each item.
#[derive(Clone, Copy)]
pub enum Fill {
    /// The report as a whole.
    Vantage(fn(&Report, &mut dyn Emit)),
    /// Each platform of the report.
    Platform(fn(&PlatformReport, &mut dyn Emit)),
    /// Each component of the report.
    Component(fn(&ComponentReport, &mut dyn Emit)),
    /// Each check of the store.
    Check(fn(&Entry, &Tally, &mut dyn Emit)),
    /// The last result of each control.
    Control,
    /// The registry of [`super::Own`].
    Own,
    /// The number of samples on the page, known when all others are written.
    Series,
}

/// A family of metrics.
pub struct Family {
    /// As samples carry it.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Besides `vantage`, which every family here has.
    pub labels: &'static [&'static str],
    /// What it means.
    pub help: &'static str,
    /// What writes its series.
    pub fill: Fill,
}

const PLATFORM: &[&str] = &["platform"];
const PLATFORM_STATE: &[&str] = &["platform", "state"];
const COMPONENT: &[&str] = &["platform", "component"];
const COMPONENT_STATE: &[&str] = &["platform", "component", "state"];
const CHECK: &[&str] = &["platform", "component", "check"];

/// The table.
pub static FAMILIES: &[Family] = &[
    Family {
        name: "platform_up",
        kind: Kind::Gauge,
        labels: PLATFORM,
        help: "1 while the platform is up or degraded, 0 while it is down; absent while it is unknown or blocked.",
        fill: Fill::Platform(|platform, emit| up(platform.verdict, emit)),
    },
    Family {
        name: "platform_state",
        kind: Kind::Gauge,
        labels: PLATFORM_STATE,
        help: "1 for the state the platform is in (up, degraded, down, blocked, unknown), 0 for the others.",
        fill: Fill::Platform(|platform, emit| state(platform.verdict, emit)),
    },
    Family {
        name: "platform_component_up",
        kind: Kind::Gauge,
        labels: COMPONENT,
        help: "1 while the component is up or degraded, 0 while it is down; absent while it is unknown or blocked.",
        fill: Fill::Component(|component, emit| up(component.verdict, emit)),
    },
    Family {
        name: "platform_component_state",
        kind: Kind::Gauge,
        labels: COMPONENT_STATE,
        help: "1 for the state the component is in (up, degraded, down, blocked, unknown), 0 for the others.",
        fill: Fill::Component(|component, emit| state(component.verdict, emit)),
    },
    Family {
        name: "platform_component_reason",
        kind: Kind::Gauge,
        labels: &["platform", "component", "reason"],
        help: "1 for each reason that decides a verdict other than up; absent while the component is up.",
        fill: Fill::Component(reasons),
    },
    Family {
        name: "platform_state_seconds_total",
        kind: Kind::Counter,
        labels: PLATFORM_STATE,
        help: "Time the platform has spent in each state; availability is (up + degraded) / (up + degraded + down).",
        fill: Fill::Platform(|platform, emit| spent(&platform.spent, emit)),
    },
    Family {
        name: "platform_component_state_seconds_total",
        kind: Kind::Counter,
        labels: COMPONENT_STATE,
        help: "Time the component has spent in each state.",
        fill: Fill::Component(|component, emit| spent(&component.spent, emit)),
    },
    Family {
        name: "platform_state_since_timestamp_seconds",
        kind: Kind::Gauge,
        labels: PLATFORM,
        help: "Since when the platform is in its state.",
        fill: Fill::Platform(|platform, emit| emit.value(&[], Number::Time(platform.since))),
    },
    Family {
        name: "platform_depth",
        kind: Kind::Gauge,
        labels: &["platform", "depth"],
        help: "1 for the deepest depth that is ok now (edge < parser < app < session < content), what an up rests on; \
               one series, absent while nothing is ok.",
        fill: Fill::Platform(depth),
    },
    Family {
        name: "platform_info",
        kind: Kind::Gauge,
        labels: &["platform", "title", "operator", "team", "page"],
        help: "Always 1. operator groups the platforms that fall together; page is true where a fall should wake someone.",
        fill: Fill::Platform(platform_info),
    },
    Family {
        name: "platform_incident_open",
        kind: Kind::Gauge,
        labels: &["platform", "level"],
        help: "Whether an incident is open at each level (degraded, down); stays 1 while blocked or unknown suspend it.",
        fill: Fill::Platform(|platform, emit| {
            emit.value(
                &[level(Verdict::Degraded)],
                platform.incident_degraded.into(),
            );
            emit.value(&[level(Verdict::Down)], platform.incident_down.into());
        }),
    },
    Family {
        name: "platform_incident_start_timestamp_seconds",
        kind: Kind::Gauge,
        labels: COMPONENT,
        help: "Start of the component's open incident: the first bad run of the streak that opened it. Absent when none is open.",
        fill: Fill::Component(|component, emit| {
            let start = component.incident.as_ref().map(|incident| incident.start);
            some(start.map(Number::Time), emit);
        }),
    },
    Family {
        name: "platform_incidents_total",
        kind: Kind::Counter,
        labels: &["platform", "component", "level"],
        help: "Incidents begun, by level (degraded, down).",
        fill: Fill::Component(|component, emit| {
            let [degraded, down] = component.incidents_begun;
            emit.value(&[level(Verdict::Degraded)], Number::Int(degraded));
            emit.value(&[level(Verdict::Down)], Number::Int(down));
        }),
    },
    Family {
        name: "platform_probe_success",
        kind: Kind::Gauge,
        labels: CHECK,
        help: "The last raw result: 1 ok, 0 degraded or fail; absent when it was blocked or local.",
        fill: Fill::Check(|_, tally, emit| {
            if let Some(success) = tally.success {
                emit.value(&[], success.into());
            }
        }),
    },
    Family {
        name: "platform_probe_results_total",
        kind: Kind::Counter,
        labels: &["platform", "component", "check", "class"],
        help: "Runs by class: ok, degraded, fail (theirs), blocked (they refuse us), local (ours).",
        fill: Fill::Check(|_, tally, emit| {
            for (class, count) in Class::ALL.into_iter().zip(tally.results) {
                emit.value(&[("class", class.label())], Number::Int(count));
            }
        }),
    },
    Family {
        name: "platform_probe_errors_total",
        kind: Kind::Counter,
        labels: &["platform", "component", "check", "class", "reason"],
        help: "Runs that were not ok, by class and reason; a series appears when its reason is first seen.",
        fill: Fill::Check(|_, tally, emit| {
            for (class, reason, count) in &tally.errors {
                emit.value(
                    &[("class", class.label()), ("reason", reason.label())],
                    Number::Int(*count),
                );
            }
        }),
    },
    Family {
        name: "platform_probe_duration_seconds",
        kind: Kind::Histogram,
        labels: CHECK,
        help: "Duration of whole runs, ok runs only.",
        fill: Fill::Check(|_, tally, emit| emit.histogram(&[], &tally.duration)),
    },
    Family {
        name: "platform_probe_phase_duration_seconds",
        kind: Kind::Histogram,
        labels: &["platform", "component", "check", "phase"],
        help: "Duration of the parts of ok runs (resolve, connect, tls, processing, transfer); those of a run add up to it. Absent before the first one.",
        fill: Fill::Check(phases),
    },
    Family {
        name: "platform_probe_proven",
        kind: Kind::Gauge,
        labels: CHECK,
        help: "1 once the check has been ok here, or needs no proof; before that its mismatches do not count.",
        fill: Fill::Component(|component, emit| {
            for check in &component.checks {
                emit.value(&[("check", &check.name)], check.proven.into());
            }
        }),
    },
    Family {
        name: "platform_probe_last_run_timestamp_seconds",
        kind: Kind::Gauge,
        labels: CHECK,
        help: "End of the last run.",
        fill: Fill::Check(|_, tally, emit| some(tally.last_run.map(Number::Time), emit)),
    },
    Family {
        name: "platform_probe_next_run_timestamp_seconds",
        kind: Kind::Gauge,
        labels: CHECK,
        help: "Planned start of the next run; staleness counts from it.",
        fill: Fill::Check(|_, tally, emit| some(tally.next_run.map(Number::Time), emit)),
    },
    Family {
        name: "platform_probe_http_status_code",
        kind: Kind::Gauge,
        labels: CHECK,
        help: "HTTP status of the last run; absent when that run had no answer.",
        fill: Fill::Check(|_, tally, emit| {
            if let Some(status) = tally.status {
                emit.value(&[], Number::Int(status.into()));
            }
        }),
    },
    Family {
        name: "platform_probe_tls_not_after_timestamp_seconds",
        kind: Kind::Gauge,
        labels: CHECK,
        help: "End of validity of the last leaf certificate seen, also when its verification failed.",
        fill: Fill::Check(|_, tally, emit| {
            some(tally.validity.map(|(_, end)| Number::date(end)), emit)
        }),
    },
    Family {
        name: "platform_probe_tls_not_before_timestamp_seconds",
        kind: Kind::Gauge,
        labels: CHECK,
        help: "Start of validity of the last leaf certificate seen, also when its verification failed.",
        fill: Fill::Check(|_, tally, emit| {
            some(tally.validity.map(|(start, _)| Number::date(start)), emit)
        }),
    },
    Family {
        name: "platform_probe_info",
        kind: Kind::Gauge,
        labels: &["platform", "component", "check", "kind", "target", "depth"],
        help: "Always 1. What is probed and how: target without user info and query; depth that an ok answer proves.",
        fill: Fill::Check(|entry, _, emit| {
            let labels = [
                ("kind", entry.kind),
                ("target", entry.target.as_str()),
                ("depth", entry.depth.label()),
            ];
            emit.value(&labels, Number::Int(1));
        }),
    },
    Family {
        name: "platform_vantage_up",
        kind: Kind::Gauge,
        labels: &[],
        help: "1 while our own network is proven; while it is 0 every state is unknown.",
        fill: Fill::Vantage(|report, emit| emit.value(&[], report.vantage_up.into())),
    },
    Family {
        name: "platform_control_success",
        kind: Kind::Gauge,
        labels: &["control"],
        help: "Last raw result of each control, the targets that prove our own network.",
        fill: Fill::Control,
    },
    BUILD_INFO,
    RELOAD_SUCCESSFUL,
    RELOAD_TIMESTAMP,
    IN_FLIGHT,
    LAG,
    MISSED,
    DRILL,
    Family {
        name: "platform_exporter_series",
        kind: Kind::Gauge,
        labels: &[],
        help: "Samples on this page.",
        fill: Fill::Series,
    },
];

pub(super) const BUILD_INFO: Family = Family {
    name: "platform_exporter_build_info",
    kind: Kind::Gauge,
    labels: &["version"],
    help: "Always 1. The version of the exporter.",
    fill: Fill::Own,
};
pub(super) const RELOAD_SUCCESSFUL: Family = Family {
    name: "platform_exporter_config_last_reload_successful",
    kind: Kind::Gauge,
    labels: &[],
    help: "Whether the last attempt to read the configuration succeeded; after a failure the former one stays in force.",
    fill: Fill::Own,
};
pub(super) const RELOAD_TIMESTAMP: Family = Family {
    name: "platform_exporter_config_last_reload_success_timestamp_seconds",
    kind: Kind::Gauge,
    labels: &[],
    help: "When the configuration in force was read.",
    fill: Fill::Own,
};
pub(super) const IN_FLIGHT: Family = Family {
    name: "platform_exporter_probes_in_flight",
    kind: Kind::Gauge,
    labels: &[],
    help: "Runs in progress.",
    fill: Fill::Own,
};
pub(super) const LAG: Family = Family {
    name: "platform_exporter_schedule_lag_seconds",
    kind: Kind::Histogram,
    labels: &[],
    help: "How late runs started.",
    fill: Fill::Own,
};
pub(super) const MISSED: Family = Family {
    name: "platform_exporter_probes_missed_total",
    kind: Kind::Counter,
    labels: &[],
    help: "Planned runs that were left out because the exporter was late or the run before had not ended.",
    fill: Fill::Own,
};
pub(super) const DRILL: Family = Family {
    name: "platform_exporter_drill",
    kind: Kind::Gauge,
    labels: &[],
    help: "1 in a drill, where everything shown is simulated.",
    fill: Fill::Own,
};

fn up(verdict: Verdict, emit: &mut dyn Emit) {
    match verdict {
        Verdict::Up | Verdict::Degraded => emit.value(&[], Number::Int(1)),
        Verdict::Down => emit.value(&[], Number::Int(0)),
        Verdict::Blocked | Verdict::Unknown => {}
    }
}

fn state(verdict: Verdict, emit: &mut dyn Emit) {
    for state in Verdict::ALL {
        emit.value(&[("state", state.label())], (state == verdict).into());
    }
}

fn reasons(component: &ComponentReport, emit: &mut dyn Emit) {
    if component.verdict != Verdict::Up {
        for reason in &component.reasons {
            emit.value(&[("reason", reason.label())], Number::Int(1));
        }
    }
}

fn spent(spent: &[Duration; 5], emit: &mut dyn Emit) {
    for (state, spent) in Verdict::ALL.into_iter().zip(spent) {
        let millis = u64::try_from(spent.as_millis()).unwrap_or(u64::MAX);
        emit.value(&[("state", state.label())], Number::Millis(millis));
    }
}

fn depth(platform: &PlatformReport, emit: &mut dyn Emit) {
    if let Some(depth) = platform.depth.map(Depth::label) {
        emit.value(&[("depth", depth)], Number::Int(1));
    }
}

fn platform_info(platform: &PlatformReport, emit: &mut dyn Emit) {
    let labels = [
        ("title", platform.title.as_str()),
        ("operator", &platform.operator),
        ("team", &platform.team),
        ("page", if platform.page { "true" } else { "false" }),
    ];
    emit.value(&labels, Number::Int(1));
}

/// Series that would only be zeros are left out: of a thousand targets that hang they would be most of the page.
fn phases(entry: &Entry, tally: &Tally, emit: &mut dyn Emit) {
    if tally.duration.is_empty() {
        return;
    }
    for (phase, histogram) in Phase::ALL.into_iter().zip(&tally.phases) {
        if entry.phases.contains(&phase) {
            emit.histogram(&[("phase", phase.label())], histogram);
        }
    }
}

const fn level(level: Verdict) -> (&'static str, &'static str) {
    ("level", level.label())
}

fn some(value: Option<Number>, emit: &mut dyn Emit) {
    if let Some(value) = value {
        emit.value(&[], value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_follow_the_naming_rules() {
        let mut names: Vec<_> = FAMILIES.iter().map(|family| family.name).collect();
        names.sort_unstable();
        assert!(
            names.is_sorted_by(|a, b| a < b),
            "a name occurs twice: {names:?}"
        );
        for family in FAMILIES {
            assert!(family.name.starts_with("platform_"), "{}", family.name);
            assert_eq!(
                family.name.ends_with("_total"),
                family.kind == Kind::Counter,
                "{}",
                family.name
            );
            assert!(
                family.help.ends_with('.') && !family.help.contains(['"', '\\', '\n', '|']),
                "{}",
                family.help
            );
            assert!(
                !family.labels.contains(&"vantage") && !family.labels.contains(&"le"),
                "{}",
                family.name
            );
        }
    }
}

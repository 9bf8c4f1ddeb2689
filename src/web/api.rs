//! `/api/v1/platforms`: the verdicts as JSON.

use std::sync::Arc;

use serde::Serialize;

use super::source::Source;
use crate::config::{CheckId, Depth};
use crate::probe::failure::Reason;
use crate::state::report::{ComponentReport, IncidentReport, PlatformReport};
use crate::state::{self, Report, Verdict};
use crate::time::Time;

#[derive(Serialize)]
struct Answer<'a> {
    vantage: &'a str,
    /// Our own network is proven; while it is not, every state is unknown.
    vantage_up: bool,
    now: String,
    platforms: Vec<Platform<'a>>,
}

#[derive(Serialize)]
struct Platform<'a> {
    platform: &'a str,
    title: &'a str,
    operator: &'a str,
    state: Verdict,
    since: String,
    sentence: String,
    /// Of all components, without repetition.
    reasons: Vec<Reason>,
    depth: Option<Depth>,
    incident: Option<PlatformIncident>,
    components: Vec<Component<'a>>,
}

#[derive(Serialize)]
struct PlatformIncident {
    level: Verdict,
    /// Of the first of its components' open incidents.
    start: Option<String>,
}

#[derive(Serialize)]
struct Component<'a> {
    component: &'a str,
    state: Verdict,
    since: String,
    reasons: &'a [Reason],
    incident: Option<Incident>,
    checks: Vec<Check<'a>>,
}

#[derive(Serialize)]
struct Incident {
    level: Verdict,
    start: String,
    downtime_seconds: f64,
    suspended: bool,
}

#[derive(Serialize)]
struct Check<'a> {
    check: &'a str,
    state: Verdict,
    reason: Option<Reason>,
    proven: bool,
    /// The last text of what went wrong.
    detail: Option<String>,
}

/// The answer's body.
pub fn platforms(source: &impl Source) -> Vec<u8> {
    let (store, report) = (source.store(), source.written());
    let answer = Answer {
        vantage: store.vantage(),
        vantage_up: report.vantage_up,
        now: rfc3339(report.now),
        platforms: report
            .platforms
            .iter()
            .map(|platform| platform_of(platform, &report, source))
            .collect(),
    };
    // Strings and numbers only: this cannot fail.
    let mut body = serde_json::to_vec_pretty(&answer).unwrap_or_default();
    body.push(b'\n');
    body
}

fn platform_of<'a>(
    platform: &'a PlatformReport,
    report: &Report,
    source: &impl Source,
) -> Platform<'a> {
    Platform {
        platform: &platform.name,
        title: &platform.title,
        operator: &platform.operator,
        state: platform.verdict,
        since: rfc3339(platform.since),
        sentence: state::sentence(platform, report),
        reasons: reasons(platform),
        depth: platform.depth,
        incident: platform_incident(platform),
        components: platform
            .components
            .iter()
            .map(|component| component_of(platform, component, source))
            .collect(),
    }
}

fn component_of<'a>(
    platform: &PlatformReport,
    component: &'a ComponentReport,
    source: &impl Source,
) -> Component<'a> {
    let checks = component.checks.iter().map(|check| Check {
        check: &check.name,
        state: check.verdict,
        reason: check.reason,
        proven: check.proven,
        detail: detail(source, platform, component, &check.name),
    });
    Component {
        component: &component.name,
        state: component.verdict,
        since: rfc3339(component.since),
        reasons: &component.reasons,
        incident: component.incident.as_ref().map(incident_of),
        checks: checks.collect(),
    }
}

fn incident_of(incident: &IncidentReport) -> Incident {
    Incident {
        level: incident.level,
        start: rfc3339(incident.start),
        downtime_seconds: incident.downtime.as_secs_f64(),
        suspended: incident.suspended,
    }
}

/// As `platform_incident_open` has it: down, else degraded, else none.
fn platform_incident(platform: &PlatformReport) -> Option<PlatformIncident> {
    let level = match (platform.incident_down, platform.incident_degraded) {
        (true, _) => Verdict::Down,
        (false, true) => Verdict::Degraded,
        (false, false) => return None,
    };
    let starts = platform
        .components
        .iter()
        .filter_map(|component| component.incident.as_ref());
    Some(PlatformIncident {
        level,
        start: starts.map(|incident| incident.start).min().map(rfc3339),
    })
}

fn reasons(platform: &PlatformReport) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for reason in platform
        .components
        .iter()
        .flat_map(|component| &component.reasons)
    {
        if !reasons.contains(reason) {
            reasons.push(*reason);
        }
    }
    reasons
}

/// The last text of what went wrong with a check.
pub fn detail(
    source: &impl Source,
    platform: &PlatformReport,
    component: &ComponentReport,
    check: &str,
) -> Option<String> {
    let id = |name: &str| Arc::<str>::from(name);
    source.detail(&CheckId {
        platform: id(&platform.name),
        component: id(&component.name),
        check: id(check),
    })
}

/// A time for machines, such as `2024-03-05T15:04:00Z`.
fn rfc3339(time: Time) -> String {
    time.utc().to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::fixture::Fake;
    use super::*;

    #[test]
    fn the_answer_has_the_verdicts_and_what_they_rest_on() {
        let fake = Fake {
            detail: Some("Graph code 2".into()),
            ..Fake::default()
        };
        let answer: Value = serde_json::from_slice(&platforms(&fake)).unwrap();
        assert_eq!(answer["vantage"], "dhaka-1");
        assert_eq!(answer["vantage_up"], true);
        assert_eq!(answer["now"], "2024-03-05T15:38:00.25Z");
        let facebook = &answer["platforms"][0];
        assert_eq!(facebook["state"], "down");
        assert_eq!(facebook["since"], "2024-03-05T15:04:00.25Z");
        assert_eq!(
            facebook["sentence"],
            state::sentence(&fake.report.platforms[0], &fake.report)
        );
        assert_eq!(facebook["reasons"], json!(["http_status_5xx"]));
        assert_eq!(facebook["depth"], "edge");
        assert_eq!(
            facebook["incident"],
            json!({"level": "down", "start": "2024-03-05T15:03:30.25Z"})
        );
        let login = json!({
            "component": "login",
            "state": "down",
            "since": "2024-03-05T15:04:00.25Z",
            "reasons": ["http_status_5xx"],
            "incident": {
                "level": "down",
                "start": "2024-03-05T15:03:30.25Z",
                "downtime_seconds": 2060.0,
                "suspended": false
            },
            "checks": [{
                "check": "me",
                "state": "down",
                "reason": "http_status_5xx",
                "proven": true,
                "detail": "Graph code 2"
            }]
        });
        assert_eq!(facebook["components"][0], login);
        assert_eq!(answer["platforms"][1]["incident"], Value::Null);
    }

    #[test]
    fn no_time_is_too_far_away() {
        assert_eq!(rfc3339(Time::default()), "1970-01-01T00:00:00Z");
        assert!(rfc3339(Time::from_millis(u64::MAX)).starts_with("9999-12-"));
    }
}

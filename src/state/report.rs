//! The verdicts of one moment as plain data: what metrics, status page, API and log read.

use std::time::Duration;

use super::Verdict;
use crate::config::Depth;
use crate::probe::failure::Reason;
use crate::time::{Time, Times};

/// Every verdict of one moment.
#[derive(Clone, Debug)]
pub struct Report {
    /// The moment.
    pub now: Time,
    /// Our own network is proven.
    pub vantage_up: bool,
    /// In the order of the configuration.
    pub platforms: Vec<PlatformReport>,
}

impl Report {
    /// The same with its points in time as they are written.
    pub fn timed_by(mut self, times: &Times) -> Self {
        self.now = times.of(self.now);
        for platform in &mut self.platforms {
            platform.since = times.of(platform.since);
            for component in &mut platform.components {
                component.since = times.of(component.since);
                if let Some(incident) = &mut component.incident {
                    incident.start = times.of(incident.start);
                }
            }
        }
        self
    }
}

/// The verdict of a platform.
#[derive(Clone, Debug)]
pub struct PlatformReport {
    /// Value of the `platform` label.
    pub name: String,
    /// Its name as people write it.
    pub title: String,
    /// Who runs it.
    pub operator: String,
    /// Team to route alerts to; may be empty.
    pub team: String,
    /// Its fall should wake someone.
    pub page: bool,
    /// The verdict.
    pub verdict: Verdict,
    /// Since when.
    pub since: Time,
    /// Time spent in each state since the start, in the order of [`Verdict::ALL`].
    pub spent: [Duration; 5],
    /// The deepest depth of which a check is up now.
    pub depth: Option<Depth>,
    /// An incident at level degraded is open, suspended or not.
    pub incident_degraded: bool,
    /// An incident at level down is open in a component of impact outage, suspended or not.
    pub incident_down: bool,
    /// Its parts, in the order of the configuration.
    pub components: Vec<ComponentReport>,
}

/// The verdict of a component.
#[derive(Clone, Debug)]
pub struct ComponentReport {
    /// Value of the `component` label.
    pub name: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Since when.
    pub since: Time,
    /// Time spent in each state since the start, in the order of [`Verdict::ALL`].
    pub spent: [Duration; 5],
    /// What decides a verdict other than up, without repetition; empty when up.
    pub reasons: Vec<Reason>,
    /// The open incident.
    pub incident: Option<IncidentReport>,
    /// Incidents begun since the start, at level degraded and at level down.
    pub incidents_begun: [u64; 2],
    /// Its checks, in the order of the configuration.
    pub checks: Vec<CheckReport>,
}

/// An open incident.
#[derive(Clone, Debug)]
pub struct IncidentReport {
    /// Start of the first bad run of the streak that opened it.
    pub start: Time,
    /// [`Verdict::Degraded`] or [`Verdict::Down`]: the last one seen.
    pub level: Verdict,
    /// Time spent degraded or down; stands still while suspended.
    pub downtime: Duration,
    /// The verdict is blocked or unknown just now.
    pub suspended: bool,
}

/// The verdict of a check.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// Value of the `check` label.
    pub name: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The reason of the last result that was not ok, while the verdict is not up.
    pub reason: Option<Reason>,
    /// It has been ok here, or needs no proof.
    pub proven: bool,
}

//! An incident: the interval during which a component is degraded or down.
//!
//! It ends only by `up`. While the verdict is blocked or unknown it is suspended: open, with its clock of downtime stopped.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Verdict;
use super::report::IncidentReport;
use crate::time::Time;

/// Without sight for so long, nobody can say any more that it is the same incident.
const LOST_AFTER: Duration = Duration::from_secs(60 * 60);

/// Levels in the order of [`super::report::ComponentReport::incidents_begun`].
const LEVELS: [Verdict; 2] = [Verdict::Degraded, Verdict::Down];

/// An open incident.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Incident {
    start: Time,
    /// The last one seen of [`LEVELS`].
    level: Verdict,
    /// Which of [`LEVELS`] it has been at.
    reached: [bool; 2],
    downtime: Duration,
    /// Up to here time has been added to `downtime`, while not suspended.
    counted_to: Time,
    suspended_since: Option<Time>,
}

impl Incident {
    /// Opens one that began at `start` and is seen at a level from `now` on by [`Incident::seen`].
    pub(super) fn new(start: Time, now: Time) -> Self {
        Self {
            start,
            level: Verdict::Degraded,
            reached: [false; 2],
            downtime: Duration::ZERO,
            counted_to: now,
            suspended_since: None,
        }
    }

    pub(super) fn level(&self) -> Verdict {
        self.level
    }

    /// It is seen at this level. Says which of the two levels is reached for the first time, if any.
    pub(super) fn seen(&mut self, level: Verdict, now: Time) -> Option<usize> {
        self.advance(now);
        self.level = level;
        self.suspended_since = None;
        let index = LEVELS.iter().position(|l| *l == level)?;
        let first = !self.reached[index];
        self.reached[index] = true;
        first.then_some(index)
    }

    /// It is out of sight.
    pub(super) fn suspend(&mut self, now: Time) {
        self.advance(now);
        self.suspended_since.get_or_insert(now);
    }

    /// Lets its clock of downtime run up to now, unless suspended.
    pub(super) fn advance(&mut self, now: Time) {
        self.downtime = self.downtime(now);
        self.counted_to = now;
    }

    /// Time goes on from now; what lies between is no downtime.
    pub(super) fn skip(&mut self, now: Time) {
        self.counted_to = now;
    }

    /// When it is to be given up, if it stays out of sight.
    pub(super) fn lost_at(&self) -> Option<Time> {
        self.suspended_since.map(|since| since + LOST_AFTER)
    }

    fn downtime(&self, now: Time) -> Duration {
        match self.suspended_since {
            Some(_) => self.downtime,
            None => self.downtime.saturating_add(now.since(self.counted_to)),
        }
    }

    pub(super) fn report(&self, now: Time) -> IncidentReport {
        IncidentReport {
            start: self.start,
            level: self.level,
            downtime: self.downtime(now),
            suspended: self.suspended_since.is_some(),
        }
    }
}

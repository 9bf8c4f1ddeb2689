//! One component: the verdict over its checks, and its incident.

use std::collections::HashMap;
use std::sync::Arc;

use super::check::{CheckState, Settings};
use super::held::Held;
use super::incident::Incident;
use super::report::ComponentReport;
use super::tally::Tallies;
use super::{Vantage, Verdict};
use crate::config::{self, Depth, DownWhen, Impact};
use crate::probe::failure::Reason;
use crate::time::Time;

/// A component: its settings, its checks and what is held of it.
#[derive(Clone, Debug)]
pub(super) struct ComponentState {
    pub(super) name: Arc<str>,
    pub(super) impact: Impact,
    down_when: DownWhen,
    tolerate: usize,
    pub(super) checks: Vec<CheckState>,
    held: Held,
    pub(super) incident: Option<Incident>,
    /// When the last incident ended: the next one begins no earlier.
    ended: Option<Time>,
    begun: [u64; 2],
    /// Of the checks, as last judged.
    pub(super) tallies: Tallies,
    /// When the mere passing of time changes something.
    pub(super) due: Option<Time>,
}

impl ComponentState {
    pub(super) fn new(component: &config::Component, now: Time) -> Self {
        let checks = component
            .checks
            .iter()
            .map(|check| CheckState::new(Settings::new(check)));
        Self {
            name: component.name.clone(),
            impact: component.impact,
            down_when: component.down_when,
            tolerate: component.tolerate,
            checks: checks.collect(),
            held: Held::new(now),
            incident: None,
            ended: None,
            begun: [0; 2],
            tallies: Tallies::default(),
            due: None,
        }
    }

    /// Takes over what is held of the same component under another configuration.
    pub(super) fn inherit(&mut self, old: &Self) {
        self.held = old.held.clone();
        self.incident = old.incident.clone();
        self.ended = old.ended;
        self.begun = old.begun;
        let key = |check: &CheckState| (check.settings.name.clone(), check.settings.definition);
        let known: HashMap<_, _> = old
            .checks
            .iter()
            .map(|old| (key(old), old.memory()))
            .collect();
        for check in &mut self.checks {
            if let Some(memory) = known.get(&key(check)) {
                check.remember((*memory).clone());
            }
        }
    }

    pub(super) fn verdict(&self) -> Verdict {
        self.held.verdict()
    }

    /// A check was ok last: what is in common to all of them works.
    pub(super) fn has_ok(&self) -> bool {
        self.checks.iter().any(CheckState::last_was_ok)
    }

    /// Notes that a check is planned for `next`.
    pub(super) fn plan(&mut self, check: usize, next: Time) {
        let Some(check) = self.checks.get_mut(check) else {
            return;
        };
        check.plan(next);
        self.due = self.due.into_iter().chain(check.due()).min();
    }

    /// Lets time change what is due by now; the verdict is judged afterwards.
    pub(super) fn pass(&mut self, now: Time) {
        for check in &mut self.checks {
            check.advance(now);
        }
        if self
            .incident
            .as_ref()
            .and_then(Incident::lost_at)
            .is_some_and(|at| at <= now)
        {
            self.close(now);
            self.checks.iter_mut().for_each(CheckState::forget_start);
        }
    }

    /// Lets the clocks run up to now.
    pub(super) fn advance(&mut self, now: Time) {
        self.held.advance(now);
        if let Some(incident) = &mut self.incident {
            incident.advance(now);
        }
    }

    /// Time goes on from now; what lies between counts for nothing, and no run was awaited in it.
    pub(super) fn skip(&mut self, now: Time) {
        self.held.skip(now);
        if let Some(incident) = &mut self.incident {
            incident.skip(now);
        }
        self.checks.iter_mut().for_each(CheckState::forget_plan);
    }

    /// Draws the verdict from the checks, and opens, moves or closes the incident.
    pub(super) fn judge(&mut self, vantage: Vantage, now: Time) {
        let votes = self
            .checks
            .iter()
            .map(|check| (check.settings.depth, check.verdict(vantage)));
        self.tallies = votes.collect();
        let verdict = self.tallies.component(self.down_when, self.tolerate);
        self.held.set(verdict, now);
        match verdict {
            Verdict::Up => self.close(now),
            Verdict::Degraded | Verdict::Down => self.see(verdict, vantage, now),
            Verdict::Blocked | Verdict::Unknown => {
                if let Some(incident) = &mut self.incident {
                    incident.suspend(now);
                }
            }
        }
        let lost = self.incident.as_ref().and_then(Incident::lost_at);
        self.due = self
            .checks
            .iter()
            .filter_map(CheckState::due)
            .chain(lost)
            .min();
    }

    fn close(&mut self, now: Time) {
        if self.incident.take().is_some() {
            self.ended = Some(now);
        }
    }

    fn see(&mut self, level: Verdict, vantage: Vantage, now: Time) {
        let start = self.bad_since(vantage, now);
        let incident = self
            .incident
            .get_or_insert_with(|| Incident::new(start, now));
        if let Some(first) = incident.seen(level, now) {
            self.begun[first] += 1;
        }
    }

    /// Start of the first bad run of the streak that an incident opening now is owed to: of the first check that is more
    /// than what is tolerated.
    fn bad_since(&self, vantage: Vantage, now: Time) -> Time {
        let bad = self
            .checks
            .iter()
            .filter(|check| check.verdict(vantage).is_bad());
        let mut starts: Vec<Time> = bad.map(|c| c.bad_since().unwrap_or(now)).collect();
        starts.sort_unstable();
        let decisive = self.tolerate.min(starts.len().saturating_sub(1));
        let start = starts.get(decisive).copied().unwrap_or(now);
        self.ended.map_or(start, |ended| start.max(ended)).min(now)
    }

    /// Reasons of the checks that decide a verdict other than up, in the order of the checks.
    fn reasons(&self, vantage: Vantage) -> Vec<Reason> {
        let votes = |depth: Depth| self.tallies.votes(depth);
        let decides = |depth: Depth, held: Verdict| match self.verdict() {
            Verdict::Up => false,
            Verdict::Degraded => held.is_bad(),
            Verdict::Unknown => held != Verdict::Up,
            verdict => held == verdict && votes(depth),
        };
        let mut reasons = Vec::new();
        for check in &self.checks {
            if decides(check.settings.depth, check.verdict(vantage)) {
                let new = check
                    .reason(vantage)
                    .filter(|reason| !reasons.contains(reason));
                reasons.extend(new);
            }
        }
        reasons
    }

    /// The deepest depth of which a check is up.
    pub(super) fn depth(&self, vantage: Vantage) -> Option<Depth> {
        let up = self
            .checks
            .iter()
            .filter(|check| check.verdict(vantage) == Verdict::Up);
        up.map(|check| check.settings.depth).max()
    }

    /// The open incident is an outage of the platform.
    pub(super) fn has_outage(&self) -> bool {
        let level = self.incident.as_ref().map(Incident::level);
        self.impact == Impact::Outage && level == Some(Verdict::Down)
    }

    pub(super) fn report(&self, vantage: Vantage, now: Time) -> ComponentReport {
        ComponentReport {
            name: self.name.to_string(),
            verdict: self.held.verdict(),
            since: self.held.since(),
            spent: self.held.spent(now),
            reasons: self.reasons(vantage),
            incident: self.incident.as_ref().map(|incident| incident.report(now)),
            incidents_begun: self.begun,
            checks: self
                .checks
                .iter()
                .map(|check| check.report(vantage))
                .collect(),
        }
    }
}

//! One platform: the verdict over its components, and the order in which time changes things.

use super::component::ComponentState;
use super::held::Held;
use super::report::PlatformReport;
use super::tally::Tallies;
use super::{Outcome, Pace, Vantage};
use crate::config::Platform;
use crate::time::Time;

/// A platform: its settings, its components and what is held of it.
#[derive(Clone, Debug)]
pub(super) struct PlatformState {
    /// Without its components' checks, which are in `components`.
    pub(super) settings: Platform,
    pub(super) components: Vec<ComponentState>,
    held: Held,
    /// Up to here time has passed.
    clock: Time,
}

impl PlatformState {
    pub(super) fn new(platform: &Platform, now: Time) -> Self {
        let components = platform
            .components
            .iter()
            .map(|c| ComponentState::new(c, now))
            .collect();
        let settings = Platform {
            components: Vec::new(),
            ..platform.clone()
        };
        Self {
            settings,
            components,
            held: Held::new(now),
            clock: now,
        }
    }

    /// Takes over what is held of the same platform under another configuration.
    pub(super) fn inherit(&mut self, old: &Self) {
        self.held = old.held.clone();
        self.clock = old.clock;
        for component in &mut self.components {
            if let Some(old) = old.components.iter().find(|old| old.name == component.name) {
                component.inherit(old);
            }
        }
    }

    /// Takes in a result of a check, by the indices of component and check.
    pub(super) fn apply(
        &mut self,
        (component, check): (usize, usize),
        outcome: &Outcome,
        vantage: Vantage,
        now: Time,
    ) -> Pace {
        self.advance(vantage, now);
        let Some(component) = self.components.get_mut(component) else {
            return Pace::Interval;
        };
        // If it was this check itself, then it is proven, and nothing depends on its siblings.
        let sibling_ok = component.has_ok();
        let Some(check) = component.checks.get_mut(check) else {
            return Pace::Interval;
        };
        let pace = check.apply(outcome, sibling_ok, vantage);
        component.judge(vantage, now);
        self.judge_itself(now);
        pace
    }

    /// Lets time pass. What it changes, it changes at its own moment and in order, however seldom this is called.
    pub(super) fn advance(&mut self, vantage: Vantage, now: Time) {
        self.clock = self.clock.min(now); // The clock may have been set back.
        while let Some(due) = self.components.iter().filter_map(|c| c.due).min() {
            if due > now {
                break;
            }
            self.clock = self.clock.max(due);
            for component in &mut self.components {
                if component.due.is_some_and(|due| due <= self.clock) {
                    component.pass(self.clock);
                    component.judge(vantage, self.clock);
                }
            }
            self.judge_itself(self.clock);
        }
        self.clock = now;
        self.held.advance(now);
        for component in &mut self.components {
            component.advance(now);
        }
    }

    /// Time goes on from now; what lies between counts for nothing.
    pub(super) fn skip(&mut self, vantage: Vantage, now: Time) {
        self.clock = now;
        self.held.skip(now);
        for component in &mut self.components {
            component.skip(now);
        }
        self.judge(vantage, now);
    }

    /// Every verdict becomes unknown; what was counted is kept.
    pub(super) fn lose_sight(&mut self) {
        for check in self.components.iter_mut().flat_map(|c| &mut c.checks) {
            check.lose_sight();
        }
    }

    /// Draws every verdict anew.
    pub(super) fn judge(&mut self, vantage: Vantage, now: Time) {
        for component in &mut self.components {
            component.judge(vantage, now);
        }
        self.judge_itself(now);
    }

    fn judge_itself(&mut self, now: Time) {
        let tallies = self
            .components
            .iter()
            .map(|c| c.tallies)
            .fold(Tallies::default(), |a, b| a + b);
        let parts = self.components.iter().map(|c| (c.impact, c.verdict()));
        self.held.set(tallies.platform(parts), now);
    }

    pub(super) fn report(&self, vantage: Vantage, now: Time) -> PlatformReport {
        let open = || self.components.iter().filter(|c| c.incident.is_some());
        PlatformReport {
            name: self.settings.name.to_string(),
            title: self.settings.title.clone(),
            operator: self.settings.operator.clone(),
            team: self.settings.team.clone(),
            page: self.settings.page,
            verdict: self.held.verdict(),
            since: self.held.since(),
            spent: self.held.spent(now),
            depth: self
                .components
                .iter()
                .filter_map(|c| c.depth(vantage))
                .max(),
            incident_degraded: open().any(|c| !c.has_outage()),
            incident_down: open().any(ComponentState::has_outage),
            components: self
                .components
                .iter()
                .map(|c| c.report(vantage, now))
                .collect(),
        }
    }
}

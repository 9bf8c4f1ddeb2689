//! What is counted of every check, each behind its own lock: finished runs write, the page reads, neither waits for long.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard};

use super::histogram::Histogram;
use super::text::push_label;
use crate::config::{Check, CheckId, Depth, Kind, Platform};
use crate::lock::lock;
use crate::probe::failure::{Class, Reason};
use crate::probe::observation::{Observation, Phase};
use crate::schedule::Slot;
use crate::time::Time;

/// The metrics of every check, each behind its own lock.
pub struct Store {
    pub(super) vantage: String,
    pub(super) entries: Vec<Entry>,
    // A std mutex: a map of a few controls, never across an await.
    controls: Mutex<BTreeMap<String, bool>>,
}

/// One check: what never changes, and what is counted.
pub struct Entry {
    pub(super) id: CheckId,
    /// `vantage="…",platform="…",component="…",check="…"`, escaped once.
    pub(super) labels: String,
    pub(super) kind: &'static str,
    pub(super) target: String,
    pub(super) depth: Depth,
    pub(super) phases: &'static [Phase],
    definition: u64,
    // A std mutex: held to add up one run, or to write one family's lines into memory; never across an await.
    tally: Mutex<Tally>,
}

/// What is counted of a check.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// In the order of [`Class::ALL`].
    pub(super) results: [u64; Class::ALL.len()],
    /// In the order of appearance; no more than there are classes times reasons, in practice a handful.
    pub(super) errors: Vec<(Class, Reason, u64)>,
    /// Of whole runs that were ok.
    pub(super) duration: Histogram,
    /// Of their parts, in the order of [`Phase::ALL`].
    pub(super) phases: [Histogram; Phase::ALL.len()],
    /// Last raw result; none when it says nothing about the platform.
    pub(super) success: Option<bool>,
    pub(super) last_run: Option<Time>,
    pub(super) next_run: Option<Time>,
    pub(super) status: Option<u16>,
    /// Start and end, of the last certificate seen.
    pub(super) validity: Option<(Time, Time)>,
}

impl Store {
    /// All series at zero. Slots number the checks in the order of `platforms` → components → checks.
    pub fn new(vantage: &str, platforms: &[Platform]) -> Self {
        let checks = platforms
            .iter()
            .flat_map(|platform| &platform.components)
            .flat_map(|component| &component.checks);
        Self {
            vantage: vantage.to_owned(),
            entries: checks.map(|check| Entry::new(vantage, check)).collect(),
            controls: Mutex::default(),
        }
    }

    /// Value of the `vantage` label.
    pub fn vantage(&self) -> &str {
        &self.vantage
    }

    /// Takes over the counters and histograms of the checks that both have by id. What was last seen of a check is
    /// taken over only where its definition is the same.
    pub fn inherit(&self, old: &Self) {
        let old: HashMap<&CheckId, &Entry> =
            old.entries.iter().map(|entry| (&entry.id, entry)).collect();
        for entry in &self.entries {
            if let Some(old) = old.get(&entry.id) {
                let tally = old.lock().clone();
                entry
                    .lock()
                    .inherit(tally, entry.definition == old.definition);
            }
        }
    }

    /// Takes in a finished run.
    pub fn record(&self, slot: Slot, observation: &Observation) {
        if let Some(entry) = self.entries.get(slot) {
            entry.lock().record(observation);
        }
    }

    /// Notes when the next run is planned.
    pub fn plan(&self, slot: Slot, next: Time) {
        if let Some(entry) = self.entries.get(slot) {
            entry.lock().next_run = Some(next);
        }
    }

    /// Notes the last raw result of a control.
    pub fn record_control(&self, control: &str, success: bool) {
        self.lock_controls().insert(control.to_owned(), success);
    }

    /// The last raw result of each control.
    pub(super) fn controls(&self) -> Vec<(String, bool)> {
        self.lock_controls()
            .iter()
            .map(|(name, success)| (name.clone(), *success))
            .collect()
    }

    fn lock_controls(&self) -> MutexGuard<'_, BTreeMap<String, bool>> {
        lock(&self.controls)
    }
}

impl Entry {
    fn new(vantage: &str, check: &Check) -> Self {
        let mut labels = String::new();
        push_label(&mut labels, "vantage", vantage);
        push_label(&mut labels, "platform", &check.id.platform);
        push_label(&mut labels, "component", &check.id.component);
        push_label(&mut labels, "check", &check.id.check);
        Self {
            id: check.id.clone(),
            labels,
            kind: check.kind.label(),
            target: check.kind.target(),
            depth: check.depth,
            phases: phases_of(&check.kind),
            definition: check.definition,
            tally: Mutex::default(),
        }
    }

    /// The numbers. A panic while one was updated leaves the others right, so a poisoned lock is used all the same.
    pub(super) fn lock(&self) -> MutexGuard<'_, Tally> {
        lock(&self.tally)
    }
}

impl Tally {
    fn record(&mut self, observation: &Observation) {
        let run = &observation.run;
        let (class, reason) = (run.outcome.class, run.outcome.reason);
        self.results[class as usize] += 1;
        if class == Class::Ok {
            self.duration.observe(run.phases.total());
            for (histogram, phase) in self.phases.iter_mut().zip(Phase::ALL) {
                histogram.observe(run.phases.get(phase));
            }
        } else {
            self.count_error(class, reason);
        }
        self.success = class.counts().then_some(class == Class::Ok);
        self.last_run = Some(observation.ended);
        self.status = run.status;
        if let Some(certificate) = &run.certificate {
            self.validity = Some((certificate.not_before, certificate.not_after));
        }
    }

    fn count_error(&mut self, class: Class, reason: Reason) {
        match self
            .errors
            .iter_mut()
            .find(|(c, r, _)| (*c, *r) == (class, reason))
        {
            Some((_, _, count)) => *count += 1,
            None => self.errors.push((class, reason, 1)),
        }
    }

    fn inherit(&mut self, old: Self, same_definition: bool) {
        let next_run = self.next_run.or(old.next_run);
        *self = Self { next_run, ..old };
        if !same_definition {
            self.success = None;
            self.status = None;
            self.validity = None;
        }
    }
}

/// The phases that runs of a kind can spend time in; the others would only be series of zeros that spoil quantiles.
const fn phases_of(kind: &Kind) -> &'static [Phase] {
    match kind {
        Kind::Http(_) | Kind::Websocket(_) => &Phase::ALL,
        Kind::Tcp(_) => &[Phase::Resolve, Phase::Connect, Phase::Transfer],
        Kind::Tls(_) => &[Phase::Resolve, Phase::Connect, Phase::Tls],
        Kind::Dns(_) => &[Phase::Processing],
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{check, component, http, platform, run, tcp};
    use super::*;

    fn store(checks: Vec<Check>) -> Store {
        Store::new("v", &[platform("P", "O", "", vec![component(checks)])])
    }

    fn one(name: &str, definition: u64) -> Check {
        Check {
            definition,
            ..check("p", "c", name, http("https://example.com/"), Depth::App)
        }
    }

    #[test]
    fn success_follows_the_last_result_that_says_something() {
        let store = store(vec![one("k", 1)]);
        for (class, success) in [
            (Class::Ok, Some(true)),
            (Class::Degraded, Some(false)),
            (Class::Local, None),
            (Class::Fail, Some(false)),
            (Class::Blocked, None),
            (Class::Ok, Some(true)),
        ] {
            store.record(0, &run(class, Reason::HttpReset, [1; 5]));
            assert_eq!(store.entries[0].lock().success, success, "{class:?}");
        }
        let tally = store.entries[0].lock().clone();
        assert_eq!(tally.results, [2, 1, 1, 1, 1]);
        assert_eq!(tally.errors.len(), 4);
    }

    #[test]
    fn only_ok_runs_are_timed() {
        let store = store(vec![one("k", 1)]);
        store.record(0, &run(Class::Fail, Reason::TcpTimeout, [5000, 0, 0, 0, 0]));
        store.record(0, &run(Class::Ok, Reason::Ok, [1, 2, 3, 4, 5]));
        let tally = store.entries[0].lock().clone();
        assert_eq!(tally.duration.cumulative().last(), Some(&1));
        assert_eq!(tally.duration.sum(), 0.015);
        let parts: f64 = tally.phases.iter().map(Histogram::sum).sum();
        assert!((parts - tally.duration.sum()).abs() < 1e-9, "{parts}");
    }

    #[test]
    fn a_run_without_an_answer_has_no_status_but_the_certificate_stays() {
        let store = super::super::fixture::store();
        store.record(0, &run(Class::Fail, Reason::TcpTimeout, [0; 5]));
        let tally = store.entries[0].lock().clone();
        assert_eq!(tally.status, None);
        assert!(tally.validity.is_some());
    }

    #[test]
    fn counters_survive_a_reload_and_facts_only_with_the_definition() {
        let old = store(vec![one("gone", 1), one("same", 1), one("changed", 1)]);
        for slot in 0..3 {
            let mut ok = run(Class::Ok, Reason::Ok, [1; 5]);
            ok.run.status = Some(200);
            old.record(slot, &ok);
            old.plan(slot, Time::from_millis(1));
        }
        let new = store(vec![one("changed", 2), one("new", 1), one("same", 1)]);
        new.plan(2, Time::from_millis(2));
        new.inherit(&old);
        let [changed, fresh, same] = [0, 1, 2].map(|slot| new.entries[slot].lock().clone());
        assert_eq!(
            (changed.results[0], changed.status, changed.success),
            (1, None, None)
        );
        assert_eq!(
            (same.results[0], same.status, same.success),
            (1, Some(200), Some(true))
        );
        assert_eq!(
            same.next_run,
            Some(Time::from_millis(2)),
            "the new plan holds"
        );
        assert_eq!(fresh.results[0], 0);
    }

    #[test]
    fn a_slot_of_another_store_is_ignored() {
        let store = store(vec![check("p", "c", "k", tcp("h"), Depth::Edge)]);
        store.record(7, &run(Class::Ok, Reason::Ok, [1; 5]));
        store.plan(7, Time::from_millis(1));
        assert_eq!(store.entries[0].lock().results, [0; 5]);
    }
}

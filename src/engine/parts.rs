//! What belongs to one configuration: its checks and their plan, its runs and its controls. Replaced as a whole at a reload.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use super::announce::Announcer;
use super::controls::Rounds;
use super::run::Runner;
use super::shared::Shared;
use super::vantage::Round;
use crate::config::{Check, CheckId, Config};
use crate::probe::Prober;
use crate::probe::observation::Observation;
use crate::schedule::{Due, Schedule, Slot};
use crate::time::Time;

/// File descriptors that probes leave alone: listeners, scrapes, the log, the state file.
const RESERVED_FILES: usize = 128;

/// Descriptors that one run may hold at a time: two racing connections, two lookups.
const FILES_PER_RUN: usize = 4;

/// How long the checks that pause still do, by id and definition.
pub type Pauses = HashMap<(CheckId, u64), Duration>;

/// A check in the schedule.
#[derive(Clone)]
pub struct Planned {
    pub check: Arc<Check>,
    pub operator: Arc<str>,
}

/// What belongs to one configuration.
pub struct Parts {
    pub checks: Vec<Planned>,
    pub schedule: Schedule,
    runner: Runner,
    pub runs: JoinSet<(Slot, Observation)>,
    pub in_flight: HashMap<Slot, Time>,
    pub rounds: watch::Receiver<Option<Round>>,
    _rounds_task: AbortOnDropHandle<()>,
}

impl Parts {
    pub fn new(
        shared: &Arc<Shared>,
        prober: Arc<Prober>,
        announcer: &Announcer,
        pauses: &Pauses,
    ) -> Self {
        let running = shared.running();
        let on_result = announcer.on_control(running.store.clone());
        let rounds = Rounds::new(
            running.config.controls.clone(),
            prober.clone(),
            shared.clock.clone(),
            on_result,
        );
        let watch = rounds.watch();
        let runner = Runner {
            prober,
            rounds: rounds.clone(),
            permits: Arc::new(Semaphore::new(most_in_flight(&running.config))),
            shared: shared.clone(),
        };
        let mut parts = Self {
            checks: planned_checks(&running.config),
            schedule: Schedule::new(),
            runner,
            runs: JoinSet::new(),
            in_flight: HashMap::new(),
            rounds: watch,
            _rounds_task: AbortOnDropHandle::new(tokio::spawn(async move { rounds.run().await })),
        };
        parts.plan(shared, pauses);
        parts
    }

    /// What is left of the pauses at `from`.
    pub fn pauses(&self, from: Time) -> Pauses {
        let of = |(slot, planned): (Slot, &Planned)| {
            let left = self.schedule.paused(slot)?.since(from);
            Some(((planned.check.id.clone(), planned.check.definition), left))
        };
        self.checks.iter().enumerate().filter_map(of).collect()
    }

    /// Plans every check from now on, the first runs spread over one recheck so that verdicts come soon.
    pub fn plan(&mut self, shared: &Shared, pauses: &Pauses) {
        let now = shared.now();
        let store = shared.running().store;
        let mut state = shared.state();
        self.schedule = Schedule::new();
        for (slot, Planned { check, .. }) in self.checks.iter().enumerate() {
            let id = check.id.to_string();
            let next = match pauses.get(&(check.id.clone(), check.definition)) {
                Some(left) => {
                    let next = now + *left;
                    self.schedule.resume(slot, &id, check.interval, next, now)
                }
                None => {
                    let first_within = check.recheck.min(check.interval);
                    self.schedule
                        .add(slot, &id, check.interval, first_within, now)
                }
            };
            state.plan(&check.id, next);
            store.plan(slot, next);
        }
    }

    pub fn start(&mut self, due: Due) {
        let Some(Planned { check, operator }) = self.checks.get(due.slot).cloned() else {
            return;
        };
        self.in_flight.insert(due.slot, due.planned);
        let runner = self.runner.clone();
        self.runs
            .spawn(async move { (due.slot, runner.run(&check, &operator, due).await) });
    }
}

fn planned_checks(config: &Config) -> Vec<Planned> {
    let mut checks = Vec::new();
    for platform in config.active() {
        let operator: Arc<str> = platform.operator.into();
        let all = platform
            .components
            .into_iter()
            .flat_map(|component| component.checks);
        checks.extend(all.map(|check| Planned {
            check: Arc::new(check),
            operator: operator.clone(),
        }));
    }
    checks
}

/// Runs at once: what the user set, else what the limit of open files allows beside everything else.
fn most_in_flight(config: &Config) -> usize {
    config.network.max_in_flight.unwrap_or_else(|| {
        let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let files = files
            .and_then(|files| usize::try_from(files).ok())
            .unwrap_or(Semaphore::MAX_PERMITS);
        (files.saturating_sub(RESERVED_FILES) / FILES_PER_RUN).clamp(1, Semaphore::MAX_PERMITS)
    })
}

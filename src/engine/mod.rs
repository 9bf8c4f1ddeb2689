//! Turns the crank: schedule → probe → our own network ruled out → state → metrics. The only part with a clock.
//!
//! One task owns the schedule and applies every result, so verdicts never race; runs are tasks of their own.

mod announce;
pub mod clock;
mod controls;
mod parts;
mod run;
mod shared;
mod storage;
mod vantage;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

pub use shared::{Running, Shared};
pub use storage::Storage;

use crate::config::Config;
use crate::metrics::Store;
use crate::probe::Prober;
use crate::probe::failure::{Class, Reason};
use crate::probe::network::System;
use crate::probe::observation::Observation;
use crate::schedule::Slot;
use crate::state::{Outcome, State};
use crate::time::{Time, Times};
use announce::Announcer;
use clock::Clock;
use parts::{Parts, Pauses, Planned};
use run::not_run;

/// The scheduler wakes at least this often: the heartbeat, and the grain of staleness and of the log.
const BEAT: Duration = Duration::from_secs(1);

/// How often the state is written to the state directory; a crash loses no more than this.
const SAVE_EVERY: Duration = Duration::from_secs(10);

/// Reads the configuration anew; the error is for people.
pub type Load = Arc<dyn Fn() -> Result<Config, String> + Send + Sync>;

/// How the engine is started.
#[derive(Clone)]
pub struct Options {
    /// What a reload does.
    pub load: Load,
    /// Where the state is kept; none: nowhere.
    pub storage: Option<Storage>,
    /// What tells the time.
    pub clock: Arc<Clock>,
    /// How points in time are written for others.
    pub times: Times,
}

/// The engine: owns the schedule and applies results.
pub struct Engine {
    shared: Arc<Shared>,
    options: Options,
    reloads: mpsc::Receiver<shared::Reload>,
    announcer: Announcer,
    parts: Parts,
    announced: Time,
    saved: Time,
    saving: Option<JoinHandle<()>>,
}

impl Engine {
    /// Makes ready to run; nothing is sent yet.
    ///
    /// # Errors
    /// A sentence for people, when a file that the configuration names cannot be used.
    pub fn new(config: Config, options: Options) -> Result<(Self, Arc<Shared>), String> {
        let now = options.clock.now();
        let prober = new_prober(&config)?;
        let platforms = config.active();
        let store = Arc::new(Store::new(&config.vantage, &platforms));
        let mut state = State::new(&platforms, now);
        if let Some(storage) = &options.storage {
            restore(storage, &mut state, now);
        }
        let running = Running {
            config: Arc::new(config),
            store,
        };
        let (shared, reloads) = Shared::new(running, state, &options);
        shared.reloaded(true);
        let announcer = Announcer::default();
        let parts = Parts::new(&shared, prober, &announcer, &Pauses::new());
        Ok((
            Self {
                shared: shared.clone(),
                options,
                reloads,
                announcer,
                parts,
                announced: now,
                saved: now,
                saving: None,
            },
            shared,
        ))
    }

    /// Runs until `stop`. Runs in flight are then dropped, their connections closed, the state saved.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut beat = self.shared.now();
        loop {
            let now = self.shared.now();
            // A gap in our own heartbeat (a stopped process) is as bad for runs in flight as a step of the clock. Only of
            // the gap is it known how long nothing ran.
            let slept = now.since(beat) > BEAT + clock::STEP;
            if slept {
                let missed = self.parts.schedule.slept_through(beat, now);
                self.shared.own.missed(missed);
            }
            if self.shared.clock.stepped() {
                self.clock_stepped(beat);
            } else if slept {
                self.clock_stepped(now);
            }
            beat = self.shared.now();
            self.shared.beat(beat);
            self.start_due();
            self.keep_house();
            let wake = self
                .parts
                .schedule
                .next_wake()
                .unwrap_or(beat + BEAT)
                .min(beat + BEAT);
            tokio::select! {
                () = stop.cancelled() => break,
                Some(done) = self.parts.runs.join_next() => self.finish(done),
                Ok(()) = self.parts.rounds.changed() => self.vantage(),
                Some(reply) = self.reloads.recv() => {
                    let result = self.reload();
                    // Whoever asked may have gone away meanwhile.
                    let _ = reply.send(result);
                }
                () = self.shared.clock.sleep_until(wake) => {}
            }
        }
        // One at a time: two would write the same file.
        if let Some(saving) = self.saving.take() {
            let _ = saving.await;
        }
        if let Some(last) = self.save() {
            let _ = last.await;
        }
    }

    fn start_due(&mut self) {
        for due in self.parts.schedule.pop_due(self.shared.now()) {
            self.shared.own.missed(due.missed);
            if due.late {
                let late = not_run(
                    due.planned,
                    self.shared.now(),
                    Reason::LocalOverloaded,
                    "started more than a second late",
                );
                self.apply(due.slot, &late);
            } else {
                self.parts.start(due);
            }
        }
    }

    fn finish(&mut self, done: Result<(Slot, Observation), tokio::task::JoinError>) {
        match done {
            Ok((slot, observation)) => self.apply(slot, &observation),
            // The prober catches panics of its own; this is one of the hold around it. Which run it was is not known
            // here, so all are planned anew.
            Err(error) => {
                error!(%error, "a run ended in a bug of ours");
                let now = self.shared.now();
                let pauses = self.drop_runs(
                    Reason::LocalInternal,
                    "another run ended in a bug of ours",
                    now,
                );
                self.parts.plan(&self.shared, &pauses);
            }
        }
    }

    fn apply(&mut self, slot: Slot, observation: &Observation) {
        self.parts.in_flight.remove(&slot);
        let Some(Planned { check, .. }) = self.parts.checks.get(slot) else {
            return;
        };
        let now = self.shared.now();
        let outcome = &observation.run.outcome;
        let mut state = self.shared.state();
        let pace = state.apply(&check.id, &result(observation), now);
        let (next, missed) = self
            .parts
            .schedule
            .finished(slot, observation.started, pace, now);
        state.plan(&check.id, next);
        drop(state);
        let store = self.shared.running().store;
        store.record(slot, observation);
        store.plan(slot, next);
        self.shared.own.missed(missed);
        let detail = (outcome.class != Class::Ok)
            .then(|| format!("{}: {}", outcome.reason.label(), outcome.detail));
        announce::run(&check.id, observation);
        self.shared.set_detail(&check.id, detail);
    }

    fn vantage(&mut self) {
        let Some(round) = *self.parts.rounds.borrow_and_update() else {
            return;
        };
        let now = self.shared.now();
        self.shared.state().set_vantage(round.proven, now);
        self.announcer.vantage(round.proven);
        self.shared.set_ready();
    }

    /// `from` is the time before the step.
    fn clock_stepped(&mut self, from: Time) {
        warn!("the clock stepped or the machine slept; the runs in flight are dropped");
        let now = self.shared.now();
        self.shared.state().clock_stepped(now);
        let pauses = self.drop_runs(Reason::LocalClock, "the clock stepped during the run", from);
        self.parts.plan(&self.shared, &pauses);
    }

    /// Drops the runs in flight; every check is then to be planned anew but those that pause, which are returned: what
    /// refused us asked for that, and knows nothing of our clock or our configuration. `from` is the time by which the
    /// plan was made.
    fn drop_runs(&mut self, reason: Reason, detail: &str, from: Time) -> Pauses {
        let pauses = self.parts.pauses(from);
        self.parts.runs = JoinSet::new();
        let now = self.shared.now();
        let dropped: Vec<_> = self.parts.in_flight.drain().collect();
        for (slot, planned) in dropped {
            self.apply(slot, &not_run(planned, now, reason, detail));
        }
        pauses
    }

    fn reload(&mut self) -> Result<(), String> {
        let result = self.try_reload();
        self.shared.reloaded(result.is_ok());
        match &result {
            Ok(()) => info!("configuration reloaded"),
            Err(errors) => {
                error!(%errors, "the configuration was not reloaded; the former one stays in force")
            }
        }
        result
    }

    fn try_reload(&mut self) -> Result<(), String> {
        let config = (self.options.load)()?;
        let prober = new_prober(&config)?;
        let pauses = self.drop_runs(
            Reason::LocalCancelled,
            "the configuration was reloaded during the run",
            self.shared.now(),
        );
        let platforms = config.active();
        let store = Arc::new(Store::new(&config.vantage, &platforms));
        store.inherit(&self.shared.running().store);
        self.shared.state().reload(&platforms, self.shared.now());
        self.shared.set_running(Running {
            config: Arc::new(config),
            store,
        });
        self.parts = Parts::new(&self.shared, prober, &self.announcer, &pauses);
        let checks = &self.parts.checks;
        self.shared
            .keep_details(|id| checks.iter().any(|planned| planned.check.id == *id));
        Ok(())
    }

    /// What time brings by itself, once a beat however many runs end.
    fn keep_house(&mut self) {
        let now = self.shared.now();
        if now.since(self.announced) >= BEAT {
            self.announced = now;
            self.shared.state().tick(now);
            self.announcer.announce(&self.shared);
        }
        let idle = self.saving.as_ref().is_none_or(JoinHandle::is_finished);
        if idle && now.since(self.saved) >= SAVE_EVERY {
            self.saved = now;
            self.saving = self.save();
        }
    }

    /// Saves the state, if it is to be kept, beside everything else: a slow disk must not hold up probes and scrapes.
    fn save(&self) -> Option<JoinHandle<()>> {
        let storage = self.options.storage.clone()?;
        let state = self.shared.state().save(self.shared.now());
        Some(tokio::task::spawn_blocking(move || {
            if let Err(error) = storage.save(&state) {
                warn!(%error, "the state could not be saved; a restart would begin with what was saved before");
            }
        }))
    }
}

fn new_prober(config: &Config) -> Result<Arc<Prober>, String> {
    let network = Arc::new(System {
        source_address: config.network.source_address,
    });
    Prober::new(config, network).map(Arc::new)
}

fn restore(storage: &Storage, state: &mut State, now: Time) {
    match storage.load() {
        Ok(None) => {}
        Ok(Some(saved)) => {
            for dropped in state.restore(&saved, now) {
                info!("{dropped}");
            }
        }
        Err(error) => error!(%error, "the state of the last run cannot be used"),
    }
}

fn result(observation: &Observation) -> Outcome {
    let outcome = &observation.run.outcome;
    Outcome {
        class: outcome.class,
        reason: outcome.reason,
        needs_proof: outcome.needs_proof,
        retry_after: observation.run.retry_after,
        started: observation.started,
        ended: observation.ended,
    }
}

//! One run of one check, from its slot in the schedule to a final observation: probed, and held until our own network
//! is ruled out.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::controls::Rounds;
use super::shared::Shared;
use super::vantage;
use crate::config::Check;
use crate::probe::Prober;
use crate::probe::failure::{Class, Reason};
use crate::probe::observation::{Observation, Outcome, Phases, Run};
use crate::schedule::{Due, LATE};
use crate::time::Time;

/// What runs work with; replaced as a whole at a reload.
#[derive(Clone)]
pub struct Runner {
    pub prober: Arc<Prober>,
    pub rounds: Arc<Rounds>,
    pub permits: Arc<Semaphore>,
    pub shared: Arc<Shared>,
}

impl Runner {
    /// Runs `check`; ends within its timeout and that of two control rounds.
    pub async fn run(&self, check: &Check, operator: &Arc<str>, due: Due) -> Observation {
        let clock = &self.shared.clock;
        let latest = clock.instant(due.planned + LATE);
        let Ok(Ok(permit)) = tokio::time::timeout_at(latest, self.permits.acquire()).await else {
            return not_run(
                due.planned,
                clock.now(),
                Reason::LocalOverloaded,
                "no free slot within a second of its time",
            );
        };
        let started = clock.now();
        self.shared.own.observe_lag(started.since(due.planned));
        let in_flight = (InFlight::new(&self.shared), clock.at_work());
        let mut run = self.prober.run(check).await;
        drop((in_flight, permit));
        let ended = clock.now();
        if run.verified_tls {
            self.rounds.add_proof(operator, ended);
        }
        if matches!(run.outcome.class, Class::Fail | Class::Degraded) {
            if run.outcome.reason.could_be_ours() {
                self.rounds.doubt(ended);
            }
            vantage::reclassify(&mut run.outcome, self.rounds.begun_after(ended).await);
        }
        Observation {
            planned: due.planned,
            started,
            ended,
            run,
        }
    }
}

/// Counts a run in flight, also when its task is aborted.
struct InFlight<'a>(&'a Shared);

impl<'a> InFlight<'a> {
    fn new(shared: &'a Shared) -> Self {
        shared.own.run_started();
        Self(shared)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.own.run_ended();
    }
}

/// The observation of a run that was not made, or whose result is dropped, for a reason on our side.
pub fn not_run(planned: Time, now: Time, reason: Reason, detail: &str) -> Observation {
    let run = Run {
        outcome: Outcome::local(reason, detail),
        phases: Phases::default(),
        status: None,
        certificate: None,
        retry_after: None,
        verified_tls: false,
        hops: Vec::new(),
    };
    Observation {
        planned,
        started: now,
        ended: now,
        run,
    }
}

//! Runs rounds of controls: when a failing run asks for one, and once in a while. Any number of runs may wait for the
//! same round; at most one is under way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};

use super::clock::Clock;
use super::vantage::{self, Proofs, Round};
use crate::config::{Controls, Kind};
use crate::lock::lock;
use crate::probe::Prober;
use crate::probe::failure::Class;
use crate::time::Time;

/// Told of every control's raw result: name, success, and what was seen.
pub type OnResult = Arc<dyn Fn(&str, bool, &str) + Send + Sync>;

/// The controls of one configuration, at work until [`Rounds::run`] is dropped.
pub struct Rounds {
    controls: Controls,
    prober: Arc<Prober>,
    clock: Arc<Clock>,
    // A std mutex: a map insert or a count, never across an await.
    proofs: Mutex<Proofs>,
    /// The controls themselves proved the network in the last round.
    answered: AtomicBool,
    wanted: Notify,
    /// The platforms' runs have said something of our network.
    news: Notify,
    last: watch::Sender<Option<Round>>,
    on_result: OnResult,
}

impl Rounds {
    /// Prepares; nothing is sent before [`Rounds::run`].
    pub fn new(
        controls: Controls,
        prober: Arc<Prober>,
        clock: Arc<Clock>,
        on_result: OnResult,
    ) -> Arc<Self> {
        Arc::new(Self {
            controls,
            prober,
            clock,
            proofs: Mutex::default(),
            answered: AtomicBool::new(true),
            wanted: Notify::new(),
            news: Notify::new(),
            last: watch::Sender::new(None),
            on_result,
        })
    }

    /// Rounds as they end, and changes by other proof.
    pub fn watch(&self) -> watch::Receiver<Option<Round>> {
        self.last.subscribe()
    }

    /// A platform of `operator` answered with a certificate verified by name.
    pub fn add_proof(&self, operator: &Arc<str>, at: Time) {
        let mut proofs = self.proofs();
        proofs.add(operator, at);
        let proven = proofs.prove_since(at - self.controls.interval);
        drop(proofs);
        self.news.notify_waiters();
        if proven {
            // Without controls that answer, the platforms themselves bring the vantage back.
            self.last.send_if_modified(|last| match last {
                Some(round) if !round.proven => {
                    *round = Round {
                        proven: true,
                        names: true,
                        ..*round
                    };
                    true
                }
                _ => false,
            });
        }
    }

    /// A run failed as it would on a broken network of ours.
    pub fn doubt(&self, at: Time) {
        self.proofs().doubt(at);
        self.news.notify_waiters();
    }

    /// Asks for a round, and waits for one that began at or after `time`. While the network is not proven there is
    /// nothing to wait for: nothing that failed meanwhile is held against a platform.
    pub async fn begun_after(&self, time: Time) -> Round {
        let mut rounds = self.last.subscribe();
        loop {
            let last = *rounds.borrow_and_update();
            if last.is_none_or(|round| round.begun < time) {
                self.wanted.notify_one();
            }
            if let Some(round) = last
                && (round.begun >= time || !round.proven)
            {
                return round;
            }
            if rounds.changed().await.is_err() {
                // The sender lives in `self`, so this cannot happen; to stay silent about the platform is the safe answer.
                return Round {
                    begun: time,
                    proven: false,
                    names: true,
                };
            }
        }
    }

    /// Rounds without end: at once, then whenever one is wanted, and every interval.
    pub async fn run(&self) {
        loop {
            let begun = self.clock.now();
            let round = self.round(begun).await;
            self.last.send_replace(Some(round));
            self.clock.sleep_until(begun + self.controls.spacing).await;
            tokio::select! {
                () = self.wanted.notified() => {}
                () = self.clock.sleep_until(begun + self.controls.interval) => {}
            }
        }
    }

    async fn round(&self, begun: Time) -> Round {
        if self.controls.targets.is_empty() {
            return Round {
                begun,
                proven: true,
                names: true,
            };
        }
        let successes = self.ask().await;
        let answered = vantage::succeeds(&self.controls, &successes);
        let proven = answered || self.platforms_prove(begun).await;
        self.answered.store(answered, Ordering::Relaxed);
        Round {
            begun,
            proven,
            names: vantage::names_resolve(&self.controls, &successes),
        }
    }

    /// Asks every control at once, and returns as soon as enough have answered: one that is dead must not hold up the
    /// verdicts. The rest end by themselves at their timeout, and are recorded all the same.
    async fn ask(&self) -> Vec<bool> {
        let (done, mut results) = mpsc::unbounded_channel();
        for (index, control) in self.controls.targets.iter().cloned().enumerate() {
            let (prober, on_result, done) =
                (self.prober.clone(), self.on_result.clone(), done.clone());
            let clock = self.clock.clone();
            tokio::spawn(async move {
                let _at_work = clock.at_work();
                let run = prober.run(&control.check).await;
                // A TLS control proves by the certificate; an ok without verification would be no proof.
                let verified = run.verified_tls || !matches!(control.check.kind, Kind::Tls(_));
                let success = run.outcome.class == Class::Ok && verified;
                on_result(
                    &control.name,
                    success,
                    &format!("{}: {}", run.outcome.reason.label(), run.outcome.detail),
                );
                // Nobody listens any more when the round was decided without this one.
                let _ = done.send((index, success));
            });
        }
        drop(done);
        let mut successes = vec![false; self.controls.targets.len()];
        while let Some((index, success)) = results.recv().await {
            if let Some(slot) = successes.get_mut(index) {
                *slot = success;
            }
            if vantage::succeeds(&self.controls, &successes) {
                break;
            }
        }
        successes
    }

    /// Whether platforms of enough operators have answered since the round began. While the vantage is proven they get one
    /// interval to show it: controls alone may be shut off by a firewall that knows them. But where the controls answered
    /// until now, and runs fail too, the loss is told at once.
    async fn platforms_prove(&self, begun: Time) -> bool {
        let former = self.last.borrow().filter(|round| round.proven);
        let patient = !self.answered.load(Ordering::Relaxed);
        let grace = former.map_or(Duration::ZERO, |_| self.controls.interval);
        let since = former.map_or(begun, |round| round.begun);
        let until = self.clock.instant(self.clock.now() + grace);
        loop {
            let news = self.news.notified();
            let (proven, doubted) = {
                let proofs = self.proofs();
                (proofs.prove_since(begun), proofs.doubted_since(since))
            };
            if proven || (doubted && !patient) {
                return proven;
            }
            if tokio::time::timeout_at(until, news).await.is_err() {
                return false;
            }
        }
    }

    fn proofs(&self) -> MutexGuard<'_, Proofs> {
        lock(&self.proofs)
    }
}

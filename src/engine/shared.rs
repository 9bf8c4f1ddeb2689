//! What the engine shares with the web server: read-only views, and the wish to reload.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::Options;
use super::clock::Clock;
use crate::config::{CheckId, Config};
use crate::lock::lock;
use crate::metrics::{Own, Store};
use crate::state::{Report, State};
use crate::time::{Time, Times};

/// The scheduler wakes at least every second; five missed beats are more than a busy machine explains.
const HEART_STOPPED: Duration = Duration::from_secs(5);

/// One configuration in force, with the metrics of its checks.
#[derive(Clone)]
pub struct Running {
    /// The configuration.
    pub config: Arc<Config>,
    /// The per-check metrics.
    pub store: Arc<Store>,
}

/// The wish to read the configuration again, and where the answer goes.
pub(super) type Reload = oneshot::Sender<Result<(), String>>;

/// Handle on a running engine.
pub struct Shared {
    /// The exporter's own metrics.
    pub own: Own,
    pub(super) clock: Arc<Clock>,
    times: Times,
    // std mutexes: each is held for a look or an update in memory, never across an await.
    running: Mutex<Running>,
    state: Mutex<State>,
    details: Mutex<HashMap<CheckId, String>>,
    /// The scheduler's last beat, by the monotonic clock and in the engine's time.
    beat: Mutex<(Instant, Time)>,
    ready: AtomicBool,
    reloads: mpsc::Sender<Reload>,
}

impl Shared {
    pub(super) fn new(
        running: Running,
        state: State,
        options: &Options,
    ) -> (Arc<Self>, mpsc::Receiver<Reload>) {
        let (reloads, wishes) = mpsc::channel(1);
        let clock = options.clock.clone();
        let now = clock.now();
        let shared = Self {
            own: Own::new(),
            clock,
            times: options.times.clone(),
            running: Mutex::new(running),
            state: Mutex::new(state),
            details: Mutex::default(),
            beat: Mutex::new((Instant::now(), now)),
            ready: AtomicBool::new(false),
            reloads,
        };
        (Arc::new(shared), wishes)
    }

    /// The configuration in force.
    pub fn running(&self) -> Running {
        lock(&self.running).clone()
    }

    pub(super) fn set_running(&self, running: Running) {
        *lock(&self.running) = running;
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The engine's time; to be asked in its own runtime only.
    pub(super) fn now(&self) -> Time {
        self.clock.now()
    }

    /// How points in time are written for others.
    pub fn times(&self) -> Times {
        self.times.clone()
    }

    /// The verdicts as of the scheduler's last beat. It alone lets time pass: after a sleep a scrape may come before it knows.
    pub fn report(&self) -> Report {
        let (_, now) = *lock(&self.beat);
        self.state().report(now)
    }

    /// The last text of what went wrong with a check, for people; none when its last run was ok.
    pub fn detail(&self, check: &CheckId) -> Option<String> {
        lock(&self.details).get(check).cloned()
    }

    pub(super) fn set_detail(&self, check: &CheckId, detail: Option<String>) {
        let mut details = lock(&self.details);
        match detail {
            Some(detail) => details.insert(check.clone(), detail),
            None => details.remove(check),
        };
    }

    pub(super) fn reloaded(&self, successful: bool) {
        self.own.reloaded(successful, self.times.of(self.now()));
    }

    pub(super) fn keep_details(&self, of: impl Fn(&CheckId) -> bool) {
        lock(&self.details).retain(|check, _| of(check));
    }

    pub(super) fn beat(&self, now: Time) {
        *lock(&self.beat) = (Instant::now(), now);
    }

    /// Whether the scheduler's heart beats.
    ///
    /// # Errors
    /// Says since when it does not.
    pub fn healthy(&self) -> Result<(), String> {
        let (beat, _) = *lock(&self.beat);
        let age = beat.elapsed();
        if age < HEART_STOPPED {
            Ok(())
        } else {
            Err(format!(
                "the scheduler has not moved for {} s",
                age.as_secs()
            ))
        }
    }

    /// Whether every check has been planned and the first control round is over.
    pub fn ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    pub(super) fn set_ready(&self) {
        self.ready.store(true, Ordering::Relaxed);
    }

    /// Reads the configuration again.
    ///
    /// # Errors
    /// All errors with their places; the running configuration stays.
    pub async fn reload(&self) -> Result<(), String> {
        let (reply, answer) = oneshot::channel();
        let stopping = || "the exporter is stopping".to_owned();
        self.reloads.send(reply).await.map_err(|_| stopping())?;
        answer.await.map_err(|_| stopping())?
    }
}

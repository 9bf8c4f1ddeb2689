//! The engine's clock: wall time that advances with the monotonic clock, so that a step of the wall clock is an event
//! and never a surprise in the middle of a computation. In a drill it shows the drill's own time and looks at no wall.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::lock::lock;
use crate::time::Time;

/// A disagreement of wall and monotonic clock beyond this is a step or a suspend.
pub(super) const STEP: Duration = Duration::from_secs(2);

/// A disagreement up to this is left alone, so that time does not tremble.
const DRIFT: Duration = Duration::from_millis(100);

/// Tells the time. Between two calls of `stepped` it never jumps.
///
/// Its monotonic clock is that of the tokio runtime it is used in, so that a runtime whose clock is paused can be moved on.
#[derive(Debug)]
pub struct Clock {
    // A std mutex: two words read or written, never across an await.
    anchor: Mutex<(Instant, Time)>,
    follows_wall: bool,
    /// Probes and controls at work.
    working: AtomicUsize,
    /// How many sleep until when. A std mutex: a map update, never across an await.
    sleepers: Mutex<BTreeMap<Time, usize>>,
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(wall(), true)
    }
}

impl Clock {
    /// A clock that shows `start` now, and then goes as the clock of the runtime does.
    pub fn starting_at(start: Time) -> Self {
        Self::new(start, false)
    }

    fn new(now: Time, follows_wall: bool) -> Self {
        Self {
            anchor: Mutex::new((Instant::now(), now)),
            follows_wall,
            working: AtomicUsize::new(0),
            sleepers: Mutex::default(),
        }
    }

    /// Now; to be asked in the runtime in which the clock was made.
    pub fn now(&self) -> Time {
        let (instant, time) = *lock(&self.anchor);
        time + instant.elapsed()
    }

    /// The instant to sleep until for `at` to be reached.
    pub(super) fn instant(&self, at: Time) -> Instant {
        let (instant, time) = *lock(&self.anchor);
        // A millisecond more than the difference, since times are cut to whole milliseconds.
        instant + at.since(time) + Duration::from_millis(1)
    }

    /// Follows the wall clock; true when it stepped, or the machine slept, since the last call.
    pub(super) fn stepped(&self) -> bool {
        if !self.follows_wall {
            return false;
        }
        let wall = wall();
        let now = self.now();
        let apart = wall.since(now).max(now.since(wall));
        if apart > DRIFT {
            *lock(&self.anchor) = (Instant::now(), wall);
        }
        apart > STEP
    }

    /// Sleeps until `at`; in a drill that is known to who moves the clock on.
    pub async fn sleep_until(&self, at: Time) {
        let _sleeper = Sleeper::new(self, at);
        tokio::time::sleep_until(self.instant(at)).await;
    }

    /// Something is at work from now on until the guard is dropped.
    pub(crate) fn at_work(&self) -> AtWork<'_> {
        self.working.fetch_add(1, Ordering::AcqRel);
        AtWork(self)
    }

    /// Sleeps for `time`.
    pub async fn sleep(&self, time: Duration) {
        self.sleep_until(self.now() + time).await;
    }

    /// When the first sleeper wakes; none: nobody sleeps.
    pub(crate) fn next_wake(&self) -> Option<Time> {
        lock(&self.sleepers).keys().next().copied()
    }

    /// No probe and no control is at work.
    pub(crate) fn idle(&self) -> bool {
        self.working.load(Ordering::Acquire) == 0
    }
}

/// Somebody sleeps until a time.
struct Sleeper<'a>(&'a Clock, Time);

impl<'a> Sleeper<'a> {
    fn new(clock: &'a Clock, until: Time) -> Self {
        *lock(&clock.sleepers).entry(until).or_default() += 1;
        Self(clock, until)
    }
}

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        let mut sleepers = lock(&self.0.sleepers);
        if let Some(count) = sleepers.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                sleepers.remove(&self.1);
            }
        }
    }
}

/// A probe or a control at work.
pub(crate) struct AtWork<'a>(&'a Clock);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What the clock on the wall shows.
pub fn wall() -> Time {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Time::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
}

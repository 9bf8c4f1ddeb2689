//! The engine's clock: wall time that advances with the monotonic clock, so that a step of the wall clock is an event
//! and never a surprise in the middle of a computation.

use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::lock::lock;
use crate::time::Time;

/// A disagreement of wall and monotonic clock beyond this is a step or a suspend.
pub const STEP: Duration = Duration::from_secs(2);

/// A disagreement up to this is left alone, so that time does not tremble.
const DRIFT: Duration = Duration::from_millis(100);

/// Tells the time. Between two calls of [`Clock::stepped`] it never jumps.
#[derive(Debug)]
pub struct Clock {
    // A std mutex: two words read or written, never across an await.
    anchor: Mutex<(Instant, Time)>,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            anchor: Mutex::new((Instant::now(), wall())),
        }
    }
}

impl Clock {
    /// Now.
    pub fn now(&self) -> Time {
        let (instant, time) = *lock(&self.anchor);
        time + instant.elapsed()
    }

    /// The instant to sleep until for `at` to be reached.
    pub fn instant(&self, at: Time) -> tokio::time::Instant {
        let (instant, time) = *lock(&self.anchor);
        // A millisecond more than the difference, since times are cut to whole milliseconds.
        (instant + at.since(time) + Duration::from_millis(1)).into()
    }

    /// Follows the wall clock; true when it stepped, or the machine slept, since the last call.
    pub fn stepped(&self) -> bool {
        let wall = wall();
        let now = self.now();
        let apart = wall.since(now).max(now.since(wall));
        if apart > DRIFT {
            *lock(&self.anchor) = (Instant::now(), wall);
        }
        apart > STEP
    }
}

fn wall() -> Time {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Time::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
}

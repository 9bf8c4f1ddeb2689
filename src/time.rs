//! Points in time as the pure parts see them: handed in as arguments, never read from a clock here.

use std::fmt;
use std::ops::{Add, Sub};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time: milliseconds since the Unix epoch. Virtual in a drill and in simulations.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(u64);

impl Time {
    /// From milliseconds since the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Seconds since the Unix epoch, as metrics give them.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// The same for the calendar. Beyond the year 9999 there is none; no clock shows that, and it must not cost the page.
    pub fn utc(self) -> jiff::Timestamp {
        let millis = i64::try_from(self.0).ok();
        millis
            .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
            .unwrap_or(jiff::Timestamp::MAX)
    }

    /// The day in UTC, such as `2024-03-05`.
    pub fn date(self) -> String {
        self.utc().strftime("%Y-%m-%d").to_string()
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Time {
    type Output = Self;
    fn add(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)),
        )
    }
}

impl Sub<Duration> for Time {
    type Output = Self;
    fn sub(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)),
        )
    }
}

/// How points in time are written for others: as they are, but in a drill, whose hours are not those of the clock on the
/// wall.
#[derive(Clone, Default)]
pub struct Times(Option<Arc<dyn Fn(Time) -> Time + Send + Sync>>);

impl Times {
    /// Written as `other` says.
    pub fn as_by(other: impl Fn(Time) -> Time + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(other)))
    }

    /// What is written for `at`.
    pub fn of(&self, at: Time) -> Time {
        self.0.as_ref().map_or(at, |other| other(at))
    }
}

impl fmt::Debug for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Times(other)"
        } else {
            "Times(as they are)"
        })
    }
}

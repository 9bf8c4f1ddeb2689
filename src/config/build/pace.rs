//! When a check runs: what it sets itself, and what it inherits.

use std::time::Duration;

use super::super::at::At;
use super::super::settings::{FALL, INTERVAL, RECHECK, RISE, TIMEOUT};
use super::super::{raw, values};
use super::Builder;

/// Intervals and counts in force.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub interval: Duration,
    pub timeout: Duration,
    pub recheck: Duration,
    pub fall: usize,
    pub rise: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            interval: INTERVAL,
            timeout: TIMEOUT,
            recheck: RECHECK,
            fall: FALL,
            rise: RISE,
        }
    }
}

impl Builder<'_> {
    pub(super) fn default_pace(&mut self, raw: raw::Pace) -> Pace {
        match self.root.key("defaults") {
            Some(at) => self.pace(raw, &at),
            None => Pace::default(),
        }
    }

    /// What is set here, and for the rest what is inherited. An inherited timeout or recheck bends to a shorter interval;
    /// one that is set beside it must fit.
    pub(super) fn pace(&mut self, raw: raw::Pace, at: &At<'_>) -> Pace {
        let broken = at.has("interval") && raw.interval.is_none();
        let inherited = self.pace;
        let interval = raw.interval.map_or(inherited.interval, |d| d.0);
        let mut within = |key: &str, own: Option<values::Duration>, inherited: Duration| {
            let own = own.map(|d| d.0);
            if own.is_some_and(|own| own > interval) && !broken {
                let (own, interval) = (format(own.unwrap_or_default()), format(interval));
                let message = format!("{own} is longer than the interval of {interval}");
                self.errors.value(&at.near(key), message);
            }
            own.unwrap_or(inherited.min(interval))
        };
        Pace {
            interval,
            timeout: within("timeout", raw.timeout, inherited.timeout),
            recheck: within("recheck", raw.recheck, inherited.recheck),
            fall: raw.fall.unwrap_or(inherited.fall),
            rise: raw.rise.unwrap_or(inherited.rise),
        }
    }
}

fn format(duration: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(duration)
}

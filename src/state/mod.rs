//! From results to verdicts: check → component → platform → incident. Pure: no clock, no I/O; time is an argument.

pub mod report;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{CheckId, Platform};
use crate::probe::failure::{Class, Reason};
use crate::time::Time;
pub use report::Report;

/// What is held of a check, a component or a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Works.
    Up,
    /// Works in part.
    Degraded,
    /// Does not work.
    Down,
    /// Alive, and refuses us.
    Blocked,
    /// Not known.
    Unknown,
}

impl Verdict {
    /// Every verdict, in the order of the metrics.
    pub const ALL: [Self; 5] = [
        Self::Up,
        Self::Degraded,
        Self::Down,
        Self::Blocked,
        Self::Unknown,
    ];

    /// The value of the `state` label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Blocked => "blocked",
            Self::Unknown => "unknown",
        }
    }
}

/// A final result: our own network has been ruled out (or the class is local).
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// What it says about the platform.
    pub class: Class,
    /// Why.
    pub reason: Reason,
    /// It counts only once the check has been ok here.
    pub needs_proof: bool,
    /// How long a refusal asks us to stay away.
    pub retry_after: Option<Duration>,
    /// When the run started.
    pub started: Time,
    /// When the run ended.
    pub ended: Time,
}

/// When a check should run next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// At its next slot.
    Interval,
    /// A streak is open: this long after the start of the last run.
    Recheck(Duration),
    /// Refused: not before this long after the end of the last run.
    Pause(Duration),
}

/// Every verdict, and what they rest on.
#[derive(Debug)]
pub struct State {}

impl State {
    /// Everything unknown. `platforms` holds only what is on.
    pub fn new(platforms: &[Platform], now: Time) -> Self {
        let _ = (platforms, now);
        todo!()
    }

    /// Takes in a result; says when the check should run next.
    pub fn apply(&mut self, check: &CheckId, outcome: &Outcome, now: Time) -> Pace {
        let _ = (check, outcome, now);
        todo!()
    }

    /// Says when the next run of a check is planned: staleness counts from it.
    pub fn plan(&mut self, check: &CheckId, next: Time) {
        let _ = (check, next);
        todo!()
    }

    /// Whether our own network is proven. While it is not, everything is unknown.
    pub fn set_vantage(&mut self, up: bool, now: Time) {
        let _ = (up, now);
        todo!()
    }

    /// Lets time pass: staleness, refusals that outlast a fall, incidents lost from sight.
    pub fn tick(&mut self, now: Time) {
        let _ = now;
        todo!()
    }

    /// The verdicts as they stand.
    pub fn report(&self, now: Time) -> Report {
        let _ = now;
        todo!()
    }

    /// Takes over another set of platforms; checks whose definition is unchanged keep what is known of them.
    pub fn reload(&mut self, platforms: &[Platform], now: Time) {
        let _ = (platforms, now);
        todo!()
    }

    /// What should survive a restart.
    pub fn save(&self, now: Time) -> Saved {
        let _ = now;
        todo!()
    }

    /// Takes over what survived: verdicts younger than three intervals, open incidents, proofs of unchanged checks.
    pub fn restore(&mut self, saved: &Saved, now: Time) {
        let _ = (saved, now);
        todo!()
    }
}

/// What survives a restart, as written to the state directory.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Saved {}

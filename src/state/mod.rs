//! From results to verdicts: check → component → platform → incident. Pure: no clock, no I/O; time is an argument.

mod check;
mod component;
mod held;
mod incident;
mod platform;
pub mod report;
mod saved;
mod sentence;
mod tally;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{CheckId, Platform};
use crate::probe::failure::{Class, Reason};
use crate::time::Time;
use platform::PlatformState;
pub use report::Report;
pub use saved::Saved;
pub use sentence::{ago, sentence};

/// What is held of a check, a component or a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
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

    /// Degraded or down.
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Degraded | Self::Down)
    }

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

/// What is known of our own network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Vantage {
    /// Nothing yet.
    Untried,
    /// It has not been proven since the start. What is found meanwhile is kept, and shown once it is.
    Unproven,
    /// It works.
    Proven,
    /// It worked, and does not now.
    Lost,
}

impl Vantage {
    /// It was tried and does not work.
    const fn is_offline(self) -> bool {
        matches!(self, Self::Unproven | Self::Lost)
    }

    const fn next(self, up: bool) -> Self {
        match (self, up) {
            (_, true) => Self::Proven,
            (Self::Proven | Self::Lost, false) => Self::Lost,
            (Self::Untried | Self::Unproven, false) => Self::Unproven,
        }
    }
}

/// Indices of a check: platform, component, check.
type Place = (usize, usize, usize);

/// Every verdict, and what they rest on.
///
/// Time enters only as arguments. How often [`State::tick`] is called changes nothing: whatever is due by then happens at
/// its own moment. A clock that is set back is survived; time then counts from there.
#[derive(Debug)]
pub struct State {
    platforms: Vec<PlatformState>,
    places: HashMap<CheckId, Place>,
    vantage: Vantage,
}

impl State {
    /// Everything unknown, until our own network is proven too. `platforms` holds only what is on.
    pub fn new(platforms: &[Platform], now: Time) -> Self {
        Self {
            platforms: platforms
                .iter()
                .map(|p| PlatformState::new(p, now))
                .collect(),
            places: places(platforms),
            vantage: Vantage::Untried,
        }
    }

    /// Takes in a result; says when the check should run next. A check that is not there (any more) is passed over.
    pub fn apply(&mut self, check: &CheckId, outcome: &Outcome, now: Time) -> Pace {
        let Some(&(platform, component, check)) = self.places.get(check) else {
            return Pace::Interval;
        };
        let Some(platform) = self.platforms.get_mut(platform) else {
            return Pace::Interval;
        };
        platform.apply((component, check), outcome, self.vantage, now)
    }

    /// Says when the next run of a check is planned: staleness counts from it.
    pub fn plan(&mut self, check: &CheckId, next: Time) {
        let Some(&(platform, component, check)) = self.places.get(check) else {
            return;
        };
        let platform = self.platforms.get_mut(platform);
        if let Some(component) = platform.and_then(|p| p.components.get_mut(component)) {
            component.plan(check, next);
        }
    }

    /// Whether our own network is proven. While it is not, everything is unknown. After a loss each check is judged
    /// again by its next result; before the first proof results are kept and shown when it comes.
    pub fn set_vantage(&mut self, up: bool, now: Time) {
        self.tick(now);
        let next = self.vantage.next(up);
        let lost = self.vantage == Vantage::Proven && next == Vantage::Lost;
        self.vantage = next;
        for platform in &mut self.platforms {
            if lost {
                platform.lose_sight();
            }
            platform.judge(next, now);
        }
    }

    /// Lets time pass: staleness, refusals that outlast a fall, incidents lost from sight.
    pub fn tick(&mut self, now: Time) {
        for platform in &mut self.platforms {
            platform.advance(self.vantage, now);
        }
    }

    /// The clock was set, or the machine slept: the time between counts for nothing. Every check is to be planned anew.
    pub fn clock_stepped(&mut self, now: Time) {
        for platform in &mut self.platforms {
            platform.skip(self.vantage, now);
        }
    }

    /// The verdicts as they stand.
    pub fn report(&self, now: Time) -> Report {
        let platforms = self
            .platforms
            .iter()
            .map(|platform| platform.report(self.vantage, now));
        Report {
            now,
            vantage_up: self.vantage == Vantage::Proven,
            platforms: platforms.collect(),
        }
    }

    /// Takes over another set of platforms; checks whose definition is unchanged keep what is known of them.
    pub fn reload(&mut self, platforms: &[Platform], now: Time) {
        self.tick(now);
        let mut new = Self::new(platforms, now);
        new.vantage = self.vantage;
        for platform in &mut new.platforms {
            let same = |old: &&PlatformState| old.settings.name == platform.settings.name;
            if let Some(old) = self.platforms.iter().find(same) {
                platform.inherit(old);
            }
            platform.judge(new.vantage, now);
        }
        *self = new;
    }

    /// What should survive a restart.
    pub fn save(&self, now: Time) -> Saved {
        Saved::of(&self.platforms, now)
    }

    /// Takes over what survived: verdicts younger than three intervals, open incidents, proofs of unchanged checks.
    /// Returns a sentence for people for each thing that did not.
    pub fn restore(&mut self, saved: &Saved, now: Time) -> Vec<String> {
        let dropped = saved.put_into(&mut self.platforms, now);
        for platform in &mut self.platforms {
            platform.judge(self.vantage, now);
        }
        dropped
    }
}

fn places(platforms: &[Platform]) -> HashMap<CheckId, Place> {
    let mut places = HashMap::new();
    for (p, platform) in platforms.iter().enumerate() {
        for (c, component) in platform.components.iter().enumerate() {
            let checks = component.checks.iter().enumerate();
            places.extend(checks.map(|(k, check)| (check.id.clone(), (p, c, k))));
        }
    }
    places
}

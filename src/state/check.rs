//! One check: from its results to its verdict, and how soon it should run again.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::report::CheckReport;
use super::{Outcome, Pace, Vantage, Verdict};
use crate::config::{self, Depth, Trust};
use crate::probe::failure::{Class, Reason};
use crate::time::Time;

/// Intervals after which a verdict without news, or a fall behind refusals, is no longer believed.
const PATIENCE: u32 = 3;

/// The longest pause after a refusal: an end of the refusals should be noticed within the hour.
const LONGEST_PAUSE: Duration = Duration::from_secs(30 * 60);

/// Doublings after which any pause is past [`LONGEST_PAUSE`], so that the shift cannot overflow.
const MOST_DOUBLINGS: u32 = 20;

/// What the configuration says of a check.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) name: Arc<str>,
    pub(super) definition: u64,
    pub(super) depth: Depth,
    needs_proof: bool,
    interval: Duration,
    recheck: Duration,
    timeout: Duration,
    fall: usize,
    rise: usize,
}

impl Settings {
    pub(super) fn new(check: &config::Check) -> Self {
        Self {
            name: check.id.check.clone(),
            definition: check.definition,
            depth: check.depth,
            needs_proof: check.trust == Trust::OnceProven,
            interval: check.interval,
            recheck: check.recheck,
            timeout: check.timeout,
            fall: check.fall.max(1),
            rise: check.rise.max(1),
        }
    }

    /// How long a verdict is believed without news. A run that may last longer than the interval is waited for.
    pub(super) fn patience(&self) -> Duration {
        self.interval.max(self.timeout).saturating_mul(PATIENCE)
    }

    /// How long to stay away after this many refusals in a row.
    fn pause(&self, refusals: u32, retry_after: Option<Duration>) -> Duration {
        let doublings = refusals.saturating_sub(1).min(MOST_DOUBLINGS);
        self.interval
            .saturating_mul(1 << doublings)
            .max(retry_after.unwrap_or_default())
            .min(LONGEST_PAUSE.max(self.interval))
    }
}

/// What is remembered of a check's results; survives reloads and restarts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Memory {
    /// Held while our own network is proven.
    verdict: Verdict,
    /// Has been ok here.
    proven: bool,
    streak: Streak,
    /// Refusals without a counted result between them.
    refusals: u32,
    /// Start of the first of them.
    refused_since: Option<Time>,
    /// Planned time of the first run that has told nothing yet.
    awaited: Option<Time>,
    why: Why,
}

/// The last counted results: how many at the end are alike.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Streak {
    ok: usize,
    fail: usize,
    /// Fail or degraded.
    bad: usize,
    /// Start of the first of the bad ones.
    bad_since: Option<Time>,
}

impl Streak {
    fn extend(&mut self, outcome: &Outcome) {
        if outcome.class == Class::Ok {
            *self = Self {
                ok: self.ok.saturating_add(1),
                ..Self::default()
            };
            return;
        }
        self.ok = 0;
        self.fail = if outcome.class == Class::Fail {
            self.fail.saturating_add(1)
        } else {
            0
        };
        self.bad = self.bad.saturating_add(1);
        self.bad_since.get_or_insert(outcome.started);
    }
}

/// Reasons of the last results that were not ok.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Why {
    /// Of the last counted one.
    bad: Option<Reason>,
    /// Of the last refusal.
    refusal: Option<Reason>,
    /// Of the last one of any kind.
    last: Option<Reason>,
}

impl Memory {
    fn new(proven: bool) -> Self {
        Self {
            verdict: Verdict::Unknown,
            proven,
            streak: Streak::default(),
            refusals: 0,
            refused_since: None,
            awaited: None,
            why: Why::default(),
        }
    }

    /// What a proof leaves of it when the rest is too old.
    pub(super) fn proof_only(&self) -> Self {
        Self::new(self.proven)
    }

    /// The same, with nothing planned.
    pub(super) fn unplanned(self) -> Self {
        Self {
            awaited: None,
            ..self
        }
    }

    /// Whether it holds more than a proof.
    pub(super) fn has_verdict(&self) -> bool {
        self.verdict != Verdict::Unknown
    }
}

/// A check: its settings and what is remembered of it.
#[derive(Clone, Debug)]
pub(super) struct CheckState {
    pub(super) settings: Settings,
    memory: Memory,
}

impl CheckState {
    /// One of which nothing is known.
    pub(super) fn new(settings: Settings) -> Self {
        let memory = Memory::new(!settings.needs_proof);
        Self { settings, memory }
    }

    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Takes over what is remembered of the same check.
    pub(super) fn remember(&mut self, memory: Memory) {
        self.memory = memory;
    }

    /// The verdict, which is unknown while our own network is not proven.
    pub(super) fn verdict(&self, vantage: Vantage) -> Verdict {
        if vantage == Vantage::Proven {
            self.memory.verdict
        } else {
            Verdict::Unknown
        }
    }

    /// The last counted result was ok.
    pub(super) fn last_was_ok(&self) -> bool {
        self.memory.streak.ok > 0
    }

    /// Start of the first of the bad results that it ends with.
    pub(super) fn bad_since(&self) -> Option<Time> {
        self.memory.streak.bad_since
    }

    /// What explains a verdict other than up.
    pub(super) fn reason(&self, vantage: Vantage) -> Option<Reason> {
        let why = &self.memory.why;
        match self.verdict(vantage) {
            Verdict::Up => None,
            Verdict::Down | Verdict::Degraded => why.bad,
            Verdict::Blocked => why.refusal,
            Verdict::Unknown if vantage.is_offline() => Some(Reason::LocalOffline),
            Verdict::Unknown => why.last,
        }
    }

    /// Takes in a result. `sibling_ok`: another check of the component was ok last.
    pub(super) fn apply(&mut self, outcome: &Outcome, sibling_ok: bool, vantage: Vantage) -> Pace {
        if outcome.class != Class::Ok {
            self.memory.why.last = Some(outcome.reason);
        }
        match outcome.class {
            Class::Blocked => self.refused(outcome),
            class if class.counts() && !self.is_doubtful(outcome, sibling_ok) => {
                self.counted(outcome, vantage)
            }
            // It tells nothing, so it neither moves a streak nor stands for the run that is awaited.
            _ => Pace::Interval,
        }
    }

    /// Our expectation may be at fault rather than the platform: the check has never been ok here.
    fn is_doubtful(&self, outcome: &Outcome, sibling_ok: bool) -> bool {
        let suspect = outcome.needs_proof || (sibling_ok && outcome.reason.is_transport());
        !self.memory.proven && outcome.class != Class::Ok && suspect
    }

    fn refused(&mut self, outcome: &Outcome) -> Pace {
        let memory = &mut self.memory;
        memory.awaited = None;
        memory.why.refusal = Some(outcome.reason);
        memory.refusals = memory.refusals.saturating_add(1);
        memory.refused_since.get_or_insert(outcome.started);
        // A platform that falls may refuse at first; a fall is believed for a while longer.
        if memory.verdict != Verdict::Down {
            memory.verdict = Verdict::Blocked;
        }
        Pace::Pause(self.settings.pause(memory.refusals, outcome.retry_after))
    }

    fn counted(&mut self, outcome: &Outcome, vantage: Vantage) -> Pace {
        let memory = &mut self.memory;
        memory.awaited = None;
        memory.refusals = 0;
        memory.refused_since = None;
        memory.streak.extend(outcome);
        if outcome.class == Class::Ok {
            memory.proven = true;
        } else {
            memory.why.bad = Some(outcome.reason);
        }
        self.judge(vantage);
        let aim = match outcome.class {
            Class::Ok => Verdict::Up,
            Class::Degraded => Verdict::Degraded,
            _ => Verdict::Down,
        };
        if aim == self.memory.verdict || vantage != Vantage::Proven {
            Pace::Interval
        } else {
            Pace::Recheck(self.settings.recheck)
        }
    }

    fn judge(&mut self, vantage: Vantage) {
        let (memory, settings) = (&mut self.memory, &self.settings);
        let sightless = matches!(memory.verdict, Verdict::Unknown | Verdict::Blocked);
        let rise = if sightless { 1 } else { settings.rise };
        let verdict = match &memory.streak {
            streak if streak.fail >= settings.fall => Verdict::Down,
            streak if streak.bad >= settings.fall => Verdict::Degraded,
            streak if streak.ok >= rise => Verdict::Up,
            _ => memory.verdict,
        };
        // What answers while our network is lost may be a portal of ours: a bad verdict waits for a result after that.
        if !(verdict.is_bad() && vantage == Vantage::Lost) {
            memory.verdict = verdict;
        }
        if verdict == Verdict::Up && memory.streak.ok > 0 {
            memory.why = Why::default();
        }
    }

    /// The next run is planned for `next`.
    pub(super) fn plan(&mut self, next: Time) {
        let awaited = self
            .memory
            .awaited
            .map_or(next, |awaited| awaited.min(next));
        self.memory.awaited = Some(awaited);
    }

    /// Nothing is planned any more.
    pub(super) fn forget_plan(&mut self) {
        self.memory.awaited = None;
    }

    /// What was held is not known any more; what was counted is kept.
    pub(super) fn lose_sight(&mut self) {
        self.memory.verdict = Verdict::Unknown;
    }

    /// The incident that it was part of is given up: a later one begins with the next bad run.
    pub(super) fn forget_start(&mut self) {
        self.memory.streak.bad_since = None;
    }

    fn stale_at(&self) -> Option<Time> {
        let awaited = self
            .memory
            .awaited
            .filter(|_| self.memory.verdict != Verdict::Unknown)?;
        Some(awaited + self.settings.patience())
    }

    fn blocked_at(&self) -> Option<Time> {
        let since = self
            .memory
            .refused_since
            .filter(|_| self.memory.verdict == Verdict::Down)?;
        Some(since + self.settings.patience())
    }

    /// When the mere passing of time changes the verdict.
    pub(super) fn due(&self) -> Option<Time> {
        self.stale_at().into_iter().chain(self.blocked_at()).min()
    }

    /// Lets time change the verdict.
    pub(super) fn advance(&mut self, now: Time) {
        if self.stale_at().is_some_and(|at| at <= now) {
            self.memory.verdict = Verdict::Unknown;
        } else if self.blocked_at().is_some_and(|at| at <= now) {
            self.memory.verdict = Verdict::Blocked;
        }
    }

    pub(super) fn report(&self, vantage: Vantage) -> CheckReport {
        CheckReport {
            name: self.settings.name.to_string(),
            verdict: self.verdict(vantage),
            reason: self.reason(vantage),
            proven: self.memory.proven,
        }
    }
}

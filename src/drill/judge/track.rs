//! One platform in a drill: which step of its expectations is in force, and whether what is said fits it.

use super::{FalseVerdict, Missed, Seen, WARM_UP};
use crate::drill::scenario::{Expectation, Scenario};
use crate::state::Verdict;
use crate::time::Time;

/// What is right before the first step.
const AT_FIRST: [Verdict; 1] = [Verdict::Up];

/// One platform in a drill.
#[derive(Debug)]
pub(super) struct Track {
    pub platform: String,
    pub steps: Vec<Step>,
    warm_until: Time,
    seen_up: bool,
    last: Option<(Time, Verdict)>,
    pub false_verdicts: Vec<FalseVerdict>,
    /// The last false verdict goes on.
    wrong: bool,
}

/// A step of the expectations, and what was seen of it.
#[derive(Debug)]
pub(super) struct Step {
    pub expected: Expectation,
    pub seen: Option<Seen>,
    /// What was said last before its time was up.
    was: Option<Verdict>,
}

impl Step {
    fn deadline(&self) -> Time {
        self.expected.at + self.expected.within
    }
}

impl Track {
    pub fn new(scenario: &Scenario, platform: &str) -> Self {
        let steps = scenario.expectations.iter();
        let steps = steps
            .filter(|step| step.platform == platform)
            .map(|step| Step {
                expected: step.clone(),
                seen: None,
                was: None,
            });
        Self {
            platform: platform.to_owned(),
            steps: steps.collect(),
            warm_until: scenario.start + WARM_UP,
            seen_up: false,
            last: None,
            false_verdicts: Vec::new(),
            wrong: false,
        }
    }

    /// The verdict that was said last; at first nothing is known.
    pub fn last(&self) -> Verdict {
        self.last.map_or(Verdict::Unknown, |(_, verdict)| verdict)
    }

    /// Takes in the verdict of a moment; says whether it is right.
    pub fn beat(&mut self, now: Time, verdict: Verdict) -> bool {
        let current = self.steps.iter().rposition(|step| step.expected.at <= now);
        self.see(current, now, verdict);
        self.seen_up |= verdict == Verdict::Up;
        self.last = Some((now, verdict));
        let right = self.is_right(current, now, verdict);
        let open = self.false_verdicts.last_mut().filter(|_| self.wrong);
        let goes_on = open.is_some_and(|open| {
            open.until = now;
            open.verdict == verdict
        });
        if !right && !goes_on {
            self.false_verdicts.push(FalseVerdict {
                platform: self.platform.clone(),
                verdict,
                expected: self.allowed(current).to_vec(),
                from: now,
                until: now,
            });
        }
        self.wrong = !right;
        right
    }

    /// Notes when the step in force is first fulfilled.
    fn see(&mut self, current: Option<usize>, now: Time, verdict: Verdict) {
        let before = self.last;
        let Some(step) = current.and_then(|current| self.steps.get_mut(current)) else {
            return;
        };
        if now <= step.deadline() {
            step.was = Some(verdict);
        }
        if step.seen.is_none() && step.expected.verdicts.contains(&verdict) {
            let expected = &step.expected;
            let there = before.is_some_and(|(at, before)| {
                at < expected.at && expected.verdicts.contains(&before)
            });
            step.seen = Some(if there { Seen::Before } else { Seen::At(now) });
        }
    }

    fn allowed(&self, current: Option<usize>) -> &[Verdict] {
        match current.and_then(|current| self.steps.get(current)) {
            Some(step) => &step.expected.verdicts,
            None => &AT_FIRST,
        }
    }

    fn is_right(&self, current: Option<usize>, now: Time, verdict: Verdict) -> bool {
        if self.allowed(current).contains(&verdict) {
            return true;
        }
        let warming = verdict == Verdict::Unknown && !self.seen_up && now <= self.warm_until;
        let former = current.and_then(|current| current.checked_sub(1));
        let on_the_way = current
            .and_then(|current| self.steps.get(current))
            .is_some_and(|step| {
                // A step that is late is one failure already, and not one for every beat.
                let open = now <= step.deadline() || step.seen.is_none();
                // But to call a platform down on the way from up to degraded is to call it down.
                open && (verdict != Verdict::Down || self.allowed(former).contains(&verdict))
            });
        warming || on_the_way
    }

    /// Steps that were not fulfilled in time.
    pub fn missed(&self) -> impl Iterator<Item = Missed> {
        let missed = |step: &&Step| match step.seen {
            Some(Seen::Before) => false,
            Some(Seen::At(at)) => at > step.deadline(),
            Some(Seen::Never) | None => true,
        };
        self.steps.iter().filter(missed).map(|step| Missed {
            expected: step.expected.clone(),
            was: step.was,
            came: match step.seen {
                Some(Seen::At(at)) => Some(at),
                _ => None,
            },
        })
    }
}

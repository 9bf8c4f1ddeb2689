//! A verdict as it is held over time: since when, and how long each state has been held in all.

use std::time::Duration;

use super::Verdict;
use crate::time::Time;

/// A verdict with its history.
#[derive(Clone, Debug)]
pub(super) struct Held {
    verdict: Verdict,
    since: Time,
    spent: [Duration; 5],
    /// Up to here time has been added to `spent`. Apart from `since`, so that a clock set back takes nothing away.
    counted_to: Time,
}

impl Held {
    /// Unknown from now on.
    pub(super) fn new(now: Time) -> Self {
        Self {
            verdict: Verdict::Unknown,
            since: now,
            spent: Default::default(),
            counted_to: now,
        }
    }

    pub(super) fn verdict(&self) -> Verdict {
        self.verdict
    }

    pub(super) fn since(&self) -> Time {
        self.since
    }

    /// Holds `verdict` from now on.
    pub(super) fn set(&mut self, verdict: Verdict, now: Time) {
        self.advance(now);
        if verdict != self.verdict {
            self.verdict = verdict;
            self.since = now;
        }
    }

    /// Adds the time since the last call to the state that was held.
    pub(super) fn advance(&mut self, now: Time) {
        self.spent = self.spent(now);
        self.counted_to = now;
    }

    /// Time goes on from now; what lies between counts for no state.
    pub(super) fn skip(&mut self, now: Time) {
        self.counted_to = now;
    }

    /// Time spent in each state, up to now.
    pub(super) fn spent(&self, now: Time) -> [Duration; 5] {
        let mut spent = self.spent;
        let current = &mut spent[self.verdict as usize];
        *current = current.saturating_add(now.since(self.counted_to));
        spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::from_millis(seconds * 1000)
    }

    #[test]
    fn time_goes_to_the_state_that_was_held() {
        let mut held = Held::new(at(100));
        held.set(Verdict::Up, at(110));
        held.set(Verdict::Up, at(120));
        held.set(Verdict::Down, at(150));
        assert_eq!(held.since(), at(150));
        assert_eq!(held.spent(at(157)).map(|d| d.as_secs()), [40, 0, 7, 0, 10]);
    }

    #[test]
    fn a_clock_set_back_takes_nothing_away() {
        let mut held = Held::new(at(1000));
        held.set(Verdict::Up, at(1000));
        held.advance(at(1060));
        held.advance(at(500));
        held.advance(at(510));
        assert_eq!(held.spent(at(515))[0].as_secs(), 75);
    }
}

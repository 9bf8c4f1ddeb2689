//! The planned times of one check: one in each interval, at a phase of its own, a little off the beat.

use std::time::Duration;

use super::hash;
use crate::time::Time;

/// Slots wander by up to the twentieth part of the interval, so that a check neither beats in time with what it probes
/// nor for ever falls together with another.
const JITTER_PART: u64 = 20;

/// The times at which a check is planned: `epoch + phase + k · interval + jitter(k)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slots {
    seed: u64,
    interval: u64,
    phase: u64,
}

impl Slots {
    /// Those of the check with this id.
    pub(super) fn new(id: &str, interval: Duration) -> Self {
        let seed = hash::text(id);
        let interval = u64::try_from(interval.as_millis())
            .unwrap_or(u64::MAX)
            .max(1);
        Self {
            seed,
            interval,
            phase: hash::spread(seed, interval),
        }
    }

    pub(super) fn interval(&self) -> Duration {
        Duration::from_millis(self.interval)
    }

    /// A fixed part of `range` that differs from check to check and does not follow from the phase.
    pub(super) fn share_of(&self, range: Duration) -> Duration {
        let range = u64::try_from(range.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(hash::spread(hash::mix(self.seed), range))
    }

    /// The first slot after `time`.
    pub(super) fn after(&self, time: Time) -> Time {
        self.slot(self.count(time))
    }

    /// How many slots a run that should have ended soon after `from` has cost by `to`. It stands itself for the slot
    /// nearest to it: a recheck may start shortly before one.
    pub(super) fn missed(&self, from: Time, to: Time) -> u64 {
        self.between(from + self.interval() / 2, to)
    }

    /// How many slots lie after `from`, up to and including `to`.
    pub(super) fn between(&self, from: Time, to: Time) -> u64 {
        self.count(to).saturating_sub(self.count(from))
    }

    /// How many slots lie at or before `time`.
    fn count(&self, time: Time) -> u64 {
        let Some(since_first) = time.as_millis().checked_sub(self.phase) else {
            return 0;
        };
        // Jitter can put the slot of the beat that has begun still ahead.
        let beat = since_first / self.interval;
        beat + u64::from(self.slot(beat) <= time)
    }

    fn slot(&self, k: u64) -> Time {
        let jitter = hash::spread(
            hash::mix(self.seed ^ hash::mix(k)),
            self.interval / JITTER_PART,
        );
        let beat = k.saturating_mul(self.interval).saturating_add(self.phase);
        Time::from_millis(beat.saturating_add(jitter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slots_of_a_known_check_stay_where_they_are() {
        let slots = Slots::new("facebook/login/dialog", Duration::from_secs(30));
        let first = slots.after(Time::from_millis(1_709_650_800_000));
        let second = slots.after(first);
        assert_eq!(
            (first.as_millis(), second.as_millis()),
            (1_709_650_803_895, 1_709_650_834_506)
        );
    }

    #[test]
    fn first_runs_do_not_follow_the_phase() {
        let interval = Duration::from_secs(30);
        let late = |time: u64| time > 15_000;
        let both = (0..1000)
            .map(|i| Slots::new(&format!("acme/api/check{i}"), interval))
            .filter(|slots| late(slots.phase) && late(slots.share_of(interval).as_millis() as u64));
        let both = both.count();
        assert!((200..300).contains(&both), "{both} of 1000");
    }

    proptest! {
        #[test]
        fn one_slot_in_each_interval(id in ".*", interval in 1..1_000_000u64, start in 0..1u64 << 42) {
            let slots = Slots::new(&id, Duration::from_millis(interval));
            let mut time = Time::from_millis(start);
            let mut seen = 0;
            for _ in 0..50 {
                let next = slots.after(time);
                prop_assert!(next > time);
                prop_assert_eq!(slots.between(time, next), 1);
                prop_assert_eq!(slots.after(next - Duration::from_millis(1)), next);
                if seen > 0 {
                    let gap = next.since(time).as_millis() as u64;
                    prop_assert!(gap.abs_diff(interval) <= interval / JITTER_PART, "{} {}", gap, interval);
                }
                seen += 1;
                time = next;
            }
            prop_assert_eq!(slots.between(Time::from_millis(start), time), seen);
        }
    }
}

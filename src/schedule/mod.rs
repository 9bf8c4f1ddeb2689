//! When to run what. Pure: time is an argument, and nothing here sleeps or spawns.

mod hash;
mod slots;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::Duration;

use crate::state::Pace;
use crate::time::Time;
use slots::Slots;

/// A run that starts later than this after its plan would say more about us than about its target.
pub const LATE: Duration = Duration::from_secs(1);

/// Key of a check within one schedule.
pub type Slot = usize;

/// A run that should start now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which check.
    pub slot: Slot,
    /// When it was meant to start.
    pub planned: Time,
    /// Slots that passed without a run since then: counted, never made up for.
    pub missed: u64,
    /// More than a second late: the result is `local_overloaded`, and nothing is sent.
    pub late: bool,
}

/// The plan of all checks.
///
/// A check has at most one run, planned or in progress. Slots that pass during a run, or while nobody asks, are counted and
/// never made up for.
#[derive(Debug, Default)]
pub struct Schedule {
    checks: HashMap<Slot, Entry>,
    /// Planned runs, the earliest first. Entries that the check itself contradicts are left over and ignored.
    queue: BinaryHeap<Reverse<(Time, Slot)>>,
}

#[derive(Debug)]
struct Entry {
    slots: Slots,
    /// Planned start of the next run; none while a run is in progress.
    next: Option<Time>,
    /// Slots before this are passed over: too close to the first run.
    not_before: Time,
    /// The next run waits because its target refuses us.
    paused: bool,
}

impl Schedule {
    /// An empty plan.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a check; `id` fixes its phase within the interval. The first run comes within `first_within`. Returns its time.
    pub fn add(
        &mut self,
        slot: Slot,
        id: &str,
        interval: Duration,
        first_within: Duration,
        now: Time,
    ) -> Time {
        let slots = Slots::new(id, interval);
        let first = now + slots.share_of(first_within);
        let not_before = first + slots.interval() / 2;
        self.insert(
            slot,
            Entry {
                slots,
                next: None,
                not_before,
                paused: false,
            },
            first,
        )
    }

    /// Adds a check that pauses since before: its next run stays where it was (see [`Schedule::paused`]), or is due now if
    /// that has passed. Returns its time.
    pub fn resume(
        &mut self,
        slot: Slot,
        id: &str,
        interval: Duration,
        next: Time,
        now: Time,
    ) -> Time {
        let entry = Entry {
            slots: Slots::new(id, interval),
            next: None,
            not_before: now,
            paused: true,
        };
        self.insert(slot, entry, next.max(now))
    }

    fn insert(&mut self, slot: Slot, mut entry: Entry, next: Time) -> Time {
        entry.next = Some(next);
        self.checks.insert(slot, entry);
        self.queue.push(Reverse((next, slot)));
        next
    }

    /// Takes a check out of the plan; the end of a run in progress is then passed over.
    pub fn remove(&mut self, slot: Slot) {
        self.checks.remove(&slot);
    }

    /// When the next run of a check is planned; none while one is in progress.
    pub fn planned(&self, slot: Slot) -> Option<Time> {
        self.checks.get(&slot)?.next
    }

    /// When the next run of a check is planned that pauses; none of any other.
    pub fn paused(&self, slot: Slot) -> Option<Time> {
        let entry = self.checks.get(&slot).filter(|entry| entry.paused)?;
        entry.next
    }

    /// When the next run is due.
    pub fn next_wake(&self) -> Option<Time> {
        // A leftover can only wake too early, and goes away by that.
        self.queue.peek().map(|Reverse((next, _))| *next)
    }

    /// Takes out the runs that are due. A check taken out is in progress until [`Schedule::finished`].
    pub fn pop_due(&mut self, now: Time) -> Vec<Due> {
        let mut due = Vec::new();
        while let Some(&Reverse((planned, slot))) = self.queue.peek() {
            if planned > now {
                break;
            }
            self.queue.pop();
            let Some(entry) = self.checks.get_mut(&slot) else {
                continue;
            };
            if entry.next != Some(planned) {
                continue;
            }
            entry.next = None;
            let missed = entry.slots.missed(planned, now);
            due.push(Due {
                slot,
                planned,
                missed,
                late: now.since(planned) > LATE,
            });
        }
        due
    }

    /// A run ended: plans the next one and returns its time, with the slots that passed meanwhile.
    pub fn finished(&mut self, slot: Slot, started: Time, pace: Pace, now: Time) -> (Time, u64) {
        let Some(entry) = self.checks.get_mut(&slot) else {
            return (now, 0);
        };
        let slots = &entry.slots;
        let (next, missed) = match pace {
            Pace::Interval => (
                slots.after(now.max(entry.not_before)),
                slots.missed(started, now),
            ),
            Pace::Recheck(recheck) => (now.max(started + recheck.min(slots.interval())), 0),
            Pace::Pause(pause) => (now + pause, 0),
        };
        entry.next = Some(next);
        entry.paused = matches!(pace, Pace::Pause(_));
        self.queue.push(Reverse((next, slot)));
        (next, missed)
    }

    /// Runs that all checks together missed while nobody asked, from `from` to `now`: for a plan that is then thrown away.
    pub fn slept_through(&self, from: Time, now: Time) -> u64 {
        let missed = |entry: &Entry| match entry.next {
            Some(next) if next > now => 0,
            Some(next) => 1 + entry.slots.missed(next, now),
            None => entry.slots.between(from, now),
        };
        self.checks.values().map(missed).sum()
    }

    /// The clock was set, or the machine slept: every planned run keeps its distance from now. Returns the new times.
    /// Without this a clock set back would leave every check waiting, and one set forward would make every run late.
    pub fn shift(&mut self, from: Time, to: Time) -> Vec<(Slot, Time)> {
        let mut moved = Vec::new();
        for (&slot, entry) in &mut self.checks {
            entry.not_before = to; // What it was meant to keep apart is long past, or about to be forgotten.
            if let Some(next) = &mut entry.next {
                *next = to + next.since(from);
                moved.push((slot, *next));
            }
        }
        self.queue = moved
            .iter()
            .map(|&(slot, next)| Reverse((next, slot)))
            .collect();
        moved
    }
}

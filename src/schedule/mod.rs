//! When to run what. Pure: time is an argument, and nothing here sleeps or spawns.

use std::time::Duration;

use crate::state::Pace;
use crate::time::Time;

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
#[derive(Debug)]
pub struct Schedule {}

impl Schedule {
    /// An empty plan.
    pub fn new() -> Self {
        todo!()
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
        let _ = (slot, id, interval, first_within, now);
        todo!()
    }

    /// When the next run is due.
    pub fn next_wake(&self) -> Option<Time> {
        todo!()
    }

    /// Takes out the runs that are due. A check taken out is in progress until [`Schedule::finished`].
    pub fn pop_due(&mut self, now: Time) -> Vec<Due> {
        let _ = now;
        todo!()
    }

    /// A run ended: plans the next one and returns its time, with the slots that passed meanwhile.
    pub fn finished(&mut self, slot: Slot, started: Time, pace: Pace, now: Time) -> (Time, u64) {
        let _ = (slot, started, pace, now);
        todo!()
    }
}

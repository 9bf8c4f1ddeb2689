//! The one table of metric families, the store behind the per-check ones, and the exposition. Pure: time is an argument.

use crate::config::Platform;
use crate::probe::observation::Observation;
use crate::schedule::Slot;
use crate::time::Time;

/// The exporter's own metrics, in a `prometheus` registry together with the process's.
pub struct Own {}

/// The metrics of every check, each behind its own lock.
pub struct Store {}

impl Store {
    /// All series at zero. Slots number the checks in the order of `platforms` → components → checks.
    pub fn new(vantage: &str, platforms: &[Platform]) -> Self {
        let _ = (vantage, platforms);
        todo!()
    }

    /// Takes over the counters and histograms of the checks that both have by id.
    pub fn inherit(&self, old: &Self) {
        let _ = old;
        todo!()
    }

    /// Takes in a finished run.
    pub fn record(&self, slot: Slot, observation: &Observation) {
        let _ = (slot, observation);
        todo!()
    }

    /// Notes when the next run is planned.
    pub fn plan(&self, slot: Slot, next: Time) {
        let _ = (slot, next);
        todo!()
    }

    /// Notes the last raw result of a control.
    pub fn record_control(&self, control: &str, success: bool) {
        let _ = (control, success);
        todo!()
    }
}

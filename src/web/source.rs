//! What the pages are made from.

use std::future::Future;
use std::sync::Arc;

use crate::config::CheckId;
use crate::engine::Shared;
use crate::metrics::{Own, Store};
use crate::state::Report;
use crate::time::Times;

/// What the server needs of the engine.
pub trait Source: Send + Sync + 'static {
    /// The exporter's own metrics.
    fn own(&self) -> &Own;

    /// The metrics of every check.
    fn store(&self) -> Arc<Store>;

    /// The verdicts as they stand now.
    fn report(&self) -> Report;

    /// How the points in time in store and report are written.
    fn times(&self) -> Times;

    /// The verdicts with their times as they are written.
    fn written(&self) -> Report {
        self.report().timed_by(&self.times())
    }

    /// The last text of what went wrong with a check.
    fn detail(&self, check: &CheckId) -> Option<String>;

    /// Whether the scheduler's heart beats.
    ///
    /// # Errors
    /// Says what is wrong.
    fn healthy(&self) -> Result<(), String>;

    /// Whether every check has been planned and our own network looked at.
    fn ready(&self) -> bool;

    /// Reads the configuration again.
    ///
    /// # Errors
    /// All errors with their places; the running configuration stays.
    fn reload(&self) -> impl Future<Output = Result<(), String>> + Send;
}

impl Source for Shared {
    fn own(&self) -> &Own {
        &self.own
    }

    fn store(&self) -> Arc<Store> {
        self.running().store
    }

    fn report(&self) -> Report {
        self.report()
    }

    fn times(&self) -> Times {
        self.times()
    }

    fn detail(&self, check: &CheckId) -> Option<String> {
        self.detail(check)
    }

    fn healthy(&self) -> Result<(), String> {
        self.healthy()
    }

    fn ready(&self) -> bool {
        self.ready()
    }

    fn reload(&self) -> impl Future<Output = Result<(), String>> + Send {
        self.reload()
    }
}

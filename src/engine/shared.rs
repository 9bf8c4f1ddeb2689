//! What the engine shares with the web server: read-only views, and the wish to reload.

use std::sync::Arc;

use crate::config::Config;
use crate::metrics::{Own, Store};
use crate::state::Report;
use crate::time::Time;

/// One configuration in force, with the metrics of its checks.
#[derive(Clone)]
pub struct Running {
    /// The configuration.
    pub config: Arc<Config>,
    /// The per-check metrics.
    pub store: Arc<Store>,
}

/// Handle on a running engine.
pub struct Shared {
    /// The exporter's own metrics.
    pub own: Own,
}

impl Shared {
    /// The configuration in force.
    pub fn running(&self) -> Running {
        todo!()
    }

    /// The engine's time.
    pub fn now(&self) -> Time {
        todo!()
    }

    /// The verdicts as they stand now.
    pub fn report(&self) -> Report {
        todo!()
    }

    /// The last text of what went wrong with a check, for people; none while it is up.
    pub fn detail(&self, platform: &str, component: &str, check: &str) -> Option<String> {
        let _ = (platform, component, check);
        todo!()
    }

    /// Whether the scheduler's heart beats.
    ///
    /// # Errors
    /// Says since when it does not.
    pub fn healthy(&self) -> Result<(), String> {
        todo!()
    }

    /// Whether every check has been planned and the first control round is over.
    pub fn ready(&self) -> bool {
        todo!()
    }

    /// Reads the configuration again.
    ///
    /// # Errors
    /// All errors with their places; the running configuration stays.
    pub async fn reload(&self) -> Result<(), String> {
        todo!()
    }
}

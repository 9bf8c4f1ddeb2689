//! An engine's worth of data for tests, without an engine.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::source::Source;
use crate::config::{CheckId, Depth};
use crate::metrics::{Own, Store, fixture};
use crate::state::Report;
use crate::time::Times;

pub struct Fake {
    pub own: Own,
    pub store: Arc<Store>,
    pub report: Report,
    /// Of every check.
    pub detail: Option<String>,
    pub healthy: Result<(), String>,
    pub ready: bool,
    pub reload: Result<(), String>,
    pub reloads: AtomicUsize,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            own: fixture::own(),
            store: Arc::new(fixture::store()),
            report: fixture::report(),
            detail: None,
            healthy: Ok(()),
            ready: true,
            reload: Ok(()),
            reloads: AtomicUsize::new(0),
        }
    }
}

impl Fake {
    /// With so many checks in the store.
    pub fn of(checks: usize) -> Self {
        let check = |n| {
            fixture::check(
                "p",
                "c",
                &format!("check-{n}"),
                fixture::tcp("h"),
                Depth::Edge,
            )
        };
        let component = fixture::component((0..checks).map(check).collect());
        let store = Store::new("v", &[fixture::platform("P", "O", "", vec![component])]);
        Self {
            store: Arc::new(store),
            ..Self::default()
        }
    }

    pub fn reloads(&self) -> usize {
        self.reloads.load(Ordering::Relaxed)
    }
}

impl Source for Fake {
    fn own(&self) -> &Own {
        &self.own
    }

    fn store(&self) -> Arc<Store> {
        self.store.clone()
    }

    fn report(&self) -> Report {
        self.report.clone()
    }

    fn times(&self) -> Times {
        Times::default()
    }

    fn detail(&self, _: &CheckId) -> Option<String> {
        self.detail.clone()
    }

    fn healthy(&self) -> Result<(), String> {
        self.healthy.clone()
    }

    fn ready(&self) -> bool {
        self.ready
    }

    fn reload(&self) -> impl Future<Output = Result<(), String>> + Send {
        self.reloads.fetch_add(1, Ordering::Relaxed);
        std::future::ready(self.reload.clone())
    }
}

//! What the log says: changes of verdict, the loss and return of our own network, and single runs at debug level.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use tracing::{debug, error, info, warn};

use super::Shared;
use super::controls::OnResult;
use crate::config::CheckId;
use crate::lock::lock;
use crate::metrics::Store;
use crate::probe::observation::Observation;
use crate::state::{self, Verdict};

/// Remembers what was said, so that it is said once.
#[derive(Default)]
pub struct Announcer {
    verdicts: HashMap<String, Verdict>,
    vantage: Option<bool>,
    // A std mutex: one map update per control result.
    tried: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Announcer {
    /// Takes in the raw results of controls: into the metrics, and for the log line of a lost vantage.
    pub fn on_control(&self, store: Arc<Store>) -> OnResult {
        let tried = self.tried.clone();
        Arc::new(move |control, success, detail| {
            store.record_control(control, success);
            lock(&tried).insert(control.to_owned(), detail.to_owned());
        })
    }

    /// Says when our own network is lost or back.
    pub fn vantage(&mut self, proven: bool) {
        if self.vantage == Some(proven) {
            return;
        }
        let first = self.vantage.is_none();
        self.vantage = Some(proven);
        if proven {
            if !first {
                info!("this machine reaches the internet again");
            }
            return;
        }
        let tried: Vec<String> = lock(&self.tried)
            .iter()
            .map(|(control, detail)| format!("{control} ({detail})"))
            .collect();
        error!(
            tried = tried.join("; "),
            "this machine cannot reach the internet, so every verdict is unknown until it can; \
             check its network, resolver and proxy, or set `controls` to hosts that it is allowed to reach"
        );
    }

    /// Says which platforms changed, in the one sentence.
    pub fn announce(&mut self, shared: &Shared) {
        let report = shared.report();
        for platform in &report.platforms {
            let before = self
                .verdicts
                .insert(platform.name.clone(), platform.verdict);
            if before.unwrap_or(Verdict::Unknown) == platform.verdict {
                continue;
            }
            let sentence = state::sentence(platform, &report);
            match platform.verdict {
                Verdict::Down | Verdict::Degraded => warn!(platform = platform.name, "{sentence}"),
                _ => info!(platform = platform.name, "{sentence}"),
            }
        }
    }
}

/// Tells of a single run.
pub fn run(check: &CheckId, observation: &Observation) {
    let outcome = &observation.run.outcome;
    debug!(
        check = %check,
        class = outcome.class.label(),
        reason = outcome.reason.label(),
        seconds = observation.run.phases.total().as_secs_f64(),
        detail = outcome.detail,
        "run"
    );
}

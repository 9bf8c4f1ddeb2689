//! Runs one probe: shared stages (resolve → connect → TLS), one file per kind on top, and around all of it one deadline
//! and one budget of wire bytes. A failed probe is data, never an error.

pub mod classify;
mod dial;
mod escape;
pub mod failure;
mod http;
mod judge;
pub mod network;
pub mod noise;
pub mod observation;
mod trace;
mod websocket;

use std::sync::Arc;

use crate::config::{Check, Config, Kind};
use dial::{Context, Failure};
use network::Network;
use observation::{Outcome, Run};
use trace::{Step, Trace};

/// Runs checks. Cheap to share, holds no connections.
pub struct Prober {
    network: Arc<dyn Network>,
    user_agent: String,
    allow_private: bool,
    connect_to: Vec<crate::config::ConnectTo>,
}

impl Prober {
    /// Reads certificate authorities and the system's resolvers.
    ///
    /// # Errors
    /// A sentence for people, when a file cannot be used.
    pub fn new(config: &Config, network: Arc<dyn Network>) -> Result<Self, String> {
        let config_network = config.network.clone();
        Ok(Self {
            network,
            user_agent: config.user_agent.clone(),
            allow_private: config_network.allow_private,
            connect_to: config_network.connect_to,
        })
    }

    /// Runs a check once. Ends at the check's timeout at the latest, whatever the peer does, with every connection closed.
    pub async fn run(&self, check: &Check) -> Run {
        let trace = Trace::start(Step::Resolve);
        let cx = Context { prober: self, check, trace: &trace };
        let work = async {
            match &check.kind {
                Kind::Http(target) => http::run(&cx, target).await,
                Kind::Websocket(target) => websocket::run(&cx, target).await,
                _ => Outcome::ok("scaffolding"),
            }
        };
        let outcome = tokio::time::timeout(check.timeout, work).await.ok();
        let recorded = trace.finish();
        let outcome = outcome.unwrap_or_else(|| {
            judge::outcome(check, Failure { reason: recorded.step.timeout(), detail: "deadline".into() })
        });
        Run {
            outcome,
            phases: recorded.phases,
            status: recorded.status,
            certificate: recorded.certificate,
            retry_after: recorded.retry_after,
            verified_tls: recorded.verified_tls,
            hops: recorded.hops,
        }
    }
}

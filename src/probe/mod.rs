//! Runs one probe: shared stages (resolve → connect → TLS), one file per kind on top, and around all of it one deadline
//! and one budget of wire bytes. A failed probe is data, never an error.

mod budget;
mod dial;
mod dns;
pub mod failure;
mod guard;
mod handshake;
mod hosts;
mod http;
mod judge;
pub mod network;
pub mod observation;
mod policy;
mod proxy;
mod question;
mod race;
mod resolver;
mod tcp;
#[cfg(test)]
mod testing;
mod text;
mod tls;
mod trace;
mod trust;
mod verifier;
mod websocket;

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Check, Config, ConnectTo, Kind, Proxy};
use budget::Budget;
use dial::{Allowed, Context, Failure};
use failure::Reason;
use guard::{Clocks, isolate};
use network::Network;
use observation::{Outcome, Run};
use resolver::Resolver;
use trace::{Recorded, Step, Trace};
use trust::Trust;

/// Runs checks. Cheap to share, holds no connections.
pub struct Prober {
    network: Arc<dyn Network>,
    resolver: Resolver,
    trust: Trust,
    proxy: Option<Proxy>,
    connect_to: Vec<ConnectTo>,
    allow_private: bool,
    user_agent: String,
}

impl Prober {
    /// Reads certificate authorities and the system's resolvers.
    ///
    /// # Errors
    /// A sentence for people, when a file cannot be used.
    pub fn new(config: &Config, network: Arc<dyn Network>) -> Result<Self, String> {
        let settings = &config.network;
        Ok(Self {
            network,
            resolver: Resolver::new(&settings.resolvers),
            trust: Trust::new(config)?,
            proxy: settings.proxy.clone(),
            connect_to: settings.connect_to.clone(),
            allow_private: settings.allow_private,
            user_agent: config.user_agent.clone(),
        })
    }

    /// Runs a check once. Ends at the check's timeout at the latest, whatever the peer does, with every connection closed.
    pub async fn run(&self, check: &Check) -> Run {
        let clocks = Clocks::start();
        let trace = Trace::start(first_step(&check.kind));
        let ended = {
            let cx = Context {
                prober: self,
                check,
                trace: &trace,
                budget: Budget::default(),
            };
            tokio::time::timeout(check.timeout, isolate(probe(&cx))).await
        };
        let recorded = trace.finish();
        let outcome = match (clocks.fault(check.timeout), ended) {
            (Some(why), _) => Outcome::local(Reason::LocalClock, why),
            (None, Ok(Ok(outcome))) => outcome,
            (None, Ok(Err(panic))) => {
                judge::outcome(check, Failure::new(Reason::LocalInternal, panic))
            }
            (None, Err(_)) => judge::outcome(check, at_deadline(&recorded, check.timeout)),
        };
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

    fn allowed(&self) -> Allowed {
        if self.allow_private {
            Allowed::Any
        } else {
            Allowed::Public
        }
    }
}

/// The one place where a kind meets its file.
async fn probe(cx: &Context<'_>) -> Outcome {
    match &cx.check.kind {
        Kind::Http(target) => http::run(cx, target).await,
        Kind::Tcp(target) => tcp::run(cx, target).await,
        Kind::Tls(target) => tls::run(cx, target).await,
        Kind::Dns(target) => dns::run(cx, target).await,
        Kind::Websocket(target) => websocket::run(cx, target).await,
    }
}

const fn first_step(kind: &Kind) -> Step {
    match kind {
        Kind::Dns(_) => Step::Query,
        _ => Step::Resolve,
    }
}

/// The failure of a run that the deadline ended: what had gone wrong in its last step, else the silence there.
fn at_deadline(recorded: &Recorded, deadline: Duration) -> Failure {
    let silence = recorded.step.timeout();
    match &recorded.noted {
        // Whatever goes wrong on the way to our proxy is ours.
        Some((reason, detail)) if recorded.step != Step::Proxy => Failure::new(*reason, detail),
        Some((_, detail)) => Failure::new(silence, format!("proxy: {detail}")),
        None => Failure::new(
            silence,
            format!("{} after {deadline:?}", recorded.step.waiting()),
        ),
    }
}

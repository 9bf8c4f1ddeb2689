//! Runs one probe: shared stages (resolve → connect → TLS), one file per kind on top, and around all of it one deadline
//! and one budget of wire bytes. A failed probe is data, never an error.

mod dial;
pub mod failure;
pub mod network;
pub mod observation;
mod trace;

use std::sync::Arc;

use crate::config::{Check, Config};
use network::Network;
use observation::Run;

/// Runs checks. Cheap to share, holds no connections.
pub struct Prober {}

impl Prober {
    /// Reads certificate authorities and the system's resolvers.
    ///
    /// # Errors
    /// A sentence for people, when a file cannot be used.
    pub fn new(config: &Config, network: Arc<dyn Network>) -> Result<Self, String> {
        let _ = (config, network);
        todo!()
    }

    /// Runs a check once. Ends at the check's timeout at the latest, whatever the peer does, with every connection closed.
    pub async fn run(&self, check: &Check) -> Run {
        let _ = check;
        todo!()
    }
}

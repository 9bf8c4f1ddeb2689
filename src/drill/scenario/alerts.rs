//! The alerts that are shipped, so that a scenario cannot wait for one that a slip of the pen made up.

use crate::config::did_you_mean;

/// Every alert of `prometheus/rules`.
pub(super) const SHIPPED: [&str; 20] = [
    "PlatformDown",
    "PlatformDownRegional",
    "PlatformDegraded",
    "PlatformComponentDown",
    "PlatformErrorsHigh",
    "PlatformFlapping",
    "PlatformBlocked",
    "PlatformBlind",
    "PlatformUnproven",
    "PlatformExpectationDrift",
    "PlatformCredentialInvalid",
    "PlatformOfficialIncident",
    "PlatformSourcesDisagree",
    "PlatformReportsHigh",
    "PlatformErrorBudgetBurn",
    "PlatformCertificateExpiring",
    "PlatformVantageOffline",
    "PlatformExporterDown",
    "PlatformProbesStale",
    "PlatformWatchdog",
];

/// The shipped alerts have this prefix to themselves.
const OURS: &str = "Platform";

/// Whether there may be such an alert. People have rules of their own, so only a name that looks like one of ours is wrong.
pub(super) fn check(name: &str) -> Result<(), String> {
    if SHIPPED.contains(&name) {
        return Ok(());
    }
    match did_you_mean(name, SHIPPED) {
        Some(hint) => Err(format!("there is no such alert{hint}")),
        None if name.starts_with(OURS) => Err(format!(
            "there is no such alert; those that are shipped are {}",
            SHIPPED.join(", ")
        )),
        None => Ok(()),
    }
}

//! What a failure means for a check: its class, and whether the expectation behind it must first be proven.
//! The one place where trust is applied, for every kind.

use super::dial::Failure;
use super::failure::{Class, Reason};
use super::observation::Outcome;
use crate::config::{Check, StatusMatch, Trust};

/// The outcome of a run that ended with `failure`.
///
/// A mismatch is degraded and unproven where trust is `once_proven`, and a failure where it is `always`. An untrusted
/// certificate, silence after an upgrade, and a 5xx where one is expected are failures that need proof.
pub(super) fn outcome(check: &Check, failure: Failure) -> Outcome {
    let Failure { reason, detail } = failure;
    let unproven = check.trust == Trust::OnceProven;
    let class = match (reason.is_mismatch(), unproven) {
        (true, true) => Class::Degraded,
        (true, false) => Class::Fail,
        (false, _) => reason.class(),
    };
    Outcome {
        class,
        reason,
        needs_proof: unproven && rests_on_an_expectation(check, reason),
        detail,
    }
}

fn rests_on_an_expectation(check: &Check, reason: Reason) -> bool {
    match reason {
        Reason::TlsCertUntrusted | Reason::WsTimeout => true,
        Reason::HttpStatus5xx => expects_5xx(check),
        _ => reason.is_mismatch(),
    }
}

fn expects_5xx(check: &Check) -> bool {
    let is_5xx = |status: &StatusMatch| match *status {
        StatusMatch::Exact(status) => status / 100 == 5,
        StatusMatch::Hundred(first) => first == 5,
    };
    check
        .rules
        .iter()
        .any(|rule| rule.verdict == Class::Ok && rule.status.iter().flatten().any(is_5xx))
}


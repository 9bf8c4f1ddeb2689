//! Turns a transport failure into an outcome, with the check's trust applied.

use super::dial::Failure;
use super::failure::{Class, Reason};
use super::observation::Outcome;
use crate::config::{Check, Trust};

pub(super) fn outcome(check: &Check, failure: Failure) -> Outcome {
    let Failure { reason, detail } = failure;
    let unproven = check.trust == Trust::OnceProven;
    let class = match (reason.is_mismatch(), check.trust) {
        (true, Trust::OnceProven) => Class::Degraded,
        (true, Trust::Always) => Class::Fail,
        (false, _) => reason.class(),
    };
    let needs_proof =
        unproven && (reason.is_mismatch() || matches!(reason, Reason::TlsCertUntrusted | Reason::WsTimeout));
    Outcome { class, reason, needs_proof, detail }
}

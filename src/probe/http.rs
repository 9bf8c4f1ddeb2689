//! The http kind.

use super::dial::Context;
use super::failure::Reason;
use super::observation::Outcome;
use crate::config::HttpTarget;

/// Runs an http check.
pub(super) async fn run(_cx: &Context<'_>, _target: &HttpTarget) -> Outcome {
    Outcome::local(Reason::LocalInternal, "not built")
}

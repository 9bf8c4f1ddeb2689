//! The websocket kind.

use super::dial::Context;
use super::failure::Reason;
use super::observation::Outcome;
use crate::config::WebsocketTarget;

/// Runs a websocket check.
pub(super) async fn run(_cx: &Context<'_>, _target: &WebsocketTarget) -> Outcome {
    Outcome::local(Reason::LocalInternal, "not built")
}

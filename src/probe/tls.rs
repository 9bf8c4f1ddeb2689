//! The tls kind: a connection and a verified handshake.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::{Instant, timeout};

use super::dial::{Context, Failure, Secured, connect, secure, stream_failure};
use super::judge;
use super::observation::{Hop, Outcome};
use crate::config::TlsTarget;

/// How long at least a refusal is waited for after a handshake that asked for our certificate.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
/// How long at most: a round trip to the other side of the world, with a margin.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Runs a tls check.
pub(super) async fn run(cx: &Context<'_>, target: &TlsTarget) -> Outcome {
    cx.trace.begin_hop(Hop {
        request: format!("tls {}", target.address),
        ..Hop::default()
    });
    match shake_hands(cx, target).await {
        Ok(()) => Outcome::ok("handshake done"),
        Err(failure) => judge::outcome(cx.check, failure),
    }
}

async fn shake_hands(cx: &Context<'_>, target: &TlsTarget) -> Result<(), Failure> {
    let stream = connect(cx, &target.address).await?;
    let began = Instant::now();
    let secured = secure(cx, stream, &target.address, &target.tls, &[]).await?;
    if secured.wants_certificate {
        refusal(secured, began.elapsed()).await
    } else {
        Ok(())
    }
}

/// In TLS 1.3 a server refuses our certificate, or that we have none, only after the handshake: a round trip later, and
/// the handshake took at least one.
async fn refusal(mut secured: Secured, handshake: Duration) -> Result<(), Failure> {
    let wait = (2 * handshake).clamp(SHORTEST_WAIT, LONGEST_WAIT);
    match timeout(wait, secured.stream.read(&mut [0])).await {
        Ok(Err(error)) => stream_failure(&error).map_or(Ok(()), Err),
        _ => Ok(()),
    }
}

//! The tls kind: a connection and a verified handshake.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use super::dial::{Context, Failure, Secured, connect, secure, stream_failure};
use super::judge;
use super::observation::{Hop, Outcome};
use crate::config::TlsTarget;

/// How long a refusal is waited for after a handshake in which we owe a certificate: a round trip to far away.
const REFUSAL: Duration = Duration::from_secs(1);

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
    let secured = secure(cx, stream, &target.address, &target.tls, &[]).await?;
    if secured.owes_certificate {
        refusal(secured).await
    } else {
        Ok(())
    }
}

/// In TLS 1.3 a server that demands a certificate says so only after the handshake.
async fn refusal(mut secured: Secured) -> Result<(), Failure> {
    match timeout(REFUSAL, secured.stream.read(&mut [0])).await {
        Ok(Err(error)) => stream_failure(&error).map_or(Ok(()), Err),
        _ => Ok(()),
    }
}

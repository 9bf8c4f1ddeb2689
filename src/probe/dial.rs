//! The shared stages: resolve → connect → TLS, each timed, under one policy and one budget.

use super::Prober;
use super::failure::Reason;
use super::network::Stream;
use super::trace::Trace;
use crate::config::{Check, HostPort, TlsOptions};

/// A stage failed.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// Why.
    pub reason: Reason,
    /// For people: escaped, at most 200 bytes.
    pub detail: String,
}

/// What a run works with.
pub(super) struct Context<'a> {
    /// The network, resolver, roots and policy.
    pub prober: &'a Prober,
    /// The check that is run.
    pub check: &'a Check,
    /// What is recorded on the way.
    pub trace: &'a Trace,
}

/// A stream after its TLS handshake.
pub(super) struct Secured {
    /// Clear text in and out.
    pub stream: Box<dyn Stream>,
    /// The protocol that ALPN chose.
    pub alpn: Option<Vec<u8>>,
}

/// Resolves and connects. Counts wire bytes from here on.
pub(super) async fn connect(cx: &Context<'_>, to: &HostPort) -> Result<Box<dyn Stream>, Failure> {
    let _ = (cx, to);
    todo!()
}

/// Makes the handshake, records the certificate, and ends the run when verification fails (unless told not to verify).
pub(super) async fn secure(
    cx: &Context<'_>,
    stream: Box<dyn Stream>,
    to: &HostPort,
    options: &TlsOptions,
    alpn: &[&[u8]],
) -> Result<Secured, Failure> {
    let _ = (cx, stream, to, options, alpn);
    todo!()
}

/// The failure behind an I/O error after the handshake, where it is ours, the budget's or TLS's to name; none: the
/// caller's protocol names it.
pub(super) fn stream_failure(error: &std::io::Error) -> Option<Failure> {
    let _ = error;
    todo!()
}

//! The reason behind an error of hyper's. hyper names the layer; what went over the stream tells the rest.

use std::error::Error;
use std::io::{self, ErrorKind};

use super::connection::HEAD_LIMIT;
use super::metered::Seen;
use crate::config::HttpVersion;
use crate::probe::dial::Failure;
use crate::probe::failure::Reason;

/// How an error in a body is to be taken.
#[derive(Debug)]
pub(super) enum InBody {
    /// The body is complete: it lasts until the connection closes, and it closed without TLS's goodbye.
    Complete,
    /// The byte budget is spent; what was read counts.
    Cut,
    /// The run ends.
    Failed(Failure),
}

/// Names an error before or within the head.
pub(super) fn in_head(error: &hyper::Error, seen: &Seen, version: HttpVersion) -> Failure {
    let mut failure = seen.failure().unwrap_or_else(|| named(error, seen, true));
    // A peer that speaks first and hangs up (SSH) may end the connection before hyper parses what it said.
    let broke_off = matches!(failure.reason, Reason::HttpTruncated | Reason::HttpReset);
    if broke_off && version == HttpVersion::Http1 && !seen.is_http1() {
        failure.reason = Reason::HttpMalformed;
    }
    failure
}

/// Names an error within the body. `until_close`: nothing but the end of the connection ends it. `body_bytes`: what came
/// of it on the wire.
pub(super) fn in_body(
    error: &hyper::Error,
    seen: &Seen,
    until_close: bool,
    body_bytes: u64,
) -> InBody {
    if until_close && io_kind(error) == Some(ErrorKind::UnexpectedEof) {
        return InBody::Complete;
    }
    if let Some(failure) = seen.failure() {
        // The one `http_` failure that a stream has is its spent budget. If hardly any of it was body, it was a flood.
        let flood = body_bytes < seen.received() / 16;
        return if failure.reason == Reason::HttpProtocol && !flood {
            InBody::Cut
        } else {
            InBody::Failed(failure)
        };
    }
    InBody::Failed(named(error, seen, false))
}

fn named(error: &hyper::Error, seen: &Seen, in_head: bool) -> Failure {
    let reason = parse(error)
        .or_else(|| source::<h2::Error>(error).and_then(|h2| http2(h2, seen, in_head)))
        .or_else(|| closed(error).then(|| ended(seen)))
        .or_else(|| io_kind(error).map(|kind| io(kind, seen)))
        .unwrap_or(Reason::HttpProtocol);
    Failure::new(reason, chain(error))
}

fn parse(error: &hyper::Error) -> Option<Reason> {
    match error {
        _ if error.is_parse_too_large() => Some(Reason::HttpHeadersTooLarge),
        _ if error.is_parse() => Some(Reason::HttpMalformed),
        _ => None,
    }
}

/// None where an I/O error is behind it.
fn http2(error: &h2::Error, seen: &Seen, in_head: bool) -> Option<Reason> {
    let theirs = error.is_remote();
    Some(match error.reason()? {
        h2::Reason::ENHANCE_YOUR_CALM if theirs => Reason::BlockedRateLimited,
        h2::Reason::NO_ERROR | h2::Reason::REFUSED_STREAM if theirs && in_head => {
            Reason::HttpRefused
        }
        // h2 has one error for broken headers and for too many of them; only the latter are so long.
        h2::Reason::PROTOCOL_ERROR
            if error.is_reset() && !theirs && in_head && seen.received() >= HEAD_LIMIT as u64 =>
        {
            Reason::HttpHeadersTooLarge
        }
        _ => Reason::HttpProtocol,
    })
}

fn closed(error: &hyper::Error) -> bool {
    error.is_incomplete_message() || error.is_canceled() || error.is_closed()
}

fn ended(seen: &Seen) -> Reason {
    if seen.received() == 0 {
        Reason::HttpEmptyReply
    } else {
        Reason::HttpTruncated
    }
}

fn io(kind: ErrorKind, seen: &Seen) -> Reason {
    match kind {
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Reason::HttpReset,
        // Linux answers a write after the peer's FIN and RST with EPIPE, where a plain RST is ECONNRESET.
        ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::NotConnected => ended(seen),
        ErrorKind::InvalidData | ErrorKind::InvalidInput => Reason::HttpMalformed,
        _ => Reason::HttpProtocol,
    }
}

fn io_kind(error: &hyper::Error) -> Option<ErrorKind> {
    let behind_h2 = source::<h2::Error>(error).and_then(h2::Error::get_io);
    source::<io::Error>(error)
        .or(behind_h2)
        .map(io::Error::kind)
}

fn source<T: Error + 'static>(error: &hyper::Error) -> Option<&T> {
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn chain(error: &hyper::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}

//! The immutable record of one probe run: what the prober hands to state, metrics and people.

use std::time::Duration;

use super::escape::{DETAIL, escape};
use super::failure::{Class, Reason};
use crate::time::Time;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What it says about the platform.
    pub class: Class,
    /// Why.
    pub reason: Reason,
    /// It counts only once the check has been ok here (an unproven expectation); always false where trust is `always`.
    pub needs_proof: bool,
    /// What decided, for people: a rule, a built-in sign, or an error's text. Peer bytes are escaped; at most 200 bytes.
    pub detail: String,
}

impl Outcome {
    /// All assertions hold. The detail may hold peer data: it is escaped and cut here.
    pub fn ok(detail: impl AsRef<str>) -> Self {
        Self {
            class: Class::Ok,
            reason: Reason::Ok,
            needs_proof: false,
            detail: escape(detail.as_ref().as_bytes(), DETAIL),
        }
    }

    /// Ended by something on our side.
    pub fn local(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            class: Class::Local,
            reason,
            needs_proof: false,
            detail: detail.into(),
        }
    }
}

/// The timed parts of a run, in the order of [`Phase::ALL`]; they add up to the whole, redirects included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases(pub [Duration; 5]);

impl Phases {
    /// The whole run.
    pub fn total(&self) -> Duration {
        self.0.iter().sum()
    }

    /// One part.
    pub const fn get(&self, phase: Phase) -> Duration {
        self.0[phase as usize]
    }
}

/// A timed part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Name lookup.
    Resolve,
    /// Connection, through the proxy if there is one.
    Connect,
    /// TLS handshake.
    Tls,
    /// From the request to the first byte of the answer.
    Processing,
    /// From there to the end.
    Transfer,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 5] = [
        Self::Resolve,
        Self::Connect,
        Self::Tls,
        Self::Processing,
        Self::Transfer,
    ];

    /// The label's value.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Processing => "processing",
            Self::Transfer => "transfer",
        }
    }
}

/// Facts of a leaf certificate, also of one that failed verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Start of validity.
    pub not_before: Time,
    /// End of validity.
    pub not_after: Time,
    /// Subject, for people; escaped, at most 200 bytes.
    pub subject: String,
    /// Issuer, for people; escaped, at most 200 bytes.
    pub issuer: String,
}

/// One request and its answer: a redirect chain has several.
#[derive(Clone, Debug, Default)]
pub struct Hop {
    /// What was asked, such as `GET https://www.facebook.com/`, without user info; secrets in queries are the caller's.
    pub request: String,
    /// Headers sent, secrets replaced.
    pub request_headers: Vec<(String, String)>,
    /// Address connected to.
    pub peer: Option<std::net::SocketAddr>,
    /// TLS version, cipher suite and ALPN, such as `TLSv1.3 TLS13_AES_128_GCM_SHA256 h2`.
    pub tls: Option<String>,
    /// HTTP version and status, such as `HTTP/2 400`.
    pub status: Option<String>,
    /// Headers received, escaped.
    pub response_headers: Vec<(String, String)>,
    /// Start of the body, escaped, at most 400 bytes.
    pub body_start: String,
}

/// Everything that is known of a run when it ends.
#[derive(Clone, Debug)]
pub struct Run {
    /// How it ended.
    pub outcome: Outcome,
    /// Where the time went.
    pub phases: Phases,
    /// The last HTTP status.
    pub status: Option<u16>,
    /// The last certificate seen.
    pub certificate: Option<Certificate>,
    /// Retry-After of a refusal.
    pub retry_after: Option<Duration>,
    /// A TLS handshake was verified by name: proof that our network reaches the peer.
    pub verified_tls: bool,
    /// Requests and answers, for `probe`.
    pub hops: Vec<Hop>,
}

/// A run with its place in time.
#[derive(Clone, Debug)]
pub struct Observation {
    /// When it was meant to start.
    pub planned: Time,
    /// When it started.
    pub started: Time,
    /// When it ended.
    pub ended: Time,
    /// What it found; the outcome is the final one, after our own network was ruled out.
    pub run: Run,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_peer_said_is_harmless_also_when_all_is_well() {
        assert_eq!(Outcome::ok("v=1\x1b[31m").detail, r"v=1\u{1b}[31m");
    }
}

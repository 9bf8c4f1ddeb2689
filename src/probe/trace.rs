//! What a run has done so far, kept outside the run's future: when the deadline drops the future, the step it fell in,
//! the time spent in each phase and the certificate seen are still known.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::failure::Reason;
use super::observation::{Certificate, Hop, Phase, Phases};
use crate::config::Secret;
use crate::lock::lock;

/// Where a run stands. Each step belongs to a phase and names the timeout that falls in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Looking up a name.
    Resolve,
    /// Connecting.
    Connect,
    /// Speaking to our proxy.
    Proxy,
    /// TLS handshake.
    Tls,
    /// Asking a resolver, in a dns check.
    Query,
    /// Waiting for bytes, in a tcp check.
    Banner,
    /// Request sent, head awaited.
    Head,
    /// Head read, body awaited.
    Body,
    /// Upgraded, message awaited.
    Message,
}

impl Step {
    const fn phase(self) -> Phase {
        match self {
            Self::Resolve => Phase::Resolve,
            Self::Connect | Self::Proxy => Phase::Connect,
            Self::Tls => Phase::Tls,
            Self::Query | Self::Head => Phase::Processing,
            Self::Banner | Self::Body | Self::Message => Phase::Transfer,
        }
    }

    /// What a run that is in this step has not got yet, for people.
    pub const fn waiting(self) -> &'static str {
        match self {
            Self::Resolve | Self::Query => "no answer from a resolver",
            Self::Connect => "no connection",
            Self::Proxy => "no answer from the proxy",
            Self::Tls => "TLS handshake unfinished",
            Self::Banner => "connected, but the expected bytes did not come",
            Self::Head => "request sent, but no complete head came",
            Self::Body => "the body did not end",
            Self::Message => "no message came",
        }
    }

    /// The reason of a run whose deadline fell here.
    pub const fn timeout(self) -> Reason {
        match self {
            Self::Resolve | Self::Query => Reason::DnsTimeout,
            Self::Connect | Self::Banner => Reason::TcpTimeout,
            Self::Proxy => Reason::LocalProxy,
            Self::Tls => Reason::TlsTimeout,
            Self::Head => Reason::HttpHeadersTimeout,
            Self::Body => Reason::HttpBodyTimeout,
            Self::Message => Reason::WsTimeout,
        }
    }
}

/// The record of a run in progress.
#[derive(Debug)]
pub struct Trace {
    // A std mutex: held for a few instructions, never across an await, and by one task at a time.
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    step: Step,
    since: Instant,
    phases: Phases,
    status: Option<u16>,
    certificate: Option<Certificate>,
    retry_after: Option<Duration>,
    verified_tls: bool,
    noted: Option<(Reason, String)>,
    hops: Vec<Hop>,
    secrets: Vec<Secret>,
}

/// What a trace holds when the run is over.
#[derive(Debug)]
pub struct Recorded {
    /// The step in which it ended.
    pub step: Step,
    /// Time spent in each phase, up to the end.
    pub phases: Phases,
    /// The last HTTP status.
    pub status: Option<u16>,
    /// The last certificate.
    pub certificate: Option<Certificate>,
    /// The last Retry-After.
    pub retry_after: Option<Duration>,
    /// Whether a handshake was verified by name.
    pub verified_tls: bool,
    /// What had gone wrong in the last step when it ended, and the detail.
    pub noted: Option<(Reason, String)>,
    /// Requests and answers.
    pub hops: Vec<Hop>,
    /// Secrets that were read during the run.
    pub secrets: Vec<Secret>,
}

impl Trace {
    /// Starts the clock, in the first step.
    pub fn start(step: Step) -> Self {
        Self {
            inner: Mutex::new(Inner {
                step,
                since: Instant::now(),
                phases: Phases::default(),
                status: None,
                certificate: None,
                retry_after: None,
                verified_tls: false,
                noted: None,
                hops: Vec::new(),
                secrets: Vec::new(),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }

    /// Ends the step in progress and begins `step`.
    pub fn enter(&self, step: Step) {
        let mut inner = self.lock();
        inner.lap();
        inner.step = step;
        inner.noted = None;
    }

    /// Keeps what went wrong in the step in progress, though it goes on: if the deadline ends the step, this says more
    /// than silence. The first note of a step stays.
    pub fn note(&self, reason: Reason, detail: &str) {
        self.lock()
            .noted
            .get_or_insert_with(|| (reason, detail.to_owned()));
    }

    /// Begins a request: later facts go to its hop.
    pub fn begin_hop(&self, hop: Hop) {
        self.lock().hops.push(hop);
    }

    /// Adds facts to the request in progress, if there is one.
    pub fn hop(&self, edit: impl FnOnce(&mut Hop)) {
        if let Some(hop) = self.lock().hops.last_mut() {
            edit(hop);
        }
    }

    /// Records a secret that was read for this run, so that it can be taken out of what the run tells.
    pub fn keep_secret(&self, secret: Secret) {
        self.lock().secrets.push(secret);
    }

    /// Records the status of an answer.
    pub fn set_status(&self, status: u16) {
        self.lock().status = Some(status);
    }

    /// Records a certificate, verified or not.
    pub fn set_certificate(&self, certificate: Certificate) {
        self.lock().certificate = Some(certificate);
    }

    /// Records that a handshake was verified by name.
    pub fn set_verified_tls(&self) {
        self.lock().verified_tls = true;
    }

    /// Records how long a refusal asks us to stay away.
    pub fn set_retry_after(&self, pause: Duration) {
        self.lock().retry_after = Some(pause);
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        let inner = self.lock();
        inner.phases.total() + inner.since.elapsed()
    }

    /// Stops the clock.
    pub fn finish(self) -> Recorded {
        let mut inner = self
            .inner
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        inner.lap();
        Recorded {
            step: inner.step,
            phases: inner.phases,
            status: inner.status,
            certificate: inner.certificate,
            retry_after: inner.retry_after,
            verified_tls: inner.verified_tls,
            noted: inner.noted,
            hops: inner.hops,
            secrets: inner.secrets,
        }
    }
}

impl Inner {
    fn lap(&mut self) {
        let now = Instant::now();
        self.phases.0[self.step.phase() as usize] += now - self.since;
        self.since = now;
    }
}

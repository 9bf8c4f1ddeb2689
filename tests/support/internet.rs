//! The simulated internet's servers, healthy until told otherwise, which tests do in more ways than a drill: by patterns of
//! hosts and paths, and with any answer. What was asked is recorded.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::HeaderMap;
use platform_exporter::drill::internet::authority::{Authority, Flaw};
use platform_exporter::drill::internet::chat::{Chat, Manner};
pub use platform_exporter::drill::internet::exchange::Answer;
use platform_exporter::drill::internet::exchange::Asked;
use platform_exporter::drill::internet::healthy;
pub use platform_exporter::drill::internet::healthy::GOOD_TOKEN;
use platform_exporter::drill::internet::latency::Late;
use platform_exporter::drill::internet::servers::{Conduct, Hosts, Servers, Welcome};

use super::noise;

/// How a host misbehaves. The first group strikes before TLS and needs a pattern without a path.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The connection is accepted, then nothing.
    Silence,
    /// The connection is reset in the TLS handshake.
    Reset,
    /// The connection is closed in the TLS handshake.
    Close,
    /// What answers is not TLS.
    Garbage,
    /// The handshake comes with a flawed certificate.
    Certificate(Flaw),

    /// As if no fault were set: cuts a hole into a wider one.
    Healthy,
    /// This answer.
    Answer(Answer),
    /// The request is read and never answered.
    Hang,
    /// The connection ends without an answer.
    Drop,
    /// The healthy answer, late.
    Slow(Duration),

    /// After the upgrade nothing comes.
    ChatSilent,
    /// After the upgrade the connection is closed.
    ChatClosed,
    /// After the upgrade come bytes that are no hello.
    ChatGarbage,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub host: String,
    pub path_and_query: String,
    pub headers: HeaderMap,
    pub version: hyper::Version,
}

#[derive(Default)]
struct Inner {
    faults: Mutex<Vec<(Pattern, Fault)>>,
    requests: Mutex<Vec<Recorded>>,
    unknown: Mutex<BTreeSet<String>>,
}

/// Where a fault strikes: `*`, `host`, `*.host` (the host too), each optionally with a path prefix, or with a whole path
/// when it ends in `$`.
#[derive(Clone, Debug, PartialEq)]
struct Pattern {
    host: String,
    path: Option<String>,
}

impl Pattern {
    fn parse(text: &str) -> Self {
        match text.split_once('/') {
            Some((host, path)) => Self {
                host: host.to_owned(),
                path: Some(format!("/{path}")),
            },
            None => Self {
                host: text.to_owned(),
                path: None,
            },
        }
    }

    fn names(&self, host: &str) -> bool {
        match self.host.strip_prefix('*') {
            Some(suffix) => host.ends_with(suffix) || suffix.strip_prefix('.') == Some(host),
            None => self.host == host,
        }
    }

    fn covers(&self, host: &str, path: &str) -> bool {
        let on_path = |pattern: &str| {
            pattern
                .strip_suffix('$')
                .map_or(path.starts_with(pattern), |whole| path == whole)
        };
        self.names(host) && self.path.as_deref().is_none_or(on_path)
    }
}

/// The running servers; they end with this value.
pub struct Internet {
    /// TLS: what port 443 and other TLS ports are mapped to.
    pub tls: SocketAddr,
    /// HTTP without TLS: what port 80 is mapped to.
    pub plain: SocketAddr,
    /// Accepts and waits: what chat ports are mapped to.
    pub chat: SocketAddr,
    inner: Arc<Inner>,
    _servers: Servers,
}

impl Internet {
    pub async fn start(authority: Arc<Authority>) -> Self {
        let inner = Arc::new(Inner::default());
        let hosts = Arc::clone(&inner);
        let servers = Servers::start(hosts, authority).await.unwrap();
        Self {
            tls: servers.tls.address(),
            plain: servers.plain.address(),
            chat: servers.mute.address(),
            inner,
            _servers: servers,
        }
    }

    /// Lets a fault strike; of several that fit, the latest counts.
    pub fn fault(&self, pattern: &str, fault: Fault) {
        self.inner
            .faults
            .lock()
            .unwrap()
            .push((Pattern::parse(pattern), fault));
    }

    /// Everything is healthy again.
    pub fn heal(&self) {
        self.inner.faults.lock().unwrap().clear();
    }

    /// The requests that a host has seen.
    pub fn requests(&self, host: &str) -> Vec<Recorded> {
        self.inner
            .requests
            .lock()
            .unwrap()
            .iter()
            .filter(|request| request.host == host)
            .cloned()
            .collect()
    }

    /// Requests that nobody has described a healthy answer for, as `host/path`: they got a 404.
    pub fn unknown(&self) -> BTreeSet<String> {
        self.inner.unknown.lock().unwrap().clone()
    }
}

impl Inner {
    fn connection_fault(&self, host: &str) -> Option<Fault> {
        let faults = self.faults.lock().unwrap();
        faults
            .iter()
            .rev()
            .find(|(pattern, _)| pattern.path.is_none() && pattern.names(host))
            .map(|(_, fault)| fault.clone())
    }

    fn request_fault(&self, host: &str, path: &str) -> Option<Fault> {
        let faults = self.faults.lock().unwrap();
        faults
            .iter()
            .rev()
            .find(|(pattern, _)| pattern.covers(host, path))
            .map(|(_, fault)| fault.clone())
    }

    fn record(&self, asked: &Asked<'_>) {
        let path_and_query = match asked.query {
            "" => asked.path.to_owned(),
            query => format!("{}?{query}", asked.path),
        };
        self.requests.lock().unwrap().push(Recorded {
            host: asked.host.to_owned(),
            path_and_query,
            headers: asked.headers.clone(),
            version: asked.version,
        });
    }

    fn healthy(&self, asked: &Asked<'_>, manner: Manner) -> Conduct {
        if asked.is_upgrade() {
            return match healthy::upgrade(asked) {
                Ok(chat) => Conduct::Chat(Chat { manner, ..chat }),
                Err(refusal) => Conduct::Whole(refusal),
            };
        }
        Conduct::Whole(healthy::answer(asked).unwrap_or_else(|| {
            let unknown = format!("{}{}", asked.host, asked.path);
            self.unknown.lock().unwrap().insert(unknown);
            Answer::text(404, "not found")
        }))
    }
}

impl Hosts for Inner {
    fn greet(&self, host: &str) -> Late<Welcome> {
        Late::now(match self.connection_fault(host) {
            Some(Fault::Silence) => Welcome::Silent,
            Some(Fault::Reset) => Welcome::Reset,
            Some(Fault::Close) => Welcome::Closed,
            Some(Fault::Garbage) => Welcome::Garbage,
            Some(Fault::Certificate(flaw)) => Welcome::Serve(flaw),
            _ => Welcome::Serve(Flaw::None),
        })
    }

    fn answer(&self, asked: &Asked<'_>) -> Late<Conduct> {
        self.record(asked);
        let manner = match self.request_fault(asked.host, asked.path) {
            Some(Fault::Answer(answer)) => return Late::now(Conduct::Whole(answer)),
            Some(Fault::Hang) => return Late::now(Conduct::Never),
            Some(Fault::Drop) => return Late::now(Conduct::Dropped),
            Some(Fault::Slow(time)) => {
                return Late::now(self.healthy(asked, Manner::Healthy)).after(time);
            }
            Some(Fault::ChatSilent) => Manner::Silent,
            Some(Fault::ChatClosed) => Manner::Closed,
            Some(Fault::ChatGarbage) => Manner::Garbage,
            _ => Manner::Healthy,
        };
        Late::now(self.healthy(asked, manner))
    }

    /// By the responder of these tests: one that shares nothing with the client that is tested.
    fn hello(&self, first: &[u8]) -> Option<Vec<u8>> {
        let (header, client) = noise::client_hello(first)?;
        let (ephemeral, fixed) = (noise::key([0x22; 32]), noise::key([0x33; 32]));
        let certificates = [0x0a; 200];
        Some(noise::server_hello(
            header,
            client,
            ephemeral.as_ref(),
            fixed.as_ref(),
            &certificates,
        ))
    }
}

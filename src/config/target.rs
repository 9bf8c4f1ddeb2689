//! What is probed and how, as [`settings`](super::settings) has it: one variant and one target type for each kind.

use std::net::SocketAddr;
use std::path::PathBuf;

use regex::Regex;
use serde::{Deserialize, Serialize};
use url::Url;

use super::settings::{Depth, HostPort};

/// What is probed and how: one variant and one file in `probe/` for each kind.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A request over HTTP/1.1 or HTTP/2.
    Http(HttpTarget),
    /// A connection, optionally a banner.
    Tcp(TcpTarget),
    /// A TLS handshake.
    Tls(TlsTarget),
    /// A question to a resolver.
    Dns(DnsTarget),
    /// An upgrade, optionally messages.
    Websocket(WebsocketTarget),
}

impl Kind {
    /// The value of the `kind` label, and the key in the file.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Tcp(_) => "tcp",
            Self::Tls(_) => "tls",
            Self::Dns(_) => "dns",
            Self::Websocket(_) => "websocket",
        }
    }

    /// How far an ok answer proves life where nobody says otherwise.
    pub const fn depth(&self) -> Depth {
        match self {
            Self::Http(_) | Self::Websocket(_) => Depth::App,
            Self::Tcp(_) | Self::Tls(_) | Self::Dns(_) => Depth::Edge,
        }
    }

    /// The target for labels, log and pages: never user info or query.
    pub fn target(&self) -> String {
        match self {
            Self::Http(HttpTarget { url, .. }) | Self::Websocket(WebsocketTarget { url, .. }) => {
                public_url(url)
            }
            Self::Tcp(TcpTarget { address, .. }) | Self::Tls(TlsTarget { address, .. }) => {
                address.to_string()
            }
            Self::Dns(dns) => match dns.server {
                Some(server) => format!("{} {} @{server}", dns.name, dns.record_type),
                None => format!("{} {}", dns.name, dns.record_type),
            },
        }
    }
}

// A URL's user info and query, a body and a message may hold secrets: these targets show only what labels show.

impl std::fmt::Debug for HttpTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HttpTarget({} {})", self.method, public_url(&self.url))
    }
}

impl std::fmt::Debug for WebsocketTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WebsocketTarget({})", public_url(&self.url))
    }
}

impl std::fmt::Debug for TcpTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TcpTarget({})", self.address)
    }
}

fn public_url(url: &Url) -> String {
    let mut url = url.clone();
    // Both only fail for URLs that cannot have user info, where there is nothing to hide.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// Target of an HTTP check.
#[derive(Clone)]
pub struct HttpTarget {
    /// `http` or `https`.
    pub url: Url,
    /// Such as `GET`.
    pub method: hyper::Method,
    /// In addition to the ones always sent; the same name replaces.
    pub headers: hyper::HeaderMap,
    /// Request body.
    pub body: Option<String>,
    /// How many redirects are followed; 0: none, a redirect is then an answer like any other.
    pub max_redirects: usize,
    /// None: what ALPN chooses.
    pub version: Option<HttpVersion>,
    /// Bytes of decoded body that are read.
    pub body_limit: usize,
    /// TLS settings.
    pub tls: TlsOptions,
}

/// A required HTTP version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub enum HttpVersion {
    /// HTTP/1.1.
    #[serde(rename = "1.1")]
    Http1,
    /// HTTP/2.
    #[serde(rename = "2")]
    Http2,
}

/// TLS settings of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsOptions {
    /// PEM file of the only authorities trusted for this check; none: the built-in ones and `network.ca_file`.
    pub ca_file: Option<PathBuf>,
    /// Name that is asked for and verified; none: the target's host.
    pub server_name: Option<String>,
    /// Client certificate chain, PEM.
    pub cert_file: Option<PathBuf>,
    /// Client key, PEM.
    pub key_file: Option<PathBuf>,
    /// Whether a certificate that fails verification ends the run.
    pub verify: bool,
}

impl Default for TlsOptions {
    fn default() -> Self {
        Self {
            ca_file: None,
            server_name: None,
            cert_file: None,
            key_file: None,
            verify: true,
        }
    }
}

/// Target of a TCP check.
#[derive(Clone)]
pub struct TcpTarget {
    /// Where to connect.
    pub address: HostPort,
    /// Bytes sent after the connection stands.
    pub send: Option<String>,
    /// What the first bytes received (at most 4 KiB, lossy UTF-8) must match.
    pub expect: Option<Regex>,
}

/// Target of a TLS check.
#[derive(Clone, Debug)]
pub struct TlsTarget {
    /// Where to connect.
    pub address: HostPort,
    /// TLS settings.
    pub tls: TlsOptions,
}

/// Target of a DNS check.
#[derive(Clone, Debug)]
pub struct DnsTarget {
    /// Absolute name, with or without the final dot.
    pub name: String,
    /// Type of the wanted records.
    pub record_type: hickory_proto::rr::RecordType,
    /// Who is asked; none: `network.resolvers`.
    pub server: Option<SocketAddr>,
    /// Response code that the answer must have.
    pub rcode: hickory_proto::op::ResponseCode,
    /// What the text form of at least one answer must match.
    pub answer: Option<Regex>,
}

/// Target of a WebSocket check.
#[derive(Clone)]
pub struct WebsocketTarget {
    /// `ws` or `wss`.
    pub url: Url,
    /// Headers of the upgrade request.
    pub headers: hyper::HeaderMap,
    /// Value of `Sec-WebSocket-Protocol`.
    pub subprotocol: Option<String>,
    /// What is spoken after the upgrade.
    pub protocol: WsProtocol,
    /// TLS settings.
    pub tls: TlsOptions,
}

/// What is spoken after a WebSocket upgrade.
#[derive(Clone, Debug)]
pub enum WsProtocol {
    /// Optionally one text message sent, optionally one awaited.
    Plain {
        /// Sent first.
        send: Option<String>,
        /// What the first text message received must match.
        expect: Option<Regex>,
    },
    /// WhatsApp's Noise hello: `protocol: whatsapp_noise`.
    WhatsappNoise {
        /// Last byte of the connection header `WA 06 xx`.
        dict_version: u8,
    },
}

//! The file as it is written: types that mirror it key by key, from which the JSON Schema is generated.
//!
//! Every key is optional here, because a file over the catalogue names only what it changes; what must be there is asked
//! for after merging. The comments are what people read in the schema. None of the types can be printed for debugging:
//! they hold secrets.

use schemars::JsonSchema;
use serde::Deserialize;

use super::settings::{Depth, DownWhen, HttpVersion, Impact, Robots, Trust};
use super::values::{
    Address, BytesPattern, ConnectFrom, Contact, DnsName, Duration, Entries, FilePath, HeaderName,
    HeaderValue, HttpUrl, Ip, Items, JsonPointer, Label, Name, OneOrMore, Pattern, ProxyUrl,
    Resolver, ServerName, Size, Status, Variable, WebsocketUrl,
};
use crate::probe::failure::{Class, Reason};

/// Configuration of platform_exporter.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "platform_exporter")]
pub struct File {
    /// The place we look from: the `vantage` label. Default: `local`.
    pub vantage: Option<Label>,
    /// A URL or mail address under which the platforms can reach you; put into the User-Agent.
    pub contact: Option<Contact>,
    /// Pace of every check that does not set its own.
    pub defaults: Option<Pace>,
    /// How the network is reached.
    pub network: Option<Network>,
    /// What proves that our own network works.
    pub controls: Option<Controls>,
    /// Turns off the checks that a robots.txt forbids. Default: false.
    #[expect(dead_code, reason = "read in switch.rs, on the tree")]
    pub respect_robots: Option<bool>,
    /// Tokens of your own; each turns on the checks that name it.
    pub credentials: Option<Entries<Name, Credential>>,
    /// The platforms to watch: those of the catalogue by name, with or without changes, and your own. Without this key:
    /// the whole catalogue.
    pub platforms: Option<Entries<Name, Option<Platform>>>,
}

/// When a check runs, and what turns its verdict.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    /// Time between runs, start to start. Default: 30s.
    pub interval: Option<Duration>,
    /// Deadline of a run; at most the interval. Default: 5s.
    pub timeout: Option<Duration>,
    /// Time between runs while a streak is open; at most the interval. Default: 10s.
    pub recheck: Option<Duration>,
    /// Consecutive results that turn a check down. Default: 3.
    #[schemars(range(min = 1, max = 1000))]
    pub fall: Option<usize>,
    /// Consecutive results that turn a check up again. Default: 2.
    #[schemars(range(min = 1, max = 1000))]
    pub rise: Option<usize>,
}

/// How the network is reached.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Resolvers, in order of preference. Default: the system's.
    pub resolvers: Option<Items<Resolver>>,
    /// PEM file of authorities that are trusted in addition to the built-in ones.
    pub ca_file: Option<FilePath>,
    /// Local address that connections leave from.
    pub source_address: Option<Ip>,
    /// Lets targets resolve to loopback, private and reserved addresses. Default: false.
    pub allow_private: Option<bool>,
    /// Proxy that connections go through; names are resolved by the proxy.
    pub proxy: Option<ProxyUrl>,
    /// Connects elsewhere than to the address in the key, as curl's --connect-to does.
    pub connect_to: Option<Entries<ConnectFrom, Address>>,
    /// The most probes at once. Default: what the limit of open files allows.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_in_flight: Option<usize>,
}

/// What proves that our own network works.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Controls {
    /// How many targets must succeed. Default: two thirds of them, rounded up.
    #[schemars(range(min = 0, max = 1000))]
    pub quorum: Option<usize>,
    /// Targets that are none of the platforms. An empty list takes the network for granted.
    pub targets: Option<Items<ControlTarget>>,
}

/// One control target: exactly one of the keys.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlTarget {
    /// A TLS handshake, verified by name.
    pub tls: Option<Address>,
    /// A connection.
    pub tcp: Option<Address>,
    /// A question to a resolver.
    pub dns: Option<ControlDns>,
}

/// A question to a resolver.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlDns {
    /// Name that is asked for.
    pub name: Option<DnsName>,
    /// Type of the records that are asked for. Default: A.
    pub r#type: Option<RecordType>,
    /// Who is asked. Default: `network.resolvers`.
    pub server: Option<Resolver>,
}

/// Where a token comes from: exactly one of the keys.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// A file, read again when it changes.
    pub file: Option<FilePath>,
    /// An environment variable.
    pub env: Option<Variable>,
}

/// A service people use. Over the catalogue it names only what it changes.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// Its name as people write it. Default: its key.
    pub title: Option<Label>,
    /// Who runs it: platforms of one operator fall together and are grouped in alerts. Default: the title.
    pub operator: Option<Label>,
    /// Team that alerts are routed to.
    pub team: Option<Label>,
    /// Its fall should wake someone. Default: true for what the catalogue has switched on, false for the rest.
    pub page: Option<bool>,
    /// false turns it off; a platform of the catalogue is turned on by being named.
    #[expect(dead_code, reason = "read in switch.rs, on the tree")]
    pub enabled: Option<bool>,
    /// Why it is off; only with `enabled: false`.
    #[expect(dead_code, reason = "read in switch.rs, on the tree")]
    pub off_reason: Option<Label>,
    /// Its parts.
    pub components: Option<Entries<Name, Component>>,
}

/// A part of a platform that a user notices.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// What its fall does to the platform. Default: outage.
    pub impact: Option<Impact>,
    /// How many of its checks must be down for it to be down. Default: all.
    pub down_when: Option<DownWhen>,
    /// How many checks may be down or degraded before it is degraded. Default: 0.
    #[schemars(range(min = 0, max = 1000))]
    pub tolerate: Option<usize>,
    /// false turns it off.
    #[expect(dead_code, reason = "read in switch.rs, on the tree")]
    pub enabled: Option<bool>,
    /// Why it is off; only with `enabled: false`.
    #[expect(dead_code, reason = "read in switch.rs, on the tree")]
    pub off_reason: Option<Label>,
    /// Its checks.
    pub checks: Option<Entries<Name, Check>>,
}

/// One probe of one target on a schedule: exactly one of http, tcp, tls, dns and websocket.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// A request over HTTP.
    pub http: Option<Http>,
    /// A connection, optionally with a banner.
    pub tcp: Option<Tcp>,
    /// A TLS handshake.
    pub tls: Option<Tls>,
    /// A question to a resolver.
    pub dns: Option<Dns>,
    /// A WebSocket, optionally with messages.
    pub websocket: Option<Websocket>,
    /// What an answer means: the first rule that matches decides; the built-in rules follow.
    pub rules: Option<Items<Rule>>,
    /// Time between runs, start to start. Default: `defaults.interval`.
    pub interval: Option<Duration>,
    /// Deadline of a run; at most the interval. Default: `defaults.timeout`.
    pub timeout: Option<Duration>,
    /// Time between runs while a streak is open; at most the interval. Default: `defaults.recheck`.
    pub recheck: Option<Duration>,
    /// Consecutive results that turn it down. Default: `defaults.fall`.
    #[schemars(range(min = 1, max = 1000))]
    pub fall: Option<usize>,
    /// Consecutive results that turn it up again. Default: `defaults.rise`.
    #[schemars(range(min = 1, max = 1000))]
    pub rise: Option<usize>,
    /// How far into the platform an ok answer proves life. Default: app for http and websocket, edge for the rest.
    pub depth: Option<Depth>,
    /// When a missed expectation counts. Default: always; in the catalogue: once_proven.
    pub trust: Option<Trust>,
    /// Where the expectation comes from: a note or link.
    pub evidence: Option<String>,
    /// Key under `credentials`, sent as `Authorization: Bearer …`. Without that credential the check is off.
    pub credential: Option<Name>,
    /// 401, 403, 429, challenges and walls mean that the platform is alive and refuses us. Default: false; in the catalogue: true.
    pub block_signs: Option<bool>,
    /// What the platform's robots.txt says about the request.
    pub robots: Option<Robots>,
    /// What the platform's terms say about the request.
    pub terms: Option<String>,
    /// false turns it off.
    #[expect(dead_code, reason = "read in switch.rs, on the tree")]
    pub enabled: Option<bool>,
    /// Why it is off; only with `enabled: false`.
    #[expect(dead_code, reason = "read in switch.rs, on the tree")]
    pub off_reason: Option<Label>,
}

/// A request over HTTP.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Address, beginning with http:// or https://. User info in it is sent and never printed.
    pub url: Option<HttpUrl>,
    /// Default: GET.
    pub method: Option<Method>,
    /// Sent in addition to the usual ones; the same name replaces.
    pub headers: Option<Entries<HeaderName, HeaderValue>>,
    /// Request body.
    pub body: Option<String>,
    /// How many redirects are followed; 0: none, a redirect is then an answer like any other. Default: 3.
    #[schemars(range(min = 0, max = 20))]
    pub max_redirects: Option<usize>,
    /// Required version. Default: what the server chooses.
    pub version: Option<HttpVersion>,
    /// How much of the decoded body is read. Default: 1MiB.
    pub body_limit: Option<Size>,
    /// TLS settings.
    pub tls: Option<TlsOptions>,
}

/// TLS settings.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsOptions {
    /// PEM file of the only authorities trusted here. Default: the built-in ones and `network.ca_file`.
    pub ca_file: Option<FilePath>,
    /// Name that is asked for and verified. Default: the target's host.
    pub server_name: Option<ServerName>,
    /// Client certificate chain, PEM; only together with `key_file`.
    pub cert_file: Option<FilePath>,
    /// Client key, PEM; only together with `cert_file`.
    pub key_file: Option<FilePath>,
    /// false: a certificate that fails verification does not end the run. Default: true.
    pub verify: Option<bool>,
}

/// A connection, optionally with a banner.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tcp {
    /// Where to connect.
    pub address: Option<Address>,
    /// Sent when the connection stands.
    pub send: Option<String>,
    /// What the first bytes received must match.
    pub expect: Option<Pattern>,
}

/// A TLS handshake.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Where to connect.
    pub address: Option<Address>,
    /// PEM file of the only authorities trusted here. Default: the built-in ones and `network.ca_file`.
    pub ca_file: Option<FilePath>,
    /// Name that is asked for and verified. Default: the target's host.
    pub server_name: Option<ServerName>,
    /// Client certificate chain, PEM; only together with `key_file`.
    pub cert_file: Option<FilePath>,
    /// Client key, PEM; only together with `cert_file`.
    pub key_file: Option<FilePath>,
    /// false: a certificate that fails verification does not end the run. Default: true.
    pub verify: Option<bool>,
}

/// A question to a resolver.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dns {
    /// Name that is asked for.
    pub name: Option<DnsName>,
    /// Type of the records that are asked for. Default: A.
    pub r#type: Option<RecordType>,
    /// Who is asked. Default: `network.resolvers`.
    pub server: Option<Resolver>,
    /// Response code that the answer must have. Default: NOERROR.
    pub rcode: Option<Rcode>,
    /// What the text form of at least one record must match.
    pub answer: Option<Pattern>,
}

/// A WebSocket, optionally with messages.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Websocket {
    /// Address, beginning with ws:// or wss://. User info in it is sent and never printed.
    pub url: Option<WebsocketUrl>,
    /// Sent with the upgrade.
    pub headers: Option<Entries<HeaderName, HeaderValue>>,
    /// Value of Sec-WebSocket-Protocol.
    pub subprotocol: Option<HeaderValue>,
    /// What is spoken after the upgrade. Default: `send` and `expect`.
    pub protocol: Option<Protocol>,
    /// Last byte of the connection header of whatsapp_noise. Default: 3.
    #[schemars(range(min = 0, max = 255))]
    pub dict_version: Option<u8>,
    /// Text message that is sent first.
    pub send: Option<String>,
    /// What the first text message received must match.
    pub expect: Option<Pattern>,
    /// TLS settings.
    pub tls: Option<TlsOptions>,
}

/// What is spoken after a WebSocket upgrade.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// WhatsApp's Noise hello.
    WhatsappNoise,
}

/// One rule: its conditions combine with *and*.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Any of these statuses.
    pub status: Option<OneOrMore<Status>>,
    /// Headers, each of which must be there and match.
    pub header: Option<Entries<HeaderName, Pattern>>,
    /// What the body must contain or match.
    pub body: Option<Body>,
    /// Values at JSON Pointers, each of which must be one of the list.
    pub json: Option<Entries<JsonPointer, Vec<serde_json::Value>>>,
    /// What the address of a redirect must match, followed or not.
    pub redirect_to: Option<Pattern>,
    /// The whole run took longer.
    pub slower_than: Option<Duration>,
    /// What it means.
    pub verdict: Class,
    /// Its name in metrics. Default: it follows from what decided.
    pub reason: Option<Reason>,
}

/// What a body must contain or match: exactly one of the keys.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// This text.
    pub contains: Option<String>,
    /// This expression.
    pub regex: Option<BytesPattern>,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $($variant:ident $word:literal),*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
        #[allow(missing_docs, reason = "each is named in a standard")]
        pub enum $name { $(#[serde(rename = $word)] $variant),* }

        impl $name {
            /// The word as it is written.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$(Self::$variant),*];
        }
    };
}

words! {
    /// Method of an HTTP request.
    Method: Get "GET", Head "HEAD", Post "POST", Put "PUT", Patch "PATCH", Delete "DELETE", Options "OPTIONS"
}

words! {
    /// Type of DNS records.
    RecordType: A "A", Aaaa "AAAA", Caa "CAA", Cname "CNAME", Https "HTTPS", Mx "MX", Ns "NS", Ptr "PTR", Soa "SOA",
        Srv "SRV", Svcb "SVCB", Txt "TXT"
}

words! {
    /// Response code of a DNS answer.
    Rcode: NoError "NOERROR", FormErr "FORMERR", ServFail "SERVFAIL", NxDomain "NXDOMAIN", NotImp "NOTIMP", Refused "REFUSED"
}

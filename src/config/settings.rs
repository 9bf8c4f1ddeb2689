//! What the program runs on: the configuration after merging, checking and filling in of defaults.
//!
//! Plain data without positions or options left open. The types that mirror the file are in `raw`; these are built from
//! them once, and everything downstream reads only these.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use super::rules::*;
pub use super::target::*;

/// The vantage of drills, by which their alerts are told from real ones.
pub const DRILL: &str = "drill";

/// The whole configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Value of the `vantage` label: the place we look from.
    pub vantage: String,
    /// Sent with every HTTP request.
    pub user_agent: String,
    /// How the network is reached.
    pub network: NetworkSettings,
    /// What proves that our own network works.
    pub controls: Controls,
    /// Every platform, also those that are off, in catalogue order and then the user's order.
    pub platforms: Vec<Platform>,
}

impl Config {
    /// The platforms with at least one check that is on, reduced to what is on: what the program probes.
    pub fn active(&self) -> Vec<Platform> {
        self.platforms.iter().filter_map(Platform::active).collect()
    }
}

/// How the network is reached.
#[derive(Clone, Debug, Default)]
pub struct NetworkSettings {
    /// Resolvers in order of preference; empty: the system's.
    pub resolvers: Vec<SocketAddr>,
    /// PEM file of certificate authorities trusted in addition to the built-in ones.
    pub ca_file: Option<PathBuf>,
    /// Local address that connections leave from.
    pub source_address: Option<IpAddr>,
    /// Targets may resolve to loopback, private and reserved addresses.
    pub allow_private: bool,
    /// Proxy that TCP connections go through.
    pub proxy: Option<Proxy>,
    /// Rewrites of the connected address, as curl's `--connect-to`; the first match wins.
    pub connect_to: Vec<ConnectTo>,
    /// The most probes at once; none: what the limit of open files allows.
    pub max_in_flight: Option<usize>,
}

/// A proxy for TCP connections; names are resolved by the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// How it is spoken to.
    pub kind: ProxyKind,
    /// `host:port`.
    pub address: HostPort,
    /// User and password; never printed.
    pub login: Option<(String, Secret)>,
}

/// The kinds of proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyKind {
    /// `http://`: CONNECT.
    Http,
    /// `socks5h://`.
    Socks5,
}

/// One rewrite of a connected address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectTo {
    /// Host that it applies to; none: any.
    pub host: Option<String>,
    /// Port that it applies to; none: any.
    pub port: Option<u16>,
    /// Where to connect instead. An address chosen here is allowed whatever `allow_private` says.
    pub to: HostPort,
}

/// A host, by name or address, and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// DNS name without a trailing dot, or an IP address without brackets.
    pub host: String,
    /// TCP or UDP port.
    pub port: u16,
}

impl std::fmt::Display for HostPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// A value that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<secret>")
    }
}

/// What proves that our own network works.
#[derive(Clone, Debug)]
pub struct Controls {
    /// How many targets must succeed in a round.
    pub quorum: usize,
    /// Empty: the network is taken for granted.
    pub targets: Vec<Control>,
    /// Time between rounds while nothing fails.
    pub interval: Duration,
    /// Least time between the starts of two rounds.
    pub spacing: Duration,
}

/// One control target.
#[derive(Clone, Debug)]
pub struct Control {
    /// Value of the `control` label, such as `tls one.one.one.one:443`.
    pub name: Arc<str>,
    /// What is run: a tls, tcp or dns check without rules, outside all platforms.
    pub check: Check,
}

/// A service people use.
#[derive(Clone, Debug)]
pub struct Platform {
    /// Value of the `platform` label.
    pub name: Arc<str>,
    /// Its name as people write it.
    pub title: String,
    /// Who runs it; platforms of one operator fall together.
    pub operator: String,
    /// Team to route alerts to; empty: none.
    pub team: String,
    /// Its fall should wake someone.
    pub page: bool,
    /// Off with the reason, or on.
    pub off: Option<String>,
    /// Its parts.
    pub components: Vec<Component>,
}

impl Platform {
    fn active(&self) -> Option<Self> {
        if self.off.is_some() {
            return None;
        }
        let components: Vec<Component> = self
            .components
            .iter()
            .filter(|c| c.off.is_none())
            .map(|c| Component {
                checks: c
                    .checks
                    .iter()
                    .filter(|k| k.off.is_none())
                    .cloned()
                    .collect(),
                ..c.clone()
            })
            .filter(|c| !c.checks.is_empty())
            .collect();
        (!components.is_empty()).then(|| Self {
            components,
            ..self.clone()
        })
    }
}

/// A part of a platform that a user notices.
#[derive(Clone, Debug)]
pub struct Component {
    /// Value of the `component` label.
    pub name: Arc<str>,
    /// What its fall does to the platform.
    pub impact: Impact,
    /// How many of the usable voters must be down.
    pub down_when: DownWhen,
    /// How many checks may be down or degraded before the component is degraded.
    pub tolerate: usize,
    /// Off with the reason, or on.
    pub off: Option<String>,
    /// Its checks.
    pub checks: Vec<Check>,
}

/// What a component's fall does to its platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Impact {
    /// The platform is down.
    Outage,
    /// The platform is degraded.
    Degradation,
}

/// How many of a component's usable voters must be down for it to be down.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum DownWhen {
    /// All of them.
    #[default]
    All,
    /// More than half.
    Majority,
    /// One.
    Any,
}

/// How far into the platform an ok answer proves life.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// Names, connections, TLS, static files.
    Edge,
    /// A request was read and refused by the service's own front.
    Parser,
    /// The application answered.
    App,
    /// A real session was used.
    Session,
    /// Something people posted was read.
    Content,
}

impl Depth {
    /// Every depth, shallow to deep.
    pub const ALL: [Self; 5] = [
        Self::Edge,
        Self::Parser,
        Self::App,
        Self::Session,
        Self::Content,
    ];

    /// The label's value.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Parser => "parser",
            Self::App => "app",
            Self::Session => "session",
            Self::Content => "content",
        }
    }
}

/// Whether an expectation must have been seen to hold before missing it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// A mismatch is degraded, and counts only after the check has been ok here.
    OnceProven,
    /// A mismatch is a failure from the first run.
    Always,
}

/// Identity of a check: its place in the tree.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CheckId {
    /// Name of the platform.
    pub platform: Arc<str>,
    /// Name of the component.
    pub component: Arc<str>,
    /// Name of the check.
    pub check: Arc<str>,
}

impl std::fmt::Display for CheckId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.platform, self.component, self.check)
    }
}

/// One probe of one target on a schedule.
#[derive(Clone, Debug)]
pub struct Check {
    /// Where it stands; `id.check` is its name.
    pub id: CheckId,
    /// What is probed and how.
    pub kind: Kind,
    /// The user's or catalogue's rules, in order; the built-in ones follow.
    pub rules: Vec<Rule>,
    /// How far an ok answer proves life.
    pub depth: Depth,
    /// When a mismatch counts.
    pub trust: Trust,
    /// Whether 401, 403, 429, challenges and walls mean `blocked`; otherwise they are ordinary statuses.
    pub block_signs: bool,
    /// Planned time between runs.
    pub interval: Duration,
    /// Deadline of a run.
    pub timeout: Duration,
    /// Time between runs, start to start, while a streak is open.
    pub recheck: Duration,
    /// Consecutive counted results that turn it down.
    pub fall: usize,
    /// Consecutive ok results that turn it up again.
    pub rise: usize,
    /// Where the expectations come from: a note or link.
    pub evidence: String,
    /// What the platform's robots.txt says about the request, where known.
    pub robots: Option<Robots>,
    /// What the platform's terms say about the request, where known.
    pub terms: Option<String>,
    /// Sent as `Authorization: Bearer …`.
    pub credential: Option<Credential>,
    /// Values in `kind` that are never printed, also when a peer repeats them.
    pub secrets: Vec<Secret>,
    /// Off with the reason, or on.
    pub off: Option<String>,
    /// Hash of everything above that changes what a result means; proof and streaks are lost when it changes.
    pub definition: u64,
}

/// Time between runs.
pub(super) const INTERVAL: Duration = Duration::from_secs(30);
/// Deadline of a run.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);
/// Time between runs in doubt: with [`FALL`] and the timeout it judges a hard failure within 60 s.
pub(super) const RECHECK: Duration = Duration::from_secs(10);
/// Failures that turn a check down: one is a blip, two may share a cause.
pub(super) const FALL: usize = 3;
/// Ok results that turn it up again: one may be the exception.
pub(super) const RISE: usize = 2;

impl Check {
    /// A check of the user's that says nothing but what is probed.
    pub fn new([platform, component, check]: [&str; 3], kind: Kind) -> Self {
        Self {
            id: CheckId {
                platform: platform.into(),
                component: component.into(),
                check: check.into(),
            },
            depth: kind.depth(),
            kind,
            rules: Vec::new(),
            trust: Trust::Always,
            block_signs: false,
            interval: INTERVAL,
            timeout: TIMEOUT,
            recheck: RECHECK,
            fall: FALL,
            rise: RISE,
            evidence: String::new(),
            robots: None,
            terms: None,
            credential: None,
            off: None,
            secrets: Vec::new(),
            definition: 0,
        }
    }
}

/// What a robots.txt says about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Robots {
    /// It may be fetched.
    Allowed,
    /// It may not; `respect_robots: true` turns the check off.
    Forbidden,
}

/// A token of the operator's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its key under `credentials`.
    pub name: String,
    /// Where its value comes from.
    pub source: CredentialSource,
}

/// Where a credential's value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialSource {
    /// Read before each run, so that a changed file needs no reload.
    File(PathBuf),
    /// Given in the configuration through `${ENV}`.
    Value(Secret),
}

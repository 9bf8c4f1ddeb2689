//! What a fault strikes: from a place to names, hosts and requests, by the configuration alone. Needs no running internet.

use std::collections::BTreeSet;
use std::net::IpAddr;

use hyper::HeaderMap;
use url::Url;

use super::exchange::Asked;
use super::feeds;
use crate::config::{Check, Config, Kind, Platform, Rule, TlsOptions, WsProtocol, did_you_mean};
use crate::drill::fault::{Fault, Own, Place};

/// Where in an exchange a fault makes itself felt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// In the lookup of a name.
    Name,
    /// Where a name leads: the address.
    Address,
    /// In the connection, before a request.
    Connection,
    /// In the answer to a request.
    Answer,
    /// After the upgrade to a WebSocket.
    Chat,
    /// On the status page.
    Official,
}

impl Fault {
    /// Where it makes itself felt; none: nowhere, or ([`Fault::Slow`]) in several stages.
    pub(super) const fn stage(self) -> Option<Stage> {
        Some(match self {
            Self::Healthy | Self::Slow => return None,
            Self::Servfail | Self::Nxdomain | Self::DnsRefused | Self::NoData | Self::DnsSilent => {
                Stage::Name
            }
            Self::Unreachable | Self::Refused => Stage::Address,
            Self::Silent
            | Self::Reset
            | Self::Closed
            | Self::Garbage
            | Self::ExpiredCertificate
            | Self::EarlyCertificate
            | Self::WrongCertificate
            | Self::UntrustedCertificate => Stage::Connection,
            Self::Hang
            | Self::ServerError
            | Self::GraphCode1
            | Self::GraphCode2
            | Self::XCode467
            | Self::OverCapacity
            | Self::RateLimited
            | Self::Forbidden
            | Self::ErrorPage
            | Self::BlankPage
            | Self::LoginRateLimit
            | Self::NotFound
            | Self::Redesign
            | Self::Cut => Stage::Answer,
            Self::ChatSilent | Self::ChatClosed | Self::ChatGarbage => Stage::Chat,
            Self::MajorDisruptions => Stage::Official,
        })
    }

    const fn is_certificate(self) -> bool {
        matches!(
            self,
            Self::ExpiredCertificate
                | Self::EarlyCertificate
                | Self::WrongCertificate
                | Self::UntrustedCertificate
        )
    }

    /// Where the value stands that this error of an API carries, and the value.
    const fn code(self) -> Option<(&'static str, u64)> {
        match self {
            Self::GraphCode1 => Some(("/error/code", 1)),
            Self::GraphCode2 => Some(("/error/code", 2)),
            Self::XCode467 => Some(("/errors/0/code", 467)),
            Self::OverCapacity => Some(("/errors/0/code", 130)),
            _ => None,
        }
    }
}

/// A request as a check sends it: enough to tell it from other checks' requests to the same host.
#[derive(Clone, Debug)]
pub(super) struct Request {
    host: String,
    path: String,
    query: String,
    authorization: Authorization,
    /// Codes of API errors that the check knows.
    codes: Vec<(String, u64)>,
}

#[derive(Clone, Debug)]
enum Authorization {
    None,
    /// As the configuration has it.
    Given(Vec<u8>),
    /// The operator's own token.
    Any,
}

impl Request {
    fn new(check: &Check, url: &Url, headers: &HeaderMap, tls: &TlsOptions) -> Option<Self> {
        let authorization = match headers.get("authorization") {
            _ if check.credential.is_some() => Authorization::Any,
            Some(given) => Authorization::Given(given.as_bytes().to_vec()),
            None => Authorization::None,
        };
        Some(Self {
            host: bare(tls.server_name.as_deref().or(url.host_str())?),
            path: url.path().to_owned(),
            query: url.query().unwrap_or_default().to_owned(),
            authorization,
            codes: check.rules.iter().flat_map(codes).collect(),
        })
    }

    /// Whether this is the check's request.
    pub(super) fn is(&self, asked: &Asked<'_>) -> bool {
        let sent = asked
            .headers
            .get("authorization")
            .map(|sent| sent.as_bytes());
        let authorized = match &self.authorization {
            Authorization::None => sent.is_none(),
            Authorization::Given(given) => sent == Some(given),
            Authorization::Any => sent.is_some(),
        };
        authorized
            && self.host == asked.host
            && self.path == asked.path
            && self.query == asked.query
    }

    /// Whether the fault can be an answer to it: errors of an API are answers to what looks for their codes.
    pub(super) fn takes(&self, fault: Fault) -> bool {
        fault.code().is_none_or(|(pointer, code)| {
            self.codes
                .iter()
                .any(|(at, known)| at == pointer && *known == code)
        })
    }
}

fn codes(rule: &Rule) -> impl Iterator<Item = (String, u64)> {
    rule.json.iter().flat_map(|(pointer, values)| {
        let values = values.iter().filter_map(serde_json::Value::as_u64);
        values.map(|value| (pointer.clone(), value))
    })
}

/// Everything that a fault at a place can strike.
#[derive(Clone, Debug, Default)]
pub(super) struct Reach {
    /// Names that are looked up.
    pub(super) names: BTreeSet<String>,
    /// Of those, the ones whose lookup is what the place is about.
    pub(super) looked_up: BTreeSet<String>,
    /// Only at the first of our resolvers.
    pub(super) first_resolver: bool,
    /// Hosts that are connected to.
    pub(super) hosts: BTreeSet<String>,
    /// Of those, hosts that shake hands.
    tls: BTreeSet<String>,
    /// Of those, hosts whose certificates are verified.
    verified: BTreeSet<String>,
    /// Hosts that shake hands and are asked nothing.
    pub(super) shaken: BTreeSet<String>,
    /// Requests, upgrades too.
    pub(super) requests: Vec<Request>,
    /// Upgrades after which something is awaited.
    pub(super) chats: Vec<Request>,
    /// The platform whose status page it is.
    pub(super) official: Option<String>,
}

impl Reach {
    fn add(&mut self, check: &Check) {
        match &check.kind {
            Kind::Dns(target) => {
                let name = bare(&target.name);
                self.looked_up.insert(name.clone());
                self.names.insert(name);
            }
            Kind::Tcp(target) => drop(self.host(&target.address.host)),
            Kind::Tls(target) => {
                let host = self.host(&target.address.host);
                let host = self.secure(host, &target.tls);
                self.shaken.insert(host);
            }
            Kind::Http(target) => self.request(check, &target.url, &target.headers, &target.tls),
            Kind::Websocket(target) => {
                self.request(check, &target.url, &target.headers, &target.tls);
                let awaits = match &target.protocol {
                    WsProtocol::Plain { expect, .. } => expect.is_some(),
                    WsProtocol::WhatsappNoise { .. } => true,
                };
                let chat = Request::new(check, &target.url, &target.headers, &target.tls);
                self.chats.extend(chat.filter(|_| awaits));
            }
        }
    }

    fn request(&mut self, check: &Check, url: &Url, headers: &HeaderMap, tls: &TlsOptions) {
        let Some(host) = url.host_str() else { return };
        let host = self.host(host);
        if matches!(url.scheme(), "https" | "wss") {
            self.secure(host, tls);
        }
        self.requests.extend(Request::new(check, url, headers, tls));
    }

    fn host(&mut self, host: &str) -> String {
        let host = bare(host);
        if host.parse::<IpAddr>().is_err() {
            self.names.insert(host.clone());
        }
        self.hosts.insert(host.clone());
        host
    }

    /// The name that the handshake shows, under which the server knows the host.
    fn secure(&mut self, host: String, tls: &TlsOptions) -> String {
        let host = tls.server_name.as_deref().map_or(host, bare);
        self.hosts.insert(host.clone());
        self.tls.insert(host.clone());
        if tls.verify {
            self.verified.insert(host.clone());
        }
        host
    }

    /// Whether there is anything here that the fault can strike.
    fn takes(&self, fault: Fault) -> bool {
        let named = || self.hosts.iter().any(|host| self.names.contains(host));
        match fault.stage() {
            None if fault == Fault::Slow => {
                !self.looked_up.is_empty() || !self.shaken.is_empty() || !self.requests.is_empty()
            }
            None => true,
            Some(Stage::Name) => !self.names.is_empty(),
            Some(Stage::Address) => named(),
            Some(Stage::Connection) if fault == Fault::Silent => {
                !self.tls.is_empty() || !self.requests.is_empty()
            }
            Some(Stage::Connection) if fault.is_certificate() => !self.verified.is_empty(),
            Some(Stage::Connection) => !self.tls.is_empty(),
            Some(Stage::Answer) => self.requests.iter().any(|request| request.takes(fault)),
            Some(Stage::Chat) => !self.chats.is_empty(),
            Some(Stage::Official) => self.official.is_some(),
        }
    }
}

/// A host or name as it is compared: lower case, without brackets and final dot.
pub(super) fn bare(host: &str) -> String {
    host.trim_start_matches('[')
        .trim_end_matches([']', '.'])
        .to_ascii_lowercase()
}

/// The layers of a platform that can be struck: its components, then the ones that every platform has. Empty where there is
/// no such platform.
pub fn layers(config: &Config, platform: &str) -> Vec<String> {
    let active = config.active();
    let Some(platform) = active.iter().find(|known| &*known.name == platform) else {
        return Vec::new();
    };
    let official = feeds::host(&platform.name).map(|_| Place::OFFICIAL);
    platform
        .components
        .iter()
        .map(|component| component.name.to_string())
        .chain([Place::ALL.to_owned(), Place::FIRST_RESOLVER.to_owned()])
        .chain(official.map(str::to_owned))
        .collect()
}

/// Whether a fault can strike at a place.
///
/// # Errors
/// A sentence for people: there is no such place, or nothing there that the fault could strike.
pub fn fits(config: &Config, place: &Place, fault: Fault) -> Result<(), String> {
    if let Place::Vantage(own) = place {
        return fits_own(*own, fault);
    }
    if reach(config, place)?.takes(fault) {
        return Ok(());
    }
    let name = fault.name();
    Err(match fault.code() {
        Some((pointer, code)) => {
            format!("{place} has no check that looks for {code} at {pointer}, which {name} is")
        }
        None => format!("{place} has no check that {name} could strike"),
    })
}

fn fits_own(own: Own, fault: Fault) -> Result<(), String> {
    let fits = match (own, fault.stage()) {
        (_, None) => fault == Fault::Healthy || own != Own::Gateway,
        (Own::Gateway, Some(stage)) => matches!(stage, Stage::Address | Stage::Connection),
        (Own::Resolver | Own::Resolvers, Some(stage)) => stage == Stage::Name,
    };
    let place = Place::Vantage(own);
    fits.then_some(())
        .ok_or_else(|| format!("{} cannot strike {place}", fault.name()))
}

/// What lies at a place.
pub(super) fn reach(config: &Config, place: &Place) -> Result<Reach, String> {
    let Place::Platform { name, layer } = place else {
        return Ok(Reach::default());
    };
    let active = config.active();
    let Some(platform) = active.iter().find(|known| *known.name == **name) else {
        let near = did_you_mean(name, active.iter().map(|known| &*known.name));
        let near = near.unwrap_or_default();
        return Err(format!("there is no platform `{name}` that is on{near}"));
    };
    match layer.as_str() {
        Place::OFFICIAL => official(platform),
        Place::FIRST_RESOLVER => {
            let all = struck(platform, |_| true);
            Ok(Reach {
                looked_up: all.names.clone(),
                names: all.names,
                first_resolver: true,
                ..Reach::default()
            })
        }
        Place::ALL => {
            let all = struck(platform, |_| true);
            let looked_up = all.names.clone();
            Ok(Reach { looked_up, ..all })
        }
        layer => component(config, platform, layer),
    }
}

fn component(config: &Config, platform: &Platform, layer: &str) -> Result<Reach, String> {
    let is = |check: &Check| {
        let component = &*check.id.component;
        layer == component
            || layer
                .strip_prefix(component)
                .and_then(|rest| rest.strip_prefix('/'))
                .is_some_and(|name| name == &*check.id.check)
    };
    let mut reach = struck(platform, is);
    if reach.names.is_empty() && reach.hosts.is_empty() {
        let known = layers(config, &platform.name);
        let near = did_you_mean(layer, known.iter().map(String::as_str));
        let near = near.unwrap_or_default();
        return Err(format!("{} has no layer `{layer}`{near}", platform.name));
    }
    // The layer of names is about all of them.
    if layer == DNS {
        reach.names = struck(platform, |_| true).names;
        reach.looked_up = reach.names.clone();
    }
    Ok(reach)
}

/// The component whose layer is the names of the whole platform.
const DNS: &str = "dns";

fn struck(platform: &Platform, is: impl Fn(&Check) -> bool) -> Reach {
    let mut reach = Reach::default();
    let checks = platform.components.iter().flat_map(|part| &part.checks);
    checks
        .filter(|check| is(check))
        .for_each(|check| reach.add(check));
    reach
}

/// The status page: all that its host serves, for every platform that it speaks of.
fn official(platform: &Platform) -> Result<Reach, String> {
    let Some(host) = feeds::host(&platform.name) else {
        return Err(format!("no status page of {} is known", platform.name));
    };
    let mut reach = Reach {
        official: Some(platform.name.to_string()),
        ..Reach::default()
    };
    let host = reach.host(host);
    reach.secure(host, &TlsOptions::default());
    Ok(reach)
}

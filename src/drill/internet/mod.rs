//! A simulated internet on loopback: resolvers, a certificate authority, and servers for every host that a configuration
//! probes, healthy until a fault strikes. The exporter lives in it by its public options alone.
//!
//! A fault strikes what the checks of its layer look up, connect to or ask for. Answers are told apart by host, path,
//! query and token, so that two layers behind one host fail apart (`facebook` and `whatsapp_business` share
//! graph.facebook.com). Names and connections belong to hosts: a fault of theirs strikes all that the host serves, of
//! other layers and other platforms too.
//!
//! Nothing leaves loopback. Every port is open on 127.0.0.1; names of unreachable hosts lead to 127.0.0.2, where packets go
//! nowhere, and names of hosts that refuse to 127.0.0.3, which needs Linux. What cannot be simulated: TLS with an address
//! in place of a name, a check with a `ca_file` of its own, and what a host of the user's own answers, which is a plain
//! page with status 200.
//!
//! Every deliberate wait is one of tokio's clock, so that a drill may halt it and move it on.

pub mod authority;
mod broken;
pub mod chat;
pub mod doors;
pub mod exchange;
mod feeds;
pub mod healthy;
pub mod latency;
pub mod names;
mod places;
pub mod servers;
mod strikes;
mod world;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tracing::warn;

use crate::config::{Check, Config, ConnectTo, HostPort, Kind, NetworkSettings};
use crate::drill::fault::{Fault, Place};
use authority::Authority;
use latency::Pace;
use names::NameServer;
pub use places::{fits, layers};
use servers::Servers;
use strikes::Asking;
use world::{Resolver, World};

/// A running simulated internet; everything of it ends when it is dropped.
pub struct Internet {
    config: Config,
    world: Arc<World>,
    authority: Arc<Authority>,
    servers: Servers,
    /// Ours.
    resolvers: [NameServer; 2],
    /// The one that answers for the name servers that checks name themselves.
    elsewhere: NameServer,
}

impl Internet {
    /// Starts one on free ports of loopback, for every host of a configuration: those of what is off too, the controls, and
    /// the official status pages. Its tasks run on the current runtime.
    ///
    /// # Errors
    /// A sentence for people, when sockets or certificates cannot be made.
    pub async fn start(config: &Config) -> Result<Self, String> {
        Self::start_at(config, Pace::Lifelike).await
    }

    /// The same, with or without the time that things take.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    pub async fn start_at(config: &Config, pace: Pace) -> Result<Self, String> {
        let authority = Arc::new(Authority::new()?);
        let world = Arc::new(World::new(pace, all_checks(config)));
        let failed = |error: io::Error| format!("the simulated internet cannot start: {error}");
        let hosts = Arc::clone(&world);
        let servers = Servers::start(hosts, Arc::clone(&authority))
            .await
            .map_err(failed)?;
        let resolver = async |asking| {
            let world = Arc::clone(&world);
            NameServer::start(Arc::new(Resolver { world, asking }))
                .await
                .map_err(failed)
        };
        Ok(Self {
            resolvers: [
                resolver(Asking::First).await?,
                resolver(Asking::Second).await?,
            ],
            elsewhere: resolver(Asking::Elsewhere).await?,
            config: config.clone(),
            world: Arc::clone(&world),
            authority,
            servers,
        })
    }

    /// The public options (`network:`) by which the ordinary exporter lives here, and nothing else.
    pub fn network(&self) -> NetworkSettings {
        NetworkSettings {
            resolvers: self.resolvers.iter().map(|server| server.address).collect(),
            ca_file: Some(self.authority.file().to_owned()),
            allow_private: true,
            connect_to: self.connections(),
            ..NetworkSettings::default()
        }
    }

    /// The configuration as it is inside: on this network, and with the simulated name server in place of each that a dns
    /// check names itself, since `network:` says nothing of those.
    pub fn enter(&self, config: &Config) -> Config {
        let mut inside = Config {
            network: self.network(),
            ..config.clone()
        };
        let platforms = inside.platforms.iter_mut();
        let checks = platforms
            .flat_map(|platform| &mut platform.components)
            .flat_map(|component| &mut component.checks);
        let controls = inside.controls.targets.iter_mut();
        for check in checks.chain(controls.map(|control| &mut control.check)) {
            if let Kind::Dns(target) = &mut check.kind {
                target.server = target.server.map(|_| self.elsewhere.address);
            }
        }
        inside
    }

    /// Lets a fault strike, or ends it with [`Fault::Healthy`]; health of [`Place::ALL`] heals the whole platform. The
    /// latest strike on a place replaces the one before; where several places cover the same target, the latest counts.
    ///
    /// What does not [fit](fits) strikes nothing.
    pub fn strike(&self, place: &Place, fault: Fault) {
        match places::reach(&self.config, place) {
            Ok(reach) => self.world.strike(place, fault, reach),
            Err(why) => warn!(%place, "no fault struck: {why}"),
        }
    }

    /// Everything heals.
    pub fn heal(&self) {
        self.world.heal();
    }

    /// Hosts with their ports to our ports, and every other port to one of ours. Names stay names, so that they are looked
    /// up.
    fn connections(&self) -> Vec<ConnectTo> {
        let targets = targets(&self.config);
        let port = |server| self.port(server);
        let named = targets.iter().map(|((host, from), server)| ConnectTo {
            host: Some(host.clone()),
            port: Some(*from),
            to: HostPort {
                host: match host.parse::<IpAddr>() {
                    Ok(_) => doors::OPEN.to_string(),
                    Err(_) => host.clone(),
                },
                port: port(*server),
            },
        });
        let ports: BTreeMap<u16, Server> = targets
            .iter()
            .map(|((_, from), server)| (*from, *server))
            .chain([(HTTP, Server::Plain), (HTTPS, Server::Tls)])
            .collect();
        let others = ports.into_iter().map(|(from, server)| (Some(from), server));
        let any = others.chain([(None, Server::Tls)]).map(|(from, server)| {
            let to = SocketAddr::from((doors::OPEN, port(server)));
            ConnectTo {
                host: None,
                port: from,
                to: HostPort {
                    host: to.ip().to_string(),
                    port: to.port(),
                },
            }
        });
        named.chain(any).collect()
    }

    fn port(&self, server: Server) -> u16 {
        match server {
            Server::Mute => self.servers.mute.port,
            Server::Plain => self.servers.plain.port,
            Server::Tls => self.servers.tls.port,
        }
    }
}

const HTTP: u16 = 80;
const HTTPS: u16 = 443;

/// What answers on a port. Where checks of several kinds share one, the last of these serves them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Server {
    Mute,
    Plain,
    Tls,
}

/// Everything that is connected to, and what must answer there.
fn targets(config: &Config) -> BTreeMap<(String, u16), Server> {
    let mut targets = BTreeMap::new();
    let pages = config.platforms.iter().filter_map(|p| feeds::host(&p.name));
    let pages = pages.map(|host| (host.to_owned(), HTTPS, Server::Tls));
    for (host, port, server) in all_checks(config).filter_map(target).chain(pages) {
        let known = targets.entry((host, port)).or_insert(server);
        *known = server.max(*known);
    }
    targets
}

fn target(check: &Check) -> Option<(String, u16, Server)> {
    let url = match &check.kind {
        Kind::Http(target) => &target.url,
        Kind::Websocket(target) => &target.url,
        Kind::Tcp(target) => {
            let to = &target.address;
            return Some((places::bare(&to.host), to.port, Server::Mute));
        }
        Kind::Tls(target) => {
            let to = &target.address;
            return Some((places::bare(&to.host), to.port, Server::Tls));
        }
        Kind::Dns(_) => return None,
    };
    let server = match url.scheme() {
        "https" | "wss" => Server::Tls,
        _ => Server::Plain,
    };
    Some((
        places::bare(url.host_str()?),
        url.port_or_known_default()?,
        server,
    ))
}

/// Also of what is off, and the controls.
fn all_checks(config: &Config) -> impl Iterator<Item = &Check> {
    let checks = config.platforms.iter().flat_map(|p| &p.components);
    let controls = config.controls.targets.iter().map(|control| &control.check);
    checks.flat_map(|part| &part.checks).chain(controls)
}

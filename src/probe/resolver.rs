//! From a host name to addresses: which resolvers are asked in what order, and what their answers come to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use hickory_proto::rr::{RData, RecordType};
use resolv_conf::ScopedIp;
use tokio::time::timeout;

use super::dial::{Context, Failure, most_telling};
use super::hosts::Hosts;
use super::question::{ask, question, records, refusal};
use super::race::race;
use crate::lock::lock;

/// Silence after which the next resolver is asked too.
pub(super) const SILENCE: Duration = Duration::from_secs(1);
/// Resolvers that a lookup uses, as the C library does (MAXNS).
const MAX_RESOLVERS: usize = 3;
/// How long IPv6 addresses are waited for when the IPv4 ones are there (RFC 8305 §3).
const WAIT_FOR_V6: Duration = Duration::from_millis(50);
/// How long IPv4 addresses are waited for when the IPv6 ones are there: a lost packet is sent again within it, since
/// many hosts have no IPv6 of their own.
const WAIT_FOR_V4: Duration = Duration::from_secs(2);
/// How often the system's files are looked at for changes.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
const DNS_PORT: u16 = 53;

/// The resolvers that names are looked up with.
pub(super) enum Resolver {
    /// Those of `network.resolvers`.
    Configured(Vec<SocketAddr>),
    /// The system's, read again when its files change: an exporter that starts before the network must not keep the
    /// resolvers of a host without one.
    // A std mutex: held while two small files are read, at most once per [`LOOK_AGAIN`], and never across an await.
    System(Mutex<System>),
}

impl Resolver {
    /// The configured resolvers, or the system's if there are none.
    pub fn new(configured: &[SocketAddr]) -> Self {
        if configured.is_empty() {
            Self::system("/etc/resolv.conf".into(), "/etc/hosts".into())
        } else {
            Self::Configured(configured.iter().copied().take(MAX_RESOLVERS).collect())
        }
    }

    fn system(resolv_conf: PathBuf, hosts: PathBuf) -> Self {
        let mut system = System {
            resolv_conf,
            hosts,
            ..System::default()
        };
        system.read();
        Self::System(Mutex::new(system))
    }

    /// Who is asked, in order.
    pub fn servers(&self) -> Vec<SocketAddr> {
        match self {
            Self::Configured(servers) => servers.clone(),
            Self::System(system) => current(system).servers.clone(),
        }
    }

    fn known(&self, host: &str) -> Option<Vec<IpAddr>> {
        match self {
            Self::Configured(_) => None,
            Self::System(system) => current(system).known.get(host).map(<[_]>::to_vec),
        }
    }

    /// Looks up the addresses of a name. Asks the next resolver after a failure or [`SILENCE`]; any addresses win.
    pub async fn addresses(&self, cx: &Context<'_>, host: &str) -> Result<Vec<IpAddr>, Failure> {
        if let Some(known) = self.known(host) {
            return Ok(known);
        }
        if is_localhost(host) {
            return Ok(vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()]);
        }
        let servers = self.servers();
        let race = race(
            servers
                .into_iter()
                .map(|server| both_families(cx, server, host)),
            SILENCE,
        )
        .await;
        match race.won {
            Some(addresses) => Ok(addresses),
            None => Err(most_telling(race.failed)),
        }
    }
}

/// Names that never leave the host (RFC 6761 §6.3).
fn is_localhost(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    let last = host.rsplit('.').next().unwrap_or_default();
    last.eq_ignore_ascii_case("localhost")
}

/// Asks one resolver for IPv4 and IPv6 addresses at once; one family is enough.
async fn both_families(
    cx: &Context<'_>,
    server: SocketAddr,
    host: &str,
) -> Result<Vec<IpAddr>, Failure> {
    let mut v4 = pin!(one_family(cx, server, host, RecordType::A));
    let mut v6 = pin!(one_family(cx, server, host, RecordType::AAAA));
    tokio::select! {
        first = &mut v4 => settle(first, v6, WAIT_FOR_V6).await,
        first = &mut v6 => settle(first, v4, WAIT_FOR_V4).await,
    }
}

/// Adds what the other family finds: for a while when the first found something, else for as long as it takes.
async fn settle(
    first: Result<Vec<IpAddr>, Failure>,
    other: impl Future<Output = Result<Vec<IpAddr>, Failure>>,
    patience: Duration,
) -> Result<Vec<IpAddr>, Failure> {
    match first {
        Ok(mut found) => {
            if let Ok(Ok(more)) = timeout(patience, other).await {
                found.extend(more);
            }
            Ok(found)
        }
        Err(failure) => other
            .await
            .map_err(|later| most_telling(vec![failure, later])),
    }
}

async fn one_family(
    cx: &Context<'_>,
    server: SocketAddr,
    host: &str,
    record_type: RecordType,
) -> Result<Vec<IpAddr>, Failure> {
    let question = question(host, record_type)?;
    let found = async {
        let reply = ask(&*cx.prober.network, server, &question).await?;
        match refusal(server, &question, reply.metadata.response_code) {
            Some(failure) => Err(failure),
            None => Ok(records(&reply, &question)?
                .into_iter()
                .filter_map(|record| address(&record.data))
                .collect()),
        }
    };
    found.await.inspect_err(|failure| cx.note(failure))
}

/// The address in a record, if it is one.
pub(super) fn address(data: &RData) -> Option<IpAddr> {
    match data {
        RData::A(a) => Some(a.0.into()),
        RData::AAAA(aaaa) => Some(aaaa.0.into()),
        _ => None,
    }
}

/// What the system's files say.
#[derive(Default)]
pub(super) struct System {
    resolv_conf: PathBuf,
    hosts: PathBuf,
    servers: Vec<SocketAddr>,
    known: Hosts,
    stamps: [Option<SystemTime>; 2],
    looked: Option<Instant>,
}

impl System {
    fn read(&mut self) {
        self.looked = Some(Instant::now());
        let stamps = [&self.resolv_conf, &self.hosts].map(|path| changed(path));
        if stamps == self.stamps && !self.servers.is_empty() {
            return;
        }
        self.stamps = stamps;
        // A missing file is an empty one, as the C library has it.
        self.servers = nameservers(&std::fs::read(&self.resolv_conf).unwrap_or_default());
        self.known = Hosts::parse(&String::from_utf8_lossy(
            &std::fs::read(&self.hosts).unwrap_or_default(),
        ));
    }
}

fn current(system: &Mutex<System>) -> std::sync::MutexGuard<'_, System> {
    let mut system = lock(system);
    if system
        .looked
        .is_none_or(|looked| looked.elapsed() >= LOOK_AGAIN)
    {
        system.read();
    }
    system
}

fn changed(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path)
        .and_then(|data| data.modified())
        .ok()
}

/// The resolvers named in a resolv.conf(5); without any, the one on this host.
fn nameservers(text: &[u8]) -> Vec<SocketAddr> {
    let (config, _) = resolv_conf::Config::parse_with_errors(text);
    let mut servers: Vec<SocketAddr> = config
        .nameservers
        .iter()
        .filter_map(with_port)
        .take(MAX_RESOLVERS)
        .collect();
    if servers.is_empty() {
        servers.push(SocketAddr::from((Ipv4Addr::LOCALHOST, DNS_PORT)));
    }
    servers
}

/// A scope given as an interface's name is passed over: looking it up needs calls that we do without.
fn with_port(server: &ScopedIp) -> Option<SocketAddr> {
    match server {
        ScopedIp::V4(v4) => Some(SocketAddr::from((*v4, DNS_PORT))),
        ScopedIp::V6(v6, None) => Some(SocketAddr::from((*v6, DNS_PORT))),
        ScopedIp::V6(v6, Some(scope)) => {
            Some(SocketAddrV6::new(*v6, DNS_PORT, 0, scope.parse().ok()?).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use hickory_proto::op::ResponseCode;

    use super::*;
    use crate::probe::failure::Reason;
    use crate::probe::observation::Phase;
    use crate::probe::testing::*;

    #[test]
    fn reads_resolv_conf() {
        let read = |text: &str| {
            nameservers(text.as_bytes())
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(read(""), "127.0.0.1:53");
        assert_eq!(
            read("search example\nnameserver 192.0.2.1\nnameserver 2001:db8::1 # x\n"),
            "192.0.2.1:53 [2001:db8::1]:53"
        );
        assert_eq!(
            read("nonsense\nnameserver fe80::1%3\nnameserver fe80::1%eth0"),
            "[fe80::1%3]:53"
        );
        assert_eq!(
            read(&"nameserver 192.0.2.1\n".repeat(9)).split(' ').count(),
            MAX_RESOLVERS
        );
    }

    #[test]
    fn the_systems_files_are_read_again_when_they_change() {
        let (resolv_conf, hosts) = (pem_file("nameserver 192.0.2.1"), pem_file("10.0.0.1 a"));
        let Resolver::System(system) =
            Resolver::system(resolv_conf.path().into(), hosts.path().into())
        else {
            panic!()
        };
        std::fs::write(resolv_conf.path(), "nameserver 192.0.2.2").unwrap();
        std::fs::write(hosts.path(), "10.0.0.2 a").unwrap();
        std::fs::File::open(hosts.path())
            .unwrap()
            .set_modified(SystemTime::UNIX_EPOCH)
            .unwrap();
        assert_eq!(
            current(&system).servers[0].to_string(),
            "192.0.2.1:53",
            "not looked at yet"
        );
        system.lock().unwrap().looked = None;
        let system = Resolver::System(system);
        assert_eq!(system.servers()[0].to_string(), "192.0.2.2:53");
        assert_eq!(system.known("a").unwrap()[0].to_string(), "10.0.0.2");
    }

    #[test]
    fn localhost_never_leaves_the_host() {
        assert!(is_localhost("localhost") && is_localhost("a.LOCALHOST."));
        assert!(!is_localhost("localhost.example") && !is_localhost("notlocalhost"));
    }

    /// Runs a tcp check of a name against a live port, with these resolvers.
    async fn resolves(resolvers: &[SocketAddr]) -> Run {
        let server = serve(|stream| answer_and_close(stream, b"")).await;
        local(resolvers)
            .run(&tcp_check("n.example", server.port()))
            .await
    }
    use crate::probe::observation::Run;

    /// A resolver that answers A with 127.0.0.1 and AAAA as told.
    async fn v4_and(v6: Option<ResponseCode>) -> SocketAddr {
        resolver(move |query| {
            let v4 = asked(query).query_type() == RecordType::A;
            let mut reply = reply(
                query,
                if v4 {
                    vec![has("n.example.", "127.0.0.1")]
                } else {
                    vec![]
                },
            );
            if !v4 {
                reply.metadata.response_code = v6?;
            }
            Some(reply.to_vec().unwrap())
        })
        .await
    }

    #[tokio::test]
    async fn one_family_is_enough() {
        for v6 in [
            Some(ResponseCode::NoError),
            Some(ResponseCode::ServFail),
            Some(ResponseCode::NXDomain),
            None,
        ] {
            let run = resolves(&[v4_and(v6).await]).await;
            assert_reason(&run, Reason::Ok);
            assert!(
                run.phases.get(Phase::Resolve) < SILENCE,
                "{v6:?}: {:?}",
                run.phases
            );
        }
    }

    #[tokio::test]
    async fn both_failing_tell_the_more_telling() {
        let server = resolver(|query| {
            let mut reply = reply(query, vec![]);
            if asked(query).query_type() == RecordType::AAAA {
                reply.metadata.response_code = ResponseCode::ServFail;
            }
            Some(reply.to_vec().unwrap())
        });
        assert_reason(&resolves(&[server.await]).await, Reason::DnsServfail);
        assert_reason(
            &resolves(&[refusing(ResponseCode::NoError).await]).await,
            Reason::DnsNoAnswer,
        );
    }

    #[tokio::test]
    async fn any_resolver_with_addresses_is_enough() {
        let works = v4_and(Some(ResponseCode::NoError)).await;
        for broken in [
            refusing(ResponseCode::ServFail).await,
            refusing(ResponseCode::NXDomain).await,
            closed_port(),
            mute().await,
        ] {
            assert_reason(&resolves(&[broken, works]).await, Reason::Ok);
        }
        let run = resolves(&[closed_port(), refusing(ResponseCode::NXDomain).await]).await;
        assert_reason(&run, Reason::DnsNxdomain);
    }

    #[tokio::test]
    async fn silence_of_one_does_not_hide_the_failure_of_another() {
        let resolvers = [refusing(ResponseCode::ServFail).await, mute().await];
        let run = local(&resolvers)
            .run(&short(tcp_check("n.example", 1)))
            .await;
        assert_reason(&run, Reason::DnsServfail);
        let run = local(&[mute().await])
            .run(&short(tcp_check("n.example", 1)))
            .await;
        assert_reason(&run, Reason::DnsTimeout);
        assert!(run.phases.get(Phase::Resolve) >= SHORT);
    }
}

//! The shared stages: resolve → connect → TLS, each timed, under one policy and one budget.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rustix::io::Errno;

use super::Prober;
use super::budget::Budget;
use super::escape::{DETAIL, escape};
use super::failure::Reason;
use super::network::Stream;
use super::policy::is_public;
use super::proxy;
use super::race::race;
use super::trace::{Step, Trace};
use crate::config::{Check, ConnectTo, HostPort};

pub(super) use super::handshake::{Secured, secure};
pub(super) use super::tls_errors::stream_failure;

/// Time after which the next address is tried beside the one before (RFC 8305 §5).
const NEXT_ADDRESS: Duration = Duration::from_millis(250);
/// Addresses that a run connects to: two of each family. Bounds the sockets of a run, and its time when all fail.
const MAX_ADDRESSES: usize = 4;

/// A stage failed.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// Why.
    pub reason: Reason,
    /// For people: escaped, at most 200 bytes.
    pub detail: String,
}

impl Failure {
    /// A failure whose detail may hold peer data: it is escaped and cut here.
    pub fn new(reason: Reason, detail: impl AsRef<str>) -> Self {
        Self {
            reason,
            detail: escape(detail.as_ref().as_bytes(), DETAIL),
        }
    }
}

/// What a run works with.
pub(super) struct Context<'a> {
    /// The network, resolver, roots and policy.
    pub prober: &'a Prober,
    /// The check that is run.
    pub check: &'a Check,
    /// What is recorded on the way.
    pub trace: &'a Trace,
    /// Wire bytes received in the whole run.
    pub budget: Budget,
}

impl Context<'_> {
    /// Keeps a failure of one of several attempts, for the case that the deadline ends the others: an answer says more
    /// than silence.
    pub fn note(&self, failure: &Failure) {
        if rank(failure.reason) < rank(Reason::TcpTimeout) {
            self.trace.note(failure.reason, &failure.detail);
        }
    }
}

/// Resolves and connects. Counts wire bytes from here on.
pub(super) async fn connect(cx: &Context<'_>, to: &HostPort) -> Result<Box<dyn Stream>, Failure> {
    let chosen = rewritten(&cx.prober.connect_to, to);
    let target = chosen.unwrap_or(to);
    let allowed = if chosen.is_some() {
        Allowed::Any
    } else {
        cx.prober.allowed()
    };
    let stream = match &cx.prober.proxy {
        Some(proxy) => {
            if let Ok(address) = target.host.parse() {
                allowed.literal(address)?;
            }
            proxy::connect(cx, proxy, target).await?
        }
        None => {
            cx.trace.enter(Step::Resolve);
            let addresses = resolve(cx, target, allowed).await?;
            cx.trace.enter(Step::Connect);
            first_to_answer(cx, &addresses).await?
        }
    };
    Ok(cx.budget.meter(stream))
}

/// Where the operator wants a target's connection to go instead. The first match wins.
fn rewritten<'a>(rules: &'a [ConnectTo], to: &HostPort) -> Option<&'a HostPort> {
    let applies = |rule: &&ConnectTo| {
        rule.host
            .as_ref()
            .is_none_or(|host| host.eq_ignore_ascii_case(&to.host))
            && rule.port.is_none_or(|port| port == to.port)
    };
    rules.iter().find(applies).map(|rule| &rule.to)
}

/// Which addresses may be connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowed {
    /// All: the operator chose them.
    Any,
    /// Those of the public Internet.
    Public,
}

impl Allowed {
    fn permits(self, address: IpAddr) -> bool {
        self == Self::Any || is_public(address)
    }

    fn literal(self, address: IpAddr) -> Result<(), Failure> {
        if self.permits(address) {
            return Ok(());
        }
        let why = format!("{address} is not a public address, and network.allow_private is off");
        Err(Failure::new(Reason::LocalPolicy, why))
    }

    /// The addresses of a name that may be connected to.
    fn found(self, host: &str, addresses: Vec<IpAddr>) -> Result<Vec<IpAddr>, Failure> {
        let (permitted, refused): (Vec<_>, Vec<_>) = addresses
            .into_iter()
            .partition(|found| self.permits(*found));
        match (permitted.is_empty(), refused.first()) {
            (false, _) => Ok(permitted),
            (true, Some(address)) => {
                let why = format!("{host} resolves to {address}, which is not a public address");
                Err(Failure::new(Reason::DnsBogon, why))
            }
            (true, None) => Err(Failure::new(
                Reason::DnsNoAnswer,
                format!("{host} has no address"),
            )),
        }
    }
}

/// The addresses of a target, in the order in which they are tried.
pub(super) async fn resolve(
    cx: &Context<'_>,
    to: &HostPort,
    allowed: Allowed,
) -> Result<Vec<SocketAddr>, Failure> {
    let addresses = match to.host.parse::<IpAddr>() {
        Ok(literal) => allowed.literal(literal).map(|()| vec![literal])?,
        Err(_) => allowed.found(&to.host, cx.prober.resolver.addresses(cx, &to.host).await?)?,
    };
    Ok(interleaved(addresses)
        .into_iter()
        .take(MAX_ADDRESSES)
        .map(|ip| SocketAddr::new(ip, to.port))
        .collect())
}

/// IPv6 and IPv4 by turns (RFC 8305 §4), so that a family that does not work here costs one attempt.
fn interleaved(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let (v6, v4): (Vec<_>, Vec<_>) = addresses.into_iter().partition(IpAddr::is_ipv6);
    let (mut v6, mut v4) = (v6.into_iter(), v4.into_iter());
    std::iter::from_fn(|| Some([v6.next(), v4.next()]))
        .take_while(|pair| pair.iter().any(Option::is_some))
        .flatten()
        .flatten()
        .collect()
}

/// Connects to the first address that answers; when none does, tells of the attempt that got furthest.
pub(super) async fn first_to_answer(
    cx: &Context<'_>,
    addresses: &[SocketAddr],
) -> Result<Box<dyn Stream>, Failure> {
    let attempt = |peer: SocketAddr| async move {
        match cx.prober.network.stream(peer).await {
            Ok(stream) => Ok((stream, peer)),
            Err(error) => {
                let failure = connect_failure(peer, &error);
                cx.note(&failure);
                Err(failure)
            }
        }
    };
    let race = race(addresses.iter().copied().map(attempt), NEXT_ADDRESS).await;
    match race.won {
        Some((stream, peer)) => {
            cx.trace.hop(|hop| hop.peer = Some(peer));
            Ok(stream)
        }
        None => Err(most_telling(race.failed)),
    }
}

fn connect_failure(peer: SocketAddr, error: &io::Error) -> Failure {
    Failure::new(
        local_reason(error).unwrap_or_else(|| tcp_reason(error)),
        format!("{peer}: {error}"),
    )
}

/// What an error of a bare connection means.
pub(super) fn tcp_reason(error: &io::Error) -> Reason {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionRefused => Reason::TcpRefused,
        Kind::ConnectionReset | Kind::BrokenPipe => Reason::TcpReset,
        Kind::UnexpectedEof => Reason::TcpClosed,
        Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown => {
            Reason::TcpUnreachable
        }
        Kind::TimedOut => Reason::TcpTimeout,
        _ => Reason::TcpFailed,
    }
}

/// The reason behind an I/O error that is our own system's, whatever was being done.
pub(super) fn local_reason(error: &io::Error) -> Option<Reason> {
    use io::ErrorKind as Kind;
    match Errno::from_io_error(error) {
        Some(Errno::MFILE | Errno::NFILE) => return Some(Reason::LocalNoFd),
        // EAGAIN from connect: no port left.
        Some(Errno::NOBUFS | Errno::AGAIN) => return Some(Reason::LocalResources),
        _ => {}
    }
    match error.kind() {
        Kind::OutOfMemory | Kind::AddrNotAvailable => Some(Reason::LocalResources),
        Kind::PermissionDenied => Some(Reason::LocalPermission),
        _ => None,
    }
}

/// The failure that says most when several attempts for one end failed; the first one among equals.
pub(super) fn most_telling(failures: Vec<Failure>) -> Failure {
    let none = || Failure::new(Reason::LocalInternal, "nothing was tried");
    failures
        .into_iter()
        .min_by_key(|failure| rank(failure.reason))
        .unwrap_or_else(none)
}

/// Most telling first: an answer, then silence, then what may only say that one family or resolver is of no use here
/// (connecting to IPv6 without it gives EADDRNOTAVAIL or ENETUNREACH).
fn rank(reason: Reason) -> usize {
    const ORDER: [Reason; 16] = [
        Reason::TcpReset,
        Reason::TcpRefused,
        Reason::DnsNxdomain,
        Reason::DnsServfail,
        Reason::DnsRefused,
        Reason::DnsMalformed,
        Reason::DnsFailed,
        Reason::TcpTimeout,
        Reason::DnsTimeout,
        Reason::LocalNoFd,
        Reason::LocalPermission,
        Reason::DnsUnreachable,
        Reason::TcpUnreachable,
        Reason::TcpFailed,
        Reason::LocalResources,
        Reason::DnsNoAnswer,
    ];
    ORDER
        .iter()
        .position(|listed| *listed == reason)
        .unwrap_or(ORDER.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::NetworkSettings;
    use crate::probe::failure::Class;
    use crate::probe::testing::*;

    #[test]
    fn families_take_turns() {
        let addresses = ["1.0.0.1", "1.0.0.2", "1.0.0.3", "::1", "::2"]
            .map(|ip| ip.parse().unwrap())
            .to_vec();
        let ordered: Vec<String> = interleaved(addresses)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(ordered.join(" "), "::1 1.0.0.1 ::2 1.0.0.2 1.0.0.3");
    }

    #[test]
    fn the_first_matching_rewrite_wins() {
        let rule = |host: Option<&str>, port, to| ConnectTo {
            host: host.map(Into::into),
            port,
            to: at(to, 1),
        };
        let rules = [
            rule(Some("A.example"), Some(443), "one"),
            rule(Some("a.example"), None, "two"),
            rule(None, Some(80), "three"),
        ];
        let to = |host, port| rewritten(&rules, &at(host, port)).map(|to| to.host.as_str());
        assert_eq!(to("a.example", 443), Some("one"));
        assert_eq!(to("a.example", 80), Some("two"));
        assert_eq!(to("b.example", 80), Some("three"));
        assert_eq!(to("b.example", 443), None);
    }

    #[test]
    fn errors_of_the_system_have_their_own_names() {
        let peer = closed_port();
        for (error, reason) in [
            (Errno::MFILE, Reason::LocalNoFd),
            (Errno::NFILE, Reason::LocalNoFd),
            (Errno::NOBUFS, Reason::LocalResources),
            (Errno::NOMEM, Reason::LocalResources),
            (Errno::ADDRNOTAVAIL, Reason::LocalResources),
            (Errno::AGAIN, Reason::LocalResources),
            (Errno::PERM, Reason::LocalPermission),
            (Errno::ACCESS, Reason::LocalPermission),
            (Errno::CONNREFUSED, Reason::TcpRefused),
            (Errno::CONNRESET, Reason::TcpReset),
            (Errno::HOSTUNREACH, Reason::TcpUnreachable),
            (Errno::NETUNREACH, Reason::TcpUnreachable),
            (Errno::NETDOWN, Reason::TcpUnreachable),
            (Errno::TIMEDOUT, Reason::TcpTimeout),
            (Errno::CONNABORTED, Reason::TcpFailed),
            (Errno::PROTO, Reason::TcpFailed),
        ] {
            assert_eq!(
                connect_failure(peer, &error.into()).reason,
                reason,
                "{error:?}"
            );
        }
    }

    #[test]
    fn the_attempt_that_got_furthest_is_told() {
        let telling = |reasons: &[Reason]| {
            most_telling(
                reasons
                    .iter()
                    .map(|reason| Failure::new(*reason, ""))
                    .collect(),
            )
            .reason
        };
        use Reason::*;
        assert_eq!(telling(&[TcpUnreachable, TcpRefused]), TcpRefused);
        assert_eq!(
            telling(&[LocalResources, TcpUnreachable]),
            TcpUnreachable,
            "IPv6 is off on this host"
        );
        assert_eq!(telling(&[TcpUnreachable, LocalNoFd]), LocalNoFd);
        assert_eq!(telling(&[DnsNoAnswer, DnsServfail]), DnsServfail);
        assert_eq!(telling(&[DnsUnreachable, DnsNxdomain]), DnsNxdomain);
        assert_eq!(telling(&[LocalPermission]), LocalPermission);
    }

    #[tokio::test]
    async fn a_closed_port_refuses() {
        let run = local(&[])
            .run(&tcp_check("127.0.0.1", closed_port().port()))
            .await;
        assert_reason(&run, Reason::TcpRefused);
        assert_eq!(run.outcome.class, Class::Fail);
        assert!(
            run.outcome.detail.contains("127.0.0.1"),
            "{}",
            run.outcome.detail
        );
    }

    #[tokio::test]
    async fn private_literals_are_not_connected_to() {
        let prober = prober(NetworkSettings::default());
        for host in ["127.0.0.1", "10.0.0.1", "::1", "169.254.169.254"] {
            let run = prober.run(&tcp_check(host, 80)).await;
            assert_reason(&run, Reason::LocalPolicy);
            assert_eq!(run.outcome.class, Class::Local);
        }
    }

    #[tokio::test]
    async fn names_with_private_addresses_only_are_bogons() {
        let resolver = zone(vec![
            has("p.example.", "127.0.0.1"),
            has("p.example.", "::1"),
        ])
        .await;
        let prober = prober(NetworkSettings {
            resolvers: vec![resolver],
            ..NetworkSettings::default()
        });
        assert_reason(
            &prober.run(&tcp_check("p.example", 80)).await,
            Reason::DnsBogon,
        );
        assert_reason(
            &prober.run(&tcp_check("localhost", 80)).await,
            Reason::DnsBogon,
        );
    }

    #[test]
    fn public_addresses_are_used_though_others_are_there() {
        let addresses = ["10.0.0.1", "1.1.1.1", "::1"]
            .map(|ip| ip.parse().unwrap())
            .to_vec();
        assert_eq!(
            Allowed::Public.found("x", addresses).unwrap(),
            ["1.1.1.1".parse::<IpAddr>().unwrap()]
        );
        assert_eq!(
            Allowed::Any.found("x", vec![]).unwrap_err().reason,
            Reason::DnsNoAnswer
        );
    }

    #[tokio::test]
    async fn a_rewritten_target_may_be_private() {
        let server = serve(|stream| answer_and_close(stream, b"hi")).await;
        let to = ConnectTo {
            host: Some("www.example".into()),
            port: Some(443),
            to: at("127.0.0.1", server.port()),
        };
        let prober = prober(NetworkSettings {
            connect_to: vec![to],
            ..NetworkSettings::default()
        });
        let run = prober.run(&tcp_check("www.example", 443)).await;
        assert_reason(&run, Reason::Ok);
        assert_eq!(run.hops[0].peer, Some(server));
    }

    #[tokio::test]
    async fn names_are_looked_up_and_dead_addresses_passed_over() {
        let server = serve(|stream| answer_and_close(stream, b"hi")).await;
        // 127.0.0.2 refuses there: the server listens on 127.0.0.1 alone.
        let resolver = zone(vec![
            has("h.example.", "127.0.0.2"),
            has("h.example.", "127.0.0.1"),
        ])
        .await;
        let run = local(&[resolver])
            .run(&tcp_check("h.example", server.port()))
            .await;
        assert_reason(&run, Reason::Ok);
        assert_eq!(run.hops[0].peer, Some(server));
    }
}

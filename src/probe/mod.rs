//! Runs one probe: shared stages (resolve → connect → TLS), one file per kind on top, and around all of it one deadline
//! and one budget of wire bytes. A failed probe is data, never an error.

mod budget;
pub mod classify;
mod dial;
mod dns;
mod escape;
pub mod failure;
mod guard;
mod handshake;
mod hosts;
mod http;
mod judge;
pub mod network;
pub mod noise;
pub mod observation;
mod policy;
mod proxy;
mod question;
mod race;
mod redact;
mod resolver;
mod tcp;
#[cfg(test)]
mod testing;
mod tls;
mod tls_errors;
mod trace;
mod trust;
mod verifier;
mod websocket;

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Check, Config, ConnectTo, Kind, Proxy};
use budget::Budget;
use dial::{Allowed, Context, Failure};
use failure::{Class, Reason};
use guard::{Clocks, isolate};
use network::Network;
use observation::{Outcome, Run};
use redact::redact;
use resolver::Resolver;
use trace::{Recorded, Step, Trace};
use trust::Trust;

/// Runs checks. Cheap to share, holds no connections.
pub struct Prober {
    network: Arc<dyn Network>,
    resolver: Resolver,
    trust: Trust,
    proxy: Option<Proxy>,
    connect_to: Vec<ConnectTo>,
    allow_private: bool,
    user_agent: String,
}

impl Prober {
    /// Reads certificate authorities and the system's resolvers.
    ///
    /// # Errors
    /// A sentence for people, when a file cannot be used.
    pub fn new(config: &Config, network: Arc<dyn Network>) -> Result<Self, String> {
        let settings = &config.network;
        Ok(Self {
            network,
            resolver: Resolver::new(&settings.resolvers),
            trust: Trust::new(config)?,
            proxy: settings.proxy.clone(),
            connect_to: settings.connect_to.clone(),
            allow_private: settings.allow_private,
            user_agent: config.user_agent.clone(),
        })
    }

    /// Runs a check once. Ends at the check's timeout at the latest, whatever the peer does, with every connection closed.
    pub async fn run(&self, check: &Check) -> Run {
        let clocks = Clocks::start();
        let trace = Trace::start(first_step(&check.kind));
        let ended = {
            let cx = Context {
                prober: self,
                check,
                trace: &trace,
                budget: Budget::default(),
            };
            tokio::time::timeout(check.timeout, isolate(probe(&cx))).await
        };
        let mut recorded = trace.finish();
        let mut outcome = match (clocks.fault(check.timeout), ended) {
            (Some(why), _) => Outcome::local(Reason::LocalClock, why),
            (None, Ok(Ok(outcome))) => outcome,
            (None, Ok(Err(panic))) => {
                judge::outcome(check, Failure::new(Reason::LocalInternal, panic))
            }
            (None, Err(_)) => judge::outcome(check, at_deadline(&recorded, check.timeout)),
        };
        for secrets in [&check.secrets, &recorded.secrets] {
            redact(secrets, &mut outcome, &mut recorded.hops);
        }
        Run {
            outcome,
            phases: recorded.phases,
            status: recorded.status,
            certificate: recorded.certificate,
            retry_after: recorded.retry_after,
            verified_tls: recorded.verified_tls,
            hops: recorded.hops,
        }
    }

    fn allowed(&self) -> Allowed {
        if self.allow_private {
            Allowed::Any
        } else {
            Allowed::Public
        }
    }
}

/// The one place where a kind meets its file.
async fn probe(cx: &Context<'_>) -> Outcome {
    match &cx.check.kind {
        Kind::Http(target) => http::run(cx, target).await,
        Kind::Tcp(target) => timed(cx, tcp::run(cx, target).await),
        Kind::Tls(target) => timed(cx, tls::run(cx, target).await),
        Kind::Dns(target) => timed(cx, dns::run(cx, target).await),
        Kind::Websocket(target) => websocket::run(cx, target).await,
    }
}

/// The rules of a kind that has no answer for them to look at.
fn timed(cx: &Context<'_>, outcome: Outcome) -> Outcome {
    match outcome.class {
        Class::Ok => classify::by_duration(cx.check, cx.trace.elapsed(), outcome),
        _ => outcome,
    }
}

const fn first_step(kind: &Kind) -> Step {
    match kind {
        Kind::Dns(_) => Step::Query,
        _ => Step::Resolve,
    }
}

/// The failure of a run that the deadline ended: what had gone wrong in its last step, else the silence there.
fn at_deadline(recorded: &Recorded, deadline: Duration) -> Failure {
    let silence = recorded.step.timeout();
    match &recorded.noted {
        // Whatever goes wrong on the way to our proxy is ours.
        Some((reason, detail)) if recorded.step != Step::Proxy => Failure::new(*reason, detail),
        Some((_, detail)) => Failure::new(silence, format!("proxy: {detail}")),
        None => Failure::new(
            silence,
            format!("{} after {deadline:?}", recorded.step.waiting()),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::SocketAddr;
    use std::sync::Mutex;

    use hickory_proto::op::Message;
    use rustix::io::Errno;
    use tokio::io::AsyncWriteExt;

    use super::*;
    use crate::config::NetworkSettings;
    use network::{Datagram, Pending, Stream};
    use observation::Phase;
    use testing::*;

    type Answer = fn(SocketAddr) -> Option<io::Result<Box<dyn Stream>>>;

    /// A network in memory: a resolver that gives public addresses, and hosts that behave as told. Proof that the trait
    /// is all that a probe needs.
    struct Simulated {
        addresses: Vec<String>,
        /// What connecting to an address comes to; none: silence.
        hosts: Answer,
        dialled: Mutex<Vec<SocketAddr>>,
    }

    impl Simulated {
        fn new(addresses: &[&str], hosts: Answer) -> Arc<Self> {
            let addresses = addresses
                .iter()
                .map(|address| (*address).to_owned())
                .collect();
            Arc::new(Self {
                addresses,
                hosts,
                dialled: Mutex::default(),
            })
        }

        fn prober(self: &Arc<Self>) -> Prober {
            let network = NetworkSettings {
                resolvers: vec![([192, 0, 2, 53], 53).into()],
                ..NetworkSettings::default()
            };
            Prober::new(
                &Config {
                    network,
                    ..config()
                },
                self.clone(),
            )
            .unwrap()
        }

        fn dialled(&self) -> Vec<String> {
            self.dialled
                .lock()
                .unwrap()
                .iter()
                .map(ToString::to_string)
                .collect()
        }
    }

    struct Question(Mutex<Option<Message>>, Vec<String>);

    impl Datagram for Question {
        fn send<'a>(&'a self, bytes: &'a [u8]) -> Pending<'a, io::Result<usize>> {
            *self.0.lock().unwrap() = Some(Message::from_vec(bytes).unwrap());
            Box::pin(async { Ok(bytes.len()) })
        }

        fn recv<'a>(&'a self, buffer: &'a mut [u8]) -> Pending<'a, io::Result<usize>> {
            Box::pin(async {
                let query = self.0.lock().unwrap().take().unwrap();
                let records = self.1.iter().map(|address| has("far.example.", address));
                let wanted = asked(&query).query_type();
                let reply = reply(
                    &query,
                    records
                        .filter(|record| record.record_type() == wanted)
                        .collect(),
                );
                let bytes = reply.to_vec().unwrap();
                buffer[..bytes.len()].copy_from_slice(&bytes);
                Ok(bytes.len())
            })
        }
    }

    impl Network for Simulated {
        fn stream(&self, peer: SocketAddr) -> Pending<'_, io::Result<Box<dyn Stream>>> {
            self.dialled.lock().unwrap().push(peer);
            let answer = (self.hosts)(peer);
            Box::pin(async {
                match answer {
                    Some(answer) => answer,
                    None => std::future::pending().await,
                }
            })
        }

        fn datagram(&self, _: SocketAddr) -> Pending<'_, io::Result<Box<dyn Datagram>>> {
            let question = Question(Mutex::default(), self.addresses.clone());
            Box::pin(async { Ok(Box::new(question) as Box<dyn Datagram>) })
        }
    }

    fn greeting() -> Option<io::Result<Box<dyn Stream>>> {
        let (ours, mut theirs) = tokio::io::duplex(64);
        tokio::spawn(async move { theirs.write_all(b"220 far\r\n").await });
        Some(Ok(Box::new(ours)))
    }

    fn far(timeout: Duration) -> Check {
        let expect = Some("^220".parse().unwrap());
        let target = crate::config::TcpTarget {
            address: at("far.example", 7),
            send: None,
            expect,
        };
        Check {
            timeout,
            ..check(Kind::Tcp(target))
        }
    }

    const LONG: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn a_simulated_network_is_enough() {
        let network = Simulated::new(&["1.1.1.1"], |_| greeting());
        let run = network.prober().run(&far(LONG)).await;
        assert_reason(&run, Reason::Ok);
        assert_eq!(network.dialled(), ["1.1.1.1:7"]);
    }

    #[tokio::test]
    async fn a_family_that_hangs_costs_a_quarter_of_a_second() {
        let network = Simulated::new(&["1.1.1.1", "2600::1"], |peer| {
            if peer.is_ipv6() { None } else { greeting() }
        });
        let run = network.prober().run(&far(LONG)).await;
        assert_reason(&run, Reason::Ok);
        assert_eq!(network.dialled(), ["[2600::1]:7", "1.1.1.1:7"]);
        let connect = run.phases.get(Phase::Connect).as_millis();
        assert!((250..1000).contains(&connect), "{connect}");
    }

    #[tokio::test]
    async fn only_public_addresses_are_dialled_and_not_many() {
        let addresses: Vec<String> = (1..=30).map(|last| format!("1.1.1.{last}")).collect();
        let mut all: Vec<&str> = vec!["10.0.0.1", "127.0.0.1", "::1"];
        all.extend(addresses.iter().map(String::as_str));
        let network = Simulated::new(&all, |_| Some(Err(Errno::CONNREFUSED.into())));
        assert_reason(&network.prober().run(&far(LONG)).await, Reason::TcpRefused);
        assert_eq!(
            network.dialled(),
            ["1.1.1.1:7", "1.1.1.2:7", "1.1.1.3:7", "1.1.1.4:7"]
        );
    }

    #[tokio::test]
    async fn a_refusal_says_more_than_the_silence_of_another_address() {
        let network = Simulated::new(&["1.1.1.1", "2600::1"], |peer| {
            peer.is_ipv4().then(|| Err(Errno::CONNREFUSED.into()))
        });
        assert_reason(
            &network.prober().run(&far(Duration::from_millis(500))).await,
            Reason::TcpRefused,
        );
        let network = Simulated::new(&["1.1.1.1", "2600::1"], |peer| {
            peer.is_ipv6().then(|| Err(Errno::NETUNREACH.into()))
        });
        assert_reason(
            &network.prober().run(&far(Duration::from_millis(500))).await,
            Reason::TcpTimeout,
        );
    }

    #[tokio::test]
    async fn a_host_without_files_left_is_local() {
        let network = Simulated::new(&["1.1.1.1"], |_| Some(Err(Errno::MFILE.into())));
        let run = network.prober().run(&far(LONG)).await;
        assert_reason(&run, Reason::LocalNoFd);
        assert_eq!(run.outcome.class, failure::Class::Local);
    }

    #[tokio::test]
    async fn rules_of_a_kind_without_an_answer_know_how_long_it_took() {
        let network = Simulated::new(&["1.1.1.1"], |_| greeting());
        let degraded = |slower_than| Check {
            rules: vec![crate::config::Rule {
                slower_than,
                ..rule(Class::Degraded)
            }],
            ..far(LONG)
        };
        let run = network.prober().run(&degraded(Some(LONG))).await;
        assert_reason(&run, Reason::Ok);
        for slower_than in [Some(Duration::ZERO), None] {
            let run = network.prober().run(&degraded(slower_than)).await;
            assert_reason(&run, Reason::ContentAssertion);
            assert_eq!(run.outcome.class, Class::Degraded);
            assert!(run.outcome.detail.starts_with("rule 1: "));
        }
    }

    #[tokio::test]
    async fn a_panic_is_data() {
        let network = Simulated::new(&["1.1.1.1"], |_| panic!("planted \x1b"));
        let run = network.prober().run(&far(LONG)).await;
        assert_reason(&run, Reason::LocalInternal);
        assert_eq!(run.outcome.detail, "planted \\u{1b}");
    }

    #[tokio::test]
    async fn the_deadline_holds_and_the_phases_add_up() {
        let network = Simulated::new(&["1.1.1.1"], |_| None);
        let start = std::time::Instant::now();
        let run = network.prober().run(&far(SHORT)).await;
        assert_reason(&run, Reason::TcpTimeout);
        assert!(
            run.outcome.detail.contains("no connection after 300ms"),
            "{}",
            run.outcome.detail
        );
        let taken = start.elapsed();
        assert!(
            run.phases.total() >= SHORT && run.phases.total() <= taken,
            "{:?} {taken:?}",
            run.phases
        );
    }

    #[test]
    fn a_run_may_move_between_threads() {
        fn sendable<T: Send>(_: &T) {}
        let (prober, check) = (local(&[]), tcp_check("127.0.0.1", 1));
        sendable(&prober.run(&check));
        fn shareable<T: Send + Sync>() {}
        shareable::<Prober>();
    }

    #[test]
    fn files_of_checks_that_are_on_must_be_readable() {
        let missing = NetworkSettings {
            ca_file: Some("/nonexistent.pem".into()),
            ..NetworkSettings::default()
        };
        let made = Prober::new(
            &Config {
                network: missing,
                ..config()
            },
            Arc::new(network::System::default()),
        );
        assert!(made.err().unwrap().contains("/nonexistent.pem"));
        let empty = pem_file("no certificate");
        let network = NetworkSettings {
            ca_file: Some(empty.path().into()),
            ..NetworkSettings::default()
        };
        let made = Prober::new(
            &Config {
                network,
                ..config()
            },
            Arc::new(network::System::default()),
        );
        assert!(made.err().unwrap().contains("no certificate"));
    }
}

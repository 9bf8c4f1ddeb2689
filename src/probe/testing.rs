//! What the tests of this part share: small configurations, and real servers on the loopback that behave as told.

use std::future::Future;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_rustls::TlsAcceptor;

use super::Prober;
use super::failure::{Class, Reason};
use super::network::System;
use super::observation::Run;
use crate::config::{
    Check, Config, Controls, Depth, DnsTarget, HostPort, Kind, NetworkSettings, Rule, TcpTarget,
    TlsOptions, TlsTarget,
};

/// Deadline of checks that are meant to reach it.
pub const SHORT: Duration = Duration::from_millis(300);

/// A configuration without platforms, on the loopback.
pub fn config() -> Config {
    Config {
        vantage: "test".into(),
        user_agent: "platform_exporter/test".into(),
        network: NetworkSettings {
            allow_private: true,
            ..NetworkSettings::default()
        },
        controls: Controls {
            quorum: 0,
            targets: vec![],
            interval: Duration::ZERO,
            spacing: Duration::ZERO,
        },
        platforms: vec![],
    }
}

pub fn prober(network: NetworkSettings) -> Prober {
    Prober::new(
        &Config {
            network,
            ..config()
        },
        Arc::new(System::default()),
    )
    .unwrap()
}

/// A prober that may connect anywhere on this host and asks the given resolvers.
pub fn local(resolvers: &[SocketAddr]) -> Prober {
    prober(NetworkSettings {
        allow_private: true,
        resolvers: resolvers.to_vec(),
        ..NetworkSettings::default()
    })
}

pub fn at(host: &str, port: u16) -> HostPort {
    HostPort {
        host: host.into(),
        port,
    }
}

pub fn check(kind: Kind) -> Check {
    Check {
        depth: Depth::Edge,
        timeout: Duration::from_secs(10),
        ..Check::new(["p", "c", "k"], kind)
    }
}

pub fn tcp_check(host: &str, port: u16) -> Check {
    check(Kind::Tcp(TcpTarget {
        address: at(host, port),
        send: None,
        expect: None,
    }))
}

pub fn banner_check(address: SocketAddr, expect: &str) -> Check {
    let address = at(&address.ip().to_string(), address.port());
    let target = TcpTarget {
        address,
        send: Some("hello\n".into()),
        expect: Some(expect.parse().unwrap()),
    };
    check(Kind::Tcp(target))
}

pub fn tls_check(address: SocketAddr, tls: TlsOptions) -> Check {
    check(Kind::Tls(TlsTarget {
        address: at(&address.ip().to_string(), address.port()),
        tls,
    }))
}

pub fn dns_check(name: &str, record_type: RecordType, server: Option<SocketAddr>) -> Check {
    let rcode = ResponseCode::NoError;
    check(Kind::Dns(DnsTarget {
        name: name.into(),
        record_type,
        server,
        rcode,
        answer: None,
    }))
}

pub fn rule(verdict: Class) -> Rule {
    Rule {
        status: None,
        headers: vec![],
        body: None,
        json: vec![],
        redirect_to: None,
        slower_than: None,
        verdict,
        reason: None,
    }
}

pub fn short(check: Check) -> Check {
    Check {
        timeout: SHORT,
        ..check
    }
}

#[track_caller]
pub fn assert_reason(run: &Run, reason: Reason) {
    assert_eq!(run.outcome.reason, reason, "{:?}", run.outcome);
}

/// Serves every connection with `handle`, until the test's runtime ends.
pub async fn serve<F>(handle: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(handle(stream));
        }
    });
    address
}

/// Reads a little, so that what follows is no reset for unread bytes.
pub async fn read_some(stream: &mut TcpStream) -> Vec<u8> {
    let mut buffer = vec![0; 4096];
    let length = stream.read(&mut buffer).await.unwrap_or_default();
    buffer.truncate(length);
    buffer
}

/// Reads what was sent, answers, and closes orderly.
pub async fn answer_and_close(mut stream: TcpStream, answer: &'static [u8]) {
    read_some(&mut stream).await;
    let _ = stream.write_all(answer).await;
    let _ = stream.shutdown().await;
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

pub async fn silence(mut stream: TcpStream) {
    let _ = stream.read_to_end(&mut Vec::new()).await;
    std::future::pending::<()>().await;
}

pub async fn reset(mut stream: TcpStream) {
    read_some(&mut stream).await;
    stream.set_zero_linger().unwrap();
}

/// A port of this host where nothing listens.
pub fn closed_port() -> SocketAddr {
    std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
}

/// A resolver on UDP and TCP; `answer` gives the datagram for a question, or nothing. Over TCP the same is sent.
pub async fn resolver(
    answer: impl Fn(&Message) -> Option<Vec<u8>> + Send + Sync + 'static,
) -> SocketAddr {
    let answer = Arc::new(answer);
    let by_udp = answer.clone();
    let address = serve(move |mut stream| {
        let answer = answer.clone();
        async move {
            let length = stream.read_u16().await.unwrap();
            let mut bytes = vec![0; length.into()];
            stream.read_exact(&mut bytes).await.unwrap();
            let mut query = Message::from_vec(&bytes).unwrap();
            query.metadata.authentic_data = true; // tells the closure that this came over TCP
            if let Some(reply) = answer(&query) {
                stream
                    .write_u16(u16::try_from(reply.len()).unwrap())
                    .await
                    .unwrap();
                stream.write_all(&reply).await.unwrap();
            }
        }
    })
    .await;
    let socket = UdpSocket::bind(address).await.unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            if let Some(reply) = by_udp(&Message::from_vec(&buffer[..length]).unwrap()) {
                socket.send_to(&reply, from).await.unwrap();
            }
        }
    });
    address
}

/// A resolver on UDP that answers every question with these records, those of other types left out.
pub async fn zone(records: Vec<Record>) -> SocketAddr {
    resolver(move |query| {
        let wanted = asked(query).query_type();
        let fits = |record: &&Record| [wanted, RecordType::CNAME].contains(&record.record_type());
        Some(
            reply(query, records.iter().filter(fits).cloned().collect())
                .to_vec()
                .unwrap(),
        )
    })
    .await
}

/// A resolver that answers every question with a response code.
pub async fn refusing(code: ResponseCode) -> SocketAddr {
    resolver(move |query| {
        let mut reply = reply(query, vec![]);
        reply.metadata.response_code = code;
        Some(reply.to_vec().unwrap())
    })
    .await
}

pub async fn mute() -> SocketAddr {
    resolver(|_| None).await
}

pub fn asked(query: &Message) -> &Query {
    &query.queries[0]
}

pub fn reply(query: &Message, answers: Vec<Record>) -> Message {
    let mut reply = query.clone().into_response();
    reply.metadata.authentic_data = false;
    reply.edns = None;
    reply.insert_answers(answers);
    reply
}

pub fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

/// `name` has the address, IPv4 or IPv6.
pub fn has(owner: &str, address: &str) -> Record {
    let data = match address.parse().unwrap() {
        std::net::IpAddr::V4(v4) => RData::A(A(v4)),
        std::net::IpAddr::V6(v6) => RData::AAAA(AAAA(v6)),
    };
    Record::from_rdata(name(owner), 60, data)
}

pub fn alias(owner: &str, target: &str) -> Record {
    Record::from_rdata(name(owner), 60, RData::CNAME(CNAME(name(target))))
}

/// A certificate authority of the test's own.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: CertificateDer<'static>,
    /// Its certificate, as a file.
    pub file: NamedTempFile,
}

/// A leaf and its key.
pub struct Leaf {
    pub pem: String,
    pub chain: Vec<CertificateDer<'static>>,
    pub key: KeyPair,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Each has its own name: one name with two keys is another failure.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("Test Authority {}", COUNT.fetch_add(1, Ordering::Relaxed));
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        let certificate = params.self_signed(&key).unwrap();
        let file = pem_file(&certificate.pem());
        Self {
            der: certificate.der().clone(),
            issuer: Issuer::new(params, key),
            file,
        }
    }

    /// Issues a leaf for 127.0.0.1 and `good.example`, changed by `edit`.
    pub fn leaf(&self, edit: impl FnOnce(&mut CertificateParams)) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let mut params =
            CertificateParams::new(vec!["127.0.0.1".into(), "good.example".into()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "leaf\u{1b}[31m");
        edit(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Leaf {
            pem: certificate.pem(),
            chain: vec![certificate.der().clone()],
            key,
        }
    }

    /// Options of a check that trusts this authority alone.
    pub fn trusted(&self) -> TlsOptions {
        TlsOptions {
            ca_file: Some(self.file.path().into()),
            ..TlsOptions::default()
        }
    }

    /// Configuration of a server with this leaf; with `clients`, it demands certificates of that authority.
    pub fn server(&self, leaf: &Leaf, clients: Option<&Self>) -> ServerConfig {
        self.server_of(leaf, clients, rustls::ALL_VERSIONS)
    }

    /// The same, of certain versions of TLS.
    pub fn server_of(
        &self,
        leaf: &Leaf,
        clients: Option<&Self>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> ServerConfig {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions)
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.der.clone()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider)
                    .build()
                    .unwrap();
                builder.with_client_cert_verifier(verifier)
            }
        };
        let key = PrivateKeyDer::try_from(leaf.key.serialize_der()).unwrap();
        builder.with_single_cert(leaf.chain.clone(), key).unwrap()
    }
}

pub fn pem_file(pem: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(pem.as_bytes()).unwrap();
    file
}

/// Runs a tls check with a short deadline.
pub async fn shake(server: SocketAddr, options: TlsOptions) -> Run {
    local(&[]).run(&short(tls_check(server, options))).await
}

/// A TLS server that shakes hands, reads, and closes.
pub async fn tls_server(config: ServerConfig) -> SocketAddr {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    serve(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.read(&mut [0; 64]).await;
            }
        }
    })
    .await
}

//! What the tests of the http and websocket kinds need: a check, a prober, and servers on loopback that misbehave on purpose.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::{HeaderMap, Method};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::config::*;
use crate::probe::Prober;
use crate::probe::network::System;
use crate::probe::observation::Run;

/// A check as a user would write it, without rules: no block signs, mismatches fail.
pub(in crate::probe) fn check(kind: Kind) -> Check {
    Check {
        timeout: Duration::from_secs(2),
        ..Check::new(["a", "a", "a"], kind)
    }
}

/// A GET with the defaults.
pub(in crate::probe) fn get(url: &str) -> HttpTarget {
    HttpTarget {
        url: url.parse().unwrap(),
        method: Method::GET,
        headers: HeaderMap::new(),
        body: None,
        max_redirects: 3,
        version: None,
        body_limit: 1 << 20,
        tls: TlsOptions::default(),
    }
}

/// A rule without conditions.
pub(in crate::probe) fn rule(verdict: crate::probe::failure::Class) -> Rule {
    Rule {
        status: None,
        headers: Vec::new(),
        body: None,
        json: Vec::new(),
        redirect_to: None,
        slower_than: None,
        verdict,
        reason: None,
    }
}

/// Runs a check once, over the real network of this host.
pub(in crate::probe) async fn run(check: &Check) -> Run {
    run_on(
        NetworkSettings {
            allow_private: true,
            ..NetworkSettings::default()
        },
        check,
    )
    .await
}

/// The same with other settings.
pub(in crate::probe) async fn run_on(network: NetworkSettings, check: &Check) -> Run {
    let config = Config {
        vantage: "local".into(),
        user_agent: "platform_exporter/test".into(),
        network,
        controls: Controls {
            quorum: 0,
            targets: Vec::new(),
            interval: Duration::from_secs(30),
            spacing: Duration::from_secs(1),
        },
        platforms: Vec::new(),
    };
    Prober::new(&config, Arc::new(System::default()))
        .unwrap()
        .run(check)
        .await
}

/// Serves every connection with `handler`, as long as the test lasts.
pub(in crate::probe) async fn serve<F>(
    handler: impl Fn(TcpStream) -> F + Send + 'static,
) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(handler(stream));
        }
    });
    address
}

/// What a server does after its bytes.
#[derive(Clone)]
pub(in crate::probe) enum Then {
    /// Closes the connection.
    Fin,
    /// Resets it.
    Rst,
    /// Keeps it open and says nothing.
    Hold,
    /// Sends this for ever, as fast as it is taken.
    Flood(Vec<u8>),
    /// Sends this byte by byte, slowly.
    Drip(Vec<u8>),
}

/// Sends bytes, and then what comes then.
pub(in crate::probe) async fn play(mut stream: TcpStream, bytes: &[u8], then: Then) {
    if stream.write_all(bytes).await.is_err() {
        return;
    }
    match then {
        Then::Fin => {
            let _ = stream.shutdown().await;
            // What the client still sends must be read, or the close becomes a reset.
            let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        }
        Then::Rst => {
            // The bytes should be read before the reset overtakes them.
            tokio::time::sleep(Duration::from_millis(50)).await;
            stream.set_zero_linger().unwrap();
        }
        Then::Hold => tokio::time::sleep(Duration::from_secs(20)).await,
        Then::Flood(piece) => {
            let many = piece.repeat((16 * 1024 / piece.len()).max(1));
            while stream.write_all(&many).await.is_ok() {}
        }
        Then::Drip(bytes) => {
            for byte in bytes {
                if stream.write_all(&[byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// Reads a request's head.
pub(in crate::probe) async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// An authority of the tests' own, with a certificate for 127.0.0.1.
pub(in crate::probe) struct Authority {
    dir: tempfile::TempDir,
    chain: Vec<rustls::pki_types::CertificateDer<'static>>,
    key: Vec<u8>,
}

impl Authority {
    pub(in crate::probe) fn new() -> Self {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let ca_key = rcgen::KeyPair::generate().unwrap();
        let ca = params.self_signed(&ca_key).unwrap();
        let issuer = rcgen::Issuer::new(params, ca_key);
        let key = rcgen::KeyPair::generate().unwrap();
        let leaf = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()])
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), ca.pem()).unwrap();
        Self {
            dir,
            chain: vec![leaf.der().clone()],
            key: key.serialize_der(),
        }
    }

    /// What a check must trust.
    pub(in crate::probe) fn options(&self) -> TlsOptions {
        TlsOptions {
            ca_file: Some(self.dir.path().join("ca.pem")),
            ..TlsOptions::default()
        }
    }

    pub(in crate::probe) fn acceptor(&self, alpn: &[&[u8]]) -> tokio_rustls::TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = rustls::pki_types::PrivatePkcs8KeyDer::from(self.key.clone());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), key.into())
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        Arc::new(config).into()
    }
}

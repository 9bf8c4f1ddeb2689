//! The TLS stage: the handshake, and the verdict on the certificate before anything else is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, Error, ProtocolVersion, SignatureScheme};
use tokio_rustls::TlsConnector;

use super::dial::{Context, Failure};
use super::failure::Reason;
use super::network::Stream;
use super::tls_errors::{handshake_failure, tls_failure};
use super::trace::{Step, Trace};
use super::trust::Material;
use super::verifier::{Record, Recorder};
use crate::config::{HostPort, TlsOptions};

/// A stream after its TLS handshake.
pub(super) struct Secured {
    /// Clear text in and out.
    pub stream: Box<dyn Stream>,
    /// The protocol that ALPN chose.
    pub alpn: Option<Vec<u8>>,
    /// The server asked for a certificate of ours. In TLS 1.3 it refuses ours, or none, only after the handshake.
    pub wants_certificate: bool,
}

/// Makes the handshake, records the certificate, and ends the run when verification fails (unless told not to verify).
pub(super) async fn secure(
    cx: &Context<'_>,
    stream: Box<dyn Stream>,
    to: &HostPort,
    options: &TlsOptions,
    alpn: &[&[u8]],
) -> Result<Secured, Failure> {
    cx.trace.enter(Step::Tls);
    let unusable = |why: String| Failure::new(Reason::LocalConfig, why);
    let name = options.server_name.as_ref().unwrap_or(&to.host);
    let server_name = ServerName::try_from(name.as_str())
        .map_err(|_| unusable(format!("{name} is no name for TLS")))?
        .to_owned();
    let material = cx.prober.trust.material(options).map_err(unusable)?;
    let wanted = Arc::new(AtomicBool::new(false));
    let seen = Witness {
        record: Record::default(),
        trace: cx.trace,
        decides: options.verify,
    };
    let config = client_config(cx, material, seen.record.clone(), wanted.clone(), alpn)
        .map_err(|error| tls_failure(&error))?;

    let connected = TlsConnector::from(Arc::new(config))
        .connect(server_name, stream)
        .await;
    let verdict = seen.record.seen();
    // Had we not gone on for the facts' sake, the handshake would have ended with the certificate.
    if let Some(failure) = verdict.failure.filter(|_| options.verify) {
        return Err(failure);
    }
    let stream =
        connected.map_err(|error| handshake_failure(&error, wanted.load(Ordering::Relaxed)))?;
    if verdict.verified {
        cx.trace.set_verified_tls();
    }
    let (_, connection) = stream.get_ref();
    cx.trace.hop(|hop| hop.tls = Some(describe(connection)));
    Ok(Secured {
        alpn: connection.alpn_protocol().map(<[u8]>::to_vec),
        wants_certificate: wanted.load(Ordering::Relaxed),
        stream: Box::new(stream),
    })
}

/// Hands what the verifier saw to the trace, also when the deadline drops the handshake.
struct Witness<'a> {
    record: Record,
    trace: &'a Trace,
    decides: bool,
}

impl Drop for Witness<'_> {
    fn drop(&mut self) {
        let seen = self.record.seen();
        if let Some(certificate) = seen.certificate {
            self.trace.set_certificate(certificate);
        }
        if let Some(failure) = seen.failure.filter(|_| self.decides) {
            self.trace.note(failure.reason, &failure.detail);
        }
    }
}

fn client_config(
    cx: &Context<'_>,
    material: Material,
    record: Record,
    wanted: Arc<AtomicBool>,
    alpn: &[&[u8]],
) -> Result<ClientConfig, Error> {
    let mut config = ClientConfig::builder_with_provider(cx.prober.trust.provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Recorder::new(material.verifier, record)))
        .with_client_cert_resolver(Arc::new(OurCertificate {
            key: material.client,
            wanted,
        }));
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    // A resumed session would hide a bad certificate and a broken handshake.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Gives our certificate, if there is one, and remembers that it was asked for.
#[derive(Debug)]
struct OurCertificate {
    key: Option<Arc<CertifiedKey>>,
    wanted: Arc<AtomicBool>,
}

impl ResolvesClientCert for OurCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.wanted.store(true, Ordering::Relaxed);
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        self.key.is_some()
    }
}

fn describe(connection: &ClientConnection) -> String {
    let version = match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
        _ => "TLS",
    };
    let mut text = version.to_owned();
    if let Some(suite) = connection.negotiated_cipher_suite() {
        text.push_str(&format!(" {:?}", suite.suite()));
    }
    if let Some(protocol) = connection.alpn_protocol() {
        text.push_str(&format!(" {}", protocol.escape_ascii()));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::atomic::AtomicUsize;

    use rcgen::date_time_ymd;
    use rustls::version::TLS12;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::probe::failure::Class;
    use crate::probe::testing::*;

    #[tokio::test]
    async fn a_good_handshake_is_verified_and_described() {
        let authority = Authority::new();
        let leaf = authority.leaf(|params| {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2100, 1, 1);
        });
        let run = shake(
            tls_server(authority.server(&leaf, None)).await,
            authority.trusted(),
        )
        .await;
        assert_reason(&run, Reason::Ok);
        assert!(run.verified_tls);
        let certificate = run.certificate.unwrap();
        assert_eq!(certificate.not_before.as_millis(), 1_577_836_800_000);
        assert_eq!(certificate.not_after.as_millis(), 4_102_444_800_000);
        assert!(
            certificate.issuer.contains("Test Authority"),
            "{}",
            certificate.issuer
        );
        assert!(
            certificate.subject.contains("leaf\\u{1b}[31m"),
            "escaped: {}",
            certificate.subject
        );
        assert_eq!(
            run.hops[0].tls.as_deref(),
            Some("TLSv1.3 TLS13_AES_256_GCM_SHA384")
        );
    }

    #[tokio::test]
    async fn bad_certificates_are_named_and_read_all_the_same() {
        let authority = Authority::new();
        let expired = authority.leaf(|params| params.not_after = date_time_ymd(2020, 1, 1));
        let early = authority.leaf(|params| params.not_before = date_time_ymd(2100, 1, 1));
        let other = authority.leaf(|params| params.subject_alt_names = vec![]);
        let purpose = authority.leaf(|params| {
            params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        });
        for (leaf, reason, says) in [
            (expired, Reason::TlsCertExpired, "2020-01-01"),
            (early, Reason::TlsCertNotYetValid, "2100-01-01"),
            (other, Reason::TlsCertName, "127.0.0.1"),
            (purpose, Reason::TlsCertInvalid, "certificate"),
        ] {
            let run = shake(
                tls_server(authority.server(&leaf, None)).await,
                authority.trusted(),
            )
            .await;
            assert_reason(&run, reason);
            assert!(run.outcome.detail.contains(says), "{}", run.outcome.detail);
            assert!(run.certificate.is_some() && !run.verified_tls);
        }
    }

    #[tokio::test]
    async fn unknown_authorities_are_not_trusted() {
        let authority = Authority::new();
        let server = tls_server(authority.server(&authority.leaf(|_| {}), None)).await;
        let run = shake(server, TlsOptions::default()).await;
        assert_reason(&run, Reason::TlsCertUntrusted);
        assert!(
            run.outcome.detail.contains("no intermediate"),
            "{}",
            run.outcome.detail
        );
        let run = shake(server, Authority::new().trusted()).await;
        assert_reason(&run, Reason::TlsCertUntrusted);

        let own = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into()]).unwrap();
        let leaf = Leaf {
            pem: own.cert.pem(),
            chain: vec![own.cert.der().clone()],
            key: own.signing_key,
        };
        let run = shake(
            tls_server(authority.server(&leaf, None)).await,
            TlsOptions::default(),
        )
        .await;
        assert_reason(&run, Reason::TlsCertUntrusted);
        assert!(
            run.outcome.detail.contains("self-signed"),
            "{}",
            run.outcome.detail
        );
    }

    #[tokio::test]
    async fn another_name_may_be_asked_for() {
        let authority = Authority::new();
        let server = tls_server(authority.server(&authority.leaf(|_| {}), None)).await;
        let named = |name: &str| TlsOptions {
            server_name: Some(name.into()),
            ..authority.trusted()
        };
        assert_reason(&shake(server, named("good.example")).await, Reason::Ok);
        assert_reason(
            &shake(server, named("bad.example")).await,
            Reason::TlsCertName,
        );
        assert_reason(
            &shake(server, named("not a name")).await,
            Reason::LocalConfig,
        );
    }

    #[tokio::test]
    async fn without_verification_a_bad_certificate_passes_unproven() {
        let authority = Authority::new();
        let server = tls_server(authority.server(&authority.leaf(|_| {}), None)).await;
        let run = shake(
            server,
            TlsOptions {
                verify: false,
                ..TlsOptions::default()
            },
        )
        .await;
        assert_reason(&run, Reason::Ok);
        assert!(run.certificate.is_some() && !run.verified_tls);
    }

    #[tokio::test]
    async fn client_certificates_are_demanded_given_and_refused() {
        let (authority, strangers) = (Authority::new(), Authority::new());
        let server = tls_server(authority.server(&authority.leaf(|_| {}), Some(&authority))).await;
        assert_reason(
            &shake(server, authority.trusted()).await,
            Reason::TlsClientCert,
        );
        for (issuer, reason) in [
            (&authority, Reason::Ok),
            (&strangers, Reason::TlsClientCert),
        ] {
            let ours = issuer.leaf(|_| {});
            let both = pem_file(&format!("{}{}", ours.pem, ours.key.serialize_pem()));
            let options = TlsOptions {
                cert_file: Some(both.path().into()),
                ..authority.trusted()
            };
            assert_reason(&shake(server, options).await, reason);
        }
    }

    #[tokio::test]
    async fn a_demand_in_tls_1_2_has_the_same_name() {
        let authority = Authority::new();
        let server =
            tls_server(authority.server_of(&authority.leaf(|_| {}), Some(&authority), &[&TLS12]));
        assert_reason(
            &shake(server.await, authority.trusted()).await,
            Reason::TlsClientCert,
        );
        let server = tls_server(authority.server_of(&authority.leaf(|_| {}), None, &[&TLS12]));
        let run = shake(server.await, authority.trusted()).await;
        assert_reason(&run, Reason::Ok);
        assert!(
            run.hops[0].tls.as_ref().unwrap().starts_with("TLSv1.2 "),
            "{:?}",
            run.hops[0].tls
        );
    }

    #[tokio::test]
    async fn a_missing_file_is_a_mistake_of_the_configuration() {
        let options = TlsOptions {
            ca_file: Some("/nonexistent/ca.pem".into()),
            ..TlsOptions::default()
        };
        let run = shake(serve(silence).await, options).await;
        assert_reason(&run, Reason::LocalConfig);
        assert!(
            run.outcome.detail.contains("/nonexistent/ca.pem"),
            "{}",
            run.outcome.detail
        );
    }

    #[tokio::test]
    async fn nothing_is_sent_to_an_unverified_peer() {
        let authority = Authority::new();
        let acceptor = TlsAcceptor::from(Arc::new(authority.server(&authority.leaf(|_| {}), None)));
        let heard = Arc::new(AtomicUsize::new(usize::MAX));
        let told = heard.clone();
        let server = serve(move |stream| {
            let (acceptor, told) = (acceptor.clone(), told.clone());
            async move {
                let mut stream = acceptor.accept(stream).await.unwrap();
                let mut bytes = Vec::new();
                let _ = stream.read_to_end(&mut bytes).await;
                told.store(bytes.len(), Ordering::SeqCst);
            }
        })
        .await;
        assert_reason(
            &shake(server, TlsOptions::default()).await,
            Reason::TlsCertUntrusted,
        );
        while heard.load(Ordering::SeqCst) == usize::MAX {
            tokio::task::yield_now().await;
        }
        assert_eq!(heard.load(Ordering::SeqCst), 0);
    }

    /// A server that sends the first flight of a handshake, in TLS 1.2 all but its last words, then `last`, then nothing.
    async fn half_a_handshake(config: rustls::ServerConfig, last: &'static [u8]) -> SocketAddr {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        serve(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let (wire, theirs) = tokio::io::duplex(1 << 16);
                tokio::spawn(async move { acceptor.accept(theirs).await.map(|_| ()) });
                let (mut from_peer, mut to_peer) = stream.into_split();
                let (mut from_tls, mut to_tls) = tokio::io::split(wire);
                tokio::spawn(async move { tokio::io::copy(&mut from_peer, &mut to_tls).await });
                let mut flight = [0; 4096];
                let length = from_tls.read(&mut flight).await.unwrap();
                to_peer.write_all(&flight[..length]).await.unwrap();
                to_peer.write_all(last).await.unwrap();
                std::future::pending::<()>().await;
            }
        })
        .await
    }

    #[tokio::test]
    async fn a_failed_handshake_after_a_demand_is_about_our_certificate() {
        const HANDSHAKE_FAILURE: &[u8] = &[21, 3, 3, 0, 2, 2, 40];
        let authority = Authority::new();
        let demanding = authority.server_of(&authority.leaf(|_| {}), Some(&authority), &[&TLS12]);
        let server = half_a_handshake(demanding, HANDSHAKE_FAILURE).await;
        assert_reason(
            &shake(server, authority.trusted()).await,
            Reason::TlsClientCert,
        );
        let indifferent = authority.server_of(&authority.leaf(|_| {}), None, &[&TLS12]);
        let server = half_a_handshake(indifferent, HANDSHAKE_FAILURE).await;
        assert_reason(&shake(server, authority.trusted()).await, Reason::TlsAlert);
    }

    #[tokio::test]
    async fn a_certificate_seen_before_the_deadline_is_not_lost() {
        let authority = Authority::new();
        let expired = authority.leaf(|params| params.not_after = date_time_ymd(2020, 1, 1));
        let server = half_a_handshake(authority.server_of(&expired, None, &[&TLS12]), b"");
        let run = shake(server.await, authority.trusted()).await;
        assert_reason(&run, Reason::TlsCertExpired);
        assert!(run.certificate.is_some());
        assert_eq!(run.outcome.class, Class::Fail);
    }
}

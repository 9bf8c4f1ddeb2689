//! The TLS stage: handshake, verdict on the certificate, and the names of everything that goes wrong in TLS, during the
//! handshake and after it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::{
    AlertDescription, ClientConfig, ClientConnection, Error, ProtocolVersion, SignatureScheme,
};
use tokio_rustls::TlsConnector;

use super::budget::BudgetSpent;
use super::dial::{Context, Failure, local_reason};
use super::failure::Reason;
use super::network::Stream;
use super::trace::{Step, Trace};
use super::trust::Material;
use super::verifier::{Record, Recorder, certificate_failure};
use crate::config::{HostPort, TlsOptions};

/// A stream after its TLS handshake.
pub(super) struct Secured {
    /// Clear text in and out.
    pub stream: Box<dyn Stream>,
    /// The protocol that ALPN chose.
    pub alpn: Option<Vec<u8>>,
    /// The server asked for a certificate of ours and got none. In TLS 1.3 its refusal comes only after the handshake.
    pub owes_certificate: bool,
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
    let sought = Arc::new(AtomicBool::new(false));
    let seen = Witness {
        record: Record::default(),
        trace: cx.trace,
        decides: options.verify,
    };
    let config = client_config(cx, material, seen.record.clone(), sought.clone(), alpn)
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
        connected.map_err(|error| handshake_failure(&error, sought.load(Ordering::Relaxed)))?;
    if verdict.verified {
        cx.trace.set_verified_tls();
    }
    let (_, connection) = stream.get_ref();
    cx.trace.hop(|hop| hop.tls = Some(describe(connection)));
    Ok(Secured {
        alpn: connection.alpn_protocol().map(<[u8]>::to_vec),
        owes_certificate: sought.load(Ordering::Relaxed),
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
    sought: Arc<AtomicBool>,
    alpn: &[&[u8]],
) -> Result<ClientConfig, Error> {
    let mut config = ClientConfig::builder_with_provider(cx.prober.trust.provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Recorder::new(material.verifier, record)))
        .with_client_cert_resolver(Arc::new(OurCertificate {
            key: material.client,
            sought,
        }));
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    // A resumed session would hide a bad certificate and a broken handshake.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Gives our certificate, and remembers when there was none to give.
#[derive(Debug)]
struct OurCertificate {
    key: Option<Arc<CertifiedKey>>,
    sought: Arc<AtomicBool>,
}

impl ResolvesClientCert for OurCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.sought.store(self.key.is_none(), Ordering::Relaxed);
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

/// The failure behind an I/O error after the handshake, where it is ours, the budget's or TLS's to name; none: the
/// caller's protocol names it. A stream that ends without TLS's goodbye (`UnexpectedEof`) is the caller's too: a body
/// that ends with the connection may end so.
pub(super) fn stream_failure(error: &io::Error) -> Option<Failure> {
    if BudgetSpent::caused(error) {
        return Some(Failure::new(Reason::HttpProtocol, error.to_string()));
    }
    if let Some(tls) = tls_error(error) {
        return Some(tls_failure(tls));
    }
    local_reason(error).map(|reason| Failure::new(reason, error.to_string()))
}

fn tls_error(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

/// What an I/O error in the handshake means.
fn handshake_failure(error: &io::Error, owes_certificate: bool) -> Failure {
    use io::ErrorKind as Kind;
    if let Some(tls) = tls_error(error) {
        // TLS 1.2 has no alert for a missing certificate.
        if owes_certificate
            && matches!(
                tls,
                Error::AlertReceived(AlertDescription::HandshakeFailure)
            )
        {
            return Failure::new(
                Reason::TlsClientCert,
                "the server asked for a client certificate, and there is none",
            );
        }
        return tls_failure(tls);
    }
    let reason = local_reason(error).unwrap_or_else(|| match error.kind() {
        Kind::UnexpectedEof => Reason::TlsClosed,
        Kind::ConnectionReset | Kind::BrokenPipe | Kind::ConnectionAborted => Reason::TlsReset,
        Kind::TimedOut => Reason::TlsTimeout,
        _ if BudgetSpent::caused(error) => Reason::TlsProtocol,
        _ => Reason::TcpFailed,
    });
    Failure::new(reason, error.to_string())
}

/// What an error of TLS means, in the handshake or after it.
fn tls_failure(error: &Error) -> Failure {
    let reason = match error {
        Error::InvalidCertificate(error) => return certificate_failure(error, None, false),
        Error::AlertReceived(alert) => alert_reason(*alert),
        Error::NoApplicationProtocol => Reason::TlsAlpn,
        Error::PeerIncompatible(_) => Reason::TlsVersion,
        Error::NoCertificatesPresented => Reason::TlsCertInvalid,
        Error::General(_)
        | Error::FailedToGetCurrentTime
        | Error::FailedToGetRandomBytes
        | Error::EncryptError => Reason::LocalInternal,
        // Messages that are invalid, out of place, too large or not to be decrypted, and floods of key updates.
        _ => Reason::TlsProtocol,
    };
    Failure::new(reason, error.to_string())
}

fn alert_reason(alert: AlertDescription) -> Reason {
    use AlertDescription as Alert;
    match alert {
        Alert::CertificateRequired
        | Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateExpired
        | Alert::CertificateUnknown
        | Alert::UnknownCA
        | Alert::NoCertificate
        | Alert::AccessDenied => Reason::TlsClientCert,
        // A failed handshake without more words says nothing of versions: our offer is never narrowed.
        Alert::ProtocolVersion | Alert::InsufficientSecurity => Reason::TlsVersion,
        Alert::NoApplicationProtocol => Reason::TlsAlpn,
        _ => Reason::TlsAlert,
    }
}

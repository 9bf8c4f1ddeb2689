//! A certificate verifier that records instead of refusing, so that the facts of a bad certificate are known too.
//!
//! It verifies exactly as rustls does, keeps the verdict, and lets the handshake go on; signatures of the handshake are
//! still verified. Who uses it must read the verdict before sending anything.

use std::sync::{Arc, Mutex, MutexGuard};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::dial::Failure;
use super::escape::{DETAIL, escape};
use super::failure::Reason;
use super::observation::Certificate;
use crate::lock::lock;
use crate::time::Time;

/// Where a handshake's verifier leaves what it saw. Clones share it.
// A std mutex: held for a few instructions, never across an await.
#[derive(Clone, Debug, Default)]
pub(super) struct Record(Arc<Mutex<Seen>>);

/// What was seen of the server's certificate.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// The leaf's facts; none if it cannot be read.
    pub certificate: Option<Certificate>,
    /// Verification failed so.
    pub failure: Option<Failure>,
    /// Verification was done and succeeded.
    pub verified: bool,
}

impl Record {
    /// What was seen so far.
    pub fn seen(&self) -> Seen {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        lock(&self.0)
    }
}

/// The recording verifier.
#[derive(Debug)]
pub(super) struct Recorder {
    inner: Arc<WebPkiServerVerifier>,
    record: Record,
}

impl Recorder {
    /// Verifies by `inner` and keeps the verdict in `record`.
    pub fn new(inner: Arc<WebPkiServerVerifier>, record: Record) -> Self {
        Self { inner, record }
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        let certificate = facts(end_entity);
        let failure = verdict.err().map(|error| match error {
            Error::InvalidCertificate(error) => {
                certificate_failure(&error, certificate.as_ref(), !intermediates.is_empty())
            }
            other => Failure::new(Reason::TlsCertInvalid, other.to_string()),
        });
        *self.record.lock() = Seen {
            certificate,
            verified: failure.is_none(),
            failure,
        };
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Reads a leaf. Its size is bounded by TLS (rustls takes chains up to 64 KiB).
fn facts(leaf: &CertificateDer<'_>) -> Option<Certificate> {
    let (_, leaf) = X509Certificate::from_der(leaf).ok()?;
    let time =
        |seconds: i64| Time::from_millis(u64::try_from(seconds).unwrap_or(0).saturating_mul(1000));
    Some(Certificate {
        not_before: time(leaf.validity().not_before.timestamp()),
        not_after: time(leaf.validity().not_after.timestamp()),
        subject: escape(leaf.subject().to_string().as_bytes(), DETAIL),
        issuer: escape(leaf.issuer().to_string().as_bytes(), DETAIL),
    })
}

/// What an error of verification means. The names in a certificate may be thousands: at most a few are told.
pub(super) fn certificate_failure(
    error: &CertificateError,
    leaf: Option<&Certificate>,
    chain: bool,
) -> Failure {
    const NAMES_TOLD: usize = 3;
    use CertificateError as Bad;
    match error {
        Bad::Expired | Bad::ExpiredContext { .. } => Failure::new(
            Reason::TlsCertExpired,
            format!(
                "certificate ended {}",
                date(leaf.map(|leaf| leaf.not_after))
            ),
        ),
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
            let begins = date(leaf.map(|leaf| leaf.not_before));
            Failure::new(
                Reason::TlsCertNotYetValid,
                format!("certificate begins {begins}; is our clock right?"),
            )
        }
        Bad::NotValidForNameContext {
            expected,
            presented,
        } => {
            let names = presented
                .iter()
                .take(NAMES_TOLD)
                .cloned()
                .collect::<Vec<_>>()
                .join(", ");
            let count = presented.len();
            let wanted = expected.to_str();
            Failure::new(
                Reason::TlsCertName,
                format!("certificate is not for {wanted}; {count} names in it: {names}"),
            )
        }
        Bad::NotValidForName => {
            Failure::new(Reason::TlsCertName, "certificate is for another name")
        }
        Bad::UnknownIssuer => Failure::new(Reason::TlsCertUntrusted, untrusted(leaf, chain)),
        Bad::Revoked => Failure::new(Reason::TlsCertRevoked, "certificate is revoked"),
        other => Failure::new(Reason::TlsCertInvalid, other.to_string()),
    }
}

fn untrusted(leaf: Option<&Certificate>, chain: bool) -> String {
    match leaf {
        Some(leaf) if leaf.subject == leaf.issuer => {
            format!("self-signed certificate of {}", leaf.subject)
        }
        Some(leaf) if chain => format!("no known authority behind issuer {}", leaf.issuer),
        Some(leaf) => format!(
            "issuer {} is not known, and no intermediate certificate was sent",
            leaf.issuer
        ),
        None => "unknown issuer".to_owned(),
    }
}

fn date(time: Option<Time>) -> String {
    time.map_or_else(
        || "at an unknown time".to_owned(),
        |time| time.utc().to_string(),
    )
}

//! The names of everything that goes wrong in TLS, during the handshake and after it.

use std::io;

use rustls::{AlertDescription, Error};

use super::budget::BudgetSpent;
use super::dial::{Failure, local_reason};
use super::failure::Reason;
use super::verifier::certificate_failure;

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
pub(super) fn handshake_failure(error: &io::Error, wants_certificate: bool) -> Failure {
    use io::ErrorKind as Kind;
    if let Some(tls) = tls_error(error) {
        // TLS 1.2 has no alert of its own for a missing certificate.
        if wants_certificate
            && matches!(
                tls,
                Error::AlertReceived(AlertDescription::HandshakeFailure)
            )
        {
            return Failure::new(
                Reason::TlsClientCert,
                "the server asked for a client certificate, and ended the handshake",
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
pub(super) fn tls_failure(error: &Error) -> Failure {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::config::TlsOptions;
    use crate::probe::budget::Budget;
    use crate::probe::dial::{Context, connect, secure};
    use crate::probe::observation::Run;
    use crate::probe::testing::*;
    use crate::probe::trace::{Step, Trace};

    /// A server that answers the first flight with these bytes and closes.
    async fn answering(bytes: &'static [u8]) -> Run {
        let server = serve(move |stream| answer_and_close(stream, bytes)).await;
        shake(server, TlsOptions::default()).await
    }

    #[tokio::test]
    async fn what_is_no_handshake_is_told_apart() {
        for (alert, reason) in [
            (40, Reason::TlsAlert),
            (112, Reason::TlsAlert),
            (70, Reason::TlsVersion),
            (71, Reason::TlsVersion),
            (116, Reason::TlsClientCert),
            (120, Reason::TlsAlpn),
        ] {
            let bytes: &'static [u8] = Box::leak(Box::new([21, 3, 3, 0, 2, 2, alert]));
            assert_reason(&answering(bytes).await, reason);
        }
        assert_reason(
            &answering(b"HTTP/1.1 400 Bad Request\r\n\r\n").await,
            Reason::TlsProtocol,
        );
        assert_reason(&answering(&[0x9c; 600]).await, Reason::TlsProtocol);
        assert_reason(&answering(b"").await, Reason::TlsClosed);
        assert_reason(
            &shake(serve(reset).await, TlsOptions::default()).await,
            Reason::TlsReset,
        );
        assert_reason(
            &shake(serve(silence).await, TlsOptions::default()).await,
            Reason::TlsTimeout,
        );
    }

    #[tokio::test]
    async fn floods_in_the_handshake_end_early() {
        for record in [&[21, 3, 3, 0, 2, 1, 90][..], &[22, 3, 3, 0, 0]] {
            let flood: &'static [u8] = Box::leak(record.repeat(1000).into());
            let server =
                serve(
                    move |mut stream| async move { while stream.write_all(flood).await.is_ok() {} },
                );
            assert_reason(
                &shake(server.await, TlsOptions::default()).await,
                Reason::TlsProtocol,
            );
        }
    }

    /// Shakes hands with a server that does `then`, and reads to the end.
    async fn read_after<F>(
        then: impl Fn(tokio_rustls::server::TlsStream<tokio::net::TcpStream>) -> F
        + Clone
        + Send
        + Sync
        + 'static,
    ) -> io::Error
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let authority = Authority::new();
        let acceptor = TlsAcceptor::from(Arc::new(authority.server(&authority.leaf(|_| {}), None)));
        let server = serve(move |stream| {
            let (acceptor, then) = (acceptor.clone(), then.clone());
            async move { then(acceptor.accept(stream).await.unwrap()).await }
        })
        .await;
        let (prober, check) = (local(&[]), tls_check(server, authority.trusted()));
        let trace = Trace::start(Step::Resolve);
        let cx = Context {
            prober: &prober,
            check: &check,
            trace: &trace,
            budget: Budget::default(),
        };
        let to = at("127.0.0.1", server.port());
        let stream = connect(&cx, &to).await.unwrap();
        let mut secured = secure(&cx, stream, &to, &authority.trusted(), &[])
            .await
            .unwrap();
        secured.stream.write_all(b"hello").await.unwrap();
        secured
            .stream
            .read_to_end(&mut Vec::new())
            .await
            .unwrap_err()
    }

    #[tokio::test]
    async fn floods_after_the_handshake_have_their_names() {
        let keys = read_after(|mut stream| async move {
            while stream.get_mut().1.refresh_traffic_keys().is_ok() && stream.flush().await.is_ok()
            {
            }
        });
        assert_eq!(
            stream_failure(&keys.await).unwrap().reason,
            Reason::TlsProtocol
        );
        let bytes =
            read_after(
                |mut stream| async move { while stream.write_all(&[0; 16384]).await.is_ok() {} },
            );
        assert_eq!(
            stream_failure(&bytes.await).unwrap().reason,
            Reason::HttpProtocol
        );
    }

    #[tokio::test]
    async fn an_end_without_goodbye_is_left_to_the_caller() {
        let error = read_after(|mut stream| async move {
            let _ = stream.read(&mut [0; 64]).await;
            let (mut wire, _) = stream.into_inner();
            let _ = wire.shutdown().await;
        });
        let error = error.await;
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert!(stream_failure(&error).is_none());
        assert!(stream_failure(&io::ErrorKind::ConnectionReset.into()).is_none());
    }
}

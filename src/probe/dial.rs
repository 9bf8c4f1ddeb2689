//! The shared stages: resolve → connect → TLS, each timed, under one policy and one budget.

use super::failure::Reason;
use super::network::Stream;
use super::trace::{Step, Trace};
use super::Prober;
use crate::config::{Check, HostPort, TlsOptions};

/// A stage failed.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// Why.
    pub reason: Reason,
    /// For people: escaped, at most 200 bytes.
    pub detail: String,
}

/// What a run works with.
pub(super) struct Context<'a> {
    /// The network, resolver, roots and policy.
    pub prober: &'a Prober,
    /// The check that is run.
    pub check: &'a Check,
    /// What is recorded on the way.
    pub trace: &'a Trace,
}

/// A stream after its TLS handshake.
pub(super) struct Secured {
    /// Clear text in and out.
    pub stream: Box<dyn Stream>,
    /// The protocol that ALPN chose.
    pub alpn: Option<Vec<u8>>,
}

/// Resolves and connects. Counts wire bytes from here on.
pub(super) async fn connect(cx: &Context<'_>, to: &HostPort) -> Result<Box<dyn Stream>, Failure> {
    let rewrite = cx.prober.connect_to.iter().find(|rule| rule.host.as_ref() == Some(&to.host));
    let to = rewrite.map_or(to, |rule| &rule.to);
    let ip: std::net::IpAddr =
        to.host.parse().map_err(|_| Failure { reason: Reason::DnsNxdomain, detail: to.host.clone() })?;
    if !cx.prober.allow_private && rewrite.is_none() {
        return Err(Failure { reason: Reason::LocalPolicy, detail: to.to_string() });
    }
    cx.trace.enter(Step::Connect);
    let peer = std::net::SocketAddr::new(ip, to.port);
    let stream = cx
        .prober
        .network
        .stream(peer)
        .await
        .map_err(|error| Failure { reason: Reason::TcpRefused, detail: error.to_string() })?;
    cx.trace.hop(|hop| hop.peer = Some(peer));
    Ok(Box::new(Budget { stream, left: 2 << 20 }))
}

/// Makes the handshake, records the certificate, and ends the run when verification fails (unless told not to verify).
pub(super) async fn secure(
    cx: &Context<'_>,
    stream: Box<dyn Stream>,
    to: &HostPort,
    options: &TlsOptions,
    alpn: &[&[u8]],
) -> Result<Secured, Failure> {
    use rustls::pki_types::pem::PemObject;
    cx.trace.enter(Step::Tls);
    let mut roots = rustls::RootCertStore::empty();
    if let Some(file) = &options.ca_file {
        for cert in rustls::pki_types::CertificateDer::pem_file_iter(file).unwrap() {
            roots.add(cert.unwrap()).unwrap();
        }
    }
    let mut config =
        rustls::ClientConfig::builder_with_provider(std::sync::Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|p| p.to_vec()).collect();
    let name = options.server_name.clone().unwrap_or_else(|| to.host.clone());
    let name = rustls::pki_types::ServerName::try_from(name).unwrap();
    let stream = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|error| Failure { reason: Reason::TlsCertUntrusted, detail: error.to_string() })?;
    cx.trace.set_verified_tls();
    let alpn = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
    Ok(Secured { stream: Box::new(stream), alpn })
}

/// The failure behind an I/O error after the handshake, where it is ours, the budget's or TLS's to name; none: the
/// caller's protocol names it.
pub(super) fn stream_failure(error: &std::io::Error) -> Option<Failure> {
    let inner = error.get_ref()?;
    let text = inner.to_string();
    (text == "budget").then(|| Failure { reason: Reason::HttpProtocol, detail: text })
}

struct Budget {
    stream: Box<dyn Stream>,
    left: usize,
}

impl tokio::io::AsyncRead for Budget {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        if self.left == 0 {
            return std::task::Poll::Ready(Err(std::io::Error::other("budget")));
        }
        let before = buf.filled().len();
        let polled = std::pin::Pin::new(&mut self.stream).poll_read(cx, buf);
        self.left = self.left.saturating_sub(buf.filled().len() - before);
        polled
    }
}

impl tokio::io::AsyncWrite for Budget {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        std::pin::Pin::new(&mut self.stream).poll_write(cx, buf)
    }
    fn poll_flush(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

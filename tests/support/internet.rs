//! A small internet on loopback: every host of the catalogue behind one TLS port, one plain HTTP port and one chat port,
//! healthy until told otherwise.

use std::collections::BTreeSet;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    CONNECTION, HOST, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    UPGRADE,
};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::LazyConfigAcceptor;

use super::ca::{Ca, Flaw};
use super::healthy::{self, Answer, Asked};
use super::{noise, ws};

/// How a host misbehaves. The first group strikes before TLS and needs a pattern without a path.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The connection is accepted, then nothing.
    Silence,
    /// The connection is reset in the TLS handshake.
    Reset,
    /// The connection is closed in the TLS handshake.
    Close,
    /// What answers is not TLS.
    Garbage,
    /// The handshake comes with a flawed certificate.
    Certificate(Flaw),

    /// As if no fault were set: cuts a hole into a wider one.
    Healthy,
    /// This answer.
    Answer(Answer),
    /// The request is read and never answered.
    Hang,
    /// The connection ends without an answer.
    Drop,
    /// The healthy answer, late.
    Slow(Duration),

    /// After the upgrade nothing comes.
    ChatSilent,
    /// After the upgrade the connection is closed.
    ChatClosed,
    /// After the upgrade come bytes that are no hello.
    ChatGarbage,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub host: String,
    pub path_and_query: String,
    pub headers: HeaderMap,
    pub version: hyper::Version,
}

struct Inner {
    ca: Arc<Ca>,
    faults: Mutex<Vec<(Pattern, Fault)>>,
    requests: Mutex<Vec<Recorded>>,
    unknown: Mutex<BTreeSet<String>>,
}

/// Where a fault strikes: `*`, `host`, `*.host` (the host too), each optionally with a path prefix, or with a whole path
/// when it ends in `$`.
#[derive(Clone, Debug, PartialEq)]
struct Pattern {
    host: String,
    path: Option<String>,
}

impl Pattern {
    fn parse(text: &str) -> Self {
        match text.split_once('/') {
            Some((host, path)) => Self {
                host: host.to_owned(),
                path: Some(format!("/{path}")),
            },
            None => Self {
                host: text.to_owned(),
                path: None,
            },
        }
    }

    fn names(&self, host: &str) -> bool {
        match self.host.strip_prefix('*') {
            Some(suffix) => host.ends_with(suffix) || suffix.strip_prefix('.') == Some(host),
            None => self.host == host,
        }
    }

    fn covers(&self, host: &str, path: &str) -> bool {
        let on_path = |pattern: &str| {
            pattern
                .strip_suffix('$')
                .map_or(path.starts_with(pattern), |whole| path == whole)
        };
        self.names(host) && self.path.as_deref().is_none_or(on_path)
    }
}

/// The running servers; they end with the test's runtime.
pub struct Internet {
    /// TLS: what port 443 and other TLS ports are mapped to.
    pub tls: SocketAddr,
    /// HTTP without TLS: what port 80 is mapped to.
    pub plain: SocketAddr,
    /// Accepts and waits: what chat ports are mapped to.
    pub chat: SocketAddr,
    inner: Arc<Inner>,
}

impl Internet {
    pub async fn start(ca: Arc<Ca>) -> Self {
        let bind = || TcpListener::bind("127.0.0.1:0");
        let (tls, plain, chat) = (
            bind().await.unwrap(),
            bind().await.unwrap(),
            bind().await.unwrap(),
        );
        let addresses = [&tls, &plain, &chat].map(|listener| listener.local_addr().unwrap());
        let (faults, requests, unknown) = Default::default();
        let inner = Arc::new(Inner {
            ca,
            faults,
            requests,
            unknown,
        });
        tokio::spawn(accept(tls, Arc::clone(&inner), Inner::serve_tls));
        tokio::spawn(accept(plain, Arc::clone(&inner), Inner::serve_plain));
        tokio::spawn(accept(chat, Arc::clone(&inner), Inner::serve_chat));
        Self {
            tls: addresses[0],
            plain: addresses[1],
            chat: addresses[2],
            inner,
        }
    }

    /// Lets a fault strike; of several that fit, the latest counts.
    pub fn fault(&self, pattern: &str, fault: Fault) {
        self.inner
            .faults
            .lock()
            .unwrap()
            .push((Pattern::parse(pattern), fault));
    }

    /// Everything is healthy again.
    pub fn heal(&self) {
        self.inner.faults.lock().unwrap().clear();
    }

    /// The requests that a host has seen.
    pub fn requests(&self, host: &str) -> Vec<Recorded> {
        self.inner
            .requests
            .lock()
            .unwrap()
            .iter()
            .filter(|request| request.host == host)
            .cloned()
            .collect()
    }

    /// Requests that nobody has described a healthy answer for, as `host/path`: they got a 404.
    pub fn unknown(&self) -> BTreeSet<String> {
        self.inner.unknown.lock().unwrap().clone()
    }
}

async fn accept<F>(
    listener: TcpListener,
    inner: Arc<Inner>,
    serve: impl Fn(Arc<Inner>, TcpStream) -> F,
) where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(Arc::clone(&inner), stream));
    }
}

/// Holds a connection until the other side leaves.
async fn hold(mut stream: impl AsyncRead + Unpin) -> io::Result<()> {
    let mut buffer = [0; 1024];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}

impl Inner {
    fn connection_fault(&self, host: &str) -> Option<Fault> {
        let faults = self.faults.lock().unwrap();
        faults
            .iter()
            .rev()
            .find(|(pattern, _)| pattern.path.is_none() && pattern.names(host))
            .map(|(_, fault)| fault.clone())
    }

    fn request_fault(&self, host: &str, path: &str) -> Option<Fault> {
        let faults = self.faults.lock().unwrap();
        faults
            .iter()
            .rev()
            .find(|(pattern, _)| pattern.covers(host, path))
            .map(|(_, fault)| fault.clone())
    }

    async fn serve_tls(self: Arc<Self>, stream: TcpStream) -> io::Result<()> {
        let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await?;
        let name = start
            .client_hello()
            .server_name()
            .unwrap_or("localhost")
            .to_owned();
        let flaw = match self.connection_fault(&name) {
            Some(Fault::Silence) => return hold(start.io).await,
            Some(Fault::Reset) => return start.io.set_zero_linger(),
            Some(Fault::Close) => return Ok(()),
            Some(Fault::Garbage) => {
                let mut stream = start.io;
                stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await?;
                return hold(stream).await;
            }
            Some(Fault::Certificate(flaw)) => flaw,
            _ => Flaw::None,
        };
        let stream = start.into_stream(self.ca.server(&name, flaw)).await?;
        let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        self.serve_http(stream, Some(name), http2).await;
        Ok(())
    }

    async fn serve_plain(self: Arc<Self>, stream: TcpStream) -> io::Result<()> {
        self.serve_http(stream, None, false).await;
        Ok(())
    }

    async fn serve_chat(self: Arc<Self>, stream: TcpStream) -> io::Result<()> {
        hold(stream).await
    }

    async fn serve_http<S>(self: Arc<Self>, stream: S, name: Option<String>, http2: bool)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let service = service_fn(move |request| Arc::clone(&self).handle(request, name.clone()));
        let io = TokioIo::new(stream);
        // An error here is the other side's leaving or a fault at work; the tests look at what the exporter makes of it.
        if http2 {
            let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(io, service)
                .await;
        } else {
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(io, service)
                .with_upgrades()
                .await;
        }
    }

    async fn handle(
        self: Arc<Self>,
        mut request: Request<Incoming>,
        name: Option<String>,
    ) -> io::Result<Response<Full<Bytes>>> {
        let host = name.unwrap_or_else(|| host_of(&request));
        self.record(&request, &host);
        let fault = self.request_fault(&host, request.uri().path());
        match fault {
            Some(Fault::Answer(answer)) => return Ok(respond(answer)),
            Some(Fault::Hang) => pending().await,
            Some(Fault::Drop) => return Err(io::ErrorKind::ConnectionAborted.into()),
            Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
            _ => {}
        }
        if request
            .headers()
            .get(UPGRADE)
            .is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"))
        {
            return Ok(upgrade(&mut request, host, fault));
        }
        Ok(respond(self.healthy(&request, &host)))
    }

    fn record(&self, request: &Request<Incoming>, host: &str) {
        let path_and_query = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str())
            .to_owned();
        let (headers, version) = (request.headers().clone(), request.version());
        self.requests.lock().unwrap().push(Recorded {
            host: host.to_owned(),
            path_and_query,
            headers,
            version,
        });
    }

    fn healthy(&self, request: &Request<Incoming>, host: &str) -> Answer {
        let (path, query) = (request.uri().path(), request.uri().query().unwrap_or(""));
        let asked = Asked {
            host,
            path,
            query,
            headers: request.headers(),
        };
        healthy::answer(&asked).unwrap_or_else(|| {
            self.unknown.lock().unwrap().insert(format!("{host}{path}"));
            Answer::text(404, "not found")
        })
    }
}

/// The host that a request without a server name is meant for.
fn host_of(request: &Request<Incoming>) -> String {
    let header = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("");
    header.split(':').next().unwrap_or("").to_owned()
}

fn respond(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    response.body(Full::new(Bytes::from(answer.body))).unwrap()
}

/// Every host has a chat channel, on every path, and speaks the first subprotocol that is offered.
fn upgrade(
    request: &mut Request<Incoming>,
    host: String,
    fault: Option<Fault>,
) -> Response<Full<Bytes>> {
    let Some(key) = request.headers().get(SEC_WEBSOCKET_KEY) else {
        return respond(Answer::text(400, "no key"));
    };
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
    let spoken = request.headers().get(SEC_WEBSOCKET_PROTOCOL).cloned();
    let upgraded = hyper::upgrade::on(request);
    tokio::spawn(async move {
        let io = TokioIo::new(upgraded.await.map_err(io::Error::other)?);
        chat(io, &host, fault).await
    });
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(
        SEC_WEBSOCKET_ACCEPT,
        HeaderValue::from_str(&accept).unwrap(),
    );
    headers.extend(spoken.map(|spoken| (SEC_WEBSOCKET_PROTOCOL, spoken)));
    response
}

/// Greets as WhatsApp does; Discord speaks first; text messages come back as they are.
async fn chat(
    mut io: impl AsyncRead + AsyncWrite + Unpin,
    host: &str,
    fault: Option<Fault>,
) -> io::Result<()> {
    match fault {
        Some(Fault::ChatSilent) => return hold(io).await,
        Some(Fault::ChatClosed) => {
            return ws::write(&mut io, ws::CLOSE, &1013u16.to_be_bytes()).await;
        }
        _ => {}
    }
    if host == "gateway.discord.gg" {
        let hello = br#"{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250}}"#;
        ws::write(&mut io, ws::TEXT, hello).await?;
    }
    let garbage = matches!(fault, Some(Fault::ChatGarbage));
    let mut hello = Vec::new();
    loop {
        let (opcode, payload) = ws::read(&mut io).await?;
        match opcode {
            ws::CLOSE => return ws::write(&mut io, ws::CLOSE, &payload).await,
            ws::TEXT if garbage => io.write_all(&[0xff; 64]).await?,
            ws::TEXT => ws::write(&mut io, ws::TEXT, &payload).await?,
            _ => hello.extend_from_slice(&payload),
        }
        if let Some((header, client)) = noise::client_hello(&hello) {
            let (ephemeral, fixed) = (noise::key([0x22; 32]), noise::key([0x33; 32]));
            let frame = noise::server_hello(
                header,
                client,
                ephemeral.as_ref(),
                fixed.as_ref(),
                &[0x0a; 200],
            );
            let frame = if garbage {
                noise::framed(&[0xa5; 100])
            } else {
                frame
            };
            ws::write(&mut io, ws::BINARY, &frame).await?;
            hello.clear();
        }
    }
}

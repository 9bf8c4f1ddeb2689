//! The servers of the simulated internet: every host behind one port for TLS, one for plain HTTP, and one that accepts and
//! waits. What a host does is another's business: here are only sockets and protocols, with a bound for everything.

use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::BodyExt;
use http_body_util::Full;
use http_body_util::combinators::BoxBody;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{CONTENT_LENGTH, HOST};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::LazyConfigAcceptor;
use tokio_util::sync::CancellationToken;

use super::authority::{Authority, Flaw};
use super::chat::{self, Chat};
use super::doors::Door;
use super::exchange::{Answer, Asked};
use super::latency::{Late, pause};
use crate::lock::lock;
use crate::probe::noise::Responder;

/// The most connections to one port at once; more wait to be accepted.
pub(super) const MOST_CONNECTIONS: usize = 1024;
/// The longest life of a connection: above any sensible timeout of a check.
pub(super) const LIFE: Duration = Duration::from_secs(600);
/// How long a head may take to arrive.
const HEAD: Duration = Duration::from_secs(60);
/// Bytes of a head.
const MOST_HEAD: usize = 16 * 1024;
/// Streams of one HTTP/2 connection; a probe uses one.
const MOST_STREAMS: u32 = 16;
/// How long the first half of an answer may take to leave before the connection is cut.
const LEAVING: Duration = Duration::from_millis(20);
/// Wait after a failed accept: files are short, and will be for a moment.
pub(super) const SHORT: Duration = Duration::from_millis(50);
/// What answers in place of TLS.
const NOT_TLS: &[u8] = b"SSH-2.0-OpenSSH_9.2\r\n";

/// Static key of the chat servers, and what they send as their certificates. Both are made up.
const CHAT_KEY: [u8; 32] = [0x33; 32];
const CHAT_CERTIFICATES: [u8; 200] = [0x0a; 200];

/// Knows what hosts do.
pub trait Hosts: Send + Sync + 'static {
    /// How a host receives a TLS connection that named it.
    fn greet(&self, host: &str) -> Late<Welcome>;

    /// What becomes of a request.
    fn answer(&self, asked: &Asked<'_>) -> Late<Conduct>;

    /// The chat server's half of the greeting that began with these bytes; none: they are not a whole one.
    fn hello(&self, first: &[u8]) -> Option<Vec<u8>> {
        let responder = Responder::new(CHAT_KEY, CHAT_CERTIFICATES.to_vec());
        responder.answer(first).ok()
    }
}

/// What a server does with a connection before it says anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Welcome {
    /// Shakes hands.
    Serve(Flaw),
    /// Nothing.
    Silent,
    /// Resets it.
    Reset,
    /// Closes it.
    Closed,
    /// Says something that is not TLS.
    Garbage,
}

/// What a server does with a request.
#[derive(Clone, Debug)]
pub enum Conduct {
    /// Answers.
    Whole(Answer),
    /// Ends the connection in the middle of this answer.
    Cut(Answer),
    /// Ends the request without an answer: the connection with HTTP/1.1, the stream with HTTP/2.
    Dropped,
    /// Nothing.
    Never,
    /// Upgrades to a WebSocket.
    Chat(Chat),
}

/// The running servers; they end when this is dropped.
pub struct Servers {
    /// TLS, and HTTP in it.
    pub tls: Door,
    /// HTTP without TLS.
    pub plain: Door,
    /// Accepts and waits.
    pub mute: Door,
    _tasks: JoinSet<()>,
}

impl Servers {
    /// Starts them on free ports.
    ///
    /// # Errors
    /// The operating system's.
    pub async fn start(hosts: Arc<dyn Hosts>, authority: Arc<Authority>) -> io::Result<Self> {
        let (tls, tls_listener) = Door::open().await?;
        let (plain, plain_listener) = Door::open().await?;
        let (mute, mute_listener) = Door::open().await?;
        let mut tasks = JoinSet::new();
        // The errors of a connection are the other side's leaving, or a fault at work.
        let over = Arc::clone(&hosts);
        tasks.spawn(accept(tls_listener, move |stream| {
            let (hosts, authority) = (Arc::clone(&over), Arc::clone(&authority));
            async move { drop(serve_tls(stream, hosts, authority).await) }
        }));
        tasks.spawn(accept(plain_listener, move |stream| {
            let hosts = Arc::clone(&hosts);
            async move { drop(serve_http(stream, hosts, None, false).await) }
        }));
        tasks.spawn(accept(mute_listener, |stream| async move {
            drop(hold(stream).await);
        }));
        Ok(Self {
            tls,
            plain,
            mute,
            _tasks: tasks,
        })
    }
}

/// Serves every connection, not too many at once and none for ever. Ends with everything it began when it is dropped.
pub(super) async fn accept<F>(listener: TcpListener, serve: impl Fn(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < MOST_CONNECTIONS => match accepted {
                Ok((stream, _)) => drop(connections.spawn(timeout(LIFE, serve(stream)))),
                Err(_) => sleep(SHORT).await,
            },
        }
    }
}

/// Holds a connection until the other side leaves.
pub(super) async fn hold(mut stream: impl AsyncRead + Unpin) -> io::Result<()> {
    let mut buffer = [0; 1024];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}

async fn serve_tls(
    stream: TcpStream,
    hosts: Arc<dyn Hosts>,
    authority: Arc<Authority>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let acceptor = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream);
    let start = timeout(HEAD, acceptor).await??;
    let hello = start.client_hello();
    let name = hello.server_name().unwrap_or("localhost");
    let name = name.to_ascii_lowercase();
    let greeting = hosts.greet(&name);
    pause(greeting.delay).await;
    let flaw = match greeting.what {
        Welcome::Serve(flaw) => flaw,
        Welcome::Silent => return hold(start.io).await,
        Welcome::Reset => return start.io.set_zero_linger(),
        Welcome::Closed => return Ok(()),
        Welcome::Garbage => {
            let mut stream = start.io;
            stream.write_all(NOT_TLS).await?;
            return hold(stream).await;
        }
    };
    let config = authority.server(&name, flaw).map_err(io::Error::other)?;
    let stream = start.into_stream(config).await?;
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    serve_http(stream, hosts, Some(name), http2).await
}

async fn serve_http<S>(
    stream: S,
    hosts: Arc<dyn Hosts>,
    name: Option<String>,
    http2: bool,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let connection = Arc::new(Connection {
        hosts,
        name,
        cut: CancellationToken::new(),
        upgraded: Mutex::default(),
    });
    let service = {
        let connection = Arc::clone(&connection);
        service_fn(move |request| Arc::clone(&connection).handle(request))
    };
    let io = TokioIo::new(stream);
    if http2 {
        let served = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_header_list_size(MOST_HEAD as u32)
            .max_concurrent_streams(MOST_STREAMS)
            .serve_connection(io, service);
        return connection.until_cut(served).await;
    }
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(MOST_HEAD)
        .serve_connection(io, service)
        .with_upgrades();
    connection.until_cut(served).await?;
    connection.chat().await
}

/// One connection's state.
struct Connection {
    hosts: Arc<dyn Hosts>,
    /// Whom the TLS handshake named; none on the plain port.
    name: Option<String>,
    cut: CancellationToken,
    // A std mutex: held to put and to take, never across an await.
    upgraded: Mutex<Option<(hyper::upgrade::OnUpgrade, Chat)>>,
}

impl Connection {
    async fn handle(
        self: Arc<Self>,
        mut request: Request<Incoming>,
    ) -> io::Result<Response<Payload>> {
        let host = match &self.name {
            Some(name) => name.clone(),
            None => host_of(&request),
        };
        let reply = self.hosts.answer(&Asked::new(&request, &host));
        pause(reply.delay).await;
        match reply.what {
            Conduct::Whole(answer) => Ok(whole(answer)),
            // No body has no middle: the connection ends before the answer.
            Conduct::Cut(answer) if answer.body.is_empty() => {
                self.cut.cancel();
                std::future::pending().await
            }
            Conduct::Cut(answer) => Ok(self.half(answer)),
            Conduct::Dropped => Err(io::ErrorKind::ConnectionAborted.into()),
            Conduct::Never => std::future::pending().await,
            Conduct::Chat(chat) => match chat::accepted(request.headers()) {
                Some(response) => {
                    *lock(&self.upgraded) = Some((hyper::upgrade::on(&mut request), chat));
                    Ok(response.map(|()| payload(Vec::new())))
                }
                None => Ok(whole(Answer::text(400, "not a WebSocket handshake"))),
            },
        }
    }

    /// An answer whose second half never comes.
    fn half(&self, answer: Answer) -> Response<Payload> {
        let length = answer.body.len();
        let mut body = Bytes::from(answer.body.clone());
        body.truncate(length / 2);
        let half = Half {
            first: Some(body),
            cut: self.cut.clone(),
        };
        let mut response = whole(answer).map(|_| BoxBody::new(half));
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
        response
    }

    /// Serves until the connection ends, or until it is to be cut and what was said before has left.
    async fn until_cut<E: std::error::Error + Send + Sync + 'static>(
        &self,
        served: impl Future<Output = Result<(), E>>,
    ) -> io::Result<()> {
        let mut served = pin!(served);
        tokio::select! {
            ended = &mut served => ended.map_err(io::Error::other),
            () = self.cut.cancelled() => {
                let _ = timeout(LEAVING, served).await;
                Err(io::ErrorKind::ConnectionAborted.into())
            }
        }
    }

    async fn chat(&self) -> io::Result<()> {
        let Some((upgraded, chat)) = lock(&self.upgraded).take() else {
            return Ok(());
        };
        let io = TokioIo::new(upgraded.await.map_err(io::Error::other)?);
        chat::serve(io, chat, &*self.hosts).await
    }
}

/// The host that a request without a server name is meant for.
fn host_of(request: &Request<Incoming>) -> String {
    let named = request.headers().get(HOST);
    let named = named.and_then(|host| host.to_str().ok());
    let authority = named.and_then(|host| host.parse::<hyper::http::uri::Authority>().ok());
    authority.map_or_else(String::new, |authority| {
        authority.host().to_ascii_lowercase()
    })
}

type Payload = BoxBody<Bytes, io::Error>;

fn payload(bytes: Vec<u8>) -> Payload {
    Full::new(Bytes::from(bytes))
        .map_err(|never| match never {})
        .boxed()
}

fn whole(answer: Answer) -> Response<Payload> {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    let unusable = |_| {
        let mut response = Response::new(payload(b"an answer that is none".to_vec()));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    };
    response.body(payload(answer.body)).unwrap_or_else(unusable)
}

/// The first part of a body; when it has left, the connection is to be cut.
struct Half {
    first: Option<Bytes>,
    cut: CancellationToken,
}

impl Body for Half {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.first.take() {
            Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            None => {
                self.cut.cancel();
                Poll::Pending
            }
        }
    }
}

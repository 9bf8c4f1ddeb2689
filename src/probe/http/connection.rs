//! One connection for one request, HTTP/1.1 or HTTP/2, driven in the same future as the request itself: dropping the run
//! closes everything, and nothing is spawned.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use url::{Host, Url};

use super::errors;
use super::inline::{Inline, Running};
use super::metered::{Metered, Seen};
use crate::config::{HostPort, HttpVersion, TlsOptions};
use crate::probe::dial::{self, Context, Failure};
use crate::probe::failure::Reason;

/// The longest head taken. Large sites send some 10 KiB of headers; curl stops at 300 KiB, Go at 1 MiB.
pub(super) const HEAD_LIMIT: usize = 64 * 1024;

/// The most header lines taken. A large site sends about 40; hyper's own default, kept on the stack, is the same.
const HEADER_LINES: usize = 100;

/// Bytes that a peer may have under way to us over HTTP/2 before we have read them.
const WINDOW: u32 = 256 * 1024;

/// The body of every request.
pub(in crate::probe) type Payload = Full<Bytes>;

/// A connection with its request.
pub(in crate::probe) struct Connection {
    sender: Sender,
    driver: Driver,
    seen: Arc<Seen>,
}

enum Sender {
    Http1(http1::SendRequest<Payload>),
    Http2(http2::SendRequest<Payload>),
}

impl Sender {
    const fn version(&self) -> HttpVersion {
        match self {
            Self::Http1(_) => HttpVersion::Http1,
            Self::Http2(_) => HttpVersion::Http2,
        }
    }
}

/// Connects, and secures the connection where the scheme says so.
pub(in crate::probe) async fn open(
    cx: &Context<'_>,
    url: &Url,
    tls: &TlsOptions,
    wanted: Option<HttpVersion>,
) -> Result<(Metered, HttpVersion), Failure> {
    let to = address(url)?;
    let stream = dial::connect(cx, &to).await?;
    if !matches!(url.scheme(), "https" | "wss") {
        return Ok((Metered::new(stream), wanted.unwrap_or(HttpVersion::Http1)));
    }
    let offer: &[&[u8]] = match wanted {
        None => &[b"h2", b"http/1.1"],
        Some(HttpVersion::Http1) => &[b"http/1.1"],
        Some(HttpVersion::Http2) => &[b"h2"],
    };
    let secured = dial::secure(cx, stream, &to, tls, offer).await?;
    let chosen = if secured.alpn.as_deref() == Some(b"h2") {
        HttpVersion::Http2
    } else {
        HttpVersion::Http1
    };
    if wanted == Some(HttpVersion::Http2) && chosen != HttpVersion::Http2 {
        return Err(Failure::new(
            Reason::TlsAlpn,
            "HTTP/2 is required and was not chosen",
        ));
    }
    Ok((Metered::new(secured.stream), chosen))
}

fn address(url: &Url) -> Result<HostPort, Failure> {
    let host = match url.host() {
        Some(Host::Domain(name)) => name.trim_end_matches('.').to_owned(),
        Some(Host::Ipv4(ip)) => ip.to_string(),
        Some(Host::Ipv6(ip)) => ip.to_string(),
        None => String::new(),
    };
    match url.port_or_known_default() {
        Some(port) if !host.is_empty() => Ok(HostPort { host, port }),
        _ => Err(Failure::new(
            Reason::LocalConfig,
            "a URL without host or port",
        )),
    }
}

impl Connection {
    /// Begins to speak HTTP.
    pub(in crate::probe) async fn start(
        stream: Metered,
        version: HttpVersion,
    ) -> Result<Self, Failure> {
        let seen = stream.seen();
        let started = match version {
            HttpVersion::Http1 => start_http1(stream).await,
            HttpVersion::Http2 => start_http2(stream).await,
        };
        let (sender, driver) = started.map_err(|error| errors::in_head(&error, &seen, version))?;
        Ok(Self {
            sender,
            driver,
            seen,
        })
    }

    /// Sends the request and waits for the head of the answer.
    pub(in crate::probe) async fn send(
        &mut self,
        request: Request<Payload>,
    ) -> Result<Response<Incoming>, Failure> {
        let sent = match &mut self.sender {
            Sender::Http1(sender) => self.driver.alongside(sender.send_request(request)).await,
            Sender::Http2(sender) => self.driver.alongside(sender.send_request(request)).await,
        };
        let response = sent.map_err(|error| {
            // A request that never went out only says "canceled"; why is what the connection ended with.
            let vague = error.is_canceled() || error.is_closed();
            let cause = self.driver.error().filter(|_| vague).unwrap_or(&error);
            errors::in_head(cause, &self.seen, self.sender.version())
        })?;
        // HTTP/1.1 has counted already, h2 counts only bytes.
        if response.headers().len() > HEADER_LINES {
            let detail = format!("{} header lines", response.headers().len());
            return Err(Failure::new(Reason::HttpHeadersTooLarge, detail));
        }
        Ok(response)
    }

    /// The next piece of the body.
    pub(super) async fn frame(
        &mut self,
        body: &mut Incoming,
    ) -> Option<Result<Frame<Bytes>, hyper::Error>> {
        self.driver.alongside(body.frame()).await
    }

    pub(super) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// After a 101 over HTTP/1.1: the stream, and what was read beyond the head.
    pub(in crate::probe) async fn into_upgraded(mut self) -> Option<(Metered, Bytes)> {
        drop(self.sender);
        if self.driver.ended.is_none() {
            self.driver.ended = Some(self.driver.future.as_mut().await);
        }
        let parts = self.driver.ended?.ok()??;
        Some((parts.io.into_inner(), parts.read_buf))
    }
}

async fn start_http1(stream: Metered) -> Result<(Sender, Driver), hyper::Error> {
    let (sender, connection) = http1::Builder::new()
        // Real servers still fold header lines.
        .allow_obsolete_multiline_headers_in_responses(true)
        .max_header_size(HEAD_LIMIT)
        .max_buf_size(HEAD_LIMIT)
        .max_headers(HEADER_LINES)
        .handshake(TokioIo::new(stream))
        .await?;
    let future = Box::pin(async { connection.without_shutdown().await.map(Some) });
    Ok((
        Sender::Http1(sender),
        Driver {
            future,
            ended: None,
        },
    ))
}

async fn start_http2(stream: Metered) -> Result<(Sender, Driver), hyper::Error> {
    let inline = Inline::default();
    let running = Running::new(inline.clone());
    let (sender, connection) = http2::Builder::new(inline)
        .max_header_list_size(HEAD_LIMIT as u32)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .handshake(TokioIo::new(stream))
        .await?;
    let future = Box::pin(async move {
        let ((), ended) = tokio::join!(running, connection);
        ended.map(|()| None)
    });
    Ok((
        Sender::Http2(sender),
        Driver {
            future,
            ended: None,
        },
    ))
}

type Parts = http1::Parts<TokioIo<Metered>>;

/// What moves the connection while something else waits for it.
struct Driver {
    future: Pin<Box<dyn Future<Output = Result<Option<Parts>, hyper::Error>> + Send>>,
    ended: Option<Result<Option<Parts>, hyper::Error>>,
}

impl Driver {
    async fn alongside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|cx| {
            if self.ended.is_none()
                && let Poll::Ready(end) = self.future.as_mut().poll(cx)
            {
                self.ended = Some(end);
            }
            work.as_mut().poll(cx)
        })
        .await
    }

    fn error(&self) -> Option<&hyper::Error> {
        self.ended.as_ref()?.as_ref().err()
    }
}

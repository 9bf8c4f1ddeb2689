//! The websocket kind: the upgrade as an HTTP exchange, judged like one when it is refused, and then what is spoken after.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Response};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use url::Url;

use super::classify::{self, Answer};
use super::dial::{Context, Failure};
use super::escape::escape;
use super::failure::Reason;
use super::http::connection::{self, Connection};
use super::http::metered::{Metered, Seen};
use super::http::request::Outgoing;
use super::http::{body, head, redirect};
use super::judge;
use super::noise::Hello;
use super::observation::Outcome;
use super::trace::Step;
use crate::config::{HttpVersion, WebsocketTarget, WsProtocol};

/// The longest message and frame taken: hellos are a few KiB. The library's own limits are 64 MiB and 16 MiB.
const MESSAGE_LIMIT: usize = 64 * 1024;

/// The library's buffers for reading and writing; its own sizes are 128 KiB each, for every connection.
const BUFFER: usize = 4 * 1024;

/// The most messages looked at, pings included: more before the awaited one are a flood.
const MESSAGES: usize = 64;

/// Bytes of a refusal's body that are read. Enough for any error message.
const REFUSAL_LIMIT: usize = 64 * 1024;

/// How long saying goodbye may take; the verdict does not depend on it.
const GOODBYE: Duration = Duration::from_millis(200);

/// Upgrades, speaks, and judges.
pub(super) async fn run(cx: &Context<'_>, target: &WebsocketTarget) -> Outcome {
    match talk(cx, target).await {
        Ok(answer) => classify::classify(cx.check, &answer),
        Err(failure) => judge::outcome(cx.check, failure),
    }
}

/// The answer to be judged: a refusal of the upgrade, or the 101 once all that was awaited after it has come.
async fn talk(cx: &Context<'_>, target: &WebsocketTarget) -> Result<Answer, Failure> {
    let key = generate_key();
    let request = upgrade_request(cx, target, &key).await?;
    cx.trace.begin_hop(request.hop());
    let (stream, version) =
        connection::open(cx, &request.url, &target.tls, Some(HttpVersion::Http1)).await?;
    let seen = stream.seen();
    let outgoing = request.build(version)?;
    cx.trace.enter(Step::Head);
    let mut connection = Connection::start(stream, version).await?;
    let mut response = connection.send(outgoing).await?;
    head::record(cx.trace, &response);
    if response.status() != hyper::StatusCode::SWITCHING_PROTOCOLS {
        cx.trace.enter(Step::Body);
        return refusal(cx, &mut connection, &mut response, &request.url).await;
    }
    accepted(response.headers(), &key, target).map_err(|why| failed(Reason::WsUpgrade, why))?;
    cx.trace.enter(Step::Message);
    let Some((stream, read)) = connection.into_upgraded().await else {
        return Err(failed(Reason::WsUpgrade, "101 without a connection"));
    };
    let mut socket = Socket::new(stream, read.to_vec(), seen).await;
    let said = socket.speak(&target.protocol).await;
    socket.goodbye().await;
    Ok(compose(cx, &response, &request.url, said?, false))
}

async fn upgrade_request(
    cx: &Context<'_>,
    target: &WebsocketTarget,
    key: &str,
) -> Result<Outgoing, Failure> {
    let mut request = Outgoing::new(cx, Method::GET, &target.url, &target.headers, None).await?;
    let unusable = |_| {
        failed(
            Reason::LocalConfig,
            "a subprotocol that is not a header value",
        )
    };
    let fixed = [
        (header::CONNECTION, "Upgrade"),
        (header::UPGRADE, "websocket"),
        (header::SEC_WEBSOCKET_VERSION, "13"),
    ];
    for (name, value) in fixed {
        request
            .headers
            .insert(name, HeaderValue::from_static(value));
    }
    let subprotocol = target
        .subprotocol
        .as_deref()
        .map(|name| (header::SEC_WEBSOCKET_PROTOCOL, name));
    for (name, value) in [(header::SEC_WEBSOCKET_KEY, key)]
        .into_iter()
        .chain(subprotocol)
    {
        request
            .headers
            .insert(name, HeaderValue::from_str(value).map_err(unusable)?);
    }
    Ok(request)
}

/// Whether a 101 is a WebSocket's (RFC 6455, section 4.1).
fn accepted(headers: &HeaderMap, key: &str, target: &WebsocketTarget) -> Result<(), &'static str> {
    let is = |name: HeaderName, wanted: &str| {
        let value = headers
            .get(name)
            .map(HeaderValue::as_bytes)
            .unwrap_or_default();
        value
            .split(|byte| *byte == b',')
            .any(|part| part.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes()))
    };
    let accept = headers
        .get(header::SEC_WEBSOCKET_ACCEPT)
        .map(HeaderValue::as_bytes);
    let subprotocol = headers
        .get(header::SEC_WEBSOCKET_PROTOCOL)
        .map(HeaderValue::as_bytes);
    if !is(header::UPGRADE, "websocket") || !is(header::CONNECTION, "upgrade") {
        return Err("a 101 to another protocol than WebSocket");
    }
    if accept != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
        return Err("a wrong Sec-WebSocket-Accept");
    }
    match subprotocol {
        Some(chosen) if Some(chosen) != target.subprotocol.as_deref().map(str::as_bytes) => {
            Err("a subprotocol that was not offered")
        }
        _ => Ok(()),
    }
}

async fn refusal(
    cx: &Context<'_>,
    connection: &mut Connection,
    response: &mut Response<Incoming>,
    url: &Url,
) -> Result<Answer, Failure> {
    let body = body::read(connection, response, REFUSAL_LIMIT).await?;
    Ok(compose(cx, response, url, body.bytes, body.cut))
}

/// `body`: of a refusal, or the awaited message.
fn compose(
    cx: &Context<'_>,
    response: &Response<Incoming>,
    url: &Url,
    body: Vec<u8>,
    cut: bool,
) -> Answer {
    let status = response.status().as_u16();
    let to = redirect::asks(status)
        .then(|| redirect::target(response.headers(), url).ok())
        .flatten();
    cx.trace
        .hop(|hop| hop.body_start = escape(&body, body::SHOWN));
    Answer {
        status,
        headers: response.headers().clone(),
        body,
        cut,
        redirects: to.into_iter().collect(),
        elapsed: cx.trace.elapsed(),
    }
}

fn failed(reason: Reason, detail: &str) -> Failure {
    Failure::new(reason, detail)
}

/// An upgraded connection.
struct Socket {
    stream: WebSocketStream<Metered>,
    seen: Arc<Seen>,
    messages: usize,
}

impl Socket {
    async fn new(stream: Metered, read: Vec<u8>, seen: Arc<Seen>) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(BUFFER)
            .max_write_buffer_size(2 * MESSAGE_LIMIT)
            .max_message_size(Some(MESSAGE_LIMIT))
            .max_frame_size(Some(MESSAGE_LIMIT));
        let stream =
            WebSocketStream::from_partially_read(stream, read, Role::Client, Some(config)).await;
        Self {
            stream,
            seen,
            messages: 0,
        }
    }

    /// Speaks the check's protocol; what was awaited, if anything.
    async fn speak(&mut self, protocol: &WsProtocol) -> Result<Vec<u8>, Failure> {
        match protocol {
            WsProtocol::Plain { send, expect } => {
                if let Some(text) = send {
                    self.send(Message::text(text.as_str())).await?;
                }
                let Some(expect) = expect else {
                    return Ok(Vec::new());
                };
                let text = self.text().await?;
                if expect.is_match(&text) {
                    return Ok(text.into_bytes());
                }
                Err(failed(
                    Reason::ContentAssertion,
                    &format!("expected /{expect}/, came {text:?}"),
                ))
            }
            WsProtocol::WhatsappNoise { dict_version } => self.hello(*dict_version).await,
        }
    }

    async fn hello(&mut self, dict_version: u8) -> Result<Vec<u8>, Failure> {
        let (mut hello, first) =
            Hello::new(dict_version).map_err(|why| failed(Reason::LocalInternal, why))?;
        self.send(Message::binary(first)).await?;
        loop {
            let Message::Binary(bytes) = self.next().await? else {
                return Err(failed(
                    Reason::WsProtocol,
                    "text where a handshake was expected",
                ));
            };
            if hello
                .feed(&bytes)
                .map_err(|why| failed(Reason::WsProtocol, why))?
                .is_some()
            {
                return Ok(Vec::new());
            }
        }
    }

    async fn text(&mut self) -> Result<String, Failure> {
        loop {
            if let Message::Text(text) = self.next().await? {
                return Ok(text.as_str().to_owned());
            }
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), Failure> {
        self.stream
            .send(message)
            .await
            .map_err(|error| self.named(&error))
    }

    /// The next text or binary message.
    async fn next(&mut self) -> Result<Message, Failure> {
        while self.messages < MESSAGES {
            self.messages += 1;
            match self.stream.next().await {
                Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => return Ok(message),
                Some(Ok(Message::Close(frame))) => {
                    return Err(closed(frame.map(|f| (f.code.into(), f.reason.to_string()))));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(self.named(&error)),
                None => return Err(closed(None)),
            }
        }
        Err(failed(Reason::WsProtocol, "a flood of messages"))
    }

    fn named(&self, error: &Error) -> Failure {
        if let Some(failure) = self.seen.failure() {
            // The one `http_` failure that a stream has is its spent budget: a flood, here.
            let reason = if failure.reason == Reason::HttpProtocol {
                Reason::WsProtocol
            } else {
                failure.reason
            };
            return Failure { reason, ..failure };
        }
        let reason = match error {
            Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Protocol(
                ProtocolError::ResetWithoutClosingHandshake | ProtocolError::SendAfterClosing,
            ) => Reason::WsClosed,
            Error::Io(io) if io.kind() != ErrorKind::InvalidData => Reason::WsClosed,
            _ => Reason::WsProtocol,
        };
        failed(reason, &error.to_string())
    }

    /// Best effort: whether the peer hears it changes nothing.
    async fn goodbye(&mut self) {
        let _ = tokio::time::timeout(GOODBYE, self.stream.close(None)).await;
    }
}

fn closed(frame: Option<(u16, String)>) -> Failure {
    match frame {
        Some((code, reason)) => failed(Reason::WsClosed, &format!("closed with {code} {reason:?}")),
        None => failed(Reason::WsClosed, "closed without a word"),
    }
}

#[cfg(test)]
mod tests;

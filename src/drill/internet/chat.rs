//! The servers' side of chat channels: a WebSocket that greets as WhatsApp does, speaks first as Discord does, and gives
//! texts back as they came.

use std::io;

use futures_util::{SinkExt, StreamExt};
use hyper::header::{
    CONNECTION, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use hyper::{Response, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use super::servers::{Hosts, hold};

/// The longest message that is read.
const MESSAGE_LIMIT: usize = 64 * 1024;
/// The longest greeting: a real one has 43 bytes.
const HELLO_LIMIT: usize = 1024;
/// Messages of one connection that are answered.
const MESSAGES: usize = 64;
/// No frame begins like this: its reserved bits are set.
const NO_FRAME: [u8; 64] = [0xff; 64];
/// A message of the right length that is no greeting: three bytes of length, then nothing that can be read.
const NO_HELLO: [u8; 103] = {
    let mut bytes = [0xa5; 103];
    [bytes[0], bytes[1], bytes[2]] = [0, 0, 100];
    bytes
};

/// How a chat server behaves once it has upgraded a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chat {
    /// What it does.
    pub manner: Manner,
    /// A text that it sends before it is asked anything.
    pub first: Option<&'static str>,
}

/// What a chat server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Greets.
    Healthy,
    /// Says nothing.
    Silent,
    /// Closes the connection.
    Closed,
    /// Answers with bytes that mean nothing.
    Garbage,
}

/// The 101 to an upgrade; none: it was none. The first subprotocol that is offered is spoken.
pub(super) fn accepted(asked: &HeaderMap) -> Option<Response<()>> {
    let key = asked.get(SEC_WEBSOCKET_KEY)?;
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok()?;
    let spoken = asked.get(SEC_WEBSOCKET_PROTOCOL);
    let spoken = spoken.and_then(|offered| offered.as_bytes().split(|byte| *byte == b',').next());
    let spoken = spoken.and_then(|first| HeaderValue::from_bytes(first.trim_ascii()).ok());
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    headers.extend(spoken.map(|spoken| (SEC_WEBSOCKET_PROTOCOL, spoken)));
    Some(response)
}

/// Talks until the other side leaves.
pub(super) async fn serve(
    mut io: impl AsyncRead + AsyncWrite + Unpin,
    chat: Chat,
    hosts: &dyn Hosts,
) -> io::Result<()> {
    match (chat.manner, chat.first) {
        (Manner::Silent, _) => return hold(io).await,
        (Manner::Garbage, Some(_)) => {
            io.write_all(&NO_FRAME).await?;
            return hold(io).await;
        }
        _ => {}
    }
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_LIMIT))
        .max_frame_size(Some(MESSAGE_LIMIT));
    let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
    talk(socket, chat, hosts).await.map_err(io::Error::other)
}

async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: WebSocketStream<S>,
    chat: Chat,
    hosts: &dyn Hosts,
) -> Result<(), Error> {
    if chat.manner == Manner::Closed {
        let later = CloseFrame {
            code: CloseCode::Again,
            reason: "".into(),
        };
        socket.close(Some(later)).await?;
    } else if let Some(first) = chat.first {
        socket.send(Message::text(first)).await?;
    }
    let garbage = chat.manner == Manner::Garbage;
    let mut hello = Vec::new();
    for _ in 0..MESSAGES {
        match socket.next().await {
            Some(message) => match message? {
                Message::Text(_) if garbage => socket.get_mut().write_all(&NO_FRAME).await?,
                Message::Text(text) => socket.send(Message::Text(text)).await?,
                Message::Binary(bytes) => hello.extend_from_slice(&bytes),
                _ => {}
            },
            None => return Ok(()),
        }
        if hello.len() > HELLO_LIMIT {
            return Ok(());
        }
        if let Some(answer) = greeting(&hello, garbage, hosts) {
            socket.send(Message::Binary(answer)).await?;
            hello.clear();
        }
    }
    Ok(())
}

fn greeting(hello: &[u8], garbage: bool, hosts: &dyn Hosts) -> Option<Bytes> {
    match garbage {
        _ if hello.is_empty() => None,
        true => Some(Bytes::from_static(&NO_HELLO)),
        false => hosts.hello(hello).map(Bytes::from),
    }
}

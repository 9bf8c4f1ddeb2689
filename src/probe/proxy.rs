//! Connections through a proxy: CONNECT (RFC 9110 §9.3.6) and SOCKS5 (RFC 1928, RFC 1929). Names are looked up by the
//! proxy. What the proxy fails at is ours; what it says of the target is the target's.
//!
//! Reaching the proxy and logging in is the step `Proxy`; from the moment it has been asked for the target, we wait for
//! the target, and the step is `Connect`.

use std::io;
use std::net::IpAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::dial::{Allowed, Context, Failure, first_to_answer, resolve};
use super::failure::Reason;
use super::network::Stream;
use super::trace::Step;
use crate::config::{HostPort, Proxy, ProxyKind};

/// Bytes of the head of an answer to CONNECT: proxies send a few hundred.
const MAX_HEAD: usize = 8 * 1024;

/// Connects to `to` through `proxy`.
pub(super) async fn connect(
    cx: &Context<'_>,
    proxy: &Proxy,
    to: &HostPort,
) -> Result<Box<dyn Stream>, Failure> {
    cx.trace.enter(Step::Proxy);
    let reached =
        async { first_to_answer(cx, &resolve(cx, &proxy.address, Allowed::Any).await?).await };
    let mut stream = reached.await.map_err(|failure| match failure.reason {
        // Our host's own troubles keep their names.
        Reason::LocalNoFd | Reason::LocalResources | Reason::LocalPermission => failure,
        _ => ours(format!("{}: {}", failure.reason.label(), failure.detail)),
    })?;
    match proxy.kind {
        ProxyKind::Http => http_connect(cx, &mut stream, proxy, to).await?,
        ProxyKind::Socks5 => socks5(cx, &mut stream, proxy, to).await?,
    }
    Ok(stream)
}

fn ours(detail: impl AsRef<str>) -> Failure {
    Failure::new(Reason::LocalProxy, format!("proxy: {}", detail.as_ref()))
}

fn broken(error: io::Error) -> Failure {
    ours(error.to_string())
}

async fn http_connect(
    cx: &Context<'_>,
    stream: &mut Box<dyn Stream>,
    proxy: &Proxy,
    to: &HostPort,
) -> Result<(), Failure> {
    let mut request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n");
    if let Some((user, password)) = &proxy.login {
        let login = base64(format!("{user}:{}", password.0).as_bytes());
        request.push_str(&format!("Proxy-Authorization: Basic {login}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    cx.trace.enter(Step::Connect);
    let head = read_head(stream).await?;
    let status = head
        .split_ascii_whitespace()
        .nth(1)
        .and_then(|word| word.parse::<u16>().ok());
    match status.filter(|_| head.starts_with("HTTP/1.")) {
        Some(200..=299) => Ok(()),
        // Bad gateway, unavailable, gateway timeout: the proxy could not reach the target.
        Some(status @ 502..=504) => Err(Failure::new(
            Reason::TcpUnreachable,
            format!("the proxy cannot reach {to}: status {status}"),
        )),
        Some(407) => Err(ours("it asks for a login, or refuses ours (status 407)")),
        Some(status) => Err(ours(format!("status {status} to CONNECT {to}"))),
        None => Err(ours("the answer to CONNECT is not HTTP")),
    }
}

/// Reads up to the empty line, byte by byte: what follows belongs to the target.
async fn read_head(stream: &mut Box<dyn Stream>) -> Result<String, Failure> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == MAX_HEAD {
            return Err(ours("the head of its answer has no end"));
        }
        head.push(stream.read_u8().await.map_err(broken)?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

async fn socks5(
    cx: &Context<'_>,
    stream: &mut Box<dyn Stream>,
    proxy: &Proxy,
    to: &HostPort,
) -> Result<(), Failure> {
    socks5_login(stream, proxy).await?;
    stream
        .write_all(&socks5_request(to)?)
        .await
        .map_err(broken)?;
    cx.trace.enter(Step::Connect);

    let mut head = [0; 4];
    stream.read_exact(&mut head).await.map_err(broken)?;
    let [version, reply, _, address_type] = head;
    if version != 5 {
        return Err(ours("it does not speak SOCKS5"));
    }
    let of_target = |reason, what| {
        Err(Failure::new(
            reason,
            format!("the proxy says of {to}: {what}"),
        ))
    };
    match reply {
        0 => {}
        3 => return of_target(Reason::TcpUnreachable, "network unreachable"),
        4 => return of_target(Reason::TcpUnreachable, "host unreachable"),
        5 => return of_target(Reason::TcpRefused, "connection refused"),
        6 => return of_target(Reason::TcpUnreachable, "time to live expired"),
        code => return Err(ours(format!("SOCKS reply {code}"))),
    }
    // The address it bound, of no use here, ends the reply.
    let length: usize = match address_type {
        1 => 4,
        3 => stream.read_u8().await.map_err(broken)?.into(),
        4 => 16,
        _ => return Err(ours("SOCKS reply with an unknown type of address")),
    };
    stream
        .read_exact(&mut vec![0; length + 2])
        .await
        .map_err(broken)?;
    Ok(())
}

async fn socks5_login(stream: &mut Box<dyn Stream>, proxy: &Proxy) -> Result<(), Failure> {
    const NONE: u8 = 0;
    const PASSWORD: u8 = 2;
    let methods: &[u8] = if proxy.login.is_some() {
        &[5, 2, NONE, PASSWORD]
    } else {
        &[5, 1, NONE]
    };
    stream.write_all(methods).await.map_err(broken)?;
    let mut chosen = [0; 2];
    stream.read_exact(&mut chosen).await.map_err(broken)?;
    match (chosen, &proxy.login) {
        ([5, NONE], _) => Ok(()),
        ([5, PASSWORD], Some((user, password))) => {
            let login = [vec![1], counted(user)?, counted(&password.0)?].concat();
            stream.write_all(&login).await.map_err(broken)?;
            stream.read_exact(&mut chosen).await.map_err(broken)?;
            if chosen == [1, 0] {
                Ok(())
            } else {
                Err(ours("it refuses our login"))
            }
        }
        ([5, _], _) => Err(ours("it accepts none of our ways to log in")),
        _ => Err(ours("it does not speak SOCKS5")),
    }
}

fn socks5_request(to: &HostPort) -> Result<Vec<u8>, Failure> {
    let address = match to.host.parse() {
        Ok(IpAddr::V4(v4)) => [&[1], &v4.octets()[..]].concat(),
        Ok(IpAddr::V6(v6)) => [&[4], &v6.octets()[..]].concat(),
        Err(_) => [vec![3], counted(&to.host)?].concat(),
    };
    Ok([&[5, 1, 0], &address[..], &to.port.to_be_bytes()].concat())
}

/// A length in one byte, then the text.
fn counted(text: &str) -> Result<Vec<u8>, Failure> {
    let length = u8::try_from(text.len()).map_err(|_| {
        Failure::new(
            Reason::LocalConfig,
            "a name or login for SOCKS5 is longer than 255 bytes",
        )
    })?;
    Ok([&[length], text.as_bytes()].concat())
}

/// RFC 4648 §4, for one header.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .fold(0, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let six = (bits >> (18 - 6 * place)) & 63;
            text.push(if place <= chunk.len() {
                char::from(ALPHABET[six as usize])
            } else {
                '='
            });
        }
    }
    text
}

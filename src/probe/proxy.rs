//! Connections through a proxy: CONNECT (RFC 9110 §9.3.6) and SOCKS5 (RFC 1928, RFC 1929). Names are looked up by the
//! proxy. What the proxy fails at is ours; what it says of the target is the target's.
//!
//! Reaching the proxy and logging in is the step `Proxy`; from the moment it has been asked for the target, we wait for
//! the target, and the step is `Connect`.

use std::io;
use std::net::IpAddr;

use data_encoding::BASE64;
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
        let login = BASE64.encode(format!("{user}:{}", password.0).as_bytes());
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

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::{Arc, Mutex};

    use tokio::net::TcpStream;

    use super::*;
    use crate::config::{NetworkSettings, Secret};
    use crate::probe::Prober;
    use crate::probe::observation::{Phase, Run};
    use crate::probe::testing::*;

    fn through(kind: ProxyKind, address: SocketAddr, login: Option<(&str, &str)>) -> Prober {
        let login = login.map(|(user, password)| (user.to_owned(), Secret(password.to_owned())));
        let proxy = Proxy {
            kind,
            address: at("127.0.0.1", address.port()),
            login,
        };
        prober(NetworkSettings {
            proxy: Some(proxy),
            ..NetworkSettings::default()
        })
    }

    /// Asks for a banner of `far.example`, which only the proxy can find.
    async fn ask(prober: &Prober) -> Run {
        let check = crate::config::TcpTarget {
            address: at("far.example", 7),
            send: Some("hello".into()),
            expect: Some("^220".parse().unwrap()),
        };
        prober.run(&short(check_of(check))).await
    }

    fn check_of(target: crate::config::TcpTarget) -> crate::config::Check {
        check(crate::config::Kind::Tcp(target))
    }

    /// A proxy that answers each of our messages in turn, and then is the target.
    async fn scripted(answers: &[&'static [u8]]) -> (SocketAddr, Arc<Mutex<Vec<Vec<u8>>>>) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (told, answers) = (heard.clone(), answers.to_vec());
        let handle = move |mut stream: TcpStream| {
            let (told, answers) = (told.clone(), answers.clone());
            async move {
                for answer in answers {
                    let message = read_some(&mut stream).await;
                    told.lock().unwrap().push(message);
                    stream.write_all(answer).await.unwrap();
                }
                answer_and_close(stream, b"220 far\r\n").await;
            }
        };
        (serve(handle).await, heard)
    }

    #[tokio::test]
    async fn connect_asks_for_the_name_and_leaves_the_targets_bytes() {
        let (proxy, heard) = scripted(&[b"HTTP/1.1 200 Connected\r\nVia: x\r\n\r\n"]).await;
        let run = ask(&through(
            ProxyKind::Http,
            proxy,
            Some(("Aladdin", "open sesame")),
        ))
        .await;
        assert_reason(&run, Reason::Ok);
        assert_eq!(
            run.phases.get(Phase::Resolve).as_millis(),
            0,
            "names are the proxy's"
        );
        let heard = String::from_utf8(heard.lock().unwrap().concat()).unwrap();
        let head = "CONNECT far.example:7 HTTP/1.1\r\nHost: far.example:7\r\n";
        assert_eq!(
            heard,
            format!("{head}Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n")
        );
    }

    #[tokio::test]
    async fn socks5_asks_for_the_name_and_leaves_the_targets_bytes() {
        let bound_to_name = b"\x05\0\0\x03\x03abc\0\x50";
        for granted in [&b"\x05\0\0\x01\x7f\0\0\x01\0\x50"[..], bound_to_name] {
            let (proxy, heard) = scripted(&[b"\x05\0", granted]).await;
            assert_reason(
                &ask(&through(ProxyKind::Socks5, proxy, None)).await,
                Reason::Ok,
            );
            assert_eq!(
                heard.lock().unwrap().as_slice(),
                [&b"\x05\x01\0"[..], b"\x05\x01\0\x03\x0bfar.example\0\x07"]
            );
        }
        let (proxy, heard) = scripted(&[b"\x05\x02", b"\x01\0", b"\x05\0\0\x01\0\0\0\0\0\0"]).await;
        assert_reason(
            &ask(&through(ProxyKind::Socks5, proxy, Some(("me", "pass")))).await,
            Reason::Ok,
        );
        assert_eq!(
            heard.lock().unwrap()[..2],
            [&b"\x05\x02\0\x02"[..], b"\x01\x02me\x04pass"]
        );
    }

    #[tokio::test]
    async fn failures_of_the_proxy_are_ours_and_those_of_the_target_are_not() {
        for (answer, reason) in [
            (&b"HTTP/1.1 407 Login\r\n\r\n"[..], Reason::LocalProxy),
            (b"HTTP/1.1 403 No\r\n\r\n", Reason::LocalProxy),
            (b"HTTP/1.1 502 Bad\r\n\r\n", Reason::TcpUnreachable),
            (b"HTTP/1.0 504 Late\r\n\r\n", Reason::TcpUnreachable),
            (b"SSH-2.0 200 \r\n\r\n", Reason::LocalProxy),
            (&[b'a'; 9000], Reason::LocalProxy),
        ] {
            let (proxy, _) = scripted(&[answer]).await;
            assert_reason(&ask(&through(ProxyKind::Http, proxy, None)).await, reason);
        }
        for (answers, reason) in [
            (&[&b"\x05\xff"[..]][..], Reason::LocalProxy),
            (&[b"\x04\0"], Reason::LocalProxy),
            (
                &[b"\x05\0", b"\x05\x01\0\x01\0\0\0\0\0\0"],
                Reason::LocalProxy,
            ),
            (
                &[b"\x05\0", b"\x05\x02\0\x01\0\0\0\0\0\0"],
                Reason::LocalProxy,
            ),
            (
                &[b"\x05\0", b"\x05\x04\0\x01\0\0\0\0\0\0"],
                Reason::TcpUnreachable,
            ),
            (
                &[b"\x05\0", b"\x05\x05\0\x01\0\0\0\0\0\0"],
                Reason::TcpRefused,
            ),
        ] {
            let (proxy, _) = scripted(answers).await;
            assert_reason(&ask(&through(ProxyKind::Socks5, proxy, None)).await, reason);
        }
    }

    #[tokio::test]
    async fn a_proxy_out_of_reach_is_ours() {
        for kind in [ProxyKind::Http, ProxyKind::Socks5] {
            assert_reason(
                &ask(&through(kind, closed_port(), None)).await,
                Reason::LocalProxy,
            );
            let closes = serve(|stream| answer_and_close(stream, b"")).await;
            assert_reason(&ask(&through(kind, closes, None)).await, Reason::LocalProxy);
        }
        let mute = serve(silence).await;
        assert_reason(
            &ask(&through(ProxyKind::Socks5, mute, None)).await,
            Reason::LocalProxy,
        );
        // Asked for the target, it waits for the target as far as we can see.
        assert_reason(
            &ask(&through(ProxyKind::Http, mute, None)).await,
            Reason::TcpTimeout,
        );
    }

    #[tokio::test]
    async fn private_literals_are_not_asked_for() {
        let (proxy, heard) = scripted(&[]).await;
        let run = through(ProxyKind::Http, proxy, None)
            .run(&tcp_check("127.0.0.1", 7))
            .await;
        assert_reason(&run, Reason::LocalPolicy);
        assert!(heard.lock().unwrap().is_empty());
    }
}

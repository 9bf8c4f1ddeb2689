//! The websocket kind against servers on loopback.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hyper::HeaderMap;
use hyper::header::HeaderValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::config::{WsProtocol as Protocol, *};
use crate::probe::failure::{Class, Reason};
use crate::probe::http::testing::{Then, check, play, read_head, rule, run, serve};
use crate::probe::noise::Responder;
use crate::probe::observation::Run;

fn target(url: &str, protocol: WsProtocol) -> WebsocketTarget {
    WebsocketTarget {
        url: url.parse().unwrap(),
        headers: HeaderMap::from_iter([(
            "origin".parse().unwrap(),
            HeaderValue::from_static("https://web.example"),
        )]),
        subprotocol: None,
        protocol,
        tls: TlsOptions::default(),
    }
}

fn expecting(expect: Option<&str>) -> WsProtocol {
    WsProtocol::Plain {
        send: None,
        expect: expect.map(|regex| regex.parse().unwrap()),
    }
}

/// A frame as servers send it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap();
    let length = if length < 126 {
        vec![length as u8]
    } else {
        [&[126][..], &length.to_be_bytes()].concat()
    };
    [&[first][..], &length, payload].concat()
}

async fn run_at(
    address: std::net::SocketAddr,
    protocol: WsProtocol,
    edit: impl FnOnce(&mut Check),
) -> Run {
    let mut check = check(Kind::Websocket(target(
        &format!("ws://{address}/ws/chat"),
        protocol,
    )));
    check.timeout = Duration::from_millis(700);
    edit(&mut check);
    let began = Instant::now();
    let run = run(&check).await;
    assert!(
        began.elapsed() < check.timeout + Duration::from_millis(250),
        "late: {:?}",
        began.elapsed()
    );
    run
}

/// Accepts the upgrade.
async fn accept(stream: &mut TcpStream) -> String {
    let head = read_head(stream).await;
    let key = head
        .lines()
        .find_map(|line| line.strip_prefix("sec-websocket-key: "))
        .unwrap_or_default()
        .to_owned();
    let accept = derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
    head
}

/// Upgrades, then sends bytes, and then what comes then.
async fn after_upgrade(bytes: Vec<u8>, then: Then, protocol: WsProtocol) -> Run {
    let address = serve(move |mut stream| {
        let (bytes, then) = (bytes.clone(), then.clone());
        async move {
            accept(&mut stream).await;
            play(stream, &bytes, then).await;
        }
    })
    .await;
    run_at(address, protocol, |_| ()).await
}

#[tokio::test]
async fn what_comes_after_the_upgrade() {
    use Reason::*;
    use Then::*;
    let hello = || expecting(Some("\"op\":10"));
    let op10 = || frame(0x81, br#"{"op":10}"#);
    let close = |code: u16| {
        frame(
            0x88,
            &[&code.to_be_bytes()[..], b"try\x1b[1m later"].concat(),
        )
    };
    let huge = [&[0x81, 127][..], &(1_u64 << 62).to_be_bytes()].concat();
    let table: Vec<(u32, Vec<u8>, Then, Protocol, Reason)> = vec![
        (0, vec![], Hold, expecting(None), Ok),
        (0, op10(), Hold, hello(), Ok),
        (
            0,
            [frame(0x89, b"ping"), frame(0x82, b"\0"), op10()].concat(),
            Hold,
            hello(),
            Ok,
        ),
        (
            0,
            [frame(0x01, br#"{"op"#), frame(0x80, b"\":10}")].concat(),
            Hold,
            hello(),
            Ok,
        ),
        (0, frame(0x81, b"{}"), Hold, hello(), ContentAssertion),
        (147, vec![], Hold, hello(), WsTimeout),
        (
            149,
            vec![],
            Flood(frame(0x89, b"ping")),
            hello(),
            WsProtocol,
        ),
        (
            150,
            frame(0x01, b"x"),
            Flood(frame(0x00, &[b'x'; 1000])),
            hello(),
            WsProtocol,
        ),
        (150, huge, Hold, hello(), WsProtocol),
        (151, frame(0xf1, b"reserved"), Hold, hello(), WsProtocol),
        (151, frame(0x83, b"opcode"), Hold, hello(), WsProtocol),
        (
            151,
            vec![0x81, 0x81, 1, 2, 3, 4, 5],
            Hold,
            hello(),
            WsProtocol,
        ),
        (151, frame(0x81, b"\xff\xfe"), Hold, hello(), WsProtocol),
        (152, close(1013), Fin, hello(), WsClosed),
        (152, close(1008), Hold, hello(), WsClosed),
        (152, vec![], Fin, hello(), WsClosed),
        (152, vec![0x81], Fin, hello(), WsClosed),
        (152, vec![], Rst, hello(), WsClosed),
    ];
    for (row, bytes, then, protocol, reason) in table {
        let run = after_upgrade(bytes, then, protocol).await;
        assert_eq!(
            run.outcome.reason, reason,
            "row {row}: {}",
            run.outcome.detail
        );
        assert!(
            run.outcome.detail.chars().all(|c| !c.is_control()),
            "row {row}"
        );
        assert_eq!(run.status, Some(101));
    }
}

#[tokio::test]
async fn a_refused_upgrade_is_an_answer() {
    let code = |code| Rule {
        status: Some(vec![StatusMatch::Exact(code)]),
        ..rule(Class::Ok)
    };
    #[rustfmt::skip] // a table
    let table: Vec<(&str, Vec<Rule>, bool, Class, Reason)> = vec![
        ("200 OK", vec![], true, Class::Degraded, Reason::WsUpgrade),
        ("404 X", vec![], true, Class::Degraded, Reason::WsUpgrade),
        ("301 X\r\nLocation: /x", vec![], true, Class::Degraded, Reason::WsUpgrade),
        (
            "301 X\r\nLocation: https://www.example.com/login/",
            vec![],
            true,
            Class::Blocked,
            Reason::BlockedLogin,
        ),
        ("403 X", vec![], true, Class::Blocked, Reason::BlockedDenied),
        ("429 X", vec![], true, Class::Blocked, Reason::BlockedRateLimited),
        ("403 X", vec![], false, Class::Degraded, Reason::WsUpgrade),
        ("503 X", vec![], true, Class::Fail, Reason::HttpStatus5xx),
        ("400 X", vec![code(400)], true, Class::Ok, Reason::Ok),
        ("200 OK", vec![code(400)], true, Class::Degraded, Reason::WsUpgrade),
        ("101 X", vec![], true, Class::Degraded, Reason::WsUpgrade),
        ("101 X\r\nConnection: Upgrade\r\nUpgrade: websocket", vec![], true, Class::Degraded, Reason::WsUpgrade),
        ("101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: bm9wZQ==", vec![], true, Class::Degraded, Reason::WsUpgrade),
    ];
    for (head, rules, block_signs, class, reason) in table {
        let answer = format!("HTTP/1.1 {head}\r\nContent-Length: 2\r\n\r\nno");
        let address = serve(move |mut stream| {
            let answer = answer.clone();
            async move {
                read_head(&mut stream).await;
                play(stream, answer.as_bytes(), Then::Fin).await;
            }
        })
        .await;
        let run = run_at(address, expecting(Some("x")), |check| {
            (check.rules, check.block_signs, check.trust) = (rules, block_signs, Trust::OnceProven);
        })
        .await;
        assert_eq!(
            (run.outcome.class, run.outcome.reason),
            (class, reason),
            "{head}: {}",
            run.outcome.detail
        );
        assert_eq!(run.outcome.needs_proof, class == Class::Degraded, "{head}");
    }
}

#[tokio::test]
async fn the_upgrade_and_the_goodbye() {
    let seen = Arc::new(Mutex::new((String::new(), Vec::new())));
    let kept = seen.clone();
    let address = serve(move |mut stream| {
        let kept = kept.clone();
        async move {
            let head = accept(&mut stream).await;
            stream.write_all(&frame(0x81, b"hi")).await.unwrap();
            let mut sent = Vec::new();
            let _ = stream.read_to_end(&mut sent).await;
            *kept.lock().unwrap() = (head, sent);
        }
    })
    .await;
    let protocol = WsProtocol::Plain {
        send: Some("hello".into()),
        expect: Some("hi".parse().unwrap()),
    };
    let run = run_at(address, protocol, |check| {
        if let Kind::Websocket(target) = &mut check.kind {
            target.subprotocol = Some("binary".into());
        }
    })
    .await;
    assert_eq!(run.outcome.reason, Reason::Ok, "{}", run.outcome.detail);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let (head, sent) = seen.lock().unwrap().clone();
    for line in [
        "GET /ws/chat HTTP/1.1",
        "connection: Upgrade",
        "upgrade: websocket",
        "sec-websocket-version: 13",
    ] {
        assert!(head.lines().any(|have| have == line), "{line} in {head}");
    }
    assert!(
        head.contains("origin: https://web.example")
            && head.contains("sec-websocket-protocol: binary")
    );
    assert_eq!(sent[..2], [0x81, 0x85], "masked text of five bytes");
    assert_eq!(sent[11], 0x88, "a close frame");
}

/// Reads one masked binary frame of the client's.
async fn read_frame(stream: &mut TcpStream) -> Vec<u8> {
    let mut head = [0; 6];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[0], 0x82);
    let mut payload = vec![0; usize::from(head[1] & 0x7f)];
    stream.read_exact(&mut payload).await.unwrap();
    payload
        .iter()
        .zip(head[2..].iter().cycle())
        .map(|(byte, mask)| byte ^ mask)
        .collect()
}

#[tokio::test]
async fn the_noise_hello() {
    use Reason::*;
    type Answer = fn(Vec<u8>) -> Vec<u8>;
    #[rustfmt::skip] // a table
    let table: Vec<(&str, Answer, Then, Reason)> = vec![
        ("whole", |hello| frame(0x82, &hello), Then::Hold, Ok),
        ("in two messages", |hello| [frame(0x82, &hello[..2]), frame(0x82, &hello[2..])].concat(), Then::Hold, Ok),
        ("and more in the same", |hello| frame(0x82, &[hello, vec![0, 0, 0]].concat()), Then::Hold, Ok),
        ("forged", |mut hello| { hello[60] ^= 1; frame(0x82, &hello) }, Then::Hold, WsProtocol),
        ("garbage", |_| frame(0x82, b"\0\0\x04oops"), Then::Hold, WsProtocol),
        ("text", |_| frame(0x81, b"hello"), Then::Hold, WsProtocol),
        ("endless", |_| frame(0x82, b"\x01\0\x01"), Then::Hold, WsProtocol),
        ("silence", |_| vec![], Then::Hold, WsTimeout),
        ("half and silence", |hello| frame(0x82, &hello[..40]), Then::Hold, WsTimeout),
        ("closed", |_| vec![], Then::Fin, WsClosed),
        ("dismissed", |_| frame(0x88, &1008_u16.to_be_bytes()), Then::Fin, WsClosed),
    ];
    for (name, answer, then, reason) in table {
        let address = serve(move |mut stream| {
            let then = then.clone();
            async move {
                accept(&mut stream).await;
                let first = read_frame(&mut stream).await;
                assert_eq!(first[..4], *b"WA\x06\x03");
                let hello = Responder::new([9; 32], b"chain".to_vec())
                    .answer(&first)
                    .unwrap();
                play(stream, &answer(hello), then).await;
            }
        })
        .await;
        let run = run_at(address, Protocol::WhatsappNoise { dict_version: 3 }, |_| ()).await;
        assert_eq!(run.outcome.reason, reason, "{name}: {}", run.outcome.detail);
        let proven = run.outcome.detail.contains("whose key could be decrypted");
        assert_eq!(proven, reason == Ok, "{name}: {}", run.outcome.detail);
    }
}

#[tokio::test]
async fn endless_headers() {
    let address = serve(|mut stream| async move {
        read_head(&mut stream).await;
        play(
            stream,
            b"HTTP/1.1 101 X\r\n",
            Then::Flood(b"X: y\r\n".to_vec()),
        )
        .await;
    })
    .await;
    let run = run_at(address, expecting(None), |_| ()).await;
    assert_eq!(
        run.outcome.reason,
        Reason::HttpHeadersTooLarge,
        "row 148: {}",
        run.outcome.detail
    );
}

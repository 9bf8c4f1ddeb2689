//! The harness itself: what the program is judged against must be right first.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use reqwest::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::World;
use crate::support::ca::{self, Flaw};
use crate::support::dns::{Dns, DnsFault};
use crate::support::exporter::listen_address;
use crate::support::internet::{Answer, Fault, GOOD_TOKEN, Internet};
use crate::support::noise::{self, Handshake};
use crate::support::page::Page;
use crate::support::raw::{Script, Then};

/// A client that finds every host in that internet.
fn browser(internet: &Internet, hosts: &[&str]) -> Client {
    let builder = Client::builder()
        .tls_backend_preconfigured(ca::client())
        .no_proxy();
    let builder = builder
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(5));
    let builder = hosts
        .iter()
        .fold(builder, |builder, host| builder.resolve(host, internet.tls));
    builder.build().unwrap()
}

async fn get(internet: &Internet, host: &str, path: &str) -> reqwest::Result<reqwest::Response> {
    let url = format!("https://{host}:{}{path}", internet.tls.port());
    browser(internet, &[host]).get(url).send().await
}

#[tokio::test]
async fn healthy_hosts_answer_as_described() {
    let world = World::healthy().await;
    let expected = [
        ("www.facebook.com", "/", 200, "id=\"facebook\""),
        ("www.facebook.com", "/login.php", 200, "name=\"pass\""),
        (
            "www.facebook.com",
            "/robots.txt",
            200,
            "# Notice: Collection of data on Facebook",
        ),
        ("graph.facebook.com", "/me", 400, "\"code\":2500"),
        (
            "graph.facebook.com",
            "/me?access_token=invalid",
            400,
            "\"code\":190",
        ),
        (
            "graph.instagram.com",
            "/me?access_token=x",
            400,
            "IGApiException",
        ),
        (
            "graph.threads.net",
            "/v1.0/me?access_token=x",
            500,
            "\"code\":10",
        ),
        ("v.whatsapp.net", "/v2/register", 200, "missing_param"),
        ("web.whatsapp.com", "/", 400, "id=\"facebook\""),
        ("x.com", "/", 200, "react-root"),
        (
            "api.x.com",
            "/2/users/me",
            401,
            "\"title\":\"Unauthorized\"",
        ),
        ("t.co", "/a", 301, ""),
        ("pbs.twimg.com", "/a.jpg", 200, "JFIF"),
    ];
    for (host, path, status, body) in expected {
        let response = get(&world.internet, host, path).await.unwrap();
        assert_eq!(response.status(), status, "{host}{path}");
        let text = response.text().await.unwrap();
        assert!(text.contains(body), "{host}{path}: {text}");
    }
    assert_eq!(world.internet.requests("graph.facebook.com").len(), 2);
    assert!(world.internet.unknown().is_empty());
    assert_eq!(
        get(&world.internet, "x.com", "/nowhere")
            .await
            .unwrap()
            .status(),
        404
    );
    assert_eq!(
        world.internet.unknown().into_iter().collect::<Vec<_>>(),
        ["x.com/nowhere"]
    );
}

#[tokio::test]
async fn tokens_open_the_session() {
    let world = World::healthy().await;
    let url = format!(
        "https://graph.facebook.com:{}/me",
        world.internet.tls.port()
    );
    let client = browser(&world.internet, &["graph.facebook.com"]);
    assert_eq!(
        client
            .get(&url)
            .bearer_auth("invalid")
            .send()
            .await
            .unwrap()
            .status(),
        401
    );
    assert_eq!(
        client
            .get(&url)
            .bearer_auth(GOOD_TOKEN)
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
}

#[tokio::test]
async fn faults_strike_where_they_are_told() {
    let world = World::healthy().await;
    let internet = &world.internet;
    internet.fault("*.facebook.com", Fault::Answer(Answer::text(503, "down")));
    internet.fault("graph.facebook.com/me", Fault::Healthy);
    assert_eq!(
        get(internet, "www.facebook.com", "/")
            .await
            .unwrap()
            .status(),
        503
    );
    assert_eq!(
        get(internet, "graph.facebook.com", "/you")
            .await
            .unwrap()
            .status(),
        503
    );
    assert_eq!(
        get(internet, "graph.facebook.com", "/me")
            .await
            .unwrap()
            .status(),
        400
    );
    assert_eq!(get(internet, "x.com", "/").await.unwrap().status(), 200);
    internet.fault("x.com", Fault::Drop);
    assert!(get(internet, "x.com", "/").await.is_err());
    for fault in [Fault::Reset, Fault::Close, Fault::Garbage] {
        internet.fault("*", fault.clone());
        assert!(
            get(internet, "t.co", "/").await.unwrap_err().is_connect(),
            "{fault:?}"
        );
    }
    internet.heal();
    assert_eq!(get(internet, "x.com", "/").await.unwrap().status(), 200);
}

#[tokio::test]
async fn certificates_are_flawed_as_told() {
    let world = World::healthy().await;
    let flaws = [
        (Flaw::Expired, "Expired"),
        (Flaw::NotYetValid, "NotValidYet"),
        (Flaw::WrongName, "NotValidForName"),
        (Flaw::Untrusted, "UnknownIssuer"),
    ];
    for (flaw, error) in flaws {
        world.internet.fault("*", Fault::Certificate(flaw));
        let said = format!(
            "{:?}",
            get(&world.internet, "x.com", "/").await.unwrap_err()
        );
        assert!(said.contains(error), "{flaw:?}: {said}");
    }
}

#[tokio::test]
async fn a_host_can_be_slow_or_say_nothing() {
    let world = World::healthy().await;
    world.internet.fault("x.com", Fault::Hang);
    world.internet.fault("t.co", Fault::Silence);
    world
        .internet
        .fault("pbs.twimg.com", Fault::Slow(Duration::from_millis(300)));
    for host in ["x.com", "t.co"] {
        let answer =
            tokio::time::timeout(Duration::from_millis(500), get(&world.internet, host, "/")).await;
        assert!(answer.is_err(), "{host} is silent");
    }
    let begun = std::time::Instant::now();
    get(&world.internet, "pbs.twimg.com", "/").await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

async fn ask(dns: &Dns, name: &str) -> Option<Message> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let mut query = Message::query();
    query.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::A));
    let (bytes, to): (_, SocketAddr) = (query.to_vec().unwrap(), dns.address);
    let receive = move || {
        socket.send_to(&bytes, to).unwrap();
        let mut buffer = [0; 512];
        let length = socket.recv(&mut buffer).ok()?;
        Message::from_vec(&buffer[..length]).ok()
    };
    tokio::task::spawn_blocking(receive).await.unwrap()
}

#[tokio::test]
async fn names_fail_as_told() {
    let dns = Dns::start().await;
    assert_eq!(
        ask(&dns, "www.facebook.com.").await.unwrap().answers.len(),
        1
    );
    dns.fault("facebook.com", DnsFault::ServFail);
    let reply = ask(&dns, "www.facebook.com.").await.unwrap();
    assert_eq!(
        (reply.metadata.response_code, reply.answers.len()),
        (ResponseCode::ServFail, 0)
    );
    assert_eq!(
        ask(&dns, "notfacebook.com.").await.unwrap().answers.len(),
        1,
        "a suffix ends at a dot"
    );
    dns.fault("", DnsFault::Truncated);
    let reply = ask(&dns, "x.com.").await.unwrap();
    assert!(reply.metadata.truncation && reply.answers.is_empty());
    dns.fault("", DnsFault::Silent);
    assert!(ask(&dns, "x.com.").await.is_none());
    dns.heal();
    assert_eq!(ask(&dns, "x.com.").await.unwrap().answers.len(), 1);
    assert_eq!(dns.asked("facebook.com"), 2);
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

/// Made from the public descriptions of the protocol with keys of 0x11, 0x22 and 0x33; not real data.
const CLIENT_HELLO: &str =
    "5741060300002412220a207b4e909bbe7ffe44c465a220037d608ee35897d31ef972f07f74892cb0f73f13";
const SERVER_HELLO: &str = "00015a1ad7020a200faa684ed28867b97f4a6a2dee5df8ce974e76b7018e3f22a1c4cf2678570f20123083be4718bc8739c3ea26ed6075c008d2f47a152fcbe9837641dc39e08b096889d6fa21589c04e73d4ffca99288dea2af1a8002464b99845fd00f41f424867ff1cbb1d7b8ea0eacd9d2f3d09651b578b474d3a1898c53bb903f0ea8085b159c683023183f4ef5a8defb55e0e02c912045e1f71bb8e69a4f29fe711175b4021857fba98ac964521bd22bd1b79db4c15ccd76ab6bafeb5ea6f794a1e82fb66d0be92efc59b6d01a4c11476daa48c5301e3e74087e58b56d38caadad088239a91275c96380bb3865b967f65b5edc4266fc016aee9bc825e895c541938d6dc1c2313e7a396def4389597c72e3821651f0482d548e4562ecd1661f8a292b555dcfac7b19e6758fcc2063d29973b92a156ee7a293d72ff6c58a2a0b61c6167137cd0da17f9fc43daa7cb5070c4b4c72ac71c9edd89ab0";
const FINAL_HASH: &str = "f6605a1fe4b2fc8783263957042c97f4df05c13cdcb1e6814d32a415b742b6e6";

/// What the client makes of a server hello: the server's static key and its certificates.
fn greet(handshake: &mut Handshake, frame: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let client = noise::key([0x11; 32]);
    let hello = &frame[6..];
    let (ephemeral, fixed, payload) = (&hello[2..34], &hello[36..84], &hello[87..]);
    handshake.mix_hash(client.pubkey());
    handshake.mix_hash(ephemeral);
    handshake.mix_key(client.as_ref(), ephemeral);
    let fixed = handshake.decrypt(fixed)?;
    handshake.mix_key(client.as_ref(), &fixed);
    Some((fixed, handshake.decrypt(payload)?))
}

#[test]
fn the_chat_responder_keeps_to_the_vector() {
    let (hello, frame) = (bytes(CLIENT_HELLO), bytes(SERVER_HELLO));
    let (header, client) = noise::client_hello(&hello).unwrap();
    let mut handshake = Handshake::new(header);
    let (fixed, certificates) = greet(&mut handshake, &frame).unwrap();
    assert_eq!(fixed, noise::key([0x33; 32]).pubkey());
    assert_eq!(handshake.hash().to_vec(), bytes(FINAL_HASH));
    let (ephemeral, server) = (noise::key([0x22; 32]), noise::key([0x33; 32]));
    let ours = noise::server_hello(
        header,
        client,
        ephemeral.as_ref(),
        server.as_ref(),
        &certificates,
    );
    assert_eq!(ours, frame);
}

#[test]
fn half_a_hello_is_none() {
    let hello = bytes(CLIENT_HELLO);
    assert!((0..hello.len()).all(|length| noise::client_hello(&hello[..length]).is_none()));
}

#[tokio::test]
async fn the_chat_channel_greets() {
    let world = World::healthy().await;
    let tls = tokio_rustls::TlsConnector::from(std::sync::Arc::new(ca::client()));
    let tcp = TcpStream::connect(world.internet.tls).await.unwrap();
    let mut io = tls
        .connect("web.whatsapp.com".try_into().unwrap(), tcp)
        .await
        .unwrap();
    let request = "GET /ws/chat HTTP/1.1\r\nHost: web.whatsapp.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    io.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    assert!(
        head.starts_with("HTTP/1.1 101") && head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        "{head}"
    );
    let hello = bytes(CLIENT_HELLO);
    io.write_all(&[&[0x82, 0x80 | hello.len() as u8, 0, 0, 0, 0], &hello[..]].concat())
        .await
        .unwrap();
    assert_eq!(io.read_u8().await.unwrap(), 0x82);
    assert_eq!(io.read_u8().await.unwrap(), 126);
    let mut frame = vec![0; usize::from(io.read_u16().await.unwrap())];
    io.read_exact(&mut frame).await.unwrap();
    let (fixed, _) = greet(&mut Handshake::new(&hello[..4]), &frame).unwrap();
    assert_eq!(fixed, noise::key([0x33; 32]).pubkey());
}

#[tokio::test]
async fn scripts_end_as_told() {
    let said = async |script: Script| {
        let mut stream = TcpStream::connect(script.start().await).await.unwrap();
        stream.write_all(b"hello").await.unwrap();
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes);
        let end = tokio::time::timeout(Duration::from_millis(300), read)
            .await
            .map(|end| end.map_err(|e| e.kind()));
        (end.ok(), bytes)
    };
    assert_eq!(
        said(Script::answer("abc", Then::Close)).await,
        (Some(Ok(3)), b"abc".to_vec())
    );
    assert_eq!(
        said(Script::speak("abc", Then::Stay)).await,
        (None, b"abc".to_vec())
    );
    let (end, _) = said(Script::answer("", Then::Reset)).await;
    assert_eq!(end, Some(Err(std::io::ErrorKind::ConnectionReset)));
    let (end, bytes) =
        said(Script::speak("abcdefgh", Then::Close).dripping(Duration::from_millis(100))).await;
    assert!(end.is_none() && (1..8).contains(&bytes.len()));
}

#[test]
fn pages_are_read() {
    let text = "# HELP a b\n# TYPE a gauge\nplatform_state{platform=\"x\",state=\"up\"} 1\nplatform_state{platform=\"x\",state=\"down\"} 0\nplatform_state{platform=\"x\",state=\"degraded\"} 0\nplatform_state{platform=\"x\",state=\"blocked\"} 0\nplatform_state{platform=\"x\",state=\"unknown\"} 0\nodd{a=\"q\\\"{},=\\\\n\\n\"} +Inf\nplain 1.5e3 1234\n";
    let page = Page::parse(text);
    assert_eq!(page.verdict("x"), "up");
    assert_eq!(page.verdict("y"), "absent");
    assert!(page.are(&["x"], "up") && page.all_are("up") && !Page::default().all_are("up"));
    assert_eq!(page.value("plain", &[]), Some(1500.0));
    assert_eq!(
        page.all("odd", &[]).next().unwrap().label("a"),
        "q\"{},=\\n\n"
    );
    assert!(std::panic::catch_unwind(|| Page::parse("broken{a=\"b} 1")).is_err());
}

#[test]
fn the_address_is_found_in_the_log() {
    let log = "ts=1 level=info message=starting\nts=2 level=info target=x message=listening address=127.0.0.1:4711\n";
    assert_eq!(listen_address(log), Some("127.0.0.1:4711".parse().unwrap()));
    assert_eq!(listen_address("message=listening"), None);
}

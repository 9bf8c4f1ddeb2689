//! HTTP checks: framing, sizes, encodings, redirects, statuses, rules, HTTP/2, and TLS beneath.

use std::time::Duration;

use super::{Row, judge};
use crate::support::World;
use crate::support::ca::Flaw;
use crate::support::internet::{Answer, Fault};
use crate::support::raw::{DEAD, Script, Then};

const OK: &str = "HTTP/1.1 200 OK\r\n";

/// A whole answer with that head and body.
fn answer(head: &str, body: &str) -> Script {
    Script::answer(
        format!("{head}content-length: {}\r\n\r\n{body}", body.len()),
        Then::Close,
    )
}

fn raw(bytes: &str, then: Then) -> Script {
    Script::answer(bytes, then)
}

/// Rows whose server says exactly those bytes.
async fn scripted(rows: Vec<(&str, Script, &'static str)>) -> Vec<Row> {
    ruled(
        rows.into_iter()
            .map(|(name, script, expected)| (name, script, "", expected))
            .collect(),
    )
    .await
}

/// The same with further keys of the check.
async fn ruled(rows: Vec<(&str, Script, &str, &'static str)>) -> Vec<Row> {
    let mut out = Vec::new();
    for (name, script, keys, expected) in rows {
        let url = format!("http://{}/", script.start().await);
        out.push(Row::new(
            name,
            format!("{{ http: {{ url: \"{url}\" }}{keys} }}"),
            expected,
        ));
    }
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn transport_and_framing() {
    let rows = scripted(vec![
        ("fine", answer(OK, "hello"), "ok"),
        (
            "length_and_chunks",
            raw(
                "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
                Then::Close,
            ),
            "ok",
        ),
        (
            "high_bytes",
            Script::answer(
                b"HTTP/1.1 200 OK\r\nx: \xff\xfe\r\ncontent-length: 0\r\n\r\n".to_vec(),
                Then::Close,
            ),
            "ok",
        ),
        ("silent", raw("", Then::Stay), "fail http_headers_timeout"),
        ("closed", raw("", Then::Close), "fail http_empty_reply"),
        ("reset", raw("", Then::Reset), "fail http_reset"),
        (
            "slow_head",
            raw("HTTP/1.1 200 OK", Then::Stay).dripping(Duration::from_millis(300)),
            "fail http_headers_timeout",
        ),
        (
            "slow_body",
            raw(
                "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc",
                Then::Stay,
            ),
            "fail http_body_timeout",
        ),
        (
            "huge_length",
            raw(
                "HTTP/1.1 200 OK\r\ncontent-length: 9000000000000000000\r\n\r\n",
                Then::Stay,
            ),
            "fail http_body_timeout",
        ),
        (
            "half_a_head",
            raw("HTTP/1.1 200 OK\r\ncontent-", Then::Close),
            "fail http_truncated",
        ),
        (
            "short_body",
            raw(
                "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc",
                Then::Close,
            ),
            "fail http_truncated",
        ),
        (
            "short_body_reset",
            raw(
                "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc",
                Then::Reset,
            ),
            "fail http_reset",
        ),
        (
            "no_last_chunk",
            raw(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
                Then::Close,
            ),
            "fail http_truncated",
        ),
        (
            "bad_chunk",
            raw(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n",
                Then::Close,
            ),
            "fail http_malformed",
        ),
        (
            "two_lengths",
            raw(
                "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
                Then::Close,
            ),
            "fail http_malformed",
        ),
        (
            "negative_length",
            raw("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n", Then::Close),
            "fail http_malformed",
        ),
        (
            "garbage_status",
            raw("HTTX/1.1 200\r\n\r\n", Then::Close),
            "fail http_malformed",
        ),
        (
            "status_99",
            raw("HTTP/1.1 099 Odd\r\ncontent-length: 0\r\n\r\n", Then::Close),
            "fail http_malformed",
        ),
        (
            "ssh",
            Script::speak("SSH-2.0-OpenSSH_9.2\r\n", Then::Stay),
            "fail http_malformed",
        ),
        (
            "no_colon",
            raw(
                "HTTP/1.1 200 OK\r\nnonsense\r\ncontent-length: 0\r\n\r\n",
                Then::Close,
            ),
            "fail http_malformed",
        ),
        (
            "nul",
            raw(
                "HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 0\r\n\r\n",
                Then::Close,
            ),
            "fail http_malformed",
        ),
    ]);
    let mut rows = rows.await;
    rows.push(Row::new(
        "refused",
        format!("{{ http: {{ url: \"http://{DEAD}/\" }} }}"),
        "fail tcp_refused",
    ));
    judge(&World::healthy().await, rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_and_encodings() {
    const MISSES: &str = ", rules: [{ body: { contains: never }, verdict: ok }]";
    let chunk = format!("1000\r\n{}\r\n", "a".repeat(0x1000));
    let chunked = || {
        raw(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            Then::Stay,
        )
        .flooding(chunk.clone())
    };
    let gzip = |head: &str| format!("{OK}content-encoding: {head}\r\n");
    let zipped = |bytes: &[u8]| {
        let head = format!(
            "{OK}content-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
            bytes.len()
        );
        Script::answer([head.as_bytes(), bytes].concat(), Then::Close)
    };
    let body = gzipped(b"hello in gzip");
    let rows = ruled(vec![
        (
            "endless_line",
            raw("HTTP/1.1 200 OK\r\nx: ", Then::Stay).flooding("a".repeat(4096)),
            "",
            "fail http_headers_too_large",
        ),
        (
            "endless_headers",
            raw("HTTP/1.1 200 OK\r\n", Then::Stay).flooding("x-a: b\r\n".repeat(500)),
            "",
            "fail http_headers_too_large",
        ),
        (
            "endless_hints",
            raw("", Then::Stay).flooding("HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n".repeat(100)),
            "",
            "fail http_protocol",
        ),
        ("endless_body", chunked(), "", "ok"),
        (
            "endless_body_missed",
            chunked(),
            MISSES,
            "fail http_body_too_large",
        ),
        (
            "gzip",
            zipped(&body),
            ", rules: [{ body: { contains: \"hello in\" }, verdict: ok }, { status: [200], verdict: fail }]",
            "ok",
        ),
        (
            "gzip_cut",
            zipped(&body[..body.len() - 12]),
            "",
            "fail http_decode",
        ),
        (
            "gzip_garbage",
            answer(&gzip("gzip"), "this is not gzip"),
            "",
            "fail http_decode",
        ),
        (
            "unknown_encoding",
            answer(&gzip("rot13"), "uryyb"),
            "",
            "fail http_decode",
        ),
    ]);
    judge(&World::healthy().await, rows.await).await;
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses_and_redirects() {
    let status = |status: &str| answer(&format!("HTTP/1.1 {status}\r\n"), "text");
    let redirect = |to: &str| answer(&format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\n"), "");
    const SIGNS: &str = ", block_signs: true";
    let challenge = || answer("HTTP/1.1 403 Forbidden\r\ncf-mitigated: challenge\r\n", "");
    let there = format!("http://{}/", status("200 OK").start().await);
    let rows = ruled(vec![
        (
            "no_content",
            answer("HTTP/1.1 204 No Content\r\n", ""),
            "",
            "ok",
        ),
        (
            "server_error",
            status("503 Service Unavailable"),
            "",
            "fail http_status_5xx",
        ),
        (
            "not_found",
            status("404 Not Found"),
            "",
            "fail http_status_4xx",
        ),
        (
            "not_found_unproven",
            status("404 Not Found"),
            ", trust: once_proven",
            "degraded http_status_4xx",
        ),
        (
            "not_modified",
            answer("HTTP/1.1 304 Not Modified\r\n", ""),
            "",
            "fail http_status_other",
        ),
        (
            "too_many",
            status("429 Too Many Requests"),
            "",
            "fail http_status_4xx",
        ),
        (
            "forbidden",
            status("403 Forbidden"),
            "",
            "fail http_status_4xx",
        ),
        (
            "too_many_sign",
            status("429 Too Many Requests"),
            SIGNS,
            "blocked blocked_rate_limited",
        ),
        (
            "forbidden_sign",
            status("403 Forbidden"),
            SIGNS,
            "blocked blocked_denied",
        ),
        (
            "legal_sign",
            status("451 Unavailable For Legal Reasons"),
            SIGNS,
            "blocked blocked_denied",
        ),
        (
            "challenge_sign",
            challenge(),
            SIGNS,
            "blocked blocked_challenge",
        ),
        (
            "server_error_sign",
            status("500 Oops"),
            SIGNS,
            "fail http_status_5xx",
        ),
        ("followed", redirect(&there), "", "ok"),
        (
            "no_location",
            answer("HTTP/1.1 302 Found\r\n", ""),
            "",
            "fail http_redirect_invalid",
        ),
        (
            "to_a_file",
            redirect("file:///etc/hostname"),
            "",
            "fail http_redirect_invalid",
        ),
        (
            "to_nonsense",
            redirect("http://[::1"),
            "",
            "fail http_redirect_invalid",
        ),
        ("in_a_circle", redirect("/"), "", "fail http_redirect_loop"),
    ]);
    judge(&World::healthy().await, rows.await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_read_the_answer() {
    let page = |body: &str| answer(OK, body);
    let json = |status: &str, body: &str| {
        answer(
            &format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\n"),
            body,
        )
    };
    let wants = ", rules: [{ body: { contains: welcome }, verdict: ok }]";
    let graph = ", rules: [{ json: { /error/code: [1, 2] }, verdict: fail }, { json: { /error/code: [4, 17] }, verdict: blocked }, { json: { /error/code: [190] }, verdict: ok }]";
    let moved = || {
        answer(
            "HTTP/1.1 301 Moved\r\nlocation: https://x.example/status/1\r\n",
            "",
        )
    };
    let link =
        ", rules: [{ status: [301, 302], redirect_to: \"^https://x\\\\.example/\", verdict: ok }]";
    let mut rows = ruled(vec![
        ("marker", page("welcome home"), wants, "ok"),
        ("marker_missing", page("maintenance"), wants, "fail content_marker_missing"),
        ("marker_missing_unproven", page("maintenance"), ", trust: once_proven, rules: [{ body: { contains: welcome }, verdict: ok }]", "degraded content_marker_missing"),
        ("marker_present", page("Something went wrong"), ", rules: [{ body: { regex: \"(?i)something WENT wrong\" }, verdict: fail }]", "fail content_marker_present"),
        ("refusal", json("400 Bad Request", r#"{"error":{"code":190}}"#), graph, "ok"),
        ("outage", json("400 Bad Request", r#"{"error":{"code":2}}"#), graph, "fail content_json_assertion"),
        ("throttled", json("400 Bad Request", r#"{"error":{"code":4}}"#), graph, "blocked blocked_denied"),
        ("status_range", answer("HTTP/1.1 500 Oops\r\n", ""), ", rules: [{ status: \"5xx\", verdict: ok }]", "ok"),
        ("header", answer("HTTP/1.1 200 OK\r\nserver: Yaws 2.0.9\r\n", ""), ", rules: [{ header: { server: \"^Yaws\" }, verdict: ok }, { status: \"2xx\", verdict: fail, reason: content_assertion }]", "ok"),
        ("header_missing", page(""), ", rules: [{ header: { server: \"^Yaws\" }, verdict: ok }, { status: \"2xx\", verdict: fail, reason: content_assertion }]", "fail content_assertion"),
        ("limit", answer("HTTP/1.1 429 Slow\r\n", ""), ", rules: [{ status: [429], verdict: blocked }]", "blocked blocked_rate_limited"),
        ("token", answer("HTTP/1.1 401 No\r\n", ""), ", rules: [{ status: [401], verdict: local }]", "local local_credentials"),
        ("late", page("").dripping(Duration::from_millis(10)), ", rules: [{ slower_than: 100ms, verdict: degraded, reason: content_assertion }]", "degraded content_assertion"),
        ("hostile", page(&"a".repeat(200_000)), ", rules: [{ body: { regex: \"(a|aa)+$x\" }, verdict: fail }]", "ok"),
    ])
    .await;
    let url = format!("http://{}/", moved().start().await);
    rows.push(Row::new(
        "short_link",
        format!("{{ http: {{ url: \"{url}\", max_redirects: 0 }}{link} }}"),
        "ok",
    ));
    judge(&World::healthy().await, rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_and_http2() {
    let world = World::healthy().await;
    let faults = [
        ("fine", Fault::Answer(Answer::text(200, "fine")), "", "ok"),
        (
            "expired",
            Fault::Certificate(Flaw::Expired),
            "",
            "fail tls_cert_expired",
        ),
        (
            "early",
            Fault::Certificate(Flaw::NotYetValid),
            "",
            "fail tls_cert_not_yet_valid",
        ),
        (
            "wrong",
            Fault::Certificate(Flaw::WrongName),
            "",
            "fail tls_cert_name",
        ),
        (
            "untrusted",
            Fault::Certificate(Flaw::Untrusted),
            "",
            "fail tls_cert_untrusted",
        ),
        ("mute", Fault::Silence, "", "fail tls_timeout"),
        ("shut", Fault::Close, "", "fail tls_closed"),
        ("rst", Fault::Reset, "", "fail tls_reset"),
        ("ssh", Fault::Garbage, "", "fail tls_protocol"),
        ("hung", Fault::Hang, "", "fail http_headers_timeout"),
        (
            "dropped1",
            Fault::Drop,
            ", version: \"1.1\"",
            "fail http_empty_reply",
        ),
        (
            "dropped2",
            Fault::Drop,
            ", version: \"2\"",
            "fail http_protocol",
        ),
        (
            "two",
            Fault::Answer(Answer::text(200, "fine")),
            ", version: \"2\"",
            "ok",
        ),
        (
            "one",
            Fault::Answer(Answer::text(200, "fine")),
            ", version: \"1.1\"",
            "ok",
        ),
    ];
    let mut rows = Vec::new();
    for (name, fault, keys, expected) in faults {
        world.internet.fault(&format!("{name}.example"), fault);
        rows.push(Row::new(
            name,
            format!("{{ http: {{ url: \"https://{name}.example/\"{keys} }} }}"),
            expected,
        ));
    }
    world
        .internet
        .fault("lax.example", Fault::Answer(Answer::text(200, "fine")));
    rows.push(Row::new(
        "plain",
        "{ http: { url: \"http://fine.example/\" } }",
        "ok",
    ));
    judge(&world, rows).await;
    let version = |host: &str| world.internet.requests(host).last().unwrap().version;
    assert_eq!(version("two.example"), hyper::Version::HTTP_2);
    assert_eq!(version("one.example"), hyper::Version::HTTP_11);
    let agent = world.internet.requests("two.example")[0].headers["user-agent"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        agent.starts_with("platform_exporter/"),
        "an honest name: {agent}"
    );
}

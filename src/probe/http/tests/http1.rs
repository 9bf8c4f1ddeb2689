//! Faults of HTTP/1.1, and the request that is sent.

use super::*;

#[tokio::test]
async fn faults_of_http1() {
    use Reason::*;
    use Then::*;
    let status =
        |code: &str| format!("HTTP/1.1 {code} X\r\nContent-Length: 0\r\n\r\n").into_bytes();
    let with = |headers: &str| {
        format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: 2\r\n\r\nhi").into_bytes()
    };
    let chunked = |body: &str| {
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}").into_bytes()
    };
    let both_lengths =
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    let cookies = "Set-Cookie: a=b\r\n".repeat(9000);
    let long = format!("Location: /{}\r\n", "../a".repeat(25_000));
    #[rustfmt::skip] // a table
    let table: Vec<(u32, Vec<u8>, Then, Reason)> = vec![
        (1, ok("hi"), Fin, Ok),
        (4, vec![], Hold, HttpHeadersTimeout),
        (5, vec![], Fin, HttpEmptyReply),
        (6, vec![], Rst, HttpReset),
        (11, vec![], Drip(ok(&"x".repeat(200))), HttpHeadersTimeout),
        (12, ok(&"x".repeat(200))[..60].to_vec(), Drip(vec![b'x'; 200]), HttpBodyTimeout),
        (13, b"HTTP/1.1 200 OK\r\nX: ".to_vec(), Flood(b"x".to_vec()), HttpHeadersTooLarge),
        (14, b"HTTP/1.1 200 OK\r\n".to_vec(), Flood(b"X: y\r\n".to_vec()), HttpHeadersTooLarge),
        (18, encoded("gzip", b"not gzip at all"), Fin, HttpDecode),
        (19, encoded("gzip", &gzip(&[7; 5000])[..20]), Fin, HttpDecode),
        (20, encoded("lzma", b"x"), Fin, HttpDecode),
        (20, encoded("gzip, gzip", &gzip(&gzip(b"x"))), Fin, HttpDecode),
        (21, chunked("zz\r\nhi\r\n"), Hold, HttpMalformed),
        (22, chunked("fffffffffffffffff\r\nhi\r\n"), Hold, HttpMalformed),
        (23, chunked("2\r\nhi\r\n"), Fin, HttpTruncated),
        (24, chunked("2;a="), Flood(b"x".to_vec()), HttpMalformed),
        (25, chunked("2\r\nhi\r\n0\r\n"), Flood(b"X: y\r\n".to_vec()), HttpMalformed),
        (26, with("Content-Length: 3\r\n"), Fin, HttpMalformed),
        (27, both_lengths.to_vec(), Fin, Ok),
        (28, b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n".to_vec(), Fin, HttpMalformed),
        (29, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi".to_vec(), Fin, HttpTruncated),
        (30, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi".to_vec(), Rst, HttpReset),
        (31, b"HTTP/1.1 200 OK\r\nContent-Length: 9000000000000000000\r\n\r\n".to_vec(), Hold, HttpBodyTimeout),
        (32, b"HTTP/1.1 200 OK\r\nX: y".to_vec(), Fin, HttpTruncated),
        (33, vec![], Flood(b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec()), HttpProtocol),
        (34, b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n".to_vec(), Hold, HttpStatusOther),
        (35, with("X: a\0b\r\n"), Fin, HttpMalformed),
        (36, [&b"HTTP/1.1 200 OK\r\nX: \xff\x80\r\n"[..], b"Content-Length: 0\r\n\r\n"].concat(), Fin, Ok),
        (37, with("X: a\r\n b\r\n"), Fin, Ok),
        (38, with("no colon\r\n"), Fin, HttpMalformed),
        (39, with("X : y\r\n"), Fin, HttpMalformed),
        (40, b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi".to_vec(), Fin, Ok),
        (41, b"HTTX/1.1 200\r\n\r\n".to_vec(), Fin, HttpMalformed),
        (42, status("099"), Fin, HttpMalformed),
        (43, status("1000"), Fin, HttpMalformed),
        (44, b"<html>hello</html>".to_vec(), Fin, HttpMalformed),
        (45, b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), Hold, HttpMalformed),
        (46, b"\0\0\x12\x04\0\0\0\0\0".to_vec(), Hold, HttpMalformed),
        (48, status("503"), Fin, HttpStatus5xx),
        (49, status("404"), Fin, HttpStatus4xx),
        (50, format!("HTTP/1.1 200 OK\r\n{cookies}\r\n").into_bytes(), Fin, HttpHeadersTooLarge),
        (51, b"HTTP/1.1 302 X\r\nLocation: /page\r\n\r\n".to_vec(), Fin, HttpRedirectLoop),
        (
            52,
            b"HTTP/1.1 302 X\r\nLocation: file:///etc/hostname\r\n\r\n".to_vec(),
            Fin,
            HttpRedirectInvalid,
        ),
        (
            53,
            b"HTTP/1.1 302 X\r\nLocation: http://[::1\r\n\r\n".to_vec(),
            Fin,
            HttpRedirectInvalid,
        ),
        (54, status("302"), Fin, HttpRedirectInvalid),
        (55, format!("HTTP/1.1 302 X\r\n{long}\r\n").into_bytes(), Fin, HttpHeadersTooLarge),
        (115, status("451"), Fin, HttpStatus4xx),
    ];
    for (row, bytes, then, reason) in table {
        let run = ask(bytes, then, |_| ()).await;
        assert_eq!(
            run.outcome.reason, reason,
            "row {row}: {}",
            run.outcome.detail
        );
        let class = if reason == Ok { Class::Ok } else { Class::Fail };
        assert_eq!(run.outcome.class, class, "row {row}");
        assert!(
            run.outcome.detail.chars().all(|c| !c.is_control()) && run.outcome.detail.len() <= 200,
            "row {row}"
        );
    }
}

#[tokio::test]
async fn closed_or_reset_before_the_request_is_read() {
    let closing = serve(|stream| play(stream, b"", Then::Fin)).await;
    let run_at = async |address| {
        run(&check(Kind::Http(get(&format!("http://{address}/")))))
            .await
            .outcome
    };
    let outcome = run_at(closing).await;
    assert_eq!(outcome.reason, Reason::HttpEmptyReply, "{}", outcome.detail);
    let banner = serve(|mut stream| async move {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await;
    })
    .await;
    for _ in 0..20 {
        let outcome = run_at(banner).await; // Which error it ends with is a race.
        assert_eq!(outcome.reason, Reason::HttpMalformed, "{}", outcome.detail);
    }
    let resetting = serve(|stream| async move { stream.set_zero_linger().unwrap() }).await;
    let outcome = run_at(resetting).await;
    assert_eq!(outcome.reason, Reason::HttpReset, "{}", outcome.detail);
}

#[tokio::test]
async fn block_signs_and_retry_after() {
    let table = [
        (
            "429 X\r\nRetry-After: 120",
            Reason::BlockedRateLimited,
            Some(120),
        ),
        (
            "403 X\r\ncf-mitigated: challenge",
            Reason::BlockedChallenge,
            None,
        ),
        (
            "302 X\r\nLocation: https://consent.example.com/x",
            Reason::BlockedConsent,
            None,
        ),
        (
            "302 X\r\nLocation: /accounts/login/?next=%2Fpage",
            Reason::BlockedLogin,
            None,
        ),
        ("999 X", Reason::BlockedDenied, None),
    ];
    for (head, reason, pause) in table {
        let answer = format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n");
        let run = ask(answer, Then::Fin, |check| check.block_signs = true).await;
        assert_eq!(
            (run.outcome.class, run.outcome.reason),
            (Class::Blocked, reason),
            "{}",
            run.outcome.detail
        );
        assert_eq!(run.retry_after.map(|pause| pause.as_secs()), pause);
        assert_eq!(run.status, head[..3].parse().ok());
    }
}

#[tokio::test]
async fn a_login_in_the_url_is_sent_and_not_shown() {
    let (address, heads) = site(&[("/", "200 X\r\n")]).await;
    let url = format!("http://Aladdin:open%20sesame@{address}/");
    let run = run(&check(Kind::Http(get(&url)))).await;
    let head = heads.lock().unwrap().remove(0);
    let login = "authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="; // RFC 7617's own example
    assert!(head.lines().any(|line| line == login), "{head}");
    let shown = format!("{:?}", run.hops);
    assert!(
        !shown.contains("sesame") && !shown.contains("QWxh"),
        "{shown}"
    );
}

#[tokio::test]
async fn the_request_is_what_was_asked_for() {
    let (address, heads) = site(&[("/x?q=1", "200 X\r\n")]).await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "from-file\n").unwrap();
    let mut check = check(Kind::Http(get(&format!("http://u:p@{address}/x?q=1#frag"))));
    http(&mut check)
        .headers
        .insert(header::ACCEPT, HeaderValue::from_static("text/html"));
    check.credential = Some(Credential {
        name: "t".into(),
        source: CredentialSource::File(file.clone()),
    });
    assert_eq!(run(&check).await.outcome.reason, Reason::Ok);
    let head = heads.lock().unwrap().remove(0);
    let expected = [
        "GET /x?q=1 HTTP/1.1".to_owned(),
        format!("host: {address}"),
        "user-agent: platform_exporter/test".to_owned(),
        "accept-encoding: gzip, br, zstd".to_owned(),
        "accept: text/html".to_owned(),
        "authorization: Bearer from-file".to_owned(),
    ];
    let lines: Vec<&str> = head.lines().collect();
    for line in &expected {
        assert!(lines.contains(&line.as_str()), "{line} in {head}");
    }
    assert_eq!(lines.len(), expected.len() + 1);
    for (content, why) in [
        (Some(""), "is empty"),
        (Some("a\nb"), "not a header value"),
        (None, "cannot be read"),
    ] {
        match content {
            Some(content) => std::fs::write(&file, content).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        let outcome = run(&check).await.outcome;
        assert_eq!(
            (outcome.class, outcome.reason),
            (Class::Local, Reason::LocalCredentials)
        );
        assert!(outcome.detail.contains(why), "{}", outcome.detail);
    }
    assert!(
        heads.lock().unwrap().is_empty(),
        "nothing is sent without the credential"
    );
}

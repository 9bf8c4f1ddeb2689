//! HTTP over TLS, and what is left of a run.

use super::*;

#[tokio::test]
async fn over_tls() {
    let authority = Authority::new();
    let serve_tls = async |alpn: &[&[u8]], bytes: Vec<u8>| {
        let acceptor = authority.acceptor(alpn);
        serve(move |stream| {
            let (acceptor, bytes) = (acceptor.clone(), bytes.clone());
            async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                stream.write_all(&bytes).await.unwrap();
                stream.flush().await.unwrap();
                tokio::time::sleep(Duration::from_millis(100)).await;
                // Neither close_notify nor a reset.
                stream.get_mut().0.shutdown().await.unwrap();
                let _ = tokio::io::copy(&mut stream.into_inner().0, &mut tokio::io::sink()).await;
            }
        })
        .await
    };
    let h2 = [
        settings(&[]),
        frame(4, 1, 0, &[]),
        headers(0),
        frame(0, 1, 1, b"hi"),
    ]
    .concat();
    let both: &[&[u8]] = &[b"h2", b"http/1.1"];
    let clear = b"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:9/\r\n\r\n".to_vec();
    let close_delimited = b"HTTP/1.1 200 OK\r\n\r\nwhole".to_vec();
    let short = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi".to_vec();
    let (h1_only, h2_only) = (Some(HttpVersion::Http1), Some(HttpVersion::Http2));
    type Case<'a> = (
        &'a str,
        &'a [&'a [u8]],
        Vec<u8>,
        Option<HttpVersion>,
        Reason,
        &'a str,
    );
    let table: Vec<Case> = vec![
        (
            "row 90 by ALPN",
            both,
            h2.clone(),
            None,
            Reason::Ok,
            "HTTP/2 200",
        ),
        (
            "1.1 wanted",
            both,
            ok("hi"),
            h1_only,
            Reason::Ok,
            "HTTP/1.1 200",
        ),
        ("row 109", &[], ok("hi"), None, Reason::Ok, "HTTP/1.1 200"),
        (
            "h2 wanted, no ALPN",
            &[],
            ok("hi"),
            h2_only,
            Reason::TlsAlpn,
            "",
        ),
        (
            "row 83",
            &[],
            close_delimited,
            None,
            Reason::Ok,
            "HTTP/1.1 200",
        ),
        (
            "cut without close_notify",
            &[],
            short,
            None,
            Reason::HttpTruncated,
            "HTTP/1.1 200",
        ),
        (
            "nothing without close_notify",
            &[],
            vec![],
            None,
            Reason::HttpEmptyReply,
            "",
        ),
        ("row 108", both, ok("hi"), None, Reason::HttpProtocol, ""),
        (
            "row 58",
            &[],
            clear,
            None,
            Reason::HttpRedirectInvalid,
            "HTTP/1.1 302",
        ),
    ];
    for (name, alpn, bytes, version, reason, status) in table {
        let address = serve_tls(alpn, bytes).await;
        let mut check = check(Kind::Http(get(&format!("https://{address}/"))));
        *http(&mut check) = HttpTarget {
            version,
            tls: authority.options(),
            ..http(&mut check).clone()
        };
        let run = run(&check).await;
        assert_eq!(run.outcome.reason, reason, "{name}: {}", run.outcome.detail);
        assert_eq!(
            run.hops
                .last()
                .unwrap()
                .status
                .as_deref()
                .unwrap_or_default(),
            status,
            "{name}"
        );
    }
}

#[tokio::test]
async fn nothing_is_left_open() {
    for version in [HttpVersion::Http1, HttpVersion::Http2] {
        let (closed, mut heard) = tokio::sync::mpsc::channel(1);
        let address = serve(move |mut stream| {
            let closed = closed.clone();
            async move {
                let _ = stream.write_all(&settings(&[])).await;
                let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
                closed.send(()).await.unwrap();
            }
        })
        .await;
        let mut check = check(Kind::Http(get(&format!("http://{address}/"))));
        http(&mut check).version = Some(version);
        check.timeout = Duration::from_millis(200);
        run(&check).await;
        tokio::time::timeout(Duration::from_millis(500), heard.recv())
            .await
            .expect("closed")
            .unwrap();
    }
}

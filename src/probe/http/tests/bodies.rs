//! Bodies without end, and encodings, whole, broken and hostile.

use super::*;
use crate::probe::http::body;
use crate::probe::http::decode::Decoder;

fn brotli(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    brotli::CompressorWriter::new(&mut out, 4096, 5, 22)
        .write_all(body)
        .unwrap();
    out
}

fn zstd(body: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(body, ruzstd::encoding::CompressionLevel::Fastest)
}

#[tokio::test]
async fn endless_bodies() {
    use Then::Flood;
    let wanted = |check: &mut Check| {
        check.rules = vec![Rule {
            body: Some(BodyMatch::Contains("marker".into())),
            ..rule(Class::Ok)
        }];
    };
    let chunk = || Flood(b"4\r\nabcd\r\n".to_vec());
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let closing = "HTTP/1.1 200 OK\r\n\r\n";
    let marked = format!("{closing}marker");
    let table: [(&str, &str, Then, Reason); 4] = [
        ("row 15", chunked, chunk(), Reason::HttpBodyTooLarge),
        (
            "row 16",
            closing,
            Flood(b"a".to_vec()),
            Reason::HttpBodyTooLarge,
        ),
        (
            "one byte a chunk",
            chunked,
            Flood(b"1\r\na\r\n".to_vec()),
            Reason::HttpBodyTooLarge,
        ),
        ("it held", &marked, Flood(b"a".to_vec()), Reason::Ok),
    ];
    for (name, head, then, reason) in table {
        let run = ask(head, then, wanted).await;
        assert_eq!(run.outcome.reason, reason, "{name}: {}", run.outcome.detail);
    }
    let empty_chunks = Flood(b"1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\na\r\n".to_vec());
    let run = ask(chunked, empty_chunks, wanted).await;
    assert!(
        matches!(
            run.outcome.reason,
            Reason::HttpProtocol | Reason::HttpMalformed
        ),
        "{}",
        run.outcome.detail
    );
}

/// A body of tiny pieces costs time by the piece, not by the byte, and far more than it takes to send.
#[tokio::test]
async fn tiny_pieces_are_counted() {
    let pieces = |count: usize| {
        let body = "1\r\na\r\n".repeat(count);
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}0\r\n\r\n")
    };
    for (count, reason) in [
        (body::MAX_PIECES - 1, Reason::ContentMarkerMissing),
        (body::MAX_PIECES, Reason::HttpBodyTooLarge),
    ] {
        let run = ask(pieces(count), Then::Fin, |check| {
            check.rules = vec![Rule {
                body: Some(BodyMatch::Contains("marker".into())),
                ..rule(Class::Ok)
            }];
        })
        .await;
        assert_eq!(
            run.outcome.reason, reason,
            "{count}: {}",
            run.outcome.detail
        );
    }
}

#[tokio::test]
async fn encodings_are_undone() {
    let page = "hello marker ".repeat(20_000);
    let whole = regex::bytes::Regex::new("^(hello marker ){20000}$").unwrap();
    for (encoding, body) in [
        ("gzip", gzip(page.as_bytes())),
        ("x-gzip", gzip(page.as_bytes())),
        (
            "GZip",
            [gzip(page.as_bytes()), b"trailing".to_vec()].concat(),
        ),
        ("br", brotli(page.as_bytes())),
        ("zstd", zstd(page.as_bytes())),
        ("identity", page.clone().into_bytes()),
        ("identity, gzip", gzip(page.as_bytes())),
        ("gzip", vec![]),
        ("zstd", zstd(b"")),
    ] {
        let want_body = !body.is_empty() && body.len() > 20;
        let run = ask(encoded(encoding, &body), Then::Fin, |check| {
            check.rules = vec![rule(Class::Ok)];
            check.rules[0].body = want_body.then(|| BodyMatch::Matches(whole.clone()));
        })
        .await;
        assert_eq!(
            run.outcome.reason,
            Reason::Ok,
            "{encoding}: {}",
            run.outcome.detail
        );
        if want_body {
            assert!(run.hops[0].body_start.starts_with("hello marker "));
        }
    }
}

#[tokio::test]
async fn broken_encodings() {
    let page: Vec<u8> = (0..50_000u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    for (encoding, body) in [
        ("gzip", gzip(&page)),
        ("br", brotli(&page)),
        ("zstd", zstd(&page)),
    ] {
        let half = &body[..body.len() / 2];
        let mut flipped = body.clone();
        flipped[1] ^= 0xff;
        for (what, bytes) in [
            ("cut", half),
            ("flipped", &flipped),
            ("garbage", b"garbage that is no code at all"),
        ] {
            let run = ask(encoded(encoding, bytes), Then::Fin, |_| ()).await;
            assert_eq!(
                run.outcome.reason,
                Reason::HttpDecode,
                "{encoding} {what}: {}",
                run.outcome.detail
            );
        }
    }
}

#[tokio::test]
async fn bombs_cost_little() {
    let zeros = vec![0; 64 << 20];
    for (encoding, bomb) in [
        ("gzip", gzip(&zeros)),
        ("br", brotli(&zeros)),
        ("zstd", zstd(&zeros)),
    ] {
        let began = Instant::now();
        let headers = hyper::HeaderMap::from_iter([(
            header::CONTENT_ENCODING,
            HeaderValue::from_static(encoding),
        )]);
        let mut decoder = Decoder::new(&headers, 1 << 20).unwrap();
        let ended = bomb
            .chunks(16 * 1024)
            .map(|piece| decoder.push(piece))
            .find(|pushed| !matches!(pushed, Ok(false)));
        assert_eq!(
            ended.unwrap().unwrap_err().reason,
            Reason::HttpDecode,
            "{encoding}"
        );
        assert!(decoder.into_read().len() <= 1 << 20);
        assert!(
            began.elapsed() < Duration::from_millis(250),
            "{encoding}: {:?}",
            began.elapsed()
        );
    }
}

#[tokio::test]
async fn a_body_at_the_limit_is_whole_and_one_byte_more_is_cut() {
    for (length, reason) in [
        (64, Reason::ContentMarkerMissing),
        (65, Reason::HttpBodyTooLarge),
    ] {
        for body in [
            ok(&"x".repeat(length)),
            encoded("gzip", &gzip(&vec![b'x'; length])),
        ] {
            let run = ask(body, Then::Fin, |check| {
                http(check).body_limit = 64;
                check.rules = vec![Rule {
                    body: Some(BodyMatch::Contains("marker".into())),
                    ..rule(Class::Ok)
                }];
            })
            .await;
            assert_eq!(
                run.outcome.reason, reason,
                "{length}: {}",
                run.outcome.detail
            );
        }
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    /// Whatever a peer sends as an encoded body, the decoder ends it within its limit and without a panic.
    #[test]
    fn no_bytes_break_a_decoder(
        encoding in 0..3_usize,
        page in proptest::collection::vec(0..4_u8, 0..3000),
        flips in proptest::collection::vec((proptest::prelude::any::<proptest::sample::Index>(), 1..=255_u8), 0..6),
        pieces in 1..200_usize,
        limit in 1..4000_usize,
    ) {
        type Encode = fn(&[u8]) -> Vec<u8>;
        let encodings: [(&str, Encode); 3] = [("gzip", gzip), ("br", brotli), ("zstd", zstd)];
        let (name, encode) = encodings[encoding];
        let mut body = encode(&page);
        for (at, flip) in &flips {
            let at = at.index(body.len());
            body[at] ^= flip;
        }
        let headers = hyper::HeaderMap::from_iter([(header::CONTENT_ENCODING, HeaderValue::from_static(name))]);
        let mut decoder = Decoder::new(&headers, limit).unwrap();
        let stopped = body.chunks(pieces).map(|piece| decoder.push(piece)).any(|pushed| !matches!(pushed, Ok(false)));
        if stopped {
            let read = decoder.into_read();
            proptest::prop_assert!(read.len() <= limit);
            proptest::prop_assert!(!flips.is_empty() || page.len() > limit && read == page[..limit]);
        } else if let Ok((read, cut)) = decoder.finish() {
            proptest::prop_assert!(read.len() <= limit);
            proptest::prop_assert!(!flips.is_empty() || read == page[..page.len().min(limit)] && cut == (page.len() > limit));
        }
    }
}

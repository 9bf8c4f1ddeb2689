//! Faults of HTTP/2, in raw frames with prior knowledge.

use super::*;

fn goaway(last: u32, code: u32) -> Vec<u8> {
    frame(7, 0, 0, &[last.to_be_bytes(), code.to_be_bytes()].concat())
}

/// Speaks HTTP/2 with prior knowledge; gives the run and how many connections it took.
async fn ask2(bytes: Vec<u8>, then: Then, edit: impl FnOnce(&mut Check)) -> (Run, usize) {
    let connections = Arc::new(Mutex::new(0));
    let count = connections.clone();
    let address = serve(move |mut stream| {
        let (bytes, then) = (bytes.clone(), then.clone());
        *count.lock().unwrap() += 1;
        async move {
            let mut preface = [0; 24];
            let _ = stream.read_exact(&mut preface).await;
            assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
            // SETTINGS, WINDOW_UPDATE and HEADERS come in several segments.
            tokio::time::sleep(Duration::from_millis(30)).await;
            play(stream, &bytes, then).await;
        }
    })
    .await;
    let mut check = check(Kind::Http(get(&format!("http://{address}/page"))));
    http(&mut check).version = Some(HttpVersion::Http2);
    check.timeout = Duration::from_millis(900);
    edit(&mut check);
    let began = Instant::now();
    let run = run(&check).await;
    assert!(
        began.elapsed() < check.timeout + Duration::from_millis(250),
        "late: {:?}",
        began.elapsed()
    );
    let connections = *connections.lock().unwrap();
    (run, connections)
}

#[tokio::test]
async fn faults_of_http2() {
    use Reason::*;
    use Then::*;
    let ack = || frame(4, 1, 0, &[]);
    let start = || [settings(&[]), ack()].concat();
    let after = |more: Vec<u8>| [start(), more].concat();
    let data = |bytes: &[u8], flags| frame(0, flags, 1, bytes);
    let rst = |code: u32| frame(3, 0, 1, &code.to_be_bytes());
    let big = frame(1, 0, 1, &[0x88]);
    let continuation = frame(
        9,
        0,
        1,
        &[&[0x00, 0x01, b'x', 0x7f, 0xb0, 0x01][..], &[b'y'; 303]].concat(),
    );
    let table: Vec<(u32, Vec<u8>, Then, Reason)> = vec![
        (90, after([headers(0), data(b"hi", 1)].concat()), Hold, Ok),
        (91, after(goaway(0, 0)), Fin, HttpRefused),
        (92, after(goaway(0, 0xb)), Fin, BlockedRateLimited),
        (93, after(rst(7)), Hold, HttpRefused),
        (
            94,
            after([headers(0), data(b"hi", 0), rst(2)].concat()),
            Hold,
            HttpProtocol,
        ),
        (95, start(), Flood(settings(&[])), HttpProtocol),
        (96, start(), Flood(frame(6, 0, 0, &[0; 8])), HttpProtocol),
        (97, after(big), Flood(continuation), HttpProtocol),
        (98, after(headers(0)), Flood(data(b"", 0)), HttpProtocol),
        (99, after(headers(0)), Hold, HttpBodyTimeout),
        (100, vec![], Hold, HttpHeadersTimeout),
        (101, settings(&[(5, 0)]), Hold, HttpProtocol),
        (
            102,
            [settings(&[(4, 0)]), ack(), headers(1)].concat(),
            Hold,
            Ok,
        ),
        (
            103,
            after(frame(1, 5, 1, &[0xff, 0xff, 0xff, 0xff, 0xff, 0x0f])),
            Hold,
            HttpProtocol,
        ),
        (
            104,
            after([headers(0), data(&[0; 20_000], 1)].concat()),
            Hold,
            HttpProtocol,
        ),
        (
            106,
            after(frame(5, 4, 1, &[0, 0, 0, 2, 0x82])),
            Hold,
            HttpProtocol,
        ),
        (
            107,
            start(),
            Flood(frame(1, 4, 1, &[0x08, 3, b'1', b'0', b'3'])),
            HttpProtocol,
        ),
        (108, ok("hi"), Fin, HttpProtocol),
    ];
    for (row, bytes, then, reason) in table {
        let (run, connections) = ask2(bytes, then, |check| check.block_signs = true).await;
        assert_eq!(
            run.outcome.reason, reason,
            "row {row}: {}",
            run.outcome.detail
        );
        assert_eq!(
            connections,
            if reason == HttpRefused { 2 } else { 1 },
            "row {row}"
        );
    }
}

#[tokio::test]
async fn more_of_http2() {
    let start = [settings(&[]), frame(4, 1, 0, &[])].concat();
    let calm = [start.clone(), goaway(0, 0xb)].concat();
    let (run, _) = ask2(calm, Then::Fin, |_| ()).await;
    assert_eq!(
        (run.outcome.class, run.outcome.reason),
        (Class::Fail, Reason::HttpProtocol),
        "signs are off"
    );
    let many: Vec<u8> = [0x88]
        .into_iter()
        .chain(
            (0..20).flat_map(|_| [&[0x00, 1, b'x', 0x7f, 0xa1, 0x1e][..], &[b'y'; 4000]].concat()),
        )
        .collect();
    let mut bytes = [start, frame(1, 0, 1, &many[..16_000])].concat();
    for piece in many[16_000..].chunks(16_000) {
        let last = piece.as_ptr_range().end == many.as_ptr_range().end;
        bytes.extend(frame(9, if last { 4 } else { 0 }, 1, piece));
    }
    let (run, _) = ask2(bytes, Then::Hold, |_| ()).await;
    assert_eq!(
        run.outcome.reason,
        Reason::HttpHeadersTooLarge,
        "{}",
        run.outcome.detail
    );
    let start = [settings(&[]), frame(4, 1, 0, &[])].concat();
    let lines: Vec<u8> = [0x88]
        .into_iter()
        .chain([0x00, 1, b'x', 1, b'y'].repeat(101))
        .collect();
    let (run, _) = ask2([start, frame(1, 5, 1, &lines)].concat(), Then::Hold, |_| ()).await;
    assert_eq!(
        run.outcome.reason,
        Reason::HttpHeadersTooLarge,
        "{}",
        run.outcome.detail
    );
    let start = [settings(&[]), frame(4, 1, 0, &[]), headers(0)].concat();
    let (run, _) = ask2(start, Then::Flood(frame(0, 0, 1, &[0; 16_000])), |check| {
        check.rules = vec![Rule {
            body: Some(BodyMatch::Contains("marker".into())),
            ..rule(Class::Ok)
        }];
    })
    .await;
    // Row 105: who is faster, the flood past the window or we who widen it, is open.
    let reason = run.outcome.reason;
    assert!(
        matches!(reason, Reason::HttpProtocol | Reason::HttpBodyTooLarge),
        "{}",
        run.outcome.detail
    );
    let (run, _) = ask2(vec![], Then::Fin, |_| ()).await;
    assert_eq!(
        run.outcome.reason,
        Reason::HttpEmptyReply,
        "{}",
        run.outcome.detail
    );
}

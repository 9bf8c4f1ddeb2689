//! The http kind against servers on loopback: the rows of faults that arise in HTTP, each with the reason it must have.

mod bodies;
mod http1;
mod http2;
mod redirects;
mod tls;

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hyper::header::{self, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::config::*;
use crate::probe::failure::{Class, Reason};
use crate::probe::http::testing::{
    Authority, Then, check, get, play, read_head, rule, run, run_on, serve,
};
use crate::probe::observation::Run;

/// Asks a server that answers every request with these bytes.
async fn ask(bytes: impl Into<Vec<u8>>, then: Then, edit: impl FnOnce(&mut Check)) -> Run {
    let bytes: Vec<u8> = bytes.into();
    let address = serve(move |mut stream| {
        let (bytes, then) = (bytes.clone(), then.clone());
        async move {
            read_head(&mut stream).await;
            play(stream, &bytes, then).await;
        }
    })
    .await;
    let mut check = check(Kind::Http(get(&format!("http://{address}/page"))));
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

fn http(check: &mut Check) -> &mut HttpTarget {
    match &mut check.kind {
        Kind::Http(target) => target,
        _ => panic!("not http"),
    }
}

fn ok(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn encoded(encoding: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// Answers each path with what stands for it, and remembers the heads of the requests.
async fn site(
    pages: &'static [(&'static str, &'static str)],
) -> (std::net::SocketAddr, Arc<Mutex<Vec<String>>>) {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let kept = heads.clone();
    let address = serve(move |mut stream| {
        let kept = kept.clone();
        async move {
            let head = read_head(&mut stream).await;
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            kept.lock().unwrap().push(head);
            let answer = pages
                .iter()
                .find(|(page, _)| *page == path)
                .map_or("404 X\r\n", |(_, answer)| answer);
            play(
                stream,
                format!("HTTP/1.1 {answer}Content-Length: 0\r\n\r\n").as_bytes(),
                Then::Fin,
            )
            .await;
        }
    })
    .await;
    (address, heads)
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn settings(values: &[(u16, u32)]) -> Vec<u8> {
    let payload: Vec<u8> = values
        .iter()
        .flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat())
        .collect();
    frame(4, 0, 0, &payload)
}

/// HEADERS with `:status: 200` from the static table.
fn headers(flags: u8) -> Vec<u8> {
    frame(1, 4 | flags, 1, &[0x88])
}

//! Prints the alerts that Alertmanager posts to it, one line each: the receiver at the end of `examples/try-out`.
//!
//! `cargo run --example webhook [ADDRESS]`; without an address where the Alertmanager example expects it.

use std::convert::Infallible;
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

/// Of a notification; Alertmanager's own are some kilobytes.
const MOST_BYTES: usize = 4 << 20;

/// The heartbeat comes every minute and is worth one line.
static BEATS: AtomicBool = AtomicBool::new(false);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:9099")).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service_fn(receive));
        tokio::spawn(connection);
    }
}

async fn receive(request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    let receiver = request.uri().path().trim_start_matches('/').to_owned();
    let body = Limited::new(request.into_body(), MOST_BYTES)
        .collect()
        .await;
    let notification = body.ok().map(|body| body.to_bytes());
    let notification = notification.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let mut response = Response::new(Empty::new());
    match notification.as_ref().and_then(|n| n["alerts"].as_array()) {
        Some(alerts) => alerts.iter().for_each(|alert| print(&receiver, alert)),
        None => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    Ok(response)
}

fn print(receiver: &str, alert: &Value) {
    if receiver == "heartbeat" && BEATS.swap(true, Ordering::Relaxed) {
        return;
    }
    let label = |name: &str| alert["labels"][name].as_str().unwrap_or_default();
    let said = |name: &str| alert["annotations"][name].as_str().unwrap_or_default();
    // What tells alerts of one name apart.
    let about = ["platform", "component", "check", "vantage", "long"].map(label);
    let about: Vec<_> = about
        .into_iter()
        .filter(|label| !label.is_empty())
        .collect();
    println!(
        "{} → {receiver}: {} {} {}\n    {}\n    {}",
        alert["status"].as_str().unwrap_or_default().to_uppercase(),
        label("severity"),
        label("alertname"),
        about.join(" "),
        said("summary"),
        said("description"),
    );
}

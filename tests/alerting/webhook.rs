//! A receiver of alerts: keeps what Alertmanager posts to it, by path.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::header::AUTHORIZATION;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::stack::SLOW;

/// An alert as a receiver got it.
#[derive(Clone, Debug, Deserialize)]
pub struct Alert {
    /// Where it was posted to, without the slash.
    #[serde(skip)]
    pub receiver: String,
    /// `firing` or `resolved`.
    pub status: String,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
}

impl Alert {
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    pub fn is(&self, name: &str, status: &str) -> bool {
        self.label("alertname") == name && self.status == status
    }
}

#[derive(Deserialize)]
struct Notification {
    alerts: Vec<Alert>,
}

/// Listens until the test ends.
pub struct Webhook {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Alert>>>,
}

impl Webhook {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received: Arc<Mutex<Vec<Alert>>> = Arc::default();
        let keep = Arc::clone(&received);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let keep = Arc::clone(&keep);
                let service = service_fn(move |request| receive(request, Arc::clone(&keep)));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        Self { address, received }
    }

    /// Everything that came, in its order, but for the heartbeat and what looks at days.
    pub fn alerts(&self) -> Vec<Alert> {
        let all = self.received.lock().unwrap().clone();
        all.into_iter()
            .filter(|alert| alert.receiver != "heartbeat" && alert.label("alertname") != SLOW)
            .collect()
    }

    /// All that was said to fire was said to be over.
    pub fn is_settled(&self) -> bool {
        let mut last = BTreeMap::new();
        for alert in self.alerts() {
            last.insert((alert.receiver, alert.labels), alert.status);
        }
        last.values().all(|status| status == "resolved")
    }

    /// The heartbeat has come.
    pub fn beats(&self) -> bool {
        let received = self.received.lock().unwrap();
        received
            .iter()
            .any(|a| a.receiver == "heartbeat" && a.is("PlatformWatchdog", "firing"))
    }

    /// Forgets what came.
    pub fn forget(&self) {
        self.received.lock().unwrap().clear();
    }
}

async fn receive(
    request: Request<Incoming>,
    keep: Arc<Mutex<Vec<Alert>>>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let receiver = request.uri().path().trim_start_matches('/').to_owned();
    // Each receiver has a secret of its own, out of its file.
    let secret = request.headers().get(AUTHORIZATION).cloned();
    let expected = format!("Bearer secret of {receiver}");
    let mut response = Response::new(Empty::new());
    if secret.is_none_or(|secret| secret != expected.as_str()) {
        *response.status_mut() = hyper::StatusCode::UNAUTHORIZED;
        return Ok(response);
    }
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let notification: Notification = serde_json::from_slice(&body).unwrap();
    let alerts = notification.alerts.into_iter().map(|alert| Alert {
        receiver: receiver.clone(),
        ..alert
    });
    keep.lock().unwrap().extend(alerts);
    Ok(response)
}

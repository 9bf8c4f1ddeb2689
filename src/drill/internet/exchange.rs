//! What is asked of a simulated server and what it answers.

use hyper::header::UPGRADE;
use hyper::{HeaderMap, Method, Request, Version};
use serde_json::{Value, json};

/// A request as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Whom it is meant for: the server name of the TLS handshake, else the Host header.
    pub host: &'a str,
    /// Its method.
    pub method: &'a Method,
    /// Path of its URL.
    pub path: &'a str,
    /// Query of its URL; empty: none.
    pub query: &'a str,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// HTTP version.
    pub version: Version,
}

impl<'a> Asked<'a> {
    /// Reads a request; `host` is whom it is meant for.
    pub fn new<B>(request: &'a Request<B>, host: &'a str) -> Self {
        Self {
            host,
            method: request.method(),
            path: request.uri().path(),
            query: request.uri().query().unwrap_or_default(),
            headers: request.headers(),
            version: request.version(),
        }
    }

    /// Whether it asks for a WebSocket.
    pub fn is_upgrade(&self) -> bool {
        self.header(UPGRADE.as_str())
            .eq_ignore_ascii_case("websocket")
    }

    /// A header's value; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The token of its `Authorization: Bearer`.
    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization").strip_prefix("Bearer ")
    }

    /// Whether any token came along.
    pub fn has_token(&self) -> bool {
        self.bearer().is_some() || self.query.contains("access_token=")
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Names and values of its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// With a status, a content type and a body.
    pub fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), kind.to_owned())],
            body: body.into(),
        }
    }

    /// A page.
    pub fn html(status: u16, body: &str) -> Self {
        Self::new(status, "text/html; charset=utf-8", body)
    }

    /// Plain text.
    pub fn text(status: u16, body: &str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    /// A JSON document.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json; charset=utf-8", body.to_string())
    }

    /// A redirect.
    pub fn redirect(status: u16, to: &str) -> Self {
        Self::text(status, "").with("location", to)
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// An error of the Graph API.
    pub fn graph(status: u16, code: u32, message: &str) -> Self {
        let error = json!({"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "AbCdEfGhIjK"});
        Self::json(status, &json!({ "error": error })).with("x-fb-debug", "x7Yz==")
    }

    /// What the Graph API said on 5 March 2024.
    pub fn graph_outage() -> Self {
        Self::graph(400, 2, "Service temporarily unavailable")
    }

    /// An error of X's API.
    pub fn x_error(status: u16, code: u32, message: &str) -> Self {
        Self::json(
            status,
            &json!({"errors": [{"code": code, "message": message}]}),
        )
    }
}

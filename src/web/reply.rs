//! Responses, each with the headers that keep a browser from doing more than showing it.

use http_body_util::{Either, Full};
use hyper::body::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use crate::metrics::MetricsBody;

/// A whole body, or a metrics page that is streamed.
pub type Reply = Response<Either<Full<Bytes>, MetricsBody>>;

pub const TEXT: &str = "text/plain; charset=utf-8";
pub const HTML: &str = "text/html; charset=utf-8";
pub const JSON: &str = "application/json";

/// No scripts, nothing from elsewhere, not in a frame. The one thing allowed is the page's own inline style.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const ALWAYS: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
];

/// A whole body.
pub fn whole(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Reply {
    reply(status, content_type, Either::Left(Full::new(body.into())))
}

/// A sentence, with a line end for those who read it in a terminal.
pub fn sentence(status: StatusCode, text: impl std::fmt::Display) -> Reply {
    whole(status, TEXT, format!("{text}\n"))
}

/// A metrics page.
pub fn metrics(content_type: &'static str, body: MetricsBody) -> Reply {
    reply(StatusCode::OK, content_type, Either::Right(body))
}

fn reply(
    status: StatusCode,
    content_type: &'static str,
    body: Either<Full<Bytes>, MetricsBody>,
) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    reply
}

//! What is kept of an answer's head.

use std::time::{Duration, SystemTime};

use hyper::header::RETRY_AFTER;
use hyper::{HeaderMap, Response};

use crate::probe::escape::{DETAIL, escape};
use crate::probe::trace::Trace;

/// Longer pauses are a mistake of the peer's, or mischief.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// Records status, headers and Retry-After.
pub(in crate::probe) fn record<B>(trace: &Trace, response: &Response<B>) {
    let status = response.status().as_u16();
    trace.set_status(status);
    if let Some(pause) = retry_after(response.headers(), SystemTime::now()) {
        trace.set_retry_after(pause);
    }
    trace.hop(|hop| {
        hop.status = Some(format!("{} {status}", version(response.version())));
        hop.response_headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), escape(value.as_bytes(), DETAIL)))
            .collect();
    });
}

fn version(version: hyper::Version) -> &'static str {
    match version {
        hyper::Version::HTTP_2 => "HTTP/2",
        hyper::Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    }
}

/// Seconds or a date (RFC 9110, section 10.2.3); a date in the past is no pause.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text)
            .ok()?
            .duration_since(now)
            .unwrap_or_default(),
    };
    Some(pause.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let table = [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:40:37 GMT", Some(0)),
            ("18446744073709551615", Some(86_400)),
            ("-1", None),
            ("soon", None),
        ];
        for (text, expected) in table {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]);
            assert_eq!(
                retry_after(&headers, now).map(|pause| pause.as_secs()),
                expected,
                "{text}"
            );
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}

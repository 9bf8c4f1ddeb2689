//! Where a redirect leads, and whether we go there. Pure.

use hyper::HeaderMap;
use hyper::header::LOCATION;
use url::Url;

/// Longer addresses are an attack on whoever joins them (CVE-2026-56860); browsers stop at about as much.
const LOCATION_LIMIT: usize = 8 * 1024;

/// Whether a status asks to go elsewhere. 300, 304 and 305 do not.
pub(in crate::probe) const fn asks(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The address that a redirect names.
///
/// # Errors
/// Why there is none, for people.
pub(in crate::probe) fn target(headers: &HeaderMap, base: &Url) -> Result<Url, &'static str> {
    let location = headers
        .get(LOCATION)
        .ok_or("a redirect without Location")?
        .as_bytes();
    if location.is_empty() {
        return Err("a redirect with an empty Location");
    }
    if location.len() > LOCATION_LIMIT {
        return Err("a Location over 8 KiB");
    }
    let location = std::str::from_utf8(location).map_err(|_| "a Location that is not text")?;
    let mut to = base
        .join(location)
        .map_err(|_| "a Location that is no URL")?;
    to.set_fragment(None);
    Ok(to)
}

/// Whether we go where a well-formed redirect leads.
///
/// # Errors
/// Why not, for people.
pub(super) fn allowed(from: &Url, to: &Url) -> Result<(), &'static str> {
    match (from.scheme(), to.scheme()) {
        // The health of TLS must not be judged on a page in the clear.
        ("https", "http") => Err("a redirect from https to http"),
        (_, "http" | "https") => Ok(()),
        _ => Err("a redirect to another scheme than http and https"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[test]
    fn targets() {
        let base: Url = "https://a.example/x/y?q#f".parse().unwrap();
        let long = format!("/{}", "../a".repeat(25_000));
        let table: [(&[u8], Result<&str, &str>); 9] = [
            (b"/z#part", Ok("https://a.example/z")),
            (b"z", Ok("https://a.example/x/z")),
            (b"//b.example", Ok("https://b.example/")),
            (b"http://c.example:81/", Ok("http://c.example:81/")),
            ("/\u{e9}".as_bytes(), Ok("https://a.example/%C3%A9")),
            (b"", Err("a redirect with an empty Location")),
            (b"http://[::1", Err("a Location that is no URL")),
            (b"/\xff", Err("a Location that is not text")),
            (long.as_bytes(), Err("a Location over 8 KiB")),
        ];
        for (location, expected) in table {
            let headers =
                HeaderMap::from_iter([(LOCATION, HeaderValue::from_bytes(location).unwrap())]);
            let got = target(&headers, &base);
            assert_eq!(got.as_ref().map(Url::as_str).map_err(|why| *why), expected);
        }
        assert_eq!(
            target(&HeaderMap::new(), &base),
            Err("a redirect without Location")
        );
    }

    #[test]
    fn schemes() {
        let table = [
            ("https://a/", "https://b/", true),
            ("http://a/", "https://a/", true),
            ("http://a/", "http://b/", true),
            ("https://a/", "http://a/", false),
            ("http://a/", "file:///etc/hostname", false),
            ("https://a/", "javascript:alert(1)", false),
        ];
        for (from, to, expected) in table {
            assert_eq!(
                allowed(&from.parse().unwrap(), &to.parse().unwrap()).is_ok(),
                expected,
                "{from} {to}"
            );
        }
    }
}

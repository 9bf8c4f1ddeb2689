//! How each value is read, and what is said of one that is wrong. No message repeats a text that may hold a secret.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use hyper::header;
use regex::{Regex, bytes};
use url::Url;

use super::super::env;
use super::super::settings::{HostPort, Proxy, ProxyKind, Secret, StatusMatch};

/// The longest duration: a check that runs less than once a day watches nothing.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(86_400);
/// The shortest duration: time is counted in milliseconds.
const SHORTEST: std::time::Duration = std::time::Duration::from_millis(1);
/// Bytes of decoded body that a check may ask for: more than 2 MiB never cross the wire, and text compresses eightfold.
const LARGEST_BODY: usize = 16 << 20;
/// Characters of a text that becomes a label or a header.
const LONGEST_LABEL: usize = 200;

/// A text as messages show it: without control characters, and cut.
pub(in crate::config) fn quote(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut shown: String = text.escape_debug().take(SHOWN).collect();
    if text.escape_debug().nth(SHOWN).is_some() {
        shown.push('…');
    }
    format!("`{}`", shown.replace("\\\"", "\"").replace("\\'", "'"))
}

fn bad(text: &str, expected: &str) -> String {
    format!("{} is not {expected}", quote(text))
}

pub(super) fn name(text: &str) -> Result<String, String> {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    match !text.is_empty() && text.chars().all(word) {
        true => Ok(text.into()),
        false => Err(format!(
            "the name {} may only have a-z, 0-9 and _",
            quote(text)
        )),
    }
}

pub(super) fn duration(text: &str) -> Result<std::time::Duration, String> {
    if text.trim().parse::<f64>().is_ok() {
        return Err(no_unit(text.trim()));
    }
    // humantime's own words point into the text by byte; the form is simple enough to be shown instead.
    let duration = humantime::parse_duration(text)
        .map_err(|_| bad(text, "a duration: write it like 5s, 500ms or 1m30s"))?;
    match (SHORTEST..=LONGEST).contains(&duration) {
        true => Ok(duration),
        false => Err(format!(
            "{} is out of range: a duration is from 1ms to 1 day",
            quote(text)
        )),
    }
}

/// A point in time as a timeline gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// By the calendar.
    At(jiff::Timestamp),
    /// So long after the start.
    After(std::time::Duration),
}

pub(super) fn moment(text: &str) -> Result<When, String> {
    // A year stands before the first `-` of a date; no duration has one.
    if text.get(4..5) == Some("-") {
        return text.parse().map(When::At).map_err(|_| {
            bad(
                text,
                "a time: write it with its zone, like 2024-03-05T15:00:00Z",
            )
        });
    }
    duration(text).map(When::After)
}

/// What is said of a number where a duration is needed.
pub(in crate::config) fn no_unit(number: &str) -> String {
    format!("{number} has no unit; write {number}s for seconds, or the like of 500ms, 1m30s")
}

pub(super) fn pattern(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| bad_pattern(&error))
}

pub(super) fn bytes_pattern(text: &str) -> Result<bytes::Regex, String> {
    bytes::Regex::new(text).map_err(|error| bad_pattern(&error))
}

fn bad_pattern(error: &regex::Error) -> String {
    // The text ends with the cause; before it stands the whole expression, which may hold a secret.
    let text = error.to_string();
    let cause = text
        .lines()
        .rev()
        .find_map(|line| line.trim().strip_prefix("error: "));
    match (error, cause) {
        (regex::Error::CompiledTooBig(_), _) => "the regular expression is too large".into(),
        (_, Some(cause)) => format!("bad regular expression: {cause}"),
        _ => "bad regular expression".into(),
    }
}

pub(super) fn http_url(text: &str) -> Result<Url, String> {
    url(text, ["http", "https"])
}

pub(super) fn websocket_url(text: &str) -> Result<Url, String> {
    url(text, ["ws", "wss"])
}

fn url(text: &str, schemes: [&str; 2]) -> Result<Url, String> {
    let [plain, secure] = schemes;
    let form = format!("begin with {plain}:// or {secure}://");
    if !text.contains("://") {
        return Err(format!("not a URL: {form}"));
    }
    let url = strict_url(text).map_err(|error| format!("not a URL: {error}"))?;
    match schemes.contains(&url.scheme()) && url.has_host() {
        true => Ok(url),
        false => Err(format!(
            "the scheme {} does not fit: {form}",
            quote(url.scheme())
        )),
    }
}

/// Stricter than browsers are, which repair white space, backslashes and missing slashes.
fn strict_url(text: &str) -> Result<Url, String> {
    let repaired = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
    if text.contains(repaired) {
        return Err("white space and backslashes must be percent-encoded".into());
    }
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let rest = text.get(url.scheme().len()..).unwrap_or_default();
    match rest.starts_with("://") {
        true => Ok(url),
        false => Err("the scheme must be followed by ://".into()),
    }
}

pub(super) fn proxy(text: &str) -> Result<Proxy, String> {
    const FORM: &str = "write http://host:port or socks5h://host:port";
    let wrong = || format!("not a proxy: {FORM}");
    let url = strict_url(text)
        .ok()
        .filter(Url::has_host)
        .ok_or_else(wrong)?;
    let (kind, default_port) = match url.scheme() {
        "http" => (ProxyKind::Http, 80),
        "socks5h" => (ProxyKind::Socks5, 1080),
        scheme => return Err(format!("the scheme {} does not fit: {FORM}", quote(scheme))),
    };
    let host = url
        .host_str()
        .filter(|host| !host.is_empty())
        .ok_or_else(wrong)?;
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let login = (!url.username().is_empty() || url.password().is_some()).then(|| {
        let password = unescape(url.password().unwrap_or_default());
        (unescape(url.username()), Secret(password))
    });
    let port = url.port_or_known_default().unwrap_or(default_port);
    Ok(Proxy {
        kind,
        address: HostPort { host, port },
        login,
    })
}

/// Undoes percent-encoding; what is not well encoded stays as it is.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        match after.get(..2).map(|hex| u8::from_str_radix(hex, 16)) {
            Some(Ok(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(b'%');
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(super) fn address(text: &str) -> Result<HostPort, String> {
    let wrong = || {
        bad(
            text,
            "an address: write host:port, with an IPv6 host in brackets",
        )
    };
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port = port_number(port).ok_or_else(wrong)?;
    Ok(HostPort {
        host: host_name(host).ok_or_else(wrong)?,
        port,
    })
}

fn port_number(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port != 0)
}

/// A domain name without its final dot, or an IP address without brackets.
fn host_name(text: &str) -> Option<String> {
    if let Some(address) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        return address
            .parse::<std::net::Ipv6Addr>()
            .ok()
            .map(|ip| ip.to_string());
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    is_domain(name).then(|| name.to_ascii_lowercase())
}

/// Letters, digits, `-` and `_` in labels of 1 to 63, at most 253 in all (RFC 1035).
fn is_domain(name: &str) -> bool {
    let byte = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(byte);
    name.len() <= 253 && name.split('.').all(label)
}

pub(super) fn resolver(text: &str) -> Result<SocketAddr, String> {
    const DNS: u16 = 53;
    let bare = || text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, DNS));
    match text.parse::<SocketAddr>().or_else(|_| bare()) {
        Ok(address) if address.port() != 0 => Ok(address),
        _ => Err(bad(
            text,
            "the address of a resolver: write 192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53",
        )),
    }
}

pub(super) fn ip(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| bad(text, "an IP address"))
}

pub(super) fn connect_from(text: &str) -> Result<(Option<String>, Option<u16>), String> {
    let wrong = || bad(text, "host:port, :port or host:");
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let host = match host {
        "" => None,
        host => Some(host_name(host).ok_or_else(wrong)?),
    };
    let port = match port {
        "" => None,
        port => Some(port_number(port).ok_or_else(wrong)?),
    };
    match (&host, port) {
        (None, None) => Err(wrong()),
        _ => Ok((host, port)),
    }
}

pub(super) fn header_name(text: &str) -> Result<header::HeaderName, String> {
    text.parse().map_err(|_| bad(text, "the name of a header"))
}

pub(super) fn header_value(text: &str) -> Result<header::HeaderValue, String> {
    // From bytes: UTF-8 is what servers read when it is not ASCII.
    header::HeaderValue::from_bytes(text.as_bytes())
        .map_err(|_| "a header's value has no line breaks or other control characters".into())
}

pub(super) fn json_pointer(text: &str) -> Result<String, String> {
    let escaped = |part: &str| part.starts_with('0') || part.starts_with('1');
    match (text.is_empty() || text.starts_with('/')) && text.split('~').skip(1).all(escaped) {
        true => Ok(text.into()),
        false => Err(format!(
            "{} is not a JSON Pointer: it begins with / and writes ~ as ~0",
            quote(text)
        )),
    }
}

pub(super) fn status(text: &str) -> Result<StatusMatch, String> {
    let wrong = || {
        bad(
            text,
            "a status: write 100 to 999, or a class from 1xx to 9xx",
        )
    };
    let (number, class) = match text.strip_suffix("xx") {
        Some(first) => (first, true),
        None => (text, false),
    };
    let digits =
        number.len() == if class { 1 } else { 3 } && number.bytes().all(|b| b.is_ascii_digit());
    let number: u16 = number.parse().ok().filter(|_| digits).ok_or_else(wrong)?;
    match (class, number) {
        (true, 1..=9) => Ok(StatusMatch::Hundred(number)),
        (false, 100..=999) => Ok(StatusMatch::Exact(number)),
        _ => Err(wrong()),
    }
}

pub(super) fn size(text: &str) -> Result<usize, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim_start_matches(' ') {
        "" | "B" => Some(1),
        "kB" => Some(1000),
        "MB" => Some(1_000_000),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        _ => None,
    };
    let size = number
        .parse::<usize>()
        .ok()
        .zip(unit)
        .and_then(|(n, unit)| n.checked_mul(unit));
    match size {
        Some(size @ 1..=LARGEST_BODY) => Ok(size),
        Some(_) => Err(format!(
            "{} is out of range: a size is from 1 to 16MiB",
            quote(text)
        )),
        None => Err(bad(text, "a size: write it like 4096, 64KiB or 1MiB")),
    }
}

pub(super) fn dns_name(text: &str) -> Result<String, String> {
    let name = text.strip_suffix('.').unwrap_or(text);
    match text == "." || is_domain(name.strip_prefix("*.").unwrap_or(name)) {
        true => Ok(text.into()),
        false => Err(bad(text, "a domain name")),
    }
}

pub(super) fn server_name(text: &str) -> Result<String, String> {
    match rustls::pki_types::ServerName::try_from(text) {
        Ok(_) => Ok(text.into()),
        Err(_) => Err(bad(text, "a host name or IP address")),
    }
}

pub(super) fn file_path(text: &str) -> Result<PathBuf, String> {
    match text.is_empty() || text.contains(char::is_control) {
        false => Ok(text.into()),
        true => Err("not the path of a file".into()),
    }
}

pub(super) fn label(text: &str) -> Result<String, String> {
    match !text.trim().is_empty()
        && !text.chars().any(char::is_control)
        && text.chars().count() <= LONGEST_LABEL
    {
        true => Ok(text.into()),
        false => Err(format!(
            "expected one line of 1 to {LONGEST_LABEL} characters"
        )),
    }
}

pub(super) fn contact(text: &str) -> Result<String, String> {
    let visible = |b: u8| b.is_ascii_graphic() && b != b'(' && b != b')';
    match (1..=LONGEST_LABEL).contains(&text.len()) && text.bytes().all(visible) {
        true => Ok(text.into()),
        false => Err(
            "expected a URL or mail address of ASCII characters without spaces and parentheses"
                .into(),
        ),
    }
}

pub(super) fn variable(text: &str) -> Result<String, String> {
    match env::is_name(text) {
        true => Ok(text.into()),
        false => {
            Err("not the name of an environment variable: write it without $ and braces".into())
        }
    }
}

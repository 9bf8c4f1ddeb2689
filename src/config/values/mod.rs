//! The values that are written as text, such as durations, addresses and expressions: what each looks like for the
//! schema, and how it is read.
//!
//! One table makes the types, so what the schema says of a value and what the program accepts stand side by side.

mod lists;
mod read;

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::LazyLock;

use hyper::header;
use regex::{Regex, bytes};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer};
use url::Url;

use super::settings::{HostPort, Proxy, StatusMatch};
pub use lists::{Entries, Items, OneOrMore};
pub use read::When;

use read::*;
pub(super) use read::{no_unit, quote};

macro_rules! values {
    ($($(#[doc = $doc:literal])* $name:ident($type:ty) = $parse:path, $types:tt, $title:literal, $pattern:expr;)*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Clone)]
            pub struct $name(pub $type);

            impl FromStr for $name {
                type Err = String;
                fn from_str(text: &str) -> Result<Self, String> {
                    static FORM: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($pattern).ok());
                    let value = $parse(text)?;
                    // The schema must not refuse what is accepted here, so its form has the last word.
                    match FORM.as_ref().is_some_and(|form| form.is_match(text)) {
                        true => Ok(Self(value)),
                        false => Err(concat!("not ", $title).into()),
                    }
                }
            }

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                    scalar(from)?.parse().map_err(de::Error::custom)
                }
            }

            impl JsonSchema for $name {
                fn schema_name() -> Cow<'static, str> {
                    stringify!($name).into()
                }

                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    let description = [$($doc.trim()),*].join(" ");
                    json_schema!({
                        "title": $title, "description": description, "type": $types, "pattern": $pattern,
                    })
                }
            }
        )*

        /// Reads a text as the value that the schema calls `name`; other texts are free.
        pub(super) fn check(name: &str, text: &str) -> Result<(), String> {
            match name {
                $(stringify!($name) => text.parse::<$name>().map(drop),)*
                _ => Ok(()),
            }
        }

        #[cfg(test)]
        pub(super) const ALL: &[&str] = &[$(stringify!($name)),*];
    };
}

/// A pattern of the schema: the form itself, or a text with a variable, whose form shows only when it is expanded.
macro_rules! form {
    ($pattern:literal) => {
        concat!("^(?:", $pattern, ")$|\\$\\{")
    };
}

values! {
    /// Name of a platform, component, check or credential, as it stands in labels.
    Name(String) = name, "string", "a name of a-z, 0-9 and _", "^[a-z0-9_]+$";
    /// A duration with its unit, such as `500ms`, `5s` or `1m30s`; from 1ms to 1 day.
    Duration(std::time::Duration) = duration, "string", "a duration such as 5s, 500ms or 1m30s",
        form!(r"\s*(?:[0-9]+(?:\.[0-9]+)?\s*[A-Za-zµ]+\s*)+");
    /// A time with its zone, such as `2024-03-05T15:00:00Z`, or a duration since the start, such as `45m`.
    Moment(When) = moment, "string", "a time such as 2024-03-05T15:00:00Z, or a duration since the start such as 45m",
        form!(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})|\s*(?:[0-9]+(?:\.[0-9]+)?\s*[A-Za-zµ]+\s*)+");
    /// A regular expression (syntax of Rust's regex crate), found anywhere in the text.
    Pattern(Regex) = pattern, "string", "a regular expression", "";
    /// A regular expression (syntax of Rust's regex crate), found anywhere in the bytes.
    BytesPattern(bytes::Regex) = bytes_pattern, "string", "a regular expression", "";
    /// An address that begins with `http://` or `https://`.
    HttpUrl(Url) = http_url, "string", "a URL such as https://host/path", form!("[Hh][Tt][Tt][Pp][Ss]?://.+");
    /// An address that begins with `ws://` or `wss://`.
    WebsocketUrl(Url) = websocket_url, "string", "a URL such as wss://host/path", form!("[Ww][Ss][Ss]?://.+");
    /// A proxy: `http://host:port` or `socks5h://host:port`, with `user:password@` before the host if needed.
    ProxyUrl(Proxy) = proxy, "string", "a proxy such as socks5h://host:1080", form!("[A-Za-z0-9]+://.+");
    /// `host:port`; an IPv6 address stands in brackets.
    Address(HostPort) = address, "string", "an address such as host:443", form!(r".+:[0-9]+");
    /// IP address of a resolver, with or without port (53).
    Resolver(SocketAddr) = resolver, "string", "an IP address such as 192.0.2.1 or 192.0.2.1:53", form!(r"[0-9A-Fa-f:.%\[\]]+");
    /// IP address.
    Ip(IpAddr) = ip, "string", "an IP address", form!(r"[0-9A-Fa-f:.]+");
    /// `host:port`, `:port` for any host, or `host:` for any port.
    ConnectFrom((Option<String>, Option<u16>)) = connect_from, "string", "host:port, :port or host:", ":";
    /// Name of an HTTP header.
    HeaderName(header::HeaderName) = header_name, "string", "the name of a header", "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";
    /// Value of an HTTP header.
    HeaderValue(header::HeaderValue) = header_value, "string", "the value of a header", r"^[^\x00-\x08\x0A-\x1F\x7F]*$";
    /// JSON Pointer (RFC 6901) such as `/error/code`.
    JsonPointer(String) = json_pointer, "string", "a JSON Pointer such as /error/code", r"^(?:/(?:[^~/]|~[01])*)*$";
    /// A status such as `404`, or a class of them such as `5xx`.
    Status(StatusMatch) = status, ["integer", "string"], "a status such as 404 or 5xx", form!("[1-9][0-9][0-9]|[1-9]xx");
    /// A number of bytes, or one with a unit such as `64KiB` or `1MiB`; at most 16MiB.
    Size(usize) = size, ["integer", "string"], "a size such as 4096, 64KiB or 1MiB", form!("[0-9]+ *(?:B|kB|MB|KiB|MiB)?");
    /// A domain name.
    DnsName(String) = dns_name, "string", "a domain name", form!(r"[0-9A-Za-z_*-]+(?:\.[0-9A-Za-z_-]+)*\.?|\.");
    /// Name that is asked for and verified in a TLS handshake.
    ServerName(String) = server_name, "string", "a host name or IP address", form!(".+");
    /// Path of a file; a relative one starts at the directory of the configuration.
    FilePath(PathBuf) = file_path, "string", "the path of a file", ".";
    /// A short text for people and labels.
    Label(String) = label, "string", "a text of one line", ".";
    /// A URL or mail address, put into the User-Agent.
    Contact(String) = contact, "string", "a URL or mail address", form!("[!-'*-~]+");
    /// Name of an environment variable.
    Variable(String) = variable, "string", "the name of an environment variable", "^[A-Za-z_][A-Za-z0-9_]*$";
}

/// The text of a scalar: a number stands for its digits.
fn scalar<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    match serde_json::Value::deserialize(from)? {
        serde_json::Value::String(text) => Ok(text),
        serde_json::Value::Number(number) => Ok(number.to_string()),
        _ => Err(de::Error::custom("expected text")),
    }
}

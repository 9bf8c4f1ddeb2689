//! What a check sends, and the answer that its kind expects before any rule is asked.
//!
//! Nothing that could be a secret is printed: see [`shown`].

use hyper::HeaderMap;
use url::Url;

use super::line;
use crate::catalog::FILES;
use crate::config::{
    Check, Config, DnsTarget, HttpTarget, HttpVersion, Kind, TcpTarget, TlsOptions,
    WebsocketTarget, WsProtocol,
};

/// What stands in place of a value that could be a secret.
const HIDDEN: &str = "<hidden>";

/// Headers whose values are never secret.
const PLAIN_HEADERS: [&str; 12] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "content-type",
    "origin",
    "pragma",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-fetch-user",
    "user-agent",
];

pub(super) fn describe(text: &mut String, config: &Config, check: &Check) {
    match &check.kind {
        Kind::Http(http) => describe_http(text, config, check, http),
        Kind::Websocket(ws) => describe_websocket(text, config, check, ws),
        Kind::Tcp(tcp) => describe_tcp(text, tcp),
        Kind::Tls(tls) => {
            line(
                text,
                6,
                &format!("connects to {} and shakes hands over TLS", tls.address),
            );
            describe_tls(text, &tls.tls);
        }
        Kind::Dns(dns) => describe_dns(text, dns),
    }
    if let Some(expectation) = expectation(&check.kind) {
        line(text, 6, &format!("expects {expectation}"));
    }
}

fn describe_http(text: &mut String, config: &Config, check: &Check, http: &HttpTarget) {
    line(text, 6, &format!("{} {}", http.method, address(&http.url)));
    describe_headers(text, config, check, &http.headers);
    if let Some(body) = &http.body {
        line(text, 8, &format!("and a body of {} bytes", body.len()));
    }
    let redirects = match http.max_redirects {
        0 => "follows no redirect".to_owned(),
        most => format!("follows up to {most} redirects"),
    };
    let version = match http.version {
        Some(HttpVersion::Http1) => "; insists on HTTP/1.1",
        Some(HttpVersion::Http2) => "; insists on HTTP/2",
        None => "",
    };
    line(
        text,
        6,
        &format!(
            "{redirects}; reads up to {} bytes{version}",
            http.body_limit
        ),
    );
    describe_tls(text, &http.tls);
}

fn describe_websocket(text: &mut String, config: &Config, check: &Check, ws: &WebsocketTarget) {
    line(
        text,
        6,
        &format!("GET {} with an upgrade to WebSocket", address(&ws.url)),
    );
    describe_headers(text, config, check, &ws.headers);
    if let Some(subprotocol) = &ws.subprotocol {
        line(text, 8, &format!("sec-websocket-protocol: {subprotocol}"));
    }
    match &ws.protocol {
        WsProtocol::Plain { send, .. } => describe_sent(text, send.as_deref()),
        WsProtocol::WhatsappNoise { dict_version } => {
            let hello = format!("says WhatsApp's hello (version {dict_version})");
            line(text, 6, &hello);
        }
    }
    describe_tls(text, &ws.tls);
}

fn describe_tcp(text: &mut String, tcp: &TcpTarget) {
    line(text, 6, &format!("connects to {}", tcp.address));
    describe_sent(text, tcp.send.as_deref());
}

fn describe_dns(text: &mut String, dns: &DnsTarget) {
    let whom = dns
        .server
        .map_or_else(|| "the resolver".to_owned(), |server| server.to_string());
    line(
        text,
        6,
        &format!("asks {whom} for {} {}", dns.name, dns.record_type),
    );
}

fn describe_headers(text: &mut String, config: &Config, check: &Check, headers: &HeaderMap) {
    if !headers.contains_key(hyper::header::USER_AGENT) {
        line(text, 8, &format!("user-agent: {}", config.user_agent));
    }
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let value = if PLAIN_HEADERS.contains(&name.as_str()) {
            &*value
        } else {
            shown(&value)
        };
        line(text, 8, &format!("{name}: {value}"));
    }
    if let Some(credential) = &check.credential {
        line(
            text,
            8,
            &format!("authorization: Bearer <credential {}>", credential.name),
        );
    }
}

fn describe_sent(text: &mut String, send: Option<&str>) {
    if let Some(send) = send {
        line(text, 6, &format!("sends {} bytes", send.len()));
    }
}

/// The answer that a kind expects by itself, before any rule is asked.
pub(in crate::cli) fn expectation(kind: &Kind) -> Option<String> {
    let matches = |what: &str, expect: &regex::Regex| format!("{what} that matches {expect}");
    match kind {
        Kind::Http(_) => None,
        Kind::Tcp(tcp) => tcp
            .expect
            .as_ref()
            .map(|expect| matches("an answer", expect)),
        Kind::Tls(tls) if !tls.tls.verify => None,
        Kind::Tls(tls) => {
            let name = tls.tls.server_name.as_ref().unwrap_or(&tls.address.host);
            Some(format!("a valid certificate of {name}"))
        }
        Kind::Dns(dns) => {
            let answer = dns
                .answer
                .as_ref()
                .map(|answer| matches(" and an answer", answer));
            Some(format!("{:?}{}", dns.rcode, answer.unwrap_or_default()))
        }
        Kind::Websocket(ws) => match &ws.protocol {
            WsProtocol::Plain { expect, .. } => {
                let answer = expect
                    .as_ref()
                    .map(|expect| matches(" and a message", expect));
                Some(format!("101{}", answer.unwrap_or_default()))
            }
            WsProtocol::WhatsappNoise { .. } => {
                Some("101, and the server's half of the hello".to_owned())
            }
        },
    }
}

fn describe_tls(text: &mut String, tls: &TlsOptions) {
    if let Some(name) = &tls.server_name {
        line(text, 6, &format!("asks for the certificate of {name}"));
    }
    if tls.cert_file.is_some() {
        line(text, 6, "shows a client certificate");
    }
    if !tls.verify {
        line(text, 6, "reads the certificate without verifying it");
    }
}

/// The address without user info. A query stays readable where it stands so in the catalogue.
fn address(url: &Url) -> String {
    let mut bare = url.clone();
    // Both only fail for URLs that cannot have user info, where there is nothing to hide.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    bare.set_fragment(None);
    bare.set_query(None);
    url.query().map_or_else(
        || bare.to_string(),
        |query| format!("{bare}?{}", shown(query)),
    )
}

/// A value that stands in the built-in catalogue is public; any other may have come from the user's environment.
fn shown(value: &str) -> &str {
    if FILES.iter().any(|(_, text)| text.contains(value)) {
        value
    } else {
        HIDDEN
    }
}

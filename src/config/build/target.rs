//! What is probed and how: one function for each kind.

use std::str::FromStr;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr;
use hyper::{HeaderMap, Method};
use url::Url;

use super::super::at::At;
use super::super::env;
use super::super::raw;
use super::super::settings::{
    DnsTarget, HttpTarget, Kind, TcpTarget, TlsOptions, TlsTarget, WebsocketTarget, WsProtocol,
};
use super::super::tree::Entry;
use super::super::values::{Entries, HeaderName, HeaderValue};
use super::check::has_variable;
use super::{Builder, secrets};

/// Redirects followed when nothing is said: a front page needs one or two.
const REDIRECTS: usize = 3;
/// Bytes of decoded body read when nothing is said: front pages of the big platforms stay below.
const BODY: usize = 1 << 20;
/// Last byte of WhatsApp's connection header `WA 06 03`: the dictionary that today's clients name.
const DICT_VERSION: u8 = 3;
impl Builder<'_> {
    pub(super) fn kind(
        &mut self,
        key: &str,
        raw: &mut raw::Check,
        check: &At<'_>,
        off: bool,
    ) -> Option<Kind> {
        let at = check.near(key);
        match key {
            "http" => self.http(raw.http.take()?, &at, off),
            "tcp" => self.tcp(raw.tcp.take()?, &at),
            "tls" => self.tls(raw.tls.take()?, &at, off),
            "dns" => self.dns(raw.dns.take()?, &at),
            _ => self.websocket(raw.websocket.take()?, &at, off),
        }
    }

    fn http(&mut self, raw: raw::Http, at: &At<'_>, off: bool) -> Option<Kind> {
        let url = self.needed(at, "url", raw.url).map(|url| url.0);
        let headers = self.headers(raw.headers.unwrap_or_default(), at);
        let tls = self.url_tls(url.as_ref(), raw.tls, at, off);
        self.no_hidden_path(at);
        Some(Kind::Http(HttpTarget {
            url: url?,
            method: raw.method.map_or(Method::GET, method),
            headers,
            body: raw.body,
            max_redirects: raw.max_redirects.unwrap_or(REDIRECTS),
            version: raw.version,
            body_limit: raw.body_limit.map_or(BODY, |size| size.0),
            tls,
        }))
    }

    fn tcp(&mut self, raw: raw::Tcp, at: &At<'_>) -> Option<Kind> {
        Some(Kind::Tcp(TcpTarget {
            address: self.needed(at, "address", raw.address)?.0,
            send: raw.send,
            expect: raw.expect.map(|pattern| pattern.0),
        }))
    }

    fn tls(&mut self, raw: raw::Tls, at: &At<'_>, off: bool) -> Option<Kind> {
        let options = raw::TlsOptions {
            ca_file: raw.ca_file,
            server_name: raw.server_name,
            cert_file: raw.cert_file,
            key_file: raw.key_file,
            verify: raw.verify,
        };
        let tls = self.tls_options(options, at, off);
        let address = self.needed(at, "address", raw.address)?.0;
        Some(Kind::Tls(TlsTarget { address, tls }))
    }

    fn dns(&mut self, raw: raw::Dns, at: &At<'_>) -> Option<Kind> {
        let failure = raw.rcode.filter(|code| *code != raw::Rcode::NoError);
        if let (Some(code), Some(answer)) = (failure, at.key("answer")) {
            let message = format!("an answer with {} has no records", code.word());
            self.errors.key(&answer, message);
        }
        Some(Kind::Dns(DnsTarget {
            name: self.needed(at, "name", raw.name)?.0,
            record_type: record_type(raw.r#type),
            server: raw.server.map(|server| server.0),
            rcode: rcode(raw.rcode),
            answer: raw.answer.map(|pattern| pattern.0),
        }))
    }

    fn websocket(&mut self, raw: raw::Websocket, at: &At<'_>, off: bool) -> Option<Kind> {
        let url = self.needed(at, "url", raw.url).map(|url| url.0);
        let headers = self.headers(raw.headers.unwrap_or_default(), at);
        let tls = self.url_tls(url.as_ref(), raw.tls, at, off);
        self.no_hidden_path(at);
        let subprotocol = raw
            .subprotocol
            .map(|value| String::from_utf8_lossy(value.0.as_bytes()).into_owned());
        let protocol = match raw.protocol {
            Some(raw::Protocol::WhatsappNoise) => {
                self.none_of(at, &["send", "expect"], "not together with `protocol`");
                WsProtocol::WhatsappNoise {
                    dict_version: raw.dict_version.unwrap_or(DICT_VERSION),
                }
            }
            None => {
                if !at.has("protocol") {
                    self.none_of(
                        at,
                        &["dict_version"],
                        "only with `protocol: whatsapp_noise`",
                    );
                }
                WsProtocol::Plain {
                    send: raw.send,
                    expect: raw.expect.map(|pattern| pattern.0),
                }
            }
        };
        Some(Kind::Websocket(WebsocketTarget {
            url: url?,
            headers,
            subprotocol,
            protocol,
            tls,
        }))
    }

    fn none_of(&mut self, at: &At<'_>, keys: &[&str], message: &str) {
        for key in keys.iter().filter_map(|key| at.key(key)) {
            self.errors.key(&key, message);
        }
    }

    fn headers(&mut self, raw: Entries<HeaderName, HeaderValue>, at: &At<'_>) -> HeaderMap {
        let all = at.near("headers");
        let mut headers = HeaderMap::new();
        for (name, mut value) in raw.0 {
            let name = name.0;
            let same = |entry: &&Entry| entry.key.eq_ignore_ascii_case(name.as_str());
            let written: Vec<&Entry> = all.node.entries().iter().filter(same).collect();
            if let (Some(second), None) = (written.get(1), headers.get(&name)) {
                let message = "the same header stands above in other letters";
                self.errors.key(&all.entry(second), message);
            }
            let variable = written.iter().any(|entry| has_variable(&all, &entry.key));
            value
                .0
                .set_sensitive(variable || secrets::is_secret(name.as_str()));
            headers.insert(name, value.0);
        }
        headers
    }

    /// TLS settings of a target with a URL; an error where its scheme has no TLS.
    fn url_tls(
        &mut self,
        url: Option<&Url>,
        raw: Option<raw::TlsOptions>,
        at: &At<'_>,
        off: bool,
    ) -> TlsOptions {
        let plain = url.is_some_and(|url| matches!(url.scheme(), "http" | "ws"));
        if let (true, Some(tls)) = (plain, at.key("tls")) {
            self.errors.key(&tls, "the URL's scheme has no TLS");
        }
        self.tls_options(raw.unwrap_or_default(), &at.near("tls"), off)
    }

    fn tls_options(&mut self, raw: raw::TlsOptions, at: &At<'_>, off: bool) -> TlsOptions {
        for (key, other) in [("cert_file", "key_file"), ("key_file", "cert_file")] {
            if let (Some(key), false) = (at.key(key), at.has(other)) {
                self.errors
                    .key(&key, format!("only together with `{other}`"));
            }
        }
        TlsOptions {
            ca_file: raw
                .ca_file
                .map(|path| self.file_unless(off, at, "ca_file", path.0)),
            server_name: raw.server_name.map(|name| name.0),
            cert_file: raw
                .cert_file
                .map(|path| self.file_unless(off, at, "cert_file", path.0)),
            key_file: raw
                .key_file
                .map(|path| self.file_unless(off, at, "key_file", path.0)),
            verify: raw.verify.unwrap_or(true),
        }
    }

    /// A path is part of labels and pages, so nothing that may be a secret comes into it. The catalogue knows which of its
    /// variables are none.
    fn no_hidden_path(&mut self, at: &At<'_>) {
        if &*at.near("url").node.place.file != self.around.file {
            return;
        }
        let url = at.node.text("url").unwrap_or_default();
        let shown = url.split(['?', '#']).next().unwrap_or_default();
        let path = match shown.split_once("://") {
            Some((scheme, rest)) if !env::has_variable(scheme) => {
                rest.split_once('/').map_or("", |(_, path)| path)
            }
            _ => shown,
        };
        if env::has_variable(path) {
            let message = "a variable in the path would be shown in labels; put secrets into headers, the query or user:password@";
            self.errors.value(&at.near("url"), message);
        }
    }
}

fn method(word: raw::Method) -> Method {
    // Every word of the file is a method; a test reads each.
    Method::from_bytes(word.word().as_bytes()).unwrap_or(Method::GET)
}

pub(super) fn record_type(raw: Option<raw::RecordType>) -> rr::RecordType {
    // The words of the file are those of the registry; a test reads every one.
    raw.and_then(|word| rr::RecordType::from_str(word.word()).ok())
        .unwrap_or(rr::RecordType::A)
}

pub(super) const fn rcode(raw: Option<raw::Rcode>) -> ResponseCode {
    match raw {
        None | Some(raw::Rcode::NoError) => ResponseCode::NoError,
        Some(raw::Rcode::FormErr) => ResponseCode::FormErr,
        Some(raw::Rcode::ServFail) => ResponseCode::ServFail,
        Some(raw::Rcode::NxDomain) => ResponseCode::NXDomain,
        Some(raw::Rcode::NotImp) => ResponseCode::NotImp,
        Some(raw::Rcode::Refused) => ResponseCode::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_type_is_known() {
        for word in raw::RecordType::ALL {
            assert_eq!(record_type(Some(*word)).to_string(), word.word());
        }
    }

    #[test]
    fn every_response_code_has_its_number() {
        let numbers = raw::Rcode::ALL.iter().map(|word| rcode(Some(*word)).low());
        assert!(numbers.eq(0..=5), "RFC 1035 numbers them in this order");
    }

    #[test]
    fn every_method_is_itself() {
        for word in raw::Method::ALL {
            assert_eq!(method(*word).as_str(), word.word());
        }
    }
}

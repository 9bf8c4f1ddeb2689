//! The request as it is sent, and what becomes of it at a redirect.

use std::path::Path;

use data_encoding::BASE64;
use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri, Version};
use tokio::io::AsyncReadExt;
use url::Url;

use super::connection::Payload;
use super::decode;
use crate::config::{Credential, CredentialSource, HttpVersion, Secret};
use crate::probe::dial::{Context, Failure};
use crate::probe::escape::{DETAIL, escape};
use crate::probe::failure::Reason;
use crate::probe::observation::Hop;

/// The longest credential that is read. Tokens are a few hundred bytes; a wrongly named file may be anything.
const CREDENTIAL_LIMIT: u64 = 64 * 1024;

/// What is sent only to the origin that it was meant for, and never shown.
const SECRETS: [HeaderName; 3] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::PROXY_AUTHORIZATION,
];

/// A request that can be sent again elsewhere.
pub(in crate::probe) struct Outgoing {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Option<String>,
}

impl Outgoing {
    /// The defaults, what the check sets instead, and its credential.
    pub(in crate::probe) async fn new(
        cx: &Context<'_>,
        method: Method,
        url: &Url,
        own: &HeaderMap,
        body: Option<String>,
    ) -> Result<Self, Failure> {
        let login = basic(url)?;
        let mut url = url.clone();
        hide_user_info(&mut url);
        let mut headers = HeaderMap::new();
        let agent = HeaderValue::from_str(&cx.prober.user_agent)
            .map_err(|_| config("the User-Agent is not a header value"))?;
        headers.insert(header::USER_AGENT, agent);
        headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(
            header::ACCEPT_ENCODING,
            HeaderValue::from_static(decode::ACCEPTED),
        );
        headers.extend(login.map(|login| (header::AUTHORIZATION, login)));
        replace(&mut headers, own);
        if let Some(credential) = &cx.check.credential {
            headers.insert(header::AUTHORIZATION, bearer(cx, credential).await?);
        }
        Ok(Self {
            method,
            url,
            headers,
            body,
        })
    }

    /// The request for a redirect's target: nothing that is another origin's goes along.
    pub(super) fn follow(&mut self, status: StatusCode, to: Url) {
        if to.origin() != self.url.origin() {
            for name in SECRETS.into_iter().chain([header::HOST]) {
                self.headers.remove(name);
            }
        }
        let becomes_get = match status {
            StatusCode::SEE_OTHER => self.method != Method::HEAD,
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => self.method == Method::POST,
            _ => false,
        };
        if becomes_get {
            self.method = Method::GET;
            self.body = None;
            for name in [
                header::CONTENT_TYPE,
                header::CONTENT_LENGTH,
                header::CONTENT_ENCODING,
                header::TRANSFER_ENCODING,
            ] {
                self.headers.remove(name);
            }
        }
        self.url = to;
        self.url.set_fragment(None);
        hide_user_info(&mut self.url);
    }

    /// As hyper sends it.
    pub(in crate::probe) fn build(
        &self,
        version: HttpVersion,
    ) -> Result<Request<Payload>, Failure> {
        let mut headers = self.headers.clone();
        let authority = match headers.remove(header::HOST) {
            Some(host) => String::from_utf8_lossy(host.as_bytes()).into_owned(),
            None => authority(&self.url),
        };
        let path = path_and_query(&self.url);
        let uri = match version {
            HttpVersion::Http1 => path,
            HttpVersion::Http2 => format!("{}://{authority}{path}", self.url.scheme()),
        };
        let uri: Uri = uri
            .parse()
            .map_err(|error| config(&format!("the URL cannot be sent: {error}")))?;
        let mut request = Request::new(Payload::new(Bytes::from(
            self.body.clone().unwrap_or_default(),
        )));
        if version == HttpVersion::Http2 {
            *request.version_mut() = Version::HTTP_2;
        } else {
            let host =
                HeaderValue::from_str(&authority).map_err(|_| config("the host cannot be sent"))?;
            request.headers_mut().insert(header::HOST, host);
        }
        request.headers_mut().extend(headers);
        *request.uri_mut() = uri;
        *request.method_mut() = self.method.clone();
        Ok(request)
    }

    /// The request for people, without what is secret.
    pub(in crate::probe) fn hop(&self) -> Hop {
        let shown = |(name, value): (&HeaderName, &HeaderValue)| {
            let secret = value.is_sensitive() || SECRETS.contains(name);
            let value = if secret {
                "<secret>".to_owned()
            } else {
                escape(value.as_bytes(), DETAIL)
            };
            (name.to_string(), value)
        };
        let own_host = self.headers.contains_key(header::HOST);
        let host = (!own_host).then(|| ("host".to_owned(), authority(&self.url)));
        Hop {
            request: format!("{} {}", self.method, self.url),
            request_headers: host
                .into_iter()
                .chain(self.headers.iter().map(shown))
                .collect(),
            ..Hop::default()
        }
    }
}

fn replace(headers: &mut HeaderMap, own: &HeaderMap) {
    for name in own.keys() {
        headers.remove(name);
    }
    for (name, value) in own {
        headers.append(name, value.clone());
    }
}

/// The `user:password@` of a URL as HTTP's Basic scheme (RFC 7617).
fn basic(url: &Url) -> Result<Option<HeaderValue>, Failure> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let plain = |text: &str| percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
    let password = plain(url.password().unwrap_or_default());
    let login = [plain(url.username()), b":".to_vec(), password].concat();
    let mut value = HeaderValue::from_str(&format!("Basic {}", BASE64.encode(&login)))
        .map_err(|_| config("the URL's user and password are not a header value"))?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn hide_user_info(url: &mut Url) {
    // Both only fail for URLs that cannot have user info.
    let _ = url.set_username("");
    let _ = url.set_password(None);
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn path_and_query(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

async fn bearer(cx: &Context<'_>, credential: &Credential) -> Result<HeaderValue, Failure> {
    let unusable = |why: &str| {
        let detail = format!("credential {:?} {why}", credential.name);
        Failure::new(Reason::LocalCredentials, detail)
    };
    let token = match &credential.source {
        CredentialSource::Value(secret) => secret.0.clone(),
        CredentialSource::File(path) => read_secret(path).await.map_err(|why| unusable(&why))?,
    };
    let token = token.trim();
    if token.is_empty() {
        return Err(unusable("is empty"));
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| unusable("is not a header value"))?;
    value.set_sensitive(true);
    cx.trace.keep_secret(Secret(token.to_owned()));
    Ok(value)
}

async fn read_secret(path: &Path) -> Result<String, String> {
    let file = tokio::fs::File::open(path)
        .await
        .map_err(|error| format!("cannot be read: {}", error.kind()))?;
    let mut text = String::new();
    let read = file.take(CREDENTIAL_LIMIT).read_to_string(&mut text).await;
    read.map(|_| text)
        .map_err(|error| format!("cannot be read: {}", error.kind()))
}

fn config(detail: &str) -> Failure {
    Failure::new(Reason::LocalConfig, detail)
}

//! Which values of a check are secret: known by where they come from, or by the name they go under.

use hyper::HeaderMap;
use url::Url;

use super::super::at::At;
use super::super::env;
use super::super::settings::{HttpTarget, Kind, Secret, WebsocketTarget};

/// Names of headers and query parameters, or parts of them, whose values are never printed wherever they come from.
const SECRET_NAMES: [&str; 7] = [
    "authorization",
    "cookie",
    "token",
    "secret",
    "key",
    "password",
    "signature",
];

/// Shorter values are too common to be told from other text; nobody should rely on a secret of this length.
const SHORTEST: usize = 4;

/// Whether the value of a header or query parameter of this name is a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|word| name.contains(word))
}

/// The values of a target that are never printed. What stands in the catalogue is public; `target` is the block of the
/// check's kind. Credentials are not among them: they are read, and then known, when the check runs.
pub(super) fn of(kind: &Kind, target: &At<'_>, user_file: &str) -> Vec<Secret> {
    let mut values = Vec::new();
    if let Kind::Http(HttpTarget { url, headers, .. })
    | Kind::Websocket(WebsocketTarget { url, headers, .. }) = kind
    {
        let from_user = |key: &str| &*target.near(key).node.place.file == user_file;
        if from_user("headers") {
            of_headers(headers, &mut values);
        }
        if from_user("url") {
            let variable = target.node.text("url").is_some_and(env::has_variable);
            of_url(url, variable, &mut values);
        }
    }
    values.retain(|value| value.len() >= SHORTEST);
    values.into_iter().map(Secret).collect()
}

fn of_headers(headers: &HeaderMap, values: &mut Vec<String>) {
    for value in headers.values().filter(|value| value.is_sensitive()) {
        let text = String::from_utf8_lossy(value.as_bytes());
        // `Bearer xyz`: what follows the scheme is the secret.
        values.extend(text.split_once(' ').map(|(_, rest)| rest.to_owned()));
        values.push(text.into_owned());
    }
}

fn of_url(url: &Url, variable: bool, values: &mut Vec<String>) {
    values.extend(url.password().map(str::to_owned));
    for (name, value) in url.query_pairs() {
        if variable || is_secret(&name) {
            values.push(value.into_owned());
        }
    }
}

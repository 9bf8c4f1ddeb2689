//! What healthy hosts answer, as public documentation and observers describe it. The status codes and bodies are chosen
//! to be the hard case where several are known: error pages that are fine, and fine pages that look like errors.

use hyper::HeaderMap;
use serde_json::{Value, json};

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), kind.into())],
            body: body.into(),
        }
    }

    pub fn html(status: u16, body: &str) -> Self {
        Self::new(status, "text/html; charset=utf-8", body)
    }

    pub fn text(status: u16, body: &str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json; charset=utf-8", body.to_string())
    }

    pub fn redirect(status: u16, to: &str) -> Self {
        Self::text(status, "").with("location", to)
    }

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
}

/// Hosts whose names are looked up when they are connected to.
pub const HOSTS: [&str; 39] = [
    "facebook.com",
    "www.facebook.com",
    "m.facebook.com",
    "graph.facebook.com",
    "b-graph.facebook.com",
    "b-api.facebook.com",
    "edge-chat.facebook.com",
    "edge-mqtt.facebook.com",
    "gateway.facebook.com",
    "web-chat-e2ee.facebook.com",
    "star.c10r.facebook.com",
    "scontent.xx.fbcdn.net",
    "external.xx.fbcdn.net",
    "static.xx.fbcdn.net",
    "www.messenger.com",
    "www.instagram.com",
    "graph.instagram.com",
    "scontent.cdninstagram.com",
    "static.cdninstagram.com",
    "www.threads.com",
    "graph.threads.net",
    "www.whatsapp.com",
    "web.whatsapp.com",
    "v.whatsapp.net",
    "g.whatsapp.net",
    "mmg.whatsapp.net",
    "static.whatsapp.net",
    "x.com",
    "api.x.com",
    "publish.x.com",
    "t.co",
    "pbs.twimg.com",
    "abs.twimg.com",
    "video.twimg.com",
    "mqtt-mini.facebook.com",
    "i.instagram.com",
    "pps.whatsapp.net",
    "e6.whatsapp.net",
    "e16.whatsapp.net",
];

/// The page on which Facebook refuses clients that it does not like.
pub fn facebook_error_page() -> Answer {
    let page = r#"<!DOCTYPE html><html lang="en" id="facebook"><head><title>Error</title></head><body><h1>Sorry, something went wrong.</h1></body></html>"#;
    Answer::html(400, page).with("x-fb-debug", "x7Yz==")
}

/// A token that healthy hosts take for a real one.
pub const GOOD_TOKEN: &str = "EAAJ-good-token-4711";

/// What a request looks like to a host.
pub struct Asked<'a> {
    pub host: &'a str,
    pub path: &'a str,
    pub query: &'a str,
    pub headers: &'a HeaderMap,
}

impl Asked<'_> {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("")
    }

    fn bearer(&self) -> Option<&str> {
        self.header("authorization").strip_prefix("Bearer ")
    }

    fn has_token(&self) -> bool {
        self.bearer().is_some() || self.query.contains("access_token=")
    }
}

/// The healthy answer; none where nothing is known about the request.
pub fn answer(asked: &Asked<'_>) -> Option<Answer> {
    let (host, path) = (asked.host, asked.path);
    if path == "/robots.txt" {
        return Some(robots(host));
    }
    match host {
        "facebook.com" => Some(Answer::redirect(301, "https://www.facebook.com/")),
        "www.facebook.com" | "m.facebook.com" => facebook(path),
        "graph.facebook.com" | "b-graph.facebook.com" | "b-api.facebook.com" => Some(graph(asked)),
        "www.messenger.com" | "messenger.com" => meta_page("Messenger", path),
        "www.instagram.com" | "instagram.com" => meta_page("Instagram", path),
        "graph.instagram.com" => Some(instagram_graph(asked)),
        "www.threads.com" | "threads.com" | "www.threads.net" => meta_page("Threads", path),
        "graph.threads.net" => Some(threads_graph(asked)),
        "web.whatsapp.com" => whatsapp_web(asked),
        "www.whatsapp.com" | "whatsapp.com" | "business.whatsapp.com" => {
            meta_page("WhatsApp", path)
        }
        "v.whatsapp.net" => whatsapp_registration(path),
        "x.com" | "twitter.com" | "mobile.x.com" => x_page(path),
        "api.x.com" | "api.twitter.com" => x_api(asked),
        "publish.x.com" | "publish.twitter.com" => Some(oembed()),
        "t.co" => Some(Answer::redirect(
            301,
            "https://x.com/Interior/status/463440424141459456",
        )),
        "pbs.twimg.com" | "abs.twimg.com" | "video.twimg.com" => Some(image(path)),
        "www.youtube.com" if path == "/generate_204" => Some(Answer::text(204, "")),
        "www.youtube.com" | "youtube.com" => meta_page("YouTube", path),
        _ => other_platforms(asked).or_else(|| media(host)),
    }
}

fn robots(host: &str) -> Answer {
    if host.ends_with("facebook.com")
        || host.ends_with("instagram.com")
        || host.ends_with("threads.com")
    {
        let notice = "# Notice: Collection of data on Facebook through automated means is\n# prohibited unless you have express written permission\n\nUser-agent: *\nDisallow: /\n";
        return Answer::text(200, notice);
    }
    Answer::text(200, "User-agent: *\nDisallow:\n")
}

fn facebook(path: &str) -> Option<Answer> {
    let page = |body: &str| {
        let page = format!(
            r#"<!DOCTYPE html><html lang="en" id="facebook"><head><title>Facebook</title></head><body>{body}</body></html>"#
        );
        Some(Answer::html(200, &page).with("x-fb-debug", "x7Yz=="))
    };
    match path {
        "/" => page("Facebook helps you connect and share with the people in your life."),
        "/login.php" | "/login" | "/login/" => page(
            r#"<form id="login_form"><input name="email"><input name="pass" type="password"></form>"#,
        ),
        _ => None,
    }
}

fn graph(asked: &Asked<'_>) -> Answer {
    if asked.path.contains("oembed") {
        return oembed();
    }
    match asked.bearer() {
        Some(GOOD_TOKEN) => graph_session(),
        Some(_) => refusal(401),
        None if asked.has_token() => refusal(400),
        None => {
            let message =
                "An active access token must be used to query information about the current user.";
            let challenge = r#"OAuth "Facebook Platform" "invalid_request" "An active access token must be used""#;
            Answer::graph(400, 2500, message).with("www-authenticate", challenge)
        }
    }
}

fn refusal(status: u16) -> Answer {
    Answer::graph(
        status,
        190,
        "Invalid OAuth access token - Cannot parse access token",
    )
}

/// What a real token of an app, a system user or a phone number may read.
fn graph_session() -> Answer {
    let entity = json!({"entity_type": "PHONE_NUMBER", "id": "106540352242922", "can_send_message": "AVAILABLE"});
    let health = json!({"can_send_message": "AVAILABLE", "entities": [entity]});
    Answer::json(
        200,
        &json!({"id": "106540352242922", "name": "Canary", "verified_name": "Canary", "health_status": health}),
    )
}

fn instagram_graph(asked: &Asked<'_>) -> Answer {
    if asked.bearer() == Some(GOOD_TOKEN) {
        return graph_session();
    }
    let error = json!({"message": "Invalid OAuth 2.0 Access Token", "type": "IGApiException", "code": 190, "fbtrace_id": "A"});
    Answer::json(400, &json!({ "error": error }))
}

/// An error 500 that means health: the request was understood and refused for want of a permission.
fn threads_graph(asked: &Asked<'_>) -> Answer {
    if asked.path.contains("oembed") {
        return oembed();
    }
    let error = json!({"message": "Application does not have permission for this action", "type": "THApiException", "code": 10});
    Answer::json(500, &json!({ "error": error }))
}

fn meta_page(title: &str, path: &str) -> Option<Answer> {
    let page = format!(
        r#"<!DOCTYPE html><html lang="en"><head><title>{title}</title></head><body><div id="mount"></div></body></html>"#
    );
    matches!(
        path,
        "/" | "/accounts/login/" | "/login" | "/login/" | "/login.php"
    )
    .then(|| Answer::html(200, &page))
}

/// Only what looks like a browser's navigation gets the page; the rest gets Facebook's error page.
fn whatsapp_web(asked: &Asked<'_>) -> Option<Answer> {
    if asked.path != "/" {
        return None;
    }
    if asked.header("sec-fetch-mode") != "navigate" {
        return Some(facebook_error_page());
    }
    Some(Answer::html(
        200,
        r#"<!DOCTYPE html><html id="whatsapp-web"><script>{"client_revision":123,"push_phase":"C3"}</script></html>"#,
    ))
}

fn whatsapp_registration(path: &str) -> Option<Answer> {
    let body = json!({"param": "authkey", "reason": "missing_param", "status": "fail"});
    path.starts_with("/v2/")
        .then(|| Answer::json(200, &body).with("server", "Yaws 2.0.9"))
}

/// The shell of the web app: it carries an apology for scripts that did not load, although all is well.
pub fn x_shell() -> Answer {
    let page = "<!DOCTYPE html><html dir=\"ltr\"><body><div id=\"react-root\"></div><div id=\"ScriptLoadFailure\">Something went wrong, but don’t fret — let’s give it another shot.</div></body></html>";
    Answer::html(200, page)
}

fn x_page(path: &str) -> Option<Answer> {
    matches!(path, "/" | "/i/flow/login" | "/login" | "/home").then(x_shell)
}

fn x_api(asked: &Asked<'_>) -> Option<Answer> {
    if asked.path.starts_with("/1.1/") {
        return Some(Answer::json(
            400,
            &json!({"errors": [{"code": 215, "message": "Bad Authentication data."}]}),
        ));
    }
    if asked.bearer() == Some(GOOD_TOKEN) {
        return Some(Answer::json(
            200,
            &json!({"data": {"id": "783214", "name": "Canary", "username": "canary", "text": "hello"}}),
        ));
    }
    let refusal = json!({"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"});
    asked
        .path
        .starts_with("/2/")
        .then(|| Answer::json(401, &refusal))
}

fn oembed() -> Answer {
    Answer::json(
        200,
        &json!({"html": "<blockquote>Our public lands</blockquote>", "type": "rich", "version": "1.0"}),
    )
}

fn image(path: &str) -> Answer {
    let kind = if path.ends_with(".ico") {
        "image/x-icon"
    } else {
        "image/jpeg"
    };
    Answer::new(200, kind, *b"\xff\xd8\xff\xe0\x00\x10JFIF")
}

/// Static hosts of the platforms: whatever is asked for is a small picture.
fn media(host: &str) -> Option<Answer> {
    const STATIC: [&str; 5] = [
        "fbcdn.net",
        "cdninstagram.com",
        "whatsapp.net",
        "twimg.com",
        "fbsbx.com",
    ];
    STATIC
        .iter()
        .any(|suffix| host.ends_with(suffix))
        .then(|| image("/small.jpg"))
}

/// The platforms that are off by default.
fn other_platforms(asked: &Asked<'_>) -> Option<Answer> {
    let answer = match asked.host {
        "api.telegram.org" => Answer::json(
            401,
            &json!({"ok": false, "error_code": 401, "description": "Unauthorized"}),
        ),
        // Chat servers refuse plain HTTP, and that refusal is how they show that they live.
        dc if dc.starts_with("149.154.") => Answer::html(404, "<center>nginx/0.3.33</center>"),
        "web.telegram.org" => Answer::html(200, "<title>Telegram Web</title>"),
        "chat.signal.org" | "storage.signal.org" => {
            Answer::json(404, &json!({"code": 404, "message": "HTTP 404 Not Found"}))
                .with("x-signal-timestamp", "1760000000000")
        }
        "cdsi.signal.org" => Answer::html(404, "<center>nginx</center>"),
        "sfu.voip.signal.org" => Answer::text(503, ""),
        "accounts.snapchat.com" => Answer::html(200, "<title>Snapchat</title>"),
        "adsapi.snapchat.com" => Answer::json(
            401,
            &json!({"request_status": "ERROR", "error_code": "E1001"}),
        ),
        "discord.com" => Answer::json(200, &json!({"url": "wss://gateway.discord.gg"})),
        "bsky.social" if asked.path == "/xrpc/_health" => {
            Answer::json(200, &json!({"version": "0.4.0"}))
        }
        "public.api.bsky.app" => Answer::json(
            200,
            &json!({"did": "did:plc:z72i7hdynmk6r22z27h6tvur", "handle": "bsky.app"}),
        ),
        "oauth.reddit.com" => Answer::json(403, &json!({"message": "Forbidden", "error": 403})),
        "open.tiktokapis.com" => {
            let message = "The access token is invalid or not found in the request.";
            Answer::json(
                401,
                &json!({"error": {"code": "access_token_invalid", "message": message, "log_id": "1"}}),
            )
        }
        "api.linkedin.com" => {
            let message = "Empty oauth2 access token";
            Answer::json(
                401,
                &json!({"status": 401, "serviceErrorCode": 65604, "code": "EMPTY_ACCESS_TOKEN", "message": message}),
            )
        }
        _ => return None,
    };
    Some(answer)
}

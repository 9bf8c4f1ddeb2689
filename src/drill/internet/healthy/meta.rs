//! Meta's hosts: Facebook, Messenger, Instagram, Threads, WhatsApp, and the Graph API behind all of them.

use serde_json::json;

use super::super::exchange::{Answer, Asked};
use super::{GOOD_TOKEN, Site, image, oembed, page};

pub(super) fn site(host: &str) -> Option<Site> {
    Some(match host {
        "facebook.com" => |_| Some(Answer::redirect(301, "https://www.facebook.com/")),
        "www.facebook.com" | "m.facebook.com" => facebook,
        "graph.facebook.com" | "b-graph.facebook.com" | "b-api.facebook.com" => graph,
        "www.messenger.com" | "messenger.com" => |asked| front("Messenger", asked),
        "www.instagram.com" | "instagram.com" => |asked| front("Instagram", asked),
        "graph.instagram.com" => instagram_graph,
        "i.instagram.com" => instagram_private,
        "www.threads.com" | "threads.com" | "www.threads.net" => |asked| front("Threads", asked),
        "graph.threads.net" => threads_graph,
        "web.whatsapp.com" => whatsapp_web,
        "www.whatsapp.com" | "whatsapp.com" | "business.whatsapp.com" => {
            |asked| front("WhatsApp", asked)
        }
        "v.whatsapp.net" => whatsapp_registration,
        host if MEDIA.iter().any(|suffix| host.ends_with(suffix)) => image,
        _ => return None,
    })
}

const MEDIA: [&str; 4] = ["fbcdn.net", "cdninstagram.com", "whatsapp.net", "fbsbx.com"];

/// The page on which Facebook refuses clients that it does not like.
pub fn facebook_error_page() -> Answer {
    let page = r#"<!DOCTYPE html><html lang="en" id="facebook"><head><title>Error</title></head><body><h1>Sorry, something went wrong.</h1></body></html>"#;
    Answer::html(400, page).with("x-fb-debug", "x7Yz==")
}

fn facebook(asked: &Asked<'_>) -> Option<Answer> {
    let body = match asked.path {
        "/" => "Facebook helps you connect and share with the people in your life.",
        "/login.php" | "/login" | "/login/" => {
            r#"<form id="login_form"><input name="email"><input name="pass" type="password"></form>"#
        }
        _ => return None,
    };
    let page = format!(
        r#"<!DOCTYPE html><html lang="en" id="facebook"><head><title>Facebook</title></head><body>{body}</body></html>"#
    );
    Some(Answer::html(200, &page).with("x-fb-debug", "x7Yz=="))
}

fn front(title: &str, asked: &Asked<'_>) -> Option<Answer> {
    const PATHS: [&str; 5] = ["/", "/accounts/login/", "/login", "/login/", "/login.php"];
    PATHS
        .contains(&asked.path)
        .then(|| page(title, r#"<div id="mount"></div>"#))
}

fn graph(asked: &Asked<'_>) -> Option<Answer> {
    if asked.path.contains("oembed") {
        return Some(oembed());
    }
    Some(match asked.bearer() {
        Some(GOOD_TOKEN) => graph_session(),
        Some(_) => refusal(401),
        None if asked.has_token() => refusal(400),
        None => {
            let message =
                "An active access token must be used to query information about the current user.";
            let challenge = r#"OAuth "Facebook Platform" "invalid_request" "An active access token must be used""#;
            Answer::graph(400, 2500, message).with("www-authenticate", challenge)
        }
    })
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

fn instagram_graph(asked: &Asked<'_>) -> Option<Answer> {
    if asked.bearer() == Some(GOOD_TOKEN) {
        return Some(graph_session());
    }
    let error = json!({"message": "Invalid OAuth 2.0 Access Token", "type": "IGApiException", "code": 190, "fbtrace_id": "A"});
    Some(Answer::json(400, &json!({ "error": error })))
}

fn instagram_private(_: &Asked<'_>) -> Option<Answer> {
    let refusal = json!({"message": "login_required", "status": "fail"});
    Some(Answer::json(403, &refusal))
}

/// An error 500 that means health: the request was understood and refused for want of a permission.
fn threads_graph(asked: &Asked<'_>) -> Option<Answer> {
    if asked.path.contains("oembed") {
        return Some(oembed());
    }
    let error = json!({"message": "Application does not have permission for this action", "type": "THApiException", "code": 10});
    Some(Answer::json(500, &json!({ "error": error })))
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

fn whatsapp_registration(asked: &Asked<'_>) -> Option<Answer> {
    let body = json!({"param": "authkey", "reason": "missing_param", "status": "fail"});
    let registers = asked.path.starts_with("/v2/");
    registers.then(|| Answer::json(200, &body).with("server", "Yaws 2.0.9"))
}

//! Hosts of the platforms that wait to be named.

use serde_json::json;

use super::super::exchange::{Answer, Asked};
use super::{Site, oembed, page};

/// What Discord's gateway says first.
pub(super) const DISCORD_HELLO: &str =
    r#"{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250}}"#;

pub(super) fn site(host: &str) -> Option<Site> {
    Some(match host {
        "api.telegram.org" => telegram_api,
        // Chat servers refuse plain HTTP, and that refusal is how they show that they live.
        dc if dc.starts_with("149.154.") => {
            |_| Some(Answer::html(404, "<center>nginx/0.3.33</center>"))
        }
        "web.telegram.org" => |_| Some(Answer::html(200, "<title>Telegram Web</title>")),
        "chat.signal.org" | "storage.signal.org" => signal,
        "cdsi.signal.org" => |_| Some(Answer::html(404, "<center>nginx</center>")),
        "sfu.voip.signal.org" => |_| Some(Answer::text(503, "")),
        "accounts.snapchat.com" => |_| Some(page("Snapchat", "Log in")),
        "adsapi.snapchat.com" => snapchat_ads,
        "discord.com" => |_| {
            Some(Answer::json(
                200,
                &json!({"url": "wss://gateway.discord.gg"}),
            ))
        },
        "bsky.social" => bluesky,
        "public.api.bsky.app" => bluesky_profile,
        "oauth.reddit.com" => reddit,
        "open.tiktokapis.com" => tiktok,
        "www.tiktok.com" => |_| Some(oembed()),
        "api.linkedin.com" => linkedin,
        "www.youtube.com" | "youtube.com" => youtube,
        "www.googleapis.com" => youtube_api,
        _ => return None,
    })
}

fn telegram_api(_: &Asked<'_>) -> Option<Answer> {
    let refusal = json!({"ok": false, "error_code": 401, "description": "Unauthorized"});
    Some(Answer::json(401, &refusal))
}

fn signal(_: &Asked<'_>) -> Option<Answer> {
    let refusal = json!({"code": 404, "message": "HTTP 404 Not Found"});
    Some(Answer::json(404, &refusal).with("x-signal-timestamp", "1760000000000"))
}

fn snapchat_ads(_: &Asked<'_>) -> Option<Answer> {
    let refusal = json!({"request_status": "ERROR", "error_code": "E1001"});
    Some(Answer::json(401, &refusal))
}

fn bluesky(asked: &Asked<'_>) -> Option<Answer> {
    let body = match asked.path {
        "/xrpc/_health" => json!({"version": "0.4.0"}),
        "/xrpc/com.atproto.server.describeServer" => {
            json!({"did": "did:web:bsky.social", "availableUserDomains": [".bsky.social"]})
        }
        _ => return None,
    };
    Some(Answer::json(200, &body))
}

fn bluesky_profile(_: &Asked<'_>) -> Option<Answer> {
    let profile = json!({"did": "did:plc:z72i7hdynmk6r22z27h6tvur", "handle": "bsky.app"});
    Some(Answer::json(200, &profile))
}

fn reddit(_: &Asked<'_>) -> Option<Answer> {
    Some(Answer::json(
        403,
        &json!({"message": "Forbidden", "error": 403}),
    ))
}

fn tiktok(_: &Asked<'_>) -> Option<Answer> {
    let message = "The access token is invalid or not found in the request.";
    let error = json!({"code": "access_token_invalid", "message": message, "log_id": "1"});
    Some(Answer::json(401, &json!({ "error": error })))
}

fn linkedin(_: &Asked<'_>) -> Option<Answer> {
    let message = "Empty oauth2 access token";
    let refusal = json!({"status": 401, "serviceErrorCode": 65604, "code": "EMPTY_ACCESS_TOKEN", "message": message});
    Some(Answer::json(401, &refusal))
}

fn youtube(asked: &Asked<'_>) -> Option<Answer> {
    Some(match asked.path {
        "/generate_204" => Answer::text(204, ""),
        "/oembed" => oembed(),
        "/" => page("YouTube", ""),
        _ => return None,
    })
}

fn youtube_api(_: &Asked<'_>) -> Option<Answer> {
    let message = "Method doesn't allow unregistered callers.";
    let error = json!({"code": 403, "message": message, "status": "PERMISSION_DENIED"});
    Some(Answer::json(403, &json!({ "error": error })))
}

//! What healthy hosts answer, as public documentation and observers describe it; the evidence stands beside each check of
//! the catalogue. Where several answers are known the hard case is chosen: error pages that are fine, and fine pages that
//! look like errors.

mod meta;
mod others;
mod x;

pub use meta::facebook_error_page;
pub use x::shell as x_shell;

use serde_json::json;

use super::chat::{Chat, Manner};
use super::exchange::{Answer, Asked};

/// A token that healthy hosts take for a real one.
pub const GOOD_TOKEN: &str = "EAAJ-good-token-4711";

/// What a host answers; none where nothing is known about the request.
type Site = fn(&Asked<'_>) -> Option<Answer>;

/// The healthy answer; none where nothing is known about the request.
pub fn answer(asked: &Asked<'_>) -> Option<Answer> {
    let site = site(asked.host)?;
    if asked.path == "/robots.txt" {
        return Some(robots(asked.host));
    }
    site(asked)
}

/// Whether anything is known about a host.
pub fn knows(host: &str) -> bool {
    site(host).is_some()
}

/// What a healthy host makes of a request for a WebSocket: a chat, or the answer that refuses it.
pub fn upgrade(asked: &Asked<'_>) -> Result<Chat, Answer> {
    let chat = |first| Chat {
        manner: Manner::Healthy,
        first,
    };
    let refused = |status| Err(Answer::text(status, "no"));
    match (asked.host, asked.path) {
        ("web.whatsapp.com", "/ws/chat") => Ok(chat(None)),
        ("web.whatsapp.com", _) => refused(404),
        ("gateway.discord.gg", _) => Ok(chat(Some(others::DISCORD_HELLO))),
        // They want a session; refusing is how they show that they live.
        (host, _) if host.starts_with("gateway.") || host.starts_with("edge-chat.") => refused(400),
        _ => Ok(chat(None)),
    }
}

fn site(host: &str) -> Option<Site> {
    meta::site(host)
        .or_else(|| x::site(host))
        .or_else(|| others::site(host))
}

fn robots(host: &str) -> Answer {
    if ["facebook.com", "instagram.com", "threads.com"]
        .iter()
        .any(|name| host.ends_with(name))
    {
        let notice = "# Notice: Collection of data on Facebook through automated means is\n# prohibited unless you have express written permission\n\nUser-agent: *\nDisallow: /\n";
        return Answer::text(200, notice);
    }
    Answer::text(200, "User-agent: *\nDisallow:\n")
}

fn page(title: &str, body: &str) -> Answer {
    let page = format!(
        r#"<!DOCTYPE html><html lang="en"><head><title>{title}</title></head><body>{body}</body></html>"#
    );
    Answer::html(200, &page)
}

fn oembed() -> Answer {
    Answer::json(
        200,
        &json!({"html": "<blockquote>Our public lands</blockquote>", "type": "rich", "version": "1.0"}),
    )
}

/// Static hosts: whatever is asked for is a small picture.
fn image(asked: &Asked<'_>) -> Option<Answer> {
    let kind = if asked.path.ends_with(".ico") {
        "image/x-icon"
    } else {
        "image/jpeg"
    };
    Some(Answer::new(200, kind, *b"\xff\xd8\xff\xe0\x00\x10JFIF"))
}

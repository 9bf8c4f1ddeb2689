//! X's hosts.

use serde_json::json;

use super::super::exchange::{Answer, Asked};
use super::{GOOD_TOKEN, Site, image, oembed};

pub(super) fn site(host: &str) -> Option<Site> {
    Some(match host {
        "x.com" | "twitter.com" | "mobile.x.com" => page,
        "api.x.com" | "api.twitter.com" => api,
        "publish.x.com" | "publish.twitter.com" => |_| Some(oembed()),
        "t.co" => |_| {
            Some(Answer::redirect(
                301,
                "https://developer.x.com/en/community",
            ))
        },
        host if host.ends_with("twimg.com") => image,
        _ => return None,
    })
}

/// The shell of the web app: it carries an apology for scripts that did not load, although all is well.
pub fn shell() -> Answer {
    let page = "<!DOCTYPE html><html dir=\"ltr\"><body><div id=\"react-root\"></div><div id=\"ScriptLoadFailure\">Something went wrong, but don’t fret — let’s give it another shot.</div></body></html>";
    Answer::html(200, page)
}

fn page(asked: &Asked<'_>) -> Option<Answer> {
    matches!(asked.path, "/" | "/i/flow/login" | "/login" | "/home").then(shell)
}

fn api(asked: &Asked<'_>) -> Option<Answer> {
    if asked.path.starts_with("/1.1/") {
        return Some(Answer::x_error(400, 215, "Bad Authentication data."));
    }
    if asked.bearer() == Some(GOOD_TOKEN) {
        return Some(Answer::json(
            200,
            &json!({"data": {"id": "783214", "name": "Canary", "username": "canary", "text": "hello"}}),
        ));
    }
    let refusal = json!({"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"});
    let known = asked.path.starts_with("/2/");
    known.then(|| Answer::json(401, &refusal))
}

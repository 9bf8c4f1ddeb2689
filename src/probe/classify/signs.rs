//! Signs that a platform is alive and refuses us: rate limits, challenges, consent and login walls, plain denials.

use url::Url;

use super::Answer;
use crate::config::{Check, Kind};
use crate::probe::failure::Reason;

/// What only challenge pages hold: of Cloudflare, reCAPTCHA, hCaptcha, DataDome, HUMAN, Arkose. Cloudflare's passive
/// script (`challenge-platform/…/jsd`) is left out: it stands on ordinary pages too, also on a failing origin's.
const CHALLENGE_MARKERS: [&str; 7] = [
    "/orchestrate/chl_page",
    "cf-chl-",
    "g-recaptcha",
    "h-captcha",
    "captcha-delivery.com",
    "px-captcha",
    "arkoselabs.com",
];

/// Challenge pages are small. A large page that loads the same scripts is an ordinary one.
const CHALLENGE_PAGE: usize = 32 * 1024;

/// Path segments of pages that only ask for a login: Meta's, X's, LinkedIn's and most others'.
const LOGIN_SEGMENTS: [&str; 5] = ["login", "login.php", "signin", "checkpoint", "authwall"];

/// The first sign found, and what it is, for people.
pub(super) fn find(check: &Check, answer: &Answer) -> Option<(Reason, String)> {
    let status = answer.status;
    // Documented by Cloudflare as the reliable sign, whatever the status.
    if answer
        .headers
        .get("cf-mitigated")
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"challenge"))
    {
        return Some((
            Reason::BlockedChallenge,
            format!("{status} with cf-mitigated: challenge"),
        ));
    }
    if (300..400).contains(&status)
        && let Some(to) = answer.redirects.last()
        && let Some(reason) = wall(check, to)
    {
        return Some((
            reason,
            format!(
                "redirect to {}{}",
                to.host_str().unwrap_or_default(),
                shortened(to.path())
            ),
        ));
    }
    if status == 429 {
        return Some((Reason::BlockedRateLimited, "429".to_owned()));
    }
    if let Some(marker) = challenge(answer) {
        return Some((
            Reason::BlockedChallenge,
            format!("{status} with {marker:?} in the body"),
        ));
    }
    // 999 is LinkedIn's word for 403; 407 comes from something in between that wants to know who we are.
    matches!(status, 401 | 403 | 407 | 451 | 999)
        .then(|| (Reason::BlockedDenied, status.to_string()))
}

/// The wall that a redirect leads to, if the check did not ask for that very page.
pub(in crate::probe) fn wall(check: &Check, to: &Url) -> Option<Reason> {
    let (Kind::Http(crate::config::HttpTarget { url: asked, .. })
    | Kind::Websocket(crate::config::WebsocketTarget { url: asked, .. })) = &check.kind
    else {
        return None;
    };
    if is_consent(to) && !is_consent(asked) {
        return Some(Reason::BlockedConsent);
    }
    (is_login(to) && !is_login(asked)).then_some(Reason::BlockedLogin)
}

fn is_consent(url: &Url) -> bool {
    url.host_str()
        .is_some_and(|host| host.starts_with("consent."))
}

fn is_login(url: &Url) -> bool {
    url.path_segments()
        .is_some_and(|mut segments| segments.any(|segment| LOGIN_SEGMENTS.contains(&segment)))
}

/// Other 5xx are failures even where the page behind them carries a CAPTCHA.
fn challenge(answer: &Answer) -> Option<&'static str> {
    let may_be = matches!(answer.status, 200..=299 | 400..=499 | 503);
    if !may_be || answer.cut || answer.body.len() > CHALLENGE_PAGE {
        return None;
    }
    CHALLENGE_MARKERS
        .into_iter()
        .find(|marker| memchr::memmem::find(&answer.body, marker.as_bytes()).is_some())
}

/// A URL's path is printable already (it is percent-encoded), but may be long.
fn shortened(path: &str) -> &str {
    path.get(..80).unwrap_or(path)
}

//! The shipped catalogue as the program reads it: what is on, and what each kind of answer means to it.

mod combinations;
#[path = "../support/everything.rs"]
mod everything;

use std::time::Duration;

use everything::everything;
use hyper::HeaderMap;
use platform_exporter::catalog;
use platform_exporter::cli;
use platform_exporter::config::{self, Check, Config, Kind};
use platform_exporter::probe::classify::{Answer, classify};

/// The seven that are on and page.
const SEVEN: [&str; 7] = [
    "facebook",
    "messenger",
    "instagram",
    "threads",
    "whatsapp",
    "whatsapp_business",
    "x",
];

fn shipped(text: &str) -> Config {
    config::parse("test.yml", text, catalog::FILES).unwrap_or_else(|errors| panic!("{errors}"))
}

fn check<'a>(config: &'a Config, place: &str) -> &'a Check {
    let platforms = config.platforms.iter();
    let mut checks = platforms.flat_map(|p| p.components.iter().flat_map(|c| &c.checks));
    checks
        .find(|check| check.id.to_string() == place)
        .unwrap_or_else(|| panic!("no {place}"))
}

fn class(check: &Check, status: u16, headers: HeaderMap, body: &str) -> String {
    class_after(check, status, headers, body, &[])
}

fn class_after(
    check: &Check,
    status: u16,
    headers: HeaderMap,
    body: &str,
    redirects: &[&str],
) -> String {
    assert!(
        matches!(check.kind, Kind::Http(_)),
        "{} is no http check",
        check.id
    );
    let answer = Answer {
        status,
        headers,
        body: body.as_bytes().to_vec(),
        cut: false,
        redirects: redirects.iter().filter_map(|to| to.parse().ok()).collect(),
        elapsed: Duration::from_millis(80),
    };
    let outcome = classify(check, &answer);
    let unproven = if outcome.needs_proof { "?" } else { "" };
    format!("{}{unproven}", outcome.class.label())
}

#[test]
fn the_seven_are_on_and_page() {
    let config = shipped("");
    let active = config.active();
    let names: Vec<_> = active.iter().map(|platform| &*platform.name).collect();
    assert_eq!(names, SEVEN);
    assert!(active.iter().all(|platform| platform.page));
    let others = config
        .platforms
        .iter()
        .filter(|p| !SEVEN.contains(&&*p.name));
    for other in others {
        assert!(!other.page, "{} pages", other.name);
        assert!(other.off.is_some(), "{} is on", other.name);
    }
}

#[test]
fn whatever_is_off_can_be_turned_on() {
    let text = everything(&shipped("").platforms, "{ file: /dev/null }");
    let lookup = |name: &str| (name == "WHATSAPP_PHONE_NUMBER_ID").then(|| "1234567".to_owned());
    let config = config::parse_with("test.yml", &text, catalog::FILES, &lookup)
        .unwrap_or_else(|errors| panic!("{errors}\nin\n{text}"));
    let all = |config: &Config| {
        config
            .platforms
            .iter()
            .flat_map(|p| &p.components)
            .map(|c| c.checks.len())
            .sum::<usize>()
    };
    let on: usize = config
        .active()
        .iter()
        .flat_map(|p| &p.components)
        .map(|c| c.checks.len())
        .sum();
    assert_eq!(on, all(&shipped("")));
}

#[test]
fn the_description_adds_up() {
    let config = shipped("");
    let text = cli::catalog::describe(&config, None).unwrap();
    let checks: usize = config
        .active()
        .iter()
        .flat_map(|p| &p.components)
        .map(|c| c.checks.len())
        .sum();
    let total = format!("all together: {}", checks * 120);
    assert!(text.contains(&total), "{total}");
}

fn graph(code: u32) -> String {
    format!(r#"{{"error":{{"message":"x","code":{code}}}}}"#)
}

fn refused_token(why: &str) -> String {
    format!(r#"{{"error":{{"message":"Invalid OAuth access token {why}","code":190}}}}"#)
}

const ERROR_PAGE: &str = r#"<!DOCTYPE html><html lang="en" id="facebook"><head><title>Error</title></head><body>Sorry, something went wrong. We're working on getting this fixed as soon as we can."#;

/// Classes with `?` where the result counts only once the check has been ok.
#[test]
fn answers_mean_what_was_seen_of_them() {
    let config = shipped("");
    let mut rows: Vec<(&str, u16, String, &str)> = Vec::new();
    for place in [
        "facebook/api/no_token",
        "facebook/api/bad_token",
        "messenger/api/bad_token",
        "instagram/api/bad_token",
        "threads/api/bad_token",
    ] {
        rows.extend([
            (place, 400, graph(2), "fail"),
            (place, 200, graph(1), "fail"),
            (place, 500, graph(2), "fail"),
            (place, 400, graph(190), "ok"),
            (place, 401, graph(190), "ok"),
            (place, 403, graph(250), "ok"),
            (place, 400, graph(2500), "ok"),
            (place, 400, graph(4), "blocked"),
            (place, 400, graph(341), "blocked"),
            (place, 200, String::new(), "degraded?"),
            (place, 200, "<html>hi".into(), "degraded?"),
            (place, 429, String::new(), "blocked"),
            (place, 403, "<html>".into(), "blocked"),
            (place, 404, String::new(), "degraded?"),
            (place, 400, graph(3), "degraded?"),
        ]);
    }
    rows.extend([
        ("facebook/api/no_token", 502, "<html>".into(), "fail"),
        ("threads/api/bad_token", 500, graph(10), "ok"),
        ("threads/api/bad_token", 500, String::new(), "fail?"), // healthy answers with 500 too
        ("whatsapp_business/api/bad_token", 400, graph(2), "degraded"),
        ("whatsapp_business/api/bad_token", 401, graph(190), "ok"),
        (
            "whatsapp_business/api/bad_token",
            500,
            String::new(),
            "fail",
        ),
    ]);
    for place in [
        "facebook/web/front",
        "facebook/login/page",
        "messenger/login/page",
        "messenger/web/front",
    ] {
        rows.extend([
            (place, 400, ERROR_PAGE.into(), "blocked"),
            (place, 403, ERROR_PAGE.into(), "blocked"),
            (place, 200, ERROR_PAGE.into(), "fail"),
            (place, 500, ERROR_PAGE.into(), "fail"),
            (place, 200, " \n".into(), "degraded?"),
            (place, 404, "<html>".into(), "degraded?"),
            (place, 429, String::new(), "blocked"),
        ]);
    }
    for place in [
        "instagram/web/front",
        "instagram/login/page",
        "threads/web/front",
        "threads/login/page",
    ] {
        rows.extend([
            (place, 200, String::new(), "degraded?"),
            (place, 200, "<html>".into(), "ok"),
            (place, 429, String::new(), "blocked"),
            (place, 200, "<title>5xx Server Error".into(), "fail"),
            (place, 500, "5xx Server Error".into(), "fail"),
            (place, 400, ERROR_PAGE.into(), "blocked"),
        ]);
    }
    let shell = r#"<div id="react-root"><div id="ScriptLoadFailure">Something went wrong, but don’t fret — let’s give it another shot."#;
    for place in ["x/web/front", "x/login/page"] {
        rows.extend([
            (place, 200, shell.into(), "ok"),
            (place, 200, String::new(), "degraded?"),
            (place, 400, String::new(), "blocked"),
            (place, 403, "<html>".into(), "blocked"),
            (place, 403, r#"{"errors":[{"code":467}]}"#.into(), "fail"),
            (place, 503, r#"{"errors":[{"code":130}]}"#.into(), "fail"),
            (place, 504, String::new(), "fail"),
            (place, 429, r#"{"errors":[{"code":88}]}"#.into(), "blocked"),
            (place, 429, "Rate limit exceeded".into(), "blocked"),
        ]);
    }
    rows.extend([
        ("x/login/page", 200, "Rate limit exceeded".into(), "fail"),
        (
            "x/web/front",
            200,
            "Rate limit exceeded".into(),
            "degraded?",
        ),
        (
            "x/api/no_token",
            401,
            r#"{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}"#
                .into(),
            "ok",
        ),
        (
            "x/api/no_token",
            429,
            "Rate limit exceeded".into(),
            "blocked",
        ),
        (
            "x/api/no_token",
            503,
            r#"{"errors":[{"code":130}]}"#.into(),
            "fail",
        ),
        (
            "x/api/no_token",
            500,
            r#"{"errors":[{"code":131}]}"#.into(),
            "fail",
        ),
        (
            "x/api/no_token",
            403,
            r#"{"errors":[{"code":467}]}"#.into(),
            "fail",
        ),
        ("x/api/no_token", 200, String::new(), "degraded?"),
        ("x/api/no_token", 401, "<html>".into(), "blocked"),
        (
            "x/short_links/redirect",
            403,
            r#"{"errors":[{"code":467}]}"#.into(),
            "fail",
        ),
        (
            "x/short_links/redirect",
            200,
            "This page is down".into(),
            "fail",
        ),
        ("x/short_links/redirect", 429, String::new(), "blocked"),
        ("x/short_links/redirect", 404, String::new(), "degraded?"),
        (
            "whatsapp/registration/missing_parameter",
            200,
            r#"{"param":"authkey","reason":"missing_param","status":"fail"}"#.into(),
            "ok",
        ),
        (
            "whatsapp/registration/missing_parameter",
            200,
            "<html>".into(),
            "degraded?",
        ),
        (
            "whatsapp/registration/missing_parameter",
            500,
            String::new(),
            "fail",
        ),
        ("whatsapp/web/front", 400, ERROR_PAGE.into(), "blocked"),
        (
            "whatsapp/web/front",
            200,
            r#""client_revision":123,"#.into(),
            "ok",
        ),
        ("whatsapp/web/front", 200, "x".into(), "degraded?"),
        ("whatsapp/site/front", 200, String::new(), "degraded?"),
        ("facebook/session/me", 400, graph(190), "local"),
        ("facebook/session/me", 400, graph(2), "fail"),
        ("facebook/session/me", 400, graph(17), "blocked"),
        ("facebook/session/me", 200, r#"{"id":"123"}"#.into(), "ok"),
        ("facebook/session/me", 200, "{}".into(), "degraded?"),
        (
            "facebook/apps/app_token",
            400,
            refused_token("signature"),
            "ok",
        ),
        (
            "facebook/apps/app_token",
            400,
            refused_token("- Cannot parse access token"),
            "local",
        ),
        ("facebook/apps/app_token", 400, graph(101), "local"),
        ("facebook/apps/app_token", 400, graph(2), "fail"),
        (
            "facebook/apps/app_token",
            200,
            r#"{"id":"123"}"#.into(),
            "ok",
        ),
        (
            "x/api/v1_no_token",
            400,
            r#"{"errors":[{"code":215}]}"#.into(),
            "ok",
        ),
        (
            "x/api/v1_no_token",
            503,
            r#"{"errors":[{"code":130}]}"#.into(),
            "fail",
        ),
        ("youtube/api/no_key", 403, graph(403), "ok"),
        ("youtube/api/no_key", 403, "<html>".into(), "blocked"),
        (
            "bluesky/login/description",
            200,
            r#"{"availableUserDomains":[".bsky.social"]}"#.into(),
            "ok",
        ),
        (
            "tiktok/content/oembed",
            200,
            r#"{"html": "<blockquote>"}"#.into(),
            "ok",
        ),
    ]);
    for (place, status, body, expected) in rows {
        let got = class(check(&config, place), status, HeaderMap::new(), &body);
        assert_eq!(got, expected, "{place}: {status} {body}");
    }
}

#[test]
fn answers_whose_headers_matter() {
    let config = shipped("");
    let with = |name: &'static str, value: &str| -> HeaderMap {
        [(
            hyper::header::HeaderName::from_static(name),
            value.parse().unwrap(),
        )]
        .into_iter()
        .collect()
    };
    for (place, status, headers, expected) in [
        (
            "x/short_links/redirect",
            301,
            with("location", "https://developer.twitter.com/en/community"),
            "ok",
        ),
        ("x/short_links/redirect", 301, HeaderMap::new(), "degraded?"),
        (
            "x/media/static",
            200,
            with("content-type", "image/x-icon"),
            "ok",
        ),
        (
            "x/media/static",
            200,
            with("content-type", "text/html"),
            "degraded?",
        ),
        (
            "facebook/web/front",
            403,
            with("cf-mitigated", "challenge"),
            "blocked",
        ),
    ] {
        let got = class(check(&config, place), status, headers, "x");
        assert_eq!(got, expected, "{place}: {status}");
    }
}

/// A wall is a refusal, also where the page that was asked for is a login page itself.
#[test]
fn pages_behind_a_wall_are_refused() {
    let config = shipped("");
    for place in [
        "facebook/web/front",
        "facebook/login/page",
        "messenger/web/front",
        "messenger/login/page",
        "instagram/web/front",
        "instagram/login/page",
        "threads/web/front",
        "threads/login/page",
    ] {
        for wall in [
            "https://www.facebook.com/checkpoint/?next",
            "https://www.facebook.com/consent/",
        ] {
            let page = check(&config, place);
            let got = class_after(page, 302, HeaderMap::new(), "", &[wall]);
            assert_eq!(got, "blocked", "{place} sent to {wall}");
        }
    }
}

//! What the shipped catalogue makes of combinations of layers: the recorded outages, and parts of them alone.

use std::time::Duration;

use hyper::HeaderMap;
use platform_exporter::config::{Check, Config, Kind};
use platform_exporter::probe::classify::{Answer, classify};
use platform_exporter::probe::failure::{Class, Reason};
use platform_exporter::state::{Outcome, State};
use platform_exporter::time::Time;

use super::{graph, shipped};

const OVER_CAPACITY: &str = r#"{"errors":[{"code":130}]}"#;
const LIMITED: &str = "Rate limit exceeded";

/// A result in one word: `ok`, `code2`, `limit200`, `over_capacity`, a status with an empty body, or the label of a
/// reason. Answers are judged by the check's own rules.
fn outcome(check: &Check, word: &str, started: Time) -> Outcome {
    let (class, reason, needs_proof) = match word {
        "ok" => (Class::Ok, Reason::Ok, false),
        "code2" => answered(check, 400, &graph(2)),
        "limit200" => answered(check, 200, LIMITED),
        "over_capacity" => answered(check, 503, OVER_CAPACITY),
        word => match word.parse() {
            Ok(status) => answered(check, status, ""),
            Err(_) => failed(word),
        },
    };
    Outcome {
        class,
        reason,
        needs_proof,
        retry_after: None,
        started,
        ended: started + Duration::from_secs(1),
    }
}

fn answered(check: &Check, status: u16, body: &str) -> (Class, Reason, bool) {
    let http = matches!(check.kind, Kind::Http(_));
    assert!(http, "{} is no http check", check.id);
    let answer = Answer {
        status,
        headers: HeaderMap::new(),
        body: body.into(),
        cut: false,
        redirects: Vec::new(),
        elapsed: Duration::from_millis(80),
    };
    let outcome = classify(check, &answer);
    (outcome.class, outcome.reason, outcome.needs_proof)
}

fn failed(label: &str) -> (Class, Reason, bool) {
    let known = Reason::ALL.iter().find(|reason| reason.label() == label);
    let reason = *known.unwrap_or_else(|| panic!("result {label}"));
    let needs_proof = reason.is_mismatch() || reason == Reason::WsTimeout;
    (reason.class(), reason, needs_proof)
}

/// Three rounds in which every check is ok but those named: `component/check:word`, or `component:word` for all of it.
/// `proven`: a round in which all were ok comes first.
fn verdict(config: &Config, platform: &str, cells: &str, proven: bool) -> String {
    let cells: Vec<_> = cells
        .split_whitespace()
        .filter_map(|cell| cell.split_once(':'))
        .collect();
    let active = config.active();
    let checks = || {
        let platforms = active.iter().filter(|p| &*p.name == platform);
        platforms.flat_map(|p| p.components.iter().flat_map(|c| &c.checks))
    };
    for (place, _) in &cells {
        let named =
            |check: &Check| format!("{}/", check.id).starts_with(&format!("{platform}/{place}/"));
        assert!(checks().any(named), "no {platform}/{place}");
    }
    let mut now = Time::from_millis(1_709_650_800_000);
    let mut state = State::new(&active, now);
    state.set_vantage(true, now);
    for round in 0..4 {
        for check in checks() {
            let place = check.id.to_string();
            let cell = cells
                .iter()
                .rev()
                .find(|(cell, _)| format!("{place}/").starts_with(&format!("{platform}/{cell}/")));
            let word = match (round, cell) {
                (0, _) if proven => "ok",
                (_, Some((_, word))) => word,
                (_, None) => "ok",
            };
            state.apply(&check.id, &outcome(check, word, now), now);
        }
        now = now + Duration::from_secs(10);
    }
    let report = state.report(now);
    let found = report.platforms.iter().find(|p| p.name == platform);
    found.map_or("not there", |p| p.verdict.label()).to_owned()
}

/// Platform, what its layers show, the verdict once they were all ok, and the verdict where it was so from the start.
#[test]
fn layers_add_up_to_the_verdict() {
    are(
        &shipped(""),
        &[
            // 5 March 2024: pages load, logins and the API do not.
            ("facebook", "login:503 api:code2", "down", "down"),
            ("facebook", "login:503", "down", "down"),
            ("facebook", "login:404", "degraded", "up"),
            ("facebook", "api:code2", "down", "down"),
            ("facebook", "api/no_token:code2", "degraded", "degraded"),
            ("facebook", "api/bad_token:code2", "degraded", "degraded"),
            ("facebook", "web:429 login:429", "up", "up"),
            ("facebook", "web:429 login:429 api:code2", "down", "down"),
            (
                "facebook",
                "web:429 login:429 api:429",
                "blocked",
                "blocked",
            ),
            ("facebook", "web:503", "down", "down"),
            ("facebook", "web/front:503", "down", "down"),
            ("facebook", "media:tcp_timeout", "degraded", "degraded"),
            ("facebook", "dns:dns_servfail", "degraded", "degraded"),
            ("messenger", "login:503 api/bad_token:code2", "down", "down"),
            ("messenger", "chat:tcp_timeout", "down", "down"),
            ("messenger", "web:503", "degraded", "degraded"),
            ("instagram", "web:200 login:503 api:code2", "down", "down"),
            ("instagram", "web:200 api:code2", "down", "down"), // from 16:30 on
            ("instagram", "web:200", "degraded", "up"),         // the feed lags behind login
            ("threads", "web:200 login:503 api:code2", "down", "down"),
            ("threads", "web:429 login:429", "up", "up"),
            ("whatsapp_business", "api:code2", "degraded", "degraded"),
            ("whatsapp_business", "api:tcp_timeout", "down", "down"),
            // 3 April 2024: the chat accepts and is silent. Where it was never heard, its silence says nothing.
            ("whatsapp", "chat:ws_timeout", "down", "up"),
            ("whatsapp", "chat:ws_closed", "degraded", "up"),
            ("whatsapp", "chat:ws_timeout web:400 site:429", "down", "up"),
            ("whatsapp", "chat:tcp_timeout", "down", "down"),
            ("whatsapp", "web:429 site:429", "up", "up"),
            (
                "whatsapp",
                "registration:503 media:tcp_timeout",
                "degraded",
                "degraded",
            ),
            (
                "whatsapp",
                "chat_hosts/g_443:tcp_timeout chat_hosts/g_5222:tcp_timeout",
                "up",
                "up",
            ),
            ("whatsapp", "chat_hosts:tcp_timeout", "degraded", "degraded"),
            ("instagram", "web:200 api:404", "degraded", "up"),
            // 28 December 2022: error pages, a refused login, an API over capacity.
            (
                "x",
                "web:200 login:limit200 api:over_capacity",
                "down",
                "down",
            ),
            ("x", "web:200 login:429 api:over_capacity", "down", "down"),
            ("x", "web:200 login:429 api:429", "degraded", "blocked"),
            ("x", "web:403 login:403", "up", "up"),
            (
                "x",
                "web:429 login:429 api:429 short_links:429 media/static:429",
                "blocked",
                "blocked",
            ),
            ("x", "short_links:503", "degraded", "degraded"),
            (
                "x",
                "web:403 login:403 api:429 short_links:503",
                "blocked",
                "blocked",
            ),
        ],
    );
}

/// Of those that wait to be named. Youtube's only check looks at the edge.
#[test]
fn so_they_do_where_the_user_names_them() {
    let config =
        shipped("platforms: { telegram: {}, signal: {}, discord: {}, bluesky: {}, youtube: {} }");
    are(
        &config,
        &[
            ("telegram", "chat/dc1:tcp_timeout", "up", "up"),
            (
                "telegram",
                "chat/dc1:tcp_timeout chat/dc2:tcp_timeout",
                "degraded",
                "up",
            ), // siblings answer, so it may be us
            ("telegram", "chat:tcp_timeout", "down", "down"),
            ("telegram", "api:503 web:429", "degraded", "degraded"),
            ("signal", "chat:503", "down", "down"),
            (
                "signal",
                "calls:503 contacts:404 media:404",
                "degraded",
                "up",
            ),
            ("discord", "chat:ws_timeout", "down", "up"),
            ("discord", "api:429", "up", "up"),
            ("bluesky", "login:503", "down", "down"),
            ("youtube", "web:503", "down", "down"),
            ("youtube", "web:429", "blocked", "blocked"),
        ],
    );
}

/// A token of the operator's own sees what the rest cannot; that it is refused says nothing of the platform.
#[test]
fn tokens_add_to_it() {
    let config = shipped(
        "credentials: { meta_token: { file: /dev/null }, meta_app_token: { file: /dev/null }, x_bearer: { file: /dev/null } }",
    );
    are(
        &config,
        &[
            ("facebook", "session:code2", "down", "down"),
            ("facebook", "session:local_credentials", "up", "up"),
            ("facebook", "apps:code2", "degraded", "degraded"),
            (
                "facebook",
                "apps:local_credentials api:code2",
                "down",
                "down",
            ),
            ("x", "session:429", "up", "up"),
            ("x", "web:403 login:403 api:429", "up", "up"),
            (
                "x",
                "web:403 login:403 api:429 session:429",
                "blocked",
                "blocked",
            ),
        ],
    );
}

/// Platform, cells, the verdict once everything was ok, and the verdict from the start.
type Row<'a> = (&'a str, &'a str, &'a str, &'a str);

fn are(config: &Config, rows: &[Row<'_>]) {
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(platform, cells, proven, unproven)| {
            let seen = [true, false].map(|was_ok| verdict(config, platform, cells, was_ok));
            (seen != [*proven, *unproven]).then(|| format!("{platform} {cells}: {seen:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

//! Metrics of a replayed outage as the exporter's own encoder writes them, with timestamps: what a Prometheus that had
//! scraped all the while would hold.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use platform_exporter::catalog;
use platform_exporter::config::{self, Check, Platform};
use platform_exporter::metrics::{Format, Own, Page, Store};
use platform_exporter::probe::failure::{Class, Reason};
use platform_exporter::probe::observation::{
    Certificate, Observation, Outcome as Found, Phases, Run,
};
use platform_exporter::state::{Outcome, State};
use platform_exporter::time::Time;

/// 5 March 2024, 14:00 UTC.
const BEGIN: u64 = 1_709_647_200_000;
const ROUND: Duration = Duration::from_secs(30);
/// An hour and a half; one round in two is scraped, as with a scrape interval of a minute.
const ROUNDS: u32 = 180;
/// What goes wrong does so in the middle half hour.
const TROUBLE: std::ops::Range<u32> = 60..120;

const PLATFORMS: &str = "platforms: { facebook: {}, instagram: {}, whatsapp: {}, x: {} }";

/// What is wrong, as `platform/component` and the reason of its runs.
fn faults(name: &str) -> &'static [(&'static str, &'static str)] {
    match name {
        "d1" => &[
            ("facebook/login", "http_status_5xx"),
            ("facebook/api", "content_json_assertion"),
            ("instagram/web", "content_marker_missing"),
            ("instagram/login", "http_status_5xx"),
            ("instagram/api", "content_json_assertion"),
        ],
        "d2" => &[
            ("whatsapp/chat", "ws_timeout"),
            ("whatsapp/media", "tcp_timeout"),
            ("instagram/web", "content_marker_missing"),
        ],
        "d3" => &[
            ("x/web", "content_marker_missing"),
            ("x/login", "content_marker_present"),
            ("x/api", "http_status_5xx"),
        ],
        "vantage_offline" => &[("", "local_offline")],
        "healthy" => &[],
        other => panic!("there is no fixture {other}"),
    }
}

/// The file of a replay: `d1`, `d2`, `d3`, `healthy` or `vantage_offline`.
pub fn fixture(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("platform-{name}-{}.om", std::process::id()));
    std::fs::write(&path, replay(name)).unwrap();
    path
}

fn replay(name: &str) -> String {
    let config = config::parse("fixture.yml", PLATFORMS, catalog::FILES).unwrap();
    let platforms = config.active();
    let begin = Time::from_millis(BEGIN);
    let mut state = State::new(&platforms, begin);
    let store = Arc::new(Store::new("dhaka-1", &platforms));
    let own = Own::new();
    own.reloaded(true, begin);
    let mut text = String::new();
    for round in 0..ROUNDS {
        let now = begin + ROUND * round;
        let trouble = TROUBLE.contains(&round);
        let faults = if trouble { faults(name) } else { &[] };
        let online = faults.iter().all(|(place, _)| !place.is_empty());
        store.record_control("tls one.one.one.one:443", online);
        store.record_control("dns example.com", online);
        state.set_vantage(online, now);
        for (slot, check) in checks(&platforms).enumerate() {
            own.observe_lag(Duration::from_millis(2));
            run(check, slot, reason(check, faults), now, &mut state, &store);
        }
        if round % 2 == 1 {
            let now = now + Duration::from_secs(5);
            state.tick(now);
            let report = state.report(now);
            let page = Page::new(Arc::clone(&store), report, &own, Format::OpenMetrics);
            stamp(page, now, &mut text);
        }
    }
    text + "# EOF\n"
}

fn checks(platforms: &[Platform]) -> impl Iterator<Item = &Check> {
    let components = platforms.iter().flat_map(|platform| &platform.components);
    components.flat_map(|component| &component.checks)
}

fn reason(check: &Check, faults: &[(&str, &str)]) -> Reason {
    let id = check.id.to_string();
    let fault = faults
        .iter()
        .find(|(place, _)| place.is_empty() || id.starts_with(&format!("{place}/")));
    let label = fault.map_or("ok", |(_, reason)| reason);
    let known = Reason::ALL.iter().find(|reason| reason.label() == label);
    *known.unwrap_or_else(|| panic!("there is no reason {label}"))
}

fn run(check: &Check, slot: usize, reason: Reason, now: Time, state: &mut State, store: &Store) {
    let ended = now + Duration::from_millis(400);
    let outcome = Outcome {
        class: reason.class(),
        reason,
        needs_proof: reason.is_mismatch(),
        retry_after: None,
        started: now,
        ended,
    };
    let ok = reason.class() == Class::Ok;
    let lifetime = Duration::from_secs(90 * 86_400);
    let found = Run {
        outcome: Found {
            class: reason.class(),
            reason,
            needs_proof: outcome.needs_proof,
            detail: String::new(),
        },
        phases: Phases([4, 20, 30, 310, 1].map(Duration::from_millis)),
        status: ok.then_some(200),
        certificate: ok.then(|| Certificate {
            not_before: Time::from_millis(BEGIN) - lifetime / 2,
            not_after: Time::from_millis(BEGIN) + lifetime / 2,
            subject: String::new(),
            issuer: String::new(),
        }),
        retry_after: None,
        verified_tls: ok,
        hops: Vec::new(),
    };
    let (planned, started) = (now, now);
    let observation = Observation {
        planned,
        started,
        ended,
        run: found,
    };
    store.record(slot, &observation);
    state.apply(&check.id, &outcome, ended);
    state.plan(&check.id, now + ROUND);
    store.plan(slot, now + ROUND);
}

/// Adds a page, every sample with its time.
fn stamp(mut page: Page, now: Time, text: &mut String) {
    let bytes: Vec<u8> = std::iter::from_fn(|| page.next_piece()).flatten().collect();
    let page = String::from_utf8(bytes).unwrap();
    for line in page.lines().filter(|line| *line != "# EOF") {
        let _ = match line.starts_with('#') {
            true => writeln!(text, "{line}"),
            false => writeln!(text, "{line} {}", now.as_secs_f64()),
        };
    }
}

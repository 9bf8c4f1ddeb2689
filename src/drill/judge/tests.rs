//! Drills played on paper: what is said when, and what the judge makes of it.

use std::time::Duration;

use super::*;
use crate::config;
use crate::state::report::PlatformReport;

/// 12:00:00 of some day.
const NOON: Time = Time::from_millis(1_750_420_800_000);

/// Facebook breaks at 12:05 and is healed at 12:15; the drill ends at 12:25.
const ONE: &str = "\
{ title: One, end: 25m,
  timeline: [{ at: 5m, platform: facebook, layer: [login, api], fault: server_error, invented: true },
             { at: 15m, platform: facebook, layer: all, fault: healthy, invented: true }],
  expect: [{ platform: facebook, at: 5m, verdict: down }, { platform: facebook, at: 15m, verdict: up, within: 90s }] }";

/// It goes from down to degraded on the way.
const TWO: &str = "\
{ title: Two, end: 25m,
  timeline: [{ at: 5m, platform: facebook, layer: all, fault: server_error, invented: true },
             { at: 10m, platform: facebook, layer: all, fault: healthy, invented: true },
             { at: 10m, platform: facebook, layer: web, fault: blank_page, invented: true },
             { at: 15m, platform: facebook, layer: web, fault: healthy, invented: true }],
  expect: [{ platform: facebook, at: 5m, verdict: down }, { platform: facebook, at: 10m, verdict: degraded },
           { platform: facebook, at: 15m, verdict: up }] }";

/// Our own network, and a tolerated pair of verdicts.
const OURS: &str = "\
{ title: Ours, end: 25m,
  timeline: [{ at: 5m, platform: vantage, layer: gateway, fault: unreachable, invented: true },
             { at: 15m, platform: vantage, layer: gateway, fault: healthy, invented: true }],
  expect: [{ platform: facebook, at: 5m, verdict: [unknown, up] }, { platform: facebook, at: 15m, verdict: up }] }";

/// Nothing that anyone should see.
const QUIET: &str = "\
{ title: Quiet, end: 25m,
  timeline: [{ at: 5m, platform: facebook, layer: media/static, fault: reset, invented: true },
             { at: 15m, platform: facebook, layer: media, fault: healthy, invented: true }] }";

fn scenario(text: &str) -> Scenario {
    let config = config::load(None).unwrap();
    Scenario::parse("mine.yml", text, &config, NOON, &|_, _, _| Ok(()))
        .unwrap_or_else(|errors| panic!("{errors}"))
}

fn verdict(label: &str) -> Verdict {
    let found = Verdict::ALL
        .into_iter()
        .find(|verdict| verdict.label() == label);
    found.unwrap_or_else(|| panic!("verdict {label}"))
}

fn report(now: Time, platforms: &[(&str, Verdict)]) -> Report {
    let platform = |(name, verdict): &(&str, Verdict)| PlatformReport {
        name: (*name).into(),
        title: (*name).to_uppercase(),
        operator: "Meta".into(),
        team: String::new(),
        page: true,
        verdict: *verdict,
        since: now,
        spent: Default::default(),
        depth: None,
        incident_degraded: false,
        incident_down: false,
        components: Vec::new(),
    };
    Report {
        now,
        vantage_up: true,
        platforms: platforms.iter().map(platform).collect(),
    }
}

/// `"0 unknown, 10 up, 340 down"`: seconds since the start, and what is said from then on.
fn said(script: &str, second: u64) -> Verdict {
    let words = script
        .split(", ")
        .map(|entry| entry.split_once(' ').unwrap());
    let entries = words.map(|(from, label)| (from.parse::<u64>().unwrap(), verdict(label)));
    entries
        .filter(|(from, _)| *from <= second)
        .last()
        .unwrap()
        .1
}

/// Plays a script to its end, and gives news and judgement.
fn play(scenario: &Scenario, script: &str) -> (Vec<News>, Judgement) {
    let mut judge = Judge::new(scenario);
    let mut news = Vec::new();
    for second in 0..=scenario.end.since(scenario.start).as_secs() {
        let now = scenario.start + Duration::from_secs(second);
        let report = report(
            now,
            &[("facebook", said(script, second)), ("x", Verdict::Up)],
        );
        news.extend(judge.beat(now, &report));
    }
    (news, judge.finish())
}

/// Each script and what is wrong with it, in the judge's words.
fn are(text: &str, rows: &[(&str, &[&str])]) {
    let scenario = scenario(text);
    for (script, expected) in rows {
        let (_, judgement) = play(&scenario, script);
        let failures: Vec<String> = judgement.failures().collect();
        assert_eq!(&failures, expected, "{}: {script}", scenario.title);
        assert_eq!(judgement.passed(), expected.is_empty());
    }
}

#[test]
fn what_comes_in_time_is_right() {
    are(
        ONE,
        &[
            ("0 unknown, 10 up, 340 down, 945 up", &[]),
            // At the last moment, and with everything that lies on the way.
            (
                "0 unknown, 60 up, 320 degraded, 330 unknown, 335 blocked, 360 down, 910 degraded, 990 up",
                &[],
            ),
            // Once more to and fro while it is still open.
            (
                "0 up, 320 down, 330 up, 340 down, 905 up, 910 down, 920 up",
                &[],
            ),
        ],
    );
}

#[test]
fn late_and_never_are_one_failure_each() {
    are(
        ONE,
        &[
            (
                "0 up, 361 down, 945 up",
                &["expected facebook down within 60 s of 12:05:00, was up; it came at 12:06:01"],
            ),
            (
                "0 up, 330 degraded, 900 up",
                &["expected facebook down within 60 s of 12:05:00, was degraded"],
            ),
            (
                "0 up, 330 down",
                &["expected facebook up within 90 s of 12:15:00, was down"],
            ),
            (
                "0 up, 330 down, 1000 unknown, 1100 up",
                &["expected facebook up within 90 s of 12:15:00, was down; it came at 12:18:20"],
            ),
        ],
    );
}

#[test]
fn any_other_verdict_is_false_and_counted_with_its_time() {
    are(
        ONE,
        &[
            (
                "0 up, 200 down, 230 up, 340 down, 945 up",
                &["facebook was down from 12:03:20 to 12:03:50, expected up"],
            ),
            (
                "0 up, 340 down, 600 degraded, 610 unknown, 620 down, 945 up",
                &[
                    "facebook was degraded from 12:10:00 to 12:10:10, expected down",
                    "facebook was unknown from 12:10:10 to 12:10:20, expected down",
                ],
            ),
            // Seen in time, and gone again when the time is up.
            (
                "0 up, 340 down, 350 up, 400 down, 945 up",
                &["facebook was up from 12:06:01 to 12:06:40, expected down"],
            ),
            (
                "0 up, 340 down, 945 up, 1499 down",
                &["facebook was down from 12:24:59 to 12:25:00, expected up"],
            ),
        ],
    );
}

#[test]
fn the_warm_up_forgives_the_unknown_alone_and_once() {
    are(
        QUIET,
        &[
            ("0 unknown, 60 up", &[]),
            (
                "0 unknown, 61 unknown, 62 up",
                &["facebook was unknown from 12:01:01 to 12:01:02, expected up"],
            ),
            (
                "0 unknown, 5 degraded, 7 up",
                &["facebook was degraded from 12:00:05 to 12:00:07, expected up"],
            ),
            (
                "0 up, 5 unknown, 7 up",
                &["facebook was unknown from 12:00:05 to 12:00:07, expected up"],
            ),
            (
                "0 unknown",
                &["facebook was unknown from 12:01:01 to 12:25:00, expected up"],
            ),
        ],
    );
}

#[test]
fn down_lies_on_no_way_but_its_own() {
    are(
        TWO,
        &[
            ("0 up, 340 down, 640 degraded, 940 up", &[]),
            (
                "0 up, 340 down, 610 up, 640 degraded, 905 unknown, 940 up",
                &[],
            ),
            (
                "0 up, 340 down, 640 degraded, 905 down, 940 up",
                &["facebook was down from 12:15:05 to 12:15:40, expected up"],
            ),
        ],
    );
    are(
        OURS,
        &[
            ("0 up, 320 unknown, 940 up", &[]),
            ("0 up", &[]),
            (
                "0 up, 320 down, 330 unknown, 940 up",
                &["facebook was down from 12:05:20 to 12:05:30, expected unknown or up"],
            ),
        ],
    );
}

#[test]
fn a_late_step_does_not_excuse_a_false_down() {
    let ours = OURS.replace("[unknown, up]", "unknown");
    are(
        &ours,
        &[(
            "0 up, 400 down, 410 up, 420 unknown, 940 up",
            &[
                "expected facebook unknown within 60 s of 12:05:00, was up; it came at 12:07:00",
                "facebook was down from 12:06:40 to 12:06:50, expected unknown",
            ],
        )],
    );
}

#[test]
fn a_drill_that_ends_early_has_not_passed() {
    let scenario = scenario(ONE);
    let mut judge = Judge::new(&scenario);
    for second in 0..200 {
        let now = NOON + Duration::from_secs(second);
        judge.beat(now, &report(now, &[("facebook", Verdict::Up)]));
    }
    let failures: Vec<String> = judge.finish().failures().collect();
    assert_eq!(
        failures,
        [
            "expected facebook down within 60 s of 12:05:00, and the drill did not get there",
            "expected facebook up within 90 s of 12:15:00, and the drill did not get there",
        ]
    );
    // Neither has one that was never watched.
    assert_eq!(Judge::new(&scenario).finish().failures().count(), 2);
}

/// A row in words: platform, what broke, expected, broke at, delay, restored at, delay, false verdicts.
fn in_words(row: &Row) -> String {
    let time = |time: Option<Time>| time.map_or("-".into(), words::clock);
    let delay = |seen: Seen, delay: Option<Duration>| match (seen, delay) {
        (Seen::Never, _) => "never".to_owned(),
        (_, Some(delay)) => words::span(delay),
        _ => "-".into(),
    };
    [
        row.platform.clone(),
        row.broke.clone(),
        words::verdicts(&row.expected),
        time(row.broke_at),
        delay(row.judged, row.delay()),
        time(row.restored_at),
        delay(row.restored, row.delay_of_restored()),
        row.false_verdicts.to_string(),
    ]
    .join(" | ")
}

#[test]
fn the_rows_say_what_broke_and_how_long_it_took() {
    let table: [(&str, &str, &[&str]); 7] = [
        (
            ONE,
            "0 up, 341 down, 945 up",
            &[
                "facebook | api: server_error, login: server_error | down | 12:05:00 | 41 s | 12:15:00 | 45 s | 0",
            ],
        ),
        (
            ONE,
            "0 up, 100 down, 110 up, 945 down, 950 degraded",
            &[
                "facebook | api: server_error, login: server_error | down | 12:05:00 | never | 12:15:00 | - | 2",
            ],
        ),
        (
            TWO,
            "0 up, 340 down, 640 degraded, 700 up, 710 degraded, 940 up",
            &[
                "facebook | all: server_error | down | 12:05:00 | 40 s | 12:10:00 | 40 s | 0",
                "facebook | web: blank_page | degraded | 12:10:00 | 40 s | 12:15:00 | 40 s | 1",
            ],
        ),
        (
            OURS,
            "0 up, 320 unknown, 940 up",
            &[
                "facebook | our gateway: unreachable | unknown or up | 12:05:00 | - | 12:15:00 | 40 s | 0",
                "x | our gateway: unreachable | up | 12:05:00 | - | 12:15:00 | - | 0",
            ],
        ),
        (
            QUIET,
            "0 up",
            &["facebook | media/static: reset | up | 12:05:00 | - | 12:15:00 | - | 0"],
        ),
        (
            QUIET,
            "0 up, 10 down, 20 up",
            &["facebook | media/static: reset | up | 12:05:00 | - | 12:15:00 | - | 1"],
        ),
        (
            &OURS
                .replace("facebook", "x")
                .replace("[unknown, up]", "[up, blocked]"),
            "0 up",
            &[
                "facebook | our gateway: unreachable | up | 12:05:00 | - | 12:15:00 | - | 0",
                "x | our gateway: unreachable | up or blocked | 12:05:00 | - | 12:15:00 | - | 0",
            ],
        ),
    ];
    for (text, script, expected) in table {
        let (_, judgement) = play(&scenario(text), script);
        let rows: Vec<String> = judgement.rows.iter().map(in_words).collect();
        assert_eq!(rows, expected, "{script}");
    }
}

#[test]
fn rows_that_tell_the_same_are_put_together() {
    let ours = OURS
        .split_once("  expect:")
        .unwrap()
        .0
        .trim_end()
        .trim_end_matches(',')
        .to_owned()
        + "}";
    let (_, judgement) = play(&scenario(&ours), "0 up");
    let rows: Vec<String> = judgement.rows.iter().map(in_words).collect();
    assert_eq!(
        rows,
        ["all | our gateway: unreachable | up | 12:05:00 | - | 12:15:00 | - | 0"]
    );
    let seen = Row {
        restored: Seen::At(NOON),
        ..judgement.rows[0].clone()
    };
    let together = told::together(vec![seen.clone(), seen], 2);
    assert_eq!(together.len(), 2, "by chance at the same time");
}

#[test]
fn news_come_when_a_verdict_changes() {
    let (news, _) = play(
        &scenario(ONE),
        "0 unknown, 10 up, 100 degraded, 110 up, 341 down, 945 up",
    );
    let told: Vec<String> = news
        .iter()
        .filter(|news| news.platform == "facebook")
        .map(News::to_string)
        .collect();
    assert_eq!(
        told,
        [
            "FACEBOOK UP since 12:00 UTC (0 s)",
            "FACEBOOK DEGRADED since 12:01 UTC (0 s): X up (not as expected)",
            "FACEBOOK UP since 12:01 UTC (0 s)",
            "FACEBOOK DOWN since 12:05 UTC (0 s): X up; 41 s after it broke",
            "FACEBOOK UP since 12:15 UTC (0 s); 45 s after it was healed",
        ]
    );
    let down = news
        .iter()
        .find(|news| news.verdict == Verdict::Down)
        .unwrap();
    assert_eq!(
        (down.before, down.after),
        (Verdict::Up, Some((Duration::from_secs(41), Told::Broke)))
    );
}

//! Every mistake in a scenario has its line, and all of them are told at once.

use super::bad;

/// Lines in place of those of [`file`], and every line that is said of the whole. `mine.yml:` is left out.
type Row = (&'static [(&'static str, &'static str)], &'static str);

const BREAK: &str = "break";
const HEAL: &str = "heal";
const DOWN: &str = "down";
const UP: &str = "up";

/// A small scenario, each of whose keys stands on a line of its own, from line 1 on.
fn file(changes: &[(&str, &str)]) -> String {
    let lines = [
        ("title", "title: Mine"),                 // 1
        ("start", "start: 2024-03-05T14:50:00Z"), // 2
        ("end", "end: 40m"),                      // 3
        ("sources", "sources: { R1: a report }"), // 4
        ("timeline", "timeline:"),                // 5
        (
            "break",
            "- { at: 10m, platform: facebook, layer: login, fault: server_error, source: R1 }",
        ), // 6
        (
            "heal",
            "- { at: 30m, platform: facebook, layer: all, fault: healthy, invented: true }",
        ), // 7
        ("expect", "expect:"),                    // 8
        ("down", "- { platform: facebook, at: 10m, verdict: down }"), // 9
        (
            "up",
            "- { platform: facebook, at: 30m, verdict: up, within: 90s }",
        ), // 10
        (
            "alerts",
            "alerts: [{ alert: PlatformDown, platform: facebook }]",
        ), // 11
    ];
    let changed = |key: &str| changes.iter().find(|(changed, _)| *changed == key);
    lines
        .iter()
        .map(|(key, line)| changed(key).map_or(*line, |(_, line)| line))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn are(rows: &[Row]) {
    for (changes, expected) in rows {
        let found = bad(&file(changes)).replace("mine.yml:", "");
        assert_eq!(&found, expected, "{changes:?}");
    }
}

#[test]
fn without_changes_it_is_right() {
    super::good(&file(&[]));
}

#[test]
fn of_the_file() {
    are(&[
        (
            &[("title", "titel: Mine")],
            "1:1: the key `title` is missing\n1:1: titel: unknown key; did you mean `title`?",
        ),
        (
            &[("title", "title: Mine\ntitle: Yours")],
            "2:1: title: given twice; first at 1:1",
        ),
        (
            &[("title", "title: [Mine]")],
            "1:8: title: expected a text of one line, found a list",
        ),
        (&[("end", "")], "1:1: the key `end` is missing"),
        (
            &[("end", ""), ("alerts", "alerts: [{ alert: PlatfromDown }]")],
            "1:1: the key `end` is missing\n11:19: alerts[0].alert: there is no such alert; did you mean `PlatformDown`?",
        ),
        (
            &[("end", "end: 40")],
            "3:6: end: 40 has no unit; write 40s for seconds, or the like of 500ms, 1m30s",
        ),
        (
            &[("end", "end: soon")],
            "3:6: end: `soon` is not a duration: write it like 5s, 500ms or 1m30s",
        ),
        (
            &[("end", "end: 2024-03-05T14:50:00Z")],
            "3:6: end: does not come after the start",
        ),
        (
            &[("end", "end: 2024-03-07T14:50:00Z")],
            "3:6: end: comes more than 24 h 0 min after the start",
        ),
        (
            &[("start", "start: 5m")],
            "2:8: start: expected a time such as 2024-03-05T15:00:00Z: the start has nothing before it",
        ),
        (
            &[("start", "start: 2024-03-05T14:50:00")],
            "2:8: start: `2024-03-05T14:50:00` is not a time: write it with its zone, like 2024-03-05T15:00:00Z",
        ),
        (
            &[("start", "start: 2024-13-05T14:50:00Z")],
            "2:8: start: `2024-13-05T14:50:00Z` is not a time: write it with its zone, like 2024-03-05T15:00:00Z",
        ),
        (
            &[("start", "start: 1969-01-01T00:00:00Z")],
            "2:8: start: lies before 1970",
        ),
        (
            &[("start", ""), ("end", "end: 2024-03-05T17:00:00Z")],
            "3:6: end: a time of the calendar needs the key `start`; without it write a duration since the start, such as 45m",
        ),
        (
            &[("sources", "sources: [R1]")],
            "4:10: sources: expected a mapping, found a list",
        ),
        (
            &[("timeline", "timeline: []"), (BREAK, ""), (HEAL, "")],
            "5:11: timeline: nothing breaks that this configuration watches",
        ),
    ]);
}

#[test]
fn of_an_event() {
    are(&[
        (
            &[(
                BREAK,
                "- { at: 10m, layer: login, fault: server_error, source: R1 }",
            )],
            "6:3: timeline[0]: the key `platform` is missing",
        ),
        (
            &[(
                BREAK,
                "- { at: 10m, platform: facebok, layer: login, fault: server_error, source: R1 }",
            )],
            "6:24: timeline[0].platform: there is no such platform; did you mean `facebook`?",
        ),
        (
            &[(
                BREAK,
                "- { at: 10m, platform: acme, layer: login, fault: server_error, source: R1 }",
            )],
            "6:24: timeline[0].platform: there is no such platform; watched are facebook, messenger, instagram, threads, whatsapp, whatsapp_business, x",
        ),
        (
            &[(
                BREAK,
                "- { at: 10m, platform: [], layer: login, fault: server_error, source: R1 }",
            )],
            "6:24: timeline[0].platform: an empty list names nothing",
        ),
        (
            &[(
                BREAK,
                "- { at: 10m, platform: [facebook, 5], layer: login, fault: server_error, source: R1 }",
            )],
            "6:35: timeline[0].platform[1]: expected text, found the number 5; put it in quotes",
        ),
        (
            &[(
                BREAK,
                "- { at: 10m, platform: facebook, layer: logn, fault: server_error, source: R1 }",
            )],
            "6:41: timeline[0].layer: facebook has no such layer; did you mean `login`?",
        ),
        (
            &[(
                BREAK,
                "- { at: 10m, platform: facebook, layer: [login, telegraph], fault: server_error, source: R1 }",
            )],
            "6:49: timeline[0].layer[1]: facebook has no such layer; known are all, official, first_resolver, web, login, api, apps, session, media, dns, content",
        ),
        (
            &[(
                BREAK,
                "- { at: 10m, platform: facebook, layer: login/pages, fault: server_error, source: R1 }",
            )],
            "6:41: timeline[0].layer: facebook has no such layer; did you mean `login/page`?",
        ),
        (
            &[(
                BREAK,
                "- { at: 10m, platform: all, layer: logins, fault: server_error, source: R1 }",
            )],
            "6:36: timeline[0].layer: no platform has such a layer",
        ),
        (
            &[(
                BREAK,
                "- { at: 10m, platform: vantage, layer: gatway, fault: unreachable, source: R1 }",
            )],
            "6:40: timeline[0].layer: our own network has no such layer; did you mean `gateway`?",
        ),
        (
            &[(
                BREAK,
                "- { at: 10m, platform: facebook, layer: login, fault: nxdomain, source: R1 }",
            )],
            "6:55: timeline[0].fault: facebook/login has no name to miss",
        ),
        (
            &[(
                BREAK,
                "- { at: 10m, platform: facebook, layer: login, fault: server_error, source: R2 }",
            )],
            "6:77: timeline[0].source: there is no such key under `sources`; did you mean `R1`?",
        ),
        (
            &[(
                BREAK,
                "- { at: 10m, platform: facebook, layer: login, fault: server_error }",
            )],
            "6:3: timeline[0]: where is it known from? Name a `source`, or write `invented: true`",
        ),
        (
            &[(
                BREAK,
                "- { at: 10m, platform: facebook, layer: login, fault: server_error, invented: false }",
            )],
            "6:3: timeline[0]: where is it known from? Name a `source`, or write `invented: true`",
        ),
        (
            &[(
                BREAK,
                "- { at: 2024-03-05T14:40:00Z, platform: facebook, layer: login, fault: server_error, source: R1 }",
            )],
            "6:9: timeline[0].at: 14:40:00 comes before the start (14:50:00)",
        ),
        (
            &[(
                HEAL,
                "- { at: 41m, platform: facebook, layer: all, fault: healthy, source: R1 }",
            )],
            "7:9: timeline[1].at: 15:31:00 comes after the end (15:30:00)",
        ),
        (
            &[(
                HEAL,
                "- { at: 9m, platform: facebook, layer: all, fault: healthy, source: R1 }",
            )],
            "7:9: timeline[1].at: 14:59:00 comes before the event above (15:00:00)",
        ),
        (
            &[
                (
                    HEAL,
                    "- { at: 20m, platform: facebook, layer: login/page, fault: server_error, source: R1 }\n- { at: 30m, platform: facebook, layer: all, fault: healthy, source: R1 }",
                ),
                ("down", ""),
                ("up", ""),
            ],
            "7:60: timeline[1].fault: changes nothing: facebook login/page: server_error already",
        ),
        (
            &[
                (
                    HEAL,
                    "- { at: 30m, platform: facebook, layer: [all, official], fault: healthy, source: R1 }\n- { at: 31m, platform: facebook, layer: web, fault: healthy, source: R1 }",
                ),
                ("down", ""),
                ("up", ""),
            ],
            "8:53: timeline[2].fault: changes nothing: facebook web: healthy already",
        ),
        (
            &[(
                HEAL,
                "- { at: 30m, platform: facebook, layer: all, fault: slow, source: R1 }",
            )],
            "7:3: timeline[1]: facebook api/bad_token is never healed: a drill ends with everything healthy",
        ),
        (
            &[
                (
                    HEAL,
                    "- { at: 30m, platform: facebook, layer: official, fault: major_disruptions, source: R1 }",
                ),
                ("break", ""),
            ],
            "7:3: timeline[0]: facebook official is never healed: a drill ends with everything healthy\n9:29: expect[0].at: everything is expected to be up until something breaks, at 15:20:00",
        ),
        (
            &[(
                BREAK,
                "- { at: 1m, platform: facebook, layer: login, fault: server_error, source: R1 }",
            )],
            "6:9: timeline[0].at: the first fault comes 60 s after the start; a drill begins with 2 min in which everything is healthy",
        ),
        (
            &[(
                HEAL,
                "- { at: 38m, platform: facebook, layer: all, fault: healthy, source: R1 }",
            )],
            "7:9: timeline[1].at: the last change comes 2 min before the end; a drill ends with 3 min in which everything is healthy",
        ),
    ]);
}

#[test]
fn a_fault_out_of_the_list_is_an_error() {
    let text = file(&[(
        "break",
        "- { at: 10m, platform: facebook, layer: login, fault: sevfail, source: R1 }",
    )]);
    let error = bad(&text);
    assert!(
        error.starts_with("mine.yml:6:55: timeline[0].fault: expected one of healthy, servfail, "),
        "{error}"
    );
    assert!(error.ends_with("; did you mean `servfail`?"), "{error}");
}

#[test]
fn of_an_expectation() {
    are(&[
        (
            &[(DOWN, "- { platform: facebok, at: 10m, verdict: down }")],
            "9:15: expect[0].platform: there is no such platform; did you mean `facebook`?",
        ),
        (
            &[(DOWN, "- { platform: vantage, at: 10m, verdict: down }")],
            "9:15: expect[0].platform: our own network has no verdict; while it is lost every platform is `unknown`",
        ),
        (
            &[(DOWN, "- { platform: facebook, at: 10m, verdict: dwn }")],
            "9:43: expect[0].verdict: expected one of up, degraded, down, blocked, unknown, found `dwn`; did you mean `down`?",
        ),
        (
            &[(
                DOWN,
                "- { platform: facebook, at: 10m, verdict: [up, dwn] }",
            )],
            "9:48: expect[0].verdict[1]: expected one of up, degraded, down, blocked, unknown, found `dwn`; did you mean `down`?",
        ),
        (
            &[(DOWN, "- { platform: facebook, at: 10m, verdict: [] }")],
            "9:43: expect[0].verdict: an empty list names nothing",
        ),
        (
            &[(DOWN, "- { platform: facebook, at: 9m, verdict: down }")],
            "9:29: expect[0].at: everything is expected to be up until something breaks, at 15:00:00",
        ),
        (
            &[
                (DOWN, "- { platform: facebook, at: 10m, verdict: up }"),
                (UP, ""),
            ],
            "9:3: expect[0]: changes nothing: facebook is expected to be up before it too",
        ),
        (
            &[(
                DOWN,
                "- { platform: facebook, at: 10m, verdict: down, within: 0s }",
            )],
            "9:57: expect[0].within: `0s` is out of range: a duration is from 1ms to 1 day",
        ),
        (
            &[(UP, "")],
            "9:43: expect[0].verdict: the last one for facebook must be up: a drill ends with everything healthy",
        ),
        (
            &[(UP, "- { platform: facebook, at: 39m30s, verdict: up }")],
            "10:29: expect[1].at: may take 60 s until it is seen, and the drill ends 30 s after it",
        ),
        (
            &[(UP, "- { platform: [facebook, x], at: 10m, verdict: up }")],
            "10:3: expect[1]: changes nothing: x is expected to be up before it too\n10:3: expect[1]: does not come after the one above for facebook",
        ),
        (
            &[(UP, "- { platform: facebook, at: 10m30s, verdict: up }")],
            "10:3: expect[1]: comes before the one above for facebook must be seen, by 15:01:00",
        ),
    ]);
}

#[test]
fn of_an_alert() {
    are(&[
        (
            &[("alerts", "alerts: [{ alert: PlatfromDown }]")],
            "11:19: alerts[0].alert: there is no such alert; did you mean `PlatformDown`?",
        ),
        (
            &[(
                "alerts",
                "alerts: [{ alert: PlatformDown }, { alert: PlatformDown }]",
            )],
            "11:35: alerts[1]: the same alert stands above",
        ),
        (
            &[(
                "alerts",
                "alerts: [{ alert: PlatformDown, platform: facebok }]",
            )],
            "11:43: alerts[0].platform: there is no such platform; did you mean `facebook`?",
        ),
        (
            &[("alerts", "alerts: [{ platform: facebook }]")],
            "11:10: alerts[0]: the key `alert` is missing",
        ),
    ]);
    let unknown = bad(&file(&[("alerts", "alerts: [{ alert: PlatformOnFire }]")]));
    assert!(
        unknown.contains("there is no such alert; those that are shipped are PlatformDown, "),
        "{unknown}"
    );
    super::good(&file(&[("alerts", "alerts: [{ alert: OurOwnAlert }]")]));
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = file(&[
        ("start", "start: yesterday"),
        (
            "break",
            "- { at: 10, platform: facebook, layer: login, fault: server_error, source: R1 }",
        ),
        (
            "heal",
            "- { at: 30m, platform: facebok, layer: all, fault: healthy, invented: true }",
        ),
        (
            "up",
            "- { platform: facebook, at: 2024-03-05T15:20:00Z, verdict: op, witin: 90s }",
        ),
        ("alerts", "alerts: [{ alert: PlatfromDown }]\ncolour: red"),
    ]);
    let expected = "\
mine.yml:2:8: start: `yesterday` is not a duration: write it like 5s, 500ms or 1m30s
mine.yml:6:9: timeline[0].at: 10 has no unit; write 10s for seconds, or the like of 500ms, 1m30s
mine.yml:7:24: timeline[1].platform: there is no such platform; did you mean `facebook`?
mine.yml:10:60: expect[1].verdict: expected one of up, degraded, down, blocked, unknown, found `op`; did you mean `up`?
mine.yml:10:64: expect[1].witin: unknown key; did you mean `within`?
mine.yml:11:19: alerts[0].alert: there is no such alert; did you mean `PlatformDown`?
mine.yml:12:1: colour: unknown key; known are title, start, end, sources, timeline, expect, alerts";
    assert_eq!(bad(&text), expected);
}

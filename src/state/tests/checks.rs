//! One check: results in, verdicts and paces out.

use super::*;

/// Gives the results of one check 30 s apart and returns its verdict after each. Further words: `off` and `on` lose and
/// prove our network, `wait` lets two minutes pass.
fn verdicts(mut rig: Rig, words: &str) -> String {
    let mut seen = Vec::new();
    for word in words.split_whitespace() {
        match word {
            "off" => rig.vantage(false),
            "on" => rig.vantage(true),
            "wait" => rig.pass(90),
            result => {
                rig.give("c", result);
            }
        }
        seen.push(rig.component("c").checks[0].verdict.label());
        rig.pass(30);
    }
    seen.join(" ")
}

#[test]
fn checks() {
    for (results, expected) in [
        ("ok ok fail fail fail ok ok", "up up up up down down up"),
        ("ok fail fail ok fail fail fail", "up up up up up up down"),
        ("fail fail fail ok ok", "unknown unknown down down up"),
        ("fail ok", "unknown up"),
        ("ok slow slow slow ok ok", "up up up degraded degraded up"),
        (
            "ok slow fail slow fail fail fail",
            "up up up degraded degraded degraded down",
        ),
        ("ok fail fail slow", "up up up degraded"),
        (
            "fail fail fail slow fail fail fail",
            "unknown unknown down degraded degraded degraded down",
        ),
        (
            "fail fail fail ok fail ok ok",
            "unknown unknown down down down down up",
        ),
        // Our own failures neither extend nor break a streak.
        ("ok fail local fail local fail", "up up up up up down"),
        ("ok local local", "up up up"),
        (
            "fail fail fail ok local ok",
            "unknown unknown down down down up",
        ),
        // Refusals show at once and end with one ok.
        ("blocked", "blocked"),
        ("ok blocked ok", "up blocked up"),
        (
            "slow slow slow blocked ok",
            "unknown unknown degraded blocked up",
        ),
        (
            "ok blocked fail fail fail",
            "up blocked blocked blocked down",
        ),
        (
            "ok fail blocked fail blocked fail",
            "up up blocked blocked blocked down",
        ),
        // A fall is believed for three intervals of refusals.
        (
            "fail fail fail blocked blocked blocked blocked",
            "unknown unknown down down down down blocked",
        ),
        (
            "fail fail fail blocked fail blocked blocked",
            "unknown unknown down down down down down",
        ),
        (
            "fail fail fail blocked ok ok",
            "unknown unknown down down down up",
        ),
        // Without news for three intervals nothing is known; nor is it from results that tell nothing.
        ("ok wait ok", "up unknown up"),
        (
            "ok wait wait fail fail fail",
            "up unknown unknown unknown unknown down",
        ),
        (
            "fail fail fail wait fail",
            "unknown unknown down unknown down",
        ),
        (
            "ok local local local local local ok",
            "up up up up unknown unknown up",
        ),
        // Our network is lost: unknown, and judged again by the next result.
        ("ok off on ok", "up unknown unknown up"),
        (
            "fail fail fail off on fail",
            "unknown unknown down unknown unknown down",
        ),
        (
            "fail fail fail off local on ok",
            "unknown unknown down unknown unknown unknown up",
        ),
        (
            "ok fail off local on fail fail",
            "up up unknown unknown unknown unknown down",
        ),
        ("ok off ok on", "up unknown unknown up"),
        // What answers badly while it is lost gives no verdict of its own.
        (
            "ok off fail fail fail on fail",
            "up unknown unknown unknown unknown unknown down",
        ),
        (
            "ok off fail fail fail on ok",
            "up unknown unknown unknown unknown unknown up",
        ),
    ] {
        assert_eq!(
            verdicts(Rig::new("c outage app"), results),
            expected,
            "{results}"
        );
    }
}

#[test]
fn unproven_checks() {
    for (results, expected) in [
        ("miss miss miss miss", "unknown unknown unknown unknown"),
        ("MISS MISS MISS", "unknown unknown unknown"),
        ("ok miss miss miss", "up up up degraded"),
        ("ok MISS MISS MISS", "up up up down"),
        ("fail fail fail", "unknown unknown down"),
        ("cut cut cut", "unknown unknown down"),
        (
            "miss fail miss fail miss fail",
            "unknown unknown unknown unknown unknown down",
        ),
        ("blocked miss", "blocked blocked"),
        // A fall that only mismatches follow is not believed for ever.
        (
            "fail fail fail miss miss miss miss miss",
            "unknown unknown down down down down unknown unknown",
        ),
    ] {
        assert_eq!(
            verdicts(Rig::unproven("c outage app"), results),
            expected,
            "{results}"
        );
    }
}

#[test]
fn an_unproven_check_that_cannot_connect_is_doubted_while_its_sibling_can() {
    let mut rig = Rig::unproven("c outage app app");
    let verdicts = |rig: &Rig| rig.component("c").checks.map_labels();
    rig.feed("c/b", "ok");
    rig.feed("c/a", "cut cut cut");
    assert_eq!(verdicts(&rig), "unknown up");
    rig.feed("c/a", "fail fail fail");
    assert_eq!(
        verdicts(&rig),
        "down up",
        "an answer that says failure is no doubt"
    );
    let mut rig = Rig::unproven("c outage app app");
    rig.feed("c/b", "ok fail");
    rig.feed("c/a", "cut cut cut");
    assert_eq!(verdicts(&rig), "down up");
    let mut rig = Rig::unproven("c outage app app");
    rig.feed("c/a", "ok");
    rig.feed("c/b", "ok");
    rig.feed("c/a", "cut cut cut");
    assert_eq!(verdicts(&rig), "down up", "once proven it is believed");
}

trait Labels {
    fn map_labels(&self) -> String;
}

impl Labels for Vec<report::CheckReport> {
    fn map_labels(&self) -> String {
        self.iter()
            .map(|check| check.verdict.label())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

#[test]
fn what_comes_before_the_first_proof_shows_with_it() {
    for (results, expected) in [
        ("ok", "up"),
        ("fail fail fail", "down"),
        ("blocked", "blocked"),
    ] {
        for controls_failed_first in [false, true] {
            let mut rig = Rig::new("c outage app");
            rig.state = State::new(&rig.platforms, BASE);
            if controls_failed_first {
                rig.vantage(false);
            }
            rig.feed("c", results);
            assert_eq!(rig.verdict(), "unknown", "{results}");
            assert_eq!(
                rig.component("c").incident.map(|i| i.start),
                None,
                "{results}"
            );
            rig.vantage(true);
            assert_eq!(rig.verdict(), expected, "{results}");
        }
    }
}

/// `i`: at its interval, `r`: recheck, a number: pause in seconds.
fn paces(mut rig: Rig, words: &str) -> String {
    let mut seen = Vec::new();
    for word in words.split_whitespace() {
        match word {
            "off" => rig.vantage(false),
            "on" => rig.vantage(true),
            result => seen.push(match rig.give("c", result) {
                Pace::Interval => "i".to_string(),
                Pace::Recheck(recheck) => {
                    assert_eq!(recheck, secs(10));
                    "r".to_string()
                }
                Pace::Pause(pause) => pause.as_secs().to_string(),
            }),
        }
        rig.pass(10);
    }
    seen.join(" ")
}

#[test]
fn a_streak_that_is_open_is_followed_up() {
    for (results, expected) in [
        ("ok ok", "i i"),
        ("ok fail fail fail fail ok ok ok", "i r r i i r i i"),
        ("fail fail fail", "r r i"),
        (
            "ok slow slow slow slow fail fail fail slow",
            "i r r i i r r i i",
        ),
        ("ok fail ok", "i r i"),
        ("fail fail fail ok fail", "r r i r i"),
        ("ok local fail local fail fail", "i i r i r i"),
        ("fail off local fail on fail", "r i i i"),
        ("blocked fail fail fail", "30 r r i"),
        ("blocked slow ok", "30 r i"),
    ] {
        assert_eq!(
            paces(Rig::new("c outage app"), results),
            expected,
            "{results}"
        );
    }
    for (results, expected) in [("miss miss", "i i"), ("ok miss miss miss", "i r r i")] {
        assert_eq!(
            paces(Rig::unproven("c outage app"), results),
            expected,
            "{results}"
        );
    }
}

#[test]
fn refusals_are_kept_away_from() {
    let doubling = "blocked blocked blocked blocked blocked blocked blocked blocked";
    for (results, expected) in [
        (doubling, "30 60 120 240 480 960 1800 1800"),
        ("blocked blocked ok blocked", "30 60 i 30"),
        ("blocked blocked fail blocked", "30 60 r 30"),
        ("blocked blocked local blocked", "30 60 i 120"),
        ("fail fail fail blocked blocked", "r r i 30 60"),
    ] {
        assert_eq!(
            paces(Rig::new("c outage app"), results),
            expected,
            "{results}"
        );
    }
    // Interval, Retry-After, first pause.
    for (interval, retry_after, expected) in [
        (30, 10, 30),
        (30, 45, 45),
        (30, 86_400, 1800),
        (3600, 0, 3600),
        (3600, 86_400, 3600),
    ] {
        let mut platform = platform("p", "c outage app");
        platform.components[0].checks[0].interval = secs(interval);
        let mut rig = Rig::of(platform);
        let asked = Some(secs(retry_after));
        let refusal = Outcome {
            retry_after: asked,
            ..outcome("blocked", BASE)
        };
        let pace = rig.state.apply(&Rig::id("c"), &refusal, BASE + secs(1));
        assert_eq!(
            pace,
            Pace::Pause(secs(expected)),
            "{interval} {retry_after}"
        );
        rig.now = BASE + secs(1);
        assert_eq!(rig.verdict(), "blocked");
    }
}

#[test]
fn a_pause_does_not_make_stale() {
    let mut rig = Rig::new("c outage app");
    rig.feed("c", "blocked blocked blocked blocked blocked blocked");
    rig.pass(960 - 10);
    assert_eq!(rig.verdict(), "blocked");
    rig.pass(89);
    assert_eq!(rig.verdict(), "blocked");
    rig.pass(1);
    assert_eq!(rig.verdict(), "unknown");
}

#[test]
fn a_check_that_may_run_longer_than_its_interval_is_waited_for() {
    let mut platform = platform("p", "c outage app");
    platform.components[0].checks[0].interval = secs(1);
    let mut rig = Rig::of(platform);
    rig.give("c", "ok");
    rig.state.plan(&Rig::id("c"), rig.now + secs(1));
    rig.pass(15);
    assert_eq!(rig.verdict(), "up");
    rig.pass(1);
    assert_eq!(rig.verdict(), "unknown");
}

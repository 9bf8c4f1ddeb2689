//! Verdicts as tables: results in, verdicts out.

use std::time::Duration;

use proptest::prelude::*;

use super::testing::{outcome, platform, verdict};
use super::*;
use crate::config::{DownWhen, Trust};

/// 5 March 2024, 15:00 UTC.
const BASE: Time = Time::from_millis(1_709_650_800_000);

fn at(seconds: u64) -> Time {
    BASE + Duration::from_secs(seconds)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// One platform `p` and where its time stands.
struct Rig {
    platforms: Vec<Platform>,
    state: State,
    now: Time,
}

impl Rig {
    /// See [`testing::platform`]; our own network is proven.
    fn new(text: &str) -> Self {
        Self::of(platform("p", text))
    }

    fn of(platform: Platform) -> Self {
        let platforms = vec![platform];
        let mut state = State::new(&platforms, BASE);
        state.set_vantage(true, BASE);
        Self {
            platforms,
            state,
            now: BASE,
        }
    }

    /// A single unproven check beside a proven one that never speaks.
    fn unproven(text: &str) -> Self {
        let mut platform = platform("p", text);
        let checks = platform.components.iter_mut().flat_map(|c| &mut c.checks);
        checks.for_each(|check| check.trust = Trust::OnceProven);
        Self::of(platform)
    }

    fn id(place: &str) -> CheckId {
        let (component, check) = place.split_once('/').unwrap_or((place, "a"));
        CheckId {
            platform: "p".into(),
            component: component.into(),
            check: check.into(),
        }
    }

    /// A result of `component/check` that ends now; the next run is planned in 30 s.
    fn give(&mut self, place: &str, word: &str) -> Pace {
        let id = Self::id(place);
        let pace = self
            .state
            .apply(&id, &outcome(word, self.now - secs(1)), self.now);
        let next = if let Pace::Pause(pause) = pace {
            pause
        } else {
            secs(30)
        };
        self.state.plan(&id, self.now + next);
        pace
    }

    /// Several results, ten seconds apart.
    fn feed(&mut self, place: &str, words: &str) {
        for word in words.split_whitespace() {
            self.give(place, word);
            self.pass(10);
        }
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now + secs(seconds);
        self.state.tick(self.now);
    }

    fn vantage(&mut self, up: bool) {
        self.state.set_vantage(up, self.now);
    }

    fn platform(&self) -> report::PlatformReport {
        self.state.report(self.now).platforms.remove(0)
    }

    fn component(&self, name: &str) -> report::ComponentReport {
        self.platform()
            .components
            .into_iter()
            .find(|c| c.name == name)
            .unwrap()
    }

    fn verdict(&self) -> &'static str {
        self.platform().verdict.label()
    }

    fn reasons(&self, component: &str) -> String {
        let reasons = self.component(component).reasons;
        reasons
            .iter()
            .map(|r| r.label())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

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
        let pace = rig.state.apply(&Rig::id("c"), &refusal, at(1));
        assert_eq!(
            pace,
            Pace::Pause(secs(expected)),
            "{interval} {retry_after}"
        );
        rig.now = at(1);
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

#[test]
fn reasons_are_of_the_checks_that_decide() {
    let mut rig = Rig::new("c outage app app edge");
    rig.feed("c/a", "http_status_5xx http_status_5xx http_status_5xx");
    rig.feed("c/c", "tcp_timeout tcp_timeout tcp_timeout");
    rig.feed("c/b", "ok");
    assert_eq!(rig.component("c").verdict.label(), "degraded");
    assert_eq!(rig.reasons("c"), "http_status_5xx tcp_timeout");
    // One run more is not up yet, and still has its reason.
    rig.feed("c/a", "ok");
    assert_eq!(
        rig.component("c").checks[0].reason.unwrap().label(),
        "http_status_5xx"
    );
    rig.feed("c/a", "tcp_refused");
    rig.feed("c/b", "tcp_refused tcp_refused tcp_refused");
    assert_eq!(rig.component("c").verdict.label(), "down");
    assert_eq!(
        rig.reasons("c"),
        "tcp_refused",
        "voters alone, without repetition"
    );
    rig.feed("c/a", "local_no_fd");
    assert_eq!(rig.reasons("c"), "tcp_refused");
    rig.vantage(false);
    assert_eq!(rig.reasons("c"), "local_offline");
    rig.vantage(true);
    assert_eq!(rig.reasons("c"), "local_no_fd tcp_refused tcp_timeout");
    for check in ["c/a", "c/b", "c/c"] {
        rig.feed(check, "ok ok");
    }
    assert_eq!((rig.verdict(), rig.reasons("c").as_str()), ("up", ""));
    rig.feed("c/a", "blocked_login");
    assert_eq!((rig.verdict(), rig.reasons("c").as_str()), ("up", ""));
    rig.feed("c/b", "blocked_denied");
    assert_eq!(
        (rig.verdict(), rig.reasons("c").as_str()),
        ("blocked", "blocked_login blocked_denied")
    );
}

#[test]
fn a_reason_is_forgotten_once_it_is_up() {
    let mut rig = Rig::new("c outage app");
    rig.feed("c", "fail ok");
    rig.pass(200);
    assert_eq!((rig.verdict(), rig.reasons("c").as_str()), ("unknown", ""));
    rig.feed("c", "fail");
    assert_eq!(rig.reasons("c"), "http_status_5xx");
}

/// What each layer shows, and what is made of it: the outages of 5 March 2024, 3 April 2024 and 28 December 2022.
#[test]
fn recorded_outages() {
    const META: &str = "dns degradation edge; web degradation app edge; login outage app; \
                        api outage parser; media degradation edge";
    const WHATSAPP: &str =
        "dns degradation edge; web degradation app; chat outage app edge; media outage app";
    const X: &str = "dns degradation edge; web outage app; login outage app; api outage parser";
    for (name, layout, results, expected) in [
        (
            "D1 facebook",
            META,
            "dns:ok web:ok web/b:ok login:fail api:fail media:ok",
            "down",
        ),
        (
            "D1 instagram",
            META,
            "dns:ok web:slow web/b:ok login:fail api:fail media:ok",
            "down",
        ),
        (
            "D1 instagram, later",
            META,
            "dns:ok web:slow web/b:ok login:ok api:ok media:ok",
            "degraded",
        ),
        (
            "D1 whatsapp",
            WHATSAPP,
            "dns:ok web:ok chat:ok chat/b:ok media:ok",
            "up",
        ),
        (
            "D1 refused",
            META,
            "dns:ok web:blocked web/b:ok login:blocked api:blocked media:ok",
            "blocked",
        ),
        (
            "D2 whatsapp",
            WHATSAPP,
            "dns:ok web:ok chat:ws_timeout chat/b:ok media:http_body_timeout",
            "down",
        ),
        (
            "D2 whatsapp, web blocked",
            WHATSAPP,
            "dns:ok web:blocked chat:ws_timeout chat/b:ok media:ok",
            "down",
        ),
        (
            "D2 instagram",
            META,
            "dns:ok web:slow web/b:ok login:ok api:slow media:ok",
            "degraded",
        ),
        (
            "D2 facebook",
            META,
            "dns:ok web:ok web/b:ok login:ok api:ok media:ok",
            "up",
        ),
        ("D3 x", X, "dns:ok web:slow login:blocked api:fail", "down"),
        (
            "D3 x, page alone",
            X,
            "dns:ok web:slow login:blocked api:blocked",
            "degraded",
        ),
        (
            "2021-10-04",
            META,
            "dns:dns_servfail web:dns_servfail web/b:dns_servfail login:dns_servfail \
          api:dns_servfail media:dns_servfail",
            "down",
        ),
        (
            "names only",
            META,
            "dns:dns_servfail web:ok web/b:ok login:ok api:ok media:ok",
            "degraded",
        ),
    ] {
        let mut rig = Rig::new(layout);
        for _ in 0..3 {
            for result in results.split_whitespace() {
                let (place, word) = result.split_once(':').unwrap();
                rig.give(place, word);
            }
            rig.pass(10);
        }
        assert_eq!(rig.verdict(), expected, "{name}");
    }
}

#[test]
fn depth_is_what_an_up_rests_on() {
    let mut rig = Rig::new("dns degradation edge; web outage app; api outage parser");
    let depth = |rig: &Rig| rig.platform().depth.map(|depth| depth.label());
    assert_eq!(depth(&rig), None);
    rig.feed("dns", "ok");
    assert_eq!(depth(&rig), Some("edge"));
    rig.feed("web", "ok");
    rig.feed("api", "ok");
    assert_eq!(depth(&rig), Some("app"));
    rig.feed("web", "fail fail fail");
    assert_eq!(depth(&rig), Some("parser"));
}

#[test]
fn an_incident_from_its_first_bad_run_to_up() {
    let mut rig = Rig::new("login outage app; web degradation app");
    rig.feed("web", "ok");
    rig.feed("login", "ok");
    let first_bad = rig.now - secs(1);
    rig.feed("login", "slow fail");
    assert!(rig.component("login").incident.is_none());
    rig.feed("login", "slow");
    let incident = rig.component("login").incident.unwrap();
    assert_eq!(
        (incident.start, incident.level),
        (first_bad, Verdict::Degraded)
    );
    assert_eq!(incident.downtime, secs(10));
    let flags = |rig: &Rig| {
        (
            rig.platform().incident_degraded,
            rig.platform().incident_down,
        )
    };
    assert_eq!(flags(&rig), (true, false));
    rig.feed("login", "fail fail fail");
    let incident = rig.component("login").incident.unwrap();
    assert_eq!((incident.start, incident.level), (first_bad, Verdict::Down));
    assert_eq!(flags(&rig), (false, true));
    // The level follows what is seen; each is counted once.
    rig.feed("login", "slow fail fail fail");
    assert_eq!(rig.component("login").incidents_begun, [1, 1]);
    rig.feed("login", "ok ok");
    assert!(rig.component("login").incident.is_none());
    assert_eq!(flags(&rig), (false, false));
    rig.feed("login", "fail fail fail");
    assert_eq!(rig.component("login").incidents_begun, [1, 2]);
    // Down where that is no outage of the platform.
    rig.feed("login", "ok ok");
    rig.feed("web", "fail fail fail");
    assert_eq!(rig.component("web").incident.unwrap().level, Verdict::Down);
    assert_eq!(flags(&rig), (true, false));
    assert_eq!(rig.component("web").incidents_begun, [0, 1]);
}

#[test]
fn an_incident_is_suspended_while_nothing_is_seen() {
    let mut rig = Rig::new("login outage app");
    rig.feed("login", "fail fail fail");
    let start = rig.component("login").incident.unwrap().start;
    rig.vantage(false);
    rig.pass(600);
    let incident = rig.component("login").incident.unwrap();
    assert_eq!((incident.suspended, incident.downtime), (true, secs(10)));
    assert!(
        rig.platform().incident_down,
        "a lost vantage resolves nothing"
    );
    rig.vantage(true);
    rig.pass(5);
    assert!(rig.component("login").incident.unwrap().suspended);
    rig.feed("login", "fail");
    let incident = rig.component("login").incident.unwrap();
    assert_eq!((incident.suspended, incident.downtime), (false, secs(20)));
    // Refusals too, once the fall is no longer believed.
    rig.feed("login", "blocked");
    rig.pass(600);
    let incident = rig.component("login").incident.unwrap();
    assert_eq!(
        (incident.suspended, incident.downtime),
        (true, secs(20 + 90 - 1))
    );
    rig.feed("login", "fail");
    let incident = rig.component("login").incident.unwrap();
    assert_eq!((incident.start, incident.suspended), (start, false));
    assert_eq!(rig.component("login").incidents_begun, [0, 1]);
    rig.feed("login", "blocked");
    rig.pass(600);
    rig.feed("login", "ok");
    assert!(rig.component("login").incident.is_none());
}

#[test]
fn an_incident_out_of_sight_for_an_hour_is_lost() {
    let mut rig = Rig::new("login outage app");
    rig.feed("login", "fail fail fail");
    rig.vantage(false);
    rig.pass(1800);
    rig.feed("login", "local local");
    rig.pass(1779);
    assert!(rig.component("login").incident.is_some());
    rig.pass(1);
    assert!(rig.component("login").incident.is_none());
    assert_eq!(rig.component("login").incidents_begun, [0, 1]);
    rig.pass(600);
    rig.vantage(true);
    let seen_again = rig.now - secs(1);
    rig.feed("login", "fail");
    let incident = rig.component("login").incident.unwrap();
    assert_eq!(incident.start, seen_again, "nobody saw what was between");
    assert_eq!(rig.component("login").incidents_begun, [0, 2]);
}

#[test]
fn a_lost_vantage_opens_no_incident() {
    let mut rig = Rig::new("login outage app");
    rig.feed("login", "ok");
    rig.vantage(false);
    rig.feed("login", "local fail fail fail local");
    assert!(rig.component("login").incident.is_none());
    rig.vantage(true);
    assert!(rig.component("login").incident.is_none());
    rig.feed("login", "ok");
    assert_eq!(rig.component("login").incidents_begun, [0, 0]);
}

#[test]
fn the_start_of_an_incident_is_that_of_the_check_that_tipped_it() {
    let mut text = platform("p", "c outage app app app");
    text.components[0].tolerate = 1;
    text.components[0].down_when = DownWhen::Majority;
    let mut rig = Rig::of(text);
    rig.feed("c/b", "ok");
    rig.feed("c/c", "ok");
    rig.feed("c/a", "fail fail fail");
    assert!(rig.component("c").incident.is_none(), "tolerated");
    let start = rig.now - secs(1);
    rig.feed("c/b", "fail fail fail");
    assert_eq!(rig.component("c").incident.unwrap().start, start);
    assert_eq!(rig.component("c").verdict.label(), "down");
}

#[test]
fn incidents_do_not_overlap() {
    let mut rig = Rig::new("c outage app app");
    rig.feed("c/b", "ok");
    rig.feed("c/a", "fail fail fail blocked");
    rig.pass(100);
    rig.feed("c/b", "ok");
    assert!(
        rig.component("c").incident.is_none(),
        "b is up, a is out of sight"
    );
    let ended = rig.component("c").since;
    rig.pass(20);
    rig.state.reload(&rig.platforms, rig.now);
    rig.feed("c/a", "fail");
    let incident = rig.component("c").incident.unwrap();
    assert_eq!(incident.start, ended);
}

#[test]
fn time_is_spent_in_one_state_at_a_time() {
    let mut rig = Rig::new("c outage app");
    rig.pass(7);
    rig.feed("c", "ok ok fail fail fail ok ok");
    rig.vantage(false);
    rig.pass(5);
    let spent = |rig: &Rig| rig.platform().spent.map(|d| d.as_secs());
    assert_eq!(spent(&rig), [50, 0, 20, 0, 12]);
    assert_eq!(rig.component("c").spent, rig.platform().spent);
    let report = rig.state.report(rig.now + secs(3));
    assert_eq!(
        report.platforms[0].spent[4],
        secs(15),
        "up to the moment of the report"
    );
    assert_eq!(rig.platform().since, rig.now - secs(5));
}

#[test]
fn a_machine_that_slept_was_up_only_while_that_was_believed() {
    let mut rig = Rig::new("c outage app");
    rig.feed("c", "ok");
    rig.pass(8 * 3600);
    let spent = rig.platform().spent.map(|d| d.as_secs());
    assert_eq!(spent, [30 + 90, 0, 0, 0, 8 * 3600 + 10 - 120]);
}

#[test]
fn a_clock_set_back_is_survived() {
    let mut rig = Rig::new("c outage app");
    rig.feed("c", "ok ok fail fail fail");
    rig.now = rig.now - secs(3600);
    rig.state.tick(rig.now);
    rig.feed("c", "fail");
    assert_eq!(rig.verdict(), "down");
    assert_eq!(rig.component("c").incident.unwrap().downtime, secs(20));
    rig.feed("c", "ok ok");
    assert_eq!(rig.verdict(), "up");
    rig.pass(115);
    assert_eq!(rig.verdict(), "unknown");
    // What was due before the clock was set back happens no later than now.
    rig.feed("c", "ok");
    rig.now = rig.now - secs(600);
    rig.state.plan(&Rig::id("c"), rig.now - secs(90));
    rig.pass(0);
    assert_eq!((rig.verdict(), rig.platform().since), ("unknown", rig.now));
}

#[test]
fn a_reload_keeps_what_is_unchanged() {
    let mut rig = Rig::unproven("c outage app app; d degradation app");
    rig.feed("c/a", "ok fail fail");
    rig.feed("c/b", "ok");
    rig.feed("d", "ok fail fail fail");
    let before = rig.component("d");
    let mut changed = rig.platforms.clone();
    changed[0].components.reverse();
    changed[0].components[1].checks.reverse();
    changed[0].components[1].checks[0].definition = 2; // b
    changed.insert(0, platform("q", "c outage app"));
    rig.state.reload(&changed, rig.now);
    let report = rig.state.report(rig.now);
    assert_eq!(report.platforms[0].verdict.label(), "unknown");
    let platform = &report.platforms[1];
    let verdicts: Vec<_> = platform
        .components
        .iter()
        .flat_map(|c| &c.checks)
        .map(|k| (k.verdict.label(), k.proven))
        .collect();
    assert_eq!(verdicts, [("down", true), ("unknown", false), ("up", true)]);
    let after = &platform.components[0];
    assert_eq!(
        after.incident.as_ref().unwrap().start,
        before.incident.unwrap().start
    );
    assert_eq!((after.spent, after.since), (before.spent, before.since));
    assert_eq!(after.incidents_begun, [0, 1]);
    // The streak goes on where it was.
    rig.state
        .apply(&Rig::id("c/a"), &outcome("fail", rig.now), rig.now);
    let report = rig.state.report(rig.now);
    assert_eq!(report.platforms[1].verdict.label(), "down");
    // What is gone is gone.
    rig.state.reload(&[], rig.now);
    assert!(rig.state.report(rig.now).platforms.is_empty());
    assert_eq!(
        rig.state
            .apply(&Rig::id("d"), &outcome("ok", rig.now), rig.now),
        Pace::Interval
    );
}

/// Saves, waits, and starts anew from what was written. Our network is not proven yet.
fn restart(rig: &mut Rig, seconds: u64) -> Vec<String> {
    let text = serde_json::to_string(&rig.state.save(rig.now)).unwrap();
    rig.now = rig.now + secs(seconds);
    rig.state = State::new(&rig.platforms, rig.now);
    rig.state
        .restore(&serde_json::from_str(&text).unwrap(), rig.now)
}

#[test]
fn a_short_restart_forgets_nothing() {
    let mut rig = Rig::unproven("c outage app; d degradation app");
    rig.feed("c", "ok fail fail fail");
    rig.feed("d", "ok fail fail");
    let before = rig.component("c").incident.unwrap();
    assert_eq!(restart(&mut rig, 60), Vec::<String>::new());
    assert_eq!(rig.verdict(), "unknown");
    let incident = rig.component("c").incident.unwrap();
    assert_eq!(
        (incident.start, incident.downtime),
        (before.start, before.downtime)
    );
    assert!(incident.suspended && rig.platform().incident_down);
    rig.vantage(true);
    assert_eq!(rig.verdict(), "down");
    assert_eq!(rig.component("d").verdict.label(), "up");
    rig.pass(5);
    let incident = rig.component("c").incident.unwrap();
    assert_eq!(
        (incident.suspended, incident.downtime),
        (false, before.downtime + secs(5))
    );
    assert_eq!(
        rig.component("c").incidents_begun,
        [0, 0],
        "it did not begin here"
    );
    for check in ["c", "d"] {
        rig.state.plan(&Rig::id(check), rig.now);
    }
    rig.pass(89);
    assert_eq!(
        rig.verdict(),
        "down",
        "it is awaited from when it is planned anew"
    );
    rig.feed("d", "miss");
    assert_eq!(
        rig.component("d").verdict.label(),
        "degraded",
        "streak and proof went on"
    );
}

#[test]
fn a_long_restart_keeps_proofs_and_incidents() {
    let mut rig = Rig::unproven("c outage app; d degradation app");
    rig.feed("c", "ok fail fail fail");
    rig.feed("d", "ok");
    let dropped = restart(&mut rig, 91);
    assert_eq!(
        dropped,
        ["2 saved verdicts are too old: these checks start unknown"]
    );
    rig.vantage(true);
    assert_eq!(rig.verdict(), "unknown");
    assert!(rig.component("c").incident.is_some());
    assert!(rig.component("c").checks[0].proven);
    rig.feed("d", "miss miss miss");
    assert_eq!(rig.component("d").verdict.label(), "degraded");
    let dropped = restart(&mut rig, 3600);
    assert_eq!(dropped.len(), 3, "{dropped:?}");
    assert!(
        dropped[1].contains("p/c") && dropped[2].contains("p/d"),
        "{dropped:?}"
    );
    assert!(rig.component("c").incident.is_none());
}

#[test]
fn a_changed_check_starts_anew() {
    let mut rig = Rig::unproven("c outage app");
    rig.feed("c", "ok");
    rig.platforms[0].components[0].checks[0].definition = 2;
    let dropped = restart(&mut rig, 1);
    assert_eq!(
        dropped,
        ["1 saved checks are gone or changed: nothing is kept of them"]
    );
    assert!(!rig.component("c").checks[0].proven);
    rig.vantage(true);
    assert_eq!(rig.verdict(), "unknown");
}

#[test]
fn another_form_is_not_read() {
    let mut rig = Rig::new("c outage app");
    let empty = Saved::default();
    assert_eq!(
        rig.state.restore(&empty, BASE),
        ["the saved state has version 0, not 1: not read"]
    );
}

#[test]
fn verdicts_from_the_future_are_not_believed() {
    let mut rig = Rig::new("c outage app");
    rig.feed("c", "ok");
    let saved = rig.state.save(rig.now);
    rig.state = State::new(&rig.platforms, BASE);
    assert_eq!(rig.state.restore(&saved, BASE).len(), 1);
}

/// One step of a random history.
#[derive(Clone, Debug)]
enum Step {
    Result(&'static str, &'static str),
    Pass(u64),
    Vantage(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let place = prop::sample::select(vec!["c/a", "c/b", "c/c", "d/a"]);
    let word = prop::sample::select(vec![
        "ok", "ok", "fail", "fail", "slow", "blocked", "local", "miss", "cut",
    ]);
    let step = prop_oneof![
        8 => (place, word).prop_map(|(place, word)| Step::Result(place, word)),
        4 => (0..60u64).prop_map(Step::Pass),
        1 => (0..6000u64).prop_map(Step::Pass),
        1 => any::<bool>().prop_map(Step::Vantage),
    ];
    prop::collection::vec(step, 1..80)
}

fn play(steps: &[Step], mut between: impl FnMut(&mut Rig, u64)) -> Rig {
    let mut rig = Rig::unproven("c outage app app edge; d degradation parser");
    for step in steps {
        match step {
            Step::Result(place, word) => {
                rig.give(place, word);
            }
            Step::Pass(seconds) => between(&mut rig, *seconds),
            Step::Vantage(up) => rig.vantage(*up),
        }
    }
    rig
}

proptest! {
    /// How often time is let pass changes nothing.
    #[test]
    fn ticking_more_often_changes_nothing(steps in steps()) {
        let seldom = play(&steps, |rig, seconds| rig.now = rig.now + secs(seconds));
        let often = play(&steps, |rig, seconds| (0..seconds).for_each(|_| rig.pass(1)));
        let mut seldom = seldom;
        seldom.pass(0);
        prop_assert_eq!(format!("{:?}", seldom.platform()), format!("{:?}", often.platform()));
    }

    /// All time is accounted for, a bad component has an incident and an up one has none, flags follow the incidents.
    #[test]
    fn reports_hold_together(steps in steps()) {
        let rig = play(&steps, Rig::pass);
        let report = rig.platform();
        for (spent, since) in report.components.iter().map(|c| (c.spent, c.since)).chain([(report.spent, report.since)]) {
            prop_assert_eq!(spent.iter().sum::<Duration>(), rig.now.since(BASE));
            prop_assert!(since <= rig.now);
        }
        for component in &report.components {
            if component.verdict.is_bad() {
                let incident = component.incident.as_ref().unwrap();
                prop_assert_eq!(incident.level, component.verdict);
                prop_assert!(!incident.suspended && incident.start <= rig.now);
                prop_assert!(!component.reasons.is_empty());
            } else if component.verdict == Verdict::Up {
                prop_assert!(component.incident.is_none() && component.reasons.is_empty());
            } else if let Some(incident) = &component.incident {
                prop_assert!(incident.suspended);
            }
        }
        let open = report.components.iter().filter(|c| c.incident.is_some()).count();
        let flags = usize::from(report.incident_degraded) + usize::from(report.incident_down);
        prop_assert_eq!(open > 0, flags > 0);
    }

    /// The verdict of a check that counts everything is what its last results say, read from the whole list.
    #[test]
    fn streaks_agree_with_the_list(words in prop::collection::vec(prop::sample::select(vec!["ok", "slow", "fail"]), 1..40)) {
        let mut rig = Rig::new("c outage app");
        let mut expected = Verdict::Unknown;
        for (i, word) in words.iter().enumerate() {
            rig.give("c", word);
            let last = |n: usize| (i + 1).checked_sub(n).map(|from| &words[from..=i]);
            let all = |n, allowed: &[&str]| last(n).is_some_and(|w| w.iter().all(|w| allowed.contains(w)));
            expected = if all(3, &["fail"]) {
                verdict("down")
            } else if all(3, &["fail", "slow"]) {
                verdict("degraded")
            } else if all(2, &["ok"]) || (expected == Verdict::Unknown && *word == "ok") {
                verdict("up")
            } else {
                expected
            };
            prop_assert_eq!(rig.component("c").checks[0].verdict, expected);
        }
    }
}

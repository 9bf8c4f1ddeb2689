//! Components and platforms: reasons, recorded outages, depth, time spent.

use super::*;

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
fn a_step_of_the_clock_counts_for_nothing() {
    for step in [-7200_i64, 7200] {
        let mut rig = Rig::new("c outage app");
        rig.feed("c", "ok fail fail fail");
        let before = rig.platform().spent;
        rig.now = Time::from_millis(rig.now.as_millis().strict_add_signed(step * 1000));
        rig.state.clock_stepped(rig.now);
        assert_eq!(rig.platform().spent, before, "by {step} s");
        let incident = rig.component("c").incident.unwrap();
        assert_eq!(incident.downtime, secs(10));
        rig.pass(60);
        assert_eq!(rig.verdict(), "down", "no run was awaited meanwhile");
    }
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

//! What reloads and restarts keep.

use super::*;

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

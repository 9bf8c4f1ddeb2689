//! Incidents: begin, suspension, loss, end.

use super::*;
use crate::config::DownWhen;

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

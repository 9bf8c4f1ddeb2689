//! What holds for every history.

use proptest::prelude::*;

use super::*;

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

//! The scenarios that are built in: they load, begin and end healthy, and say what the records say.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::super::{built_in, list, words};
use super::*;
use crate::drill::internet;
use crate::state::Verdict;

fn load(name: &str) -> Scenario {
    Scenario::load(name, &CONFIG, NOW, &internet::fits).unwrap_or_else(|errors| panic!("{errors}"))
}

fn all() -> impl Iterator<Item = Scenario> {
    list().map(|(name, _)| load(name))
}

#[test]
fn the_list_and_the_folder_agree() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/drill/scenarios");
    let files = std::fs::read_dir(folder).unwrap();
    let found: BTreeSet<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    let listed = built_in::FILES
        .iter()
        .map(|(name, _)| format!("{name}.yaml"));
    assert_eq!(found, listed.collect());
    for (name, title) in list() {
        assert!(title.len() > 10, "{name}: {title}");
        assert_eq!(load(name).title, title);
    }
}

#[test]
fn nothing_of_them_is_left_out() {
    for scenario in all() {
        assert!(scenario.left_out.is_empty(), "{:?}", scenario.left_out);
    }
}

#[test]
fn each_is_healthy_for_minutes_at_both_ends() {
    for scenario in all() {
        let first = scenario.events.first().unwrap().at.since(scenario.start);
        let last = scenario.end.since(scenario.events.last().unwrap().at);
        assert!(first >= Duration::from_secs(120), "{}", scenario.name);
        assert!(last >= Duration::from_secs(180), "{}", scenario.name);
        assert!(
            first + last <= Duration::from_secs(20 * 60),
            "{}: what is healthy is dull",
            scenario.name
        );
    }
}

#[test]
fn only_the_recorded_outages_take_anyone_down() {
    for scenario in all() {
        let down = scenario
            .expectations
            .iter()
            .any(|step| step.verdicts.contains(&Verdict::Down));
        let recorded = scenario.name.contains("-20");
        assert_eq!(down, recorded, "{}", scenario.name);
        let sourced = scenario
            .events
            .iter()
            .any(|event| !event.sources.is_empty());
        assert_eq!(sourced, recorded, "{}", scenario.name);
        let long = scenario.end.since(scenario.start) > Duration::from_secs(30 * 60);
        assert_eq!(long, recorded, "{}", scenario.name);
    }
}

/// What is wrong with each layer, by the end of the minute: `platform layer` and the fault.
fn wrong_at(scenario: &Scenario, clock: &str) -> BTreeMap<String, String> {
    let reach = super::super::reach::Reach::new(&CONFIG);
    let mut wrong = BTreeMap::new();
    for event in &scenario.events {
        if words::clock(event.at).as_str() > clock {
            break;
        }
        for cell in event.places.iter().flat_map(|place| reach.cells(place)) {
            let layer = cell.split('/').next().unwrap().to_owned();
            match event.fault {
                Fault::Healthy => wrong.remove(&layer),
                fault => wrong.insert(layer, fault.name()),
            };
        }
    }
    wrong
}

fn are(scenario: &str, clock: &str, expected: &[&str]) {
    let found: Vec<String> = wrong_at(&load(scenario), clock)
        .into_iter()
        .map(|(layer, fault)| format!("{layer} {fault}"))
        .collect();
    assert_eq!(found, expected, "{scenario} at {clock}");
}

#[test]
fn every_cell_of_5_march_2024_is_set() {
    let at_first = [
        "facebook api graph_code_2",
        "facebook login error_page",
        "instagram api graph_code_2",
        "instagram login error_page",
        "instagram web blank_page",
        "messenger api graph_code_2",
        "messenger chat closed",
        "messenger login error_page",
        "threads api graph_code_2",
        "threads login error_page",
        "threads web blank_page",
        "whatsapp_business api graph_code_2",
    ];
    are("meta-2024-03-05", "14:59:59", &[]);
    are("meta-2024-03-05", "15:00:00", &at_first);
    let official = |name: &&str| wrong_at(&load("meta-2024-03-05"), "15:17:00").contains_key(*name);
    let pages = [
        "facebook official",
        "messenger official",
        "whatsapp_business official",
    ];
    assert_eq!(pages.iter().filter(|name| official(name)).count(), 3);
    // Instagram's login is back, its feed is not.
    let later = wrong_at(&load("meta-2024-03-05"), "16:30:00");
    let instagram: Vec<_> = later
        .keys()
        .filter(|cell| cell.starts_with("instagram"))
        .collect();
    assert_eq!(instagram, ["instagram web"]);
    assert!(later.contains_key("facebook login"));
    are(
        "meta-2024-03-05",
        "17:18:59",
        &[
            "facebook official major_disruptions",
            "instagram web blank_page",
            "messenger official major_disruptions",
            "whatsapp_business official major_disruptions",
        ],
    );
    are("meta-2024-03-05", "17:19:00", &[]);
}

#[test]
fn every_cell_of_3_april_2024_is_set() {
    are(
        "whatsapp-2024-04-03",
        "18:09:59",
        &[
            "instagram api not_found",
            "instagram web blank_page",
            "whatsapp chat chat_silent",
            "whatsapp media reset",
            "whatsapp registration server_error",
        ],
    );
    are("whatsapp-2024-04-03", "20:00:00", &[]);
}

#[test]
fn every_cell_of_28_december_2022_is_set() {
    are(
        "x-2022-12-28",
        "02:50:00",
        &[
            "x api over_capacity",
            "x login login_rate_limit",
            "x web error_page",
        ],
    );
    are("x-2022-12-28", "03:00:00", &[]);
}

/// The times that the records name; any other is marked as invented.
#[test]
fn every_time_is_recorded_or_marked() {
    let recorded: BTreeMap<&str, &[&str]> = BTreeMap::from([
        (
            "meta-2024-03-05",
            &["15:00:00", "15:17:00", "16:30:00", "17:07:00", "17:19:00"][..],
        ),
        ("whatsapp-2024-04-03", &["17:59:00", "18:10:00", "20:00:00"]),
        ("x-2022-12-28", &["00:13:00", "03:00:00"]),
    ]);
    for scenario in all() {
        for event in &scenario.events {
            let times = recorded
                .get(scenario.name.as_str())
                .copied()
                .unwrap_or_default();
            let known = times.contains(&words::clock(event.at).as_str());
            assert!(
                known || event.invented,
                "{}: {}",
                scenario.name,
                event.what()
            );
            assert!(
                !event.note.is_empty(),
                "{}: {}",
                scenario.name,
                event.what()
            );
        }
    }
}

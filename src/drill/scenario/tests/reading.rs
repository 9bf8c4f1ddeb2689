//! What comes of a right file, and of one that speaks of more than is watched.

use std::time::Duration;

use super::super::{Event, words};
use super::*;
use crate::drill::fault::Own;
use crate::state::Verdict;

const SMALL: &str = "\
title: Mine
end: 40m
timeline:
- { at: 10m, platform: [facebook, x], layer: [login, api], fault: hang, note: 'two
    lines', invented: true }
- { at: 12m, platform: vantage, layer: resolver, fault: dns_silent, invented: true }
- { at: 30m, platform: all, layer: all, fault: healthy, invented: true }
- { at: 30m, platform: vantage, layer: resolvers, fault: healthy, invented: true }
expect:
- { platform: [x, facebook], at: 10m, verdict: [down, degraded] }
- { platform: [x, facebook], at: 30m, verdict: up, within: 90s }
alerts: [{ alert: PlatformDown }]
";

fn with_config(config: &str, text: &str) -> Result<Scenario, Errors> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, config).unwrap();
    let config = config::load(Some(file.path())).unwrap();
    Scenario::parse("mine.yml", text, &config, NOW, &fits)
}

#[test]
fn times_places_and_texts_are_understood() {
    let scenario = good(SMALL);
    assert_eq!(words::clock(scenario.start), "12:00:00");
    assert_eq!(scenario.start.as_millis() % 1000, 0);
    assert_eq!(words::clock(scenario.end), "12:40:00");
    let what: Vec<String> = scenario.events.iter().map(Event::what).collect();
    assert_eq!(what[0], "facebook, x login and api: hang");
    assert_eq!(what[1], "our first resolver: dns_silent");
    assert_eq!(scenario.events[0].note, "two lines");
    assert_eq!(scenario.events[1].places, [Place::Vantage(Own::Resolver)]);
    assert_eq!(scenario.events[2].places.len(), 7);
    let steps: Vec<(&str, String, Duration)> = scenario
        .expectations
        .iter()
        .map(|step| (step.platform.as_str(), words::clock(step.at), step.within))
        .collect();
    assert_eq!(steps[0], ("x", "12:10:00".into(), Duration::from_secs(60)));
    assert_eq!(
        steps[3],
        ("facebook", "12:30:00".into(), Duration::from_secs(90))
    );
    assert_eq!(
        scenario.expectations[0].verdicts,
        [Verdict::Down, Verdict::Degraded]
    );
}

#[test]
fn an_event_of_all_strikes_where_it_can() {
    let scenario = good(
        "{ title: a, end: 20m, timeline: [{ at: 5m, platform: all, layer: login, fault: hang, invented: true }, \
         { at: 9m, platform: all, layer: all, fault: healthy, invented: true }] }",
    );
    let places = &scenario.events[0].places;
    assert_eq!(places.len(), 5, "{places:?}");
    let chat = "{ title: a, end: 20m, timeline: [{ at: 5m, platform: PLATFORM, layer: chat, fault: chat_silent, invented: true }, \
         { at: 9m, platform: all, layer: all, fault: healthy, invented: true }] }";
    let what = good(&chat.replace("PLATFORM", "all")).events[0].what();
    assert_eq!(what, "whatsapp chat: chat_silent");
    let error = read(&chat.replace("PLATFORM", "[whatsapp, messenger]"))
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("fault: messenger/chat greets nobody"),
        "{error}"
    );
}

#[test]
fn a_zone_is_heeded() {
    let scenario = good(&SMALL.replace(
        "end: 40m",
        "start: 2024-03-05T21:00:00+06:00\nend: 2024-03-05T15:40:00Z",
    ));
    assert_eq!(words::clock(scenario.start), "15:00:00");
    assert_eq!(words::clock(scenario.end), "15:40:00");
}

#[test]
fn what_is_not_watched_is_left_out_and_told() {
    let scenario = with_config("platforms: { facebook: {} }", SMALL).unwrap();
    assert_eq!(scenario.left_out, ["x"]);
    assert_eq!(scenario.events[0].what(), "facebook login and api: hang");
    assert!(
        scenario
            .expectations
            .iter()
            .all(|step| step.platform == "facebook")
    );

    let off = "platforms: { facebook: { components: { login: { enabled: false } } }, x: {} }";
    let scenario = with_config(off, SMALL).unwrap();
    assert_eq!(scenario.left_out, ["facebook login"]);
    assert_eq!(
        scenario.events[0].what(),
        "facebook api; x login and api: hang"
    );

    let nothing = with_config(
        "platforms: { threads: {} }",
        &SMALL.replace("vantage, layer: resolver", "x, layer: login"),
    );
    assert!(nothing.is_err());
}

#[test]
fn a_platform_of_the_users_own_may_break_too() {
    let acme = "platforms: { acme: { components: { api: { checks: { me: { tcp: { address: 'a.example:1' } } } } } } }";
    let text = SMALL
        .replace("[facebook, x]", "acme")
        .replace("[x, facebook]", "acme")
        .replace("[login, api]", "api/me");
    let scenario = with_config(acme, &text).unwrap();
    assert_eq!(scenario.events[0].what(), "acme api/me: hang");
}

#[test]
fn names_and_files_are_told_apart() {
    let load = |wanted: &str| Scenario::load(wanted, &CONFIG, NOW, &fits);
    let error = load("nat-gatway").unwrap_err().to_string();
    assert!(
        error.starts_with("nat-gatway: there is no such scenario, and no such file; did you mean `nat-gateway`?; built in are meta-2024-03-05, "),
        "{error}"
    );
    let error = load("./gone.yml").unwrap_err().to_string();
    assert_eq!(
        error,
        "./gone.yml: cannot be read: No such file or directory (os error 2)"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.yml");
    std::fs::write(&path, SMALL).unwrap();
    let path = path.to_str().unwrap();
    assert_eq!(load(path).unwrap().name, path);
}

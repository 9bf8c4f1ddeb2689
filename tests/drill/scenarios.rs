//! Every built-in scenario, played to its end as fast as it goes: the expected verdicts come, in time, and no others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use platform_exporter::config;
use platform_exporter::drill::internet;
use platform_exporter::drill::judge::Judgement;
use platform_exporter::drill::play::{self, Drill, News};
use platform_exporter::drill::report;
use platform_exporter::drill::scenario::{self, Scenario};
use platform_exporter::time::Time;
use tokio_util::sync::CancellationToken;

/// When scenarios without a start begin: the phases of the checks, and so the delays, depend on it.
const NOW: Time = Time::from_millis(1_767_225_600_000);

/// No ceiling.
const SPEED: f64 = 1e6;

/// So many drills at once: each has a thread that works and one that waits.
const AT_ONCE: usize = 2;

async fn played(name: &str) -> Judgement {
    let load = || config::load(None).map_err(|errors| errors.to_string());
    let scenario = Scenario::load(name, &load().unwrap(), NOW, &internet::fits).unwrap();
    let drill = Drill {
        scenario,
        load: Arc::new(load),
        speed: SPEED,
        replay: false,
    };
    let stop = CancellationToken::new();
    let mut playing = play::start(drill, stop.clone()).await.unwrap();
    let ended = loop {
        match playing.news.recv().await.expect("an end") {
            News::Ended(ended) => break ended,
            News::Said(_) | News::Struck(_) => {}
        }
    };
    stop.cancel();
    tokio::task::spawn_blocking(move || playing.join())
        .await
        .unwrap();
    ended.judgement
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_gets_its_verdicts() {
    let names: Vec<_> = scenario::list().map(|(name, _)| name).collect();
    assert!(names.len() >= 8);
    let left = Arc::new(Mutex::new(names.clone()));
    let lanes = (0..AT_ONCE).map(|_| {
        let left = left.clone();
        tokio::spawn(async move {
            let mut judged = Vec::new();
            loop {
                let Some(name) = left.lock().unwrap().pop() else {
                    return judged;
                };
                judged.push((name, played(name).await));
            }
        })
    });
    let mut judged = BTreeMap::new();
    for lane in lanes.collect::<Vec<_>>() {
        judged.extend(lane.await.unwrap());
    }
    let failures: Vec<_> = judged
        .iter()
        .flat_map(|(name, judgement)| {
            judgement
                .failures()
                .map(move |failure| format!("{name}: {failure}"))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let in_order: Vec<_> = names.iter().map(|name| (*name, &judged[name])).collect();
    published(&report::delays(&in_order));
}

/// README shows the delays of these very runs: `UPDATE=1` writes them, without it all but the seconds must be there.
fn published(table: &str) {
    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    const MARKS: [&str; 2] = ["<!-- delays:begin -->\n", "<!-- delays:end -->"];
    let text = std::fs::read_to_string(FILE).unwrap();
    let (before, rest) = text
        .split_once(MARKS[0])
        .expect("the beginning of the table in README.md");
    let (shown, after) = rest
        .split_once(MARKS[1])
        .expect("the end of the table in README.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(FILE, [before, MARKS[0], table, MARKS[1], after].concat()).unwrap();
        return;
    }
    assert_eq!(
        without_delays(shown),
        without_delays(table),
        "run this test with UPDATE=1"
    );
}

/// The delays vary by some seconds, with the order in which runs end.
fn without_delays(table: &str) -> Vec<String> {
    let line = |line: &str| line.split(" | ").take(4).collect::<Vec<_>>().join(" | ");
    table.lines().map(line).collect()
}

//! What a Prometheus that holds a replay holds besides: its own series of each scrape, another program's, what recording
//! rules made, a week ago, and what the exporter does not export yet.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use crate::names::{RECORDED_HOUR, RECORDED_TOP, Source, known};

/// Job and instance of another program that the same Prometheus scrapes. No panel may show it.
pub const STRANGER: (&str, &str) = ("node", "elsewhere:9100");

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
/// How long the recording rules have been at work when the replay begins.
const RECORDED: u64 = 10 * DAY;
/// How many seconds of an hour are spent in each state.
const SPENT: [(&str, u64); 5] = [
    ("up", 3_300),
    ("degraded", 150),
    ("down", 50),
    ("blocked", 0),
    ("unknown", 100),
];

/// Where users' reports come from.
const REPORTED: &str = r#"country="BD",source="downdetector""#;

/// What must be known of a replay to make the rest.
pub struct Replay {
    /// The labels that Prometheus adds.
    target: String,
    /// When it was scraped, in seconds.
    scrapes: Vec<u64>,
    /// Vantage and platform.
    platforms: BTreeSet<(String, String)>,
    /// The histogram of one check of each platform: series, value, and time in seconds.
    durations: Vec<(String, String, f64)>,
}

impl Replay {
    /// Reads it once through, line by line: it is large.
    pub fn read(path: &Path) -> Self {
        let mut target = String::new();
        let mut scrapes: Vec<u64> = Vec::new();
        let mut platforms = BTreeSet::new();
        let mut durations = Vec::new();
        let mut checks = BTreeMap::new();
        for line in BufReader::new(File::open(path).unwrap()).lines() {
            let line = line.unwrap();
            let Some((name, labels, value, time)) = sample(&line) else {
                continue;
            };
            match name {
                "up" => {
                    labels.clone_into(&mut target);
                    scrapes.push(time as u64);
                }
                "platform_state" => {
                    platforms.insert((of(labels, "vantage"), of(labels, "platform")));
                }
                "platform_probe_duration_seconds_bucket" => {
                    let check = of(labels, "component") + "/" + &of(labels, "check");
                    let chosen = checks.entry(of(labels, "platform"));
                    if *chosen.or_insert_with(|| check.clone()) == check {
                        durations.push((format!("{name}{{{labels}}}"), value.to_owned(), time));
                    }
                }
                _ => {}
            }
        }
        assert!(scrapes.len() > 1 && !platforms.is_empty() && !durations.is_empty());
        Self {
            target,
            scrapes,
            platforms,
            durations,
        }
    }

    /// First and last scrape, in seconds.
    pub fn span(&self) -> (u64, u64) {
        (self.scrapes[0], self.scrapes[self.scrapes.len() - 1])
    }

    /// All of it, as OpenMetrics with timestamps.
    pub fn beside(&self) -> String {
        let mut lines = Vec::new();
        for at in &self.scrapes {
            self.scrape(*at, &mut lines);
            self.planned(*at, &mut lines);
            self.top(*at, &mut lines);
        }
        self.recorded(&mut lines);
        lines.extend(self.durations.iter().map(|(series, value, time)| {
            let week_ago = time - 7.0 * DAY as f64;
            format!("{series} {value} {week_ago}")
        }));
        lines.join("\n") + "\n# EOF\n"
    }

    /// Prometheus's own series of a scrape (the replay has `up`), and those that any program has.
    fn scrape(&self, at: u64, lines: &mut Vec<String>) {
        let target = &self.target;
        for (name, value) in [
            ("scrape_duration_seconds", "0.01"),
            ("scrape_samples_scraped", "3000"),
        ] {
            lines.push(format!("{name}{{{target}}} {value} {at}"));
        }
        let (job, instance) = STRANGER;
        for known in known().iter().filter(|known| known.labels.is_empty()) {
            let name = known.name;
            lines.push(format!(
                "{name}{{job=\"{job}\",instance=\"{instance}\"}} 1 {at}"
            ));
        }
    }

    /// What the rules recorded at each full hour.
    fn recorded(&self, lines: &mut Vec<String>) {
        let (first, last) = self.span();
        let first = (first - RECORDED).next_multiple_of(HOUR);
        for at in (first..=last).step_by(HOUR as usize) {
            for from in self.origins() {
                let made = SPENT.map(|(state, seconds)| {
                    format!("{RECORDED_HOUR}{{{from},state=\"{state}\"}} {seconds} {at}")
                });
                lines.extend(made);
            }
        }
    }

    /// What the rules recorded of reports.
    fn top(&self, at: u64, lines: &mut Vec<String>) {
        for from in self.origins() {
            lines.push(format!("{RECORDED_TOP}{{{from},{REPORTED}}} 50 {at}"));
        }
    }

    /// Labels of each platform's series.
    fn origins(&self) -> impl Iterator<Item = String> {
        self.platforms.iter().map(|(vantage, platform)| {
            let target = &self.target;
            format!("{target},vantage=\"{vantage}\",platform=\"{platform}\"")
        })
    }

    /// Samples of the metrics that are not exported yet, as they are meant to be.
    fn planned(&self, at: u64, lines: &mut Vec<String>) {
        let all = known();
        let planned = all.iter().filter(|known| known.source == Source::Planned);
        for known in planned {
            for from in self.origins() {
                lines.extend(samples(known.name, &from, at, at - self.scrapes[0]));
            }
        }
    }
}

/// Those of a planned metric at a time, so many seconds after the beginning.
fn samples(name: &str, from: &str, at: u64, since: u64) -> Vec<String> {
    let states = [
        "operational",
        "maintenance",
        "degraded",
        "partial_outage",
        "major_outage",
        "unknown",
    ];
    match name {
        "platform_official_state" => states
            .map(|state| {
                let one = u8::from(state == "operational");
                format!("{name}{{{from},component=\"web\",state=\"{state}\"}} {one} {at}")
            })
            .to_vec(),
        "platform_official_last_success_timestamp_seconds" => {
            vec![format!("{name}{{{from}}} {at} {at}")]
        }
        "platform_reports_total" => {
            let reports = since / 10;
            vec![format!(
                "{name}{{{from},{REPORTED},symptom=\"login\"}} {reports} {at}"
            )]
        }
        "platform_reports_recent" => vec![format!("{name}{{{from},{REPORTED}}} 30 {at}")],
        "platform_reports_baseline" => vec![format!("{name}{{{from},{REPORTED}}} 20 {at}")],
        other => panic!("no sample of {other}"),
    }
}

/// Name, labels, value and time of a sample of a replay, in which every series has labels.
fn sample(line: &str) -> Option<(&str, &str, &str, f64)> {
    if line.starts_with('#') {
        return None;
    }
    // A label may hold a brace.
    let (series, rest) = line.rsplit_once("} ").unwrap();
    let (name, labels) = series.split_once('{').unwrap();
    let (value, time) = rest.split_once(' ').unwrap();
    Some((name, labels, value, time.parse().unwrap()))
}

fn of(labels: &str, label: &str) -> String {
    let after = labels.split_once(&format!("{label}=\"")).unwrap().1;
    after.split_once('"').unwrap().0.to_owned()
}

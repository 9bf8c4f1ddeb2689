//! A scraped `/metrics` page as samples that tests can ask about. The parser is the tests' own: a second opinion.

use std::collections::{BTreeMap, BTreeSet};

/// One line that is not a comment.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

impl Sample {
    fn parse(line: &str) -> Option<Self> {
        let (name, labels, rest) = match line.find('{') {
            Some(open) => {
                let (labels, rest) = parse_labels(&line[open + 1..])?;
                (&line[..open], labels, rest)
            }
            None => {
                let (name, rest) = line.split_once(' ')?;
                (name, BTreeMap::new(), rest)
            }
        };
        let value = rest.split_whitespace().next()?.parse().ok()?;
        Some(Self {
            name: name.to_owned(),
            labels,
            value,
        })
    }

    fn has(&self, labels: &[(&str, &str)]) -> bool {
        labels
            .iter()
            .all(|(key, value)| self.labels.get(*key).is_some_and(|have| have == value))
    }

    /// A label's value, empty when absent: what PromQL sees.
    pub fn label(&self, key: &str) -> &str {
        self.labels.get(key).map_or("", String::as_str)
    }
}

/// `key="value",…}` and what follows; values are unescaped.
fn parse_labels(mut text: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut labels = BTreeMap::new();
    loop {
        if let Some(rest) = text.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (key, rest) = text.split_once("=\"")?;
        let (value, rest) = parse_quoted(rest)?;
        if labels.insert(key.to_owned(), value).is_some() {
            return None;
        }
        text = rest.strip_prefix(',').unwrap_or(rest);
    }
}

fn parse_quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                escaped @ ('\\' | '"') => escaped,
                _ => return None,
            }),
            other => value.push(other),
        }
    }
    None
}

/// A scraped page.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub text: String,
    pub samples: Vec<Sample>,
}

impl Page {
    /// Reads a page of the text format; a line that is neither comment nor sample is the program's error.
    pub fn parse(text: &str) -> Self {
        let lines = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let samples = lines
            .map(|line| Sample::parse(line).unwrap_or_else(|| panic!("not a sample: {line:?}")))
            .collect();
        Self {
            text: text.to_owned(),
            samples,
        }
    }

    /// Samples of that name with at least these labels.
    pub fn all<'a>(
        &'a self,
        name: &'a str,
        labels: &'a [(&'a str, &'a str)],
    ) -> impl Iterator<Item = &'a Sample> {
        self.samples
            .iter()
            .filter(move |sample| sample.name == name && sample.has(labels))
    }

    /// The value of the one sample of that name with at least these labels.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut found = self.all(name, labels);
        let first = found.next()?;
        assert!(found.next().is_none(), "{name}{labels:?} is not one series");
        Some(first.value)
    }

    /// The sum over all samples of that name with at least these labels; nothing sums to 0.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.all(name, labels).map(|sample| sample.value).sum()
    }

    /// Every platform on the page with its verdict.
    pub fn verdicts(&self) -> BTreeMap<String, String> {
        let platforms: BTreeSet<&str> = self
            .all("platform_state", &[])
            .map(|sample| sample.label("platform"))
            .collect();
        platforms
            .into_iter()
            .map(|platform| (platform.to_owned(), self.verdict(platform)))
            .collect()
    }

    /// The platform's verdict: the one state that is 1; `absent` when the platform is not on the page.
    pub fn verdict(&self, platform: &str) -> String {
        self.one_state("platform_state", &[("platform", platform)])
    }

    /// The same for a component.
    pub fn component_verdict(&self, platform: &str, component: &str) -> String {
        self.one_state(
            "platform_component_state",
            &[("platform", platform), ("component", component)],
        )
    }

    fn one_state(&self, name: &str, labels: &[(&str, &str)]) -> String {
        let states: Vec<_> = self.all(name, labels).collect();
        if states.is_empty() {
            return "absent".to_owned();
        }
        let names: BTreeSet<&str> = states.iter().map(|sample| sample.label("state")).collect();
        assert_eq!(
            names,
            BTreeSet::from(["blocked", "degraded", "down", "unknown", "up"]),
            "{name}{labels:?}"
        );
        let set: Vec<_> = states.iter().filter(|sample| sample.value == 1.0).collect();
        assert_eq!(
            set.len(),
            1,
            "exactly one state of {name}{labels:?} is 1: {states:?}"
        );
        set[0].label("state").to_owned()
    }

    /// Whether every one of these platforms has that verdict.
    pub fn are(&self, platforms: &[&str], verdict: &str) -> bool {
        platforms
            .iter()
            .all(|platform| self.verdict(platform) == verdict)
    }

    /// Whether there are platforms and all have that verdict.
    pub fn all_are(&self, verdict: &str) -> bool {
        let verdicts = self.verdicts();
        !verdicts.is_empty() && verdicts.values().all(|have| have == verdict)
    }

    /// `component reason` of everything that decides a verdict other than up.
    pub fn reasons(&self, platform: &str) -> BTreeSet<String> {
        self.all("platform_component_reason", &[("platform", platform)])
            .filter(|sample| sample.value == 1.0)
            .map(|sample| format!("{} {}", sample.label("component"), sample.label("reason")))
            .collect()
    }

    /// Whether some component of the platform names that reason.
    pub fn has_reason(&self, platform: &str, reason: &str) -> bool {
        self.all(
            "platform_component_reason",
            &[("platform", platform), ("reason", reason)],
        )
        .any(|sample| sample.value == 1.0)
    }

    /// Seconds that the platform has spent in a state since the start: nothing between two scrapes is lost.
    pub fn seconds(&self, platform: &str, state: &str) -> f64 {
        self.sum(
            "platform_state_seconds_total",
            &[("platform", platform), ("state", state)],
        )
    }

    /// Runs that ended in a class.
    pub fn runs(&self, labels: &[(&str, &str)], class: &str) -> f64 {
        let labels: Vec<_> = labels.iter().copied().chain([("class", class)]).collect();
        self.sum("platform_probe_results_total", &labels)
    }

    /// `class reason` of a check's runs that were not ok.
    pub fn errors(&self, check: &str) -> BTreeSet<String> {
        self.all("platform_probe_errors_total", &[("check", check)])
            .filter(|sample| sample.value > 0.0)
            .map(|sample| format!("{} {}", sample.label("class"), sample.label("reason")))
            .collect()
    }

    /// The lines that explain the verdicts, for a failing test's message.
    pub fn relevant(&self) -> String {
        const GAUGES: [&str; 4] = [
            "platform_state",
            "platform_component_state",
            "platform_component_reason",
            "platform_control_success",
        ];
        const COUNTERS: [&str; 3] = [
            "platform_probe_errors_total",
            "platform_exporter_probes_missed_total",
            "platform_incidents_total",
        ];
        let keep = |sample: &&Sample| {
            let name = sample.name.as_str();
            (GAUGES.contains(&name) && (sample.value == 1.0 || name == "platform_control_success"))
                || (COUNTERS.contains(&name) && sample.value > 0.0)
                || name == "platform_vantage_up"
        };
        let line = |sample: &Sample| {
            let labels: Vec<_> = sample
                .labels
                .iter()
                .filter(|(k, _)| *k != "vantage")
                .map(|(k, v)| format!("{k}={v}"))
                .collect();
            format!("  {} {} {}\n", sample.name, labels.join(" "), sample.value)
        };
        self.samples.iter().filter(keep).map(line).collect()
    }
}

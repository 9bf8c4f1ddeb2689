//! A whole drill as one file of timestamped OpenMetrics, for `promtool tsdb create-blocks-from openmetrics`.
//!
//! OpenMetrics wants all samples of a metric together, so the pages are kept, as numbers, until the drill has ended.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use crate::time::Time;

/// The job that the samples seem to come from, as in the shipped scrape configuration.
const JOB: &str = "platform_exporter";

/// The pages of a drill.
pub struct Replay {
    /// Text of the labels that Prometheus would add.
    added: String,
    families: Vec<Family>,
    known: HashMap<String, usize>,
}

struct Family {
    /// The lines that begin with `#`.
    head: String,
    metrics: Vec<Metric>,
    known: HashMap<String, usize>,
}

/// The series that differ in nothing but the bucket.
#[derive(Default)]
struct Metric {
    series: Vec<String>,
    /// When, and the value of each series.
    points: Vec<(Time, Vec<f64>)>,
}

impl Replay {
    /// An empty one; `instance` tells the replays in one Prometheus apart.
    pub fn new(instance: &str) -> Self {
        let instance = instance.replace('\\', r"\\").replace('"', "\\\"");
        let instance = instance.replace('\n', r"\n");
        let mut this = Self {
            added: format!("instance=\"{instance}\",job=\"{JOB}\""),
            families: Vec::new(),
            known: HashMap::new(),
        };
        this.family("up", "# HELP up The scrape succeeded.\n# TYPE up gauge\n");
        this
    }

    /// Takes in a page in the OpenMetrics format, as scraped at `at`, which must be later than the page before.
    pub fn add(&mut self, page: &str, at: Time) {
        let mut family = 0;
        self.sample(family, "up 1", at);
        let mut lines = page.lines().peekable();
        while let Some(line) = lines.next() {
            let Some(name) = line.strip_prefix("# HELP ") else {
                if !line.starts_with('#') {
                    self.sample(family, line, at);
                }
                continue;
            };
            let mut head = format!("{line}\n");
            // A family without samples is followed at once by the next one.
            let more = |line: &&str| line.starts_with("# TYPE ") || line.starts_with("# UNIT ");
            while let Some(line) = lines.next_if(more) {
                head.push_str(line);
                head.push('\n');
            }
            family = self.family(name.split(' ').next().unwrap_or_default(), &head);
        }
    }

    fn family(&mut self, name: &str, head: &str) -> usize {
        *self.known.entry(name.to_owned()).or_insert_with(|| {
            self.families.push(Family {
                head: head.to_owned(),
                metrics: Vec::new(),
                known: HashMap::new(),
            });
            self.families.len() - 1
        })
    }

    fn sample(&mut self, family: usize, line: &str, at: Time) {
        let Some((series, value)) = line.rsplit_once(' ') else {
            return;
        };
        let (Ok(value), Some(family)) = (value.parse(), self.families.get_mut(family)) else {
            return;
        };
        let key = without_bucket(series);
        let index = match family.known.get(&key) {
            Some(index) => *index,
            None => {
                family.known.insert(key, family.metrics.len());
                family.metrics.push(Metric::default());
                family.metrics.len() - 1
            }
        };
        if let Some(metric) = family.metrics.get_mut(index) {
            metric.add(series, value, at, &self.added);
        }
    }

    /// Writes the file.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut line = String::new();
        for family in &self.families {
            out.write_all(family.head.as_bytes())?;
            for metric in &family.metrics {
                for (at, values) in &metric.points {
                    let (seconds, millis) = (at.as_millis() / 1000, at.as_millis() % 1000);
                    for (series, value) in metric.series.iter().zip(values) {
                        line.clear();
                        // Writing into memory cannot fail.
                        let _ = writeln!(line, "{series} {value} {seconds}.{millis:03}");
                        out.write_all(line.as_bytes())?;
                    }
                }
            }
        }
        out.write_all(b"# EOF\n")
    }
}

impl Metric {
    /// The lines of a metric come in the same order on every page.
    fn add(&mut self, series: &str, value: f64, at: Time, added: &str) {
        if self.points.last().is_none_or(|(last, _)| *last != at) {
            self.points.push((at, Vec::new()));
        }
        let Some((_, values)) = self.points.last_mut() else {
            return;
        };
        values.push(value);
        if values.len() > self.series.len() {
            self.series.push(labelled(series, added));
        }
    }
}

/// What tells a metric from others of its family: the labels without the bucket's bound.
fn without_bucket(series: &str) -> String {
    let labels = series.find('{').map_or("", |at| &series[at + 1..]);
    let bound = labels.strip_prefix("le=\"").map(|_| 0);
    let bound = bound.or_else(|| labels.rfind(",le=\""));
    labels[..bound.unwrap_or(labels.len() - usize::from(labels.ends_with('}')))].to_owned()
}

fn labelled(series: &str, added: &str) -> String {
    match series.strip_suffix('}') {
        Some(open) => format!("{open},{added}}}"),
        None => format!("{series}{{{added}}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = r#"# HELP a_seconds say
# TYPE a_seconds histogram
# UNIT a_seconds seconds
a_seconds_bucket{p="x y",le="1.0"} 1
a_seconds_bucket{p="x y",le="+Inf"} 2
a_seconds_sum{p="x y"} 2.5
a_seconds_count{p="x y"} 2
a_seconds_bucket{p="z",le="1.0"} 0
a_seconds_bucket{p="z",le="+Inf"} 0
a_seconds_sum{p="z"} 0
a_seconds_count{p="z"} 0
# HELP empty say
# TYPE empty gauge
# HELP g say
# TYPE g gauge
g{title="t"} 7
g{title="u"} 8
# EOF
"#;

    #[test]
    fn a_file_of_any_name_is_an_instance() {
        let mut replay = Replay::new("./my \"s\\en.yml");
        replay.add("", Time::from_millis(1000));
        let mut out = Vec::new();
        replay.write(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let up = r#"up{instance="./my \"s\\en.yml",job="platform_exporter"} 1 1.000"#;
        assert!(text.contains(up), "{text}");
    }

    #[test]
    fn the_samples_of_a_metric_stand_together_in_order_of_time() {
        let mut replay = Replay::new("d");
        replay.add(FIRST, Time::from_millis(1_000_500));
        replay.add(
            &FIRST.replace("} 2\n", "} 3\n"),
            Time::from_millis(1_030_500),
        );
        let mut out = Vec::new();
        replay.write(&mut out).unwrap();
        let expected = r#"# HELP up The scrape succeeded.
# TYPE up gauge
up{instance="d",job="platform_exporter"} 1 1000.500
up{instance="d",job="platform_exporter"} 1 1030.500
# HELP a_seconds say
# TYPE a_seconds histogram
# UNIT a_seconds seconds
a_seconds_bucket{p="x y",le="1.0",instance="d",job="platform_exporter"} 1 1000.500
a_seconds_bucket{p="x y",le="+Inf",instance="d",job="platform_exporter"} 2 1000.500
a_seconds_sum{p="x y",instance="d",job="platform_exporter"} 2.5 1000.500
a_seconds_count{p="x y",instance="d",job="platform_exporter"} 2 1000.500
a_seconds_bucket{p="x y",le="1.0",instance="d",job="platform_exporter"} 1 1030.500
a_seconds_bucket{p="x y",le="+Inf",instance="d",job="platform_exporter"} 3 1030.500
a_seconds_sum{p="x y",instance="d",job="platform_exporter"} 2.5 1030.500
a_seconds_count{p="x y",instance="d",job="platform_exporter"} 3 1030.500
"#;
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with(expected), "{text}");
        assert!(text.ends_with("# EOF\n"));
        assert!(text.contains(
            "# HELP empty say\n# TYPE empty gauge\n# HELP g say\n# TYPE g gauge\ng{title=\"t\","
        ));
    }
}

//! A real Prometheus on loopback that holds a fixture as if it had scraped it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::names::{RECORDED_DAY, Source, known};

/// Prometheus answers its first query after about six seconds, on a busy machine later.
const PATIENCE: Duration = Duration::from_secs(60);
const MINUTE: u64 = 60;
const DAY: u64 = 86_400;
/// Labels that Prometheus adds to whatever it scrapes.
const TARGET: &str = "job=\"platform_exporter\",instance=\"localhost:10048\"";

/// Job and instance of another program that the same Prometheus scrapes. No panel may show it.
pub const STRANGER: (&str, &str) = ("node", "elsewhere:9100");

/// Where the two programs are; `tests/run` says so.
pub struct Programs {
    prometheus: PathBuf,
    promtool: PathBuf,
}

impl Programs {
    /// None where one of them is missing.
    pub fn find() -> Option<Self> {
        let find = |variable: &str, name: &str| {
            let path = std::env::var_os(variable).map_or_else(|| name.into(), PathBuf::from);
            let runs = Command::new(&path).arg("--version").output();
            runs.is_ok_and(|out| out.status.success()).then_some(path)
        };
        Some(Self {
            prometheus: find("PROMETHEUS", "prometheus")?,
            promtool: find("PROMTOOL", "promtool")?,
        })
    }
}

/// A running server. It is stopped, and its data deleted, when this is dropped.
pub struct Prometheus {
    child: Child,
    client: reqwest::Client,
    base: String,
    _data: tempfile::TempDir,
    /// First and last sample of the fixture, in seconds.
    pub span: (u64, u64),
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    /// Loads a file of OpenMetrics with timestamps, and waits until it can be asked about.
    pub async fn with(programs: &Programs, fixture: &Path) -> Self {
        let data = tempfile::tempdir().unwrap();
        let text = std::fs::read_to_string(fixture).unwrap();
        let span = span(&text);
        programs.load(data.path(), "scraped", &scraped(&text));
        programs.load(data.path(), "beside", &beside(&text, span));
        let config = data.path().join("prometheus.yml");
        std::fs::write(&config, "").unwrap();
        let port = free_port();
        let log = std::fs::File::create(data.path().join("log")).unwrap();
        let child = Command::new(&programs.prometheus)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                data.path().join("tsdb").display()
            ))
            .arg("--storage.tsdb.retention.time=100y")
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        // Another test may have installed it; which one does not matter.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut server = Self {
            child,
            client: reqwest::Client::new(),
            base: format!("http://127.0.0.1:{port}"),
            _data: data,
            span,
        };
        server.ready().await;
        server
    }

    async fn ready(&mut self) {
        let begun = Instant::now();
        loop {
            let answer = self
                .client
                .get(format!("{}/-/ready", self.base))
                .send()
                .await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && begun.elapsed() < PATIENCE,
                "Prometheus does not start"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn ask(&self, path: &str, form: &[(&str, String)]) -> Result<Value, String> {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = self
            .client
            .post(format!("{}{path}", self.base))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        if answer["status"] != "success" {
            return Err(answer["error"].to_string());
        }
        for remark in ["warnings", "infos"] {
            if answer.get(remark).is_some_and(|all| *all != Value::Null) {
                return Err(format!("{remark}: {}", answer[remark]));
            }
        }
        Ok(answer["data"].clone())
    }

    /// The series of a query at a time: labels and value.
    pub async fn query(&self, expr: &str, at: u64) -> Result<Vec<Series>, String> {
        let form = [("query", expr.to_owned()), ("time", at.to_string())];
        let data = self.ask("/api/v1/query", &form).await?;
        Ok(series(&data, |one| vec![value(&one["value"])]))
    }

    /// The series of a query over time.
    pub async fn query_range(
        &self,
        expr: &str,
        (start, end): (u64, u64),
        step: u64,
    ) -> Result<Vec<Series>, String> {
        let form = [
            ("query", expr.to_owned()),
            ("start", start.to_string()),
            ("end", end.to_string()),
            ("step", step.to_string()),
        ];
        let data = self.ask("/api/v1/query_range", &form).await?;
        let values = |one: &Value| {
            one["values"]
                .as_array()
                .unwrap()
                .iter()
                .map(value)
                .collect()
        };
        Ok(series(&data, values))
    }

    /// What Grafana's `label_values` gives.
    pub async fn label_values(&self, selector: &str, label: &str) -> Result<Vec<String>, String> {
        let form = [
            ("match[]", selector.to_owned()),
            ("start", self.span.0.to_string()),
            ("end", self.span.1.to_string()),
        ];
        // This path takes no POST.
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let url = format!("{}/api/v1/label/{label}/values?{query}", self.base);
        let answer: Value = self
            .client
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        if answer["status"] != "success" || answer.get("warnings").is_some() {
            return Err(answer.to_string());
        }
        serde_json::from_value(answer["data"].clone()).map_err(|error| error.to_string())
    }
}

/// Labels and values of a series.
#[derive(Debug)]
pub struct Series {
    pub labels: BTreeMap<String, String>,
    pub values: Vec<f64>,
}

impl Series {
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    pub fn last(&self) -> f64 {
        *self.values.last().unwrap()
    }
}

fn series(data: &Value, values: impl Fn(&Value) -> Vec<f64>) -> Vec<Series> {
    let found = data["result"].as_array().unwrap().iter();
    let made = found.map(|one| Series {
        labels: serde_json::from_value(one["metric"].clone()).unwrap(),
        values: values(one),
    });
    made.collect()
}

fn value(pair: &Value) -> f64 {
    pair[1].as_str().unwrap().parse().unwrap()
}

/// A port that is free just now. (Prometheus takes no listening socket from others.)
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

impl Programs {
    fn load(&self, folder: &Path, name: &str, text: &str) {
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        let out = Command::new(&self.promtool)
            .args(["tsdb", "create-blocks-from", "openmetrics"])
            .args([&file, &folder.join("tsdb")])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(
            out.status.success(),
            "promtool does not take {name}: {said}"
        );
        std::fs::remove_file(file).unwrap();
    }
}

/// Name, labels, value and time of each sample of a page.
fn samples(text: &str) -> impl Iterator<Item = (&str, &str, &str, f64)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| {
        // A label may hold a brace.
        let (series, rest) = match line.rsplit_once("} ") {
            Some((series, rest)) => (series, rest),
            None => line.split_once(' ').unwrap(),
        };
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let (value, time) = rest.split_once(' ').unwrap();
        (name, labels, value, time.parse().unwrap())
    })
}

fn span(text: &str) -> (u64, u64) {
    let times = || samples(text).map(|(.., time)| time);
    let first = times().fold(f64::INFINITY, f64::min);
    let last = times().fold(0.0, f64::max);
    assert!(last > first, "the fixture is empty");
    (first as u64, last as u64)
}

/// The page with the labels that Prometheus adds.
fn scraped(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let _ = match line.split_once('{') {
            _ if line.starts_with('#') => writeln!(out, "{line}"),
            Some((name, rest)) if rest.starts_with('}') => writeln!(out, "{name}{{{TARGET}{rest}"),
            Some((name, rest)) => writeln!(out, "{name}{{{TARGET},{rest}"),
            None => writeln!(out, "{}", line.replacen(' ', &format!("{{{TARGET}}} "), 1)),
        };
    }
    out
}

/// What such a Prometheus holds besides: its own series of each scrape, what recording rules made, a week ago, and what the
/// exporter does not export yet.
fn beside(text: &str, (first, last): (u64, u64)) -> String {
    let mut lines: Vec<String> = Vec::new();
    let minutes: Vec<u64> = (first..=last).step_by(MINUTE as usize).collect();
    let seen: Vec<(String, String)> = platforms(text);
    for at in &minutes {
        for (name, value) in [
            ("up", "1"),
            ("scrape_duration_seconds", "0.01"),
            ("scrape_samples_scraped", "3000"),
        ] {
            lines.push(format!("{name}{{{TARGET}}} {value} {at}"));
        }
        let process = known()
            .into_iter()
            .filter(|known| known.source == Source::Process);
        for known in process.filter(|known| !text.contains(&format!("\n{}", known.name))) {
            lines.push(format!("{}{{{TARGET}}} 1 {at}", known.name));
        }
        let (job, instance) = STRANGER;
        for known in known().iter().filter(|known| known.labels.is_empty()) {
            lines.push(format!(
                "{}{{job=\"{job}\",instance=\"{instance}\"}} 1 {at}",
                known.name
            ));
        }
        for (vantage, platform) in &seen {
            lines.extend(planned(vantage, platform, *at, first));
        }
    }
    let midnights = (1..10).map(|ago| (first / DAY - ago) * DAY);
    for at in midnights.rev().chain(minutes.iter().copied()) {
        for (vantage, platform) in &seen {
            for (state, seconds) in [
                ("up", 80_000),
                ("degraded", 3_000),
                ("down", 400),
                ("blocked", 0),
                ("unknown", 3_000),
            ] {
                lines.push(format!("{RECORDED_DAY}{{{TARGET},vantage=\"{vantage}\",platform=\"{platform}\",state=\"{state}\"}} {seconds} {at}"));
            }
        }
    }
    let durations =
        samples(text).filter(|(name, ..)| *name == "platform_probe_duration_seconds_bucket");
    lines.extend(durations.map(|(name, labels, value, time)| {
        format!(
            "{name}{{{TARGET},{labels}}} {value} {}",
            time - 7.0 * DAY as f64
        )
    }));
    lines.join("\n") + "\n# EOF\n"
}

fn platforms(text: &str) -> Vec<(String, String)> {
    let states = samples(text).filter(|(name, ..)| *name == "platform_state");
    let of = |labels: &str, label: &str| {
        let after = labels.split_once(&format!("{label}=\"")).unwrap().1;
        after.split_once('"').unwrap().0.to_owned()
    };
    let mut all: Vec<_> = states
        .map(|(_, labels, ..)| (of(labels, "vantage"), of(labels, "platform")))
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Samples of the metrics that are not exported yet, as they are meant to be.
fn planned(vantage: &str, platform: &str, at: u64, first: u64) -> Vec<String> {
    let planned = known();
    let planned = planned
        .iter()
        .filter(|known| known.source == Source::Planned);
    let from = format!("{TARGET},vantage=\"{vantage}\",platform=\"{platform}\"");
    let states = [
        "operational",
        "maintenance",
        "degraded",
        "partial_outage",
        "major_outage",
        "unknown",
    ];
    let made = planned.flat_map(|known| match known.name {
        "platform_official_state" => states
            .map(|state| {
                let one = u8::from(state == "operational");
                format!(
                    "{}{{{from},component=\"web\",state=\"{state}\"}} {one} {at}",
                    known.name
                )
            })
            .to_vec(),
        "platform_official_last_success_timestamp_seconds" => {
            vec![format!("{}{{{from}}} {at} {at}", known.name)]
        }
        "platform_reports_total" => vec![format!(
            "{}{{{from},country=\"BD\",symptom=\"login\",source=\"downdetector\"}} {} {at}",
            known.name,
            (at - first) / 10
        )],
        "platform_reports_recent" => vec![format!(
            "{}{{{from},country=\"BD\",source=\"downdetector\"}} 30 {at}",
            known.name
        )],
        "platform_reports_baseline" => vec![format!(
            "{}{{{from},country=\"BD\",source=\"downdetector\"}} 20 {at}",
            known.name
        )],
        other => panic!("no sample of {other}"),
    });
    made.collect()
}

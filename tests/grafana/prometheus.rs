//! A real Prometheus on loopback that holds a replay as if it had scraped it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::beside::Replay;
use crate::fixture::Fixture;
use crate::port::free_port;

/// Prometheus answers its first query after about six seconds, on a busy machine later.
const PATIENCE: Duration = Duration::from_secs(60);

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
    /// First and last scrape of the replay, in seconds.
    pub span: (u64, u64),
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    /// Loads a replay and what is beside it, and waits until it can be asked about.
    pub async fn with(programs: &Programs, fixture: Fixture) -> Self {
        let data = tempfile::tempdir().unwrap();
        let replay = Replay::read(&fixture.path);
        programs.load(&fixture.path, data.path());
        programs.load_text(&replay.beside(), data.path());
        drop(fixture);
        Self::start(programs, data, replay.span()).await
    }

    /// Loads samples that are written as OpenMetrics.
    pub async fn holding(programs: &Programs, samples: &str, span: (u64, u64)) -> Self {
        let data = tempfile::tempdir().unwrap();
        programs.load_text(samples, data.path());
        Self::start(programs, data, span).await
    }

    async fn start(programs: &Programs, data: tempfile::TempDir, span: (u64, u64)) -> Self {
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

impl Programs {
    fn load_text(&self, samples: &str, data: &Path) {
        let file = data.join("samples.om");
        std::fs::write(&file, samples).unwrap();
        self.load(&file, data);
    }

    fn load(&self, file: &Path, data: &Path) {
        let out = Command::new(&self.promtool)
            .args(["tsdb", "create-blocks-from", "openmetrics"])
            .args([file, &data.join("tsdb")])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        let file = file.display();
        assert!(
            out.status.success(),
            "promtool does not take {file}: {said}"
        );
    }
}

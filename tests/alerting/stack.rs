//! Prometheus and Alertmanager as child processes, with the shipped examples: only addresses are changed, and the numbers that make
//! people wait are turned down.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::files::{self, RULES};
use crate::support::exporter::client;
use crate::tools::Servers;
use crate::webhook::{Alert, Webhook};

/// A server must listen within this.
const START: Duration = Duration::from_secs(60);
/// What alerts may take: a fresh Prometheus answers its first query after some seconds, and the machine has other work.
pub const SOON: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(200);

/// What the examples say, and what a test says instead.
const PROMETHEUS: [(&str, &str); 2] = [
    ("scrape_interval: 5s", "scrape_interval: 1s"),
    ("evaluation_interval: 5s", "evaluation_interval: 1s"),
];
const ALERTMANAGER: [(&str, &str); 2] = [
    ("group_wait: 5s", "group_wait: 1s"),
    ("group_interval: 10s", "group_interval: 1s"),
];
const ALERTS: [(&str, &str); 2] = [
    ("keep_firing_for: 2m", "keep_firing_for: 2s"),
    // Longer than a fresh Prometheus takes to its first scrape.
    ("        for: 1m", "        for: 15s"),
];

/// What the examples start Prometheus with: what is sent before Alertmanager is found is lost, and sent again only after the delay,
/// and what has ended must be sent again more often than groups are told.
pub const RESEND: &str = "--rules.alert.resend-delay=5s";

/// Looks at hours and days. Of the minute that a test lives any outage is a large share, so this one is left to its unit tests.
pub const SLOW: &str = "PlatformErrorBudgetBurn";

/// Whether the numbers are turned down.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// For tests.
    Quick,
    /// As shipped, to measure it.
    #[allow(dead_code, reason = "the benchmark does")]
    Shipped,
}

impl Pace {
    fn of(self, text: &str, changes: &[(&str, &str)]) -> String {
        match self {
            Self::Quick => changed(text, changes),
            Self::Shipped => text.to_owned(),
        }
    }
}

/// The running servers. Dropping it ends them.
pub struct Stack {
    prometheus: Server,
    alertmanager: Server,
    client: reqwest::Client,
    _folder: tempfile::TempDir,
}

impl Stack {
    /// Starts both, to scrape an exporter and perhaps a drill, and to tell the webhook.
    pub async fn start(
        servers: &Servers,
        exporter: SocketAddr,
        drill: Option<SocketAddr>,
        webhook: &Webhook,
        pace: Pace,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let alertmanager = alertmanager(servers, folder.path(), webhook.address, pace).await;
        let mut jobs = vec![
            ("localhost:10048", exporter),
            ("localhost:9093", alertmanager.address),
        ];
        jobs.extend(drill.map(|drill| ("localhost:10049", drill)));
        let prometheus = prometheus(servers, folder.path(), &jobs, pace).await;
        Self {
            prometheus,
            alertmanager,
            client: client(),
            _folder: folder,
        }
    }

    /// Where Alertmanager listens.
    pub const fn alertmanager(&self) -> SocketAddr {
        self.alertmanager.address
    }

    /// What Prometheus says fires, whatever Alertmanager makes of it.
    pub async fn firing(&self) -> BTreeSet<String> {
        let url = format!("http://{}/api/v1/alerts", self.prometheus.address);
        let answer = self.client.get(url).send().await.unwrap();
        if !answer.status().is_success() {
            return BTreeSet::new(); // not ready yet
        }
        let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        let alerts = answer["data"]["alerts"].as_array().unwrap();
        let firing = alerts.iter().filter(|alert| alert["state"] == "firing");
        firing
            .filter_map(|alert| alert["labels"]["alertname"].as_str())
            .filter(|name| *name != SLOW)
            .map(str::to_owned)
            .collect()
    }

    /// Labels of the series that answer an expression.
    pub async fn ask(&self, expr: &str) -> Vec<Value> {
        let query: String = url::form_urlencoded::byte_serialize(expr.as_bytes()).collect();
        let url = format!(
            "http://{}/api/v1/query?query={query}",
            self.prometheus.address
        );
        let answer = self.client.get(url).send().await.unwrap();
        let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        let series = answer["data"]["result"].as_array();
        let series = series.unwrap_or_else(|| panic!("{expr}: {answer}"));
        series.iter().map(|one| one["metric"].clone()).collect()
    }

    /// Waits until exactly these fire.
    pub async fn until_firing(&self, expected: &[&str]) {
        let expected: BTreeSet<_> = expected.iter().map(|name| (*name).to_owned()).collect();
        let begun = Instant::now();
        loop {
            let firing = self.firing().await;
            if firing == expected {
                return;
            }
            assert!(
                begun.elapsed() < SOON,
                "{firing:?} fires, not {expected:?}\n{}",
                self.prometheus.log()
            );
            tokio::time::sleep(POLL).await;
        }
    }

    /// Waits until the alert that always fires has come through.
    pub async fn until_heartbeat(&self, webhook: &Webhook) {
        let begun = Instant::now();
        while !webhook.beats() {
            assert!(
                begun.elapsed() < SOON,
                "no heartbeat\n{}\n{}",
                self.prometheus.log(),
                self.alertmanager.log()
            );
            tokio::time::sleep(POLL).await;
        }
    }

    /// For some evaluations nothing else fires than these, if those.
    pub async fn nothing_but(&self, allowed: &[&str], time: Duration) {
        let begun = Instant::now();
        while begun.elapsed() < time {
            let firing = self.firing().await;
            let others: Vec<_> = firing
                .iter()
                .filter(|name| !allowed.contains(&name.as_str()))
                .collect();
            assert!(others.is_empty(), "{others:?} fire besides {allowed:?}");
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Waits until all that was said to fire was said to be over.
pub async fn until_settled(webhook: &Webhook) {
    let begun = Instant::now();
    while !webhook.is_settled() {
        assert!(
            begun.elapsed() < SOON,
            "never over: {:#?}",
            webhook.alerts()
        );
        tokio::time::sleep(POLL).await;
    }
}

/// Waits until the webhook has got such an alert.
pub async fn until_told(webhook: &Webhook, what: &str, goal: impl Fn(&Alert) -> bool) -> Alert {
    let begun = Instant::now();
    loop {
        let alerts = webhook.alerts();
        if let Some(alert) = alerts.iter().find(|alert| goal(alert)) {
            return alert.clone();
        }
        assert!(begun.elapsed() < SOON, "{what}: not among {alerts:#?}");
        tokio::time::sleep(POLL).await;
    }
}

/// Alertmanager alone, with its files in a folder.
pub async fn alertmanager(
    servers: &Servers,
    folder: &Path,
    webhook: SocketAddr,
    pace: Pace,
) -> Server {
    let config = pace
        .of(&files::text("alertmanager.yml"), &ALERTMANAGER)
        .replace("127.0.0.1:9099", &webhook.to_string());
    let file = folder.join("alertmanager.yml");
    fs::write(&file, config).unwrap();
    fs::create_dir(folder.join("secrets")).unwrap();
    for receiver in ["watchers", "pager", "team-social", "training", "heartbeat"] {
        let secret = format!("secret of {receiver}");
        fs::write(folder.join("secrets").join(receiver), secret).unwrap();
    }
    let mut command = Command::new(&servers.alertmanager);
    command
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--storage.path={}", folder.join("am").display()))
        .args([
            "--web.listen-address=127.0.0.1:0",
            "--cluster.listen-address=",
        ]);
    Server::start(command, folder.join("alertmanager.log")).await
}

async fn prometheus(
    servers: &Servers,
    folder: &Path,
    jobs: &[(&str, SocketAddr)],
    pace: Pace,
) -> Server {
    let mut config = pace.of(&files::text("prometheus.yml"), &PROMETHEUS);
    for (example, here) in jobs {
        assert!(config.contains(example), "{example}");
        config = config.replace(example, &here.to_string());
    }
    let file = folder.join("prometheus.yml");
    fs::write(&file, config).unwrap();
    fs::create_dir(folder.join("rules")).unwrap();
    for name in RULES {
        let text = files::text(&format!("rules/{name}"));
        let text = match name {
            "alerts.yml" | "drill.yml" => pace.of(&text, &ALERTS),
            _ => text,
        };
        fs::write(folder.join("rules").join(name), text).unwrap();
    }
    let mut command = Command::new(&servers.prometheus);
    command
        .arg(format!("--config.file={}", file.display()))
        .arg(format!(
            "--storage.tsdb.path={}",
            folder.join("data").display()
        ))
        .arg("--web.listen-address=127.0.0.1:0")
        .arg(match pace {
            Pace::Quick => "--rules.alert.resend-delay=1s",
            Pace::Shipped => RESEND,
        });
    Server::start(command, folder.join("prometheus.log")).await
}

fn changed(text: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "no {from} to turn down");
        text.replace(from, to)
    })
}

/// A child that says where it listens. Dropping it ends it.
pub struct Server {
    pub address: SocketAddr,
    child: Child,
    log: PathBuf,
}

impl Server {
    async fn start(mut command: Command, log: PathBuf) -> Self {
        let said = fs::File::create(&log).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said);
        let child = command.spawn().unwrap();
        let mut this = Self {
            address: SocketAddr::from(([0; 4], 0)),
            child,
            log,
        };
        this.address = this.listening().await;
        this
    }

    async fn listening(&mut self) -> SocketAddr {
        let begun = Instant::now();
        loop {
            if let Some(address) = listen_address(&self.log()) {
                return address;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && begun.elapsed() < START,
                "not listening, {ended:?}:\n{}",
                self.log()
            );
            tokio::time::sleep(POLL).await;
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listen_address(log: &str) -> Option<SocketAddr> {
    let line = log.lines().find(|line| line.contains("Listening on"))?;
    let (_, address) = line.split_once("address=")?;
    address.split_whitespace().next()?.parse().ok()
}

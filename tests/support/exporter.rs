//! The built binary as a child process: configured by file, watched through its pages and its log.

use std::fmt::Write as _;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::ca;
use super::page::Page;

/// Within this the program must be listening; debug builds on a busy machine are slow to start.
const START: Duration = Duration::from_secs(20);
/// How often pages are looked at while something is awaited.
const POLL: Duration = Duration::from_millis(200);
/// What tests wait for verdicts: generous, for behaviour is tested and not speed.
pub const SOON: Duration = Duration::from_secs(45);

/// The path of the program under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_platform_exporter");

/// A command that runs the program without anything of the environment that could change what it does.
pub fn command() -> Command {
    let mut command = Command::new(BINARY);
    command
        .env_clear()
        .env("RUST_BACKTRACE", "1")
        .stdin(Stdio::null());
    command
}

/// Runs the program to its end, which must come soon.
pub async fn run(command: Command) -> Finished {
    let output = tokio::task::spawn_blocking(move || finish(command, Duration::from_secs(30)));
    Finished::from(output.await.unwrap())
}

fn finish(mut command: Command, limit: Duration) -> Output {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let id = child.id();
    let (done, ended) = std::sync::mpsc::channel();
    let waiter = std::thread::spawn(move || {
        let out = capture(child.stdout.take().unwrap());
        let err = capture(child.stderr.take().unwrap());
        let status = child.wait().unwrap();
        let _ = done.send(());
        (status, out, err)
    });
    if ended.recv_timeout(limit).is_err() {
        let _ = kill_process(Pid::from_raw(id.cast_signed()).unwrap(), Signal::KILL);
    }
    let (status, out, err) = waiter.join().unwrap();
    let text = |captured: Captured| captured.wait().into_bytes();
    Output {
        status,
        stdout: text(out),
        stderr: text(err),
    }
}

/// A run that has ended.
#[derive(Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// Everything it said.
    pub fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self {
            status: output.status,
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// What a pipe has said so far, read by a thread of its own so that the program never blocks on it.
#[derive(Clone)]
struct Captured {
    text: Arc<Mutex<String>>,
    thread: Arc<Mutex<Option<std::thread::JoinHandle<()>>>>,
}

fn capture(mut pipe: impl Read + Send + 'static) -> Captured {
    let text = Arc::new(Mutex::new(String::new()));
    let into = Arc::clone(&text);
    let thread = std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = pipe.read(&mut buffer) {
            into.lock()
                .unwrap()
                .push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
    });
    Captured {
        text,
        thread: Arc::new(Mutex::new(Some(thread))),
    }
}

impl Captured {
    fn so_far(&self) -> String {
        self.text.lock().unwrap().clone()
    }

    fn wait(&self) -> String {
        if let Some(thread) = self.thread.lock().unwrap().take() {
            let _ = thread.join();
        }
        self.so_far()
    }
}

/// What a test's configuration file says about everything but platforms.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub defaults: String,
    pub resolvers: Vec<String>,
    pub ca_file: Option<PathBuf>,
    /// Keys and values of `connect_to`, in order.
    pub connect_to: Vec<(String, String)>,
    /// Targets may be on loopback.
    pub allow_private: bool,
    /// Further lines under `network`.
    pub network: String,
    /// Further top-level keys, as YAML.
    pub extra: String,
}

impl Settings {
    /// The configuration file.
    pub fn yaml(&self) -> String {
        let quoted: Vec<_> = self
            .resolvers
            .iter()
            .map(|resolver| format!("\"{resolver}\""))
            .collect();
        let mut yaml = format!(
            "defaults: {}\nnetwork:\n  allow_private: {}\n",
            self.defaults, self.allow_private
        );
        let _ = writeln!(yaml, "  resolvers: [{}]", quoted.join(", "));
        if let Some(file) = &self.ca_file {
            let _ = writeln!(yaml, "  ca_file: \"{}\"", file.display());
        }
        if !self.network.is_empty() {
            let _ = writeln!(yaml, "  {}", self.network);
        }
        if !self.connect_to.is_empty() {
            yaml.push_str("  connect_to:\n");
        }
        for (from, to) in &self.connect_to {
            let _ = writeln!(yaml, "    \"{from}\": \"{to}\"");
        }
        yaml + &self.extra
    }
}

/// How the program is started.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    pub settings: Settings,
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
}

impl Launch {
    /// Adds top-level YAML to the configuration.
    pub fn with(mut self, yaml: &str) -> Self {
        self.settings.extra.push_str(yaml);
        self.settings.extra.push('\n');
        self
    }

    /// Changes the rest of the configuration.
    pub fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A command with the configuration in a fresh directory, before any subcommand.
    pub fn command(&self, dir: &Path) -> Command {
        let file = dir.join("config.yaml");
        std::fs::write(&file, self.settings.yaml()).unwrap();
        let mut command = command();
        command
            .arg(format!("--config.file={}", file.display()))
            .args(&self.arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs the program to its end.
    pub async fn run(&self) -> Finished {
        let dir = tempfile::tempdir().unwrap();
        run(self.command(dir.path())).await
    }

    /// Starts the program and waits until it listens.
    pub async fn start(self) -> Exporter {
        let dir = tempfile::tempdir().unwrap();
        let command = self.command(dir.path());
        Exporter::spawn(command, Some(dir), self.settings).await
    }
}

/// The running program. Dropping it ends the process.
pub struct Exporter {
    pub address: SocketAddr,
    pub started: Instant,
    child: Child,
    out: Captured,
    err: Captured,
    dir: Option<tempfile::TempDir>,
    settings: Settings,
    client: reqwest::Client,
}

impl Exporter {
    /// The program without a configuration file. Only where there is no network to send to.
    pub async fn bare(command: Command) -> Self {
        Self::spawn(command, None, Settings::default()).await
    }

    async fn spawn(
        mut command: Command,
        dir: Option<tempfile::TempDir>,
        settings: Settings,
    ) -> Self {
        command
            .arg("--web.listen-address=127.0.0.1:0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let started = Instant::now();
        let mut child = command.spawn().unwrap();
        let (out, err) = (
            capture(child.stdout.take().unwrap()),
            capture(child.stderr.take().unwrap()),
        );
        let address = SocketAddr::from(([0; 4], 0));
        let mut this = Self {
            address,
            started,
            child,
            out,
            err,
            dir,
            settings,
            client: client(),
        };
        this.address = this.listening().await;
        this
    }

    async fn listening(&mut self) -> SocketAddr {
        loop {
            if let Some(address) = listen_address(&self.log()) {
                return address;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none(),
                "the program ended with {ended:?}:\n{}",
                self.log()
            );
            assert!(
                self.started.elapsed() < START,
                "not listening after {START:?}:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Everything said so far, on both streams.
    pub fn log(&self) -> String {
        format!("{}{}", self.out.so_far(), self.err.so_far())
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// A GET that must be answered.
    pub async fn get(&self, path: &str) -> reqwest::Response {
        self.request(path, &[]).await
    }

    /// A GET with headers; nothing is decoded on the way.
    pub async fn request(&self, path: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        let mut request = self.client.get(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match request.send().await {
            Ok(response) => response,
            Err(error) => panic!("GET {path}: {error:?}\n{}", self.log()),
        }
    }

    /// A scrape.
    pub async fn page(&self) -> Page {
        let response = self.get("/metrics").await;
        assert_eq!(response.status(), 200);
        Page::parse(&response.text().await.unwrap())
    }

    /// Scrapes until the page is as awaited.
    pub async fn wait_until(
        &self,
        limit: Duration,
        what: &str,
        goal: impl Fn(&Page) -> bool,
    ) -> Page {
        let begun = Instant::now();
        loop {
            let page = self.page().await;
            if goal(&page) {
                return page;
            }
            assert!(
                begun.elapsed() < limit,
                "not within {limit:?}: {what}\n{}\n{}",
                page.relevant(),
                self.tail()
            );
            tokio::time::sleep(POLL).await;
        }
    }

    /// Scrapes for a while; every page must be as it should.
    pub async fn stays(&self, time: Duration, what: &str, holds: impl Fn(&Page) -> bool) -> Page {
        let begun = Instant::now();
        loop {
            let page = self.page().await;
            assert!(
                holds(&page),
                "did not stay: {what}\n{}\n{}",
                page.relevant(),
                self.tail()
            );
            if begun.elapsed() > time {
                return page;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// Writes the configuration anew and asks for a reload.
    pub fn reconfigure(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
        self.rewrite(&self.settings.yaml());
    }

    /// Writes this text as the configuration and asks for a reload.
    pub fn rewrite(&self, yaml: &str) {
        std::fs::write(self.dir.as_ref().unwrap().path().join("config.yaml"), yaml).unwrap();
        self.signal(Signal::HUP);
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Asks it to end and waits: its status, how long it took, everything it said.
    pub async fn terminate(mut self) -> (ExitStatus, Duration, String) {
        let begun = Instant::now();
        self.signal(Signal::TERM);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (
                    status,
                    begun.elapsed(),
                    format!("{}{}", self.out.wait(), self.err.wait()),
                );
            }
            assert!(
                begun.elapsed() < START,
                "still running {START:?} after SIGTERM:\n{}",
                self.tail()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The tests' HTTP client: plain HTTP in practice, and it does not decode what it gets.
pub fn client() -> reqwest::Client {
    let builder = reqwest::Client::builder().tls_backend_preconfigured(ca::client());
    builder
        .no_gzip()
        .no_proxy()
        .timeout(Duration::from_secs(15))
        .build()
        .unwrap()
}

/// The address in the log line that says `listening`.
pub fn listen_address(log: &str) -> Option<SocketAddr> {
    let line = log
        .lines()
        .find(|line| line.contains("listening") && line.contains("address="))?;
    let value = line.split("address=").nth(1)?.trim_start_matches('"');
    value
        .split(|char: char| char.is_whitespace() || char == '"')
        .next()?
        .parse()
        .ok()
}

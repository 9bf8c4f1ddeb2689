//! What a probe costs, printed next to the same for blackbox_exporter when `BLACKBOX` names its program:
//! `BLACKBOX=/path/to/prometheus-blackbox-exporter cargo bench --bench cost`.
//!
//! Both programs run as processes of their own against one server in this process, and the operating system's account
//! of their CPU time is read from /proc. Machines are noisy: each figure is the median of several rounds, and the
//! ratio of the two is what carries over to another machine. Nothing leaves loopback.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Rounds of each measurement.
const ROUNDS: usize = 5;
/// Checks of the exporter in one round, at one run per second each.
const CHECKS: usize = 100;
/// Length of a round.
const ROUND: Duration = Duration::from_secs(6);
/// Bytes of the page that is served, with a marker at its end.
const PAGE: usize = 20_000;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    // `cargo test --benches` only wants to know that it compiles.
    if std::env::args().any(|argument| argument == "--test") {
        return Ok(());
    }
    // reqwest wants one even for plain HTTP; a second installation would be no harm.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir()?;
    let (tls, ca) = certificate(folder.path())?;
    let https = serve(Some(tls)).await?;
    let http = serve(None).await?;
    println!(
        "{CHECKS} checks a second for {} s, median of {ROUNDS} rounds [least .. most]",
        ROUND.as_secs()
    );
    for (name, url) in [
        ("HTTPS", format!("https://localhost:{}/", https.port())),
        ("HTTP", format!("http://localhost:{}/", http.port())),
    ] {
        let ours = ours(folder.path(), &ca, &url).await?;
        println!("{name:5}  platform_exporter  {}", figures(&ours));
        if let Ok(blackbox) = std::env::var("BLACKBOX") {
            let theirs = theirs(folder.path(), &ca, &blackbox, &url).await?;
            println!(
                "{name:5}  blackbox_exporter  {}  ratio {:.2}",
                figures(&theirs),
                median(&theirs) / median(&ours)
            );
        }
    }
    start(folder.path()).await?;
    hanging(folder.path()).await
}

/// Milliseconds of CPU per probe, per round.
async fn ours(folder: &Path, ca: &Path, url: &str) -> Result<Vec<f64>> {
    let mut config = format!(
        "network: {{ ca_file: {}, allow_private: true, resolvers: ['127.0.0.1:9'] }}\ncontrols: {{ targets: [] }}\n\
         defaults: {{ interval: 1s, timeout: 1s, recheck: 1s }}\nplatforms:\n  bench:\n    components:\n      web:\n        checks:\n",
        ca.display()
    );
    for check in 0..CHECKS {
        config += &format!(
            "          c{check}: {{ http: {{ url: '{url}' }}, rules: [{{ body: {{ regex: 'mark+er' }}, verdict: ok }}] }}\n"
        );
    }
    let exporter = Exporter::start(folder, &config).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let (cpu, runs) = (exporter.cpu()?, exporter.ok_runs().await?);
        tokio::time::sleep(ROUND).await;
        let runs = exporter.ok_runs().await? - runs;
        rounds.push((exporter.cpu()? - cpu) * 1000.0 / runs);
    }
    Ok(rounds)
}

async fn theirs(folder: &Path, ca: &Path, program: &str, url: &str) -> Result<Vec<f64>> {
    let config = folder.join("blackbox.yml");
    fs::write(
        &config,
        format!(
            "modules:\n  m:\n    prober: http\n    http:\n      preferred_ip_protocol: ip4\n      fail_if_body_not_matches_regexp: ['mark+er']\n      tls_config: {{ ca_file: {} }}\n",
            ca.display()
        ),
    )?;
    let address = free_address().await?;
    let child = Command::new(program)
        .args([
            format!("--config.file={}", config.display()),
            format!("--web.listen-address={address}"),
        ])
        .stderr(Stdio::null())
        .spawn()?;
    let child = Running(child);
    let client = reqwest::Client::new();
    let probe = format!("http://{address}/probe?module=m&target={url}");
    wait_for(&client, &format!("http://{address}/-/healthy")).await?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let cpu = child.cpu()?;
        let mut probes = 0.0;
        let end = Instant::now() + ROUND;
        while Instant::now() < end {
            let page = client.get(&probe).send().await?.text().await?;
            assert!(
                page.contains("probe_success 1"),
                "blackbox_exporter did not succeed:\n{page}"
            );
            probes += 1.0;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        rounds.push((child.cpu()? - cpu) * 1000.0 / probes);
    }
    Ok(rounds)
}

/// From the start of the process to the end of the first scrape, and what it holds in memory with the default catalogue.
async fn start(folder: &Path) -> Result<()> {
    let config = "network: { resolvers: ['127.0.0.1:9'] }\n";
    let mut times = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        let exporter = Exporter::start(folder, config).await?;
        exporter.scrape().await?;
        times.push(begin.elapsed().as_secs_f64() * 1000.0);
        tokio::time::sleep(Duration::from_secs(2)).await;
        memory.push(exporter.process.rss()?);
    }
    println!(
        "start to first scrape     {} (bar: 100 ms)",
        figures(&times)
    );
    println!(
        "memory, default catalogue {} MiB (bar: 15 MiB)",
        one(&memory)
    );
    Ok(())
}

/// A thousand targets that accept and stay silent.
async fn hanging(folder: &Path) -> Result<()> {
    let silent = TcpListener::bind("127.0.0.1:0").await?;
    let address = silent.local_addr()?;
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            held.push(stream);
        }
    });
    let mut config = "network: { allow_private: true, resolvers: ['127.0.0.1:9'] }\ncontrols: { targets: [] }\n\
        defaults: { interval: 5s, timeout: 4s, recheck: 5s }\nplatforms:\n  bench:\n    components:\n      web:\n        checks:\n"
        .to_owned();
    for check in 0..1000 {
        config += &format!("          c{check}: {{ http: {{ url: 'http://{address}/' }} }}\n");
    }
    let exporter = Exporter::start(folder, &config).await?;
    tokio::time::sleep(Duration::from_secs(12)).await;
    let mut scrapes = Vec::new();
    for _ in 0..200 {
        let begin = Instant::now();
        exporter.scrape_bytes().await?;
        scrapes.push(begin.elapsed().as_secs_f64() * 1000.0);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    scrapes.sort_by(f64::total_cmp);
    println!(
        "1,000 hanging targets     memory {:.1} MiB (bar: 64), scrape median {:.1} ms, p99 {:.1} ms (bar: 10)",
        exporter.process.rss()?,
        scrapes[scrapes.len() / 2],
        scrapes[scrapes.len() * 99 / 100]
    );
    Ok(())
}

struct Exporter {
    process: Running,
    address: SocketAddr,
    client: reqwest::Client,
}

impl Exporter {
    async fn start(folder: &Path, config: &str) -> Result<Self> {
        let file = folder.join("config.yml");
        fs::write(&file, config)?;
        let address = free_address().await?;
        let process = Command::new(env!("CARGO_BIN_EXE_platform_exporter"))
            .args([
                format!("--config.file={}", file.display()),
                format!("--web.listen-address={address}"),
            ])
            .args(["--log.level=error"])
            .stderr(Stdio::null())
            .spawn()?;
        let exporter = Self {
            process: Running(process),
            address,
            client: reqwest::Client::new(),
        };
        wait_for(&exporter.client, &format!("http://{address}/-/healthy")).await?;
        Ok(exporter)
    }

    async fn scrape(&self) -> Result<String> {
        Ok(self
            .client
            .get(format!("http://{}/metrics", self.address))
            .send()
            .await?
            .text()
            .await?)
    }

    /// Without looking at them: what is timed is the exporter.
    async fn scrape_bytes(&self) -> Result<usize> {
        let answer = self
            .client
            .get(format!("http://{}/metrics", self.address))
            .send()
            .await?;
        Ok(answer.bytes().await?.len())
    }

    async fn ok_runs(&self) -> Result<f64> {
        let page = self.scrape().await?;
        let counts = page.lines().filter(|line| {
            line.starts_with("platform_probe_results_total{") && line.contains("class=\"ok\"")
        });
        Ok(counts
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum())
    }

    fn cpu(&self) -> Result<f64> {
        self.process.cpu()
    }
}

/// A child that ends with its owner.
struct Running(Child);

impl Running {
    /// Seconds of CPU used so far.
    fn cpu(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        let after_name = stat.rsplit(") ").next().ok_or("no name in stat")?;
        let ticks: f64 = after_name
            .split(' ')
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<f64>().ok())
            .sum();
        Ok(ticks / 100.0)
    }

    /// Resident memory in MiB.
    fn rss(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .ok_or("no VmRSS")?;
        Ok(line
            .split_whitespace()
            .nth(1)
            .ok_or("no figure")?
            .parse::<f64>()?
            / 1024.0)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn certificate(folder: &Path) -> Result<(TlsAcceptor, std::path::PathBuf)> {
    let authority_key = rcgen::KeyPair::generate()?;
    let mut authority = rcgen::CertificateParams::new(Vec::new())?;
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca = folder.join("ca.pem");
    fs::write(&ca, authority.self_signed(&authority_key)?.pem())?;
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate()?;
    let leaf =
        rcgen::CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &issuer)?;
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::ring::default_provider(),
    ))
    .with_safe_default_protocol_versions()?
    .with_no_client_auth()
    .with_single_cert(
        vec![leaf.der().clone()],
        rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
    )?;
    Ok((TlsAcceptor::from(Arc::new(config)), ca))
}

async fn serve(tls: Option<TlsAcceptor>) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let page = format!("{}marker", "x".repeat(PAGE));
    let answer = Arc::new(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
        page.len()
    ));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (tls, answer) = (tls.clone(), answer.clone());
            tokio::spawn(async move {
                match tls {
                    Some(tls) => respond(tls.accept(stream).await?, &answer).await,
                    None => respond(stream, &answer).await,
                }
            });
        }
    });
    Ok(address)
}

async fn respond(
    mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    answer: &str,
) -> std::io::Result<()> {
    let mut request = [0; 4096];
    let mut length = 0;
    while !request[..length].ends_with(b"\r\n\r\n") && length < request.len() {
        match stream.read(&mut request[length..]).await? {
            0 => return Ok(()),
            more => length += more,
        }
    }
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

async fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?)
}

async fn wait_for(client: &reqwest::Client, url: &str) -> Result<()> {
    for _ in 0..5000 {
        if client
            .get(url)
            .send()
            .await
            .is_ok_and(|answer| answer.status().is_success())
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Err(format!("{url} did not answer within 10 s").into())
}

fn figures(rounds: &[f64]) -> String {
    let mut sorted = rounds.to_vec();
    sorted.sort_by(f64::total_cmp);
    format!(
        "{:.3} ms [{:.3} .. {:.3}]",
        median(rounds),
        sorted[0],
        sorted[sorted.len() - 1]
    )
}

fn one(rounds: &[f64]) -> String {
    format!("{:.1}", median(rounds))
}

fn median(rounds: &[f64]) -> f64 {
    let mut sorted = rounds.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

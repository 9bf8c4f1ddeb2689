//! The main job: probe and serve until told to stop.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::net::{TcpListener, lookup_host};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::Options;
use crate::config::{self, Config};
use crate::engine::{self, Engine, Load, Shared, Storage};
use crate::time::Times;
use crate::web;

/// One thread does it all: a probe is a hundred waits and half a millisecond of work, and handing it from thread to thread
/// costs more CPU than a second core would save time (`cargo bench --bench cost`).
const WORKERS: usize = 1;

/// What is left running after this is cut off, so that a stop takes less than two seconds.
const DRAIN: Duration = Duration::from_millis(1500);

/// Where it serves unless told otherwise.
pub const PORT: &str = ":10048";

/// Said when the port is taken.
const TAKEN: &str =
    "another program uses it; choose another with --web.listen-address, or port 0 for a free one";

/// Runs until SIGTERM or SIGINT.
pub fn run(config: Config, options: &Options) -> Result<(), String> {
    block_on(serve(config, options))?
}

/// Runs `work` with as many open files as may be, and drops what runs still when it has ended: nothing may hold up the end.
pub fn block_on<T>(work: impl Future<Output = T>) -> Result<T, String> {
    raise_file_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let result = runtime.block_on(work);
    runtime.shutdown_background();
    Ok(result)
}

async fn serve(config: Config, options: &Options) -> Result<(), String> {
    // Before anything is told: whoever sees the program listen may stop it.
    let signals = Signals::new()?;
    let storage = options.storage.as_deref().map(Storage::open).transpose()?;
    let listeners = match options.listen.as_slice() {
        [] => vec![listen(PORT).await?],
        addresses => listen_all(addresses).await?,
    };
    for listener in &listeners {
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        info!(%address, "listening");
    }
    info!("{}", super::summary(&config));
    let stop = CancellationToken::new();
    let engine_options = engine::Options {
        load: load(options),
        storage,
        clock: Arc::default(),
        times: Times::default(),
    };
    let (engine, shared) = Engine::new(config, engine_options)?;
    let engine = tokio::spawn(engine.run(stop.clone()));
    let server = spawn_web(listeners, &shared, options, &stop);
    let watchdog = tokio::spawn(tell_systemd(shared.clone()));
    signals.until_stopped(&shared).await;
    info!("stopping");
    let _ = sd_notify::notify(&[NotifyState::Stopping]);
    stop.cancel();
    watchdog.abort();
    drain(async { tokio::join!(engine, server) }).await;
    Ok(())
}

/// Serves until `stop`.
pub fn spawn_web(
    listeners: Vec<TcpListener>,
    shared: &Arc<Shared>,
    options: &Options,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let lifecycle = options.lifecycle;
    tokio::spawn(web::serve(
        listeners,
        shared.clone(),
        web::Options { lifecycle },
        stop.clone(),
    ))
}

/// Waits for what has been told to stop, but not long.
pub async fn drain(ending: impl Future) {
    if tokio::time::timeout(DRAIN, ending).await.is_err() {
        warn!("stopped without waiting for the last scrapes");
    }
}

/// Reads the user's configuration, or the built-in one.
pub fn load(options: &Options) -> Load {
    let file = options.config_file.clone();
    Arc::new(move || config::load(file.as_deref()).map_err(|errors| errors.to_string()))
}

/// Listens on every address.
pub async fn listen_all(addresses: &[String]) -> Result<Vec<TcpListener>, String> {
    let mut listeners = Vec::new();
    for address in addresses {
        listeners.push(listen(address).await?);
    }
    Ok(listeners)
}

/// `:10048` means every address of both families, as with other exporters.
pub async fn listen(address: &str) -> Result<TcpListener, String> {
    let refused = |error: io::Error| {
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => TAKEN,
            io::ErrorKind::AddrNotAvailable => "this machine does not have that address",
            io::ErrorKind::PermissionDenied => "ports below 1024 need a privilege",
            _ => "give ADDR as HOST:PORT or :PORT",
        };
        format!("--web.listen-address={address}: {error}; {hint}")
    };
    let candidates: Vec<SocketAddr> = match address.strip_prefix(':').map(str::parse::<u16>) {
        Some(Ok(port)) => vec![
            (Ipv6Addr::UNSPECIFIED, port).into(),
            (Ipv4Addr::UNSPECIFIED, port).into(),
        ],
        _ => lookup_host(address).await.map_err(refused)?.collect(),
    };
    let mut failure = io::Error::other("the name has no address");
    for candidate in candidates {
        match TcpListener::bind(candidate).await {
            Ok(listener) => return Ok(listener),
            // Where IPv6 is off the next candidate is the right one; a port in use is in use for both.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(refused(error)),
            Err(error) => failure = error,
        }
    }
    Err(refused(failure))
}

/// The signals that the program minds.
pub struct Signals {
    term: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl Signals {
    /// Minds them from now on.
    pub fn new() -> Result<Self, String> {
        let on =
            |kind| signal(kind).map_err(|error| format!("signals cannot be received: {error}"));
        Ok(Self {
            term: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
            hangup: on(SignalKind::hangup())?,
        })
    }

    /// Until SIGTERM or SIGINT; SIGHUP reads the configuration again.
    pub async fn until_stopped(mut self, shared: &Shared) {
        loop {
            tokio::select! {
                _ = self.term.recv() => return,
                _ = self.interrupt.recv() => return,
                // The engine logs how it went.
                _ = self.hangup.recv() => drop(shared.reload().await),
            }
        }
    }
}

/// READY=1 when the first verdicts can come, then WATCHDOG=1 for as long as the scheduler's heart beats.
async fn tell_systemd(shared: Arc<Shared>) {
    while !shared.ready() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let _ = sd_notify::notify(&[NotifyState::Ready]);
    let Some(limit) = sd_notify::watchdog_enabled() else {
        return;
    };
    loop {
        if shared.healthy().is_ok() {
            let _ = sd_notify::notify(&[NotifyState::Watchdog]);
        }
        tokio::time::sleep(limit / 3).await;
    }
}

/// As many open files as the system lets us have: each hanging target costs one.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Without it the program works with the limit it was given.
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    );
}

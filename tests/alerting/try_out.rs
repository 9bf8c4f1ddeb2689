//! `examples/try-out` brings the chain up, in a network namespace that has nothing but loopback: there the exporter's default
//! configuration can reach nobody, and the ports are free.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::end_to_end::DRILL;
use crate::support::exporter::BINARY;
use crate::support::skipped;
use crate::tools::servers;

/// What is waited for must have been printed within this.
const LIMIT: Duration = Duration::from_secs(180);
/// By then an exporter that is missed has paged somebody: a minute, and the waiting of servers and routes.
const MISSED: Duration = Duration::from_secs(100);

/// How a namespace may be made here.
fn namespace() -> Option<&'static str> {
    let works = |flags: &&str| {
        let mut probe = Command::new("unshare");
        let output = probe
            .args([flags, "sh", "-c", "ip link set lo up"])
            .output();
        output.is_ok_and(|output| output.status.success())
    };
    ["-rn", "-n"].into_iter().find(works)
}

/// The script, which is told to end also where the test fails.
struct Running(Child);

impl Running {
    fn end(&mut self) {
        let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            self.end();
        }
    }
}

/// The script with these arguments in a namespace of its own, what it says in a file, and its temporary files.
struct TryOut {
    running: Running,
    begun: Instant,
    folder: tempfile::TempDir,
}

impl TryOut {
    /// None, and a note, where it cannot be run.
    fn start(arguments: &[&str]) -> Option<Self> {
        let webhook = Path::new(BINARY).with_file_name("examples").join("webhook");
        let servers = servers().into_iter().next()?;
        let Some(flags) = namespace() else {
            skipped("no network namespace may be made here (unshare -rn, ip link set lo up)");
            return None;
        };
        if !webhook.exists() {
            skipped("examples/webhook.rs is not built; a whole `cargo test` does it");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("tmp")).unwrap();
        let out = File::create(folder.path().join("said")).unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/try-out");
        let start = r#"ip link set lo up && exec "$0" "$@""#;
        let child = Command::new("unshare")
            .args([flags, "sh", "-c", start, script])
            .args(arguments)
            .env("PLATFORM_EXPORTER", BINARY)
            .env("WEBHOOK", webhook)
            .env("PROMETHEUS", servers.prometheus)
            .env("ALERTMANAGER", servers.alertmanager)
            .env("TMPDIR", folder.path().join("tmp"))
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .unwrap();
        Some(Self {
            running: Running(child),
            begun: Instant::now(),
            folder,
        })
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("said")).unwrap()
    }

    fn until(&mut self, goal: impl Fn(&str, Duration) -> bool) {
        while !goal(&self.said(), self.begun.elapsed()) {
            let ended = self.running.0.try_wait().unwrap();
            assert!(
                ended.is_none() && self.begun.elapsed() < LIMIT,
                "{ended:?}\n{}",
                self.said()
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

#[test]
fn the_try_out_prints_alerts_and_leaves_nothing_behind() {
    let Some(mut try_out) = TryOut::start(&[]) else {
        return;
    };
    try_out.until(|said, _| said.contains("FIRING → heartbeat: info PlatformWatchdog"));
    try_out.running.end();
    let left: Vec<_> = std::fs::read_dir(try_out.folder.path().join("tmp"))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "{left:?}\n{}", try_out.said());
}

/// There is no other exporter then, and whoever is paged for missing ones is not.
#[test]
fn a_drill_in_the_try_out_reaches_the_training_receiver_only() {
    let scenario = tempfile::Builder::new().suffix(".yml").tempfile().unwrap();
    std::fs::write(scenario.path(), DRILL).unwrap();
    let file = scenario.path().to_str().unwrap();
    let Some(mut try_out) = TryOut::start(&["drill", file, "--speed=6"]) else {
        return;
    };
    try_out.until(|said, since| {
        said.contains("FIRING → training: critical PlatformDown facebook") && since > MISSED
    });
    let said = try_out.said();
    for other in ["→ pager", "→ watchers", "→ team-social"] {
        assert!(!said.contains(other), "{said}");
    }
}

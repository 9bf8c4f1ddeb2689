//! `examples/try-out` brings the chain up, in a network namespace that has nothing but loopback: there the exporter's default
//! configuration can reach nobody, and the ports are free.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::exporter::BINARY;
use crate::support::skipped;
use crate::tools::servers;

/// The first alert must be printed within this.
const LIMIT: Duration = Duration::from_secs(90);

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

#[test]
fn the_try_out_prints_alerts_and_leaves_nothing_behind() {
    let webhook = Path::new(BINARY).with_file_name("examples").join("webhook");
    let Some(servers) = servers().into_iter().next() else {
        return;
    };
    let Some(flags) = namespace() else {
        return skipped("no network namespace may be made here (unshare -rn, ip link set lo up)");
    };
    if !webhook.exists() {
        return skipped("examples/webhook.rs is not built; a whole `cargo test` does it");
    }
    let folder = tempfile::tempdir().unwrap();
    let said = folder.path().join("said");
    let temporary = folder.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let out = File::create(&said).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/try-out");
    let child = Command::new("unshare")
        .args([
            flags,
            "sh",
            "-c",
            r#"ip link set lo up && exec "$0""#,
            script,
        ])
        .env("PLATFORM_EXPORTER", BINARY)
        .env("WEBHOOK", webhook)
        .env("PROMETHEUS", servers.prometheus)
        .env("ALERTMANAGER", servers.alertmanager)
        .env("TMPDIR", &temporary)
        .stdin(Stdio::null())
        .stdout(out.try_clone().unwrap())
        .stderr(out)
        .spawn()
        .unwrap();
    let mut child = Running(child);
    let so_far = || std::fs::read_to_string(&said).unwrap();
    let begun = Instant::now();
    while !so_far().contains("FIRING → heartbeat: info PlatformWatchdog") {
        let ended = child.0.try_wait().unwrap();
        assert!(
            ended.is_none() && begun.elapsed() < LIMIT,
            "{ended:?}\n{}",
            so_far()
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    child.end();
    let left: Vec<_> = std::fs::read_dir(&temporary).unwrap().collect();
    assert!(left.is_empty(), "{left:?}\n{}", so_far());
}

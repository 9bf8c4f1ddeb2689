//! Replays of drills, made with the program itself: what a Prometheus that had scraped all the while would hold.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Drills at once. Each keeps a processor busy, and its replay takes hundreds of megabytes until Prometheus holds it.
static STAGE: Semaphore = Semaphore::const_new(2);

/// As fast as it goes.
const SPEED: &str = "--speed=1e6";

/// The file of a replay; it is deleted, and others may make theirs, when this is dropped.
pub struct Fixture {
    /// Timestamped OpenMetrics.
    pub path: PathBuf,
    _folder: TempDir,
    _stage: SemaphorePermit<'static>,
}

/// Plays a scenario: one that is built in, or a file beside this one.
pub async fn fixture(scenario: &str) -> Fixture {
    let stage = STAGE.acquire().await.unwrap();
    // /tmp may be memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("replay.om");
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/grafana");
    let out = Command::new(env!("CARGO_BIN_EXE_platform_exporter"))
        .current_dir(beside)
        .args(["drill", scenario, SPEED])
        .arg("--web.listen-address=127.0.0.1:0")
        .arg(format!("--openmetrics={}", path.display()))
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{scenario}:\n{}{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
    Fixture {
        path,
        _folder: folder,
        _stage: stage,
    }
}

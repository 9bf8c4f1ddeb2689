//! Drills as users see them: every built-in scenario with its expected verdicts, what is served meanwhile, and what is
//! left of it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;
mod results;
mod scenarios;
mod served;
#[path = "../support/skipped.rs"]
mod skipped;

use std::path::PathBuf;

/// A short scenario: X's API fails in the third minute and is back in the fifth.
const SHORT: &str = r#"
title: X's API is over capacity for two minutes
end: 9m
timeline:
  - { at: 2m, platform: x, layer: api, fault: over_capacity, invented: true }
  - { at: 4m, platform: x, layer: api, fault: healthy, invented: true }
expect:
  - { platform: x, at: 2m, verdict: down }
  - { platform: x, at: 4m, verdict: up, within: 90s }
alerts:
  - { alert: PlatformDown, platform: x }
"#;

/// Writes a scenario into a folder that is gone with what is returned.
fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.yml");
    std::fs::write(&file, text).unwrap();
    (folder, file)
}

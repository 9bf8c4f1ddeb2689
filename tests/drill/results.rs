//! What a drill says and leaves at its end, and how it fails.

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::program::{Drill, command, run};
use super::skipped::skipped;
use super::{SHORT, written};

/// As fast as it goes.
const FAST: &str = "--speed=100000";

#[test]
fn the_list_has_a_line_for_each_that_begins_with_its_name() {
    let output = command(&["--list"]).output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let names: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    for name in [
        "meta-2024-03-05",
        "whatsapp-2024-04-03",
        "x-2022-12-28",
        "nat-gateway",
        "slow-resolver",
    ] {
        assert!(names.contains(&name), "{text}");
    }
}

#[test]
fn what_was_expected_and_came_is_told_and_passes() {
    let (folder, file) = written(SHORT);
    let report = folder.path().join("report.md");
    fs::write(&report, "x".repeat(100_000)).unwrap();
    let finished = run(&[
        file.to_str().unwrap(),
        FAST,
        &format!("--report={}", report.display()),
    ]);
    assert!(
        finished.status.success(),
        "{}\n{}",
        finished.said,
        finished.errors
    );
    let row = finished
        .said
        .lines()
        .find(|line| line.starts_with("x  "))
        .unwrap();
    assert!(
        row.contains("api: over_capacity") && row.ends_with(" 0"),
        "{row}"
    );
    assert!(
        finished.said.contains("times real time, 100000 asked for"),
        "{}",
        finished.said
    );
    assert!(finished.said.contains("X DOWN since"), "{}", finished.said);
    let report = fs::read_to_string(report).unwrap();
    assert!(
        report.starts_with("# Drill: X's API is over capacity") && !report.ends_with('x'),
        "{report}"
    );
    assert!(report.contains("Result: **passed**"), "{report}");
}

#[test]
fn a_wrong_expectation_fails() {
    for (right, wrong, told) in [
        (
            "2m, verdict: down",
            "2m, verdict: degraded",
            "x was down from ",
        ),
        (
            "x, at: 2m, verdict: down",
            "x, at: 2m, verdict: unknown",
            "expected x unknown within 60 s of ",
        ),
        (
            "platform: x, at",
            "platform: [facebook, x], at",
            "expected facebook down within 60 s of ",
        ),
    ] {
        let text = SHORT.replace(right, wrong);
        assert_ne!(text, SHORT);
        let (_folder, file) = written(&text);
        let finished = run(&[file.to_str().unwrap(), FAST]);
        assert_eq!(
            finished.status.code(),
            Some(1),
            "{wrong}\n{}\n{}",
            finished.said,
            finished.errors
        );
        let failed = finished
            .said
            .lines()
            .any(|line| line.starts_with("FAILED: ") && line.contains(told));
        assert!(failed, "{told}\n{}", finished.said);
    }
}

#[test]
fn a_broken_scenario_is_told_with_its_places() {
    let text = SHORT
        .replace(
            "layer: api, fault: over_capacity",
            "layer: apy, fault: over_capacty",
        )
        .replace("verdict: down", "verdict: dead")
        .replace("end: 9m", "end: 9");
    let (_folder, file) = written(&text);
    let finished = run(&[file.to_str().unwrap()]);
    assert_eq!(finished.status.code(), Some(1));
    assert!(finished.said.is_empty(), "{}", finished.said);
    let name = file.to_str().unwrap();
    for (place, words) in [
        ("3:6", "no unit"),
        ("5:47", "did you mean `over_capacity`"),
        ("8:37", "verdict"),
    ] {
        let begin = format!("{name}:{place}: ");
        let line = finished
            .errors
            .lines()
            .find(|line| line.starts_with(&begin));
        assert!(
            line.is_some_and(|line| line.contains(words)),
            "{begin}\n{}",
            finished.errors
        );
    }
    let finished = run(&["meta-2024"]);
    assert_eq!(finished.status.code(), Some(1));
    assert!(
        finished.errors.contains("meta-2024-03-05"),
        "{}",
        finished.errors
    );
}

#[test]
fn what_cannot_work_is_told_before_the_drill_begins() {
    let (_folder, file) = written(SHORT);
    let file = file.to_str().unwrap();
    for (argument, told) in [
        (
            "--report=/no/such/folder/report.md",
            "--report=/no/such/folder/report.md: ",
        ),
        (
            "--openmetrics=/no/such/folder/x",
            "--openmetrics=/no/such/folder/x: ",
        ),
        ("--expect-alerts=http://127.0.0.1:1", "is it there"),
        ("--expect-alerts=localhost", "--expect-alerts=localhost: "),
        ("--storage.path=/tmp", "--storage.path"),
        ("--speed=0", "--speed"),
    ] {
        let finished = run(&[file, argument]);
        assert!(!finished.status.success(), "{argument}");
        assert!(
            finished.errors.contains(told),
            "{argument}: {}",
            finished.errors
        );
        assert!(finished.said.is_empty(), "{argument}: {}", finished.said);
    }
}

#[test]
fn results_may_go_into_a_pipe() {
    let (_folder, file) = written(SHORT);
    let finished = run(&[file.to_str().unwrap(), FAST, "--report=/dev/stdout"]);
    assert!(finished.status.success(), "{}", finished.errors);
    assert!(
        finished.said.lines().any(|line| line.starts_with("# ")),
        "{}",
        finished.said
    );
}

#[test]
fn a_signal_ends_the_wait_for_alerts_too() {
    let (_folder, file) = written(SHORT);
    let alertmanager = without_alerts();
    let url = format!("--expect-alerts=http://{alertmanager}");
    let mut drill = Drill::start(&[file.to_str().unwrap(), FAST, &url]);
    drill.line("asking Alertmanager");
    drill.terminate();
    let told = Instant::now();
    let finished = drill.finish();
    assert_eq!(finished.status.code(), Some(1), "{}", finished.said);
    assert!(
        told.elapsed() < Duration::from_secs(10),
        "{:?}",
        told.elapsed()
    );
}

/// An Alertmanager that never gets an alert.
fn without_alerts() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]";
            let _ = stream.write_all(head.as_bytes());
        }
    });
    address
}

#[test]
fn the_replay_is_a_file_that_prometheus_takes() {
    let (folder, file) = written(SHORT);
    let replay = folder.path().join("replay.om");
    let finished = run(&[
        file.to_str().unwrap(),
        FAST,
        &format!("--openmetrics={}", replay.display()),
    ]);
    assert!(
        finished.status.success(),
        "{}\n{}",
        finished.said,
        finished.errors
    );
    let text = fs::read_to_string(&replay).unwrap();
    assert!(text.ends_with("# EOF\n"));
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs_f64();
    let mut last: HashMap<&str, f64> = HashMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, time) = line.rsplit_once(' ').unwrap();
        let (series, _) = series.rsplit_once(' ').unwrap();
        let time: f64 = time.parse().unwrap();
        assert!(time <= now && time > now - 1200.0, "{line}");
        let before = last.insert(series, time);
        assert!(before.is_none_or(|before| before < time), "{line}");
    }
    let down: Vec<_> = text
        .lines()
        .filter(|line| {
            line.starts_with(r#"platform_state{vantage="drill",platform="x",state="down""#)
        })
        .map(|line| line.split(' ').nth(1).unwrap())
        .collect();
    assert!(
        down.contains(&"1") && down.first() == Some(&"0") && down.last() == Some(&"0"),
        "{down:?}"
    );
    let promtool = std::env::var("PROMTOOL").unwrap_or_else(|_| "promtool".into());
    let blocks = folder.path().join("blocks");
    let arguments = ["tsdb", "create-blocks-from", "openmetrics"];
    let Ok(output) = Command::new(&promtool)
        .args(arguments)
        .args([&replay, &blocks])
        .output()
    else {
        skipped(&format!(
            "no {promtool} here to read a replay; tests/run provides one"
        ));
        return;
    };
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(fs::read_dir(blocks).unwrap().next().is_some());
}

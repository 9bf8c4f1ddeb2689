//! What a drill serves while it goes on, and what it touches.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::program::{Drill, command};
use super::{SHORT, written};

async fn get(url: &str) -> String {
    let answer = reqwest::get(url).await.unwrap();
    answer.error_for_status().unwrap().text().await.unwrap()
}

/// The value of the first sample whose line begins so.
fn value(page: &str, series: &str) -> Option<f64> {
    let line = page.lines().find(|line| line.starts_with(series))?;
    line.rsplit(' ').next()?.parse().ok()
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs_f64()
}

/// Asks until it is so.
async fn until(url: &str, mut so: impl FnMut(&str) -> bool) -> String {
    for _ in 0..600 {
        let page = get(url).await;
        if so(&page) {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never so on {url}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_marked_and_bears_the_time_on_the_wall() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (_folder, file) = written(SHORT);
    let begun = now();
    let mut drill = Drill::start(&[file.to_str().unwrap(), "--speed=60"]);
    let url = format!("{}/metrics", drill.address());
    let down = r#"platform_state{vantage="drill",platform="x",state="down"} 1"#;
    let page = until(&url, |page| page.contains(down)).await;
    let unmarked: Vec<_> = page
        .lines()
        .filter(|line| line.starts_with("platform_") && !line.contains(r#"vantage="drill""#))
        .collect();
    assert!(unmarked.is_empty(), "{unmarked:?}");
    assert_eq!(value(&page, "platform_exporter_drill{"), Some(1.0));
    for (family, ahead) in [
        ("platform_state_since_timestamp_seconds{", 0.0),
        ("platform_incident_start_timestamp_seconds{", 0.0),
        ("platform_probe_last_run_timestamp_seconds{", 0.0),
        (
            "platform_exporter_config_last_reload_success_timestamp_seconds{",
            0.0,
        ),
        ("platform_probe_next_run_timestamp_seconds{", 40.0),
    ] {
        let lines = page.lines().filter(|line| line.starts_with(family));
        let times: Vec<f64> = lines
            .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
            .collect();
        assert!(!times.is_empty(), "{family}");
        for time in times {
            // The clock shows whole milliseconds.
            assert!(
                time > begun - 0.01 && time < now() + ahead + 0.01,
                "{family} {time} at {}",
                now()
            );
        }
    }
    // Sixty days from now by the clock on the wall, against which it is verified, however fast the drill goes.
    let end = value(&page, "platform_probe_tls_not_after_timestamp_seconds{").unwrap();
    let days = (end - now()) / 86_400.0;
    assert!((59.0..=60.0).contains(&days), "{days}");
    let verdicts = get(&url.replace("/metrics", "/api/v1/platforms")).await;
    let verdicts: serde_json::Value = serde_json::from_str(&verdicts).unwrap();
    let year = &verdicts["now"].as_str().unwrap()[..4];
    let since = verdicts["platforms"][0]["since"].as_str().unwrap();
    assert!(since.starts_with(year), "{verdicts}");
    assert_eq!(verdicts["vantage"], "drill");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_serving_when_told_to_and_then_in_real_time() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (_folder, file) = written(SHORT);
    let mut drill = Drill::start(&[file.to_str().unwrap(), "--serve", "--speed=100000"]);
    let address = drill.address();
    drill.line("passed");
    drill.line("served until you stop it");
    let up = r#"platform_up{vantage="drill",platform="x"} 1"#;
    assert!(get(&format!("{address}/metrics")).await.contains(up));
    let ready = get(&format!("{address}/-/healthy")).await;
    assert!(ready.contains("Healthy"), "{ready}");
    drill.terminate();
    let finished = drill.finish();
    assert!(finished.status.success(), "{}", finished.errors);

    let mut drill = Drill::start(&[file.to_str().unwrap(), "--serve"]);
    assert!(
        drill
            .line("times real time")
            .contains("up to 1 times real time")
    );
    drill.terminate();
    let finished = drill.finish();
    assert!(!finished.status.success());
    assert!(
        finished.errors.contains("stopped before the end"),
        "{}",
        finished.errors
    );
}

/// The addresses of every internet socket that the process has: local and remote.
fn sockets(pid: u32) -> BTreeSet<IpAddr> {
    let mut inodes = BTreeSet::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .flatten()
    {
        // A socket that is gone meanwhile is looked for no more.
        let Ok(target) = fs::read_link(entry.path()) else {
            continue;
        };
        let target = target.to_string_lossy().into_owned();
        inodes.extend(
            target
                .strip_prefix("socket:[")
                .and_then(|rest| rest.strip_suffix(']'))
                .map(str::to_owned),
        );
    }
    let mut found = BTreeSet::new();
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let text = fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let columns: Vec<&str> = line.split_whitespace().collect();
            if columns.get(9).is_some_and(|inode| inodes.contains(*inode)) {
                found.extend([columns[1], columns[2]].map(address));
            }
        }
    }
    found
}

/// `0100007F:1F90`, in the kernel's order of bytes.
fn address(text: &str) -> IpAddr {
    let hex = text.split(':').next().unwrap();
    let words =
        (0..hex.len() / 8).map(|i| u32::from_str_radix(&hex[i * 8..i * 8 + 8], 16).unwrap());
    let bytes: Vec<u8> = words.flat_map(u32::to_ne_bytes).collect();
    match bytes.len() {
        4 => Ipv4Addr::from(<[u8; 4]>::try_from(bytes).unwrap()).into(),
        _ => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).unwrap()).into(),
    }
}

#[test]
fn nothing_leaves_loopback() {
    // Everything of the catalogue that can be on is, also what is probed by address; and the user's own platform.
    let (folder, scenario) = written(
        &SHORT
            .replace(
                "x, layer: api, fault: over_capacity",
                "all, layer: all, fault: unreachable",
            )
            .replace(
                "platform: x, layer: api, fault: healthy",
                "platform: all, layer: all, fault: healthy",
            )
            .replace("platform: x, at", "platform: all, at"),
    );
    let config = folder.path().join("config.yml");
    let text = "defaults: { timeout: 2s }\nplatforms: { facebook: {}, telegram: {}, signal: {}, discord: {}, x: {}, own: { title: Own, operator: Own, \
                components: { web: { impact: outage, checks: { a: { http: { url: 'https://192.0.2.1:8443/' } }, \
                b: { tcp: { address: '198.51.100.7:25' } }, c: { dns: { name: a.example, type: A, server: '203.0.113.9:53' } } } } } } }\n";
    fs::write(&config, text).unwrap();
    let config = format!("--config.file={}", config.display());
    let mut drill = Drill::start(&[scenario.to_str().unwrap(), "--speed=120", &config]);
    drill.address();
    let (mut seen, mut looks) = (BTreeSet::new(), 0);
    while drill.running() {
        seen.extend(sockets(drill.pid()));
        looks += 1;
    }
    assert!(looks > 100 && seen.len() > 2, "{looks} looks, {seen:?}");
    let strange: Vec<_> = seen
        .iter()
        .filter(|address| !address.to_canonical().is_loopback() && !address.is_unspecified())
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
}

#[test]
fn two_drills_at_once_do_not_collide() {
    let (_folder, file) = written(SHORT);
    // Without an address of their own: whoever comes second takes a free port.
    let start = || {
        let mut command = command(&[file.to_str().unwrap(), "--speed=100000"]);
        command.arg("--log.level=warn");
        Drill::spawn(command)
    };
    let mut drills = [start(), start()];
    let addresses: BTreeSet<_> = drills.iter_mut().map(Drill::address).collect();
    assert_eq!(addresses.len(), 2, "{addresses:?}");
    for drill in drills {
        let finished = drill.finish();
        assert!(
            finished.status.success(),
            "{}\n{}",
            finished.said,
            finished.errors
        );
    }
}

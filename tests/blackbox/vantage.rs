//! When our own network is the trouble, nobody is accused.

use std::process::Command;
use std::time::Duration;

use crate::support::ca::Flaw;
use crate::support::dns::{Dns, DnsFault};
use crate::support::exporter::{self, Exporter, Launch, SOON, Settings};
use crate::support::internet::Fault;
use crate::support::page::Page;
use crate::support::raw::DEAD;
use crate::support::{FAST, PLATFORMS, World, skipped};

/// The first page must come within two seconds; a debug build among other tests gets twice that.
const FIRST_PAGE: Duration = Duration::from_secs(4);

fn blind(page: &Page) -> bool {
    page.all_are("unknown") && page.value("platform_vantage_up", &[]) == Some(0.0)
}

fn nobody_accused(page: &Page) {
    assert!(
        page.all("platform_up", &[]).next().is_none(),
        "no platform_up while blind"
    );
    for platform in PLATFORMS {
        assert_eq!(
            page.seconds(platform, "down") + page.seconds(platform, "degraded"),
            0.0,
            "{platform}\n{}",
            page.relevant()
        );
    }
    assert_eq!(page.runs(&[], "ok"), 0.0);
}

/// The lines of the log that say that the internet cannot be reached.
fn complaints(log: &str) -> Vec<&str> {
    log.lines()
        .filter(|line| line.contains("cannot reach the internet"))
        .collect()
}

async fn judge_blind(exporter: &Exporter) {
    let page = exporter.page().await;
    assert!(
        exporter.started.elapsed() < FIRST_PAGE,
        "the first page took {:?}",
        exporter.started.elapsed()
    );
    assert_eq!(page.verdicts().len(), PLATFORMS.len());
    exporter
        .wait_until(SOON, "the vantage is down and everything unknown", blind)
        .await;
    let page = exporter
        .stays(Duration::from_secs(10), "it stays so", blind)
        .await;
    nobody_accused(&page);
    let log = exporter.log();
    let lines = complaints(&log);
    assert_eq!(lines.len(), 1, "said once:\n{log}");
    assert!(
        lines[0].contains("one.one.one.one"),
        "what was tried: {}",
        lines[0]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_network_everything_is_unknown() {
    let dead = ["443", "853", "80", "5222"].map(|port| (format!(":{port}"), DEAD.to_owned()));
    let settings = Settings {
        defaults: FAST.into(),
        resolvers: vec![DEAD.into()],
        connect_to: dead.to_vec(),
        allow_private: true,
        ..Settings::default()
    };
    let launch = Launch {
        settings,
        ..Launch::default()
    };
    judge_blind(&launch.start().await).await;
}

/// The default configuration, in a network namespace that has nothing but loopback. The test starts itself again in there.
#[tokio::test(flavor = "multi_thread")]
async fn without_any_network_at_defaults() {
    const INSIDE: &str = "PLATFORM_EXPORTER_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        return inside_the_namespace().await;
    }
    let probe = |flags: &str| {
        Command::new("unshare")
            .args([flags, "sh", "-c", "ip link set lo up"])
            .output()
    };
    let flags = ["-rn", "-n"]
        .into_iter()
        .find(|flags| probe(flags).is_ok_and(|output| output.status.success()));
    let Some(flags) = flags else {
        return skipped("no network namespace may be made here (unshare -rn, ip link set lo up)");
    };
    let script = r#"ip link set lo up && exec "$0" --exact vantage::without_any_network_at_defaults --nocapture"#;
    let itself = std::env::current_exe().unwrap();
    let mut command = Command::new("unshare");
    command
        .args([flags, "sh", "-c", script])
        .arg(itself)
        .env(INSIDE, "1");
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

async fn inside_the_namespace() {
    let devices = std::fs::read_to_string("/proc/net/dev").unwrap();
    let names: Vec<_> = devices
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name.trim())
        .collect();
    assert!(names.contains(&"lo"));
    assert!(
        !std::fs::read_to_string("/proc/net/route")
            .unwrap()
            .lines()
            .skip(1)
            .any(|route| !route.is_empty()),
        "{names:?}"
    );
    let exporter = Exporter::bare(exporter::command()).await;
    let page = exporter.page().await;
    assert!(
        exporter.started.elapsed() < FIRST_PAGE,
        "the first page took {:?}",
        exporter.started.elapsed()
    );
    assert_eq!(
        page.verdicts().keys().collect::<Vec<_>>(),
        PLATFORMS.iter().collect::<Vec<_>>()
    );
    let page = exporter
        .wait_until(Duration::from_secs(100), "blind within 100 s", blind)
        .await;
    nobody_accused(&page);
    // Every check has had its first run by then.
    let page = exporter
        .stays(Duration::from_secs(40), "it stays so", blind)
        .await;
    nobody_accused(&page);
    assert_eq!(complaints(&exporter.log()).len(), 1, "{}", exporter.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captive_portal_does_not_prove_the_network() {
    const CONTROLS: &str = "controls: { quorum: 2, targets: [{ tls: \"one.one.one.one:443\" }, { tls: \"dns.quad9.net:443\" }, { tcp: \"192.0.2.1:443\" }] }";
    let world = World::healthy().await;
    world
        .internet
        .fault("*", Fault::Certificate(Flaw::Untrusted));
    let exporter = world.exporter().with(CONTROLS).start().await;
    exporter
        .wait_until(SOON, "blind behind the portal", blind)
        .await;
    let page = exporter
        .stays(Duration::from_secs(8), "it stays so", blind)
        .await;
    assert_eq!(
        page.all("platform_control_success", &[])
            .filter(|control| control.value == 1.0)
            .count(),
        1,
        "plain TCP passes"
    );
    for platform in PLATFORMS {
        assert_eq!(page.seconds(platform, "down"), 0.0, "{platform}");
    }
    world.heal();
    exporter
        .wait_until(SOON, "everything is up once we are let through", |page| {
            page.are(&PLATFORMS, "up")
        })
        .await;
}

/// A firewall that knows the controls: the platforms themselves prove the network, without a moment of blindness.
#[tokio::test(flavor = "multi_thread")]
async fn controls_shut_off_alone_blind_nobody() {
    let world = World::healthy().await;
    let exporter = world.exporter().start().await;
    let up = |page: &Page| page.are(&PLATFORMS, "up");
    let before = exporter.wait_until(SOON, "everything is up", up).await;
    for control in ["one.one.one.one", "dns.quad9.net", "dns.google"] {
        world.internet.fault(control, Fault::Reset);
    }
    let shut_off = |page: &Page| {
        let controls = page.all("platform_control_success", &[]);
        controls.filter(|control| control.value == 0.0).count() == 3
    };
    exporter
        .wait_until(SOON, "the controls fail", shut_off)
        .await;
    let after = exporter
        .stays(Duration::from_secs(8), "everything stays up", up)
        .await;
    for platform in PLATFORMS {
        assert_eq!(
            after.seconds(platform, "unknown"),
            before.seconds(platform, "unknown"),
            "{platform}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filtering_resolver_is_outvoted() {
    let world = World::healthy().await;
    let filter = Dns::start().await;
    for name in ["facebook.com", "x.com"] {
        filter.fault(name, DnsFault::NxDomain);
    }
    let addresses = [filter.address.to_string(), world.dns.address.to_string()];
    for resolvers in [
        addresses.clone(),
        [addresses[1].clone(), addresses[0].clone()],
    ] {
        let exporter = world
            .exporter()
            .set(|settings| settings.resolvers = resolvers.to_vec())
            .start()
            .await;
        exporter
            .wait_until(SOON, "facebook and x are up", |page| {
                page.are(&["facebook", "x"], "up")
            })
            .await;
        let page = exporter
            .stays(Duration::from_secs(8), "they stay up", |page| {
                page.are(&["facebook", "x"], "up")
            })
            .await;
        assert_eq!(page.runs(&[], "fail"), 0.0, "{}", page.relevant());
        assert_eq!(page.value("platform_vantage_up", &[]), Some(1.0));
    }
    assert!(filter.asked("facebook.com") > 0, "the filter was asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_proxy_is_ours() {
    let world = World::healthy().await;
    for proxy in ["http", "socks5h"] {
        let network = format!("proxy: {proxy}://{DEAD}");
        let exporter = world
            .exporter()
            .set(|settings| settings.network = network)
            .start()
            .await;
        let local = |page: &Page| {
            page.runs(&[], "local") > 10.0 && page.value("platform_vantage_up", &[]) == Some(0.0)
        };
        let page = exporter.wait_until(SOON, "runs are local", local).await;
        assert!(
            page.all("platform_probe_errors_total", &[("reason", "local_proxy")])
                .next()
                .is_some(),
            "{}",
            page.relevant()
        );
        for platform in PLATFORMS {
            assert_eq!(
                page.seconds(platform, "down"),
                0.0,
                "{proxy}: {platform}\n{}",
                page.relevant()
            );
        }
    }
}

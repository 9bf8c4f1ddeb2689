//! While nothing is broken, every check of the catalogue is ok, those that are off by default too.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use platform_exporter::drill::fault::{Fault, Own, Place};
use platform_exporter::drill::internet::Internet;
use platform_exporter::probe::observation::Phase;

use super::{Inside, all_on, shipped};

#[tokio::test]
async fn every_check_of_the_catalogue_is_ok() {
    let inside = Inside::start(&all_on()).await;
    assert!(inside.checks().len() > 90, "{}", inside.checks().len());
    assert_eq!(inside.not_ok(None).await, BTreeMap::new());
}

/// Two that run side by side have nothing to do with each other.
#[tokio::test]
async fn two_do_not_collide() {
    let config = shipped("");
    let (one, other) = tokio::join!(Inside::start(&config), Inside::start(&config));
    one.strike(&Place::layer("x", "all"), Fault::Servfail);
    one.strike(&Place::Vantage(Own::Gateway), Fault::Reset);
    let check = one.check("x/web/front");
    assert_eq!(one.run(&check, None).await, "fail dns_servfail");
    assert_eq!(other.run(&check, None).await, "ok");
    drop(one);
    assert_eq!(other.run(&check, None).await, "ok");
}

/// A phase for each step, and none of them is nothing.
#[tokio::test]
async fn a_lifelike_internet_takes_its_time() {
    let config = shipped("");
    let internet = Internet::start(&config, Default::default()).await.unwrap();
    let inside = Inside {
        config: internet.enter(&config),
        ..Inside::start(&config).await
    };
    let prober = platform_exporter::probe::Prober::new(
        &inside.config,
        std::sync::Arc::new(platform_exporter::probe::network::System::default()),
    )
    .unwrap();
    let begun = Instant::now();
    let run = prober.run(&inside.check("facebook/web/front")).await;
    assert_eq!(run.outcome.reason.label(), "ok");
    let least = [
        (Phase::Resolve, 5),
        (Phase::Tls, 15),
        (Phase::Processing, 25),
    ];
    for (phase, millis) in least {
        let taken = run.phases.get(phase);
        assert!(
            taken >= Duration::from_millis(millis),
            "{}: {taken:?}",
            phase.label()
        );
    }
    assert!(begun.elapsed() < Duration::from_secs(5));
}

/// Whatever a configuration names, it is loopback that is spoken to.
#[tokio::test]
async fn nothing_leaves_loopback() {
    let config = shipped(
        r#"
platforms:
  own:
    components:
      odd:
        checks:
          literal: { tcp: { address: "192.0.2.7:8443" } }
          literal_page: { http: { url: "http://192.0.2.7:8080/" } }
          port: { http: { url: "http://status.example:9090/" } }
          server: { dns: { name: own.example, type: A, server: "192.0.2.53" } }
          six: { tcp: { address: "[2001:db8::7]:25" } }
          missing: { dns: { name: nobody.example, type: A, rcode: NXDOMAIN } }
          mail: { dns: { name: own.example, type: MX } }
controls: { targets: [{ tcp: "192.0.2.1:443" }, { dns: { name: example.com, server: "192.0.2.54" } }] }
"#,
    );
    let inside = Inside::start(&config).await;
    let controls = inside.config.controls.targets.iter();
    let checks: Vec<_> = inside
        .checks()
        .into_iter()
        .chain(controls.map(|control| control.check.clone()))
        .collect();
    assert_eq!(checks.len(), 9);
    for check in checks {
        let run = inside.prober.run(&check).await;
        assert_eq!(run.outcome.reason.label(), "ok", "{}", check.id);
        for hop in run.hops {
            let peer = hop.peer.unwrap();
            assert!(peer.ip().is_loopback(), "{}: {peer}", check.id);
        }
    }
    // Name servers that are not ours stand behind our gateway.
    let server = inside.check("own/odd/server");
    inside.strike(&Place::Vantage(Own::Gateway), Fault::Unreachable);
    let brief = Some(Duration::from_millis(500));
    assert_eq!(inside.run(&server, brief).await, "fail dns_timeout");
    let network = inside.internet.network();
    assert!(network.resolvers.iter().all(|to| to.ip().is_loopback()));
    let last = network.connect_to.last().unwrap();
    assert!(last.host.is_none() && last.port.is_none(), "{last:?}");
}

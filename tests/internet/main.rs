//! The simulated internet, seen by the ordinary prober: healthy everywhere until a fault strikes, then broken there alone.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/everything.rs"]
mod everything;
mod faults;
mod feeds;
mod healthy;
mod places;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use everything::everything;
use platform_exporter::catalog;
use platform_exporter::config::{self, Check, Config};
use platform_exporter::drill::fault::{Fault, Place};
use platform_exporter::drill::internet::latency::Pace;
use platform_exporter::drill::internet::{self, Internet, healthy::GOOD_TOKEN};
use platform_exporter::probe::Prober;
use platform_exporter::probe::network::System;

/// The catalogue with a text of the user's over it; every token is a good one.
fn shipped(text: &str) -> Config {
    let lookup = |name: &str| match name {
        "TOKEN" => Some(GOOD_TOKEN.to_owned()),
        "WHATSAPP_PHONE_NUMBER_ID" => Some("106540352242922".to_owned()),
        _ => None,
    };
    config::parse_with("test.yml", text, catalog::FILES, &lookup)
        .unwrap_or_else(|errors| panic!("{errors}\nin\n{text}"))
}

/// The whole catalogue, with everything on that can be on.
fn all_on() -> Config {
    shipped(&everything(&shipped("").platforms, "{ env: TOKEN }"))
}

/// An internet, and the ordinary prober in it.
struct Inside {
    internet: Internet,
    config: Config,
    prober: Prober,
}

impl Inside {
    /// Without waits of its own.
    async fn start(config: &Config) -> Self {
        let internet = Internet::start_at(config, Default::default(), Pace::Instant)
            .await
            .unwrap();
        let config = internet.enter(config);
        let prober = Prober::new(&config, Arc::new(System::default())).unwrap();
        Self {
            internet,
            config,
            prober,
        }
    }

    /// What a run of a check comes to: `ok`, or class and reason. A `timeout` cuts it short.
    async fn run(&self, check: &Check, timeout: Option<Duration>) -> String {
        let timeout = timeout.unwrap_or(Duration::from_secs(20));
        let outcome = self
            .prober
            .run(&Check {
                timeout,
                ..check.clone()
            })
            .await
            .outcome;
        match outcome.class.label() {
            "ok" => "ok".to_owned(),
            class => format!("{class} {}", outcome.reason.label()),
        }
    }

    fn checks(&self) -> Vec<Check> {
        let active = self.config.active();
        let components = active.into_iter().flat_map(|platform| platform.components);
        components.flat_map(|component| component.checks).collect()
    }

    fn check(&self, id: &str) -> Check {
        let mut checks = self.checks().into_iter();
        checks
            .find(|check| check.id.to_string() == id)
            .unwrap_or_else(|| panic!("no {id}"))
    }

    /// Strikes what is sure to fit.
    fn strike(&self, place: &Place, fault: Fault) {
        internet::fits(&self.config, place, fault).unwrap();
        self.internet.strike(place, fault);
    }

    /// Every check and control that is not ok, with what it came to.
    async fn not_ok(&self, timeout: Option<Duration>) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let controls = self.config.controls.targets.iter();
        let controls = controls.map(|control| control.check.clone());
        for check in self.checks().into_iter().chain(controls) {
            let outcome = self.run(&check, timeout).await;
            if outcome != "ok" {
                found.insert(check.id.to_string(), outcome);
            }
        }
        found
    }
}

//! The platforms of the simulation: each with two components whose fall is an outage, and one beneath them.

use std::time::Duration;

use platform_exporter::config::{
    Check, Component, Depth, DownWhen, HostPort, Impact, Kind, Platform, TcpTarget,
};

use crate::world::SECOND;

/// Deadline of a run, as by default.
pub const TIMEOUT: u64 = 5 * SECOND;

pub const PLATFORMS: usize = 2;
/// Component, impact, depth of its one check.
const CHECKS: [(&str, Impact, Depth); 3] = [
    ("api", Impact::Outage, Depth::Parser),
    ("login", Impact::Outage, Depth::App),
    ("dns", Impact::Degradation, Depth::Edge),
];
pub const CHECKS_EACH: usize = CHECKS.len();

/// One of the platforms: every component has one check, so the slot says which.
pub fn platform(number: usize) -> Platform {
    let name = format!("p{number}");
    let component = |&(title, impact, depth): &(&str, Impact, Depth)| Component {
        name: title.into(),
        impact,
        down_when: DownWhen::All,
        tolerate: 0,
        off: None,
        checks: vec![check(&name, title, depth)],
    };
    Platform {
        name: name.as_str().into(),
        title: name.clone(),
        operator: name.clone(),
        team: String::new(),
        page: true,
        off: None,
        components: CHECKS.iter().map(component).collect(),
    }
}

/// A check with the defaults.
fn check(platform: &str, component: &str, depth: Depth) -> Check {
    let address = HostPort {
        host: "acme.example".into(),
        port: 443,
    };
    let kind = Kind::Tcp(TcpTarget {
        address,
        send: None,
        expect: None,
    });
    Check {
        depth,
        timeout: Duration::from_millis(TIMEOUT),
        ..Check::new([platform, component, "c"], kind)
    }
}

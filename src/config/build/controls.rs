//! What proves that our own network works.

use super::super::at::At;
use super::super::raw;
use super::super::settings::{
    Check, Control, Controls, DnsTarget, HostPort, Kind, TcpTarget, TlsOptions, TlsTarget,
};
use super::super::values::Items;
use super::{Builder, target};

/// Verified TLS on three independent networks (Cloudflare, Quad9, Google): one of them may fail on its own.
const TLS: [&str; 3] = ["one.one.one.one", "dns.quad9.net", "dns.google"];
/// A name that IANA keeps for documentation: proof of the resolver.
const NAME: &str = "example.com";
/// Rounds begin at least this part of a recheck apart, so that a recheck never waits for one.
const ROUNDS_PER_RECHECK: u32 = 10;

impl Builder<'_> {
    pub(super) fn controls(&mut self, raw: raw::Controls) -> Controls {
        let at = self.root.near("controls");
        let kinds = match raw.targets {
            Some(targets) => self.control_kinds(targets, &at.near("targets")),
            None => default_kinds(),
        };
        let given = at.key("targets").map(|targets| targets.items().count());
        let count = given.unwrap_or(kinds.len());
        let quorum = raw.quorum.unwrap_or((count * 2).div_ceil(3));
        if quorum > count || (quorum == 0 && count > 0) {
            let message =
                format!("{quorum} is out of range: from 1 to the number of targets, here {count}");
            self.errors.value(&at.near("quorum"), message);
        }
        Controls {
            quorum,
            targets: kinds.into_iter().map(|kind| self.control(kind)).collect(),
            interval: self.pace.interval,
            spacing: self.pace.recheck / ROUNDS_PER_RECHECK,
        }
    }

    fn control_kinds(&mut self, raw: Items<raw::ControlTarget>, at: &At<'_>) -> Vec<Kind> {
        let mut kinds: Vec<Kind> = Vec::new();
        for (raw, item) in raw.0.into_iter().zip(at.items()) {
            let Some(kind) = raw.and_then(|raw| self.control_kind(raw, &item)) else {
                continue;
            };
            if kinds.iter().any(|other| label(other) == label(&kind)) {
                self.errors.value(&item, "the same target stands above");
            }
            kinds.push(kind);
        }
        kinds
    }

    fn control_kind(&mut self, raw: raw::ControlTarget, at: &At<'_>) -> Option<Kind> {
        self.one_of(at, &["tls", "tcp", "dns"])?;
        if let Some(address) = raw.tls {
            return Some(tls(address.0));
        }
        if let Some(address) = raw.tcp {
            return Some(Kind::Tcp(TcpTarget {
                address: address.0,
                send: None,
                expect: None,
            }));
        }
        let dns = raw.dns?;
        let name = self.needed(&at.near("dns"), "name", dns.name)?;
        Some(Kind::Dns(DnsTarget {
            name: name.0,
            record_type: target::record_type(dns.r#type),
            server: dns.server.map(|server| server.0),
            rcode: target::rcode(None),
            answer: None,
        }))
    }

    fn control(&self, kind: Kind) -> Control {
        let name: std::sync::Arc<str> = label(&kind).into();
        let check = Check {
            interval: self.pace.interval,
            timeout: self.pace.timeout,
            recheck: self.pace.recheck,
            fall: 1,
            rise: 1,
            ..Check::new(["control", "control", &name], kind)
        };
        Control { name, check }
    }
}

fn label(kind: &Kind) -> String {
    format!("{} {}", kind.label(), kind.target())
}

fn tls(address: HostPort) -> Kind {
    Kind::Tls(TlsTarget {
        address,
        tls: TlsOptions::default(),
    })
}

fn default_kinds() -> Vec<Kind> {
    let address = |host: &str| HostPort {
        host: host.into(),
        port: 443,
    };
    let name = Kind::Dns(DnsTarget {
        name: NAME.into(),
        record_type: target::record_type(None),
        server: None,
        rcode: target::rcode(None),
        answer: None,
    });
    TLS.iter()
        .map(|host| tls(address(host)))
        .chain([name])
        .collect()
}

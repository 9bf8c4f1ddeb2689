//! What the tests of this part share: small platforms and results written as words.

use std::time::Duration;

use super::{Outcome, Verdict};
use crate::config::{
    Check, CheckId, Component, Depth, DownWhen, HostPort, Impact, Kind, Platform, TcpTarget, Trust,
};
use crate::probe::failure::{Class, Reason};
use crate::time::Time;

/// `up`, `degraded`, `down`, `blocked` or `unknown`.
pub(crate) fn verdict(word: &str) -> Verdict {
    *Verdict::ALL
        .iter()
        .find(|v| v.label() == word)
        .unwrap_or_else(|| panic!("verdict {word}"))
}

/// A result in one word: `ok`, `fail`, `slow` (degraded), `blocked`, `local`; a mismatch that needs proof: `miss` (degraded),
/// `MISS` (fail); a failure of transport: `cut`; or a reason's label, with the reason's own class.
pub(crate) fn outcome(word: &str, started: Time) -> Outcome {
    let (class, reason, needs_proof) = match word {
        "ok" => (Class::Ok, Reason::Ok, false),
        "fail" => (Class::Fail, Reason::HttpStatus5xx, false),
        "slow" => (Class::Degraded, Reason::HttpStatusOther, false),
        "blocked" => (Class::Blocked, Reason::BlockedDenied, false),
        "local" => (Class::Local, Reason::LocalResolver, false),
        "miss" => (Class::Degraded, Reason::ContentMarkerMissing, true),
        "MISS" => (Class::Fail, Reason::TlsCertUntrusted, true),
        "cut" => (Class::Fail, Reason::TcpTimeout, false),
        label => {
            let known = Reason::ALL.iter().find(|reason| reason.label() == label);
            let reason = *known.unwrap_or_else(|| panic!("result {label}"));
            (reason.class(), reason, false)
        }
    };
    let ended = started + Duration::from_secs(1);
    Outcome {
        class,
        reason,
        needs_proof,
        retry_after: None,
        started,
        ended,
    }
}

/// A check with the defaults, 30 s apart, that needs no proof.
pub(crate) fn check(platform: &str, component: &str, name: &str, depth: Depth) -> Check {
    let address = HostPort {
        host: "acme.example".into(),
        port: 443,
    };
    Check {
        id: CheckId {
            platform: platform.into(),
            component: component.into(),
            check: name.into(),
        },
        kind: Kind::Tcp(TcpTarget {
            address,
            send: None,
            expect: None,
        }),
        rules: Vec::new(),
        depth,
        trust: Trust::Always,
        block_signs: true,
        interval: Duration::from_secs(30),
        timeout: Duration::from_secs(5),
        recheck: Duration::from_secs(10),
        fall: 3,
        rise: 2,
        evidence: String::new(),
        robots: None,
        terms: None,
        credential: None,
        off: None,
        definition: 1,
    }
}

/// A platform from a text: components divided by `;`, each `name impact depth depth …` with impact `outage` or
/// `degradation`; checks are called `a`, `b`, … in order.
pub(crate) fn platform(name: &str, text: &str) -> Platform {
    let components = text.split(';').map(|component| {
        let mut words = component.split_whitespace();
        let title = words.next().unwrap();
        let outage = words.next().unwrap() == "outage";
        let checks = words.zip('a'..).map(|(depth, letter)| {
            let depth = Depth::ALL.iter().find(|d| d.label() == depth).unwrap();
            check(name, title, &letter.to_string(), *depth)
        });
        Component {
            name: title.into(),
            impact: if outage {
                Impact::Outage
            } else {
                Impact::Degradation
            },
            down_when: DownWhen::All,
            tolerate: 0,
            off: None,
            checks: checks.collect(),
        }
    });
    Platform {
        name: name.into(),
        title: name.to_uppercase(),
        operator: "Acme".into(),
        team: String::new(),
        page: true,
        off: None,
        components: components.collect(),
    }
}

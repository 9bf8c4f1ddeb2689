//! Verdicts as tables: results in, verdicts out. Here is what the tables share: small platforms, results written as
//! words, and a rig that feeds them.

mod checks;
mod incidents;
mod memory;
mod properties;
mod verdicts;

use std::time::Duration;

use super::*;
use crate::config::{
    Check, CheckId, Component, Depth, DownWhen, HostPort, Impact, Kind, TcpTarget, Trust,
};

/// `up`, `degraded`, `down`, `blocked` or `unknown`.
pub(in crate::state) fn verdict(word: &str) -> Verdict {
    *Verdict::ALL
        .iter()
        .find(|v| v.label() == word)
        .unwrap_or_else(|| panic!("verdict {word}"))
}

/// A result in one word: `ok`, `fail`, `slow` (degraded), `blocked`, `local`; a mismatch that needs proof: `miss` (degraded),
/// `MISS` (fail); a failure of transport: `cut`; or a reason's label, with the reason's own class.
fn outcome(word: &str, started: Time) -> Outcome {
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
fn check(platform: &str, component: &str, name: &str, depth: Depth) -> Check {
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
        ..Check::new([platform, component, name], kind)
    }
}

/// A platform from a text: components divided by `;`, each `name impact depth depth …` with impact `outage` or
/// `degradation`; checks are called `a`, `b`, … in order.
fn platform(name: &str, text: &str) -> Platform {
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

/// 5 March 2024, 15:00 UTC.
const BASE: Time = Time::from_millis(1_709_650_800_000);

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// One platform `p` and where its time stands.
struct Rig {
    platforms: Vec<Platform>,
    state: State,
    now: Time,
}

impl Rig {
    /// See [`platform`]; our own network is proven.
    fn new(text: &str) -> Self {
        Self::of(platform("p", text))
    }

    fn of(platform: Platform) -> Self {
        let platforms = vec![platform];
        let mut state = State::new(&platforms, BASE);
        state.set_vantage(true, BASE);
        Self {
            platforms,
            state,
            now: BASE,
        }
    }

    /// The same, where every check has yet to prove its expectations.
    fn unproven(text: &str) -> Self {
        let mut platform = platform("p", text);
        let checks = platform.components.iter_mut().flat_map(|c| &mut c.checks);
        checks.for_each(|check| check.trust = Trust::OnceProven);
        Self::of(platform)
    }

    fn id(place: &str) -> CheckId {
        let (component, check) = place.split_once('/').unwrap_or((place, "a"));
        CheckId {
            platform: "p".into(),
            component: component.into(),
            check: check.into(),
        }
    }

    /// A result of `component/check` that ends now; the next run is planned in 30 s.
    fn give(&mut self, place: &str, word: &str) -> Pace {
        let id = Self::id(place);
        let pace = self
            .state
            .apply(&id, &outcome(word, self.now - secs(1)), self.now);
        let next = if let Pace::Pause(pause) = pace {
            pause
        } else {
            secs(30)
        };
        self.state.plan(&id, self.now + next);
        pace
    }

    /// Several results, ten seconds apart.
    fn feed(&mut self, place: &str, words: &str) {
        for word in words.split_whitespace() {
            self.give(place, word);
            self.pass(10);
        }
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now + secs(seconds);
        self.state.tick(self.now);
    }

    fn vantage(&mut self, up: bool) {
        self.state.set_vantage(up, self.now);
    }

    fn platform(&self) -> report::PlatformReport {
        self.state.report(self.now).platforms.remove(0)
    }

    fn component(&self, name: &str) -> report::ComponentReport {
        self.platform()
            .components
            .into_iter()
            .find(|c| c.name == name)
            .unwrap()
    }

    fn verdict(&self) -> &'static str {
        self.platform().verdict.label()
    }

    fn reasons(&self, component: &str) -> String {
        let reasons = self.component(component).reasons;
        reasons
            .iter()
            .map(|r| r.label())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

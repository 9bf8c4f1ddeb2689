//! Whether our own network is proven: the pure part. A round of controls succeeds or fails; verified TLS with platforms
//! of two different operators proves as much as a round.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::{Controls, Kind};
use crate::probe::failure::{Class, Reason};
use crate::probe::observation::Outcome;
use crate::time::Time;

/// Operators whose verified answer proves the network as a round of controls does. One alone could be a cache or an
/// interceptor close to us that is trusted for it.
const OPERATORS_THAT_PROVE: usize = 2;

/// What a round of controls found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    /// When it began: it speaks for runs that ended before.
    pub begun: Time,
    /// Our network is proven.
    pub proven: bool,
    /// A lookup of a control name succeeded, or none is configured.
    pub names: bool,
}

/// Whether the successes of a round are enough: the quorum, and among it a certificate verified by name where there is
/// one to verify, since captive portals and TLS inspection let plain connections and lookups pass.
pub fn succeeds(controls: &Controls, successes: &[bool]) -> bool {
    let count = successes.iter().filter(|success| **success).count();
    let tls = |kind: &Kind| matches!(kind, Kind::Tls(_));
    let verified = of_kind(controls, successes, tls);
    count >= controls.quorum && verified
}

/// Whether a lookup of a control name succeeded, where one is configured.
pub fn names_resolve(controls: &Controls, successes: &[bool]) -> bool {
    of_kind(controls, successes, |kind| matches!(kind, Kind::Dns(_)))
}

/// One of the targets of a kind succeeded, or there is none.
fn of_kind(controls: &Controls, successes: &[bool], wanted: impl Fn(&Kind) -> bool) -> bool {
    let mut of_kind = controls
        .targets
        .iter()
        .zip(successes)
        .filter(|(control, _)| wanted(&control.check.kind))
        .peekable();
    of_kind.peek().is_none() || of_kind.any(|(_, success)| *success)
}

/// What the platforms' own runs say of our network: when each operator's platforms last answered with a certificate
/// verified by name, and when a run last failed as it would on a broken network.
#[derive(Debug, Default)]
pub struct Proofs {
    last: BTreeMap<Arc<str>, Time>,
    doubt: Option<Time>,
}

impl Proofs {
    /// Takes in a verified answer.
    pub fn add(&mut self, operator: &Arc<str>, at: Time) {
        self.last.insert(operator.clone(), at);
    }

    /// Takes in a failure that a broken network of ours would look like.
    pub fn doubt(&mut self, at: Time) {
        self.doubt = self.doubt.max(Some(at));
    }

    /// Whether there was such a failure at or after `since`.
    pub fn doubted_since(&self, since: Time) -> bool {
        self.doubt.is_some_and(|at| at >= since)
    }

    /// Whether enough operators have answered at or after `since`.
    pub fn prove_since(&self, since: Time) -> bool {
        self.last.values().filter(|at| **at >= since).count() >= OPERATORS_THAT_PROVE
    }
}

/// Our own network is ruled out, or not: a failure that a broken network of ours would look like is local while the
/// controls fail. Applied before state and metrics see the result.
pub fn reclassify(outcome: &mut Outcome, round: Round) {
    if round.proven || !outcome.reason.could_be_ours() {
        return;
    }
    let lookup = outcome.reason.stage() == crate::probe::failure::Stage::Dns;
    let reason = if lookup && !round.names {
        Reason::LocalResolver
    } else {
        Reason::LocalOffline
    };
    outcome.detail = format!(
        "{} while our own controls fail too: {}",
        outcome.reason.label(),
        outcome.detail
    );
    outcome.reason = reason;
    outcome.class = Class::Local;
    outcome.needs_proof = false;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    const FOUR: &str = "controls: { targets: [{ tls: 'a.test:443' }, { tls: 'b.test:443' }, { tcp: 'c.test:443' }, { dns: { name: d.test } }]";

    fn controls(quorum: usize) -> Controls {
        let text = format!("{FOUR}, quorum: {quorum} }}");
        config::parse("test", &text, &[]).unwrap().controls
    }

    #[test]
    fn a_round_needs_its_quorum_and_a_verified_certificate() {
        // tls, tls, tcp, dns
        for (quorum, successes, expected) in [
            (3, [true, true, true, false], true),
            (3, [true, true, false, false], false),
            (2, [false, false, true, true], false), // a captive portal: plain connections and lookups pass
            (2, [true, false, false, true], true),
            (1, [false, false, false, false], false),
        ] {
            assert_eq!(
                succeeds(&controls(quorum), &successes),
                expected,
                "quorum {quorum} of {successes:?}"
            );
        }
    }

    #[test]
    fn two_operators_prove_what_one_does_not() {
        let (meta, x): (Arc<str>, Arc<str>) = ("Meta".into(), "X Corp".into());
        let at = Time::from_millis;
        let mut proofs = Proofs::default();
        proofs.add(&meta, at(1000));
        proofs.add(&meta, at(2000));
        assert!(!proofs.prove_since(at(0)), "one operator");
        proofs.add(&x, at(1500));
        assert!(proofs.prove_since(at(1500)), "two operators");
        assert!(
            !proofs.prove_since(at(1501)),
            "one of them before the window"
        );
    }

    #[test]
    fn doubt_lasts_from_the_latest_failure() {
        let at = Time::from_millis;
        let mut proofs = Proofs::default();
        assert!(!proofs.doubted_since(at(0)));
        proofs.doubt(at(2000));
        proofs.doubt(at(1000));
        assert!(proofs.doubted_since(at(2000)) && !proofs.doubted_since(at(2001)));
    }

    #[test]
    fn only_what_a_broken_network_looks_like_becomes_local() {
        let lost = |names| Round {
            begun: Time::default(),
            proven: false,
            names,
        };
        let proven = Round {
            begun: Time::default(),
            proven: true,
            names: true,
        };
        for (reason, round, expected) in [
            (Reason::TcpTimeout, proven, Reason::TcpTimeout),
            (Reason::TcpTimeout, lost(true), Reason::LocalOffline),
            (Reason::HttpReset, lost(true), Reason::LocalOffline),
            (Reason::TlsCertUntrusted, lost(true), Reason::LocalOffline),
            (Reason::DnsServfail, lost(false), Reason::LocalResolver),
            (Reason::DnsServfail, lost(true), Reason::LocalOffline),
            (Reason::HttpStatus5xx, lost(false), Reason::HttpStatus5xx),
            (
                Reason::ContentMarkerMissing,
                lost(false),
                Reason::ContentMarkerMissing,
            ),
        ] {
            let mut outcome = Outcome {
                class: reason.class(),
                reason,
                needs_proof: false,
                detail: String::new(),
            };
            reclassify(&mut outcome, round);
            assert_eq!(outcome.reason, expected, "{reason:?} in {round:?}");
            assert_eq!(outcome.class, expected.class());
        }
    }
}

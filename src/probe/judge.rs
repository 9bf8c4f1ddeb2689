//! What a failure means for a check: its class, and whether the expectation behind it must first be proven.
//! The one place where trust is applied, for every kind.

use super::dial::Failure;
use super::failure::{Class, Reason};
use super::observation::Outcome;
use crate::config::{Check, StatusMatch, Trust};

/// The outcome of a run that ended with `failure`.
///
/// A mismatch is degraded and unproven where trust is `once_proven`, and a failure where it is `always`. An untrusted
/// certificate, silence after an upgrade, and a 5xx where one is expected are failures that need proof.
pub(super) fn outcome(check: &Check, failure: Failure) -> Outcome {
    let Failure { reason, detail } = failure;
    let unproven = check.trust == Trust::OnceProven;
    let class = match (reason.is_mismatch(), unproven) {
        (true, true) => Class::Degraded,
        (true, false) => Class::Fail,
        (false, _) => reason.class(),
    };
    Outcome {
        class,
        reason,
        needs_proof: unproven && rests_on_an_expectation(check, reason),
        detail,
    }
}

fn rests_on_an_expectation(check: &Check, reason: Reason) -> bool {
    match reason {
        Reason::TlsCertUntrusted | Reason::WsTimeout => true,
        Reason::HttpStatus5xx => expects_5xx(check),
        _ => reason.is_mismatch(),
    }
}

fn expects_5xx(check: &Check) -> bool {
    let is_5xx = |status: &StatusMatch| match *status {
        StatusMatch::Exact(status) => status / 100 == 5,
        StatusMatch::Hundred(first) => first == 5,
    };
    check
        .rules
        .iter()
        .any(|rule| rule.verdict == Class::Ok && rule.status.iter().flatten().any(is_5xx))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Rule;
    use crate::probe::testing;

    fn judged(trust: Trust, reason: Reason, rules: Vec<Rule>) -> (Class, bool) {
        let check = Check {
            trust,
            rules,
            ..testing::tcp_check("127.0.0.1", 1)
        };
        let outcome = outcome(&check, Failure::new(reason, "x"));
        assert_eq!(outcome.reason, reason);
        (outcome.class, outcome.needs_proof)
    }

    #[test]
    fn trust_decides_what_a_mismatch_means() {
        for reason in [
            Reason::TlsAlpn,
            Reason::DnsNoAnswer,
            Reason::ContentAssertion,
            Reason::WsUpgrade,
        ] {
            assert_eq!(
                judged(Trust::OnceProven, reason, vec![]),
                (Class::Degraded, true),
                "{reason:?}"
            );
            assert_eq!(
                judged(Trust::Always, reason, vec![]),
                (Class::Fail, false),
                "{reason:?}"
            );
        }
    }

    #[test]
    fn some_failures_need_proof_and_most_do_not() {
        for reason in [Reason::TlsCertUntrusted, Reason::WsTimeout] {
            assert_eq!(
                judged(Trust::OnceProven, reason, vec![]),
                (Class::Fail, true),
                "{reason:?}"
            );
            assert_eq!(
                judged(Trust::Always, reason, vec![]),
                (Class::Fail, false),
                "{reason:?}"
            );
        }
        for reason in [
            Reason::TcpRefused,
            Reason::DnsServfail,
            Reason::TlsCertExpired,
            Reason::HttpStatus5xx,
        ] {
            assert_eq!(
                judged(Trust::OnceProven, reason, vec![]),
                (Class::Fail, false),
                "{reason:?}"
            );
        }
        assert_eq!(
            judged(Trust::OnceProven, Reason::LocalProxy, vec![]),
            (Class::Local, false)
        );
    }

    #[test]
    fn an_expected_5xx_needs_proof() {
        let rule = |verdict, status| Rule {
            status: Some(vec![status]),
            ..testing::rule(verdict)
        };
        for status in [StatusMatch::Exact(503), StatusMatch::Hundred(5)] {
            let expected = vec![rule(Class::Ok, status)];
            assert_eq!(
                judged(Trust::OnceProven, Reason::HttpStatus5xx, expected),
                (Class::Fail, true)
            );
        }
        for other in [
            rule(Class::Fail, StatusMatch::Exact(503)),
            rule(Class::Ok, StatusMatch::Exact(400)),
        ] {
            assert_eq!(
                judged(Trust::OnceProven, Reason::HttpStatus5xx, vec![other]),
                (Class::Fail, false)
            );
        }
    }
}

//! What an HTTP answer means: the check's own rules first to last, then the built-in ones. Pure: a table in, a table out.
//!
//! The built-in order is block signs, 5xx, 2xx, and then everything else as a mismatch: an answer that is neither a
//! failure of theirs nor what was expected.

mod conditions;
pub(super) mod signs;

use std::time::Duration;

use hyper::HeaderMap;
use url::Url;

use super::dial::Failure;
use super::escape::{DETAIL, escape};
use super::failure::{Class, Reason};
use super::judge;
use super::observation::Outcome;
use crate::config::{Check, Kind, Rule, Trust, WebsocketTarget, WsProtocol};
use conditions::{Facts, Part};

/// A complete answer, as far as it was read.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, decoded.
    pub body: Vec<u8>,
    /// The body goes on beyond what was read.
    pub cut: bool,
    /// Where redirects pointed, in order; the last may not have been followed.
    pub redirects: Vec<Url>,
    /// The run so far.
    pub elapsed: Duration,
}

/// Judges an answer.
pub fn classify(check: &Check, answer: &Answer) -> Outcome {
    let facts = Facts::of(answer);
    let mut missed = Missed::default();
    for (number, rule) in (1..).zip(&check.rules) {
        let misses = facts.misses(rule);
        if misses.is_empty() {
            return by_rule(check, &facts, Numbered { number, rule }, &missed);
        }
        if rule.verdict == Class::Ok {
            missed.note(Numbered { number, rule }, &misses);
        }
    }
    built_in(check, &facts, &missed)
}

/// Judges a run without an answer to look at (tcp, tls, dns) that was ok: its rules know only how long it took.
pub(super) fn by_duration(check: &Check, elapsed: Duration, ok: Outcome) -> Outcome {
    let answer = Answer {
        status: NO_STATUS,
        headers: HeaderMap::new(),
        body: Vec::new(),
        cut: false,
        redirects: Vec::new(),
        elapsed,
    };
    let facts = Facts::of(&answer);
    let mut rules = (1..).zip(&check.rules);
    match rules.find(|(_, rule)| facts.misses(rule).is_empty()) {
        Some((number, rule)) => {
            by_rule(check, &facts, Numbered { number, rule }, &Missed::default())
        }
        None => ok,
    }
}

/// Of a run that has no status.
const NO_STATUS: u16 = 0;

/// Whether a rule speaks of this redirect and matches it, so that it is the answer and not a step on the way to one.
pub(super) fn rule_wants_redirect(check: &Check, answer: &Answer) -> bool {
    let facts = Facts::of(answer);
    check
        .rules
        .iter()
        .any(|rule| speaks_of_redirects(rule) && facts.misses(rule).is_empty())
}

/// Whether a rule can match a redirect that would otherwise be followed.
pub(super) fn speaks_of_redirects(rule: &Rule) -> bool {
    let lists_3xx = |rule: &Rule| {
        rule.status.as_ref().is_some_and(|statuses| {
            (300..400).any(|status| statuses.iter().any(|s| s.matches(status)))
        })
    };
    rule.redirect_to.is_some() || lists_3xx(rule)
}

/// A rule and its place in the list, from 1.
#[derive(Clone, Copy)]
struct Numbered<'a> {
    number: usize,
    rule: &'a Rule,
}

/// What the ok rules before the deciding one expected and did not find.
#[derive(Default)]
struct Missed<'a> {
    /// The first ok rule that missed its body and nothing else.
    body_only: Option<Numbered<'a>>,
    /// The first that missed only what is in the answer (body, JSON, headers).
    content_only: Option<(Part, Numbered<'a>)>,
    /// The first that missed any of it.
    content: Option<(Part, Numbered<'a>)>,
}

impl<'a> Missed<'a> {
    fn note(&mut self, rule: Numbered<'a>, misses: &[Part]) {
        if misses == [Part::Body] {
            self.body_only.get_or_insert(rule);
        }
        let Some(&part) = misses.iter().find(|part| part.is_content()) else {
            return;
        };
        // A body says more than a JSON value, and that more than a header, whichever rule came first.
        let keep_first = |slot: &mut Option<(Part, Numbered<'a>)>| match slot {
            Some((before, _)) if *before <= part => {}
            _ => *slot = Some((part, rule)),
        };
        keep_first(&mut self.content);
        if misses.iter().all(|part| part.is_content()) {
            keep_first(&mut self.content_only);
        }
    }
}

fn by_rule(
    check: &Check,
    facts: &Facts<'_>,
    decided: Numbered<'_>,
    missed: &Missed<'_>,
) -> Outcome {
    let Numbered { number, rule } = decided;
    let decisive = facts.parts(rule).next();
    let expected = match rule.verdict {
        Class::Degraded | Class::Fail => expectation_behind(decisive, missed),
        Class::Ok | Class::Blocked | Class::Local => None,
    };
    let reason = rule
        .reason
        .unwrap_or_else(|| match (rule.verdict, expected) {
            (Class::Ok, _) => Reason::Ok,
            (Class::Local, _) => Reason::LocalCredentials,
            (Class::Blocked, _) if facts.answer.status == 429 => Reason::BlockedRateLimited,
            (Class::Blocked, _) => Reason::BlockedDenied,
            (_, Some((part, _))) => missing(part, facts),
            (_, None) => found(decisive, facts.answer.status),
        });
    let mut detail = format!("rule {number}: {}", facts.describe(rule));
    if let Some((part, ok)) = expected {
        detail.push_str(&format!(
            "; rule {} expected {}",
            ok.number,
            conditions::expectation(part, ok.rule)
        ));
    }
    Outcome {
        class: rule.verdict,
        reason: if rule.verdict == Class::Ok {
            Reason::Ok
        } else {
            reason
        },
        needs_proof: check.trust == Trust::OnceProven
            && misses_an_expectation(
                rule.verdict,
                decisive,
                expected.is_some(),
                facts.answer.status,
            ),
        detail: escape(detail.as_bytes(), DETAIL),
    }
}

/// The missed expectation that a degraded or fail rule stands on, if it does: that of an ok rule which missed only its
/// body, or, where the deciding rule itself looks at no content, any content that an ok rule missed.
fn expectation_behind<'a>(
    decisive: Option<Part>,
    missed: &Missed<'a>,
) -> Option<(Part, Numbered<'a>)> {
    let looks_at_content = decisive.is_some_and(Part::is_content);
    missed
        .body_only
        .map(|rule| (Part::Body, rule))
        .or(missed.content_only.filter(|_| !looks_at_content))
}

/// A bad verdict that rests on nothing but a status below 500, or on nothing at all, only says that nothing expected came.
/// One that found its own evidence in the answer is a positive sign of failure and counts from the first run.
fn misses_an_expectation(
    verdict: Class,
    decisive: Option<Part>,
    expected: bool,
    status: u16,
) -> bool {
    let bad = matches!(verdict, Class::Degraded | Class::Fail);
    let unexpected_status = matches!(decisive, None | Some(Part::Status)) && status < 500;
    let own_evidence = decisive.is_some_and(Part::is_content);
    bad && !own_evidence && (expected || unexpected_status)
}

/// The reason when a wanted part of the content is not there.
fn missing(part: Part, facts: &Facts<'_>) -> Reason {
    match part {
        Part::Body | Part::Json if facts.answer.cut => Reason::HttpBodyTooLarge,
        Part::Body => Reason::ContentMarkerMissing,
        Part::Json if facts.json().is_none() => Reason::ContentJsonInvalid,
        Part::Json => Reason::ContentJsonAssertion,
        _ => Reason::ContentAssertion,
    }
}

/// The reason when a rule found what it means failure by.
fn found(decisive: Option<Part>, status: u16) -> Reason {
    match decisive {
        Some(Part::Body) => Reason::ContentMarkerPresent,
        Some(Part::Json) => Reason::ContentJsonAssertion,
        Some(Part::Header | Part::Slow) => Reason::ContentAssertion,
        None if status == NO_STATUS => Reason::ContentAssertion,
        Some(Part::Redirect | Part::Status) | None => by_status(status),
    }
}

fn by_status(status: u16) -> Reason {
    match status / 100 {
        4 => Reason::HttpStatus4xx,
        5 => Reason::HttpStatus5xx,
        _ => Reason::HttpStatusOther,
    }
}

fn built_in(check: &Check, facts: &Facts<'_>, missed: &Missed<'_>) -> Outcome {
    let status = facts.answer.status;
    if check.block_signs
        && let Some((reason, sign)) = signs::find(check, facts.answer)
    {
        return Outcome {
            class: Class::Blocked,
            reason,
            needs_proof: false,
            detail: detail(&sign),
        };
    }
    let websocket = matches!(check.kind, Kind::Websocket(_));
    match status {
        500..=599 => judged(check, Reason::HttpStatus5xx, &status.to_string()),
        101 if websocket => Outcome::ok(format!("built-in: 101{}", said(&check.kind))),
        _ if websocket => judged(
            check,
            Reason::WsUpgrade,
            &format!("{status} instead of 101"),
        ),
        200..=299 => success(check, facts, missed),
        _ => judged(check, by_status(status), &unexpected(check, status)),
    }
}

/// What came after the upgrade; a run whose messages did not come is not asked about here.
const fn said(kind: &Kind) -> &'static str {
    match kind {
        Kind::Websocket(WebsocketTarget {
            protocol: WsProtocol::WhatsappNoise { .. },
            ..
        }) => ", and a server's hello whose key could be decrypted",
        Kind::Websocket(WebsocketTarget {
            protocol: WsProtocol::Plain {
                expect: Some(_), ..
            },
            ..
        }) => ", and the expected message",
        _ => "",
    }
}

fn success(check: &Check, facts: &Facts<'_>, missed: &Missed<'_>) -> Outcome {
    let status = facts.answer.status;
    let Some((part, ok)) = missed.content else {
        return Outcome::ok(format!("built-in: 2xx ({status})"));
    };
    let read = facts.answer.body.len();
    let came = format!(
        "{status} without what rule {} expected: {}",
        ok.number,
        conditions::expectation(part, ok.rule)
    );
    match missing(part, facts) {
        Reason::HttpBodyTooLarge => Outcome {
            class: Class::Fail,
            reason: Reason::HttpBodyTooLarge,
            needs_proof: check.trust == Trust::OnceProven,
            detail: detail(&format!("{came}, in the first {read} bytes")),
        },
        reason => judged(check, reason, &format!("{came} ({read} bytes read)")),
    }
}

/// What the ok rules would have taken instead, in short.
fn unexpected(check: &Check, status: u16) -> String {
    let wanted: Vec<String> = (1..)
        .zip(&check.rules)
        .filter(|(_, rule)| rule.verdict == Class::Ok)
        .map(|(number, rule)| format!("rule {number}: {}", conditions::expectations(rule)))
        .collect();
    let wanted = if wanted.is_empty() {
        "2xx".to_owned()
    } else {
        wanted.join(" or ")
    };
    format!("{status} is not expected; ok is {wanted}")
}

/// What the check's trust makes of it.
fn judged(check: &Check, reason: Reason, what: &str) -> Outcome {
    judge::outcome(check, Failure::new(reason, detail(what)))
}

fn detail(what: &str) -> String {
    escape(format!("built-in: {what}").as_bytes(), DETAIL)
}

#[cfg(test)]
mod tests;

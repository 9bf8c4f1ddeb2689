//! The conditions of a rule: which of them an answer meets, and how they are said to people.

use std::cell::OnceCell;

use serde_json::{Number, Value};

use super::Answer;
use crate::config::{BodyMatch, Rule, StatusMatch};

/// A part of a rule, the more telling first: the first that a rule has is what decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Body,
    Json,
    Header,
    Redirect,
    Slow,
    Status,
}

impl Part {
    const ALL: [Self; 6] = [
        Self::Body,
        Self::Json,
        Self::Header,
        Self::Redirect,
        Self::Slow,
        Self::Status,
    ];

    /// Part of what was said, not of how.
    pub(super) const fn is_content(self) -> bool {
        matches!(self, Self::Body | Self::Json | Self::Header)
    }

    fn is_in(self, rule: &Rule) -> bool {
        match self {
            Self::Body => rule.body.is_some(),
            Self::Json => !rule.json.is_empty(),
            Self::Header => !rule.headers.is_empty(),
            Self::Redirect => rule.redirect_to.is_some(),
            Self::Slow => rule.slower_than.is_some(),
            Self::Status => rule.status.is_some(),
        }
    }
}

/// An answer, with its JSON parsed at most once and only when a rule asks.
pub(super) struct Facts<'a> {
    pub(super) answer: &'a Answer,
    json: OnceCell<Option<Value>>,
}

impl<'a> Facts<'a> {
    pub(super) const fn of(answer: &'a Answer) -> Self {
        Self {
            answer,
            json: OnceCell::new(),
        }
    }

    /// None where the body is not JSON, or nested deeper than serde_json's limit of 128.
    pub(super) fn json(&self) -> Option<&Value> {
        self.json
            .get_or_init(|| serde_json::from_slice(&self.answer.body).ok())
            .as_ref()
    }

    /// The conditions that a rule has.
    pub(super) fn parts(&self, rule: &Rule) -> impl Iterator<Item = Part> {
        Part::ALL.into_iter().filter(|part| part.is_in(rule))
    }

    /// The conditions of a rule that the answer does not meet.
    pub(super) fn misses(&self, rule: &Rule) -> Vec<Part> {
        self.parts(rule)
            .filter(|part| !self.holds(*part, rule))
            .collect()
    }

    fn holds(&self, part: Part, rule: &Rule) -> bool {
        let answer = self.answer;
        match part {
            Part::Body => rule
                .body
                .as_ref()
                .is_none_or(|wanted| body_matches(wanted, &answer.body)),
            Part::Json => rule.json.iter().all(|(pointer, values)| {
                self.json()
                    .and_then(|json| json.pointer(pointer))
                    .is_some_and(|got| values.iter().any(|v| same(v, got)))
            }),
            Part::Header => rule.headers.iter().all(|(name, wanted)| {
                answer
                    .headers
                    .get_all(name)
                    .iter()
                    .any(|got| wanted.is_match(&String::from_utf8_lossy(got.as_bytes())))
            }),
            Part::Redirect => rule.redirect_to.as_ref().is_none_or(|wanted| {
                answer
                    .redirects
                    .iter()
                    .any(|to| wanted.is_match(to.as_str()))
            }),
            Part::Slow => rule.slower_than.is_none_or(|limit| answer.elapsed > limit),
            Part::Status => rule
                .status
                .as_ref()
                .is_none_or(|any| any.iter().any(|wanted| wanted.matches(answer.status))),
        }
    }

    /// What the answer has that a matching rule asks for.
    pub(super) fn describe(&self, rule: &Rule) -> String {
        let said: Vec<String> = self.parts(rule).map(|part| self.say(part, rule)).collect();
        if said.is_empty() {
            "any answer".to_owned()
        } else {
            said.join(" and ")
        }
    }

    fn say(&self, part: Part, rule: &Rule) -> String {
        let answer = self.answer;
        match part {
            Part::Status => format!("status is {}", answer.status),
            Part::Slow => format!("took {} ms", answer.elapsed.as_millis()),
            Part::Redirect => {
                let wanted = |to: &&url::Url| {
                    rule.redirect_to
                        .as_ref()
                        .is_some_and(|regex| regex.is_match(to.as_str()))
                };
                format!(
                    "redirect to {}",
                    answer
                        .redirects
                        .iter()
                        .find(wanted)
                        .map_or("", |to| to.as_str())
                )
            }
            Part::Json => {
                let got = |pointer: &str| {
                    self.json()
                        .and_then(|json| json.pointer(pointer))
                        .map(Value::to_string)
                };
                let each = rule.json.iter().map(|(pointer, _)| {
                    format!("json {pointer} is {}", got(pointer).unwrap_or_default())
                });
                each.collect::<Vec<_>>().join(" and ")
            }
            Part::Body | Part::Header => expectation(part, rule),
        }
    }
}

/// What a rule asks for, in words.
pub(super) fn expectations(rule: &Rule) -> String {
    let said: Vec<String> = Part::ALL
        .into_iter()
        .filter(|part| part.is_in(rule))
        .map(|part| expectation(part, rule))
        .collect();
    if said.is_empty() {
        "any answer".to_owned()
    } else {
        said.join(" and ")
    }
}

/// What one condition of a rule asks for, in words.
pub(super) fn expectation(part: Part, rule: &Rule) -> String {
    match part {
        Part::Body => match &rule.body {
            Some(BodyMatch::Contains(text)) => format!("body contains {text:?}"),
            Some(BodyMatch::Matches(regex)) => format!("body matches /{regex}/"),
            None => String::new(),
        },
        Part::Json => join(&rule.json, " and ", |(pointer, values)| {
            format!(
                "json {pointer} is {}",
                join(values, " or ", Value::to_string)
            )
        }),
        Part::Header => join(&rule.headers, " and ", |(name, regex)| {
            format!("header {name} matches /{regex}/")
        }),
        Part::Redirect => rule
            .redirect_to
            .as_ref()
            .map(|regex| format!("redirect to /{regex}/"))
            .unwrap_or_default(),
        Part::Slow => rule
            .slower_than
            .map(|limit| format!("slower than {} ms", limit.as_millis()))
            .unwrap_or_default(),
        Part::Status => {
            let statuses = rule.status.as_deref().unwrap_or_default();
            format!(
                "status {}",
                join(statuses, " or ", |status| match status {
                    StatusMatch::Exact(exact) => exact.to_string(),
                    StatusMatch::Hundred(first) => format!("{first}xx"),
                })
            )
        }
    }
}

fn join<T>(items: &[T], by: &str, say: impl Fn(&T) -> String) -> String {
    items.iter().map(say).collect::<Vec<_>>().join(by)
}

fn body_matches(wanted: &BodyMatch, body: &[u8]) -> bool {
    match wanted {
        BodyMatch::Contains(text) if text.is_empty() => true,
        BodyMatch::Contains(text) => memchr::memmem::find(body, text.as_bytes()).is_some(),
        BodyMatch::Matches(regex) => regex.is_match(body),
    }
}

/// Equal by meaning: 190 is 190.0, and the order of keys does not matter.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => same_number(a, b),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// Integers exactly (a float would take neighbours above 2^53 for equal), anything else as floats.
fn same_number(a: &Number, b: &Number) -> bool {
    match (a.as_i128(), b.as_i128()) {
        (Some(a), Some(b)) => a == b,
        _ => a.as_f64() == b.as_f64(),
    }
}

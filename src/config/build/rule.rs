//! Rules: what an answer means.

use super::super::at::At;
use super::super::raw;
use super::super::settings::{BodyMatch, Rule};
use super::super::tree::Content;
use super::super::values::Items;
use super::Builder;
use crate::probe::failure::{Class, Reason, Stage};

/// Conditions that read an HTTP answer.
const HTTP_CONDITIONS: [&str; 5] = ["status", "header", "body", "json", "redirect_to"];

impl Builder<'_> {
    pub(super) fn rules(
        &mut self,
        raw: Items<raw::Rule>,
        check: &At<'_>,
        kind: Option<&str>,
    ) -> Vec<Rule> {
        let Some(at) = check.key("rules") else {
            return Vec::new();
        };
        let mut rules = Vec::new();
        let mut end = None;
        for (i, (raw, item)) in raw.0.into_iter().zip(at.items()).enumerate() {
            if let Some(end) = end {
                self.errors.value(
                    &item,
                    format!("never reached: rules[{end}] has no condition"),
                );
            }
            self.conditions(&item, kind);
            if end.is_none() && raw.is_some() && is_catch_all(&item) {
                end = Some(i);
            }
            rules.extend(raw.map(|raw| self.rule(raw, &item)));
        }
        rules
    }

    /// Only an HTTP answer has a status, headers and a body.
    fn conditions(&mut self, at: &At<'_>, kind: Option<&str>) {
        let Some(kind @ ("tcp" | "tls" | "dns")) = kind else {
            return;
        };
        for key in HTTP_CONDITIONS.iter().filter_map(|key| at.key(key)) {
            self.errors.key(
                &key,
                format!("a {kind} check has no such answer; its rules know only slower_than"),
            );
        }
    }

    fn rule(&mut self, raw: raw::Rule, at: &At<'_>) -> Rule {
        if let Some(message) = raw.reason.and_then(|reason| misfit(reason, raw.verdict)) {
            self.errors.value(&at.near("reason"), message);
        }
        self.alternatives(at);
        Rule {
            status: raw
                .status
                .map(|list| list.0.right().map(|status| status.0).collect()),
            headers: raw
                .header
                .unwrap_or_default()
                .0
                .into_iter()
                .map(|(name, pattern)| (name.0, pattern.0))
                .collect(),
            body: raw.body.and_then(|body| self.body(body, &at.near("body"))),
            json: raw
                .json
                .unwrap_or_default()
                .0
                .into_iter()
                .map(|(pointer, values)| (pointer.0, values))
                .collect(),
            redirect_to: raw.redirect_to.map(|pattern| pattern.0),
            slower_than: raw.slower_than.map(|duration| duration.0),
            verdict: raw.verdict,
            reason: raw.reason,
        }
    }

    fn body(&mut self, raw: raw::Body, at: &At<'_>) -> Option<BodyMatch> {
        self.one_of(at, &["contains", "regex"])?;
        match (raw.contains, raw.regex) {
            (Some(text), _) if text.is_empty() => {
                self.errors
                    .value(&at.near("contains"), "every body contains the empty text");
                None
            }
            (Some(text), _) => Some(BodyMatch::Contains(text)),
            (None, regex) => regex.map(|pattern| BodyMatch::Matches(pattern.0)),
        }
    }
}

impl Builder<'_> {
    /// Lists of alternatives: an empty one matches nothing.
    fn alternatives(&mut self, at: &At<'_>) {
        if let Some(list) = at.key("status") {
            self.not_empty(&list);
        }
        let json = at.near("json");
        for entry in json.node.entries().iter().filter(|_| at.has("json")) {
            self.not_empty(&json.entry(entry));
        }
    }

    fn not_empty(&mut self, at: &At<'_>) {
        if matches!(&at.node.content, Content::List(items) if items.is_empty()) {
            self.errors.value(at, "an empty list matches nothing");
        }
    }
}

/// Why a reason cannot go with a verdict.
fn misfit(reason: Reason, verdict: Class) -> Option<&'static str> {
    match (verdict, reason.stage()) {
        (Class::Ok, Stage::Ok) => None,
        (Class::Ok, _) => Some("a rule with verdict ok has no reason but ok"),
        (Class::Blocked, Stage::Blocked) | (Class::Local, Stage::Local) => None,
        (Class::Blocked, _) => Some("the reason of a blocked result begins with blocked_"),
        (Class::Local, _) => Some("the reason of a local result begins with local_"),
        (Class::Fail | Class::Degraded, Stage::Http | Stage::Ws | Stage::Content) => None,
        (Class::Fail | Class::Degraded, _) => {
            Some("a rule reads an answer: its reason begins with http_, ws_ or content_")
        }
    }
}

/// Whether a rule matches everything that it is asked about.
fn is_catch_all(at: &At<'_>) -> bool {
    let conditions = HTTP_CONDITIONS.iter().chain(&["slower_than"]);
    !conditions.into_iter().any(|key| at.has(key))
}

//! A check's rules, numbers and durations in words.

use std::time::Duration;

use serde_json::Value;

use crate::config::{BodyMatch, Rule, StatusMatch};

/// What decides where no rule of a check does.
pub(in crate::cli) const BUILT_IN: &str = "come the built-in ones: 429, 401, 403, 451, challenges, login and consent walls → blocked
(where block signs are on); 5xx → fail; 2xx → ok, unless it missed the body that an ok rule asks for; the rest → mismatch";

/// What a rule asks for, joined by *and*, and what it then means.
pub(in crate::cli) fn rule(rule: &Rule) -> String {
    let mut conditions: Vec<String> = rule
        .status
        .iter()
        .map(|list| format!("status {}", statuses(list)))
        .collect();
    conditions.extend(
        rule.headers
            .iter()
            .map(|(name, value)| format!("header {name} matches {value}")),
    );
    conditions.extend(rule.body.iter().map(body));
    conditions.extend(
        rule.json
            .iter()
            .map(|(pointer, list)| format!("JSON {pointer} is {}", values(list))),
    );
    conditions.extend(
        rule.redirect_to
            .iter()
            .map(|to| format!("redirected to {to}")),
    );
    conditions.extend(
        rule.slower_than
            .iter()
            .map(|limit| format!("slower than {}", duration(*limit))),
    );
    let when = if conditions.is_empty() {
        "anything else".to_owned()
    } else {
        conditions.join(" and ")
    };
    let reason = rule
        .reason
        .map_or_else(String::new, |reason| format!(", {}", reason.label()));
    format!("{when} → {}{reason}", rule.verdict.label())
}

fn statuses(list: &[StatusMatch]) -> String {
    let words: Vec<String> = list
        .iter()
        .map(|status| match status {
            StatusMatch::Exact(status) => status.to_string(),
            StatusMatch::Hundred(first) => format!("{first}xx"),
        })
        .collect();
    either(&words)
}

fn body(body: &BodyMatch) -> String {
    match body {
        BodyMatch::Contains(text) => format!("the body contains {text:?}"),
        BodyMatch::Matches(regex) if regex.as_str() == r"\S" => "the body is not blank".to_owned(),
        BodyMatch::Matches(regex) => format!("the body matches {regex}"),
    }
}

/// Runs of whole numbers are drawn together, since Graph's permission errors alone are a hundred.
fn values(list: &[Value]) -> String {
    let mut words = Vec::new();
    let mut rest = list;
    while let Some((first, _)) = rest.split_first() {
        let length = run_length(rest);
        let (run, others) = rest.split_at(length);
        match run.last() {
            Some(last) if length > 2 => words.push(format!("{first} to {last}")),
            _ => words.extend(run.iter().map(plain)),
        }
        rest = others;
    }
    either(&words)
}

/// How many values at the start are whole numbers that each follow the one before; at least one.
fn run_length(list: &[Value]) -> usize {
    let follows = |pair: &[Value]| match pair {
        [one, next] => one
            .as_i64()
            .is_some_and(|one| next.as_i64() == one.checked_add(1)),
        _ => false,
    };
    1 + list.windows(2).take_while(|pair| follows(pair)).count()
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn either(words: &[String]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// Such as `1m30s`.
pub(in crate::cli) fn duration(value: Duration) -> String {
    humantime::format_duration(value)
        .to_string()
        .replace(' ', "")
}

/// Whole numbers without a point, others with one digit.
pub(in crate::cli) fn number(value: f64) -> String {
    if (value - value.round()).abs() < 0.05 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::probe::failure::{Class, Reason};

    fn any() -> Rule {
        Rule {
            status: None,
            headers: Vec::new(),
            body: None,
            json: Vec::new(),
            redirect_to: None,
            slower_than: None,
            verdict: Class::Ok,
            reason: None,
        }
    }

    #[test]
    fn runs_of_numbers_are_drawn_together() {
        let table = [
            (json!([1, 2]), "1 or 2"),
            (json!([190]), "190"),
            (json!([10, 200, 201, 202, 803]), "10, 200 to 202 or 803"),
            (json!([3, 1, 2, 4]), "3, 1, 2 or 4"),
            (json!(["fail", true]), "fail or true"),
            (
                json!([i64::MAX, i64::MIN]),
                "9223372036854775807 or -9223372036854775808",
            ),
        ];
        for (list, words) in table {
            assert_eq!(values(list.as_array().unwrap()), words);
        }
    }

    #[test]
    fn every_condition_of_a_rule_is_named() {
        let all = Rule {
            status: Some(vec![StatusMatch::Exact(301), StatusMatch::Hundred(5)]),
            headers: vec![(
                hyper::header::LOCATION,
                regex::Regex::new("^https").unwrap(),
            )],
            body: Some(BodyMatch::Contains("sorry".to_owned())),
            json: vec![("/error/code".to_owned(), vec![json!(1)])],
            redirect_to: Some(regex::Regex::new("/login").unwrap()),
            slower_than: Some(Duration::from_secs(90)),
            verdict: Class::Blocked,
            reason: Some(Reason::BlockedLogin),
        };
        assert_eq!(
            rule(&all),
            "status 301 or 5xx and header location matches ^https and the body contains \"sorry\" and JSON /error/code is 1 \
             and redirected to /login and slower than 1m30s → blocked, blocked_login"
        );
        assert_eq!(rule(&any()), "anything else → ok");
        let shown = Rule {
            body: Some(BodyMatch::Matches(regex::bytes::Regex::new(r"\S").unwrap())),
            ..any()
        };
        assert_eq!(rule(&shown), "the body is not blank → ok");
    }

    #[test]
    fn rates_have_a_digit_after_the_point_only_when_it_says_something() {
        assert_eq!(
            (number(120.0), number(0.5), number(119.98)),
            ("120".into(), "0.5".into(), "120".into())
        );
    }
}

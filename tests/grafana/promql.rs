//! Reads as much PromQL as it takes to judge a query without Prometheus: its selectors, their ranges, the calls around
//! them, and the labels that are left. Whether the whole is valid is asked of Prometheus itself.

/// A selector in a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub series: String,
    /// Label, operator, value.
    pub matchers: Vec<(String, String, String)>,
    /// Between brackets, such as `$__rate_interval` or `365d:1d`.
    pub range: Option<String>,
    /// The call that the selector is an argument of.
    pub call: Option<String>,
}

/// What a query is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    pub selectors: Vec<Found>,
    /// Every label in a `by`, or added by a `group_left`.
    pub kept: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Range(String),
    Mark(char),
}

const LISTS: [&str; 6] = [
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];
const WORDS: [&str; 8] = [
    "and", "or", "unless", "bool", "offset", "inf", "nan", "atan2",
];

/// The parts of a query, or what is wrong with it.
pub fn parts(query: &str) -> Result<Parts, String> {
    let tokens = tokens(query)?;
    let mut parts = Parts::default();
    let mut calls: Vec<Option<String>> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let next = tokens.get(at + 1);
        at += 1;
        match token {
            Token::Word(word) if LISTS.contains(&word.as_str()) => {
                let labels;
                (labels, at) = list(&tokens, at);
                if word == "by" || word.starts_with("group_") {
                    parts.kept.extend(labels);
                }
            }
            Token::Word(word) if next == Some(&Token::Mark('(')) => {
                calls.push(Some(word.clone()));
                at += 1;
            }
            // An aggregation whose labels come first: `sum by (a) (…)`.
            Token::Word(word) if matches!(next, Some(Token::Word(list)) if LISTS[..2].contains(&list.as_str())) =>
            {
                let (labels, after) = list(&tokens, at + 1);
                if next == Some(&Token::Word("by".into())) {
                    parts.kept.extend(labels);
                }
                calls.push(Some(word.clone()));
                at = after + 1;
            }
            Token::Word(word) if is_series(word) => {
                let mut found = Found {
                    series: word.clone(),
                    call: calls.last().cloned().flatten(),
                    ..Found::default()
                };
                if next == Some(&Token::Mark('{')) {
                    (found.matchers, at) = matchers(&tokens, at + 1)?;
                }
                if let Some(Token::Range(range)) = tokens.get(at) {
                    found.range = Some(range.clone());
                    at += 1;
                }
                parts.selectors.push(found);
            }
            Token::Mark('(') => calls.push(None),
            Token::Mark(')') => {
                calls.pop().ok_or("a bracket closes that never opened")?;
            }
            _ => {}
        }
    }
    if calls.is_empty() {
        Ok(parts)
    } else {
        Err("a bracket is not closed".into())
    }
}

/// The words between the brackets at `at`, if there are any, and the place after them.
fn list(tokens: &[Token], at: usize) -> (Vec<String>, usize) {
    if tokens.get(at) != Some(&Token::Mark('(')) {
        return (Vec::new(), at);
    }
    let inside = tokens[at + 1..]
        .iter()
        .take_while(|token| **token != Token::Mark(')'));
    let length = inside.clone().count();
    let words = inside.filter_map(|token| match token {
        Token::Word(word) => Some(word.clone()),
        _ => None,
    });
    (words.collect(), at + length + 2)
}

type Matchers = Vec<(String, String, String)>;

/// The matchers from after `{` on, and the place after `}`.
fn matchers(tokens: &[Token], mut at: usize) -> Result<(Matchers, usize), String> {
    let mut found = Vec::new();
    loop {
        match tokens.get(at..) {
            Some([Token::Mark('}'), ..]) => return Ok((found, at + 1)),
            Some([Token::Mark(','), ..]) => at += 1,
            Some([Token::Word(label), rest @ ..]) => {
                let operator: String = rest
                    .iter()
                    .map_while(|token| match token {
                        Token::Mark(mark) => Some(*mark),
                        _ => None,
                    })
                    .collect();
                let value = rest.get(operator.len());
                let Some(Token::Text(value)) = value else {
                    return Err(format!("{label} is matched with nothing"));
                };
                at += operator.len() + 2;
                found.push((label.clone(), operator, value.clone()));
            }
            _ => return Err("a selector is not closed".into()),
        }
    }
}

fn is_series(word: &str) -> bool {
    let name = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == ':');
    name && !WORDS.contains(&word.to_lowercase().as_str())
}

fn tokens(query: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => {
                let end = rest[1..].find('"').ok_or("a text is not closed")?;
                tokens.push(Token::Text(rest[1..=end].to_owned()));
                end + 2
            }
            '[' => {
                let end = rest.find(']').ok_or("a range is not closed")?;
                tokens.push(Token::Range(rest[1..end].to_owned()));
                end + 1
            }
            c if is_word(c) => {
                let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                tokens.push(Token::Word(rest[..end].to_owned()));
                end
            }
            c => {
                if !c.is_whitespace() {
                    tokens.push(Token::Mark(c));
                }
                c.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '$' | '.')
}

#[test]
fn what_a_query_is_made_of_is_seen() {
    let query = r#"sum by (a, b) (rate(x_total{job=~"$job", s!="y"}[$__rate_interval])) * on (c) group_left (d) 2 * :e or max(f) by (g) > bool h[5m:1m] offset 1w"#;
    let found = parts(query).unwrap();
    let series: Vec<_> = found.selectors.iter().map(|s| s.series.as_str()).collect();
    assert_eq!(series, ["x_total", ":e", "f", "h"]);
    assert_eq!(found.kept, ["a", "b", "d", "g"]);
    let first = &found.selectors[0];
    assert_eq!(first.call.as_deref(), Some("rate"));
    assert_eq!(first.range.as_deref(), Some("$__rate_interval"));
    let text = |s: &str| s.to_owned();
    assert_eq!(first.matchers[0], (text("job"), text("=~"), text("$job")));
    assert_eq!(first.matchers[1], (text("s"), text("!="), text("y")));
    assert_eq!(found.selectors[2].call.as_deref(), Some("max"));
    assert_eq!(found.selectors[3].range.as_deref(), Some("5m:1m"));
    for broken in ["rate(x", "x)", r#"x{a="b""#, "x{a=}", "x[5m", r#"x{a="b}"#] {
        assert!(parts(broken).is_err(), "{broken}");
    }
}

//! Tables: rules and an answer in, class and reason out.

use std::time::Duration;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use url::Url;

use super::{Answer, classify, rule_wants_redirect};
use crate::config::*;
use crate::probe::failure::Class::{self, Blocked, Degraded, Fail, Local};
use crate::probe::failure::Reason;

fn check(block_signs: bool, trust: Trust, rules: Vec<Rule>) -> Check {
    let kind = Kind::Http(HttpTarget {
        url: "https://www.example.com/me".parse().unwrap(),
        method: hyper::Method::GET,
        headers: HeaderMap::new(),
        body: None,
        max_redirects: 3,
        version: None,
        body_limit: 1 << 20,
        tls: TlsOptions::default(),
    });
    Check {
        rules,
        trust,
        block_signs,
        ..Check::new(["a", "a", "a"], kind)
    }
}

/// The catalogue's way: block signs, proof wanted.
fn catalogue(rules: Vec<Rule>) -> Check {
    check(true, Trust::OnceProven, rules)
}

/// The user's way.
fn own(rules: Vec<Rule>) -> Check {
    check(false, Trust::Always, rules)
}

fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status,
        headers: HeaderMap::new(),
        body: body.as_bytes().to_vec(),
        cut: false,
        redirects: Vec::new(),
        elapsed: Duration::from_millis(80),
    }
}

fn with_header(mut answer: Answer, name: &'static str, value: &'static str) -> Answer {
    answer.headers.append(name, HeaderValue::from_static(value));
    answer
}

fn redirecting(to: &str) -> Answer {
    Answer {
        redirects: vec![to.parse::<Url>().unwrap()],
        ..answer(302, "")
    }
}

fn rule(verdict: Class) -> Rule {
    Rule {
        status: None,
        headers: Vec::new(),
        body: None,
        json: Vec::new(),
        redirect_to: None,
        slower_than: None,
        verdict,
        reason: None,
    }
}

trait Conditions: Sized {
    fn status(self, status: &[u16]) -> Self;
    fn contains(self, text: &str) -> Self;
    fn json(self, pointer: &str, values: &[serde_json::Value]) -> Self;
    fn header(self, name: &'static str, regex: &str) -> Self;
    fn redirect(self, regex: &str) -> Self;
    fn slower(self, millis: u64) -> Self;
    fn because(self, reason: Reason) -> Self;
}

impl Conditions for Rule {
    fn status(self, status: &[u16]) -> Self {
        let wanted = |s: &u16| {
            if *s < 10 {
                StatusMatch::Hundred(*s)
            } else {
                StatusMatch::Exact(*s)
            }
        };
        Self {
            status: Some(status.iter().map(wanted).collect()),
            ..self
        }
    }
    fn contains(self, text: &str) -> Self {
        Self {
            body: Some(BodyMatch::Contains(text.into())),
            ..self
        }
    }
    fn json(mut self, pointer: &str, values: &[serde_json::Value]) -> Self {
        self.json.push((pointer.into(), values.to_vec()));
        self
    }
    fn header(mut self, name: &'static str, regex: &str) -> Self {
        self.headers
            .push((HeaderName::from_static(name), regex.parse().unwrap()));
        self
    }
    fn redirect(self, regex: &str) -> Self {
        Self {
            redirect_to: Some(regex.parse().unwrap()),
            ..self
        }
    }
    fn slower(self, millis: u64) -> Self {
        Self {
            slower_than: Some(Duration::from_millis(millis)),
            ..self
        }
    }
    fn because(self, reason: Reason) -> Self {
        Self {
            reason: Some(reason),
            ..self
        }
    }
}

type Row = (&'static str, Answer, Class, Reason, bool);

#[track_caller]
fn holds(check: &Check, rows: Vec<Row>) {
    for (name, answer, class, reason, needs_proof) in rows {
        let got = classify(check, &answer);
        assert_eq!(
            (got.class, got.reason, got.needs_proof),
            (class, reason, needs_proof),
            "{name}: {}",
            got.detail
        );
        assert!(
            !got.detail.is_empty() && got.detail.len() <= 200,
            "{name}: {}",
            got.detail
        );
    }
}

fn graph_rules() -> Vec<Rule> {
    vec![
        rule(Fail).json("/error/code", &[json!(1), json!(2)]),
        rule(Blocked).json("/error/code", &[json!(4), json!(17)]),
        rule(Class::Ok).json("/error/code", &[json!(190), json!(104)]),
    ]
}

#[test]
fn graph_answers_are_read_before_their_status() {
    let code = |status, code: &str| answer(status, &format!(r#"{{"error":{{"code":{code}}}}}"#));
    #[rustfmt::skip] // a table
    holds(
        &catalogue(graph_rules()),
        vec![
            ("the outage of 5 March 2024", code(400, "2"), Fail, Reason::ContentJsonAssertion, false),
            ("the expected refusal", code(400, "190"), Class::Ok, Reason::Ok, false),
            ("the same as a float", code(401, "190.0"), Class::Ok, Reason::Ok, false),
            ("not the same as text", code(400, "\"190\""), Degraded, Reason::HttpStatus4xx, true),
            ("throttled", code(400, "17"), Blocked, Reason::BlockedDenied, false),
            ("throttled, and says so", code(429, "4"), Blocked, Reason::BlockedRateLimited, false),
            ("a new code", code(400, "803"), Degraded, Reason::HttpStatus4xx, true),
            ("a new code with 200", code(200, "803"), Degraded, Reason::ContentJsonAssertion, true),
            ("a page instead of JSON", answer(200, "<html>"), Degraded, Reason::ContentJsonInvalid, true),
            ("a failing front", answer(503, "<html>"), Fail, Reason::HttpStatus5xx, false),
            ("rate limited", answer(429, ""), Blocked, Reason::BlockedRateLimited, false),
        ],
    );
}

#[test]
fn the_first_matching_rule_decides_and_says_so() {
    let found = classify(
        &catalogue(graph_rules()),
        &answer(400, r#"{"error":{"code":190}}"#),
    );
    assert_eq!(found.detail, "rule 3: json /error/code is 190");
    let missed = classify(&own(vec![rule(Class::Ok).status(&[401])]), &answer(404, ""));
    assert_eq!(
        missed.detail,
        "built-in: 404 is not expected; ok is rule 1: status 401"
    );
    let plain = classify(&own(vec![]), &answer(204, ""));
    assert_eq!(plain.detail, "built-in: 2xx (204)");
    let rules = vec![
        rule(Class::Ok).status(&[200]).contains("home"),
        rule(Degraded),
    ];
    let behind = classify(&catalogue(rules), &answer(200, "maintenance"));
    assert_eq!(
        behind.detail,
        "rule 2: any answer; rule 1 expected body contains \"home\""
    );
}

#[test]
fn a_rule_comes_before_the_block_sign() {
    let x = catalogue(vec![rule(Fail).json("/errors/0/code", &[json!(467)])]);
    #[rustfmt::skip] // a table
    holds(
        &x,
        vec![
            ("6 March 2023", answer(403, r#"{"errors":[{"code":467}]}"#), Fail, Reason::ContentJsonAssertion, false),
            ("plain 403", answer(403, ""), Blocked, Reason::BlockedDenied, false),
        ],
    );
}

#[test]
fn a_5xx_that_is_healthy_here_must_be_proven() {
    let threads = vec![
        rule(Class::Ok)
            .status(&[500])
            .json("/error/code", &[json!(10)]),
    ];
    let ten = r#"{"error":{"code":10}}"#;
    holds(
        &catalogue(threads.clone()),
        vec![
            ("healthy", answer(500, ten), Class::Ok, Reason::Ok, false),
            (
                "not healthy",
                answer(500, "{}"),
                Fail,
                Reason::HttpStatus5xx,
                true,
            ),
            (
                "another",
                answer(502, ""),
                Fail,
                Reason::HttpStatus5xx,
                true,
            ),
        ],
    );
    holds(
        &own(threads),
        vec![(
            "own check",
            answer(500, "{}"),
            Fail,
            Reason::HttpStatus5xx,
            false,
        )],
    );
    holds(
        &catalogue(vec![rule(Class::Ok).status(&[5])]),
        vec![("any 5xx", answer(599, ""), Class::Ok, Reason::Ok, false)],
    );
}

#[test]
fn block_signs_only_where_they_are_on() {
    let rows = || {
        let challenge = |status| with_header(answer(status, ""), "cf-mitigated", "challenge");
        vec![
            ("429", answer(429, ""), Reason::BlockedRateLimited),
            ("challenge 403", challenge(403), Reason::BlockedChallenge),
            ("challenge 503", challenge(503), Reason::BlockedChallenge),
            ("challenge 429", challenge(429), Reason::BlockedChallenge),
            (
                "captcha 200",
                answer(200, "<div class=\"g-recaptcha\">"),
                Reason::BlockedChallenge,
            ),
            (
                "captcha 403",
                answer(403, "<script src=https://geo.captcha-delivery.com/>"),
                Reason::BlockedChallenge,
            ),
            ("linkedin", answer(999, ""), Reason::BlockedDenied),
            ("401", answer(401, ""), Reason::BlockedDenied),
            ("403", answer(403, ""), Reason::BlockedDenied),
            ("407", answer(407, ""), Reason::BlockedDenied),
            ("451", answer(451, ""), Reason::BlockedDenied),
            (
                "consent",
                redirecting("https://consent.example.com/ml?continue=x"),
                Reason::BlockedConsent,
            ),
            (
                "login",
                redirecting("https://www.example.com/login/?next=%2Fme"),
                Reason::BlockedLogin,
            ),
            (
                "accounts",
                redirecting("https://www.example.com/accounts/login/"),
                Reason::BlockedLogin,
            ),
            (
                "checkpoint",
                redirecting("https://www.example.com/checkpoint/1"),
                Reason::BlockedLogin,
            ),
        ]
    };
    let on = rows()
        .into_iter()
        .map(|(name, answer, reason)| (name, answer, Blocked, reason, false))
        .collect();
    holds(&catalogue(vec![]), on);
    for (name, answer, _) in rows() {
        let got = classify(&own(vec![]), &answer);
        assert_ne!(got.class, Blocked, "{name}");
    }
}

#[test]
fn what_only_looks_like_a_block_sign() {
    let large = format!("<div class=g-recaptcha>{}", " ".repeat(40_000));
    #[rustfmt::skip] // a table
    holds(
        &catalogue(vec![]),
        vec![
            ("an ordinary page with a captcha in it", answer(200, &large), Class::Ok, Reason::Ok, false),
            ("a failing page with one", answer(500, "g-recaptcha"), Fail, Reason::HttpStatus5xx, false),
            ("Cloudflare's passive script", answer(200, "/cdn-cgi/challenge-platform/h/b/scripts/jsd/"), Class::Ok, Reason::Ok, false),
            (
                "a redirect elsewhere",
                redirecting("https://www.example.com/home"),
                Degraded,
                Reason::HttpStatusOther,
                true,
            ),
        ],
    );
    let mut asked_for_it = catalogue(vec![]);
    if let Kind::Http(target) = &mut asked_for_it.kind {
        target.url = "https://www.example.com/login.php".parse().unwrap();
    }
    holds(
        &asked_for_it,
        vec![(
            "asked for",
            redirecting("https://www.example.com/login/"),
            Degraded,
            Reason::HttpStatusOther,
            true,
        )],
    );
}

#[test]
fn statuses_without_rules() {
    let rows = |class, proof| {
        vec![
            ("200", answer(200, ""), Class::Ok, Reason::Ok, false),
            ("404", answer(404, ""), class, Reason::HttpStatus4xx, proof),
            (
                "304",
                answer(304, ""),
                class,
                Reason::HttpStatusOther,
                proof,
            ),
            (
                "101",
                answer(101, ""),
                class,
                Reason::HttpStatusOther,
                proof,
            ),
            (
                "600",
                answer(600, ""),
                class,
                Reason::HttpStatusOther,
                proof,
            ),
            ("503", answer(503, ""), Fail, Reason::HttpStatus5xx, false),
        ]
    };
    holds(&catalogue(vec![]), rows(Degraded, true));
    holds(&own(vec![]), rows(Fail, false));
    holds(
        &own(vec![]),
        vec![
            (
                "own 403",
                answer(403, ""),
                Fail,
                Reason::HttpStatus4xx,
                false,
            ),
            (
                "own 429",
                answer(429, ""),
                Fail,
                Reason::HttpStatus4xx,
                false,
            ),
        ],
    );
}

#[test]
fn a_2xx_that_missed_what_an_ok_rule_wanted() {
    let marker = vec![rule(Class::Ok).contains("home")];
    #[rustfmt::skip] // a table
    holds(
        &catalogue(marker.clone()),
        vec![
            ("there", answer(200, "my home"), Class::Ok, Reason::Ok, false),
            ("blank", answer(200, ""), Degraded, Reason::ContentMarkerMissing, true),
            ("maintenance", answer(200, "back soon"), Degraded, Reason::ContentMarkerMissing, true),
            ("cut before it", Answer { cut: true,..answer(200, "x") }, Fail, Reason::HttpBodyTooLarge, true),
            ("cut after it", Answer { cut: true,..answer(200, "home") }, Class::Ok, Reason::Ok, false),
            ("a 4xx is judged by its status", answer(404, ""), Degraded, Reason::HttpStatus4xx, true),
            ("and so is a 5xx", answer(503, ""), Fail, Reason::HttpStatus5xx, false),
        ],
    );
    #[rustfmt::skip] // a table
    holds(
        &own(marker),
        vec![
            ("own", answer(200, ""), Fail, Reason::ContentMarkerMissing, false),
            ("own, cut", Answer { cut: true,..answer(200, "") }, Fail, Reason::HttpBodyTooLarge, false),
        ],
    );
    #[rustfmt::skip] // a table
    holds(
        &own(vec![rule(Class::Ok).header("server", "^Yaws")]),
        vec![
            ("header", with_header(answer(200, ""), "server", "Yaws 2"), Class::Ok, Reason::Ok, false),
            ("other header", with_header(answer(200, ""), "server", "nginx"), Fail, Reason::ContentAssertion, false),
            ("no header", answer(200, ""), Fail, Reason::ContentAssertion, false),
        ],
    );
    let no_rule_cut = Answer {
        cut: true,
        ..answer(200, "")
    };
    holds(
        &own(vec![]),
        vec![(
            "cut, nothing wanted",
            no_rule_cut,
            Class::Ok,
            Reason::Ok,
            false,
        )],
    );
}

#[test]
fn reasons_of_rule_verdicts() {
    let ok = || rule(Class::Ok).status(&[200]).contains("home");
    #[rustfmt::skip] // a table
    type Case = (&'static str, Vec<Rule>, Answer, Class, Reason, bool);
    let table: Vec<Case> = vec![
        (
            "failure marker",
            vec![rule(Fail).contains("wrong")],
            answer(200, "went wrong"),
            Fail,
            Reason::ContentMarkerPresent,
            false,
        ),
        (
            "catch-all after a missed body",
            vec![ok(), rule(Fail)],
            answer(200, ""),
            Fail,
            Reason::ContentMarkerMissing,
            true,
        ),
        (
            "status after a missed body",
            vec![ok(), rule(Degraded).status(&[2])],
            answer(200, ""),
            Degraded,
            Reason::ContentMarkerMissing,
            true,
        ),
        (
            "own evidence after a missed body",
            vec![ok(), rule(Fail).json("/a", &[json!(1)])],
            answer(200, r#"{"a":1}"#),
            Fail,
            Reason::ContentMarkerMissing,
            false,
        ),
        (
            "catch-all after a missed status",
            vec![ok(), rule(Fail)],
            answer(404, ""),
            Fail,
            Reason::HttpStatus4xx,
            true,
        ),
        (
            "catch-all after missed JSON",
            vec![rule(Class::Ok).json("/a", &[json!(1)]), rule(Degraded)],
            answer(200, "{}"),
            Degraded,
            Reason::ContentJsonAssertion,
            true,
        ),
        (
            "status",
            vec![rule(Degraded).status(&[302])],
            answer(302, ""),
            Degraded,
            Reason::HttpStatusOther,
            true,
        ),
        (
            "5xx",
            vec![rule(Degraded).status(&[502])],
            answer(502, ""),
            Degraded,
            Reason::HttpStatus5xx,
            false,
        ),
        (
            "a status and a text",
            vec![rule(Degraded).status(&[200]).contains("x")],
            answer(200, "x"),
            Degraded,
            Reason::ContentMarkerPresent,
            false,
        ),
        (
            "slow",
            vec![rule(Degraded).slower(50)],
            answer(200, ""),
            Degraded,
            Reason::ContentAssertion,
            false,
        ),
        (
            "fast enough",
            vec![rule(Degraded).slower(100)],
            answer(200, ""),
            Class::Ok,
            Reason::Ok,
            false,
        ),
        (
            "blocked",
            vec![rule(Blocked).status(&[400])],
            answer(400, ""),
            Blocked,
            Reason::BlockedDenied,
            false,
        ),
        (
            "blocked after a missed body",
            vec![rule(Class::Ok).contains("x"), rule(Blocked)],
            answer(429, ""),
            Blocked,
            Reason::BlockedRateLimited,
            false,
        ),
        (
            "local",
            vec![rule(Local).status(&[401])],
            answer(401, ""),
            Local,
            Reason::LocalCredentials,
            false,
        ),
        (
            "named",
            vec![ok(), rule(Blocked).because(Reason::BlockedLogin)],
            answer(200, ""),
            Blocked,
            Reason::BlockedLogin,
            false,
        ),
        (
            "and",
            vec![rule(Fail).status(&[400]).contains("x")],
            answer(400, "y"),
            Degraded,
            Reason::HttpStatus4xx,
            true,
        ),
    ];
    for (name, rules, answer, class, reason, proof) in table {
        holds(
            &catalogue(rules),
            vec![(name, answer, class, reason, proof)],
        );
    }
}

#[test]
fn json_is_compared_by_meaning() {
    let table = [
        (json!(190), "190.0", true),
        (json!(1.5), "1.5", true),
        (json!(9007199254740993_u64), "9007199254740992", false),
        (json!(u64::MAX), "18446744073709551615", true),
        (json!({"a": 1, "b": [2]}), r#"{"b":[2.0],"a":1}"#, true),
        (json!([1]), "[1,2]", false),
        (json!(null), "null", true),
        (json!("A"), "\"a\"", false),
        (json!(true), "1", false),
    ];
    for (wanted, came, equal) in table {
        let check = own(vec![
            rule(Class::Ok).json("/v", std::slice::from_ref(&wanted)),
        ]);
        let got = classify(&check, &answer(200, &format!("{{\"v\":{came}}}")));
        assert_eq!(got.class == Class::Ok, equal, "{wanted} and {came}");
    }
}

#[test]
fn hostile_json_is_not_json() {
    let check = own(vec![rule(Class::Ok).json("/a", &[json!(1)])]);
    for body in [
        "[".repeat(100_000),
        r#"{"a":1e400}"#.to_owned(),
        r#"{"a":1"#.to_owned(),
        "{\"a\":\"\u{0}\"}".to_owned(),
    ] {
        assert_eq!(
            classify(&check, &answer(200, &body)).reason,
            Reason::ContentJsonInvalid
        );
    }
    let missing = r#"{"b":null}"#;
    assert_eq!(
        classify(&check, &answer(200, missing)).reason,
        Reason::ContentJsonAssertion
    );
}

#[test]
fn a_redirect_is_the_answer_only_where_a_rule_speaks_of_it() {
    let to_home = redirecting("https://www.example.com/home");
    let table = [
        (rule(Class::Ok).redirect("/home$"), true),
        (rule(Class::Ok).redirect("/other$"), false),
        (rule(Class::Ok).status(&[302]), true),
        (rule(Class::Ok).status(&[3]), true),
        (rule(Class::Ok).status(&[301]), false),
        (rule(Class::Ok).status(&[200]), false),
        (rule(Fail), false),
    ];
    for (rule, wanted) in table {
        assert_eq!(
            rule_wants_redirect(&own(vec![rule.clone()]), &to_home),
            wanted,
            "{rule:?}"
        );
    }
    holds(
        &catalogue(vec![rule(Class::Ok).redirect("/login/")]),
        vec![(
            "expected login wall",
            redirecting("https://www.example.com/login/"),
            Class::Ok,
            Reason::Ok,
            false,
        )],
    );
}

#[test]
fn a_hostile_peer_reaches_no_detail_unescaped() {
    let check = own(vec![rule(Fail).json("/a", &[json!("\u{1b}[31m")])]);
    let got = classify(&check, &answer(200, "{\"a\":\"\\u001b[31m\"}"));
    assert_eq!(got.reason, Reason::ContentJsonAssertion);
    assert!(
        got.detail.chars().all(|c| !c.is_control()),
        "{:?}",
        got.detail
    );
}

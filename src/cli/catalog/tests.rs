//! The whole text for a small configuration, and what it must never show.

use std::sync::Arc;
use std::time::Duration;

use hyper::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use super::*;
use crate::config::{
    Controls, Credential, CredentialSource, Depth, HostPort, NetworkSettings, Secret, TcpTarget,
    TlsOptions, TlsTarget,
};
use crate::probe::failure::Class;

fn http(url: &str) -> HttpTarget {
    HttpTarget {
        url: url.parse().unwrap(),
        method: hyper::Method::GET,
        headers: HeaderMap::new(),
        body: None,
        max_redirects: 3,
        version: None,
        body_limit: 1 << 20,
        tls: TlsOptions::default(),
    }
}

fn check(name: &str, kind: Kind) -> Check {
    Check {
        depth: Depth::App,
        trust: Trust::OnceProven,
        block_signs: true,
        ..Check::new(["acme", "web", name], kind)
    }
}

fn platform(name: &str, checks: Vec<Check>) -> Platform {
    Platform {
        name: name.into(),
        title: "Acme Social".to_owned(),
        operator: "Acme".to_owned(),
        team: String::new(),
        page: true,
        off: None,
        components: vec![Component {
            name: "web".into(),
            impact: Impact::Outage,
            down_when: DownWhen::All,
            tolerate: 0,
            off: None,
            checks,
        }],
    }
}

fn config(platforms: Vec<Platform>) -> Config {
    Config {
        vantage: "local".to_owned(),
        user_agent: "platform_exporter/1".to_owned(),
        network: NetworkSettings::default(),
        controls: Controls {
            quorum: 0,
            targets: Vec::new(),
            interval: Duration::from_secs(30),
            spacing: Duration::from_secs(1),
        },
        platforms,
    }
}

#[test]
fn a_check_is_described_from_request_to_terms() {
    let mut front = check("front", Kind::Http(http("https://acme.example/")));
    front.rules = vec![crate::config::Rule {
        status: Some(vec![crate::config::StatusMatch::Exact(200)]),
        headers: Vec::new(),
        body: Some(crate::config::BodyMatch::Contains("Welcome".to_owned())),
        json: Vec::new(),
        redirect_to: None,
        slower_than: None,
        verdict: Class::Ok,
        reason: None,
    }];
    front.evidence = "[M] the page greets".to_owned();
    front.robots = Some(Robots::Forbidden);
    front.terms = Some("none seen".to_owned());
    let text = describe(&config(vec![platform("acme", vec![front])]), Some("acme")).unwrap();
    let expected = "\
acme: Acme Social, run by Acme; its fall pages
  web: its fall is an outage; down when all of its voters are; tolerates 0 bad checks
    front (on)
      GET https://acme.example/
        user-agent: platform_exporter/1
      follows up to 3 redirects; reads up to 1048576 bytes
      120 per hour (every 30s; every 10s while in doubt), timeout 5s
      down after 3 bad results, up after 2 good ones
      rule 1: status 200 and the body contains \"Welcome\" → ok
      depth app; trust once_proven; block signs on
      evidence: [M] the page greets
      robots.txt: forbidden (respect_robots: true turns this off)
      terms: none seen
";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn nothing_that_could_be_secret_is_shown() {
    let mut target = http("https://user:hunter1@acme.example/v1?key=hunter2#hunter3");
    target
        .headers
        .insert(AUTHORIZATION, HeaderValue::from_static("Bearer hunter4"));
    target.headers.insert(
        HeaderName::from_static("x-token"),
        HeaderValue::from_static("hunter5"),
    );
    target
        .headers
        .insert(ACCEPT, HeaderValue::from_static("text/plain"));
    target.body = Some("hunter6".to_owned());
    let mut api = check("api", Kind::Http(target));
    let source = CredentialSource::Value(Secret("hunter7".to_owned()));
    api.credential = Some(Credential {
        name: "acme_token".to_owned(),
        source,
    });
    let text = describe(&config(vec![platform("acme", vec![api])]), None).unwrap();
    assert!(!text.contains("hunter"), "{text}");
    for shown in [
        "GET https://acme.example/v1?<hidden>\n",
        "authorization: <hidden>\n",
        "x-token: <hidden>\n",
        "accept: text/plain\n",
        "a body of 7 bytes\n",
        "authorization: Bearer <credential acme_token>\n",
    ] {
        assert!(text.contains(shown), "{shown:?} is not in {text}");
    }
}

#[test]
fn what_stands_in_the_catalogue_is_no_secret() {
    let mut target = http("https://graph.instagram.com/me?access_token=x");
    target
        .headers
        .insert(AUTHORIZATION, HeaderValue::from_static("Bearer invalid"));
    let api = check("api", Kind::Http(target));
    let text = describe(&config(vec![platform("acme", vec![api])]), None).unwrap();
    assert!(
        text.contains("GET https://graph.instagram.com/me?access_token=x\n"),
        "{text}"
    );
    assert!(text.contains("authorization: Bearer invalid\n"), "{text}");
}

#[test]
fn totals_count_by_host_and_only_what_is_on() {
    let edge = |host: &str| {
        let address = HostPort {
            host: host.to_owned(),
            port: 443,
        };
        Kind::Tls(TlsTarget {
            address,
            tls: TlsOptions::default(),
        })
    };
    let tcp = Kind::Tcp(TcpTarget {
        address: HostPort {
            host: "b.example".to_owned(),
            port: 5222,
        },
        send: None,
        expect: None,
    });
    let slow = Check {
        interval: Duration::from_secs(3600),
        ..check("slow", edge("b.example"))
    };
    let off = Check {
        off: Some("just so".to_owned()),
        ..check("off", edge("a.example"))
    };
    let checks = vec![
        check("one", edge("a.example")),
        check("two", tcp),
        slow,
        off,
    ];
    let dark = Platform {
        off: Some("not asked for".to_owned()),
        ..platform("dark", vec![check("x", edge("c.example"))])
    };
    let text = describe(&config(vec![platform("acme", checks), dark]), None).unwrap();
    let totals = text.split("by host").nth(1).unwrap();
    assert_eq!(
        totals.lines().skip(1).map(str::trim).collect::<Vec<_>>(),
        ["a.example: 120", "b.example: 121", "all together: 241"]
    );
    assert!(text.contains("off (off: just so)"), "{text}");
    assert!(text.contains("x (off: not asked for)"), "{text}");
}

#[test]
fn one_platform_can_be_picked_and_an_unknown_one_is_an_error() {
    let config = config(vec![
        platform("acme", Vec::new()),
        platform("other", Vec::new()),
    ]);
    let text = describe(&config, Some("other")).unwrap();
    assert!(
        text.starts_with("other: ") && !text.contains("acme: "),
        "{text}"
    );
    assert_eq!(
        describe(&config, Some("nope")).unwrap_err(),
        "no platform is named \"nope\". There are: acme, other"
    );
}

#[test]
fn long_texts_are_broken_and_nothing_is_lost() {
    let evidence = "word ".repeat(60).trim_end().to_owned();
    let name: Arc<str> = "acme".into();
    let long = Check {
        evidence: evidence.clone(),
        ..check("long", Kind::Http(http("https://acme.example/")))
    };
    let text = describe(&config(vec![platform(&name, vec![long])]), None).unwrap();
    let lines: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.contains("evidence:"))
        .collect();
    let block: Vec<&str> = lines
        .into_iter()
        .take_while(|line| !line.contains("robots.txt"))
        .collect();
    assert!(
        block.len() > 1 && block.iter().all(|line| line.len() <= WIDTH),
        "{block:?}"
    );
    assert_eq!(
        block
            .join(" ")
            .split_whitespace()
            .skip(1)
            .collect::<Vec<_>>()
            .join(" "),
        evidence
    );
}

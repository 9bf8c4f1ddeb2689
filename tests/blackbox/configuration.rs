//! Mistakes in the configuration: all of them at once, each with its place.

use crate::support::World;
use crate::support::exporter::{Finished, Launch, Settings, command, run};

/// Checks a configuration file of exactly this text.
async fn check(text: &str) -> Finished {
    check_with(text, &[]).await
}

async fn check_with(text: &str, environment: &[(&str, &str)]) -> Finished {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.yaml");
    std::fs::write(&file, text).unwrap();
    let mut command = command();
    command
        .arg(format!("--config.file={}", file.display()))
        .arg("--config.check")
        .envs(environment.iter().copied());
    run(command).await
}

/// The lines of the file that the errors point at.
fn places(said: &str) -> Vec<usize> {
    let pattern = regex::Regex::new(r"config\.yaml:(\d+):\d+").unwrap();
    pattern
        .captures_iter(said)
        .map(|place| place[1].parse().unwrap())
        .collect()
}

async fn is_refused(text: &str, line: usize, word: &str) {
    let finished = check(text).await;
    let said = finished.said();
    assert_eq!(finished.code(), Some(1), "{text}\n{said}");
    assert!(
        places(&said).contains(&line),
        "line {line} of\n{text}\n{said}"
    );
    assert!(said.to_lowercase().contains(word), "{word:?} in\n{said}");
}

#[tokio::test]
async fn five_mistakes_are_reported_at_once() {
    let text = "\
vantage: here
colour: blue
defaults: { interval: 30 }
platforms:
  own:
    components:
      web:
        checks:
          both:
            http: { url: \"https://own.example/\" }
            tcp: { address: \"own.example:443\" }
          wrong_type:
            fall: many
            tcp: { address: \"own.example:443\" }
          impossible:
            timeout: 0s
            tcp: { address: \"own.example:443\" }
";
    let finished = check(text).await;
    let (said, places) = (finished.said(), places(&finished.said()));
    assert_eq!(finished.code(), Some(1), "{said}");
    for lines in [2..=2, 3..=3, 9..=11, 13..=13, 16..=16] {
        assert!(
            places.iter().any(|place| lines.contains(place)),
            "a mistake at {lines:?}:\n{said}"
        );
    }
    assert!(places.len() >= 5, "{said}");
    for word in ["colour", "unit", "fall"] {
        assert!(said.contains(word), "{word}:\n{said}");
    }
}

#[tokio::test]
async fn single_mistakes_are_placed() {
    is_refused("defaults:\n  interval: 5\n", 2, "unit").await;
    is_refused("defaults:\n  interval: soon\n", 2, "soon").await;
    is_refused("defaults:\n  fall: 0\n", 2, "fall").await;
    is_refused("platform: {}\n", 1, "platform").await;
    is_refused("vantage: a\nvantage: b\n", 2, "vantage").await;
    is_refused("network:\n  resolvers: [nonsense]\n", 2, "nonsense").await;
    // A proxy's address may hold a password, so it is not repeated.
    is_refused("network:\n  proxy: ftp://127.0.0.1:1\n", 2, "socks5h://").await;
    is_refused(
        "credentials:\n  a: { env: PLATFORM_EXPORTER_TEST_UNSET }\n",
        2,
        "platform_exporter_test_unset",
    )
    .await;
    is_refused(
        "vantage: ${PLATFORM_EXPORTER_TEST_UNSET}\n",
        1,
        "platform_exporter_test_unset",
    )
    .await;
    is_refused(
        "controls:\n  quorum: 9\n  targets: [{ tls: \"a.example:443\" }]\n",
        2,
        "quorum",
    )
    .await;
    is_refused("vantage: [\n", 1, "").await;
}

#[tokio::test]
async fn mistakes_in_checks_are_placed() {
    let own = |check: &str| {
        format!(
            "platforms:\n  own:\n    components:\n      web:\n        checks:\n          a:\n            {check}\n"
        )
    };
    is_refused(&own("rules: []"), 6, "http").await;
    is_refused(&own("http: { url: \"ftp://own.example/\" }"), 7, "ftp").await;
    is_refused(&own("http: { url: \"not a url\" }"), 7, "url").await;
    is_refused(&own("tcp: { address: \"own.example\" }"), 7, "port").await;
    is_refused(
        &own("dns: { name: own.example, type: NOTATYPE }"),
        7,
        "notatype",
    )
    .await;
    is_refused(
        &own("http: { url: \"https://own.example/\", method: \"G T\" }"),
        7,
        "method",
    )
    .await;
    let rule = |rule: &str| {
        own(&format!(
            "http: {{ url: \"https://own.example/\" }}\n            rules: [{rule}]"
        ))
    };
    is_refused(&rule("{ status: 200 }"), 8, "verdict").await;
    is_refused(&rule("{ body: { regex: \"(\" }, verdict: ok }"), 8, "regex").await;
    is_refused(&rule("{ status: 99999, verdict: ok }"), 8, "status").await;
    is_refused(
        &rule("{ status: 200, verdict: fail, reason: nonsense }"),
        8,
        "nonsense",
    )
    .await;
}

#[tokio::test]
async fn good_configurations_pass() {
    for text in [
        "",
        "# only a comment\n",
        "{}",
        "{\"vantage\": \"json\", \"defaults\": {\"interval\": \"1m\"}}",
        "platforms: { facebook: {}, x: {} }",
    ] {
        let finished = check(text).await;
        assert_eq!(finished.code(), Some(0), "{text:?}: {}", finished.said());
    }
    let finished = check_with("vantage: ${PLACE}\n", &[("PLACE", "dhaka-1")]).await;
    assert_eq!(finished.code(), Some(0), "{}", finished.said());
}

/// The example of the documentation: every part of the schema once.
#[tokio::test]
async fn the_documented_example_passes() {
    let dir = tempfile::tempdir().unwrap();
    let token = dir.path().join("token");
    std::fs::write(&token, "secret\n").unwrap();
    let text = format!(
        r#"vantage: dhaka-1
defaults: {{ interval: 30s, timeout: 5s, recheck: 10s, fall: 3, rise: 2 }}
network:
  resolvers: ["192.0.2.53:53"]
  allow_private: false
  connect_to: {{ "www.facebook.com:443": "127.0.0.1:8443" }}
controls: {{ quorum: 2, targets: [{{ tls: "one.one.one.one:443" }}, {{ tls: "dns.quad9.net:443" }}, {{ tcp: "192.0.2.1:443" }}, {{ dns: {{ name: example.com }} }}] }}
respect_robots: false
credentials: {{ meta_token: {{ file: {} }} }}
platforms:
  facebook: {{}}
  x: {{ components: {{ web: {{ enabled: true }} }} }}
  acme:
    title: Acme Social
    operator: Acme
    page: true
    components:
      api:
        impact: outage
        down_when: all
        checks:
          me:
            depth: parser
            interval: 60s
            http:
              url: https://api.acme.example/v1/me
              headers: {{ authorization: "Bearer invalid" }}
            rules:
              - {{ json: {{ /error/code: [1, 2] }}, verdict: fail }}
              - {{ json: {{ /error/code: [4, 17] }}, verdict: blocked }}
              - {{ json: {{ /error/code: [190] }}, verdict: ok }}
"#,
        token.display()
    );
    let finished = check(&text).await;
    assert_eq!(finished.code(), Some(0), "{}", finished.said());
}

#[tokio::test]
async fn a_missing_file_is_named() {
    let mut command = command();
    command.args(["--config.file=/nonexistent/config.yaml", "--config.check"]);
    let finished = run(command).await;
    assert_eq!(finished.code(), Some(1));
    assert!(
        finished.said().contains("/nonexistent/config.yaml"),
        "{}",
        finished.said()
    );
}

#[tokio::test]
async fn a_bad_configuration_does_not_start() {
    let launch = Launch {
        settings: Settings {
            extra: "colour: blue\n".into(),
            ..World::healthy().await.exporter().settings
        },
        ..Launch::default()
    };
    let finished = launch.arg("--web.listen-address=127.0.0.1:0").run().await;
    assert!(!finished.status.success());
    assert!(finished.said().contains("colour"), "{}", finished.said());
}

//! Secrets are sent where they belong and shown nowhere.

use crate::support::World;
use crate::support::exporter::SOON;
use crate::support::internet::{Answer, Fault, GOOD_TOKEN};

const SECRETS: [&str; 5] = [
    GOOD_TOKEN,
    "env-secret-0815",
    "header-secret-1234",
    "query-secret-5678",
    "user-secret-9876",
];

fn shows_none(what: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{what} shows {secret}:\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_used_and_never_shown() {
    let world = World::healthy().await;
    world
        .internet
        .fault("own.example", Fault::Answer(Answer::text(200, "fine")));
    world.internet.fault(
        "broken.example",
        Fault::Answer(Answer::text(503, "query-secret-5678 header-secret-1234")),
    );
    let dir = tempfile::tempdir().unwrap();
    let token = dir.path().join("token");
    std::fs::write(&token, format!("{GOOD_TOKEN}\n")).unwrap();
    let url = |host: &str| {
        format!("\"https://user:user-secret-9876@{host}/page?access_token=query-secret-5678\"")
    };
    let check = |host: &str| {
        format!(
            "{{ http: {{ url: {}, headers: {{ x-key: \"header-secret-1234\", x-env: \"${{KEY}}\" }} }}, credential: mine }}",
            url(host)
        )
    };
    let yaml = format!(
        "credentials: {{ mine: {{ file: \"{}\" }}, other: {{ env: KEY }} }}\nplatforms:\n  own:\n    components:\n      web:\n        checks:\n          good: {}\n          bad: {}\n          env: {{ http: {{ url: \"https://own.example/env\" }}, credential: other }}\n",
        token.display(),
        check("own.example"),
        check("broken.example")
    );
    let launch = world.exporter().with(&yaml).env("KEY", "env-secret-0815");
    let exporter = launch.clone().arg("--log.level=debug").start().await;
    exporter
        .wait_until(SOON, "both have run", |page| {
            page.runs(&[], "ok") > 1.0 && page.runs(&[], "fail") > 3.0
        })
        .await;

    let seen = world.internet.requests("own.example");
    let header = |path: &str, name: &str| {
        let request = seen
            .iter()
            .find(|request| request.path_and_query.starts_with(path))
            .unwrap();
        request.headers[name].to_str().unwrap().to_owned()
    };
    assert_eq!(
        header("/page", "authorization"),
        format!("Bearer {GOOD_TOKEN}")
    );
    assert_eq!(header("/page", "x-key"), "header-secret-1234");
    assert_eq!(header("/page", "x-env"), "env-secret-0815");
    assert_eq!(header("/env", "authorization"), "Bearer env-secret-0815");
    assert!(
        seen.iter()
            .any(|request| request.path_and_query.contains("query-secret-5678"))
    );

    for path in ["/metrics", "/", "/api/v1/platforms", "/-/ready"] {
        shows_none(path, &exporter.get(path).await.text().await.unwrap());
    }
    exporter.rewrite(
        "credentials: { mine: { value: user-secret-9876 } }\nvantage: 5s: env-secret-0815\n",
    );
    exporter
        .wait_until(SOON, "the reload has failed", |page| {
            page.value("platform_exporter_config_last_reload_successful", &[]) == Some(0.0)
        })
        .await;
    let (_, _, log) = exporter.terminate().await;
    assert!(!log.is_empty());
    shows_none("the log", &log);

    for arguments in [&["catalog"][..], &["probe", "own"], &["--config.check"]] {
        let finished = arguments
            .iter()
            .fold(launch.clone(), |launch, argument| launch.arg(*argument))
            .run()
            .await;
        shows_none(arguments[0], &finished.said());
        assert!(
            finished.said().contains("own.example") || arguments[0] == "--config.check",
            "{}",
            finished.said()
        );
    }
}

/// A session check is on only with a token, and the token's refusal is ours to mend, not theirs.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_file_is_read_anew() {
    let world = World::healthy().await;
    let dir = tempfile::tempdir().unwrap();
    let token = dir.path().join("token");
    std::fs::write(&token, "first\n").unwrap();
    world
        .internet
        .fault("own.example", Fault::Answer(Answer::text(200, "fine")));
    let yaml = format!(
        "credentials: {{ mine: {{ file: \"{}\" }} }}\nplatforms: {{ own: {{ components: {{ web: {{ checks: {{ a: {{ http: {{ url: \"https://own.example/\" }}, credential: mine }} }} }} }} }} }}",
        token.display()
    );
    let exporter = world.exporter().with(&yaml).start().await;
    let sent = |value: &str| {
        world
            .internet
            .requests("own.example")
            .iter()
            .any(|request| request.headers["authorization"] == value)
    };
    exporter
        .wait_until(SOON, "the first token is sent", |_| sent("Bearer first"))
        .await;
    std::fs::write(&token, "second\n").unwrap();
    exporter
        .wait_until(SOON, "the second token is sent", |_| sent("Bearer second"))
        .await;
    std::fs::remove_file(&token).unwrap();
    let local = |page: &crate::support::page::Page| !page.errors("a").is_empty();
    let page = exporter
        .wait_until(SOON, "its loss is noticed", local)
        .await;
    assert!(
        page.errors("a")
            .iter()
            .all(|error| error.starts_with("local ")),
        "{:?}",
        page.errors("a")
    );
    assert_eq!(page.seconds("own", "down"), 0.0);
}

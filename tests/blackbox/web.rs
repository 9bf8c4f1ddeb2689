//! What is served: formats, pages, health.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use crate::support::exporter::{Exporter, SOON};
use crate::support::internet::{Answer, Fault};
use crate::support::page::Page;
use crate::support::{PLATFORMS, World, skipped};

const TEXT: &str = "text/plain; version=0.0.4";
const OPEN: &str = "application/openmetrics-text; version=1.0.0";
/// What Prometheus 3 sends.
const PROMETHEUS: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

async fn running(world: &World) -> Exporter {
    let exporter = world.exporter().start().await;
    exporter
        .wait_until(SOON, "everything is up", |page| page.are(&PLATFORMS, "up"))
        .await;
    exporter
}

fn header<'a>(response: &'a reqwest::Response, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn formats_by_accept() {
    let world = World::healthy().await;
    let exporter = running(&world).await;
    let cases = [
        ("", TEXT),
        ("*/*", TEXT),
        ("text/plain", TEXT),
        ("application/openmetrics-text", OPEN),
        ("application/openmetrics-text;q=0.1, text/plain;q=0.9", TEXT),
        ("application/openmetrics-text;q=0, */*", TEXT),
        (PROMETHEUS, OPEN),
        ("application/json", TEXT),
    ];
    for (accept, kind) in cases {
        let headers: Vec<_> = [("accept", accept)]
            .into_iter()
            .filter(|(_, accept)| !accept.is_empty())
            .collect();
        let response = exporter.request("/metrics", &headers).await;
        assert_eq!(response.status(), 200, "{accept}");
        assert!(
            header(&response, "content-type").starts_with(kind),
            "{accept}: {}",
            header(&response, "content-type")
        );
        let text = response.text().await.unwrap();
        assert_eq!(text.ends_with("# EOF\n"), kind == OPEN, "{accept}");
        Page::parse(&text);
    }
}

/// The rules by which OpenMetrics differs: counters by their names without `_total`, no bare counter, canonical `le`.
#[tokio::test(flavor = "multi_thread")]
async fn openmetrics_keeps_its_own_rules() {
    let world = World::healthy().await;
    let exporter = running(&world).await;
    let response = exporter.request("/metrics", &[("accept", OPEN)]).await;
    let text = response.text().await.unwrap();
    assert_eq!(text.matches("# EOF").count(), 1);
    for line in text.lines().filter(|line| line.starts_with("# TYPE ")) {
        let mut words = line.split(' ').skip(2);
        let (name, kind) = (words.next().unwrap(), words.next().unwrap());
        assert!(kind != "counter" || !name.ends_with("_total"), "{line}");
    }
    let page = Page::parse(&text);
    assert!(
        page.all("platform_probe_results_total", &[])
            .next()
            .is_some()
    );
    let bounds: Vec<_> = page
        .samples
        .iter()
        .map(|sample| sample.label("le"))
        .filter(|le| !le.is_empty())
        .collect();
    assert!(
        !bounds.is_empty()
            && bounds
                .iter()
                .all(|le| le.contains('.') || le.contains('e') || *le == "+Inf"),
        "{bounds:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn gzip_by_accept_encoding() {
    let world = World::healthy().await;
    let exporter = running(&world).await;
    for (accept, encoding) in [
        ("gzip", "gzip"),
        ("gzip;q=0", ""),
        ("identity", ""),
        ("br, gzip;q=0.5", "gzip"),
        ("zstd", ""),
    ] {
        let response = exporter
            .request("/metrics", &[("accept-encoding", accept)])
            .await;
        assert_eq!(header(&response, "content-encoding"), encoding, "{accept}");
        assert!(
            header(&response, "vary").to_lowercase().contains("accept"),
            "caches must know"
        );
        let bytes = response.bytes().await.unwrap().to_vec();
        let text = match encoding {
            "gzip" => unzip(&bytes),
            _ => String::from_utf8(bytes).unwrap(),
        };
        assert_eq!(Page::parse(&text).verdicts().len(), PLATFORMS.len());
    }
}

fn unzip(bytes: &[u8]) -> String {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes)
        .read_to_string(&mut text)
        .unwrap();
    text
}

/// `tests/run` provides promtool; without it this test says so and checks nothing.
#[tokio::test(flavor = "multi_thread")]
async fn promtool_has_nothing_to_say() {
    let promtool = std::env::var("PROMTOOL").unwrap_or_else(|_| "promtool".into());
    if Command::new(&promtool).arg("--version").output().is_err() {
        return skipped(&format!(
            "no {promtool} here to check /metrics; tests/run provides one"
        ));
    }
    let world = World::healthy().await;
    let exporter = running(&world).await;
    // Families that appear only in trouble are to be seen too.
    world
        .internet
        .fault("graph.facebook.com", Fault::Answer(Answer::graph_outage()));
    let down = |page: &Page| page.verdict("facebook") == "down";
    let page = exporter.wait_until(SOON, "facebook is down", down).await;
    let mut child = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(page.text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success() && said.is_empty(),
        "{}",
        String::from_utf8_lossy(&said)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_for_people_and_machines() {
    let world = World::healthy().await;
    let exporter = running(&world).await;
    let response = exporter.get("/").await;
    assert_eq!(response.status(), 200);
    assert!(header(&response, "content-type").starts_with("text/html"));
    let page = response.text().await.unwrap();
    for word in [
        "/metrics",
        "/api/v1/platforms",
        "Facebook",
        "WhatsApp",
        "up",
    ] {
        assert!(page.contains(word), "{word}:\n{page}");
    }
    for path in ["/-/healthy", "/-/ready"] {
        assert_eq!(exporter.get(path).await.status(), 200, "{path}");
    }
    let response = exporter.get("/api/v1/platforms").await;
    assert!(header(&response, "content-type").starts_with("application/json"));
    let json: serde_json::Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    let text = json.to_string();
    assert!(
        PLATFORMS
            .iter()
            .all(|platform| text.contains(&format!("\"{platform}\"")))
            && text.contains("\"up\""),
        "{text}"
    );
    for path in ["/nonsense", "/metrics/", "/api/v1/platforms/nonsense"] {
        assert_eq!(exporter.get(path).await.status(), 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_comes_after_the_first_control_round() {
    let world = World::healthy().await;
    let exporter = world.exporter().start().await;
    let begun = std::time::Instant::now();
    while exporter.get("/-/ready").await.status() != 200 {
        assert!(begun.elapsed() < SOON, "never ready:\n{}", exporter.log());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let page = exporter.page().await;
    assert!(
        page.all("platform_control_success", &[]).next().is_some(),
        "the controls have run"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peers_bytes_stay_out_of_pages() {
    let world = World::healthy().await;
    let evil = "</td><script>alert(1)</script>\u{1b}[31m";
    world.internet.fault(
        "evil.example",
        Fault::Answer(Answer::html(503, evil).with("server", "<script>alert(2)</script>")),
    );
    let yaml = "platforms: { own: { title: \"<b>own</b>\", components: { web: { checks: { a: { http: { url: \"https://evil.example/\" } } } } } } }";
    let exporter = world.exporter().with(yaml).start().await;
    exporter
        .wait_until(SOON, "it is down", |page| page.verdict("own") == "down")
        .await;
    for path in ["/", "/metrics"] {
        let text = exporter.get(path).await.text().await.unwrap();
        assert!(
            !text.contains("<script>") && !text.contains('\u{1b}'),
            "{path}:\n{text}"
        );
        assert!(path == "/metrics" || !text.contains("<b>own</b>"), "{text}");
    }
    assert!(!exporter.log().contains('\u{1b}'), "{}", exporter.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named() {
    let world = World::healthy().await;
    let exporter = world.exporter().with("platforms: { x: {} }").start().await;
    let address = exporter.address.to_string();
    let finished = world
        .exporter()
        .arg(format!("--web.listen-address={address}"))
        .run()
        .await;
    assert!(!finished.status.success());
    assert!(finished.said().contains(&address), "{}", finished.said());
}

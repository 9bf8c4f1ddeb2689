//! What the commands print.

use crate::support::exporter::{Finished, command, run};
use crate::support::internet::{Answer, Fault};
use crate::support::{PLATFORMS, World};

async fn said(world: &World, arguments: &[&str]) -> Finished {
    arguments
        .iter()
        .fold(world.exporter(), |launch, argument| launch.arg(*argument))
        .run()
        .await
}

fn has_all(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is missing:\n{text}");
    }
}

#[tokio::test]
async fn help_names_every_option() {
    let mut help = command();
    help.arg("--help");
    let finished = run(help).await;
    assert_eq!(finished.code(), Some(0));
    let options = [
        "--config.file",
        "--config.check",
        "--web.listen-address",
        "--web.enable-lifecycle",
        "--storage.path",
        "--log.level",
        "--log.format",
    ];
    has_all(&finished.stdout, &options);
    has_all(&finished.stdout, &["catalog", "probe", "10048"]);
    let mut version = command();
    version.arg("--version");
    let finished = run(version).await;
    assert!(
        finished.stdout.contains(env!("CARGO_PKG_VERSION")),
        "{}",
        finished.stdout
    );
}

#[tokio::test]
async fn unknown_options_are_refused() {
    let mut unknown = command();
    unknown.arg("--colour=blue");
    let finished = run(unknown).await;
    assert_ne!(finished.code(), Some(0));
    assert!(finished.stderr.contains("--colour"), "{}", finished.stderr);
}

#[tokio::test]
async fn the_catalogue_says_what_would_be_sent() {
    let world = World::healthy().await;
    let finished = said(&world, &["catalog"]).await;
    assert_eq!(finished.code(), Some(0), "{}", finished.said());
    has_all(&finished.stdout, &PLATFORMS);
    has_all(
        &finished.stdout,
        &[
            "https://graph.facebook.com/",
            "https://api.x.com/2/users/me",
            "wss://web.whatsapp.com/ws/chat",
            "https://t.co/",
        ],
    );
    has_all(&finished.stdout, &["per hour", "robots.txt", "telegram"]);
    // At an interval of two seconds a check is run 1,800 times an hour.
    assert!(
        finished.stdout.contains("1800") || finished.stdout.contains("1,800"),
        "{}",
        finished.stdout
    );
    let sent = |host: &str| world.internet.requests(host).len();
    assert_eq!(
        sent("graph.facebook.com") + sent("x.com") + world.dns.asked(""),
        0,
        "the catalogue sends nothing"
    );
}

#[tokio::test]
async fn the_catalogue_of_one_platform() {
    let world = World::healthy().await;
    let finished = said(&world, &["catalog", "x"]).await;
    assert_eq!(finished.code(), Some(0));
    has_all(&finished.stdout, &["https://x.com/", "api.x.com"]);
    assert!(
        !finished.stdout.contains("graph.facebook.com"),
        "{}",
        finished.stdout
    );
    let finished = said(&world, &["catalog", "nonsense"]).await;
    assert_ne!(finished.code(), Some(0));
    assert!(finished.said().contains("nonsense"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_shows_its_waterfall() {
    let world = World::healthy().await;
    let finished = said(&world, &["probe", "facebook/api"]).await;
    let text = &finished.stdout;
    has_all(
        text,
        &["resolve", "connect", "tls", "processing", "transfer"],
    );
    has_all(
        text,
        &[
            "GET",
            "graph.facebook.com",
            "127.0.0.1",
            "Simulated Root",
            "facebook/api",
            "ok",
            "decided by",
        ],
    );
    assert!(
        text.contains("400") || text.contains("401"),
        "the status:\n{text}"
    );
    assert!(
        text.to_lowercase().contains("x-fb-debug") || text.to_lowercase().contains("content-type"),
        "headers:\n{text}"
    );
    assert_eq!(finished.code(), Some(0), "{}", finished.said());
    assert!(
        world.internet.requests("x.com").is_empty(),
        "nothing else was probed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_says_what_was_wrong() {
    let world = World::healthy().await;
    world
        .internet
        .fault("graph.facebook.com", Fault::Answer(Answer::graph_outage()));
    let finished = said(&world, &["probe", "facebook/api"]).await;
    has_all(
        &finished.stdout,
        &["fail", "content_json_assertion", "400", "our own network"],
    );
    // What was expected, in the words of `catalog`.
    has_all(
        &finished.stdout,
        &["JSON /error/code is 1 or 2 → fail", "→ ok"],
    );
    assert_eq!(finished.code(), Some(1));
    world.internet.fault(
        "graph.facebook.com",
        Fault::Answer(Answer::html(200, "\u{1b}[31mred\u{1b}[0m")),
    );
    let finished = said(&world, &["probe", "facebook/api"]).await;
    assert!(
        !finished.said().contains("\u{1b}[31mred"),
        "a peer's bytes are escaped"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_platform_can_be_probed() {
    let world = World::healthy().await;
    let finished = said(&world, &["probe", "x"]).await;
    has_all(&finished.stdout, &["x/web", "x/api", "x/short_links"]);
    for unknown in ["nonsense", "x/nonsense", "x/api/nonsense"] {
        let finished = said(&world, &["probe", unknown]).await;
        assert_ne!(finished.code(), Some(0), "{unknown}");
        has_all(&finished.stderr, &["nonsense", "There are: "]);
    }
}

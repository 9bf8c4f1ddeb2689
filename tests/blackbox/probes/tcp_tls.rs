//! TCP and TLS checks.

use std::time::SystemTime;

use super::{Row, judge};
use crate::support::World;
use crate::support::ca::Flaw;
use crate::support::internet::Fault;
use crate::support::raw::{DEAD, Script, Then};

#[tokio::test(flavor = "multi_thread")]
async fn tcp_banners() {
    const SMTP: &str = ", expect: \"^220 \"";
    let scripts = [
        ("open", Script::speak("", Then::Stay), "", "ok"),
        (
            "banner",
            Script::speak("220 mail.example ESMTP\r\n", Then::Stay),
            SMTP,
            "ok",
        ),
        (
            "other_banner",
            Script::speak("554 go away\r\n", Then::Stay),
            SMTP,
            "fail content_assertion",
        ),
        (
            "no_banner",
            Script::speak("", Then::Stay),
            SMTP,
            "fail tcp_timeout",
        ),
        (
            "shut",
            Script::speak("", Then::Close),
            SMTP,
            "fail tcp_closed",
        ),
        (
            "echo",
            Script::answer("PONG\r\n", Then::Stay),
            ", send: \"PING\\r\\n\", expect: PONG",
            "ok",
        ),
        (
            "reset",
            Script::answer("", Then::Reset),
            ", send: \"PING\\r\\n\", expect: PONG",
            "fail tcp_reset",
        ),
    ];
    let mut rows = vec![Row::new(
        "refused",
        format!("{{ tcp: {{ address: \"{DEAD}\" }} }}"),
        "fail tcp_refused",
    )];
    for (name, script, keys, expected) in scripts {
        let address = script.start().await;
        rows.push(Row::new(
            name,
            format!("{{ tcp: {{ address: \"{address}\"{keys} }} }}"),
            expected,
        ));
    }
    rows.push(Row::new(
        "mapped",
        "{ tcp: { address: \"chat.example:5222\" } }",
        "ok",
    ));
    judge(&World::healthy().await, rows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_handshakes() {
    let world = World::healthy().await;
    let faults = [
        ("fine", Fault::Healthy, "", "ok"),
        (
            "expired",
            Fault::Certificate(Flaw::Expired),
            "",
            "fail tls_cert_expired",
        ),
        (
            "lax",
            Fault::Certificate(Flaw::Expired),
            ", verify: false",
            "ok",
        ),
        (
            "early",
            Fault::Certificate(Flaw::NotYetValid),
            "",
            "fail tls_cert_not_yet_valid",
        ),
        (
            "wrong",
            Fault::Certificate(Flaw::WrongName),
            "",
            "fail tls_cert_name",
        ),
        (
            "renamed",
            Fault::Certificate(Flaw::None),
            ", server_name: other.example",
            "ok",
        ),
        (
            "untrusted",
            Fault::Certificate(Flaw::Untrusted),
            "",
            "fail tls_cert_untrusted",
        ),
        ("mute", Fault::Silence, "", "fail tls_timeout"),
        ("shut", Fault::Close, "", "fail tls_closed"),
        ("rst", Fault::Reset, "", "fail tls_reset"),
        ("ssh", Fault::Garbage, "", "fail tls_protocol"),
    ];
    let mut rows = Vec::new();
    for (name, fault, keys, expected) in faults {
        world.internet.fault(&format!("{name}.example"), fault);
        rows.push(Row::new(
            name,
            format!("{{ tls: {{ address: \"{name}.example:443\"{keys} }} }}"),
            expected,
        ));
    }
    rows.push(Row::new(
        "unproven",
        "{ tls: { address: \"untrusted.example:443\" }, trust: once_proven }",
        "fail tls_cert_untrusted",
    ));
    judge(&world, rows).await;
}

/// Certificate facts are there also when verification failed: that is when they are needed.
#[tokio::test(flavor = "multi_thread")]
async fn a_bad_certificate_is_still_read() {
    let world = World::healthy().await;
    world
        .internet
        .fault("expired.example", Fault::Certificate(Flaw::Expired));
    let rows = [Row::new(
        "expired",
        "{ http: { url: \"https://expired.example/\" } }",
        "fail tls_cert_expired",
    )];
    let exporter = world.exporter().with(&super::platform(&rows)).start().await;
    let family = "platform_probe_tls_not_after_timestamp_seconds";
    let page = exporter
        .wait_until(
            crate::support::exporter::SOON,
            "the facts are read",
            |page| page.value(family, &[]).is_some(),
        )
        .await;
    let seconds = |time: SystemTime| {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Some(since.as_secs() as f64)
    };
    let (from, to) = world.ca.validity(Flaw::Expired);
    assert_eq!(page.value(family, &[]), seconds(to));
    assert_eq!(
        page.value("platform_probe_tls_not_before_timestamp_seconds", &[]),
        seconds(from)
    );
    assert!(
        world.internet.requests("expired.example").is_empty(),
        "nothing is sent to a peer that is not proven"
    );
}

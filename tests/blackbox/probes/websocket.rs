//! WebSocket checks: the upgrade, plain messages, and WhatsApp's hello.

use super::{Row, judge};
use crate::support::World;
use crate::support::internet::{Answer, Fault};
use crate::support::raw::{Script, Then};

const ECHO: &str = ", send: \"hello\", expect: \"^hello$\"";
const NOISE: &str = ", protocol: whatsapp_noise";

#[tokio::test(flavor = "multi_thread")]
async fn upgrades_messages_and_greetings() {
    let world = World::healthy().await;
    let faults = [
        ("open", Fault::Healthy, "", "ok"),
        ("echo", Fault::Healthy, ECHO, "ok"),
        ("noise", Fault::Healthy, NOISE, "ok"),
        (
            "noise2",
            Fault::Healthy,
            ", protocol: whatsapp_noise, dict_version: 2",
            "ok",
        ),
        (
            "page",
            Fault::Answer(Answer::html(200, "hello")),
            "",
            "fail ws_upgrade",
        ),
        (
            "missing",
            Fault::Answer(Answer::text(404, "no")),
            "",
            "fail ws_upgrade",
        ),
        (
            "broken",
            Fault::Answer(Answer::text(503, "no")),
            "",
            "fail http_status_5xx or fail ws_upgrade",
        ),
        ("mute", Fault::ChatSilent, ECHO, "fail ws_timeout"),
        ("shut", Fault::ChatClosed, ECHO, "fail ws_closed"),
        ("odd", Fault::ChatGarbage, ECHO, "fail ws_protocol"),
        ("noise_mute", Fault::ChatSilent, NOISE, "fail ws_timeout"),
        ("noise_shut", Fault::ChatClosed, NOISE, "fail ws_closed"),
        ("noise_odd", Fault::ChatGarbage, NOISE, "fail ws_protocol"),
        ("hung", Fault::Hang, "", "fail http_headers_timeout"),
        ("rst", Fault::Reset, "", "fail tls_reset"),
    ];
    let mut rows = Vec::new();
    for (name, fault, keys, expected) in faults {
        let host = format!("{}.example", name.replace('_', "-"));
        world.internet.fault(&host, fault);
        rows.push(Row::new(
            name,
            format!("{{ websocket: {{ url: \"wss://{host}/ws/chat\"{keys} }} }}"),
            expected,
        ));
    }
    let liar = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n";
    let address = Script::answer(liar, Then::Stay).start().await;
    rows.push(Row::new(
        "liar",
        format!("{{ websocket: {{ url: \"ws://{address}/\" }} }}"),
        "fail ws_upgrade",
    ));
    rows.push(Row::new(
        "plain",
        format!("{{ websocket: {{ url: \"ws://plain.example/\"{ECHO} }} }}"),
        "ok",
    ));
    rows.push(Row::new(
        "unproven",
        "{ websocket: { url: \"wss://page.example/ws\" }, trust: once_proven }",
        "degraded ws_upgrade",
    ));
    judge(&world, rows).await;
    assert_eq!(
        world.internet.requests("open.example")[0].version,
        hyper::Version::HTTP_11
    );
}

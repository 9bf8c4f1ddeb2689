//! What the program runs on: defaults, values, secrets.

use std::time::Duration;

use super::{bad, good, with_check};
use crate::config::{
    BodyMatch, Check, CredentialSource, Depth, DownWhen, Impact, Kind, ProxyKind, Secret,
    StatusMatch, Trust, WsProtocol,
};
use crate::probe::failure::{Class, Reason};

fn check(text: &str) -> Check {
    good(&with_check(text))
        .platforms
        .remove(0)
        .components
        .remove(0)
        .checks
        .remove(0)
}

#[test]
fn nothing_said_means_the_defaults() {
    let config = good("");
    assert_eq!(config.vantage, "local");
    assert_eq!(
        config.user_agent,
        concat!("platform_exporter/", env!("CARGO_PKG_VERSION"))
    );
    assert!(!config.network.allow_private);
    assert!(config.network.resolvers.is_empty() && config.network.proxy.is_none());
    let names: Vec<_> = config
        .controls
        .targets
        .iter()
        .map(|control| &*control.name)
        .collect();
    let expected = [
        "tls one.one.one.one:443",
        "tls dns.quad9.net:443",
        "tls dns.google:443",
        "dns example.com A",
    ];
    assert_eq!(names, expected);
    assert_eq!(config.controls.quorum, 3);
    assert_eq!(config.controls.interval, Duration::from_secs(30));
    assert_eq!(config.controls.spacing, Duration::from_secs(1));
    assert_eq!(
        config.controls.targets[0].check.timeout,
        Duration::from_secs(5)
    );

    let check = check("http: { url: 'https://acme.example' }");
    let seconds = [check.interval, check.timeout, check.recheck].map(|d| d.as_secs());
    assert_eq!((seconds, check.fall, check.rise), ([30, 5, 10], 3, 2));
    assert_eq!(
        (check.depth, check.trust, check.block_signs),
        (Depth::App, Trust::Always, false)
    );
    let Kind::Http(http) = check.kind else {
        panic!()
    };
    assert_eq!(
        (http.url.as_str(), http.method.as_str()),
        ("https://acme.example/", "GET")
    );
    assert_eq!((http.max_redirects, http.body_limit), (3, 1 << 20));
    assert!(
        http.headers.is_empty() && http.body.is_none() && http.version.is_none() && http.tls.verify
    );

    let config = good(&with_check("dns: { name: a }"));
    let platform = &config.platforms[0];
    assert_eq!(
        [&platform.title, &platform.operator, &platform.team],
        ["acme", "acme", ""]
    );
    let api = &platform.components[0];
    assert_eq!(
        (api.impact, api.down_when, api.tolerate),
        (Impact::Outage, DownWhen::All, 0)
    );
    assert_eq!(api.checks[0].depth, Depth::Edge);
}

#[test]
fn everything_said_arrives() {
    let text = "\
vantage: dhaka-1
contact: https://acme.example/probes
defaults: { interval: 1m30s, timeout: 1.5s, recheck: 20s, fall: 4, rise: 1 }
network:
  resolvers: ['1.1.1.1:53', 9.9.9.9, '[2001:db8::1]:5353']
  ca_file: /dev/null
  source_address: 192.0.2.10
  allow_private: true
  proxy: socks5h://me:p%40ss@127.0.0.1
  connect_to: { 'WWW.acme.example:443': '127.0.0.1:8443', ':80': '[::1]:8080', 'a:': 'b:1' }
  max_in_flight: 7
controls: { targets: [{ tcp: '192.0.2.1:443' }, { dns: { name: example.org, type: AAAA, server: 9.9.9.9 } }] }
credentials: { faces_token: { env: SECRET } }
platforms: { faces: {} }
";
    let config = good(text);
    assert_eq!(config.vantage, "dhaka-1");
    assert!(
        config
            .user_agent
            .ends_with(" (+https://acme.example/probes)")
    );
    let resolvers: Vec<_> = config
        .network
        .resolvers
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        resolvers,
        ["1.1.1.1:53", "9.9.9.9:53", "[2001:db8::1]:5353"]
    );
    let proxy = config.network.proxy.as_ref().unwrap();
    assert_eq!(
        (proxy.kind, proxy.address.to_string()),
        (ProxyKind::Socks5, "127.0.0.1:1080".into())
    );
    assert_eq!(proxy.login, Some(("me".into(), Secret("p@ss".into()))));
    let rewrites: Vec<_> = config
        .network
        .connect_to
        .iter()
        .map(|c| (c.host.clone(), c.port, c.to.to_string()))
        .collect();
    let expected = [
        (
            Some("www.acme.example".into()),
            Some(443),
            "127.0.0.1:8443".into(),
        ),
        (None, Some(80), "[::1]:8080".into()),
        (Some("a".into()), None, "b:1".to_owned()),
    ];
    assert_eq!(rewrites, expected);
    assert_eq!(config.network.max_in_flight, Some(7));
    let names: Vec<_> = config
        .controls
        .targets
        .iter()
        .map(|control| &*control.name)
        .collect();
    assert_eq!(
        names,
        ["tcp 192.0.2.1:443", "dns example.org AAAA @9.9.9.9:53"]
    );
    assert_eq!(
        (config.controls.quorum, config.controls.spacing),
        (2, Duration::from_secs(2))
    );
    let front = &config.platforms[0].components[0].checks[0];
    assert_eq!(
        (front.interval, front.timeout),
        (Duration::from_secs(90), Duration::from_millis(1500))
    );
    assert_eq!(
        (front.recheck, front.fall, front.rise),
        (Duration::from_secs(20), 4, 1)
    );
    let session = &config.platforms[0].components[0].checks[1];
    let credential = session.credential.as_ref().unwrap();
    assert_eq!(
        credential.source,
        CredentialSource::Value(Secret("hunter2".into()))
    );
    assert_eq!(session.off, None);
}

#[test]
fn an_inherited_pace_bends_to_a_shorter_interval() {
    let check = check("interval: 2s\ndns: { name: a }");
    assert_eq!(
        (check.timeout, check.recheck),
        (Duration::from_secs(2), Duration::from_secs(2))
    );
}

#[test]
fn rules_arrive() {
    let check = check(
        "\
http: { url: 'https://a/' }
rules:
- { status: [200, 5xx], header: { Server: ^x }, redirect_to: /login, slower_than: 2s, verdict: degraded, reason: http_status_other }
- { status: 5xx, json: { /a~1b: [1, null, x] }, verdict: blocked }
- { body: { contains: '$${x}' }, verdict: fail }
- { body: { regex: '(?-u)\\xFF' }, verdict: ok }
- { verdict: local }",
    );
    let [first, second, third, fourth, last] = check.rules.as_slice() else {
        panic!()
    };
    assert_eq!(
        first.status,
        Some(vec![StatusMatch::Exact(200), StatusMatch::Hundred(5)])
    );
    assert_eq!(first.headers[0].0, "server");
    assert!(
        first
            .redirect_to
            .as_ref()
            .unwrap()
            .is_match("https://a/login")
    );
    assert_eq!(first.slower_than, Some(Duration::from_secs(2)));
    assert_eq!(
        (first.verdict, first.reason),
        (Class::Degraded, Some(Reason::HttpStatusOther))
    );
    assert_eq!(second.status, Some(vec![StatusMatch::Hundred(5)]));
    assert_eq!(
        second.json,
        [(
            "/a~1b".to_owned(),
            vec![1.into(), serde_json::Value::Null, "x".into()]
        )]
    );
    assert!(matches!(&third.body, Some(BodyMatch::Contains(text)) if text == "${x}"));
    assert!(matches!(&fourth.body, Some(BodyMatch::Matches(regex)) if regex.is_match(b"\xFF")));
    assert_eq!(last.verdict, Class::Local);
}

#[test]
fn each_kind_arrives() {
    let Kind::Tcp(tcp) =
        check("tcp: { address: 'Mail.acme.example.:25', send: \"HELO\\r\\n\", expect: ^220 }").kind
    else {
        panic!()
    };
    assert_eq!(
        (tcp.address.to_string(), tcp.send.unwrap()),
        ("mail.acme.example:25".into(), "HELO\r\n".into())
    );
    let Kind::Tls(tls) =
        check("tls: { address: '[2001:DB8::1]:443', server_name: acme.example, verify: false }")
            .kind
    else {
        panic!()
    };
    assert_eq!(
        (tls.address.to_string(), tls.tls.verify),
        ("[2001:db8::1]:443".into(), false)
    );
    let Kind::Dns(dns) =
        check("dns: { name: acme.example., type: TXT, server: 9.9.9.9, rcode: NXDOMAIN }").kind
    else {
        panic!()
    };
    assert_eq!(
        format!("{} {} {}", dns.name, dns.record_type, dns.rcode),
        "acme.example. TXT Non-Existent Domain"
    );
    let Kind::Websocket(ws) =
        check("websocket: { url: 'wss://a/ws', protocol: whatsapp_noise, subprotocol: binary }")
            .kind
    else {
        panic!()
    };
    assert!(matches!(
        ws.protocol,
        WsProtocol::WhatsappNoise { dict_version: 3 }
    ));
    assert_eq!(ws.subprotocol.as_deref(), Some("binary"));
    let Kind::Websocket(ws) =
        check("websocket: { url: 'ws://a/ws', send: hi, expect: ^hello }").kind
    else {
        panic!()
    };
    assert!(matches!(
        ws.protocol,
        WsProtocol::Plain {
            send: Some(_),
            expect: Some(_)
        }
    ));
}

#[test]
fn aliases_and_merge_keys_work() {
    let text = "\
platforms:
  acme:
    components:
      api:
        checks:
          a: &base { interval: 1m, http: &http { url: 'https://a/', method: HEAD } }
          b: { <<: *base, fall: 7 }
          c: { <<: [{ rise: 5 }, *base], http: { <<: *http, url: 'https://c/' } }
";
    let config = good(text);
    let [a, b, c] = config.platforms[0].components[0].checks.as_slice() else {
        panic!()
    };
    assert_eq!(
        (a.fall, b.fall, b.kind.target()),
        (3, 7, "https://a/".to_owned())
    );
    assert_eq!(
        (c.rise, c.interval.as_secs(), c.kind.target()),
        (5, 60, "https://c/".to_owned())
    );
}

#[test]
fn json_is_yaml() {
    let text = "{\n\t\"vantage\": \"a\\/b \\ud83d\\ude00\",\n\t\"platforms\": {\"acme\": {\"components\": {\"api\": {\"checks\": {\"me\": {\"dns\": {\"name\": \"a\"}}}}}}}\n}";
    let config = good(text);
    assert_eq!(config.vantage, "a/b 😀");
    assert_eq!(config.platforms.len(), 1);
    let long = format!("{{\"vantage\":\"{}\",\"platforms\":{{}}}}", "x".repeat(150));
    assert_eq!(good(&long).vantage.len(), 150);
}

#[test]
fn a_changed_definition_changes_its_hash_and_nothing_else_does() {
    let base = "http: { url: 'https://${HOST}/', headers: { a: b, c: '${SECRET}' } }\nrules: [{ status: [200], verdict: ok }]";
    let hash = check(base).definition;
    assert_eq!(
        check(&format!("{base}\ninterval: 1m\nfall: 9\nevidence: seen")).definition,
        hash
    );
    let other_order = "rules:\n- verdict: ok\n  status: [200]\nhttp: { headers: { c: '${SECRET}', a: b }, url: 'https://${HOST}/' }";
    assert_eq!(check(other_order).definition, hash);
    for (from, to) in [
        ("HOST", "SECRET"),
        ("a: b", "a: c"),
        ("200", "204"),
        ("rules", "depth: parser\nrules"),
        ("rules", "block_signs: true\nrules"),
    ] {
        assert_ne!(
            check(&base.replace(from, to)).definition,
            hash,
            "{from} → {to}"
        );
    }
    // Kept on disk: a new release must not lose proofs.
    assert_eq!(
        check("dns: { name: acme.example }").definition,
        5_741_960_338_060_373_311
    );
}

#[test]
fn a_credential_of_ones_own_arrives() {
    let own = with_check("http: { url: 'https://a/' }\ncredential: mine");
    let config = good(&format!(
        "credentials: {{ mine: {{ file: /dev/null }} }}\n{own}"
    ));
    let check = &config.platforms[0].components[0].checks[0];
    let source = check
        .credential
        .as_ref()
        .map(|credential| credential.source.clone());
    assert_eq!(source, Some(CredentialSource::File("/dev/null".into())));
    assert_eq!(check.off, None);
}

#[test]
fn secrets_are_never_printed() {
    let text = "\
network: { proxy: 'http://u:${SECRET}@127.0.0.1:3128' }
credentials: { faces_token: { env: SECRET } }
platforms:
  faces: {}
  acme:
    components:
      api:
        checks:
          a: { http: { url: 'https://u:${SECRET}@a/?t=${SECRET}', body: '${SECRET}', headers: { authorization: 'Bearer ${SECRET}', x-a: '${SECRET}', cookie: hunter2, accept: text/html } } }
          b: { tcp: { address: 'a:1', send: '${SECRET}' } }
          c: { websocket: { url: 'wss://u:${SECRET}@a/?t=${SECRET}', send: '${SECRET}', headers: { x-a: '${SECRET}' } } }
";
    let config = good(text);
    let shown = format!("{config:?} {config:#?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    let Kind::Http(http) = &config.platforms[1].components[0].checks[0].kind else {
        panic!()
    };
    assert_eq!(http.url.password(), Some("hunter2"));
    assert_eq!(http.headers["x-a"], "hunter2");
    let sensitive =
        ["authorization", "x-a", "cookie", "accept"].map(|name| http.headers[name].is_sensitive());
    assert_eq!(sensitive, [true, true, true, false]);

    let wrong = text
        .replace("SECRET", "BROKEN")
        .replace("a/?t", "a b/?t")
        .replace("env: BROKEN", "env: SECRET");
    let errors = bad(&wrong);
    assert!(errors.lines().count() >= 2, "{errors}");
    assert!(!errors.contains("hunter2"), "{errors}");
    for value in [
        "interval: ${BROKEN}",
        "evidence: [ '${BROKEN}' ]",
        "credential: '${BROKEN}'",
        "depth: '${SECRET}'",
    ] {
        let errors = bad(&with_check(&format!(
            "dns: {{ name: '${{BROKEN}}', answer: '${{BROKEN}}' }}\n{value}"
        )));
        assert!(!errors.contains("hunter2"), "{errors}");
    }
}

//! Every mistake has its line, and all of them are told at once.

use super::{bad, good, with_check};

/// Mistakes in a whole file: text, and every line that is said of it.
const FILES: &[(&str, &str)] = &[
    ("vantage: [", "config.yml:1:10: not valid YAML: unclosed bracket '['"),
    ("- a\n", "config.yml:1:1: expected a mapping, found a list"),
    ("a: &x 1\n---\nb: 2\n", "config.yml:2:1: a second document begins: there can be only one"),
    ("vantage: a\nvantage: b\n", "config.yml:2:1: vantage: given twice; first at 1:1"),
    (
        "network: { allow_private: true, allow_private: false }\n",
        "config.yml:1:33: network.allow_private: given twice; first at 1:12",
    ),
    ("vantge: a\n", "config.yml:1:1: vantge: unknown key; did you mean `vantage`?"),
    (
        "colour: a\n",
        "config.yml:1:1: colour: unknown key; known are vantage, contact, defaults, network, controls, respect_robots, credentials, platforms",
    ),
    ("\"new\\nline\": a\n", "config.yml:1:1: [\"new\\nline\"]: unknown key; known are vantage, contact, defaults, network, controls, respect_robots, credentials, platforms"),
    ("vantage: drill\n", "config.yml:1:10: vantage: kept for drills: the alerts of this exporter would be taken for those of an exercise"),
    ("vantage: 5\n", "config.yml:1:10: vantage: expected a text of one line, found the number 5; put it in quotes"),
    ("vantage: ''\n", "config.yml:1:10: vantage: expected one line of 1 to 200 characters"),
    ("contact: a b\n", "config.yml:1:10: contact: expected a URL or mail address of ASCII characters without spaces and parentheses"),
    ("respect_robots: yes\n", "config.yml:1:17: respect_robots: expected true or false, found text"),
    (
        "defaults: { interval: 5 }\n",
        "config.yml:1:23: defaults.interval: 5 has no unit; write 5s for seconds, or the like of 500ms, 1m30s",
    ),
    (
        "defaults: { interval: '5' }\n",
        "config.yml:1:23: defaults.interval: 5 has no unit; write 5s for seconds, or the like of 500ms, 1m30s",
    ),
    (
        "defaults: { interval: 5x }\n",
        "config.yml:1:23: defaults.interval: `5x` is not a duration: write it like 5s, 500ms or 1m30s",
    ),
    ("defaults: { interval: '1 .5s' }\n", "config.yml:1:23: defaults.interval: not a duration such as 5s, 500ms or 1m30s"),
    (
        "defaults: { interval: 0s }\n",
        "config.yml:1:23: defaults.interval: `0s` is out of range: a duration is from 1ms to 1 day",
    ),
    (
        "defaults: { interval: 25h }\n",
        "config.yml:1:23: defaults.interval: `25h` is out of range: a duration is from 1ms to 1 day",
    ),
    ("defaults: { interval: [1s] }\n", "config.yml:1:23: defaults.interval: expected a duration such as 5s, 500ms or 1m30s, found a list"),
    ("defaults: { timeout: 31s }\n", "config.yml:1:22: defaults.timeout: 31s is longer than the interval of 30s"),
    ("defaults: { interval: 5s, recheck: 6s }\n", "config.yml:1:36: defaults.recheck: 6s is longer than the interval of 5s"),
    // What the interval is cannot be known here.
    ("defaults: { interval: 60, timeout: 40s }\n", "config.yml:1:23: defaults.interval: 60 has no unit; write 60s for seconds, or the like of 500ms, 1m30s"),
    ("defaults: { fall: 0 }\n", "config.yml:1:19: defaults.fall: 0 is out of range: at least 1"),
    ("defaults: { rise: 1001 }\n", "config.yml:1:19: defaults.rise: 1001 is out of range: at most 1000"),
    ("defaults: { fall: 1.5 }\n", "config.yml:1:19: defaults.fall: expected a whole number, found the number 1.5"),
    ("defaults: { fall: -1 }\n", "config.yml:1:19: defaults.fall: -1 is out of range: at least 1"),
    ("defaults: { fall: 99999999999999999999 }\n", "config.yml:1:19: defaults.fall: expected a whole number, found the number 1e+20"),
    ("network: { resolvers: [one] }\n", "config.yml:1:24: network.resolvers[0]: `one` is not the address of a resolver: write 192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53"),
    ("network: { source_address: host }\n", "config.yml:1:28: network.source_address: `host` is not an IP address"),
    ("network: { proxy: socks4://u:hunter2@h }\n", "config.yml:1:19: network.proxy: the scheme `socks4` does not fit: write http://host:port or socks5h://host:port"),
    ("network: { connect_to: { ':': 'a:1' } }\n", "config.yml:1:26: network.connect_to[\":\"]: `:` is not host:port, :port or host:"),
    ("network: { connect_to: { 'a:1': 'b' } }\n", "config.yml:1:33: network.connect_to[\"a:1\"]: `b` is not an address: write host:port, with an IPv6 host in brackets"),
    ("network: { max_in_flight: 0 }\n", "config.yml:1:27: network.max_in_flight: 0 is out of range: at least 1"),
    ("network: { ca_file: /nowhere/ca.pem }\n", "config.yml:1:21: network.ca_file: cannot read /nowhere/ca.pem: No such file or directory (os error 2)"),
    ("controls: { quorum: 5 }\n", "config.yml:1:21: controls.quorum: 5 is out of range: from 1 to the number of targets, here 4"),
    ("controls: { quorum: 0, targets: [{ tls: 'a:1' }] }\n", "config.yml:1:21: controls.quorum: 0 is out of range: from 1 to the number of targets, here 1"),
    ("controls: { targets: [{}] }\n", "config.yml:1:23: controls.targets[0]: needs one of tls, tcp, dns"),
    ("controls: { targets: [{ tls: 'a:1', tcp: 'a:1' }] }\n", "config.yml:1:37: controls.targets[0].tcp: beside tls: there can be only one of tls, tcp, dns"),
    ("controls: { targets: [{ tls: 'a:1' }, { tls: 'a:1' }] }\n", "config.yml:1:39: controls.targets[1]: the same target stands above"),
    ("controls: { targets: [{ tls: 'a' }, { dns: {} }] }\n", "\
config.yml:1:30: controls.targets[0].tls: `a` is not an address: write host:port, with an IPv6 host in brackets
config.yml:1:39: controls.targets[1].dns: the key `name` is missing"),
    ("credentials: { faces_tokn: { env: SECRET } }\n", "config.yml:1:16: credentials.faces_tokn: no check names this credential; did you mean `faces_token`?"),
    ("credentials: { faces_token: hunter2 }\n", "config.yml:1:29: credentials.faces_token: expected a mapping, found text"),
    ("credentials: { faces_token: { env: UNSET } }\n", "config.yml:1:36: credentials.faces_token.env: the environment variable UNSET is not set"),
    ("credentials: { faces_token: { env: SECRET, file: a } }\n", "config.yml:1:44: credentials.faces_token.file: beside env: there can be only one of file, env"),
    ("credentials: { faces_token: { env: $SECRET } }\n", "config.yml:1:36: credentials.faces_token.env: not the name of an environment variable: write it without $ and braces"),
    ("platforms: { Acme: {} }\n", "config.yml:1:14: platforms.Acme: the name `Acme` may only have a-z, 0-9 and _"),
    ("platforms: { face: {} }\n", "config.yml:1:14: platforms.face: has no components, and the catalogue has none for it; did you mean `faces`?"),
    ("platforms: { acme: }\n", "config.yml:1:14: platforms.acme: has no components, and the catalogue has none for it"),
    ("platforms: { acme: { components: { web: {} } } }\n", "config.yml:1:36: platforms.acme.components.web: has no checks"),
    ("platforms: { faces: { off_reason: tired } }\n", "config.yml:1:23: platforms.faces.off_reason: only together with `enabled: false`"),
    ("platforms: { acme: { components: web } }\n", "config.yml:1:34: platforms.acme.components: expected a mapping, found text"),
    ("vantage: ${UNSET}\n", "config.yml:1:10: vantage: the environment variable UNSET is not set"),
    ("vantage: ${\n", "config.yml:1:10: vantage: `${` without the name of a variable and `}`; for the characters themselves write `$${`"),
    ("vantage: !vault a\n", "config.yml:1:17: the tag !vault has no meaning here"),
    ("vantage: *a\n", "config.yml:1:10: not valid YAML: while parsing node, found unknown anchor"),
    ("{{ a }}: b\n", "config.yml:1:1: a key must be text; a value that begins with { or [ needs quotes"),
];

#[test]
fn each_mistake_in_a_file_has_its_line() {
    for (text, expected) in FILES {
        assert_eq!(&bad(text), expected, "in:\n{text}");
    }
}

/// Mistakes in a check, whose text begins at 7:11. The path up to the check is left out.
const CHECKS: &[(&str, &str)] = &[
    (
        "interval: 1m",
        "6:10 : needs one of http, tcp, tls, dns, websocket",
    ),
    (
        "http: { url: 'https://a/' }\ntcp: { address: 'a:1' }",
        "8:11 .tcp: beside http: there can be only one of http, tcp, tls, dns, websocket",
    ),
    ("http: {}", "7:11 .http: the key `url` is missing"),
    (
        "http: { url: '' }",
        "7:24 .http.url: not a URL: begin with http:// or https://",
    ),
    (
        "http: { url: 'ftp://u:hunter2@a/' }",
        "7:24 .http.url: the scheme `ftp` does not fit: begin with http:// or https://",
    ),
    (
        "http: { url: 'https://u:hunter2@a:b/' }",
        "7:24 .http.url: not a URL: invalid port number",
    ),
    (
        "websocket: { url: 'https://a/' }",
        "7:29 .websocket.url: the scheme `https` does not fit: begin with ws:// or wss://",
    ),
    (
        "http: { url: 'https://${BROKEN}/' }",
        "7:24 .http.url: `https://${BROKEN}/` is not a URL such as https://host/path once expanded",
    ),
    (
        "http: { url: 'https://a/${SECRET}' }",
        "7:24 .http.url: a variable in the path would be shown in labels; put secrets into headers, the query or user:password@",
    ),
    (
        "http: { url: 'https://a/', method: get }",
        "7:46 .http.method: expected one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, found `get`",
    ),
    (
        "http: { url: 'https://a/', method: GETT }",
        "7:46 .http.method: expected one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, found `GETT`; did you mean `GET`?",
    ),
    (
        "http: { url: 'https://a/', headers: { 'a b': c } }",
        "7:49 .http.headers[\"a b\"]: `a b` is not the name of a header",
    ),
    (
        "http: { url: 'https://a/', headers: { a: \"hunter2\\n\" } }",
        "7:52 .http.headers.a: a header's value has no line breaks or other control characters",
    ),
    (
        "http: { url: 'https://a/', headers: { a: 1 } }",
        "7:52 .http.headers.a: expected the value of a header, found the number 1; put it in quotes",
    ),
    (
        "http: { url: 'https://a/', headers: { a: b, A: c } }",
        "7:55 .http.headers.A: the same header stands above in other letters",
    ),
    (
        "http: { url: 'https://a/', version: 2 }",
        "7:47 .http.version: expected one of 1.1, 2, found the number 2; put it in quotes",
    ),
    (
        "http: { url: 'https://a/', max_redirects: 21 }",
        "7:53 .http.max_redirects: 21 is out of range: at most 20",
    ),
    (
        "http: { url: 'https://a/', body_limit: 17MiB }",
        "7:50 .http.body_limit: `17MiB` is out of range: a size is from 1 to 16MiB",
    ),
    (
        "http: { url: 'https://a/', body_limit: 64k }",
        "7:50 .http.body_limit: `64k` is not a size: write it like 4096, 64KiB or 1MiB",
    ),
    (
        "http: { url: 'http://a/', tls: { verify: false } }",
        "7:37 .http.tls: the URL's scheme has no TLS",
    ),
    (
        "http: { url: 'https://a/', tls: { cert_file: /dev/null } }",
        "7:45 .http.tls.cert_file: only together with `key_file`",
    ),
    (
        "tls: { address: 'a:1', ca_file: gone.pem }",
        "7:43 .tls.ca_file: cannot read gone.pem: No such file or directory (os error 2)",
    ),
    (
        "tls: { address: 'a:0' }",
        "7:27 .tls.address: `a:0` is not an address: write host:port, with an IPv6 host in brackets",
    ),
    (
        "tls: { address: '::1:443' }",
        "7:27 .tls.address: `::1:443` is not an address: write host:port, with an IPv6 host in brackets",
    ),
    (
        "tls: { address: 'a:1', server_name: 'a b' }",
        "7:47 .tls.server_name: `a b` is not a host name or IP address",
    ),
    (
        "tcp: { address: 'a:1', expect: '(' }",
        "7:42 .tcp.expect: bad regular expression: unclosed group",
    ),
    ("dns: { type: A }", "7:11 .dns: the key `name` is missing"),
    (
        "dns: { name: 'a b' }",
        "7:24 .dns.name: `a b` is not a domain name",
    ),
    (
        "dns: { name: a, type: AAA }",
        "7:33 .dns.type: expected one of A, AAAA, CAA, CNAME, HTTPS, MX, NS, PTR, SOA, SRV, SVCB, TXT, found `AAA`; did you mean `AAAA`?",
    ),
    (
        "dns: { name: a, rcode: NXDOMAIN, answer: b }",
        "7:44 .dns.answer: an answer with NXDOMAIN has no records",
    ),
    (
        "websocket: { url: 'wss://a/', protocol: whatsapp_noise, send: a }",
        "7:67 .websocket.send: not together with `protocol`",
    ),
    (
        "websocket: { url: 'wss://a/', dict_version: 3 }",
        "7:41 .websocket.dict_version: only with `protocol: whatsapp_noise`",
    ),
    (
        "dns: { name: a }\ncredential: tok",
        "8:11 .credential: only http and websocket checks send a credential\nconfig.yml:8:23: platforms.acme.components.api.checks.me.credential: there is no tok under credentials",
    ),
    (
        "dns: { name: a }\ntimeout: 1m",
        "8:20 .timeout: 1m is longer than the interval of 30s",
    ),
    (
        "dns: { name: a }\ninterval: 5s\nrecheck: 10s",
        "9:20 .recheck: 10s is longer than the interval of 5s",
    ),
    (
        "dns: { name: a }\ndepth: deep",
        "8:18 .depth: expected one of edge, parser, app, session, content, found `deep`",
    ),
    (
        "dns: { name: a }\ntrust: alwys",
        "8:18 .trust: expected one of once_proven, always, found `alwys`; did you mean `always`?",
    ),
    (
        "dns: { name: a }\ninterval: ${UNSET}",
        "8:21 .interval: the environment variable UNSET is not set",
    ),
];

#[test]
fn each_mistake_in_a_check_has_its_line() {
    for (text, expected) in CHECKS {
        assert_lines(text, expected);
    }
}

/// Mistakes in the rules of an HTTP check; the first rule's item begins at 9:13.
const RULES: &[(&str, &str)] = &[
    ("- {}", "9:13 .rules[0]: the key `verdict` is missing"),
    (
        "- { verdict: bad }",
        "9:24 .rules[0].verdict: expected one of ok, degraded, fail, blocked, local, found `bad`",
    ),
    (
        "- { verdict: fail, status: [99] }",
        "9:39 .rules[0].status[0]: `99` is not a status: write 100 to 999, or a class from 1xx to 9xx",
    ),
    (
        "- { verdict: fail, status: [200, 0xx] }",
        "9:44 .rules[0].status[1]: `0xx` is not a status: write 100 to 999, or a class from 1xx to 9xx",
    ),
    (
        "- { verdict: fail, status: all }",
        "9:38 .rules[0].status: `all` is not a status: write 100 to 999, or a class from 1xx to 9xx",
    ),
    (
        "- { verdict: fail, status: [] }",
        "9:38 .rules[0].status: an empty list matches nothing",
    ),
    (
        "- { verdict: fail, header: { server: '[' } }",
        "9:48 .rules[0].header.server: bad regular expression: unclosed character class",
    ),
    (
        "- { verdict: fail, body: {} }",
        "9:30 .rules[0].body: needs one of contains, regex",
    ),
    (
        "- { verdict: fail, body: { contains: a, regex: b } }",
        "9:51 .rules[0].body.regex: beside contains: there can be only one of contains, regex",
    ),
    (
        "- { verdict: fail, body: { contains: '' } }",
        "9:48 .rules[0].body.contains: every body contains the empty text",
    ),
    (
        "- { verdict: fail, json: { error: [1] } }",
        "9:38 .rules[0].json.error: `error` is not a JSON Pointer: it begins with / and writes ~ as ~0",
    ),
    (
        "- { verdict: fail, json: { /a~2: [1] } }",
        "9:38 .rules[0].json[\"/a~2\"]: `/a~2` is not a JSON Pointer: it begins with / and writes ~ as ~0",
    ),
    (
        "- { verdict: fail, json: { /error: 1 } }",
        "9:46 .rules[0].json[\"/error\"]: expected a list, found the number 1",
    ),
    (
        "- { verdict: fail, json: { /error: [] } }",
        "9:46 .rules[0].json[\"/error\"]: an empty list matches nothing",
    ),
    (
        "- { verdict: fail, slower_than: 3 }",
        "9:43 .rules[0].slower_than: 3 has no unit; write 3s for seconds, or the like of 500ms, 1m30s",
    ),
    (
        "- { verdict: ok, status: [200], reason: http_status_4xx }",
        "9:51 .rules[0].reason: a rule with verdict ok has no reason but ok",
    ),
    (
        "- { verdict: blocked, status: [200], reason: http_status_4xx }",
        "9:56 .rules[0].reason: the reason of a blocked result begins with blocked_",
    ),
    (
        "- { verdict: local, status: [200], reason: blocked_login }",
        "9:54 .rules[0].reason: the reason of a local result begins with local_",
    ),
    (
        "- { verdict: fail, status: [200], reason: tcp_refused }",
        "9:53 .rules[0].reason: a rule reads an answer: its reason begins with http_, ws_ or content_",
    ),
    (
        "- { verdict: fail }\n- { verdict: ok }",
        "10:13 .rules[1]: never reached: rules[0] has no condition",
    ),
    (
        "- 5\n- { verdict: ok, reason: local_clock }",
        "9:13 .rules[0]: expected a mapping, found the number 5\nconfig.yml:10:36: platforms.acme.components.api.checks.me.rules[1].reason: a rule with verdict ok has no reason but ok",
    ),
];

#[test]
fn each_mistake_in_a_rule_has_its_line() {
    for (text, expected) in RULES {
        assert_lines(
            &format!("http: {{ url: 'https://a/' }}\nrules:\n{text}"),
            expected,
        );
    }
}

/// `expected`: place, then what follows the path of the check; further lines in full.
fn assert_lines(check: &str, expected: &str) {
    let (place, rest) = expected.split_once(' ').unwrap();
    let path = "platforms.acme.components.api.checks.me";
    let expected = format!("config.yml:{place}: {path}{rest}");
    assert_eq!(bad(&with_check(check)), expected, "in:\n{check}");
}

#[test]
fn a_reason_out_of_the_list_is_an_error() {
    let text = with_check(
        "http: { url: 'https://a/' }\nrules:\n- { verdict: fail, reason: content_marker_mising }",
    );
    let error = bad(&text);
    assert!(
        error.contains("rules[0].reason: expected one of ok, local_offline, "),
        "{error}"
    );
    assert!(
        error.ends_with("; did you mean `content_marker_missing`?"),
        "{error}"
    );
}

#[test]
fn rules_of_other_kinds_know_only_the_time() {
    good(&with_check(
        "dns: { name: a }\nrules: [{ slower_than: 1s, verdict: degraded }]",
    ));
    assert_lines(
        "dns: { name: a }\nrules: [{ status: [200], verdict: ok }]",
        "8:21 .rules[0].status: a dns check has no such answer; its rules know only slower_than",
    );
}

#[test]
fn five_mistakes_are_told_at_once() {
    let text = "\
defaults:
  interval: 30s
  tiemout: 5s
platforms:
  acme:
    components:
      api:
        impact: outage
        checks:
          me:
            interval: 5
            fall: many
            http: { url: 'https://acme.example/' }
            tcp: { address: 'acme.example:443' }
          you:
            timeout: 1h
            http: { url: 'https://acme.example/' }
";
    let expected = "\
config.yml:3:3: defaults.tiemout: unknown key; did you mean `timeout`?
config.yml:11:23: platforms.acme.components.api.checks.me.interval: 5 has no unit; write 5s for seconds, or the like of 500ms, 1m30s
config.yml:12:19: platforms.acme.components.api.checks.me.fall: expected a whole number, found text
config.yml:14:13: platforms.acme.components.api.checks.me.tcp: beside http: there can be only one of http, tcp, tls, dns, websocket
config.yml:16:22: platforms.acme.components.api.checks.you.timeout: 1h is longer than the interval of 30s";
    assert_eq!(bad(text), expected);
}

#[test]
fn a_mistake_in_the_catalogue_points_into_its_file() {
    let catalogue = [("faces.yaml", "platforms:\n  faces:\n    colour: blue\n")];
    let user = "platforms: { faces: { components: { web: { checks: { a: { dns: {} } } } } } }";
    let errors = super::parse_with("config.yml", user, &catalogue, &super::lookup).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "config.yml:1:59: platforms.faces.components.web.checks.a.dns: the key `name` is missing\n\
         faces.yaml:3:5: platforms.faces.colour: unknown key; known are title, operator, team, page, enabled, off_reason, components"
    );
}

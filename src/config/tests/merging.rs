//! The user's file over the catalogue.

use super::{bad, good};
use crate::config::{Check, Config, Kind, Trust};

/// The configuration as text: `platform(off)/component/check(off)` …
fn outline(config: &Config) -> String {
    let off = |off: &Option<String>| {
        off.as_ref()
            .map(|why| format!("({why})"))
            .unwrap_or_default()
    };
    let mut lines = Vec::new();
    for platform in &config.platforms {
        for component in &platform.components {
            for check in &component.checks {
                lines.push(format!(
                    "{}{} {}{} {}{}",
                    platform.name,
                    off(&platform.off),
                    component.name,
                    off(&component.off),
                    check.id.check,
                    off(&check.off)
                ));
            }
        }
    }
    lines.join("\n")
}

fn check(text: &str, path: &str) -> Check {
    let config = good(text);
    let checks = config
        .platforms
        .into_iter()
        .flat_map(|p| p.components)
        .flat_map(|c| c.checks);
    checks
        .into_iter()
        .find(|check| check.id.to_string() == path)
        .unwrap()
}

const FACES: &str = "\
faces web front
faces web session(needs the credential faces_token)
faces chat socket(not yet seen)";

#[test]
fn what_is_named_is_what_is_watched() {
    let cases = [
        ("", format!("{FACES}\nbirds(ready to switch on) web front")),
        (
            "# nothing yet\n",
            format!("{FACES}\nbirds(ready to switch on) web front"),
        ),
        (
            "platforms:\n",
            format!("{FACES}\nbirds(ready to switch on) web front"),
        ),
        ("platforms: {}", String::new()),
        ("platforms: { faces: {} }", FACES.into()),
        ("platforms: { faces: }", FACES.into()),
        ("platforms: { birds: {} }", "birds web front".into()),
        (
            "platforms: { birds: { enabled: false } }",
            "birds(ready to switch on) web front".into(),
        ),
        (
            "platforms: { birds: { enabled: false, off_reason: no } }",
            "birds(no) web front".into(),
        ),
        (
            "platforms: { faces: { components: { web: { enabled: false } } } }",
            "\
faces web(enabled: false) front
faces web(enabled: false) session(needs the credential faces_token)
faces chat socket(not yet seen)"
                .into(),
        ),
        (
            "platforms: { faces: { components: { chat: { checks: { socket: { enabled: true } } } } } }",
            FACES.replace("(not yet seen)", ""),
        ),
        (
            "platforms: { faces: { components: { chat: { checks: { socket: { fall: 5 } } } } } }",
            FACES.into(),
        ),
        (
            "credentials: { faces_token: { env: SECRET } }",
            format!("{FACES}\nbirds(ready to switch on) web front")
                .replace("(needs the credential faces_token)", ""),
        ),
        (
            "{ respect_robots: true, platforms: { faces: {} } }",
            FACES.replace(
                "front",
                "front(robots.txt forbids it, and respect_robots is on)",
            ),
        ),
        (
            "platforms: { acme: { components: { b: { checks: { z: { dns: { name: a } }, a: { dns: { name: a } } } } } }, birds: {} }",
            "acme b z\nacme b a\nbirds web front".into(),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(outline(&good(text)), expected, "{text}");
    }
}

#[test]
fn maps_merge_and_lists_replace() {
    let text = "\
platforms:
  faces:
    title: Our Faces
    components:
      web:
        checks:
          front:
            interval: 1m
            http: { headers: { dnt: '0', x-more: a } }
            rules: [{ status: [204], verdict: ok }]
";
    let front = check(text, "faces/web/front");
    let Kind::Http(http) = &front.kind else {
        panic!()
    };
    assert_eq!(http.url.as_str(), "https://faces.example/");
    let headers: Vec<_> = http
        .headers
        .iter()
        .map(|(k, v)| format!("{k}={}", v.to_str().unwrap()))
        .collect();
    assert_eq!(headers, ["accept=text/html", "dnt=0", "x-more=a"]);
    assert_eq!(front.rules.len(), 1);
    assert!(front.rules[0].body.is_none());
    assert_eq!(front.interval.as_secs(), 60);
    let config = good(text);
    assert_eq!(config.platforms[0].title, "Our Faces");
    assert_eq!(config.platforms[0].operator, "Mega");
}

#[test]
fn another_kind_takes_the_place_of_the_old_one_and_its_rules() {
    let front = "platforms: { faces: { components: { web: { checks: { front: ";
    let end = " } } } } }";
    let replaced = check(
        &format!("{front}{{ tls: {{ address: 'faces.example:443' }} }}{end}"),
        "faces/web/front",
    );
    assert_eq!(replaced.kind.label(), "tls");
    assert!(replaced.rules.is_empty());
    assert_eq!(replaced.robots, None);
    assert_eq!(replaced.trust, Trust::OnceProven);
    // The same kind keeps them.
    let changed = check(
        &format!("{front}{{ http: {{ method: HEAD }} }}{end}"),
        "faces/web/front",
    );
    assert_eq!(changed.rules.len(), 1);
    assert_eq!(changed.kind.target(), "https://faces.example/");
    assert_eq!(
        bad(&format!(
            "{front}{{ tcp: {{ address: 'a:1' }}, tls: {{ address: 'a:1' }} }}{end}"
        )),
        "config.yml:1:88: platforms.faces.components.web.checks.front.tls: beside tcp: there can be only one of http, tcp, tls, dns, websocket"
    );
}

#[test]
fn trust_and_pages_are_the_catalogues_own() {
    let text = "platforms: { birds: {}, faces: { components: { web: { checks: { mine: { http: { url: 'https://a/' } } } } } } }";
    let shipped = check(text, "faces/web/front");
    assert_eq!(
        (shipped.trust, shipped.block_signs),
        (Trust::OnceProven, true)
    );
    let own = check(text, "faces/web/mine");
    assert_eq!((own.trust, own.block_signs), (Trust::Always, false));
    let pages: Vec<_> = good(text)
        .platforms
        .iter()
        .map(|p| (p.name.to_string(), p.page))
        .collect();
    assert_eq!(pages, [("birds".into(), false), ("faces".into(), true)]);
    let quiet = good("platforms: { faces: { page: false } }");
    assert!(!quiet.platforms[0].page);
}

#[test]
fn what_is_off_needs_neither_variables_nor_files() {
    let text = "\
platforms:
  acme:
    components:
      api:
        checks:
          on: { dns: { name: a } }
          off: { enabled: false, http: { url: 'https://${HOST}/$${a}/${UNSET}?${UNSET}' } }
          bare: { enabled: false, tls: { address: 'a:1', ca_file: /nowhere } }
";
    assert_eq!(
        outline(&good(text)),
        "acme api on\nacme api off(enabled: false)\nacme api bare(enabled: false)"
    );
    let shown = check(text, "acme/api/off").kind.target();
    assert_eq!(shown, "https://host/$%7Ba%7D/UNSET");
    let platform_off = text.replace("  acme:\n", "  acme:\n    enabled: false\n");
    assert_eq!(outline(&good(&platform_off)).lines().count(), 3);
    assert!(bad(&text.replace("enabled: false, ", "")).contains("UNSET is not set"));
    // Everything else must still be right.
    assert!(bad(&text.replace("tls: {", "tls: { colour: blue,")).contains("unknown key"));
}

#[test]
fn the_catalogue_may_put_a_variable_into_a_path() {
    let catalogue = [(
        "a.yaml",
        "platforms: { a: { components: { b: { checks: { c: { http: { url: 'https://a/${HOST}' } } } } } } }",
    )];
    let config = crate::config::parse_with("config.yml", "", &catalogue, &super::lookup).unwrap();
    assert_eq!(
        config.platforms[0].components[0].checks[0].kind.target(),
        "https://a/acme.example"
    );
}

//! Tests of the whole way from text to configuration.

mod building;
mod files;
mod hostile;
mod merging;
mod mistakes;
pub(crate) mod published;

use super::{Config, parse_with};

/// A small catalogue: one platform that is on, and one that waits to be switched on.
const CATALOGUE: &[(&str, &str)] = &[
    (
        "faces.yaml",
        "\
platforms:
  faces:
    title: Faces
    operator: Mega
    components:
      web:
        impact: outage
        checks:
          front:
            http: { url: https://faces.example/, headers: { accept: text/html, dnt: '1' } }
            rules:
              - { body: { contains: welcome }, verdict: ok }
            robots: forbidden
          session:
            http: { url: https://faces.example/me }
            credential: faces_token
      chat:
        checks:
          socket: { enabled: false, off_reason: not yet seen, websocket: { url: wss://faces.example/ws } }
",
    ),
    (
        "birds.yaml",
        "\
platforms:
  birds:
    enabled: false
    off_reason: ready to switch on
    components:
      web: { checks: { front: { http: { url: https://birds.example/ } } } }
",
    ),
];

/// Variables of the tests' environment.
fn lookup(name: &str) -> Option<String> {
    match name {
        "HOST" => Some("acme.example".into()),
        "SECRET" => Some("hunter2".into()),
        "BROKEN" => Some("hunter2 [".into()),
        _ => None,
    }
}

fn good(text: &str) -> Config {
    match parse_with("config.yml", text, CATALOGUE, &lookup) {
        Ok(config) => config,
        Err(errors) => panic!("{text}\n{errors}"),
    }
}

fn bad(text: &str) -> String {
    match parse_with("config.yml", text, CATALOGUE, &lookup) {
        Ok(_) => panic!("no error in:\n{text}"),
        Err(errors) => errors.to_string(),
    }
}

/// One platform with one check, whose text is `check`, indented by ten.
fn with_check(check: &str) -> String {
    let check = check.replace('\n', "\n          ");
    format!(
        "platforms:\n  acme:\n    components:\n      api:\n        checks:\n         me:\n          {check}\n"
    )
}

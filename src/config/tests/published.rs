//! The published schema: what is committed is what is generated, and it accepts what the program accepts.

use regex::Regex;
use serde_json::Value;

use super::lookup;
use crate::config::{json_schema, parse, parse_with, values};

/// Words of JSON Schema that the checker follows or that only speak to people.
const KNOWN: [&str; 20] = [
    "$schema",
    "$defs",
    "$ref",
    "anyOf",
    "oneOf",
    "const",
    "enum",
    "type",
    "title",
    "description",
    "properties",
    "required",
    "additionalProperties",
    "propertyNames",
    "items",
    "minimum",
    "maximum",
    "pattern",
    "format",
    "default",
];

#[test]
fn the_committed_schema_is_the_generated_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/config.schema.json");
    let generated = format!("{:#}\n", json_schema());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(
        committed == generated,
        "docs/config.schema.json is not up to date: run this test with UPDATE=1"
    );
}

/// Fails where a schema has words that the checker does not follow.
pub(crate) fn knows_every_word(schema: &Value) {
    fn walk(schema: &Value, path: &str) {
        let Some(map) = schema.as_object() else {
            return;
        };
        for (word, value) in map {
            assert!(KNOWN.contains(&word.as_str()), "{path}: {word}");
            match (word.as_str(), value) {
                ("properties" | "$defs", Value::Object(inner)) => {
                    inner
                        .iter()
                        .for_each(|(key, schema)| walk(schema, &format!("{path}/{key}")));
                }
                ("anyOf" | "oneOf", Value::Array(inner)) => {
                    inner.iter().for_each(|schema| walk(schema, path))
                }
                ("items" | "additionalProperties" | "propertyNames", schema) => walk(schema, path),
                _ => {}
            }
        }
        // The only choices that the checker makes: a null beside one other form, a list beside its item.
        if let Some(any) = map.get("anyOf") {
            assert!(
                any.as_array().is_some_and(|any| any.len() == 2
                    && ["null", "array"].iter().any(|it| any[1]["type"] == *it)),
                "{path}"
            );
        }
    }
    walk(schema, "");
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
}

#[test]
fn the_schema_has_only_words_that_the_checker_knows() {
    let schema = json_schema();
    knows_every_word(&schema);
}

#[test]
fn everything_has_a_description() {
    describes_everything(&json_schema());
}

/// Fails where a type or key of a schema has no description.
pub(crate) fn describes_everything(schema: &Value) {
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        assert!(definition["description"].is_string(), "{name}");
        for (key, property) in definition["properties"].as_object().into_iter().flatten() {
            assert!(property["description"].is_string(), "{name}.{key}");
        }
    }
}

/// The example of the documentation.
fn example() -> String {
    let text = include_str!("../../../docs/configuration.md");
    let (_, after) = text.split_once("<!-- example -->\n```yaml\n").unwrap();
    after.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_documented_example_loads() {
    let text = example()
        .replace("/etc/ssl/company.pem", "/dev/null")
        .replace("/run/secrets/meta", "/dev/null");
    let catalogue = [
        (
            "facebook.yaml",
            "platforms: { facebook: { components: { web: { checks: { me: { credential: meta_token, http: { url: 'https://a/' } } } } } } }",
        ),
        (
            "x.yaml",
            "platforms: { x: { components: { web: { enabled: false, checks: { a: { dns: { name: x.com } } } } } } }",
        ),
    ];
    let config = parse_with("config.yml", &text, &catalogue, &lookup)
        .unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(config.vantage, "dhaka-1");
    let names: Vec<_> = config
        .active()
        .iter()
        .map(|platform| platform.name.to_string())
        .collect();
    assert_eq!(names, ["facebook", "x", "acme"]);
    let me = &config.platforms[2].components[0].checks[0];
    assert_eq!((me.interval.as_secs(), me.rules.len()), (60, 3));
}

#[test]
fn the_documentation_names_every_key() {
    let text = include_str!("../../../docs/configuration.md");
    let schema = json_schema();
    let objects = schema["$defs"]
        .as_object()
        .unwrap()
        .values()
        .chain([&schema]);
    for key in objects
        .filter_map(|object| object["properties"].as_object())
        .flat_map(|map| map.keys())
    {
        assert!(
            text.contains(&format!("`{key}`")) || text.contains(&format!("{key}:")),
            "{key}"
        );
    }
}

#[test]
fn the_built_in_catalogue_loads() {
    let config =
        parse("built-in", "", crate::catalog::FILES).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(config.platforms.len(), crate::catalog::FILES.len());
}

/// Values that are right, for each kind of value.
const RIGHT: &[(&str, &[&str])] = &[
    ("Name", &["a", "whatsapp_business", "x2"]),
    (
        "Duration",
        &["5s", "1m30s", "1.5s", "5 min", "1ms", "1day", " 5s "],
    ),
    (
        "Moment",
        &[
            "2024-03-05T15:00:00Z",
            "2024-03-05T21:00:00.5+06:00",
            "2024-03-05 15:00Z",
            "45m",
            "1h 30m",
        ],
    ),
    (
        "HttpUrl",
        &["https://a/", "HTTP://u:p@[::1]:80/?q#f", "https://a"],
    ),
    ("WebsocketUrl", &["wss://a/", "ws://a:1/x"]),
    ("ProxyUrl", &["http://p:1", "socks5h://u:p@p:1"]),
    ("Address", &["a:1", "[::1]:443", "a_b.example.:65535"]),
    ("Resolver", &["1.1.1.1", "1.1.1.1:53", "::1", "[::1]:53"]),
    ("Ip", &["192.0.2.1", "2001:db8::1"]),
    ("ConnectFrom", &["a:1", ":1", "a:", "[::1]:"]),
    ("HeaderName", &["accept", "X-A_b.c"]),
    ("HeaderValue", &["", "a b", "é", "a\tb"]),
    ("JsonPointer", &["", "/", "/a/0", "/a~1b/~0"]),
    ("Status", &["200", "999", "5xx"]),
    ("Size", &["1", "64KiB", "1 MiB", "2MB"]),
    ("DnsName", &["a", "a.b.", ".", "_dmarc.a", "*.a"]),
    ("ServerName", &["a.example", "192.0.2.1"]),
    ("FilePath", &["a", "/a/b"]),
    ("Label", &["a", "A b"]),
    ("Contact", &["https://a/b", "mailto:a@b"]),
    ("Variable", &["A", "_a1"]),
    ("Pattern", &["", "^a$"]),
    ("BytesPattern", &["(?-u)\\xFF"]),
];

/// The pattern that the schema has for a value. The program asks it too, after its own reader.
fn pattern(name: &str) -> Regex {
    let schema = json_schema();
    let pattern = schema["$defs"]
        .get(name)
        .and_then(|s| s["pattern"].as_str().map(str::to_owned));
    Regex::new(&pattern.unwrap_or_default()).unwrap()
}

#[test]
fn the_schema_accepts_every_right_value() {
    assert_eq!(RIGHT.len(), values::ALL.len());
    for (name, texts) in RIGHT {
        let pattern = pattern(name);
        for text in *texts {
            assert_eq!(values::check(name, text), Ok(()), "{name} {text}");
            assert!(pattern.is_match(text), "{name} {text} {pattern}");
        }
        assert!(
            [
                "Name",
                "ConnectFrom",
                "HeaderName",
                "JsonPointer",
                "Variable"
            ]
            .contains(name)
                || pattern.is_match("x${Y}"),
            "{name}"
        );
    }
}

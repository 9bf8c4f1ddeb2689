//! Whatever the text is, there is an answer, and it comes within bounds.

use proptest::prelude::*;

use super::{CATALOGUE, bad, good, lookup};
use crate::config::{parse_with, values};

#[test]
fn bombs_end_within_the_budget() {
    let mut text = "a: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..20 {
        let alias = format!("*a{}", i - 1);
        text += &format!("a{i}: &a{i} [{}]\n", [alias.as_str(); 10].join(", "));
    }
    assert!(bad(&text).ends_with("too large, with its aliases multiplied out"));

    let long = format!(
        "a: &a '{}'\nb: [{}]",
        "x".repeat(1 << 20),
        "*a, ".repeat(100)
    );
    assert!(bad(&long).ends_with("too large, with its aliases multiplied out"));

    for deep in [
        "[".repeat(10_000),
        "{a: ".repeat(10_000),
        "- ".repeat(10_000),
    ] {
        let error = bad(&deep);
        assert!(
            error.lines().count() == 1 && error.starts_with("config.yml:1:"),
            "{error}"
        );
    }

    let mut text = "a: &a0 x\n".to_owned();
    for i in 1..100 {
        text += &format!("b{i}: &a{i} [*a{}]\n", i - 1);
    }
    assert!(
        bad(&text).ends_with("nested more than 64 levels deep"),
        "{}",
        bad(&text)
    );
    assert!(bad("a: &a [*a]").ends_with("an alias of something that has no value yet"));
}

#[test]
fn a_large_file_fits() {
    let mut text = "# note\n".repeat(5000) + "platforms:\n";
    for i in 0..100 {
        text += &format!("  p{i}:\n    components:\n      c:\n        checks:\n");
        for j in 0..100 {
            text += &format!(
                "          k{j}:\n            interval: 15s\n            http: {{ url: 'https://h{j}.example/' }}\n            \
                 rules: [{{ status: [200, 204], verdict: ok }}, {{ status: [5xx], verdict: fail }}]\n"
            );
        }
    }
    let started = std::time::Instant::now();
    let config = good(&text);
    println!("{:?}", started.elapsed());
    let checks = config
        .platforms
        .iter()
        .flat_map(|p| &p.components)
        .map(|c| c.checks.len());
    assert_eq!(checks.sum::<usize>(), 10_000);
}

/// Pieces of files, right and wrong, that make trees worth walking.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "platforms:",
        "  faces:",
        "    components:",
        "      web:",
        "        checks:",
        "          front:",
        "            http: { url: 'https://${HOST}/' }",
        "            rules: [{ verdict: ok }, {}]",
        "            interval: 5",
        "            tcp:",
        "defaults: { interval: 1ms }",
        "controls: { targets: [{}, 1] }",
        "  - a",
        "    <<: *x",
        "vantage: &x y",
        "{",
        "]",
        "? [a]",
        "--- |",
        "credentials: { a: }",
        "\t",
        "a: 'b",
        "'${BROKEN}': ${",
    ];
    prop::sample::select(pieces.map(str::to_owned).to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_never_panics(text in ".*") {
        let _ = parse_with("config.yml", &text, CATALOGUE, &lookup).map_err(|errors| errors.to_string());
    }

    #[test]
    fn arbitrary_pieces_never_panic_nor_disagree(lines in prop::collection::vec(piece(), 0..12)) {
        if let Err(errors) = parse_with("config.yml", &lines.join("\n"), CATALOGUE, &lookup) {
            let text = errors.to_string();
            prop_assert!(!text.contains("internal error"), "{text}");
            prop_assert!(!text.contains("hunter2"), "{text}");
            prop_assert!(!text.is_empty());
        }
    }

    #[test]
    fn arbitrary_values_never_panic(name in prop::sample::select(values::ALL.to_vec()), text in "\\PC*|[0-9a-z:./%\\[\\]~ -]{0,20}") {
        let _ = values::check(name, &text);
    }
}

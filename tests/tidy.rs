//! Keeps the shape that docs/architecture.md describes: what may import what, and files that a newcomer can read.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The parts in the order in which data flows through them, and what each may import of the others. Against the flow
/// stand only plain data types.
const MAY_IMPORT: [(&str, &[&str]); 13] = [
    ("lib", &[]),
    ("lock", &[]),
    ("time", &[]),
    ("catalog", &[]),
    ("config", &["catalog", "probe::failure"]),
    ("schedule", &["state::Pace", "time"]),
    ("probe", &["config", "lock", "time"]),
    ("state", &["config", "probe::failure", "time"]),
    (
        "metrics",
        &[
            "config",
            "lock",
            "probe::failure",
            "probe::observation",
            "schedule::Slot",
            "state",
            "time",
        ],
    ),
    (
        "engine",
        &[
            "config", "lock", "metrics", "probe", "schedule", "state", "time",
        ],
    ),
    (
        "web",
        &[
            "config",
            "engine::Shared",
            "metrics",
            "probe::failure",
            "state",
            "time",
        ],
    ),
    (
        "drill",
        &[
            "config",
            "engine",
            "lock",
            "metrics",
            "probe::noise::Responder",
            "state",
            "time",
        ],
    ),
    (
        "cli",
        &[
            "catalog",
            "config",
            "drill",
            "engine",
            "probe",
            "state::Report",
            "state::Verdict",
            "time",
            "web",
        ],
    ),
];

/// Lines of a file without its tests. Longer ones hide a noun that wants a file of its own.
const MOST_LINES: usize = 450;

/// Every Rust file below a folder of this project, with its text.
fn files(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has files");
    found
}

/// The part that a file of src/ belongs to; none for the program's few lines.
fn part(path: &Path) -> Option<String> {
    let inside = path
        .strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .unwrap();
    let first = inside.components().next()?.as_os_str().to_str()?;
    let part = first.strip_suffix(".rs").unwrap_or(first);
    (part != "main").then(|| part.to_owned())
}

/// The paths into this crate that a text names, such as `config::Check`; comments do not count.
fn imports(text: &str) -> BTreeSet<String> {
    let code = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    let named = |line: &str| -> Vec<String> {
        let after = line.split("crate::").skip(1);
        after
            .map(|rest| {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
                rest[..end.unwrap_or(rest.len())]
                    .trim_end_matches(':')
                    .to_owned()
            })
            .collect()
    };
    code.flat_map(named).collect()
}

fn allowed(part: &str, import: &str) -> bool {
    let (_, may) = MAY_IMPORT
        .iter()
        .find(|(known, _)| *known == part)
        .unwrap_or_else(|| panic!("{part} is not in the list of parts"));
    let begins = |with: &str| {
        import
            .strip_prefix(with)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    begins(part) || may.iter().any(|may| begins(may))
}

/// A type that is listed may be imported in a list with others of its module: each is looked at on its own.
fn unfolded(text: &str) -> String {
    let mut out = String::new();
    for statement in text.split_inclusive(';') {
        match (statement.find("use crate::"), statement.find("::{")) {
            (Some(start), Some(brace)) if start < brace => {
                let base = &statement[start..brace];
                let names = statement[brace + 3..].trim_end_matches(['}', ';']);
                for name in names.split(',').map(str::trim).filter(|n| !n.is_empty()) {
                    out.push_str(&format!("{base}::{name};\n"));
                }
            }
            _ => out.push_str(statement),
        }
    }
    out
}

#[test]
fn imports_follow_the_flow_of_data() {
    for (path, text) in files("src") {
        let Some(part) = part(&path) else { continue };
        for import in imports(&unfolded(&text)) {
            assert!(
                allowed(&part, &import),
                "{}: {part} must not import {import}; see docs/architecture.md",
                path.display()
            );
        }
    }
}

#[test]
fn a_wrong_import_is_seen() {
    let seen = imports(&unfolded(
        "use crate::state::{self,\n    Pace};\nlet x = crate::web::serve; // crate::cli\n",
    ));
    let seen: Vec<&str> = seen.iter().map(String::as_str).collect();
    assert_eq!(seen, ["state::Pace", "state::self", "web::serve"]);
    assert!(allowed("schedule", "state::Pace") && !allowed("schedule", "state::Paces"));
    assert!(allowed("web", "web::page") && !allowed("state", "metrics::Store"));
    assert!(!allowed("state", "probe::Prober"));
}

#[test]
fn every_file_opens_by_saying_what_it_is_for() {
    for folder in ["src", "tests", "benches"] {
        for (path, text) in files(folder) {
            assert!(text.starts_with("//! "), "{}", path.display());
        }
    }
}

#[test]
fn no_file_is_too_long_to_read() {
    for (path, text) in files("src") {
        if path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs") {
            continue;
        }
        let own = text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        let lines = own.lines().count();
        assert!(
            lines <= MOST_LINES,
            "{} has {lines} lines without its tests",
            path.display()
        );
    }
}

//! Holds Cargo.lock above the versions that are known to be harmful, without a network or an advisory database.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

/// The lowest version of a crate that is free of the advisory named beside it.
const FLOORS: [(&str, [u64; 3], &str); 11] = [
    (
        "h2",
        [0, 4, 16],
        "RUSTSEC-2026-0258: a flood of empty DATA frames",
    ),
    (
        "hyper",
        [1, 10, 1],
        "busy loop when a peer half-closes with a body open",
    ),
    (
        "rustls",
        [0, 23, 18],
        "RUSTSEC-2024-0336 and its successors: endless loops in the handshake",
    ),
    (
        "rustls-webpki",
        [0, 103, 13],
        "cost of hostile certificate chains",
    ),
    (
        "hickory-proto",
        [0, 26, 1],
        "RUSTSEC-2026-0118 to 0120: unbounded work on hostile answers",
    ),
    (
        "quinn-proto",
        [0, 11, 15],
        "RUSTSEC-2026-0185: unbounded memory",
    ),
    ("bytes", [1, 11, 1], "integer overflow"),
    ("tokio", [1, 44, 2], "unsound broadcast channel"),
    (
        "tracing-subscriber",
        [0, 3, 20],
        "RUSTSEC-2025-0055: terminal escapes in logs",
    ),
    ("bcrypt", [0, 19, 2], "timing"),
    ("time", [0, 3, 47], "stack overflow on hostile input"),
];

/// Crates that are unmaintained or unsound.
const AVOIDED: [&str; 5] = ["serde_yml", "rustls-pemfile", "backoff", "instant", "paste"];

/// Names and versions of every locked package.
fn packages(lock: &str) -> Vec<(&str, &str)> {
    lock.split("[[package]]")
        .skip(1)
        .filter_map(package)
        .collect()
}

fn package(block: &str) -> Option<(&str, &str)> {
    let value = |key: &str| {
        let line = block.lines().find(|line| line.starts_with(key))?;
        line.split('"').nth(1)
    };
    Some((value("name = ")?, value("version = ")?))
}

/// Major, minor and patch; a pre-release counts as its release.
fn numbers(version: &str) -> [u64; 3] {
    let release = version.split(['-', '+']).next().unwrap();
    let mut numbers = release.split('.').map(|number| number.parse().unwrap());
    std::array::from_fn(|_| numbers.next().unwrap())
}

/// Everything wrong with a lock file.
fn complaints(lock: &str) -> Vec<String> {
    let packages = packages(lock);
    let avoided = packages
        .iter()
        .filter(|(name, _)| AVOIDED.contains(name))
        .map(|(name, _)| format!("{name} is to be avoided"));
    let below = packages.iter().filter_map(|(name, version)| {
        let (_, floor, why) = FLOORS.iter().find(|(floored, ..)| floored == name)?;
        (numbers(version) < *floor).then(|| format!("{name} {version} is below {floor:?}: {why}"))
    });
    avoided.chain(below).collect()
}

#[test]
fn no_package_is_known_to_be_harmful() {
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).unwrap();
    assert!(packages(&lock).len() > 100, "the lock file is read");
    assert_eq!(complaints(&lock), Vec::<String>::new());
}

#[test]
fn harmful_packages_are_found() {
    let lock = "version = 4\n\n[[package]]\nname = \"h2\"\nversion = \"0.4.9\"\n\n[[package]]\nname = \"paste\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"hyper\"\nversion = \"1.10.1\"\n";
    let found = complaints(lock);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].contains("paste") && found[1].contains("h2 0.4.9"),
        "{found:?}"
    );
}

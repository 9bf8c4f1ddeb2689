//! Files on disk: the configuration itself, and those that it names.

use crate::config::load;

fn write(dir: &tempfile::TempDir, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn without_a_file_the_catalogue_loads() {
    let config = load(None).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(config.vantage, "local");
}

#[test]
fn an_unreadable_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing.yml");
    let error = load(Some(&missing)).unwrap_err().to_string();
    let expected = format!(
        "{}: cannot be read: No such file or directory (os error 2)",
        missing.display()
    );
    assert_eq!(error, expected);
    let error = load(Some(dir.path())).unwrap_err().to_string();
    assert!(
        error.contains(": cannot be read: Is a directory"),
        "{error}"
    );
    let binary = write(&dir, "binary.yml", b"vantage: a\n# \xc3\xa9 \xff\n");
    let error = load(Some(&binary)).unwrap_err().to_string();
    assert_eq!(error, format!("{}:2:5: not UTF-8", binary.display()));
    let error = load(Some(std::path::Path::new("/dev/zero")))
        .unwrap_err()
        .to_string();
    assert_eq!(error, "/dev/zero: has more than 16777216 bytes");
}

#[test]
fn relative_paths_start_at_the_file() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir, "ca.pem", b"");
    let file = write(
        &dir,
        "config.yml",
        b"network: { ca_file: ca.pem }\nplatforms: {}\n",
    );
    let config = load(Some(&file)).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(config.network.ca_file, Some(dir.path().join("ca.pem")));
}

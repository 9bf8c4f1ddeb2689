//! The page as a whole: as committed, and as `promtool` sees it.

use std::io::Write;
use std::process::{Command, Stdio};

use super::Format;
use super::fixture::{own, page, report, store};

/// `UPDATE=1 cargo test golden` writes them anew.
#[test]
fn the_pages_are_the_committed_ones() {
    for (format, file) in [
        (Format::Text, "metrics.txt"),
        (Format::OpenMetrics, "metrics.openmetrics.txt"),
    ] {
        let path = format!("{}/tests/golden/{file}", env!("CARGO_MANIFEST_DIR"));
        let page = page(store(), report(), &own(), format);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        assert_eq!(
            page,
            std::fs::read_to_string(&path).unwrap(),
            "{file} differs: UPDATE=1 cargo test golden"
        );
    }
}

#[test]
fn the_process_is_on_the_page_and_counted() {
    let page = page(store(), report(), &super::Own::new(), Format::Text);
    assert!(page.contains("\nprocess_resident_memory_bytes "), "{page}");
    let samples = page.lines().filter(|line| !line.starts_with('#')).count();
    assert!(
        page.contains(&format!(
            "\nplatform_exporter_series{{vantage=\"dhaka-1\"}} {samples}\n"
        )),
        "{samples}"
    );
}

/// Looks for `promtool` in `$PROMTOOL` and on the path; says so when there is none.
#[test]
fn promtool_has_nothing_to_say() {
    let promtool = std::env::var("PROMTOOL").unwrap_or_else(|_| "promtool".to_owned());
    let spawned = Command::new(&promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return eprintln!("not checked: {promtool}: {error}"),
    };
    let page = page(store(), report(), &super::Own::new(), Format::Text);
    child
        .stdin
        .take()
        .unwrap()
        .write_all(page.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success() && said.is_empty(),
        "{}",
        String::from_utf8_lossy(&said)
    );
}

//! Where the tools are. `tests/run` names them in the environment; without it those on the path are taken.

use std::process::{Command, Output};

use crate::support::skipped;

/// The tool that a variable names, or the default; none, and a word about it, where it does not run.
fn tool(variable: &str, default: &str) -> Option<String> {
    let tool = std::env::var(variable).unwrap_or_else(|_| default.to_owned());
    if Command::new(&tool).arg("--version").output().is_ok() {
        return Some(tool);
    }
    skipped(&format!(
        "no {tool} here; tests/run provides one as {variable}"
    ));
    None
}

/// The second of its kind, where there is one: the same tests run with it too.
fn newer(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

/// Every promtool there is.
pub fn promtools() -> Vec<String> {
    let first = tool("PROMTOOL", "promtool");
    first.into_iter().chain(newer("PROMTOOL_3")).collect()
}

/// amtool, where there is one.
pub fn amtool() -> Option<String> {
    tool("AMTOOL", "amtool")
}

/// What an end-to-end run needs.
pub struct Servers {
    pub prometheus: String,
    pub alertmanager: String,
}

/// Every Prometheus there is, with the one Alertmanager.
pub fn servers() -> Vec<Servers> {
    let (Some(first), Some(alertmanager)) = (
        tool("PROMETHEUS", "prometheus"),
        tool("ALERTMANAGER", "prometheus-alertmanager"),
    ) else {
        return Vec::new();
    };
    let all = [first].into_iter().chain(newer("PROMETHEUS_3"));
    all.map(|prometheus| Servers {
        prometheus,
        alertmanager: alertmanager.clone(),
    })
    .collect()
}

/// Runs a tool to its end. Its words are the message where it fails.
pub fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = said(&output);
    assert!(output.status.success(), "{command:?}\n{said}");
    said
}

/// Everything it said.
pub fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text + &String::from_utf8_lossy(&output.stderr)
}

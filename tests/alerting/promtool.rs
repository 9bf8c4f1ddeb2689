//! What promtool says of the rules, and the unit tests that it runs.

use std::process::Command;

use crate::files::{self, RULES};
use crate::tools::{promtools, succeeds};

#[test]
fn the_rules_are_clean() {
    for promtool in promtools() {
        let mut command = Command::new(promtool);
        command.args(["check", "rules", "--lint=all", "--lint-fatal"]);
        succeeds(command.args(RULES.map(|name| files::path("rules").join(name))));
    }
}

/// Each file in a process of its own, all at once: the long ones take seconds.
#[test]
fn the_unit_tests_pass() {
    for promtool in promtools() {
        std::thread::scope(|scope| {
            for file in files::unit_tests() {
                let mut command = Command::new(&promtool);
                scope.spawn(move || succeeds(command.args(["test", "rules"]).arg(file)));
            }
        });
    }
}

//! The runbook has a section for every alert, and no other alert.

use std::collections::BTreeSet;

use crate::files;

#[test]
fn every_alert_has_a_section_and_every_section_an_alert() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/runbook.md");
    let runbook = std::fs::read_to_string(path).unwrap();
    let sections: Vec<_> = runbook.split("\n### ").skip(1).collect();
    let titles: BTreeSet<_> = sections
        .iter()
        .filter_map(|section| section.lines().next())
        .filter(|title| title.starts_with("Platform"))
        .map(str::to_owned)
        .collect();
    let alerts: BTreeSet<_> = files::alerts().into_iter().map(|rule| rule.alert).collect();
    assert_eq!(titles, alerts);
    for section in sections.iter().filter(|s| s.starts_with("Platform")) {
        for part in ["**Means.**", "**Check.**", "**Do.**", "**Ignore.**"] {
            let title = section.lines().next().unwrap_or_default();
            assert!(section.contains(part), "{title} has no {part}");
        }
    }
}

//! Whatever the exporter exports is shown, or left out for a reason.

use std::collections::BTreeSet;

use platform_exporter::metrics::FAMILIES;

use crate::built;
use crate::lint::targets;
use crate::names::{Source, family_of, known};
use crate::promql::parts;

/// Families that no panel shows, and why.
const UNUSED: [(&str, &str); 3] = [
    (
        "platform_up",
        "for alerts and people's own averages; panels tell blocked from unknown by platform_state",
    ),
    (
        "platform_component_up",
        "likewise; panels show platform_component_state",
    ),
    (
        "platform_incident_open",
        "for alerts; panels show each incident's start and reasons",
    ),
];

/// Names of the families that some panel asks for.
fn used() -> BTreeSet<&'static str> {
    let dashboards = built();
    let targets = dashboards.iter().flat_map(|(_, json)| targets(json));
    let queries = targets.map(|(_, target)| parts(target["expr"].as_str().unwrap()).unwrap());
    let series = queries.flat_map(|parts| parts.selectors);
    series
        .map(|found| family_of(&found.series).unwrap().name)
        .collect()
}

#[test]
fn every_family_is_shown_or_left_out_for_a_reason() {
    let used = used();
    let unused = UNUSED.map(|(name, _)| name);
    for family in FAMILIES {
        assert!(
            used.contains(family.name) != unused.contains(&family.name),
            "{} is {}",
            family.name,
            if used.contains(family.name) {
                "shown after all"
            } else {
                "not shown: say why in UNUSED"
            }
        );
    }
    for name in unused {
        assert!(
            FAMILIES.iter().any(|family| family.name == name),
            "there is no {name}"
        );
    }
}

/// What is listed besides the exporter's table is there because a panel needs it.
#[test]
fn nothing_is_listed_for_nothing() {
    let used = used();
    for known in known()
        .iter()
        .filter(|known| known.source != Source::Exporter)
    {
        assert!(used.contains(known.name), "{}", known.name);
    }
}

//! What the scenario says of a moment: what is broken then, what struck last, and the rows of the table at the end.

use std::collections::BTreeMap;
use std::time::Duration;

use super::track::{Step, Track};
use super::{Row, Seen};
use crate::drill::fault::{Fault, Own, Place};
use crate::drill::scenario::{Event, Scenario};
use crate::state::Verdict;
use crate::time::Time;

/// What was done to a platform last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Something of it was broken.
    Broke,
    /// Something of it was healed.
    Healed,
}

impl Told {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Broke => "it broke",
            Self::Healed => "it was healed",
        }
    }
}

/// How long ago something was last broken or healed that concerns a platform, and which of the two.
pub(super) fn struck_before(
    events: &[Event],
    platform: &str,
    now: Time,
) -> Option<(Duration, Told)> {
    let last = events
        .iter()
        .rfind(|event| event.at <= now && concerns(event, platform))?;
    let told = match last.fault {
        Fault::Healthy => Told::Healed,
        _ => Told::Broke,
    };
    Some((now.since(last.at), told))
}

/// What breaks in our own network concerns every platform.
fn concerns(event: &Event, platform: &str) -> bool {
    event
        .places
        .iter()
        .any(|place| layer(place, platform).is_some())
}

/// What a place is called in the row of a platform; none where it is another platform's.
fn layer<'p>(place: &'p Place, platform: &str) -> Option<&'p str> {
    match place {
        Place::Platform { name, layer } => (name == platform).then_some(layer),
        Place::Vantage(own) => Some(own.words()),
    }
}

/// The rows of a platform: one for each step that is not up; one for the whole where it was struck and had to stay up.
pub(super) fn rows(scenario: &Scenario, track: &Track) -> Vec<Row> {
    let steps = || {
        track
            .steps
            .iter()
            .enumerate()
            .filter(|(_, step)| step.expected.verdicts != [Verdict::Up])
    };
    let mut rows: Vec<Row> = steps()
        .map(|(index, step)| row(scenario, track, step, track.steps.get(index + 1)))
        .collect();
    if rows.is_empty() {
        rows.extend(unmoved(scenario, track));
    }
    let begins: Vec<Option<Time>> = rows.iter().map(|row| row.broke_at).collect();
    for (index, row) in rows.iter_mut().enumerate() {
        // What was wrong before anything broke belongs to the first row.
        let from = begins.get(index).copied().flatten().filter(|_| index > 0);
        let until = begins.get(index + 1).copied().flatten();
        let of_row = |time: Time| {
            from.is_none_or(|from| time >= from) && until.is_none_or(|until| time < until)
        };
        let wrong = track
            .false_verdicts
            .iter()
            .filter(|wrong| of_row(wrong.from));
        row.false_verdicts = wrong.count();
    }
    rows
}

fn row(scenario: &Scenario, track: &Track, step: &Step, next: Option<&Step>) -> Row {
    let seen = |step: &Step| step.seen.unwrap_or(Seen::Never);
    Row {
        platform: track.platform.clone(),
        broke: broken(&scenario.events, &track.platform, step.expected.at),
        expected: step.expected.verdicts.clone(),
        broke_at: Some(step.expected.at),
        judged: seen(step),
        restored_at: next.map(|next| next.expected.at),
        restored: next.map_or(Seen::Before, seen),
        false_verdicts: 0,
    }
}

/// The row of a platform that had to stay up: what struck it, if anything; none where nothing did and all was right.
fn unmoved(scenario: &Scenario, track: &Track) -> Option<Row> {
    let struck = || {
        scenario
            .events
            .iter()
            .filter(|event| concerns(event, &track.platform))
    };
    let first = struck().next();
    let mut faults: Vec<String> = Vec::new();
    for event in struck().filter(|event| event.fault != Fault::Healthy) {
        let layers = event
            .places
            .iter()
            .filter_map(|place| layer(place, &track.platform));
        for layer in layers {
            let fault = format!("{layer}: {}", event.fault.name());
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
    }
    (first.is_some() || !track.false_verdicts.is_empty()).then(|| Row {
        platform: track.platform.clone(),
        broke: faults.join(", "),
        expected: vec![Verdict::Up],
        broke_at: first.map(|event| event.at),
        judged: Seen::Before,
        restored_at: struck().next_back().map(|event| event.at),
        restored: Seen::Before,
        false_verdicts: 0,
    })
}

/// What is wrong with a platform by a time: layers and faults.
fn broken(events: &[Event], platform: &str, by: Time) -> String {
    let mut wrong: BTreeMap<&str, Fault> = BTreeMap::new();
    for event in events.iter().filter(|event| event.at <= by) {
        for place in &event.places {
            let Some(layer) = layer(place, platform) else {
                continue;
            };
            wrong.retain(|known, _| !covers(place, layer, known));
            if event.fault != Fault::Healthy {
                wrong.insert(layer, event.fault);
            }
        }
    }
    let texts: Vec<String> = wrong
        .into_iter()
        .map(|(layer, fault)| format!("{layer}: {}", fault.name()))
        .collect();
    texts.join(", ")
}

/// Whether what is said of a place replaces what was said of another layer of the same platform, or of our network.
fn covers(place: &Place, layer: &str, known: &str) -> bool {
    let checks_of = |component: &str| {
        known
            .strip_prefix(component)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    match place {
        Place::Vantage(Own::Resolvers) => [Own::Resolver, Own::Resolvers]
            .map(Own::words)
            .contains(&known),
        Place::Vantage(_) => known == layer,
        Place::Platform { layer, .. } if layer == Place::ALL => {
            known != Place::OFFICIAL
                && ![Own::Gateway, Own::Resolver, Own::Resolvers]
                    .map(Own::words)
                    .contains(&known)
        }
        Place::Platform { layer, .. } => checks_of(layer),
    }
}

/// Puts rows together in which nothing had to be seen and that differ by the platform alone. `platforms`: how many there are.
pub(super) fn together(rows: Vec<Row>, platforms: usize) -> Vec<Row> {
    let mut merged: Vec<(Row, Vec<String>)> = Vec::new();
    for row in rows {
        let name = row.platform.clone();
        let alike = |known: &Row| {
            // Where something was seen, its time would decide by chance who stands together.
            [known.judged, known.restored] == [Seen::Before; 2]
                && Row {
                    platform: known.platform.clone(),
                    ..row.clone()
                } == *known
        };
        match merged.iter_mut().find(|(known, _)| alike(known)) {
            Some((_, names)) => names.push(name),
            None => merged.push((row, vec![name])),
        }
    }
    let name = |(row, names): (Row, Vec<String>)| Row {
        platform: if names.len() > 1 && names.len() == platforms {
            "all".into()
        } else {
            names.join(", ")
        },
        ..row
    };
    merged.into_iter().map(name).collect()
}

//! From the file to the scenario: times reckoned, words understood, and everything checked that needs more than one value
//! to judge.
//!
//! What is wrong in itself was reported before and is missing here.

use std::time::Duration;

use super::reach::{Reach, Unwatched};
use super::timeline::Timeline;
use super::{Alert, Fits, Scenario, alerts, raw, words};
use crate::config::{At, Config, Entries, Errors, Items, Label, Moment, When};
use crate::time::Time;

/// The longest drill: it takes half an hour at the usual sixty-fold speed, and outages are told in hours.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// What is known of the surroundings.
pub(super) struct Surroundings<'a> {
    /// The scenario's built-in name, or its file.
    pub name: &'a str,
    /// What the exporter watches.
    pub config: &'a Config,
    /// The start of a scenario that names none.
    pub now: Time,
    /// Which faults strike where.
    pub fits: Fits<'a>,
}

/// Builds the scenario. It is only good when no error was added.
pub(super) fn build(
    file: raw::File,
    root: &At<'_>,
    around: &Surroundings<'_>,
    errors: &mut Errors,
) -> Option<Scenario> {
    let mut builder = Builder {
        around,
        reach: Reach::new(around.config),
        sources_right: file.sources.is_some() || !root.has("sources"),
        sources: sources(file.sources.unwrap_or_default()),
        errors,
        calendar: root.has("start"),
        start: None,
        end: None,
        left_out: Vec::new(),
    };
    builder.start = builder.start(file.start, root);
    builder.end = builder.end(file.end, root);
    let timeline = builder.timeline(file.timeline.unwrap_or_default(), root);
    let expectations = builder.expectations(file.expect.unwrap_or_default(), &timeline, root);
    let alerts = builder.alerts(file.alerts.unwrap_or_default(), root);
    let Timeline { events, .. } = timeline;
    Some(Scenario {
        name: around.name.to_owned(),
        title: file.title?.0,
        start: builder.start?,
        end: builder.end?,
        sources: builder.sources,
        events,
        expectations,
        alerts,
        left_out: builder.left_out,
    })
}

fn sources(given: Entries<Label, String>) -> Vec<(String, String)> {
    let source = |(Label(key), text): (Label, String)| (key, one_line(&text));
    given.0.into_iter().map(source).collect()
}

/// A text of people's, fit for a table, and for a terminal, which obeys other characters.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words = words.filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

pub(super) struct Builder<'a> {
    pub around: &'a Surroundings<'a>,
    pub reach: Reach<'a>,
    pub sources: Vec<(String, String)>,
    /// What was said of its keys stands only where the whole could be read.
    pub sources_right: bool,
    pub errors: &'a mut Errors,
    /// The file names its start, so times of the calendar mean something.
    calendar: bool,
    /// None: it was given and is wrong.
    pub start: Option<Time>,
    pub end: Option<Time>,
    left_out: Vec<String>,
}

impl Builder<'_> {
    fn start(&mut self, start: Option<Moment>, root: &At<'_>) -> Option<Time> {
        if !self.calendar {
            // Whole seconds: nobody reads more.
            let seconds = self.around.now.as_millis() / 1000;
            return Some(Time::from_millis(seconds * 1000));
        }
        let at = root.near("start");
        match start?.0 {
            when @ When::At(_) => self.time(when, &at),
            When::After(_) => {
                let message =
                    "expected a time such as 2024-03-05T15:00:00Z: the start has nothing before it";
                self.errors.value(&at, message);
                None
            }
        }
    }

    fn end(&mut self, end: Option<Moment>, root: &At<'_>) -> Option<Time> {
        let at = root.near("end");
        let end = self.time(end?.0, &at)?;
        let start = self.start?;
        let message = if end <= start {
            "does not come after the start".to_owned()
        } else if end.since(start) > LONGEST {
            format!("comes more than {} after the start", words::span(LONGEST))
        } else {
            return Some(end);
        };
        self.errors.value(&at, message);
        None
    }

    /// Reckons a time.
    pub fn time(&mut self, when: When, at: &At<'_>) -> Option<Time> {
        let error = match when {
            When::After(after) => return self.start.map(|start| start + after),
            When::At(_) if !self.calendar => {
                "a time of the calendar needs the key `start`; without it write a duration since the start, such as 45m"
            }
            When::At(time) => match u64::try_from(time.as_millisecond()) {
                Ok(millis) => return Some(Time::from_millis(millis)),
                Err(_) => "lies before 1970",
            },
        };
        self.errors.value(at, error);
        None
    }

    /// Reckons a time within the drill.
    pub fn time_inside(&mut self, when: When, at: &At<'_>) -> Option<Time> {
        let time = self.time(when, at)?;
        let clock = words::clock(time);
        let message = match (self.start, self.end) {
            (Some(start), _) if time < start => {
                format!("{clock} comes before the start ({})", words::clock(start))
            }
            (_, Some(end)) if time > end => {
                format!("{clock} comes after the end ({})", words::clock(end))
            }
            _ => return Some(time),
        };
        self.errors.value(at, message);
        None
    }

    /// Notes what is not played because this configuration does not watch it.
    pub fn leave_out(&mut self, Unwatched(what): Unwatched) {
        if !self.left_out.contains(&what) {
            self.left_out.push(what);
        }
    }

    fn alerts(&mut self, raw: Items<raw::Alert>, root: &At<'_>) -> Vec<Alert> {
        let at = root.near("alerts");
        let mut asked = Vec::new();
        for (raw, at) in raw.0.into_iter().zip(at.items()) {
            let Some(raw) = raw else { continue };
            if let Err(message) = alerts::check(&raw.alert.0) {
                self.errors.value(&at.near("alert"), message);
            }
            let alert = Alert {
                alert: raw.alert.0,
                platform: raw.platform,
            };
            if asked.contains(&alert) {
                self.errors.value(&at, "the same alert stands above");
            } else if self.watches(alert.platform.as_deref(), &at) {
                asked.push(alert);
            }
        }
        asked
    }

    /// Whether a platform is watched, or none is meant; an error where there is no such platform.
    fn watches(&mut self, platform: Option<&str>, at: &At<'_>) -> bool {
        match platform.map(|name| self.reach.platform(name)) {
            None | Some(Ok(Ok(()))) => true,
            Some(Ok(Err(unwatched))) => {
                self.leave_out(unwatched);
                false
            }
            Some(Err(message)) => {
                self.errors.value(&at.near("platform"), message);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_left_out_of_a_text() {
        assert_eq!(one_line(" a\n b\u{1b}[31m\u{9b}c\r"), "a b [31m c");
    }
}

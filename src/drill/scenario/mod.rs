//! Scenarios: what breaks when in a drill, and what the exporter must say of it. One YAML file each, built in or the
//! user's own, read as the configuration is: all mistakes at once, each with its place.

mod alerts;
mod build;
mod built_in;
mod expect;
mod raw;
mod reach;
#[cfg(test)]
mod tests;
mod timeline;
pub mod words;

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;

pub use built_in::list;
pub use raw::json_schema;

use super::fault::{Fault, Place};
use crate::config::{self, At, Config, Errors, did_you_mean};
use crate::state::Verdict;
use crate::time::Time;

static SCHEMA: LazyLock<Value> = LazyLock::new(json_schema);

/// Says whether a fault can strike a place, or why not.
pub type Fits<'a> = &'a dyn Fn(&Config, &Place, Fault) -> Result<(), String>;

/// A scenario: complete, in order, and beginning and ending with everything healthy.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its built-in name, or the file as it was named.
    pub name: String,
    /// What happened, in one line.
    pub title: String,
    /// The virtual time at which the drill begins.
    pub start: Time,
    /// The virtual time at which it ends.
    pub end: Time,
    /// Where its facts come from: key and text.
    pub sources: Vec<(String, String)>,
    /// What breaks and what is healed, in order of time.
    pub events: Vec<Event>,
    /// The verdicts that must come, in order of time for each platform.
    pub expectations: Vec<Expectation>,
    /// Alerts that Alertmanager must have seen.
    pub alerts: Vec<Alert>,
    /// What it speaks of and this configuration does not watch: told to the user, and not played.
    pub left_out: Vec<String>,
}

/// Something breaks, or is healed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Time,
    /// Where, without repetition.
    pub places: Vec<Place>,
    /// What goes wrong there from now on. In every check that the places cover it takes the place of what was wrong before.
    pub fault: Fault,
    /// What is known of it; one line, may be empty.
    pub note: String,
    /// Keys of the scenario's sources.
    pub sources: Vec<String>,
    /// Its time, or that it happened at all, is invented.
    pub invented: bool,
}

/// From a time on a platform has this verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The platform's name.
    pub platform: String,
    /// From when.
    pub at: Time,
    /// Any of these is right.
    pub verdicts: Vec<Verdict>,
    /// How long it may take until it is seen.
    pub within: Duration,
}

/// An alert that Alertmanager must have seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Value of its `alertname` label.
    pub alert: String,
    /// Value of its `platform` label; none: any.
    pub platform: Option<String>,
}

impl Scenario {
    /// Reads a scenario: a built-in one by its name, or else a file. `now` is the start of one that names none.
    ///
    /// # Errors
    /// Everything that is wrong with it, with places.
    pub fn load(wanted: &str, config: &Config, now: Time, fits: Fits<'_>) -> Result<Self, Errors> {
        if let Some(text) = built_in::text(wanted) {
            return Self::parse(wanted, text, config, now, fits);
        }
        let path = Path::new(wanted);
        let named_like_a_file = wanted.contains(['/', '.']);
        if !named_like_a_file && !path.exists() {
            let mut errors = Errors::default();
            errors.push(config::Place::file(wanted), "", unknown(wanted));
            return Err(errors);
        }
        Self::parse(wanted, &config::read(path)?, config, now, fits)
    }

    /// Reads the text of a scenario; `name` stands in its errors. Variables come from the environment of the process.
    ///
    /// # Errors
    /// Everything that is wrong, with places.
    pub fn parse(
        name: &str,
        text: &str,
        config: &Config,
        now: Time,
        fits: Fits<'_>,
    ) -> Result<Self, Errors> {
        let mut errors = Errors::default();
        let lookup = |name: &str| std::env::var(name).ok();
        let tree = config::parse_yaml(name, text, &mut errors).ok_or_else(|| errors.clone())?;
        let file = config::values(&SCHEMA, &tree, &lookup, &mut errors);
        let scenario = file.and_then(|file| {
            let around = build::Surroundings {
                name,
                config,
                now,
                fits,
            };
            build::build(file, &At::root(&tree), &around, &mut errors)
        });
        match scenario {
            Some(scenario) if errors.is_empty() => Ok(scenario),
            _ => Err(errors),
        }
    }
}

fn unknown(wanted: &str) -> String {
    let names: Vec<&str> = built_in::names().collect();
    let hint = did_you_mean(wanted, names.iter().copied()).unwrap_or_default();
    format!(
        "there is no such scenario, and no such file{hint}; built in are {}",
        names.join(", ")
    )
}

impl Event {
    /// What happens and where, in one line: `facebook, instagram login and api: server_error`.
    pub fn what(&self) -> String {
        let places = words::join(self.places.iter().map(|place| match place {
            Place::Platform { name, layer } => (name.as_str(), layer.as_str()),
            Place::Vantage(own) => ("", own.words()),
        }));
        format!("{places}: {}", self.fault.name())
    }
}

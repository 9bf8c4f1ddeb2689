//! Tests of scenarios: their reading, and those that are built in.

mod built_in;
mod hostile;
mod mistakes;
mod published;
mod reading;

use std::sync::LazyLock;

use super::{Errors, Fault, Place, Scenario};
use crate::config::{self, Config};
use crate::time::Time;

/// The built-in configuration.
static CONFIG: LazyLock<Config> =
    LazyLock::new(|| config::load(None).unwrap_or_else(|errors| panic!("{errors}")));

/// 20 June 2025, 12:00:00.789 UTC.
const NOW: Time = Time::from_millis(1_750_420_800_789);

/// So that there is something that does not fit: names are missing in `dns` alone, and Messenger greets nobody.
fn fits(_: &Config, place: &Place, fault: Fault) -> Result<(), String> {
    match (place, fault) {
        (Place::Platform { layer, .. }, Fault::Nxdomain) if layer != "dns" => {
            Err(format!("{place} has no name to miss"))
        }
        (Place::Platform { name, .. }, Fault::ChatSilent) if name == "messenger" => {
            Err(format!("{place} greets nobody"))
        }
        _ => Ok(()),
    }
}

fn read(text: &str) -> Result<Scenario, Errors> {
    Scenario::parse("mine.yml", text, &CONFIG, NOW, &fits)
}

fn good(text: &str) -> Scenario {
    read(text).unwrap_or_else(|errors| panic!("{text}\n{errors}"))
}

fn bad(text: &str) -> String {
    match read(text) {
        Ok(_) => panic!("no error in:\n{text}"),
        Err(errors) => errors.to_string(),
    }
}

//! What a command is to be about: PLATFORM[/COMPONENT[/CHECK]], looked up in the configuration.

use crate::config::{Check, Config, Platform, did_you_mean};

/// The platform of that name, also one that is off.
///
/// # Errors
/// There is none: the message names those that there are.
pub fn platform<'a>(config: &'a Config, name: &str) -> Result<&'a Platform, String> {
    let found = config.platforms.iter().find(|known| *known.name == *name);
    found.ok_or_else(|| {
        let names = config.platforms.iter().map(|platform| &*platform.name);
        unknown("platform", name, names)
    })
}

/// The checks that are meant. What is named outright is meant even where it is off; under a name only what is on.
///
/// # Errors
/// There are none: the message says which part of the selection is wrong, and what there is.
pub fn checks<'a>(config: &'a Config, selection: &str) -> Result<Vec<&'a Check>, String> {
    let parts: Vec<&str> = selection.split('/').collect();
    let (name, component, check) = match parts[..] {
        [name] => (name, None, None),
        [name, component] => (name, Some(component), None),
        [name, component, check] => (name, Some(component), Some(check)),
        _ => {
            return Err(format!(
                "{selection:?} has too many parts: give PLATFORM, PLATFORM/COMPONENT or PLATFORM/COMPONENT/CHECK"
            ));
        }
    };
    let components = &platform(config, name)?.components;
    let wanted: Vec<_> = components
        .iter()
        .filter(|known| component.map_or(known.off.is_none(), |wanted| *known.name == *wanted))
        .collect();
    if let (Some(component), true) = (component, wanted.is_empty()) {
        let names = components.iter().map(|component| &*component.name);
        return Err(unknown(&format!("component of {name}"), component, names));
    }
    let all = || wanted.iter().flat_map(|component| &component.checks);
    let checks: Vec<_> = all()
        .filter(|known| check.map_or(known.off.is_none(), |wanted| *known.id.check == *wanted))
        .collect();
    match check {
        _ if !checks.is_empty() => Ok(checks),
        Some(check) => {
            let names = all().map(|known| &*known.id.check);
            let component = component.unwrap_or_default();
            Err(unknown(
                &format!("check of {name}/{component}"),
                check,
                names,
            ))
        }
        None => {
            let names: Vec<String> = components
                .iter()
                .filter(|known| component.is_none_or(|wanted| *known.name == *wanted))
                .flat_map(|component| &component.checks)
                .map(|check| check.id.to_string())
                .collect();
            Err(format!(
                "every check of {selection} is off; name one in full to run it all the same: {}",
                names.join(", ")
            ))
        }
    }
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let hint = did_you_mean(name, known.clone()).unwrap_or_else(|| ".".to_owned());
    let known: Vec<&str> = known.collect();
    format!(
        "no {what} is named {name:?}{hint} There are: {}",
        known.join(", ")
    )
}

//! From the merged file to what the program runs on: defaults filled in, and everything checked that needs more than one
//! value to judge.
//!
//! What is wrong in itself was reported before and is missing here, so a key that stands in the tree without a value
//! here is never reported again.

mod check;
mod controls;
mod network;
mod pace;
mod rule;
mod secrets;
mod target;

use std::path::{Path, PathBuf};

use super::at::At;
use super::env::Lookup;
use super::error::Errors;
use super::raw;
use super::settings::{
    Component, Config, Credential, CredentialSource, DRILL, DownWhen, Impact, Platform, Secret,
};
use super::suggest::did_you_mean;
use super::switch;
use super::tree::Content;
use super::values::{self, Entries, Name};
use pace::Pace;

/// What is known of the surroundings.
pub(super) struct Surroundings<'a> {
    /// The user's file, as it was named.
    pub file: &'a str,
    /// The catalogue's platforms.
    pub catalogue: Vec<&'a str>,
    /// Credentials that some check of the catalogue or the file names.
    pub wanted_credentials: Vec<String>,
    /// The environment.
    pub lookup: Lookup<'a>,
}

/// Builds the configuration. It is only good when no error was added.
pub(super) fn build(
    file: raw::File,
    root: &At<'_>,
    around: &Surroundings<'_>,
    errors: &mut Errors,
) -> Config {
    let mut builder = Builder {
        around,
        root,
        errors,
        credentials: Vec::new(),
        pace: Pace::default(),
    };
    builder.pace = builder.default_pace(file.defaults.unwrap_or_default());
    builder.credentials = builder.credentials(file.credentials.unwrap_or_default());
    Config {
        vantage: builder.vantage(file.vantage),
        user_agent: user_agent(file.contact.map(|contact| contact.0)),
        network: builder.network(file.network.unwrap_or_default()),
        controls: builder.controls(file.controls.unwrap_or_default()),
        platforms: builder.platforms(file.platforms.unwrap_or_default()),
    }
}

fn user_agent(contact: Option<String>) -> String {
    let product = concat!("platform_exporter/", env!("CARGO_PKG_VERSION"));
    match contact {
        Some(contact) => format!("{product} (+{contact})"),
        None => product.into(),
    }
}

struct Builder<'a> {
    around: &'a Surroundings<'a>,
    root: &'a At<'a>,
    errors: &'a mut Errors,
    credentials: Vec<Credential>,
    pace: Pace,
}

impl Builder<'_> {
    fn credentials(&mut self, raw: Entries<Name, raw::Credential>) -> Vec<Credential> {
        let all = self.root.near("credentials");
        let mut credentials = Vec::new();
        for (Name(name), raw) in raw.0 {
            let at = all.near(&name);
            if !self.around.wanted_credentials.contains(&name) {
                let wanted = self.around.wanted_credentials.iter().map(String::as_str);
                let hint = did_you_mean(&name, wanted).unwrap_or_default();
                self.errors
                    .key(&at, format!("no check names this credential{hint}"));
            }
            let source = self.credential_source(raw, &at);
            credentials.extend(source.map(|source| Credential { name, source }));
        }
        credentials
    }

    fn vantage(&mut self, raw: Option<values::Label>) -> String {
        let vantage = raw.map_or_else(|| "local".into(), |label| label.0);
        if vantage == DRILL {
            let message = "kept for drills: the alerts of this exporter would be taken for those of an exercise";
            self.errors.value(&self.root.near("vantage"), message);
        }
        vantage
    }

    fn credential_source(&mut self, raw: raw::Credential, at: &At<'_>) -> Option<CredentialSource> {
        self.one_of(at, &["file", "env"])?;
        if let Some(file) = raw.file {
            return Some(CredentialSource::File(self.file(at, "file", file.0)));
        }
        let variable = raw.env?.0;
        let value = (self.around.lookup)(&variable);
        if value.is_none() {
            let message = format!("the environment variable {variable} is not set");
            self.errors.value(&at.near("env"), message);
        }
        Some(CredentialSource::Value(Secret(value?)))
    }

    fn platforms(&mut self, raw: Entries<Name, Option<raw::Platform>>) -> Vec<Platform> {
        let all = self.root.near("platforms");
        let platform = |(name, raw): (Name, Option<raw::Platform>)| {
            let at = all.near(&name.0);
            self.platform(name.0, raw.unwrap_or_default(), &at)
        };
        raw.0.into_iter().map(platform).collect()
    }

    fn platform(&mut self, name: String, raw: raw::Platform, at: &At<'_>) -> Platform {
        let off = self.switch(at);
        if off.is_none() && lacks(at, "components") {
            let hint = did_you_mean(&name, self.around.catalogue.iter().copied());
            let unknown = !self.around.catalogue.contains(&name.as_str());
            let hint = hint.filter(|_| unknown).unwrap_or_default();
            self.errors.key(
                at,
                format!("has no components, and the catalogue has none for it{hint}"),
            );
        }
        let parts = raw.components.unwrap_or_default().0;
        let all = at.near("components");
        let component = |(part, raw): (Name, raw::Component)| {
            self.component([&name, &part.0], raw, &all.near(&part.0), off.is_some())
        };
        let components = parts.into_iter().map(component).collect();
        let title = raw.title.map_or_else(|| name.clone(), |title| title.0);
        Platform {
            name: name.into(),
            operator: raw
                .operator
                .map_or_else(|| title.clone(), |operator| operator.0),
            title,
            team: raw.team.map(|team| team.0).unwrap_or_default(),
            page: raw.page.unwrap_or(false),
            off,
            components,
        }
    }

    fn component(
        &mut self,
        [platform, name]: [&String; 2],
        raw: raw::Component,
        at: &At<'_>,
        platform_off: bool,
    ) -> Component {
        let off = self.switch(at);
        let parent_off = platform_off || off.is_some();
        if !parent_off && lacks(at, "checks") {
            self.errors.key(at, "has no checks");
        }
        let all = at.near("checks");
        let mut checks = Vec::new();
        for (check, raw) in raw.checks.unwrap_or_default().0 {
            let at = all.near(&check.0);
            checks.extend(self.check([platform, name, &check.0], raw, &at, parent_off));
        }
        Component {
            name: name.as_str().into(),
            impact: raw.impact.unwrap_or(Impact::Outage),
            down_when: raw.down_when.unwrap_or(DownWhen::All),
            tolerate: raw.tolerate.unwrap_or(0),
            off,
            checks,
        }
    }

    /// Why something is off; an error where a reason is given for something that is on.
    fn switch(&mut self, at: &At<'_>) -> Option<String> {
        if let Some(reason) = at
            .key("off_reason")
            .filter(|_| !at.node.says("enabled", false))
        {
            self.errors
                .key(&reason, "only together with `enabled: false`");
        }
        switch::off(at.node)
    }

    /// The one key that is there of those of which one must be; an error where it is none or more.
    fn one_of<'k>(&mut self, at: &At<'_>, keys: &[&'k str]) -> Option<&'k str> {
        let list = keys.join(", ");
        let mut found = at
            .node
            .entries()
            .iter()
            .filter(|e| keys.contains(&e.key.as_str()) && at.has(&e.key));
        match (found.next(), found.next()) {
            (Some(one), None) => keys.iter().find(|key| **key == one.key).copied(),
            (Some(first), Some(second)) => {
                let message = format!("beside {}: there can be only one of {list}", first.key);
                self.errors.key(&at.entry(second), message);
                None
            }
            _ => {
                self.errors.key(at, format!("needs one of {list}"));
                None
            }
        }
    }

    /// A value that must be there; an error where its key is missing.
    fn needed<T>(&mut self, at: &At<'_>, key: &str, value: Option<T>) -> Option<T> {
        if value.is_none() && !at.has(key) {
            self.errors.key(at, format!("the key `{key}` is missing"));
        }
        value
    }

    /// The path of a file that must be readable.
    fn file(&mut self, at: &At<'_>, key: &str, path: PathBuf) -> PathBuf {
        let at = at.near(key);
        let path = resolve(&at, path);
        if let Err(error) = std::fs::File::open(&path) {
            self.errors
                .value(&at, format!("cannot read {}: {error}", path.display()));
        }
        path
    }

    /// The same, of something that is not going to be used when `off`.
    fn file_unless(&mut self, off: bool, at: &At<'_>, key: &str, path: PathBuf) -> PathBuf {
        match off {
            true => resolve(&at.near(key), path),
            false => self.file(at, key, path),
        }
    }
}

/// Whether the mapping under a key is missing or empty.
fn lacks(at: &At<'_>, key: &str) -> bool {
    at.node
        .get(key)
        .is_none_or(|node| node.content == Content::Map(Vec::new()))
}

/// A relative path starts at the directory of the file that names it.
fn resolve(at: &At<'_>, path: PathBuf) -> PathBuf {
    match Path::new(&*at.node.place.file).parent() {
        Some(directory) => directory.join(path),
        None => path,
    }
}

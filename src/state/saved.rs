//! What survives a restart: proofs, verdicts that are still young, open incidents.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::check::Memory;
use super::incident::Incident;
use super::platform::PlatformState;
use crate::time::Time;

/// Of the form below; another is not read.
const VERSION: u32 = 1;

/// What survives a restart, as written to the state directory.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Saved {
    version: u32,
    at: Time,
    checks: Vec<SavedCheck>,
    incidents: Vec<SavedIncident>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedCheck {
    platform: String,
    component: String,
    check: String,
    definition: u64,
    memory: Memory,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedIncident {
    platform: String,
    component: String,
    incident: Incident,
}

impl Saved {
    /// Takes down what is held of these platforms. Open incidents are out of sight from now on.
    pub(super) fn of(platforms: &[PlatformState], now: Time) -> Self {
        let mut saved = Self {
            version: VERSION,
            at: now,
            checks: Vec::new(),
            incidents: Vec::new(),
        };
        for platform in platforms {
            for component in &platform.components {
                let name = || {
                    (
                        platform.settings.name.to_string(),
                        component.name.to_string(),
                    )
                };
                saved.checks.extend(component.checks.iter().map(|check| {
                    let (platform, component) = name();
                    SavedCheck {
                        platform,
                        component,
                        check: check.settings.name.to_string(),
                        definition: check.settings.definition,
                        memory: check.memory().clone(),
                    }
                }));
                saved
                    .incidents
                    .extend(component.incident.clone().map(|mut incident| {
                        let (platform, component) = name();
                        incident.suspend(now);
                        SavedIncident {
                            platform,
                            component,
                            incident,
                        }
                    }));
            }
        }
        saved
    }

    /// Puts what still holds into these platforms. Returns a sentence for each thing that does not.
    pub(super) fn put_into(&self, platforms: &mut [PlatformState], now: Time) -> Vec<String> {
        if self.version != VERSION {
            let version = self.version;
            return vec![format!(
                "the saved state has version {version}, not {VERSION}: not read"
            )];
        }
        let mut dropped = self.put_checks(platforms, now);
        dropped.extend(
            self.incidents
                .iter()
                .filter_map(|saved| saved.put_into(platforms, now)),
        );
        dropped
    }

    fn put_checks(&self, platforms: &mut [PlatformState], now: Time) -> Vec<String> {
        let key = |saved: &SavedCheck| {
            (
                saved.platform.clone(),
                saved.component.clone(),
                saved.check.clone(),
                saved.definition,
            )
        };
        let mut saved: HashMap<_, &Memory> = self
            .checks
            .iter()
            .map(|saved| (key(saved), &saved.memory))
            .collect();
        let mut too_old = 0;
        for platform in platforms {
            let name = platform.settings.name.to_string();
            for component in &mut platform.components {
                for check in &mut component.checks {
                    let settings = &check.settings;
                    let (component, check_name) =
                        (component.name.to_string(), settings.name.to_string());
                    let key = (name.clone(), component, check_name, settings.definition);
                    let Some(memory) = saved.remove(&key) else {
                        continue;
                    };
                    // A clock that was set back cannot tell how old it is.
                    let young = self.at <= now && now.since(self.at) <= settings.patience();
                    if young {
                        check.remember(memory.clone().unplanned());
                    } else {
                        too_old += usize::from(memory.has_verdict());
                        check.remember(memory.proof_only());
                    }
                }
            }
        }
        let sentence = |count: usize, what: &str| (count > 0).then(|| format!("{count} {what}"));
        let changed = sentence(
            saved.len(),
            "saved checks are gone or changed: nothing is kept of them",
        );
        let too_old = sentence(
            too_old,
            "saved verdicts are too old: these checks start unknown",
        );
        changed.into_iter().chain(too_old).collect()
    }
}

impl SavedIncident {
    fn put_into(&self, platforms: &mut [PlatformState], now: Time) -> Option<String> {
        let Self {
            platform,
            component,
            incident,
        } = self;
        let lost = || {
            Some(format!(
                "the open incident of {platform}/{component} is lost from sight"
            ))
        };
        let place = platforms
            .iter_mut()
            .find(|p| *p.settings.name == **platform)
            .and_then(|p| p.components.iter_mut().find(|c| *c.name == **component));
        let Some(place) = place else { return lost() };
        if incident.lost_at().is_some_and(|at| at <= now) {
            return lost();
        }
        place.incident = Some(incident.clone());
        None
    }
}

//! What a scenario's words for platforms and layers mean in this configuration, and which checks a place covers.

use crate::config::{self, Config, Platform, did_you_mean};
use crate::drill::fault::{Own, Place};

/// Every platform, where one's name stands.
pub(super) const ALL: &str = "all";
/// Our own network, where a platform's name stands.
pub(super) const VANTAGE: &str = "vantage";
/// The layers of our own network.
const OWN: [(&str, Own); 3] = [
    ("gateway", Own::Gateway),
    ("resolver", Own::Resolver),
    ("resolvers", Own::Resolvers),
];

/// What a configuration watches.
pub(super) struct Reach<'a> {
    config: &'a Config,
    /// Its platforms, reduced to what is on.
    pub watched: Vec<Platform>,
}

/// Known, but not watched in this configuration: what of it, for the user.
#[derive(Debug, PartialEq)]
pub(super) struct Unwatched(pub String);

impl<'a> Reach<'a> {
    pub fn new(config: &'a Config) -> Self {
        let watched = config.active();
        Self { config, watched }
    }

    /// Whether a platform is watched.
    ///
    /// # Errors
    /// There is no such platform.
    pub fn platform(&self, name: &str) -> Result<Result<(), Unwatched>, String> {
        if self.watched.iter().any(|p| &*p.name == name) {
            return Ok(Ok(()));
        }
        if named(&self.config.platforms, name).is_some() || in_catalogue(name) {
            return Ok(Err(Unwatched(name.to_owned())));
        }
        let known: Vec<&str> = self.watched.iter().map(|p| &*p.name).collect();
        let words = known.iter().copied().chain([ALL, VANTAGE]);
        let hint = did_you_mean(name, words);
        let hint = hint.unwrap_or_else(|| format!("; watched are {}", known.join(", ")));
        Err(format!("there is no such platform{hint}"))
    }

    /// The place that a layer of a watched platform is.
    ///
    /// # Errors
    /// The platform has no such layer.
    pub fn place(&self, name: &str, layer: &str) -> Result<Result<Place, Unwatched>, String> {
        let place = Place::Platform {
            name: name.to_owned(),
            layer: layer.to_owned(),
        };
        if !self.cells(&place).is_empty() {
            return Ok(Ok(place));
        }
        let platform = named(&self.config.platforms, name);
        let known = platform.map(layers).unwrap_or_default();
        if known.iter().any(|known| known == layer) {
            return Ok(Err(Unwatched(format!("{name} {layer}"))));
        }
        let hint = did_you_mean(layer, known.iter().map(String::as_str));
        let components = known.iter().filter(|known| !known.contains('/'));
        let components: Vec<&str> = components.map(String::as_str).collect();
        let hint = hint.unwrap_or_else(|| format!("; known are {}", components.join(", ")));
        Err(format!("{name} has no such layer{hint}"))
    }

    /// What a place covers, each under a name of its own: checks that are on, a status page, a part of our network.
    pub fn cells(&self, place: &Place) -> Vec<String> {
        let (name, layer) = match place {
            Place::Vantage(Own::Gateway) => return vec!["our gateway".into()],
            Place::Vantage(Own::Resolver) => return vec!["our first resolver".into()],
            Place::Vantage(Own::Resolvers) => {
                return vec!["our first resolver".into(), "our second resolver".into()];
            }
            Place::Platform { name, layer } => (name, layer),
        };
        if [Place::OFFICIAL, Place::FIRST_RESOLVER].contains(&layer.as_str()) {
            return vec![format!("{name} {layer}")];
        }
        let whole = layer == Place::ALL;
        let platform = self.watched.iter().filter(|p| *p.name == **name);
        let checks = platform.flat_map(|p| p.components.iter().flat_map(|c| &c.checks));
        let covered = |check: &&config::Check| {
            let component = &*check.id.component;
            whole || layer == component || *layer == format!("{component}/{}", check.id.check)
        };
        checks
            .filter(covered)
            .map(|check| format!("{name} {}/{}", check.id.component, check.id.check))
            .chain(whole.then(|| format!("{name} {}", Place::FIRST_RESOLVER)))
            .collect()
    }
}

/// The place that a layer of our own network is.
///
/// # Errors
/// There is no such layer.
pub(super) fn own(layer: &str) -> Result<Place, String> {
    let words = OWN.map(|(word, _)| word);
    match OWN.iter().find(|(word, _)| *word == layer) {
        Some((_, own)) => Ok(Place::Vantage(*own)),
        None => {
            let hint = did_you_mean(layer, words)
                .unwrap_or_else(|| format!("; known are {}", words.join(", ")));
            Err(format!("our own network has no such layer{hint}"))
        }
    }
}

/// Every word for a layer of a platform, on or off.
fn layers(platform: &Platform) -> Vec<String> {
    let mut layers = [Place::ALL, Place::OFFICIAL, Place::FIRST_RESOLVER]
        .map(str::to_owned)
        .to_vec();
    for component in &platform.components {
        layers.push(component.name.to_string());
        let check = |check: &config::Check| format!("{}/{}", component.name, check.id.check);
        layers.extend(component.checks.iter().map(check));
    }
    layers
}

fn named<'p>(platforms: &'p [Platform], name: &str) -> Option<&'p Platform> {
    platforms.iter().find(|p| &*p.name == name)
}

/// Whether the built-in catalogue has the platform, though this configuration does not name it.
fn in_catalogue(name: &str) -> bool {
    config::load(None).is_ok_and(|built_in| named(&built_in.platforms, name).is_some())
}

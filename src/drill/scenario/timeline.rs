//! The timeline: what breaks and what is healed, in order, with an effect, and with healthy stretches at both ends.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use super::build::{Builder, one_line};
use super::reach::{ALL, Unwatched, VANTAGE, own};
use super::{Event, raw, words};
use crate::config::{At, Items, OneOrMore, did_you_mean};
use crate::drill::fault::{Fault, Place};
use crate::time::Time;

/// The least time before the first fault: each platform must have been seen up, and its expectations have been proven.
const HEALTHY_BEFORE: Duration = Duration::from_secs(2 * 60);
/// The least time after the last change: a check that was down is seen up again within an interval and a recheck, and
/// dashboards should show that it stays so.
const HEALTHY_AFTER: Duration = Duration::from_secs(3 * 60);

/// The timeline as it was read.
#[derive(Default)]
pub(super) struct Timeline {
    /// What happens in this configuration.
    pub events: Vec<Event>,
    /// When the first fault strikes; none where nothing breaks, or where parts of the timeline are wrong.
    pub first: Option<Time>,
}

impl Builder<'_> {
    pub(super) fn timeline(&mut self, raw: Items<raw::Event>, root: &At<'_>) -> Timeline {
        if !root.has("timeline") {
            return Timeline::default();
        }
        let all = root.near("timeline");
        let mut told: Vec<(Event, At<'_>)> = Vec::new();
        // What follows from the whole is not asked of a part.
        let mut whole = self.start.is_some() && self.end.is_some();
        for (raw, at) in raw.0.into_iter().zip(all.items()) {
            let Some(event) = raw.and_then(|raw| self.event(raw, &at)) else {
                whole = false;
                continue;
            };
            if let Some((above, _)) = told.last().filter(|(above, _)| above.at > event.at) {
                let (this, above) = (words::clock(event.at), words::clock(above.at));
                let message = format!("{this} comes before the event above ({above})");
                self.errors.value(&at.near("at"), message);
            }
            told.push((event, at));
        }
        told.retain(|(event, _)| !event.places.is_empty());
        if whole {
            self.effects(&told);
            self.healthy_ends(&told, &all);
        }
        let first = told.iter().find(|(event, _)| event.fault != Fault::Healthy);
        Timeline {
            first: first.map(|(event, _)| event.at).filter(|_| whole),
            events: told.into_iter().map(|(event, _)| event).collect(),
        }
    }

    fn event(&mut self, raw: raw::Event, at: &At<'_>) -> Option<Event> {
        let time = self.time_inside(raw.at.0, &at.near("at"));
        let places = self.places(&raw, at);
        let invented = raw.invented.unwrap_or(false);
        let sources = raw.source.map(|keys| self.event_sources(keys, at));
        if sources.is_none() && !invented && !at.has("source") {
            let message = "where is it known from? Name a `source`, or write `invented: true`";
            self.errors.value(at, message);
        }
        Some(Event {
            at: time?,
            places: places?,
            fault: raw.fault,
            note: one_line(&raw.note.unwrap_or_default()),
            sources: sources.unwrap_or_default(),
            invented,
        })
    }

    fn event_sources(&mut self, keys: OneOrMore<String>, at: &At<'_>) -> Vec<String> {
        let at = at.near("source");
        let mut found = Vec::new();
        for (key, at) in self.each(keys, &at) {
            let known = self.sources.iter().map(|(known, _)| known.as_str());
            if known.clone().any(|known| known == key) || !self.sources_right {
                found.push(key);
                continue;
            }
            let hint = did_you_mean(&key, known).unwrap_or_default();
            let message = format!("there is no such key under `sources`{hint}");
            self.errors.value(&at, message);
        }
        found
    }

    /// The right ones of a list or single value, each with its place; an error where the list is empty.
    pub(super) fn each<'a, T>(&mut self, values: OneOrMore<T>, at: &'a At<'a>) -> Vec<(T, At<'a>)> {
        let places = at.one_or_more();
        if places.is_empty() {
            self.errors.value(at, "an empty list names nothing");
        }
        let pairs = values.0.0.into_iter().zip(places);
        pairs.filter_map(|(value, at)| Some((value?, at))).collect()
    }

    /// Every place that an event strikes and this configuration watches; none when something is wrong.
    fn places(&mut self, raw: &raw::Event, at: &At<'_>) -> Option<Vec<Place>> {
        let (platforms_at, layers_at) = (at.near("platform"), at.near("layer"));
        let platforms = self.each(raw.platform.clone(), &platforms_at);
        let layers = self.each(raw.layer.clone(), &layers_at);
        let mut places: Vec<Place> = Vec::new();
        let mut right = raw.platform.is_whole() && raw.layer.is_whole();
        for (platform, platform_at) in &platforms {
            if let Err(message) = self.knows(platform) {
                self.errors.value(platform_at, message);
                right = false;
                continue;
            }
            for (layer, layer_at) in &layers {
                let found = self
                    .struck(platform, layer)
                    .map_err(|error| (layer_at, error));
                let fault_at = at.near("fault");
                let found = found.and_then(|found| {
                    let fitting = self.fitting(found, platform == ALL, raw.fault);
                    fitting.map_err(|error| (&fault_at, error))
                });
                match found {
                    Ok(found) => places.extend(found),
                    Err((at, message)) => {
                        self.errors.value(at, message);
                        right = false;
                    }
                }
            }
        }
        let mut seen = HashSet::new();
        places.retain(|place| seen.insert(place.clone()));
        right.then_some(places)
    }

    /// The places that a fault can strike: all of them, or else an error; of `any` of them those that it can.
    fn fitting(&self, places: Vec<Place>, any: bool, fault: Fault) -> Result<Vec<Place>, String> {
        let mut wrong = None;
        let mut fitting = Vec::new();
        for place in places {
            match (self.around.fits)(self.around.config, &place, fault) {
                Ok(()) => fitting.push(place),
                Err(why) => {
                    wrong.get_or_insert(why);
                }
            }
        }
        match wrong {
            Some(wrong) if !any || fitting.is_empty() => Err(wrong),
            _ => Ok(fitting),
        }
    }

    fn knows(&self, platform: &str) -> Result<(), String> {
        match platform {
            ALL | VANTAGE => Ok(()),
            name => self.reach.platform(name).map(drop),
        }
    }

    /// The places that a word for a platform and one for a layer name together.
    fn struck(&mut self, platform: &str, layer: &str) -> Result<Vec<Place>, String> {
        match platform {
            VANTAGE => own(layer).map(|place| vec![place]),
            ALL => self.everywhere(layer),
            name => {
                let watched = match self.reach.platform(name)? {
                    Ok(()) => self.reach.place(name, layer)?,
                    Err(unwatched) => Err(unwatched),
                };
                Ok(self.watched_or_noted(watched).into_iter().collect())
            }
        }
    }

    fn watched_or_noted(&mut self, place: Result<Place, Unwatched>) -> Option<Place> {
        place.map_err(|unwatched| self.leave_out(unwatched)).ok()
    }

    /// A layer of each platform that has it.
    fn everywhere(&mut self, layer: &str) -> Result<Vec<Place>, String> {
        let names = self.reach.watched.iter().map(|p| p.name.to_string());
        let mut places = Vec::new();
        let mut known = false;
        for name in names.collect::<Vec<_>>() {
            if let Ok(place) = self.reach.place(&name, layer) {
                known = true;
                places.extend(place.ok());
            }
        }
        match known {
            true => Ok(places),
            false => Err("no platform has such a layer".into()),
        }
    }

    /// Each event changes something, and everything is healed in the end.
    fn effects(&mut self, told: &[(Event, At<'_>)]) {
        // What is wrong now, and which event made it so.
        let mut wrong: BTreeMap<String, (Fault, usize)> = BTreeMap::new();
        for (index, (event, at)) in told.iter().enumerate() {
            let covered = event
                .places
                .iter()
                .flat_map(|place| self.reach.cells(place));
            let covered: Vec<String> = covered.collect();
            let now = |cell: &String| wrong.get(cell).map_or(Fault::Healthy, |(fault, _)| *fault);
            if covered.iter().all(|cell| now(cell) == event.fault) {
                let message = format!("changes nothing: {} already", event.what());
                self.errors.value(&at.near("fault"), message);
            }
            for cell in covered {
                match event.fault {
                    Fault::Healthy => wrong.remove(&cell),
                    fault => wrong.insert(cell, (fault, index)),
                };
            }
        }
        let unhealed: BTreeMap<usize, String> = wrong
            .into_iter()
            .rev()
            .map(|(cell, (_, index))| (index, cell))
            .collect();
        for (index, cell) in unhealed {
            if let Some((_, at)) = told.get(index) {
                let message =
                    format!("{cell} is never healed: a drill ends with everything healthy");
                self.errors.value(at, message);
            }
        }
    }

    fn healthy_ends(&mut self, told: &[(Event, At<'_>)], all: &At<'_>) {
        let (Some(start), Some(end)) = (self.start, self.end) else {
            return;
        };
        let first = told.iter().find(|(event, _)| event.fault != Fault::Healthy);
        let Some(((first, first_at), (last, last_at))) = first.zip(told.last()) else {
            let message = "nothing breaks that this configuration watches";
            self.errors.value(all, message);
            return;
        };
        let before = first.at.since(start);
        if before < HEALTHY_BEFORE {
            let message = format!(
                "the first fault comes {} after the start; a drill begins with {} in which everything is healthy",
                words::span(before),
                words::span(HEALTHY_BEFORE)
            );
            self.errors.value(&first_at.near("at"), message);
        }
        let after = end.since(last.at);
        if after < HEALTHY_AFTER {
            let message = format!(
                "the last change comes {} before the end; a drill ends with {} in which everything is healthy",
                words::span(after),
                words::span(HEALTHY_AFTER)
            );
            self.errors.value(&last_at.near("at"), message);
        }
    }
}

//! The scenario file as it is written: types that mirror it key by key, from which its JSON Schema is generated.
//!
//! The comments are what people read in the schema and in docs/drills.md.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::config::{Duration, Entries, Items, Label, Moment, OneOrMore, schema_of};
use crate::drill::fault::Fault;
use crate::state::Verdict;

/// A scenario for `platform_exporter drill`: what breaks when, and what the exporter must say of it.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "platform_exporter drill")]
pub struct File {
    /// What happened, in one line.
    #[schemars(with = "Label")]
    pub title: Option<Label>,
    /// The virtual time at which the drill begins, by the calendar. Default: now.
    pub start: Option<Moment>,
    /// When it ends, by the calendar or as a duration since the start; at most a day after it.
    #[schemars(with = "Moment")]
    pub end: Option<Moment>,
    /// Where the facts come from: a short key, and what it stands for.
    pub sources: Option<Entries<Label, String>>,
    /// What breaks and what is healed, in order of time.
    #[schemars(with = "Items<Event>")]
    pub timeline: Option<Items<Event>>,
    /// The verdicts that must come. A platform is expected to be up until its first entry, and always where it has none.
    pub expect: Option<Items<Expectation>>,
    /// Alerts that Alertmanager must have seen; asked for with `--expect-alerts`.
    pub alerts: Option<Items<Alert>>,
}

/// Something breaks, or is healed.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When, by the calendar or as a duration since the start.
    pub at: Moment,
    /// Platforms that it strikes, by name; `all` of them; or `vantage`: our own network.
    pub platform: OneOrMore<String>,
    /// Layers that it strikes: a component, COMPONENT/CHECK, `all` components, `official` for the status page, or
    /// `first_resolver` for the platform's names at the first of our resolvers, as a filter has it; of `vantage`: `gateway`, `resolver` for the first of our two resolvers, or `resolvers` for both.
    pub layer: OneOrMore<String>,
    /// What goes wrong there from now on, in place of what went wrong before; `healthy`: nothing.
    pub fault: Fault,
    /// What is known of it, for the report.
    pub note: Option<String>,
    /// Keys under `sources`. Each event needs a source or `invented: true`.
    pub source: Option<OneOrMore<String>>,
    /// Its time, or that it happened at all, is invented. Default: false.
    pub invented: Option<bool>,
}

/// From a time on a platform has this verdict.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// Platforms by name, or `all`.
    pub platform: OneOrMore<String>,
    /// From when, by the calendar or as a duration since the start.
    pub at: Moment,
    /// The verdict, or a list of those that are right.
    pub verdict: OneOrMore<Verdict>,
    /// How long it may take until it is seen; until then the former verdict is right too. Default: 60s.
    pub within: Option<Duration>,
}

/// An alert that Alertmanager must have seen.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// Its name: one of those shipped with platform_exporter, or one of your own.
    pub alert: Label,
    /// The platform in its labels. Default: whatever it is.
    pub platform: Option<String>,
}

/// The schema, as it is published in `docs/scenario.schema.json`.
pub fn json_schema() -> Value {
    schema_of::<File>()
}

//! Official status pages: what they serve, healthy and in trouble, in the forms of their operators.

mod meta;
mod statuspage;
mod x;

use super::exchange::{Answer, Asked};
use super::strikes::Disruption;
use crate::time::Time;

/// The host of the status page that speaks of a platform of the catalogue; none: no page is known that a machine can read.
pub(super) fn host(platform: &str) -> Option<&'static str> {
    if meta::speaks_of(platform) {
        return Some(meta::HOST);
    }
    if platform == x::PLATFORM {
        return Some(x::HOST);
    }
    statuspage::host(platform)
}

/// What status pages know at a moment.
pub(super) struct News<'a> {
    /// That moment.
    pub(super) now: Time,
    /// All that is remembered, oldest first.
    pub(super) disruptions: &'a [Disruption],
}

impl News<'_> {
    /// The disruption of a platform that goes on.
    fn open<'a>(&'a self, platform: &'a str) -> Option<&'a Disruption> {
        self.of(platform).find(|known| known.until.is_none())
    }

    /// The disruptions of a platform, oldest first.
    fn of<'a>(&'a self, platform: &'a str) -> impl Iterator<Item = &'a Disruption> {
        self.disruptions
            .iter()
            .filter(move |known| known.platform == platform)
    }
}

/// A status page's answer; none: no status page is asked.
pub(super) fn answer(asked: &Asked<'_>, news: &News<'_>) -> Option<Answer> {
    match asked.host {
        meta::HOST => Some(meta::answer(asked.path, news)),
        x::HOST => Some(x::answer(asked.path, news)),
        host => statuspage::answer(host, asked.path, news),
    }
}

/// The time as these pages write it.
fn iso(time: Time) -> String {
    time.utc().strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

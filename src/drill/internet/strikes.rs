//! What is broken at the moment: faults in the order in which they struck, and what they come to for a name, a connection,
//! a request.

use super::exchange::Asked;
use super::places::{Reach, Stage};
use crate::drill::fault::{Fault, Own, Place};
use crate::time::Time;

/// Disruptions that are remembered after their end, as status pages do.
const MOST_REMEMBERED: usize = 64;

/// Which name server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asking {
    /// The first of our resolvers.
    First,
    /// The second.
    Second,
    /// One that is not ours: a check names it.
    Elsewhere,
}

/// A fault and what it strikes.
#[derive(Clone, Debug)]
struct Strike {
    place: Place,
    fault: Fault,
    reach: Reach,
    since: Time,
}

/// What a platform's status page says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Disruption {
    /// The platform.
    pub(super) platform: String,
    /// When it began.
    pub(super) since: Time,
    /// When it ended; none: it goes on.
    pub(super) until: Option<Time>,
}

/// Everything that is broken.
#[derive(Debug, Default)]
pub(super) struct Strikes {
    /// Oldest first.
    struck: Vec<Strike>,
    /// What status pages remember, oldest first.
    past: Vec<Disruption>,
}

impl Strikes {
    /// Lets a fault strike, in place of the one that struck there before; health ends all that struck there or in a part of
    /// it.
    pub(super) fn strike(&mut self, place: &Place, fault: Fault, reach: Reach, now: Time) {
        let heals = fault == Fault::Healthy;
        let ends = |at: &Place| at == place || heals && within(at, place);
        self.remove(|strike| ends(&strike.place), now);
        // A part may be healthy while the whole is not; where nothing else is broken, there is nothing to except.
        let others = self
            .struck
            .iter()
            .any(|strike| same_owner(&strike.place, place));
        if !heals || others {
            self.struck.push(Strike {
                place: place.clone(),
                fault,
                reach,
                since: now,
            });
        }
    }

    /// Everything heals.
    pub(super) fn heal(&mut self, now: Time) {
        self.remove(|_| true, now);
    }

    fn remove(&mut self, ends: impl Fn(&Strike) -> bool, now: Time) {
        let (ended, stay): (Vec<_>, Vec<_>) = self.struck.drain(..).partition(ends);
        self.struck = stay;
        let mut ended: Vec<_> = ended.iter().filter_map(disruption).collect();
        ended.iter_mut().for_each(|ended| ended.until = Some(now));
        self.past.append(&mut ended);
        let surplus = self.past.len().saturating_sub(MOST_REMEMBERED);
        self.past.drain(..surplus);
    }

    /// What ails the lookup of a name: one of [`Stage::Name`]'s faults, or slowness.
    pub(super) fn at_name(&self, asking: Asking, name: &str) -> Option<Fault> {
        let ours = match asking {
            Asking::First => &[Own::Resolver, Own::Resolvers][..],
            Asking::Second => &[Own::Resolvers],
            Asking::Elsewhere => &[],
        };
        self.own(ours).or_else(|| {
            self.latest(|strike| {
                let here = !strike.reach.first_resolver || asking == Asking::First;
                here && match strike.fault.stage() {
                    Some(Stage::Name) => strike.reach.names.contains(name),
                    None if strike.fault == Fault::Slow => strike.reach.looked_up.contains(name),
                    None => strike.reach.names.contains(name),
                    _ => false,
                }
            })
        })
    }

    /// What ails the way to a host: one of the faults of the stage, or slowness of a handshake.
    pub(super) fn on_the_way(&self, stage: Stage, host: &str) -> Option<Fault> {
        let gateway = self.own(&[Own::Gateway]);
        gateway
            .filter(|fault| fault.stage() == Some(stage))
            .or_else(|| {
                self.latest(|strike| match strike.fault.stage() {
                    Some(own) => own == stage && strike.reach.hosts.contains(host),
                    None if strike.fault == Fault::Slow => {
                        stage == Stage::Connection && strike.reach.shaken.contains(host)
                    }
                    None => strike.reach.hosts.contains(host),
                })
            })
    }

    /// What ails our way out.
    pub(super) fn gateway(&self) -> Option<Fault> {
        self.own(&[Own::Gateway])
    }

    /// What ails the answer to a request: one of [`Stage::Answer`]'s faults, or slowness.
    pub(super) fn at_request(&self, asked: &Asked<'_>) -> Option<Fault> {
        self.latest(|strike| {
            matches!(strike.fault.stage(), Some(Stage::Answer) | None)
                && strike
                    .reach
                    .requests
                    .iter()
                    .any(|request| request.takes(strike.fault) && request.is(asked))
        })
    }

    /// What ails a chat server after the upgrade.
    pub(super) fn at_chat(&self, asked: &Asked<'_>) -> Option<Fault> {
        self.latest(|strike| {
            matches!(strike.fault.stage(), Some(Stage::Chat) | None)
                && strike.fault != Fault::Slow
                && strike.reach.chats.iter().any(|chat| chat.is(asked))
        })
    }

    /// What status pages know, oldest first.
    pub(super) fn disruptions(&self) -> Vec<Disruption> {
        let open = self.struck.iter().filter_map(disruption);
        self.past.iter().cloned().chain(open).collect()
    }

    fn own(&self, parts: &[Own]) -> Option<Fault> {
        let is =
            |strike: &&Strike| matches!(strike.place, Place::Vantage(own) if parts.contains(&own));
        let latest = self.struck.iter().rev().find(is).map(|strike| strike.fault);
        latest.filter(|fault| *fault != Fault::Healthy)
    }

    /// The latest fault that strikes, unless its platform has healed there since.
    fn latest(&self, strikes: impl Fn(&Strike) -> bool) -> Option<Fault> {
        let mut healed: Vec<&Place> = Vec::new();
        for strike in self.struck.iter().rev().filter(|strike| strikes(strike)) {
            if strike.fault == Fault::Healthy {
                healed.push(&strike.place);
            } else if !healed.iter().any(|place| same_owner(place, &strike.place)) {
                return Some(strike.fault);
            }
        }
        None
    }
}

fn disruption(strike: &Strike) -> Option<Disruption> {
    let platform = strike.reach.official.clone()?;
    (strike.fault == Fault::MajorDisruptions).then_some(Disruption {
        platform,
        since: strike.since,
        until: None,
    })
}

/// Whether a place lies in another: the same, a check of a component, anything of a platform but its status page.
fn within(inner: &Place, outer: &Place) -> bool {
    match (inner, outer) {
        (
            Place::Platform { name, layer },
            Place::Platform {
                name: platform,
                layer: whole,
            },
        ) => {
            name == platform
                && (whole == Place::ALL && layer != Place::OFFICIAL
                    || layer == whole
                    || layer
                        .strip_prefix(whole.as_str())
                        .is_some_and(|rest| rest.starts_with('/')))
        }
        (inner, outer) => inner == outer,
    }
}

fn same_owner(one: &Place, other: &Place) -> bool {
    match (one, other) {
        (Place::Platform { name, .. }, Place::Platform { name: other, .. }) => name == other,
        (Place::Vantage(_), Place::Vantage(_)) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_that_heals_leaves_its_status_page_as_it_is() {
        let mut reach = Reach::default();
        reach.official = Some("facebook".into());
        let [page, all] =
            [Place::OFFICIAL, Place::ALL].map(|layer| Place::layer("facebook", layer));
        let at = Time::from_millis;
        let mut strikes = Strikes::default();
        strikes.strike(&page, Fault::MajorDisruptions, reach.clone(), at(1));
        strikes.strike(&all, Fault::Healthy, Reach::default(), at(2));
        assert_eq!(strikes.disruptions()[0].until, None);
        strikes.strike(&page, Fault::Healthy, reach, at(3));
        assert_eq!(strikes.disruptions()[0].until, Some(at(3)));
    }
}

//! How many checks hold each verdict: all that the verdict of a component or a platform needs to know of its checks.

use std::ops::Add;

use super::Verdict;
use crate::config::{Depth, DownWhen, Impact};

/// A count of checks by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally([usize; 5]);

impl Tally {
    fn count(&self, verdict: Verdict) -> usize {
        self.0[verdict as usize]
    }

    fn total(&self) -> usize {
        self.0.iter().sum()
    }

    fn bad(&self) -> usize {
        self.count(Verdict::Down) + self.count(Verdict::Degraded)
    }

    /// Checks that say something about the platform.
    fn usable(&self) -> usize {
        self.bad() + self.count(Verdict::Up)
    }

    /// What is left to say without a usable check.
    fn sightless(&self) -> Verdict {
        if self.count(Verdict::Blocked) > 0 {
            Verdict::Blocked
        } else {
            Verdict::Unknown
        }
    }
}

impl Add for Tally {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] + other.0[i]))
    }
}

/// Checks counted apart by whether they reach a parser of the platform's or deeper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tallies {
    deep: Tally,
    edge: Tally,
}

impl Tallies {
    /// Those that vote: edge checks only where there is none deeper, since a live lower layer alone proves little.
    fn voters(&self) -> Tally {
        if self.deep.total() > 0 {
            self.deep
        } else {
            self.edge
        }
    }

    /// Whether a check of this depth votes.
    pub(super) fn votes(&self, depth: Depth) -> bool {
        depth > Depth::Edge || self.deep.total() == 0
    }

    /// The verdict of a component with these checks.
    pub(super) fn component(&self, down_when: DownWhen, tolerate: usize) -> Verdict {
        let voters = self.voters();
        let (down, usable) = (voters.count(Verdict::Down), voters.usable());
        let fallen = match down_when {
            DownWhen::All => down == usable,
            DownWhen::Majority => down * 2 > usable,
            DownWhen::Any => true,
        };
        if down > 0 && fallen {
            Verdict::Down
        } else if self.deep.bad() + self.edge.bad() > tolerate {
            Verdict::Degraded
        } else if usable == 0 {
            voters.sightless()
        } else {
            Verdict::Up
        }
    }

    /// The verdict of a platform with these checks in these components.
    pub(super) fn platform(
        &self,
        components: impl Iterator<Item = (Impact, Verdict)> + Clone,
    ) -> Verdict {
        let voters = self.voters();
        if components
            .clone()
            .any(|c| c == (Impact::Outage, Verdict::Down))
        {
            Verdict::Down
        } else if voters.usable() == 0 {
            voters.sightless()
        } else if components.clone().any(|(_, verdict)| verdict.is_bad()) {
            Verdict::Degraded
        } else {
            Verdict::Up
        }
    }
}

impl FromIterator<(Depth, Verdict)> for Tallies {
    fn from_iter<I: IntoIterator<Item = (Depth, Verdict)>>(checks: I) -> Self {
        let mut tallies = Self::default();
        for (depth, verdict) in checks {
            let tally = if depth > Depth::Edge {
                &mut tallies.deep
            } else {
                &mut tallies.edge
            };
            tally.0[verdict as usize] += 1;
        }
        tallies
    }
}

impl Add for Tallies {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            deep: self.deep + other.deep,
            edge: self.edge + other.edge,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::tests::verdict;

    /// `app:up edge:down` and so on.
    fn tallies(checks: &str) -> Tallies {
        checks
            .split_whitespace()
            .map(|check| {
                let (depth, held) = check.split_once(':').unwrap();
                (
                    *Depth::ALL.iter().find(|d| d.label() == depth).unwrap(),
                    verdict(held),
                )
            })
            .collect()
    }

    #[test]
    fn components() {
        use DownWhen::{All, Any, Majority};
        for (checks, down_when, tolerate, expected) in [
            ("app:up", All, 0, "up"),
            ("app:down", All, 0, "down"),
            ("app:degraded", All, 0, "degraded"),
            ("app:blocked", All, 0, "blocked"),
            ("app:unknown", All, 0, "unknown"),
            ("app:unknown app:blocked", All, 0, "blocked"),
            ("app:up app:blocked app:unknown", All, 0, "up"),
            // Only usable voters are asked.
            ("app:down app:blocked app:unknown", All, 0, "down"),
            ("app:down app:down", All, 0, "down"),
            ("app:down app:degraded", All, 0, "degraded"),
            ("app:down app:up", All, 0, "degraded"),
            ("app:down app:up", Majority, 0, "degraded"),
            ("app:down app:down app:up", Majority, 0, "down"),
            ("app:down app:down app:up", All, 0, "degraded"),
            ("app:down app:up app:up", Any, 0, "down"),
            ("app:degraded app:up app:up", Any, 0, "degraded"),
            // Tolerance counts every check, and does not soften a fall.
            ("app:down app:up app:up", All, 1, "up"),
            ("app:down app:degraded app:up", All, 1, "degraded"),
            ("app:down", All, 1, "down"),
            // An edge check does not vote beside a deeper one, in either direction.
            ("parser:down edge:up", All, 0, "down"),
            ("parser:up edge:down", All, 0, "degraded"),
            ("parser:up edge:down", Any, 0, "degraded"),
            ("parser:blocked edge:up", All, 0, "blocked"),
            ("parser:unknown edge:up", All, 0, "unknown"),
            // ... but what it sees is seen.
            ("parser:blocked edge:down", All, 0, "degraded"),
            ("parser:unknown edge:down", All, 1, "unknown"),
            // Alone it votes.
            ("edge:down edge:down", All, 0, "down"),
            ("edge:up", All, 0, "up"),
            ("session:down content:down", All, 0, "down"),
        ] {
            let judged = tallies(checks).component(down_when, tolerate);
            assert_eq!(
                judged.label(),
                expected,
                "{checks} {down_when:?} {tolerate}"
            );
        }
    }

    #[test]
    fn platforms() {
        // Components as `impact:verdict`, then all checks of the platform.
        for (components, checks, expected) in [
            ("outage:up", "app:up", "up"),
            ("outage:down", "app:down", "down"),
            ("degradation:down", "app:down", "degraded"),
            ("outage:down degradation:up", "app:down app:up", "down"),
            ("outage:up degradation:down", "app:up app:down", "degraded"),
            ("outage:degraded", "app:degraded", "degraded"),
            ("outage:up outage:unknown", "app:up app:unknown", "up"),
            ("outage:up outage:blocked", "app:up app:blocked", "up"),
            (
                "outage:blocked outage:unknown",
                "app:blocked app:unknown",
                "blocked",
            ),
            ("outage:unknown", "app:unknown", "unknown"),
            // A live lower layer alone never makes it up, and a dead one alone only counts where its fall is an outage.
            (
                "outage:blocked degradation:up",
                "app:blocked edge:up",
                "blocked",
            ),
            (
                "outage:unknown degradation:up",
                "app:unknown edge:up",
                "unknown",
            ),
            (
                "outage:blocked degradation:down",
                "app:blocked edge:down",
                "blocked",
            ),
            (
                "outage:unknown outage:down",
                "app:unknown edge:down",
                "down",
            ),
            // Without a deeper check the edge decides.
            ("outage:up", "edge:up", "up"),
            ("degradation:down", "edge:down", "degraded"),
            ("outage:blocked", "edge:blocked edge:unknown", "blocked"),
        ] {
            let parts: Vec<(Impact, Verdict)> = components
                .split_whitespace()
                .map(|part| match part.split_once(':').unwrap() {
                    ("outage", held) => (Impact::Outage, verdict(held)),
                    (_, held) => (Impact::Degradation, verdict(held)),
                })
                .collect();
            let judged = tallies(checks).platform(parts.iter().copied());
            assert_eq!(judged.label(), expected, "{components} | {checks}");
        }
    }
}

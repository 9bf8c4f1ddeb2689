//! How long the simulated internet takes when nothing is wrong with it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Whether the simulated internet takes its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// Lookups, handshakes and answers take what they would take on the real one.
    #[default]
    Lifelike,
    /// Nothing waits but what a fault makes wait.
    Instant,
}

/// Something that comes after a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Late<T> {
    /// What comes.
    pub what: T,
    /// After what time.
    pub delay: Duration,
}

impl<T> Late<T> {
    /// At once.
    pub const fn now(what: T) -> Self {
        Self {
            what,
            delay: Duration::ZERO,
        }
    }

    /// The same that much later.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self {
            delay: self.delay + delay,
            ..self
        }
    }
}

/// Waits; not at all where there is nothing to wait for.
pub(super) async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

/// What takes time.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// A resolver's answer.
    Lookup,
    /// The server's half of a TLS handshake.
    Handshake,
    /// From a request to its answer.
    Answer,
}

impl Step {
    /// Least and most, in microseconds: a resolver nearby, one round trip, and a front with an application behind it.
    const fn range(self) -> (u64, u64) {
        match self {
            Self::Lookup => (5_000, 15_000),
            Self::Handshake => (15_000, 30_000),
            Self::Answer => (25_000, 120_000),
        }
    }
}

/// Of the range of a step a host has its own place in the first part; requests differ by the last fifth.
const VARIED: u64 = 5;

/// Gives every host a time of its own, and every request a slightly different one, without chance.
#[derive(Debug, Default)]
pub(super) struct Latency {
    pace: Pace,
    asked: AtomicU64,
}

impl Latency {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            pace,
            asked: AtomicU64::new(0),
        }
    }

    /// How long this step takes this time.
    pub(super) fn of(&self, step: Step, host: &str) -> Duration {
        if self.pace == Pace::Instant {
            return Duration::ZERO;
        }
        let count = self.asked.fetch_add(1, Ordering::Relaxed);
        let (least, most) = step.range();
        let varied = (most - least) / VARIED;
        let own = hash(host.bytes()) % (most - least - varied);
        let extra = hash(count.to_le_bytes()) % varied;
        Duration::from_micros(least + own + extra)
    }
}

/// FNV-1a: the same on every machine and in every version, unlike the standard library's.
fn hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_in_its_range_and_near_itself() {
        let latency = Latency::new(Pace::Lifelike);
        let mut first = Vec::new();
        for host in ["www.facebook.com", "x.com", "v.whatsapp.net"] {
            for step in [Step::Lookup, Step::Handshake, Step::Answer] {
                let (least, most) = step.range();
                let seen: Vec<_> = (0..50)
                    .map(|_| latency.of(step, host).as_micros() as u64)
                    .collect();
                let (low, high) = (*seen.iter().min().unwrap(), *seen.iter().max().unwrap());
                assert!(low >= least && high < most, "{step:?} {host}: {low} {high}");
                assert!(low < high && high - low <= (most - least) / VARIED);
                first.push(low);
            }
        }
        first.dedup();
        assert_eq!(first.len(), 9, "hosts differ");
        assert_eq!(
            Latency::new(Pace::Instant).of(Step::Answer, "x.com"),
            Duration::ZERO
        );
    }
}

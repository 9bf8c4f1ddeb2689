//! The simulated truth: when platforms really fail, when our own network does, when clocks jump.
//!
//! Times are true milliseconds since the start of the simulation, whatever our clock says.

use std::ops::Range;

pub const SECOND: u64 = 1000;
pub const MINUTE: u64 = 60 * SECOND;
pub const HOUR: u64 = 60 * MINUTE;
pub const DAY: u64 = 24 * HOUR;

/// What no check may call a fall: it is over before three runs ten seconds apart can see it.
const LONGEST_BLIP: u64 = 15 * SECOND;
/// What every check must be able to call a fall.
pub const SHORTEST_OUTAGE: u64 = 30 * SECOND;
/// Small troubles keep this distance, so that every streak they leave is closed before the next.
const BETWEEN_TROUBLES: u64 = 3 * MINUTE;
/// Back-off after refusals may last so long after they have ended.
const LONGEST_PAUSE: u64 = 30 * MINUTE;

/// A small generator that is the same everywhere (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.next() % (range.end - range.start)
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.next().is_multiple_of(n)
    }
}

/// Stretches of time, in order and apart, each with what it is.
pub struct Spans<T>(pub Vec<(Range<u64>, T)>);

impl<T> Spans<T> {
    /// The first that overlaps `from..=to`.
    pub fn overlapping(&self, from: u64, to: u64) -> Option<&(Range<u64>, T)> {
        let first = self.0.partition_point(|(span, _)| span.end <= from);
        self.0.get(first).filter(|(span, _)| span.start <= to)
    }

    pub fn at(&self, time: u64) -> Option<&T> {
        self.overlapping(time, time).map(|(_, what)| what)
    }
}

/// How a platform fails for long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// Every check answers with an error at once.
    Errors,
    /// Every check hangs until its deadline.
    Hangs,
    /// One or the other, as it comes.
    Mixed,
    /// Only this check fails.
    Partial(usize),
    /// Every check answers, but not as it should.
    Degraded,
}

impl Outage {
    /// Whether this check fails, rather than being degraded or well.
    pub fn fails(self, check: usize) -> bool {
        match self {
            Self::Errors | Self::Hangs | Self::Mixed => true,
            Self::Partial(only) => only == check,
            Self::Degraded => false,
        }
    }
}

/// A jump of our clock or a sleep of our machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jump {
    /// The clock is set, by so many milliseconds.
    Step(i64),
    /// The machine sleeps for so long and the schedule is told.
    Sleep(u64),
    /// The process is stopped for so long and nobody notices but by being late.
    Stall(u64),
}

/// What is true of one platform.
pub struct Truth {
    pub outages: Spans<Outage>,
    /// Too short to be a fall.
    pub blips: Spans<()>,
    /// It refuses us.
    pub blocks: Spans<()>,
}

pub struct World {
    pub end: u64,
    pub platforms: Vec<Truth>,
    /// Our own network is down.
    pub offline: Spans<()>,
    pub jumps: Vec<(u64, Jump)>,
}

impl World {
    pub fn new(random: &mut Random, platforms: usize, checks: usize, end: u64) -> Self {
        let truth = |random: &mut Random| Truth {
            outages: outages(random, checks, end),
            blips: Spans(Vec::new()),
            blocks: Spans(Vec::new()),
        };
        let mut world = Self {
            end,
            platforms: (0..platforms).map(|_| truth(random)).collect(),
            offline: Spans(Vec::new()),
            jumps: Vec::new(),
        };
        let mut time = 10 * MINUTE;
        while time < end {
            time = world.trouble(random, time) + random.within(BETWEEN_TROUBLES..40 * MINUTE);
        }
        world
    }

    /// Adds a small trouble from `time` on; returns its end.
    fn trouble(&mut self, random: &mut Random, time: u64) -> u64 {
        let victim = random.within(0..self.platforms.len() as u64) as usize;
        let truth = &mut self.platforms[victim];
        match random.within(0..20) {
            0..8 => {
                let end = time + random.within(1..LONGEST_BLIP);
                truth.blips.0.push((time..end, ()));
                end
            }
            8..14 => {
                let most = if random.one_in(10) {
                    3 * HOUR
                } else {
                    5 * MINUTE
                };
                let end = time + random.within(SECOND..most);
                self.offline.0.push((time..end, ()));
                end
            }
            14..17 => {
                let end = time + random.within(MINUTE..90 * MINUTE);
                truth.blocks.0.push((time..end, ()));
                end
            }
            _ => {
                let jump = jump(random);
                self.jumps.push((time, jump));
                match jump {
                    Jump::Step(_) => time,
                    Jump::Sleep(long) | Jump::Stall(long) => time + long,
                }
            }
        }
    }

    /// Nothing but what is wrong with the platform itself can disturb its judgement between these times.
    pub fn calm(&self, platform: usize, from: u64, to: u64) -> bool {
        let recent = from.saturating_sub(BETWEEN_TROUBLES);
        let truth = &self.platforms[platform];
        let jumped = |&(at, jump): &(u64, Jump)| match jump {
            Jump::Step(_) => (recent..=to).contains(&at),
            Jump::Sleep(long) | Jump::Stall(long) => at <= to && at + long >= recent,
        };
        self.offline.overlapping(recent, to).is_none()
            && truth
                .blocks
                .overlapping(from.saturating_sub(LONGEST_PAUSE + MINUTE), to)
                .is_none()
            && truth.blips.overlapping(recent, to).is_none()
            && !self.jumps.iter().any(jumped)
    }
}

fn outages(random: &mut Random, checks: usize, end: u64) -> Spans<Outage> {
    let mut spans = Vec::new();
    let mut time = random.within(HOUR..DAY);
    while time < end {
        let most = if random.one_in(3) {
            4 * HOUR
        } else {
            5 * MINUTE
        };
        let until = time + random.within(SHORTEST_OUTAGE..most);
        let what = match random.within(0..6) {
            0 => Outage::Errors,
            1 => Outage::Hangs,
            2 | 3 => Outage::Mixed,
            4 => Outage::Partial(random.within(0..checks as u64) as usize),
            _ => Outage::Degraded,
        };
        spans.push((time..until, what));
        time = until + random.within(10 * MINUTE..DAY);
    }
    Spans(spans)
}

fn jump(random: &mut Random) -> Jump {
    let most = if random.one_in(4) { HOUR } else { MINUTE };
    match random.within(0..4) {
        0 => Jump::Step(random.within(3 * SECOND..most) as i64),
        1 => Jump::Step(-(random.within(3 * SECOND..most) as i64)),
        2 => Jump::Sleep(random.within(3 * SECOND..2 * most)),
        _ => Jump::Stall(random.within(1..2 * most)),
    }
}

//! What the engine does, in virtual time: runs what is due, rules out our own network, hands results to the state.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use platform_exporter::config::{CheckId, Platform};
use platform_exporter::probe::failure::{Class, Reason};
use platform_exporter::schedule::{Due, Schedule};
use platform_exporter::state::{Outcome, Pace, State, Verdict};
use platform_exporter::time::Time;

use crate::platforms::{CHECKS_EACH, PLATFORMS, TIMEOUT, platform};
use crate::world::{Jump, MINUTE, Outage, Random, SECOND, SHORTEST_OUTAGE, World};

/// 5 March 2024, 15:00 UTC.
const BASE: u64 = 1_709_650_800_000;
/// From the beginning of a hard outage to the verdict.
const JUDGED_WITHIN: u64 = 60 * SECOND;
/// How often verdicts that only time changes are looked at.
const LOOK_EVERY: u64 = MINUTE;
const CONTROL_EVERY: u64 = 30 * SECOND;
/// A control round that succeeds; one that fails takes its timeout.
const CONTROL_ROUND: u64 = 300;
const FIRST_WITHIN: Duration = Duration::from_secs(10);

/// What a simulation has seen, so that a test can tell that it saw enough.
#[derive(Debug, Default)]
pub struct Seen {
    pub runs: u64,
    pub falls: u64,
    pub dropped: u64,
    pub late: u64,
    pub refused: u64,
    pub local: u64,
    /// Hard outages in calm times that had to be judged, and the longest that it took (ms).
    pub judged: u64,
    pub slowest: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Jump(usize),
    /// A run ends.
    End(usize),
    /// The control round that a failing run has to wait for ends; whether it found us offline.
    Ruled(usize, bool),
    Control,
    Look,
    /// A hard outage began at this time: its platform must be down now.
    MustBeDown(usize, u64),
    /// It ended long enough ago: the platform must be up now.
    MustBeUp(usize),
}

/// A run in progress, or held.
#[derive(Clone, Copy, Debug)]
struct Run {
    started: u64,
    started_clock: Time,
    /// Jumps before it started: one more, and it is dropped.
    epoch: usize,
    class: Class,
    reason: Reason,
    retry_after: Option<Duration>,
}

#[derive(Default)]
struct CheckWatch {
    run: Option<Run>,
    first_done: bool,
    /// True time by which it has to have run again.
    run_by: u64,
    last_ok: u64,
}

pub struct Driver<'a> {
    world: &'a World,
    random: Random,
    state: State,
    schedule: Schedule,
    ids: Vec<CheckId>,
    watches: Vec<CheckWatch>,
    events: BinaryHeap<Reverse<(u64, Event)>>,
    now: u64,
    /// Our clock is the true time and this.
    offset: i64,
    epoch: usize,
    interval: u64,
    begun: Vec<u64>,
    pub seen: Seen,
}

impl<'a> Driver<'a> {
    pub fn new(world: &'a World, random: Random) -> Self {
        let platforms: Vec<Platform> = (0..PLATFORMS).map(platform).collect();
        let checks = || {
            platforms
                .iter()
                .flat_map(|p| &p.components)
                .flat_map(|c| &c.checks)
        };
        let start = Time::from_millis(BASE);
        let mut driver = Self {
            world,
            random,
            state: State::new(&platforms, start),
            schedule: Schedule::new(),
            ids: checks().map(|check| check.id.clone()).collect(),
            watches: checks().map(|_| CheckWatch::default()).collect(),
            events: BinaryHeap::new(),
            now: 0,
            offset: 0,
            epoch: 0,
            interval: checks().next().unwrap().interval.as_millis() as u64,
            begun: vec![0; PLATFORMS * CHECKS_EACH],
            seen: Seen::default(),
        };
        for (slot, check) in checks().enumerate() {
            let id = check.id.to_string();
            let first = driver
                .schedule
                .add(slot, &id, check.interval, FIRST_WITHIN, start);
            driver.state.plan(&check.id, first);
            driver.watches[slot].run_by = FIRST_WITHIN.as_millis() as u64;
        }
        driver.foresee();
        driver
    }

    /// Puts what is known beforehand into the queue.
    fn foresee(&mut self) {
        self.push(0, Event::Control);
        self.push(0, Event::Look);
        for (i, (at, _)) in self.world.jumps.iter().enumerate() {
            self.events.push(Reverse((*at, Event::Jump(i))));
        }
        for platform in 0..PLATFORMS {
            for (span, what) in &self.world.platforms[platform].outages.0 {
                let hard = matches!(what, Outage::Errors | Outage::Hangs | Outage::Mixed);
                let (start, end) = (span.start, span.end);
                let calm = |from, to| self.world.calm(platform, from, to);
                if hard && end > start + JUDGED_WITHIN && calm(start, start + JUDGED_WITHIN) {
                    let event = Event::MustBeDown(platform, start);
                    self.events.push(Reverse((start + JUDGED_WITHIN, event)));
                }
                if calm(end - MINUTE, end + JUDGED_WITHIN) {
                    self.events
                        .push(Reverse((end + JUDGED_WITHIN, Event::MustBeUp(platform))));
                }
            }
        }
    }

    pub fn run(&mut self) {
        while self.now < self.world.end {
            let due = self.schedule.next_wake().map(|wake| self.true_time(wake));
            let event = self.events.peek().map(|Reverse((at, _))| *at);
            let next = due.into_iter().chain(event).min().unwrap();
            // What was due while the machine slept comes after.
            self.now = self.now.max(next);
            if event.is_some_and(|at| at <= self.now) {
                let Reverse((_, event)) = self.events.pop().unwrap();
                self.handle(event);
            } else {
                for due in self.schedule.pop_due(self.clock()) {
                    self.start(due);
                }
            }
        }
        for (slot, watch) in self.watches.iter().enumerate() {
            assert!(
                watch.run.is_some() || watch.run_by + SECOND >= self.now,
                "{slot} starved"
            );
        }
    }

    fn push(&mut self, after: u64, event: Event) {
        self.events.push(Reverse((self.now + after, event)));
    }

    fn clock(&self) -> Time {
        Time::from_millis(BASE.strict_add(self.now).strict_add_signed(self.offset))
    }

    fn true_time(&self, clock: Time) -> u64 {
        let zero = BASE.strict_add_signed(self.offset);
        clock.as_millis().saturating_sub(zero)
    }

    fn offline(&self, from: u64, to: u64) -> bool {
        self.world.offline.overlapping(from, to).is_some()
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Jump(i) => self.jump(self.world.jumps[i].1),
            Event::End(slot) => self.end(slot),
            Event::Ruled(slot, offline) => self.ruled(slot, offline),
            Event::Control => {
                let up = !self.offline(self.now, self.now);
                self.state.set_vantage(up, self.clock());
                self.push(CONTROL_EVERY, Event::Control);
            }
            Event::Look => {
                self.state.tick(self.clock());
                self.look();
                self.push(LOOK_EVERY, Event::Look);
            }
            Event::MustBeDown(platform, start) => self.must_be_down(platform, start),
            Event::MustBeUp(platform) => {
                let verdict = self.state.report(self.clock()).platforms[platform].verdict;
                assert_eq!(verdict, Verdict::Up, "platform {platform} at {}", self.now);
            }
        }
    }

    fn start(&mut self, due: Due) {
        let slot = due.slot;
        let watch = &mut self.watches[slot];
        assert!(
            watch.run.is_none(),
            "two runs of {slot} at once at {}",
            self.now
        );
        assert!(
            watch.run_by + SECOND >= self.now,
            "{slot} starved at {}",
            self.now
        );
        self.seen.runs += 1;
        self.seen.late += u64::from(due.late);
        let started_clock = self.clock();
        let (class, reason, took) = if due.late {
            (Class::Local, Reason::LocalOverloaded, 0)
        } else {
            self.truth(slot)
        };
        let retry_after = (class == Class::Blocked && self.random.one_in(5))
            .then(|| Duration::from_secs(self.random.within(1..7200)));
        let (started, epoch) = (self.now, self.epoch);
        let run = Run {
            started,
            started_clock,
            epoch,
            class,
            reason,
            retry_after,
        };
        self.watches[slot].run = Some(run);
        self.push(took, Event::End(slot));
    }

    /// What a run that starts now finds, and how long it takes.
    fn truth(&mut self, slot: usize) -> (Class, Reason, u64) {
        let (truth, check) = (
            &self.world.platforms[slot / CHECKS_EACH],
            slot % CHECKS_EACH,
        );
        let hang = (Class::Fail, Reason::HttpHeadersTimeout, TIMEOUT);
        let error = (Class::Fail, Reason::HttpStatus5xx, 100);
        let coin = self.random.one_in(2);
        let found = match truth.outages.at(self.now) {
            Some(Outage::Degraded) => (Class::Degraded, Reason::ContentMarkerMissing, 200),
            Some(what) if what.fails(check) => match what {
                Outage::Errors => error,
                Outage::Hangs => hang,
                _ if coin => error,
                _ => hang,
            },
            _ if truth.blips.at(self.now).is_some() => {
                if coin {
                    error
                } else {
                    hang
                }
            }
            _ if truth.blocks.at(self.now).is_some() => {
                (Class::Blocked, Reason::BlockedDenied, 100)
            }
            _ => {
                let slow = self.random.one_in(50);
                (
                    Class::Ok,
                    Reason::Ok,
                    self.random.within(50..if slow { 4500 } else { 800 }),
                )
            }
        };
        match self.offline(self.now, self.now + found.2) {
            false => found,
            true if coin => (Class::Fail, Reason::TcpUnreachable, 10),
            true => (Class::Fail, Reason::TcpTimeout, TIMEOUT),
        }
    }

    fn end(&mut self, slot: usize) {
        let Some(run) = self.watches[slot].run else {
            return;
        };
        let bad = matches!(run.class, Class::Fail | Class::Degraded);
        if bad && run.epoch == self.epoch {
            let offline = self.offline(self.now, self.now + CONTROL_ROUND);
            let round = if offline { TIMEOUT } else { CONTROL_ROUND };
            self.push(round, Event::Ruled(slot, offline));
        } else {
            self.deliver(slot, run);
        }
    }

    fn ruled(&mut self, slot: usize, offline: bool) {
        let Some(mut run) = self.watches[slot].run else {
            return;
        };
        if run.epoch == self.epoch {
            self.state.set_vantage(!offline, self.clock());
            if offline && run.reason.could_be_ours() {
                (run.class, run.reason) = (Class::Local, Reason::LocalOffline);
            }
        }
        self.deliver(slot, run);
    }

    /// Hands a result over, unless the clock jumped meanwhile, and plans the next run.
    fn deliver(&mut self, slot: usize, run: Run) {
        let clock = self.clock();
        self.watches[slot].run = None;
        let (pace, started) = if run.epoch == self.epoch {
            let Run {
                class,
                reason,
                retry_after,
                started_clock: started,
                ..
            } = run;
            let needs_proof = false;
            let outcome = Outcome {
                class,
                reason,
                needs_proof,
                retry_after,
                started,
                ended: clock,
            };
            self.seen.refused += u64::from(class == Class::Blocked);
            self.seen.local += u64::from(class == Class::Local);
            let pace = self.state.apply(&self.ids[slot], &outcome, clock);
            if class == Class::Fail {
                self.look();
            }
            if class == Class::Ok {
                self.watches[slot].last_ok = run.started;
            }
            (pace, started)
        } else {
            self.seen.dropped += 1;
            (Pace::Interval, clock)
        };
        self.plan(slot, pace, started);
    }

    fn plan(&mut self, slot: usize, pace: Pace, started: Time) {
        let clock = self.clock();
        let (next, _) = self.schedule.finished(slot, started, pace, clock);
        self.state.plan(&self.ids[slot], next);
        let watch = &mut self.watches[slot];
        let wait = next.since(clock).as_millis() as u64;
        let most = match pace {
            Pace::Pause(pause) => pause.as_millis() as u64,
            Pace::Recheck(recheck) => recheck.as_millis() as u64,
            Pace::Interval if watch.first_done => self.interval * 11 / 10,
            // The slot that comes too soon after the first run is passed over.
            Pace::Interval => self.interval * 16 / 10,
        };
        watch.first_done = true;
        assert!(
            next >= clock && wait <= most,
            "{slot} waits {wait} ms for {pace:?} at {}",
            self.now
        );
        watch.run_by = self.now + most;
    }

    fn jump(&mut self, jump: Jump) {
        let from = self.clock();
        let slept = match jump {
            Jump::Step(by) => {
                self.offset += by;
                0
            }
            Jump::Sleep(long) | Jump::Stall(long) => long,
        };
        self.now += slept;
        for watch in &mut self.watches {
            watch.run_by += slept;
        }
        // Who is stopped for less than two seconds does not notice.
        if matches!(jump, Jump::Stall(long) if long <= 2 * SECOND) {
            return;
        }
        self.epoch += 1;
        for watch in &mut self.watches {
            watch.first_done = false; // A phase that was shifted finds back like one that starts.
        }
        if !matches!(jump, Jump::Stall(_)) {
            for (slot, next) in self.schedule.shift(from, self.clock()) {
                self.state.plan(&self.ids[slot], next);
            }
        }
    }

    fn must_be_down(&mut self, platform: usize, start: u64) {
        let report = self.state.report(self.clock());
        let report = &report.platforms[platform];
        assert_eq!(
            report.verdict,
            Verdict::Down,
            "platform {platform}, outage from {start}"
        );
        let took = self.true_time(report.since) - start;
        self.seen.judged += 1;
        self.seen.slowest = self.seen.slowest.max(took);
    }

    /// No incident at level down begins without an outage since one of its checks was last ok.
    fn look(&mut self) {
        let report = self.state.report(self.clock());
        let components = report
            .platforms
            .iter()
            .flat_map(|platform| &platform.components);
        for (slot, component) in components.enumerate() {
            if component.incidents_begun[1] == self.begun[slot] {
                continue;
            }
            self.begun[slot] = component.incidents_begun[1];
            self.seen.falls += 1;
            // Between two looks it may have been ok again.
            let since = self.watches[slot]
                .last_ok
                .min(self.now.saturating_sub(2 * LOOK_EVERY));
            let outages = &self.world.platforms[slot / CHECKS_EACH].outages.0;
            let real = outages.iter().any(|(span, what)| {
                let long = span.end - span.start >= SHORTEST_OUTAGE;
                what.fails(slot % CHECKS_EACH)
                    && long
                    && span.end >= since
                    && span.start <= self.now
            });
            assert!(
                real,
                "false fall of {} at {}: {component:?}",
                self.ids[slot], self.now
            );
        }
    }
}

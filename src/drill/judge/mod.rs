//! Whether the exporter said what it should have said, and how soon. Pure: fed with a report for each beat of the virtual
//! clock, it holds every platform's verdict against the scenario's expectations.

#[cfg(test)]
mod tests;
mod told;
mod track;

use std::fmt;
use std::time::Duration;

use super::scenario::{Expectation, Scenario, words};
use crate::state::{self, Report, Verdict};
use crate::time::Time;
pub use told::Told;
use told::struck_before;
use track::Track;

/// How long after the start a platform may be unknown because nothing of it was seen yet: two rounds of every check.
pub const WARM_UP: Duration = Duration::from_secs(60);

/// Watches a drill.
#[derive(Debug)]
pub struct Judge<'a> {
    scenario: &'a Scenario,
    tracks: Vec<Track>,
    now: Time,
}

/// A platform's verdict has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// When.
    pub at: Time,
    /// The platform's name.
    pub platform: String,
    /// What it was.
    pub before: Verdict,
    /// What it is.
    pub verdict: Verdict,
    /// The exporter's own sentence, with the reasons.
    pub sentence: String,
    /// Since something was last broken or healed that concerns the platform, and which of the two; none before that.
    pub after: Option<(Duration, Told)>,
    /// It is not what the scenario expects.
    pub wrong: bool,
}

/// What came of a drill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What happened to each platform that was struck or wrongly judged, in the order of the configuration.
    pub rows: Vec<Row>,
    /// Every verdict that should not have been.
    pub false_verdicts: Vec<FalseVerdict>,
    /// Expected verdicts that came late or never.
    pub missed: Vec<Missed>,
    /// Up to here the drill was watched.
    pub until: Time,
}

/// One thing that happened to a platform, and when it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The platform's name; where the same holds for several and nothing had to be seen, all their names.
    pub platform: String,
    /// What was wrong with it: layers and faults; empty: nothing.
    pub broke: String,
    /// The verdicts that are right from then on.
    pub expected: Vec<Verdict>,
    /// When it broke; none where it did not.
    pub broke_at: Option<Time>,
    /// When the verdict came.
    pub judged: Seen,
    /// When the next thing was expected, mostly that it is up again; none where nothing was.
    pub restored_at: Option<Time>,
    /// When that was seen.
    pub restored: Seen,
    /// False verdicts from the one to the other.
    pub false_verdicts: usize,
}

/// When an expected verdict was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It came then.
    At(Time),
    /// It was there before, so there was nothing to detect.
    Before,
    /// It never came.
    Never,
}

/// A verdict that should not have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FalseVerdict {
    /// The platform's name.
    pub platform: String,
    /// What was said of it.
    pub verdict: Verdict,
    /// What would have been right.
    pub expected: Vec<Verdict>,
    /// From when.
    pub from: Time,
    /// Until when.
    pub until: Time,
}

/// An expected verdict that came late or never.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// What was expected.
    pub expected: Expectation,
    /// What was said instead when the time was up; none when the drill had ended, or knew nothing of the platform.
    pub was: Option<Verdict>,
    /// When it came after all.
    pub came: Option<Time>,
}

impl<'a> Judge<'a> {
    /// Before the first beat.
    pub fn new(scenario: &'a Scenario) -> Self {
        Self {
            scenario,
            tracks: Vec::new(),
            now: scenario.start,
        }
    }

    /// Takes in the verdicts of a moment; moments come in order, a virtual second or so apart. Tells what has changed.
    pub fn beat(&mut self, now: Time, report: &Report) -> Vec<News> {
        self.now = now;
        let mut news = Vec::new();
        for platform in &report.platforms {
            let track = self.track(&platform.name);
            let before = track.last();
            let wrong = !track.beat(now, platform.verdict);
            if before != platform.verdict {
                news.push(News {
                    at: now,
                    platform: platform.name.clone(),
                    before,
                    verdict: platform.verdict,
                    sentence: state::sentence(platform, report),
                    after: struck_before(&self.scenario.events, &platform.name, now),
                    wrong,
                });
            }
        }
        news
    }

    /// The track of a platform, which begins when it is first heard of.
    fn track(&mut self, platform: &str) -> &mut Track {
        let known = self
            .tracks
            .iter()
            .position(|track| track.platform == platform);
        let index = known.unwrap_or_else(|| {
            self.tracks.push(Track::new(self.scenario, platform));
            self.tracks.len() - 1
        });
        &mut self.tracks[index]
    }

    /// What came of it.
    pub fn finish(mut self) -> Judgement {
        let expected: Vec<&str> = self
            .scenario
            .expectations
            .iter()
            .map(|step| step.platform.as_str())
            .collect();
        for platform in expected {
            self.track(platform);
        }
        let mut judgement = Judgement {
            rows: Vec::new(),
            false_verdicts: Vec::new(),
            missed: Vec::new(),
            until: self.now,
        };
        for track in &mut self.tracks {
            judgement.missed.extend(track.missed());
            judgement.rows.extend(told::rows(self.scenario, track));
            judgement.false_verdicts.append(&mut track.false_verdicts);
        }
        judgement.rows = told::together(judgement.rows, self.tracks.len());
        judgement
    }
}

impl Judgement {
    /// Whether every expected verdict came in time, and no other.
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// Everything that was not as it should have been, one sentence each.
    pub fn failures(&self) -> impl Iterator<Item = String> {
        let missed = self.missed.iter().map(Missed::to_string);
        missed.chain(self.false_verdicts.iter().map(FalseVerdict::to_string))
    }
}

impl Row {
    /// How long the verdict took.
    pub fn delay(&self) -> Option<Duration> {
        self.judged.since(self.broke_at?)
    }

    /// How long the end of it took to be seen.
    pub fn delay_of_restored(&self) -> Option<Duration> {
        self.restored.since(self.restored_at?)
    }
}

impl Seen {
    fn since(self, time: Time) -> Option<Duration> {
        match self {
            Self::At(at) => Some(at.since(time)),
            Self::Before | Self::Never => None,
        }
    }
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)?;
        if let Some((delay, told)) = self.after {
            write!(f, "; {} after {}", words::span(delay), told.words())?;
        }
        if self.wrong {
            f.write_str(" (not as expected)")?;
        }
        Ok(())
    }
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Expectation {
            platform,
            at,
            verdicts,
            within,
        } = &self.expected;
        let (verdicts, within, at) = (
            words::verdicts(verdicts),
            words::span(*within),
            words::clock(*at),
        );
        write!(f, "expected {platform} {verdicts} within {within} of {at}")?;
        match (self.was, self.came) {
            (Some(was), None) => write!(f, ", was {}", was.label()),
            (Some(was), Some(came)) => write!(
                f,
                ", was {}; it came at {}",
                was.label(),
                words::clock(came)
            ),
            (None, _) => f.write_str(", and the drill did not get there"),
        }
    }
}

impl fmt::Display for FalseVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} was {} from {} to {}, expected {}",
            self.platform,
            self.verdict.label(),
            words::clock(self.from),
            words::clock(self.until),
            words::verdicts(&self.expected)
        )
    }
}

//! The expected verdicts: for each platform a step after another, apart enough to be told apart, and up in the end.

use std::time::Duration;

use super::build::Builder;
use super::reach::{ALL, VANTAGE};
use super::timeline::Timeline;
use super::{Expectation, raw, words};
use crate::config::{At, Items};
use crate::state::Verdict;

/// How long a verdict may take where the scenario does not say it: what the exporter promises for a hard failure.
const WITHIN: Duration = Duration::from_secs(60);

/// An expectation and where it stands.
type Placed<'a> = (Expectation, At<'a>);

impl Builder<'_> {
    pub(super) fn expectations(
        &mut self,
        raw: Items<raw::Expectation>,
        timeline: &Timeline,
        root: &At<'_>,
    ) -> Vec<Expectation> {
        let all = root.near("expect");
        let mut steps: Vec<Placed<'_>> = Vec::new();
        let mut whole = true;
        for (raw, at) in raw.0.into_iter().zip(all.items()) {
            let Some(step) = raw.and_then(|raw| self.steps(raw, timeline, &at)) else {
                whole = false;
                continue;
            };
            for step in step {
                let former = steps
                    .iter()
                    .rfind(|(known, _)| known.platform == step.platform);
                let former = former.map(|(former, _)| former);
                // What was expected before it is only known where all that stands above could be read.
                let same = || unchanged(&step, former).filter(|_| whole);
                if let Some(message) = clash(&step, former).or_else(same) {
                    self.errors.value(&at, message);
                }
                steps.push((step, at));
            }
        }
        if whole {
            self.end_up(&steps);
        }
        steps.into_iter().map(|(step, _)| step).collect()
    }

    /// One entry of the file: a step for each of its platforms; none when something in it is wrong.
    fn steps(
        &mut self,
        raw: raw::Expectation,
        timeline: &Timeline,
        at: &At<'_>,
    ) -> Option<Vec<Expectation>> {
        let (platforms_at, verdicts_at) = (at.near("platform"), at.near("verdict"));
        let mut right = raw.platform.is_whole() && raw.verdict.is_whole();
        let mut names = Vec::new();
        for (word, word_at) in self.each(raw.platform, &platforms_at) {
            match self.expectant(&word) {
                Ok(found) => names.extend(found),
                Err(message) => {
                    self.errors.value(&word_at, message);
                    right = false;
                }
            }
        }
        let verdicts = self.each(raw.verdict, &verdicts_at);
        let time = self.time_inside(raw.at.0, &at.near("at"))?;
        let within = raw.within.map_or(WITHIN, |within| within.0);
        if let Some(first) = timeline.first.filter(|first| time < *first) {
            let message = format!(
                "everything is expected to be up until something breaks, at {}",
                words::clock(first)
            );
            self.errors.value(&at.near("at"), message);
        }
        if let Some(end) = self.end.filter(|end| time + within > *end) {
            let message = format!(
                "may take {} until it is seen, and the drill ends {} after it",
                words::span(within),
                words::span(end.since(time))
            );
            self.errors.value(&at.near("at"), message);
        }
        let verdicts: Vec<Verdict> = verdicts.into_iter().map(|(verdict, _)| verdict).collect();
        let step = |platform| Expectation {
            platform,
            at: time,
            verdicts: verdicts.clone(),
            within,
        };
        right.then(|| names.into_iter().map(step).collect())
    }

    /// The watched platforms that a word names.
    fn expectant(&mut self, word: &str) -> Result<Vec<String>, String> {
        match word {
            ALL => {
                let watched = self.reach.watched.iter();
                Ok(watched.map(|platform| platform.name.to_string()).collect())
            }
            VANTAGE => Err(
                "our own network has no verdict; while it is lost every platform is `unknown`"
                    .into(),
            ),
            name => match self.reach.platform(name)? {
                Ok(()) => Ok(vec![name.to_owned()]),
                Err(unwatched) => {
                    self.leave_out(unwatched);
                    Ok(Vec::new())
                }
            },
        }
    }

    /// The last step of each platform is up: nothing is broken then.
    fn end_up(&mut self, steps: &[Placed<'_>]) {
        for (index, (step, at)) in steps.iter().enumerate() {
            let later = steps.iter().skip(index + 1);
            let is_last = later
                .clone()
                .all(|(later, _)| later.platform != step.platform);
            if is_last && step.verdicts != [Verdict::Up] {
                let message = format!(
                    "the last one for {} must be up: a drill ends with everything healthy",
                    step.platform
                );
                self.errors.value(&at.near("verdict"), message);
            }
        }
    }
}

/// Why a step cannot follow the one before it of its platform.
fn clash(step: &Expectation, former: Option<&Expectation>) -> Option<String> {
    let (platform, former) = (&step.platform, former?);
    if step.at <= former.at {
        return Some(format!("does not come after the one above for {platform}"));
    }
    let until = former.at + former.within;
    (step.at < until).then(|| {
        let until = words::clock(until);
        format!("comes before the one above for {platform} must be seen, by {until}")
    })
}

/// That a step is the same as what its platform was expected to be before it, if it is.
fn unchanged(step: &Expectation, former: Option<&Expectation>) -> Option<String> {
    let before = former.map_or(&[Verdict::Up][..], |former| &former.verdicts);
    (step.verdicts == before).then(|| {
        let (platform, verdicts) = (&step.platform, words::verdicts(before));
        format!("changes nothing: {platform} is expected to be {verdicts} before it too")
    })
}

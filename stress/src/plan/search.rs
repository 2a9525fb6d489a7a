//! Which load to try next in search of the highest that holds: a pure answer to what was tried so far.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::units::Seconds;

/// What is raised until it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Axis {
    /// Journeys that start per second.
    Rate,
    /// Journeys under way at a time, a whole number.
    Concurrency,
}

/// A search for the highest level at which the thresholds hold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Search {
    /// What is raised.
    pub axis: Axis,
    /// The first level, above 0.
    pub from: f64,
    /// The highest level that may be tried, no less than the first.
    pub max: f64,
    /// How far apart, as a share of the lower one, the highest level that holds and the lowest that breaks may be.
    pub precision: f64,
    /// How long a step is measured, at least.
    #[serde(rename = "step_seconds", with = "Seconds")]
    pub step: Duration,
    /// How many samples the thresholds need.
    #[serde(skip)]
    pub needs: u64,
}

/// A step that was made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StepResult {
    /// The level.
    pub level: f64,
    /// How long it was measured.
    #[serde(rename = "seconds", with = "Seconds")]
    pub length: Duration,
    /// What it showed.
    pub verdict: StepVerdict,
}

/// What a step showed of its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, Serialize)]
#[serde(into = "&'static str")]
#[strum(serialize_all = "kebab-case")]
pub enum StepVerdict {
    /// All thresholds hold.
    Holds,
    /// At least one threshold is broken.
    Breaks,
    /// No threshold is broken, but one needs more samples.
    TooFewSamples {
        /// How many there are.
        has: u64,
        /// How many it needs.
        needs: u64,
    },
    /// The generator was the limit: the step says nothing about the server.
    GeneratorLimited,
    /// It was stopped before its end.
    Interrupted,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NextStep {
    /// Make a step at this level, measured for this long.
    Try {
        /// The level.
        level: f64,
        /// How long to measure.
        length: Duration,
    },
    /// The search is over.
    Done(SearchResult),
}

/// The result of a search.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum SearchResult {
    /// One level holds, and one above it, within the precision, breaks.
    Between {
        /// The highest level that holds.
        holds: f64,
        /// The lowest that breaks.
        breaks: f64,
    },
    /// The highest level that may be tried holds.
    UpTo {
        /// That level.
        holds: f64,
    },
    /// The first level breaks already.
    BelowFirst {
        /// The lowest level that breaks.
        breaks: f64,
    },
    /// The generator was the limit at this level: nothing is claimed of the server.
    GeneratorLimited {
        /// That level.
        at: f64,
    },
    /// Even the longest step at this level has too few samples.
    TooFewSamples {
        /// That level.
        at: f64,
        /// How many there are.
        #[serde(rename = "samples")]
        has: u64,
        /// How many the thresholds need.
        #[serde(rename = "samples_needed")]
        needs: u64,
    },
    /// The search was stopped before its end.
    Incomplete {
        /// The highest level that holds, if any does.
        holds: Option<f64>,
        /// The lowest that breaks, if any does.
        breaks: Option<f64>,
    },
}

/// A step may be this many times longer than asked for to get its samples.
const LONGEST: u32 = 10;
/// How often a level must hold to be the answer: one lucky step is none.
const TWICE: usize = 2;
/// How much the level grows as long as nothing breaks.
const GROWTH: f64 = 2.0;

impl Search {
    /// What to do after these steps.
    ///
    /// Levels grow geometrically until one breaks; then the geometric mean of the highest that holds and the lowest
    /// that breaks is tried until the two are close. A level that held once is tried again before it is the answer,
    /// and one that ever broke does not hold: chance can make the answer smaller, hardly larger.
    pub fn next(&self, tried: &[StepResult]) -> NextStep {
        match tried.last() {
            Some(&StepResult { level, verdict: StepVerdict::GeneratorLimited, .. }) => {
                return NextStep::Done(SearchResult::GeneratorLimited { at: level });
            }
            Some(&StepResult { level, length, verdict: StepVerdict::TooFewSamples { has, needs } }) => {
                return self.longer(level, length, has, needs);
            }
            _ => {}
        }
        let (holds, breaks) = bounds(tried);
        match (holds, breaks) {
            (None, None) => self.attempt(self.from),
            (None, Some(breaks)) => NextStep::Done(SearchResult::BelowFirst { breaks }),
            (Some(holds), None) if holds >= self.max => {
                self.confirm(tried, holds, SearchResult::UpTo { holds })
            }
            (Some(holds), None) => self.attempt((holds * GROWTH).min(self.max)),
            (Some(holds), Some(breaks)) => match self.between(holds, breaks) {
                Some(level) => self.attempt(level),
                None => self.confirm(tried, holds, SearchResult::Between { holds, breaks }),
            },
        }
    }

    /// What is known after these steps if no more are made.
    pub fn incomplete(tried: &[StepResult]) -> SearchResult {
        let (holds, breaks) = bounds(tried);
        SearchResult::Incomplete { holds, breaks }
    }

    fn confirm(&self, tried: &[StepResult], holds: f64, answer: SearchResult) -> NextStep {
        let held = tried.iter().filter(|one| one.level == holds && one.verdict == StepVerdict::Holds).count();
        if held >= TWICE { NextStep::Done(answer) } else { self.attempt(holds) }
    }

    /// A step as long as asked for, or as the samples take at this rate.
    fn attempt(&self, level: f64) -> NextStep {
        let takes = match self.axis {
            // A few more than needed: not every arrival becomes a sample.
            Axis::Rate => {
                Duration::try_from_secs_f64(self.needs as f64 * 1.1 / level).unwrap_or(Duration::MAX)
            }
            Axis::Concurrency => Duration::ZERO,
        };
        NextStep::Try { level, length: takes.clamp(self.step, self.longest()) }
    }

    /// The same step again, as long as it seems to take.
    fn longer(&self, level: f64, length: Duration, has: u64, needs: u64) -> NextStep {
        let longest = self.longest();
        if length >= longest {
            return NextStep::Done(SearchResult::TooFewSamples { at: level, has, needs });
        }
        let factor = needs as f64 / has.max(1) as f64 * 1.25;
        let wanted = Duration::try_from_secs_f64(length.as_secs_f64() * factor).unwrap_or(longest);
        // At least half as long again, so that this ends.
        NextStep::Try { level, length: wanted.max(length.saturating_add(length / 2)).min(longest) }
    }

    fn longest(&self) -> Duration {
        self.step.saturating_mul(LONGEST)
    }

    /// A level between these two; `None` when they are close enough.
    fn between(&self, holds: f64, breaks: f64) -> Option<f64> {
        if breaks <= holds * (1.0 + self.precision) {
            return None;
        }
        let middle = (holds * breaks).sqrt();
        let inside = |level: &f64| *level > holds && *level < breaks;
        match self.axis {
            Axis::Rate => Some(Some(readable(middle)).filter(inside).unwrap_or(middle)).filter(inside),
            Axis::Concurrency => [middle.round(), middle.floor(), middle.ceil()].into_iter().find(inside),
        }
    }
}

/// The highest level that holds below the lowest that ever broke, and that one.
fn bounds(tried: &[StepResult]) -> (Option<f64>, Option<f64>) {
    let with = |verdict| tried.iter().filter(move |one| one.verdict == verdict).map(|one| one.level);
    let breaks = with(StepVerdict::Breaks).reduce(f64::min);
    let holds = with(StepVerdict::Holds).filter(|level| breaks.is_none_or(|breaks| *level < breaks));
    (holds.reduce(f64::max), breaks)
}

/// A rate rounded to four digits, to be read by people.
fn readable(level: f64) -> f64 {
    format!("{level:.3e}").parse().unwrap_or(level)
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;

//! One run against another, or several against several: what was meant differently, and which numbers changed.
//!
//! Each number's spread comes from a block bootstrap over its own timeline; its verdict is corrected for all numbers
//! that were looked at; and a change that nobody need care about is said to be one.

mod blocks;
mod bootstrap;
mod limit;
mod inference;
#[cfg(test)]
mod noise;
mod numbers;
mod plans;
mod side;
mod track;

use std::{collections::BTreeMap, fmt, time::Duration};

use super::{
    Report, Source,
    quality::{Bottleneck, QualityReport, Severity},
    summary::Summary,
};
use crate::{
    metrics::StepKey,
    plan::{
        ConfigError,
        journey::Step,
        threshold::{ChangeLimit, Quantity},
    },
    sample::Novelty,
};
pub use limit::{LimitOutcome, LimitResult};
use numbers::Draft;
pub use numbers::{Number, Value, Verdict};
pub use plans::Difference;
pub(in crate::report) use plans::differences;
use side::{Measure, Side};

/// What two sides of runs come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The runs before.
    pub before: Vec<Run>,
    /// The runs after.
    pub after: Vec<Run>,
    /// What the plans of the first run on each side say differently.
    pub differences: Vec<Difference>,
    /// What a reader must know besides, a sentence each.
    pub notes: Vec<String>,
    /// The smallest change that counts, as a share of the number.
    pub relevance: f64,
    /// Every number that both sides have.
    pub numbers: Vec<Number>,
    /// The limits that were asked for.
    pub limits: Vec<LimitResult>,
}

/// A run as far as a comparison speaks of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What the user calls it: a path.
    pub name: String,
    /// When it began.
    pub started_at: String,
    /// How long it took.
    pub elapsed: Duration,
    /// What its blobs were made of.
    pub seed: u64,
}

impl Comparison {
    /// Compares the runs on both sides, of which each has at least one.
    ///
    /// # Errors
    /// When a limit speaks of a step or a phase that these runs do not have.
    pub fn of(
        before: &[Source],
        after: &[Source],
        relevance: f64,
        limits: &[ChangeLimit],
    ) -> Result<Self, ConfigError> {
        let numbers = numbers::judge(drafts(before, after), relevance);
        let mut results = Vec::new();
        for limit in limits {
            let judged = limit::judge(limit, &numbers);
            if judged.is_empty() {
                return Err(nothing_meant(limit, &numbers));
            }
            results.extend(judged);
        }
        let first = before.first().zip(after.first());
        let differences = first.map(|(one, other)| differences(&one.report.plan, &other.report.plan));
        Ok(Self {
            notes: notes(before, after, &numbers),
            before: before.iter().map(Run::of).collect(),
            after: after.iter().map(Run::of).collect(),
            differences: differences.unwrap_or_default(),
            relevance,
            numbers,
            limits: results,
        })
    }

    /// Whether something is worse: a limit that was asked for fails or, where none was, a number is.
    pub fn regressed(&self) -> bool {
        if self.limits.is_empty() {
            self.numbers.iter().any(|number| number.verdict == Verdict::Worse)
        } else {
            self.limits.iter().any(|limit| limit.outcome.fails())
        }
    }
}

/// A step of a phase, as runs are compared by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepName {
    /// The phase's name.
    pub phase: String,
    /// What was done.
    pub step: Step,
    /// Whether these are the blobs that repeat bytes stored earlier in the run.
    pub repeats: bool,
}

impl StepName {
    fn of(report: &Report, key: &StepKey) -> Self {
        let phase = report.plan.phases.get(key.phase);
        let phase = phase.map_or_else(|| key.phase.to_string(), |phase| phase.name.clone());
        Self { phase, step: key.step, repeats: key.novelty == Novelty::Repeat }
    }
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let repeats = if self.repeats { " (repeats)" } else { "" };
        write!(f, "{}:{}{repeats}", self.phase, self.step)
    }
}

impl Run {
    fn of(source: &Source) -> Self {
        let Report { started_at, elapsed, plan, .. } = &source.report;
        Self { name: source.name.clone(), started_at: started_at.clone(), elapsed: *elapsed, seed: plan.seed }
    }
}

/// Every number that all runs have as a step.
fn drafts(before: &[Source], after: &[Source]) -> Vec<numbers::Draft> {
    let mut drafts = Vec::new();
    for name in step_names(before, after) {
        let measured = |sources: &[Source]| -> Option<Vec<BTreeMap<Quantity, Measure>>> {
            sources.iter().map(|source| measures(&source.report, &name)).collect()
        };
        let Some((before, after)) = measured(before).zip(measured(after)) else { continue };
        for quantity in Quantity::ALL {
            let of = |side: &[BTreeMap<Quantity, Measure>]| -> Option<Vec<Measure>> {
                side.iter().map(|run| run.get(&quantity).cloned()).collect()
            };
            let sides = of(&before).zip(of(&after));
            drafts.extend(sides.map(|(before, after)| Draft::of(&name, quantity, &before, &after)));
        }
    }
    drafts
}

/// The steps that any of the runs has, in the order of the first.
fn step_names(before: &[Source], after: &[Source]) -> Vec<StepName> {
    let mut names = Vec::new();
    for source in before.iter().chain(after) {
        for key in source.report.recording.step_metrics.keys() {
            let name = StepName::of(&source.report, key);
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// What one run has of a step; `None` when it has no such step.
fn measures(report: &Report, name: &StepName) -> Option<BTreeMap<Quantity, Measure>> {
    let step_metrics = || report.recording.step_metrics.iter();
    let (_, metrics) = step_metrics().find(|(key, _)| StepName::of(report, key) == *name)?;
    // Pairs do not say which phase they are of.
    let cached = step_metrics().filter(|(key, _)| key.step == Step::CACHED && key.novelty == Novelty::Fresh);
    let paired = name.step == Step::CACHED && !name.repeats && cached.count() == 1;
    let side = Side::new(metrics, &report.recording.pairs);
    let measured = Quantity::ALL.into_iter().filter(|quantity| paired || *quantity != Quantity::Speedup);
    Some(measured.map(|quantity| (quantity, side.measure(quantity))).collect())
}

fn nothing_meant(limit: &ChangeLimit, numbers: &[Number]) -> ConfigError {
    let mut known: Vec<String> = numbers.iter().map(|number| number.name.to_string()).collect();
    known.dedup();
    let known = if known.is_empty() { "no step".to_owned() } else { known.join(", ") };
    ConfigError::new(
        "--fail-if",
        format!("`{limit}` speaks of a number that not every one of these runs has; all have {known}"),
    )
}

/// What keeps the numbers from saying what they seem to.
fn notes(before: &[Source], after: &[Source], numbers: &[Number]) -> Vec<String> {
    let mut notes = Vec::new();
    for one in before {
        for other in after.iter().filter(|other| one.report.is_same_run_as(&other.report)) {
            notes.push(format!(
                "{} and {} are the same run: that they are equal says nothing",
                one.name, other.name
            ));
        }
    }
    if before.len().min(after.len()) < 2 {
        notes.push(
            "a single run on a side: what differs from one run to the next is not in these intervals; repeat \
             each and compare A1 A2 A3 -- B1 B2 B3"
                .to_owned(),
        );
    }
    let partial = before.iter().chain(after).filter(|source| source.report.ending.is_partial());
    notes
        .extend(partial.map(|source| format!("{} is of a run that was stopped before its end", source.name)));
    notes.extend(before.iter().chain(after).filter_map(invalid));
    for source in before.iter().chain(after) {
        let alone = |name: &StepName| numbers.iter().all(|number| number.name != *name);
        let missing: Vec<String> = step_names(std::slice::from_ref(source), &[])
            .iter()
            .filter(|name| alone(name))
            .map(StepName::to_string)
            .collect();
        if !missing.is_empty() {
            let steps = missing.join(", ");
            notes.push(format!("{} has {steps}, which not every run has: not compared", source.name));
        }
    }
    notes
}

/// That a run's numbers are invalid, if they are, and whose fault that is, where it is the generator's.
fn invalid(source: &Source) -> Option<String> {
    let quality = Summary::of(&source.report).quality;
    // What only asks for care has not made them invalid; and arrivals without a place may be the server's doing.
    let graver = quality.checks.iter().filter(|check| check.severity == Severity::Invalid).cloned().collect();
    let why = match (QualityReport { checks: graver, drift: None }).bottleneck() {
        None | Some(Bottleneck::InFlight) => "see",
        Some(_) => "its generator was the bottleneck, see",
    };
    let name = &source.name;
    (quality.severity() == Severity::Invalid)
        .then(|| format!("the numbers of {name} are invalid: {why} its verdict"))
}

#[cfg(test)]
mod tests;

//! Compares runs before and after a change: how their plans differ, and which numbers changed.
//!
//! Each number's spread comes from a block bootstrap over its own timeline; failures are counts besides, which are compared
//! exactly. Verdicts are corrected for multiple comparisons, and a change that is too small to be relevant is called that.

mod bootstrap;
mod exact;
pub(super) mod inference;
mod limit;
mod measure;
mod numbers;
mod series;
mod types;

use std::collections::BTreeMap;

use super::{
    Report, Source,
    plan_diff::differences,
    quality::{Bottleneck, Severity},
    summary::Summary,
};
use crate::{
    plan::{
        ConfigError,
        journey::Step,
        threshold::{ChangeLimit, Quantity},
    },
    sample::Novelty,
};
use measure::{Measure, StepRun};
use numbers::Draft;

pub use super::plan_diff::Difference;
pub use limit::{LimitOutcome, LimitResult};
pub use types::{Number, Run, StepName, Value, Verdict};

/// The comparison of two sides of runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The runs before.
    pub before: Vec<Run>,
    /// The runs after.
    pub after: Vec<Run>,
    /// How the plans of the first run on each side differ.
    pub differences: Vec<Difference>,
    /// Warnings for readers, a sentence each.
    pub notes: Vec<String>,
    /// The smallest relevant change, as a share of the number.
    pub relevance: f64,
    /// Every number that both sides have.
    pub numbers: Vec<Number>,
    /// The results of the limits on changes.
    pub limits: Vec<LimitResult>,
}

impl Comparison {
    /// Compares the runs on both sides, of which each has at least one.
    ///
    /// # Errors
    /// When a limit covers no step or phase that these runs have.
    pub fn of(
        before: &[Source],
        after: &[Source],
        relevance: f64,
        limits: &[ChangeLimit],
    ) -> Result<Self, ConfigError> {
        let numbers = numbers::verdicts(drafts(before, after), relevance);
        let mut results = Vec::new();
        for limit in limits {
            let covered = limit::evaluate(limit, &numbers);
            if covered.is_empty() {
                return Err(covers_nothing(limit, &numbers));
            }
            results.extend(covered);
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

    /// Whether something is worse: a limit fails or, where none was given, a number is worse.
    pub fn regressed(&self) -> bool {
        if self.limits.is_empty() {
            self.numbers.iter().any(|number| number.verdict == Verdict::Worse)
        } else {
            self.limits.iter().any(|limit| limit.outcome.fails())
        }
    }

    /// Whether no number at all has a verdict. With limits, one that cannot be decided fails.
    pub fn is_undecided(&self) -> bool {
        let unknown =
            |number: &Number| matches!(number.verdict, Verdict::Hidden | Verdict::NotEnoughData { .. });
        self.limits.is_empty() && self.numbers.iter().all(unknown)
    }
}

/// Every number that all runs have.
fn drafts(before: &[Source], after: &[Source]) -> Vec<Draft> {
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
        for key in source.report.recording.steps.keys() {
            let name = StepName::of(&source.report, key);
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// The numbers of one run's step; `None` when it has no such step.
fn measures(report: &Report, name: &StepName) -> Option<BTreeMap<Quantity, Measure>> {
    let steps = || report.recording.steps.iter();
    let (_, step) = steps().find(|(key, _)| StepName::of(report, key) == *name)?;
    // Pairs have no phase.
    let cached = steps().filter(|(key, _)| key.step == Step::CACHED && key.novelty == Novelty::Fresh);
    let paired = name.step == Step::CACHED && !name.repeats && cached.count() == 1;
    let run = StepRun::new(step, &report.recording.pairs);
    let measured = Quantity::ALL.into_iter().filter(|quantity| paired || *quantity != Quantity::Speedup);
    Some(measured.map(|quantity| (quantity, run.measure(quantity))).collect())
}

fn covers_nothing(limit: &ChangeLimit, numbers: &[Number]) -> ConfigError {
    let mut known: Vec<String> = numbers.iter().map(|number| number.name.to_string()).collect();
    known.dedup();
    let known = if known.is_empty() { "no step".to_owned() } else { known.join(", ") };
    ConfigError::new(
        "--fail-if",
        format!("`{limit}` limits a number that not every one of these runs has; all have {known}"),
    )
}

/// What makes the numbers less certain than they look.
fn notes(before: &[Source], after: &[Source], numbers: &[Number]) -> Vec<String> {
    let mut notes = Vec::new();
    for one in before {
        for other in after.iter().filter(|other| one.report.is_same_run_as(&other.report)) {
            notes.push(format!(
                "{} and {} are the same run: equal numbers are no evidence",
                one.name, other.name
            ));
        }
    }
    if before.len().min(after.len()) < 2 {
        notes.push(
            "a single run on a side: the variance from one run to the next is not in these intervals; repeat each \
             and compare A1 A2 A3 -- B1 B2 B3"
                .to_owned(),
        );
    }
    let stopped = before.iter().chain(after).filter(|source| source.report.ending.is_partial());
    notes.extend(stopped.map(|source| format!("{} was stopped before its end", source.name)));
    let missing =
        |source: &Source| Some(format!("{} lacks shard {}", source.name, source.report.missing_parts()?));
    notes.extend(before.iter().chain(after).filter_map(missing));
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

/// That a run's numbers are invalid, if they are, and whether its generator was the bottleneck.
fn invalid(source: &Source) -> Option<String> {
    let quality = Summary::of(&source.report).quality;
    // Arrivals that were dropped may be the server's doing.
    let why = match quality.bottleneck_at(Severity::Invalid) {
        None | Some(Bottleneck::InFlight) => "see",
        Some(_) => "its generator was the bottleneck, see",
    };
    let name = &source.name;
    (quality.severity() == Some(Severity::Invalid))
        .then(|| format!("the numbers of {name} are invalid: {why} its report"))
}

#[cfg(test)]
mod tests;

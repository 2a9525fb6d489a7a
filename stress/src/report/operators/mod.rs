//! A comparison of operators: what each delivered and how fast, who is faster than whom, and what the caches did.

pub mod places;
mod ranking;
mod row;

use std::time::Duration;

use serde::Serialize;

use ranking::Ranking;
pub use ranking::{Comparison, Named};
pub use row::{OperatorRow, ReadTimes};

use super::{Ending, Tool, cache::Ratio};
use crate::{
    plan::{journey::Step, operators::OperatorsPlan},
    sample::{Outcome, Sample, probe::Probe},
    units::{self, Seconds},
};
use row::Reads;

/// The schema of the document.
pub const SCHEMA: &str = "walrus-stress/operators/1";

/// Operators compared on the same blobs, the best first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OperatorsReport {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The program that measured.
    pub tool: Tool,
    /// When it began: RFC 3339, UTC.
    pub started_at: String,
    /// How long it took.
    #[serde(rename = "elapsed_seconds", with = "Seconds")]
    pub elapsed: Duration,
    /// How it ended.
    pub ending: Ending,
    /// The answer in a sentence.
    pub answer: String,
    /// How many blobs were read.
    pub blobs: usize,
    /// Blobs that were to be uploaded and are not stored.
    pub uploads_failed: usize,
    /// What the publisher charged in FROST (10⁻⁹ WAL); `None` where its answer has no cost.
    pub cost_frost: Option<u64>,
    /// IDs of blobs of unknown content of which operators delivered different bytes without a majority.
    pub disputed: Vec<String>,
    /// By rank.
    pub operators: Vec<OperatorRow>,
    /// Every pair of operators.
    pub comparisons: Vec<Comparison>,
    /// How many times as long the first reader of a blob waited as the later ones did; taken out of the ranking where its
    /// interval excludes 1.
    pub first_reader: Option<Ratio>,
    /// What was asked for.
    pub plan: OperatorsPlan,
}

/// What a comparison measured, and when.
#[derive(Debug)]
pub struct Measured<'a> {
    /// When it began: RFC 3339, UTC.
    pub started_at: String,
    /// How long it took.
    pub elapsed: Duration,
    /// How it ended.
    pub ending: Ending,
    /// The uploads.
    pub uploads: &'a [Sample],
    /// The first and cached reads.
    pub reads: &'a [Sample],
    /// What each operator offers.
    pub probes: &'a [Option<Probe>],
    /// How many blobs were there to be read.
    pub blobs: usize,
    /// Blobs of which operators delivered different bytes without a majority.
    pub disputed: &'a [String],
}

impl OperatorsReport {
    /// Compares the operators of `plan`.
    pub fn of(plan: &OperatorsPlan, measured: &Measured<'_>) -> Self {
        let reads = Reads::by_operator(plan.operators.len(), measured.reads);
        let ranking = Ranking::of(&reads);
        let mut operators: Vec<OperatorRow> = plan
            .operators
            .iter()
            .zip(&reads)
            .enumerate()
            .map(|(position, (operator, reads))| {
                let probe = measured.probes.get(position).cloned().flatten();
                OperatorRow::of(operator, reads, ranking.ranks[position], probe)
            })
            .collect();
        // Of equal rank, the faster one stands first.
        let key = |row: &OperatorRow| {
            (row.rank.is_none(), row.rank, row.first.map_or(f64::INFINITY, |first| first.median))
        };
        operators.sort_by(|a, b| {
            let (a, b) = (key(a), key(b));
            (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2))
        });
        let costs = measured.uploads.iter().filter_map(|sample| match &sample.outcome {
            Outcome::Stored(stored) => stored.cost,
            _ => None,
        });
        let failed = |sample: &&Sample| sample.step == Step::Upload && !sample.outcome.is_success();
        Self {
            schema: SCHEMA,
            tool: Tool::this(),
            started_at: measured.started_at.clone(),
            elapsed: measured.elapsed,
            ending: measured.ending,
            answer: answer(&operators, &ranking.comparisons(plan), measured.blobs),
            blobs: measured.blobs,
            uploads_failed: measured.uploads.iter().filter(failed).count(),
            cost_frost: costs.reduce(u64::saturating_add),
            disputed: measured.disputed.to_vec(),
            comparisons: ranking.comparisons(plan),
            first_reader: ranking.first_reader,
            operators,
            plan: plan.clone(),
        }
    }

    /// Whether an operator delivered wrong bytes, or they disagree about a blob.
    pub fn has_wrong_bytes(&self) -> bool {
        !self.disputed.is_empty() || self.operators.iter().any(|row| row.corrupt > 0)
    }
}

/// How many names a sentence lists.
const NAMES: usize = 3;

/// The answer to the question which aggregator to use.
fn answer(operators: &[OperatorRow], comparisons: &[Comparison], blobs: usize) -> String {
    let all = operators.len();
    let best: Vec<&OperatorRow> = operators.iter().filter(|row| row.rank == Some(1)).collect();
    let among = |names: &str| format!("{names} are the fastest of {all} aggregators");
    match best[..] {
        [] => format!("none of {all} aggregators delivered a blob"),
        [best] if all == 1 => format!("{}: first reads have a {}", best.name, best.first_words()),
        [best] => {
            format!(
                "{} is the fastest of {all} aggregators at first reads: {}",
                best.name,
                best.first_words()
            )
        }
        _ => {
            let names = listed(&best.iter().map(|row| row.name.as_str()).collect::<Vec<_>>());
            let which = if best.len() == all { names } else { among(&names) + " and" };
            let is_best = |one: &Named| best.iter().any(|row| row.url == one.url);
            let tied = comparisons.iter().filter(|one| is_best(&one.a) && is_best(&one.b));
            let needed = tied.filter_map(|one| one.blobs_needed).min();
            let tell = needed.map(|needed| format!("; about {} would tell", units::count(needed)));
            format!("{which} cannot be distinguished with {blobs} blobs{}", tell.unwrap_or_default())
        }
    }
}

/// `A, B and C`, or `A, B, C and 4 more`.
fn listed(names: &[&str]) -> String {
    match names {
        [one] => (*one).to_owned(),
        [first @ .., last] if names.len() <= NAMES => format!("{} and {last}", first.join(", ")),
        names => format!(
            "{} and {} more",
            names[..NAMES.min(names.len())].join(", "),
            names.len() - NAMES.min(names.len())
        ),
    }
}

#[cfg(test)]
mod tests;

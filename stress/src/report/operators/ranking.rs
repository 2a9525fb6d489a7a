//! Who is faster than whom: pairwise on the same blobs, all pairs together, with ties.

use serde::Serialize;

use super::row::{Reads, seconds};
use crate::{
    plan::operators::OperatorsPlan,
    report::{
        cache::Ratio,
        pairwise::{Pair, Pairwise},
        stats::{median, sorted},
    },
    sample::{Outcome, Sample},
};

/// The ranks of operators, and the comparisons behind them.
#[derive(Debug)]
pub(super) struct Ranking {
    /// Of each operator: one more than the number of those that are faster for certain; `None` when it delivered nothing.
    pub(super) ranks: Vec<Option<usize>>,
    /// How many times as long the first reader of a blob waited.
    pub(super) first_reader: Option<Ratio>,
    pairs: Vec<Pair>,
}

/// Two operators compared on the same blobs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The one.
    pub a: Named,
    /// The other.
    pub b: Named,
    /// Blobs that at least one of them delivered.
    pub blobs: usize,
    /// The median of a's first read ÷ b's, blob by blob; `None` where most have a failed read on one side.
    pub ratio: Option<f64>,
    /// The two-sided p-value of Wilcoxon's signed-rank test; a failed read is slower than any other.
    pub p_value: f64,
    /// Whether they differ by Holm's procedure over all pairs, and by at least 5 %.
    pub differs: bool,
    /// About how many blobs would show a difference as large as the one seen with the power of the
    /// comparisons of runs (85 %); `None` where
    /// they differ already, or where it would take more than 10,000.
    pub blobs_needed: Option<u64>,
}

/// An operator as comparisons name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its address.
    pub url: String,
}

impl Ranking {
    /// Compares every two operators.
    pub(super) fn of(reads: &[Reads<'_>]) -> Self {
        let first_reader = first_reader(reads);
        let effect = first_reader.filter(excludes_1).map_or(1.0, |ratio| ratio.median);
        let time = |operator: usize, blob: u64| {
            let (first, _) = reads[operator].blobs.get(&blob)?;
            match first.outcome {
                Outcome::Unfinished => None,
                _ => Some(seconds(first).map_or(f64::INFINITY, |time| {
                    if is_first_reader(reads, first) { time / effect } else { time }
                })),
            }
        };
        let delivered =
            |operator: usize| reads[operator].blobs.values().any(|(first, _)| seconds(first).is_some());
        let ratios = |a: usize, b: usize| {
            let both = reads[a].blobs.keys().filter_map(|&blob| Some(time(a, blob)? / time(b, blob)?));
            both.collect()
        };
        let Pairwise { ranks, pairs } = Pairwise::of(reads.len(), delivered, ratios);
        Self { ranks, first_reader, pairs }
    }

    /// The comparisons with the operators' names.
    pub(super) fn comparisons(&self, plan: &OperatorsPlan) -> Vec<Comparison> {
        let named = |position: usize| {
            let operator = &plan.operators[position];
            Named { name: operator.name.clone(), url: operator.target.to_string() }
        };
        let comparison = |pair: &Pair| Comparison {
            a: named(pair.a),
            b: named(pair.b),
            blobs: pair.blobs,
            ratio: Some(pair.ratio).filter(|ratio| ratio.is_finite() && *ratio > 0.0),
            p_value: pair.p_value,
            differs: pair.differs,
            blobs_needed: pair.blobs_needed(self.pairs.len()),
        };
        self.pairs.iter().map(comparison).collect()
    }
}

fn excludes_1(ratio: &Ratio) -> bool {
    ratio.interval.is_some_and(|(low, high)| low > 1.0 || high < 1.0)
}

/// Whether no other operator had delivered the blob before this first read began.
fn is_first_reader(reads: &[Reads<'_>], sample: &Sample) -> bool {
    let others = reads.iter().enumerate().filter(|(operator, _)| *operator != sample.target);
    let earlier = |first: &Sample| {
        first.outcome == Outcome::Read && first.exchange.timing.finished <= sample.exchange.timing.started
    };
    !others.filter_map(|(_, reads)| reads.blobs.get(&sample.index)).any(|(first, _)| earlier(first))
}

/// How many times as long an operator took for a blob that it read first of all as for the others, in the median.
fn first_reader(reads: &[Reads<'_>]) -> Option<Ratio> {
    let mut ratios = Vec::new();
    for reads_of_one in reads {
        let firsts = reads_of_one.blobs.values().filter_map(|(first, _)| Some((*first, seconds(first)?)));
        let (cold, warm): (Vec<_>, Vec<_>) = firsts.partition(|(first, _)| is_first_reader(reads, first));
        if let Some(usual) = median(&sorted(warm.into_iter().map(|(_, time)| time))) {
            ratios.extend(cold.into_iter().map(|(_, time)| time / usual));
        }
    }
    Ratio::of(ratios.into_iter())
}

//! Who is faster than whom: pairwise on the same blobs, all pairs together, with ties.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

use super::row::{Reads, seconds};
use crate::{
    plan::operators::OperatorsPlan,
    report::{
        cache::{RELEVANT, Ratio, signed_ranks},
        compare::inference::{ALPHA, POWER, holm},
        stats::{median, sorted},
    },
    sample::{Outcome, Sample},
};

/// More blobs than this are no advice.
const MOST_NEEDED: f64 = 10_000.0;

/// The ranks of operators, and the comparisons behind them.
#[derive(Debug)]
pub(super) struct Ranking {
    /// Of each operator: one more than the number of those that are faster for certain; `None` when it delivered nothing.
    pub(super) ranks: Vec<Option<usize>>,
    /// How many times as long the first reader of a blob waited.
    pub(super) first_reader: Option<Ratio>,
    pairs: Vec<PairOfOperators>,
}

/// Two operators by position.
#[derive(Debug, Clone, PartialEq)]
struct PairOfOperators {
    a: usize,
    b: usize,
    /// Blobs that at least one of them delivered.
    blobs: usize,
    /// The median of a's time ÷ b's, blob by blob; infinite or 0 where one of them failed on most.
    ratio: f64,
    p_value: f64,
    differs: bool,
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
        let mut pairs = Vec::new();
        for a in 0..reads.len() {
            for b in a + 1..reads.len() {
                let ratios = reads[a].blobs.keys().filter_map(|&blob| Some(time(a, blob)? / time(b, blob)?));
                // Where both failed, neither is faster.
                pairs.push(PairOfOperators::of(a, b, &sorted(ratios.filter(|ratio| !ratio.is_nan()))));
            }
        }
        let significant = holm(&pairs.iter().map(|pair| pair.p_value).collect::<Vec<_>>());
        for (pair, significant) in pairs.iter_mut().zip(significant) {
            pair.differs = significant && !(1.0 / RELEVANT..=RELEVANT).contains(&pair.ratio);
        }
        let delivered =
            |operator: &usize| reads[*operator].blobs.values().any(|(first, _)| seconds(first).is_some());
        let rank = |operator: usize| {
            delivered(&operator)
                .then(|| 1 + pairs.iter().filter(|pair| pair.slower() == Some(operator)).count())
        };
        let ranks = (0..reads.len()).map(rank).collect();
        Self { ranks, first_reader, pairs }
    }

    /// The comparisons with the operators' names.
    pub(super) fn comparisons(&self, plan: &OperatorsPlan) -> Vec<Comparison> {
        let named = |position: usize| {
            let operator = &plan.operators[position];
            Named { name: operator.name.clone(), url: operator.target.to_string() }
        };
        let comparison = |pair: &PairOfOperators| Comparison {
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

impl PairOfOperators {
    /// Compares two operators by the sorted ratios of their times.
    fn of(a: usize, b: usize, ratios: &[f64]) -> Self {
        let logarithms: Vec<f64> = ratios.iter().map(|ratio| ratio.ln()).collect();
        Self {
            a,
            b,
            blobs: ratios.len(),
            ratio: median(ratios).unwrap_or(1.0),
            p_value: signed_ranks(&logarithms).unwrap_or(1.0),
            differs: false,
        }
    }

    /// The slower one, where they differ.
    fn slower(&self) -> Option<usize> {
        self.differs.then_some(if self.ratio > 1.0 { self.a } else { self.b })
    }

    /// The usual size of a two-sided test with the effect seen (Cohen: "Statistical power analysis", 1988, § 2.4), at Holm's
    /// level of the first of all pairs. The signed-rank statistic grows with the root of the number of blobs.
    fn blobs_needed(&self, pairs: usize) -> Option<u64> {
        // A difference that is too small to matter stays a tie, however many blobs are read.
        if self.differs || self.blobs == 0 || (1.0 / RELEVANT..=RELEVANT).contains(&self.ratio) {
            return None;
        }
        let normal = Normal::standard();
        let seen = normal.inverse_cdf(1.0 - self.p_value / 2.0);
        let level = ALPHA / pairs.max(1) as f64;
        let wanted = normal.inverse_cdf(1.0 - level / 2.0) + normal.inverse_cdf(POWER);
        let needed = (self.blobs as f64 * (wanted / seen).powi(2)).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive and at most 10,000"
        )]
        let needed = (needed <= MOST_NEEDED).then_some(needed as u64);
        needed.map(|needed| needed.max(self.blobs as u64 + 1))
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

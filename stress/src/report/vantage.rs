//! What vantage points saw of the same blobs, each by itself, and how they compare.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    Report, VantageRecording,
    cache::CacheEffect,
    operators::ReadTimes,
    pairwise::{Pair, Pairwise},
    steps::StepSummary,
};
use crate::plan::{shard::Shard, vantage::VantageName};

/// What the vantage points of a merged report saw.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VantageSummary {
    /// Each of them, by its number.
    pub points: Vec<VantagePoint>,
    /// Every two of them.
    pub comparisons: Vec<VantageComparison>,
}

/// What one vantage point saw.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VantagePoint {
    /// Its name.
    pub name: VantageName,
    /// Which one it is, of how many.
    pub number: Shard,
    /// One more than the number of those that are faster at first reads for certain; `None` without a first read to compare.
    pub rank: Option<usize>,
    /// Reads that were tried.
    pub attempted: u64,
    /// Reads that delivered their blob.
    pub done: u64,
    /// The times of first reads, of the blobs that were read twice: a uniform sample of at most 4,096.
    pub first: Option<ReadTimes>,
    /// The times of the cached reads of the same blobs.
    pub cached: Option<ReadTimes>,
    /// First against cached reads here.
    #[serde(serialize_with = "CacheEffect::document", skip_serializing_if = "Option::is_none")]
    pub cache_effect: Option<CacheEffect>,
    /// Each step here.
    pub steps: Vec<StepSummary>,
}

/// Two vantage points compared on the same blobs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VantageComparison {
    /// The one.
    pub a: VantageName,
    /// The other.
    pub b: VantageName,
    /// Blobs that both read.
    pub blobs: usize,
    /// The median of a's first read ÷ b's, blob by blob.
    pub ratio: f64,
    /// The two-sided p-value of Wilcoxon's signed-rank test.
    pub p_value: f64,
    /// Whether they differ by Holm's procedure over all pairs, and by at least 5 %.
    pub differs: bool,
    /// About how many blobs would show a difference as large as the one seen; `None` where they differ already, or where it
    /// would take more than 10,000.
    pub blobs_needed: Option<u64>,
}

impl VantageSummary {
    /// `None` when the report is not one of several vantage points.
    pub(super) fn of(report: &Report) -> Option<Self> {
        let vantages = &report.vantages;
        if vantages.is_empty() {
            return None;
        }
        let firsts: Vec<BTreeMap<u64, f64>> = vantages.iter().map(first_reads).collect();
        let ratios = |a: usize, b: usize| {
            let both = firsts[a].iter().filter_map(|(blob, time)| Some(time / firsts[b].get(blob)?));
            both.collect()
        };
        let Pairwise { ranks, pairs } = Pairwise::of(vantages.len(), |one| !firsts[one].is_empty(), ratios);
        let points = vantages.iter().zip(ranks);
        let name = |position: usize| vantages[position].vantage.name.clone();
        let comparison = |pair: &Pair| VantageComparison {
            a: name(pair.a),
            b: name(pair.b),
            blobs: pair.blobs,
            ratio: pair.ratio,
            p_value: pair.p_value,
            differs: pair.differs,
            blobs_needed: pair.blobs_needed(pairs.len()),
        };
        Some(Self {
            points: points.map(|(one, rank)| VantagePoint::of(report, one, rank)).collect(),
            comparisons: pairs.iter().map(comparison).collect(),
        })
    }
}

impl VantagePoint {
    fn of(report: &Report, one: &VantageRecording, rank: Option<usize>) -> Self {
        let VantageRecording { vantage, elapsed, recording } = one.clone();
        let times = |of: fn(&crate::metrics::pairs::Pair) -> std::time::Duration| {
            ReadTimes::of(one.recording.pairs.iter().map(|pair| of(pair).as_secs_f64()))
        };
        let (first, cached) = (times(|pair| pair.first), times(|pair| pair.cached));
        let own = Report { recording, elapsed, vantages: Vec::new(), ..report.clone() };
        let steps = StepSummary::all(&own, None);
        Self {
            name: vantage.name,
            number: vantage.number,
            rank,
            attempted: steps.iter().map(|step| step.attempted).sum(),
            done: steps.iter().map(|step| step.done).sum(),
            first,
            cached,
            cache_effect: CacheEffect::of(&own, &steps),
            steps,
        }
    }

    /// Reads that failed for good or did not finish.
    pub fn failed(&self) -> u64 {
        self.attempted - self.done
    }
}

/// The times of first reads by blob, in seconds.
fn first_reads(one: &VantageRecording) -> BTreeMap<u64, f64> {
    one.recording.pairs.iter().map(|pair| (pair.index, pair.first.as_secs_f64())).collect()
}

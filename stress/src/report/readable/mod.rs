//! How soon after storing blobs can be read: what delayed reads found, for each phase and aggregator.

mod isotonic;

use std::time::Duration;

use serde::Serialize;

use super::Report;
use crate::{
    metrics::{
        StepKey,
        histogram::Latencies,
        readable::ReadDelays,
        step_metrics::{Group, StepMetrics},
    },
    plan::{Phase, delay::AgainAfter, journey::Step},
    sample::Novelty,
    units::{OptionalSeconds, Seconds},
};
use isotonic::{Estimate, Reads};

/// The shares of blobs whose time is looked for, the largest first.
const SHARES: [f64; 5] = [0.999, 0.99, 0.95, 0.9, 0.5];

/// The fewest reads of which a time is estimated: simulated intervals hold from here on.
pub const LEAST_READS: u64 = 30;

/// Into how many steps of equal ratio the range of delays is divided at most: a hundredth of the estimate's own interval, and
/// quick to compute.
const BINS: f64 = 400.0;

/// Points of the curve.
const POINTS: usize = 48;

/// How soon blobs could be read at an aggregator.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Readable {
    /// The phase's name.
    pub phase: String,
    /// The aggregator's position in the plan.
    #[serde(skip)]
    pub target: usize,
    /// Its address.
    pub aggregator: String,
    /// Reads that found their blob, or an answer that there is none.
    pub reads: u64,
    /// Those that found it.
    pub found: u64,
    /// Delayed reads that say neither: they failed otherwise, or did not finish.
    pub without_answer: u64,
    /// The shortest delay of a read.
    #[serde(rename = "shortest_delay_seconds", with = "Seconds")]
    pub shortest: Duration,
    /// The longest.
    #[serde(rename = "longest_delay_seconds", with = "Seconds")]
    pub longest: Duration,
    /// After which time which share can be read, the largest first; those that the sample does not support are left out.
    pub shares: Vec<ReadableShare>,
    /// The share that can be read, by delay.
    pub curve: Vec<CurvePoint>,
    /// What reads found that were made once more, by the planned time since the read that found nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<Again>,
    /// What a read costs that came too early: how long after it most blobs are not found yet, and after which time most are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_read_cost: Option<EarlyReadCost>,
}

/// A share of blobs, and the time after which it can be read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ReadableShare {
    /// From 0 to 1.
    pub share: f64,
    /// The shortest delay at which the estimated share is as large.
    #[serde(rename = "after_seconds", with = "Seconds")]
    pub after: Duration,
    /// The lower end of its interval at 95 %; `None` where it lies below the shortest delay.
    #[serde(rename = "low_seconds", with = "OptionalSeconds")]
    pub low: Option<Duration>,
    /// The upper end.
    #[serde(rename = "high_seconds", with = "Seconds")]
    pub high: Duration,
}

/// The share that can be read at a delay.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Since the upload's answer.
    #[serde(rename = "delay_seconds", with = "Seconds")]
    pub delay: Duration,
    /// From 0 to 1.
    pub share: f64,
    /// The ends of its interval at 95 %.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// What the reads found that were made at one of the planned times after one that found nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Again {
    /// The planned time.
    #[serde(rename = "after_seconds", with = "Seconds")]
    pub after: Duration,
    /// Reads with an answer.
    pub reads: u64,
    /// Those that found their blob.
    pub found: u64,
}

/// After a read that came too early, the time between these is when the blob is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct EarlyReadCost {
    /// The longest planned time after which most blobs were not found; `None` when there is none.
    #[serde(rename = "more_than_seconds", with = "OptionalSeconds")]
    pub more_than: Option<Duration>,
    /// The shortest one after which most were found.
    #[serde(rename = "at_most_seconds", with = "Seconds")]
    pub at_most: Duration,
}

impl Readable {
    /// For each phase and aggregator with delayed reads.
    pub(super) fn all(report: &Report) -> Vec<Self> {
        let phases = report.plan.phases.iter().enumerate().filter(|(_, phase)| !phase.warm_up);
        let of_phase = |(position, phase): (usize, &Phase)| {
            let groups = |step| {
                let key = StepKey { phase: position, step, novelty: Novelty::Fresh };
                report.recording.steps.get(&key).map(|recording| &recording.groups)
            };
            let again = groups(Step::Again);
            let of_group = |(group, metrics): (&Group, &StepMetrics)| {
                let again = again.and_then(|again| again.get(group)).map(|again| &again.delays);
                let aggregator = report.plan.aggregators.get(group.target)?.to_string();
                Self::of(phase, metrics, again, (group.target, aggregator))
            };
            groups(Step::After).into_iter().flatten().filter_map(of_group).collect::<Vec<_>>()
        };
        phases.flat_map(of_phase).collect()
    }

    /// `None` when no read had an answer.
    fn of(
        phase: &Phase,
        metrics: &StepMetrics,
        again: Option<&ReadDelays>,
        (target, aggregator): (usize, String),
    ) -> Option<Self> {
        let delays = &metrics.delays;
        let reads = grouped(delays);
        let [shortest, longest] = [reads.first()?, reads.last()?].map(|reads| seconds(reads.delay));
        let estimate = Estimate::of(&reads);
        let (found, answered) = (delays.found.count(), delays.found.count() + delays.not_found.count());
        let again = again.map(|delays| again_by_time(phase, delays)).unwrap_or_default();
        Some(Self {
            phase: phase.name.clone(),
            target,
            aggregator,
            reads: answered,
            found,
            without_answer: metrics.attempted() - answered,
            shortest,
            longest,
            shares: if answered < LEAST_READS { Vec::new() } else { shares(&estimate) },
            curve: curve(&estimate, &reads),
            early_read_cost: EarlyReadCost::of(&again),
            again,
        })
    }
}

impl EarlyReadCost {
    /// Where the times enclose it: of a majority of reads in a sample that is large enough to call it one.
    fn of(again: &[Again]) -> Option<Self> {
        let at_most = again.iter().find(|again| is_majority(again.found, again.reads))?.after;
        let before = again.iter().take_while(|again| again.after < at_most);
        let more_than = before.filter(|again| is_majority(again.reads - again.found, again.reads)).last();
        Some(Self { more_than: more_than.map(|again| again.after), at_most })
    }
}

/// Whether `part` of `whole` shows a majority at 95 %, by the sign test.
fn is_majority(part: u64, whole: u64) -> bool {
    let whole = usize::try_from(whole).unwrap_or(usize::MAX);
    // The larger rank of the median's interval: as many on one side are more than chance gives.
    super::stats::ranks(whole, 0.5).is_some_and(|(_, high)| part >= high as u64)
}

/// The reads by their delays, those of similar delays together.
fn grouped(delays: &ReadDelays) -> Vec<Reads> {
    let mut reads: Vec<_> = buckets(&delays.found, 1.0).chain(buckets(&delays.not_found, 0.0)).collect();
    reads.sort_by(|a, b| a.delay.total_cmp(&b.delay));
    let (Some(first), Some(last)) = (reads.first(), reads.last()) else { return reads };
    let (from, width) = (first.delay.ln(), ((last.delay / first.delay).ln() / BINS).max(1e-9));
    let bin = |reads: &Reads| ((reads.delay.ln() - from) / width).floor();
    reads.dedup_by(|next, kept| {
        let together = bin(next) <= bin(kept);
        if together {
            // A group has the delay of its latest read: none of its reads was later.
            *kept = Reads { delay: next.delay, all: kept.all + next.all, found: kept.found + next.found };
        }
        together
    });
    reads
}

fn buckets(delays: &Latencies, found: f64) -> impl Iterator<Item = Reads> + '_ {
    delays.buckets().map(move |(delay, count)| Reads {
        delay: delay.as_secs_f64(),
        all: count as f64,
        found: found * count as f64,
    })
}

fn shares(estimate: &Estimate<'_>) -> Vec<ReadableShare> {
    SHARES.iter().filter_map(|share| supported(estimate, *share)).collect()
}

/// The time after which `share` can be read, where the sample bounds it.
fn supported(estimate: &Estimate<'_>, share: f64) -> Option<ReadableShare> {
    let after = seconds(estimate.reaches(share)?);
    let interval = estimate.delays(share);
    Some(ReadableShare { share, after, low: interval.low.map(seconds), high: seconds(interval.high?) })
}

fn curve(estimate: &Estimate<'_>, reads: &[Reads]) -> Vec<CurvePoint> {
    let step = reads.len().div_ceil(POINTS).max(1);
    let point = |position: usize| {
        let (low, high) = estimate.shares_at(position);
        CurvePoint { delay: seconds(reads[position].delay), share: estimate.shares[position], low, high }
    };
    let last = (!(reads.len() - 1).is_multiple_of(step)).then_some(reads.len() - 1);
    (0..reads.len()).step_by(step).chain(last).map(point).collect()
}

/// The answers by planned time: a read is made at its time or a little later.
fn again_by_time(phase: &Phase, delays: &ReadDelays) -> Vec<Again> {
    let mut planned: Vec<AgainAfter> =
        phase.delays.iter().flat_map(|delays| &delays.again).copied().collect();
    planned.sort_unstable();
    planned.dedup();
    // Buckets are exact to a thousandth.
    let below = |delays: &Latencies, time: Option<&AgainAfter>| match time {
        Some(time) => delays.at_most(time.0.mul_f64(0.998)),
        None => delays.count(),
    };
    let counted = planned.iter().enumerate().map(|(position, time)| {
        let count = |delays: &Latencies| {
            below(delays, planned.get(position + 1))
                - if position == 0 { 0 } else { below(delays, Some(time)) }
        };
        let found = count(&delays.found);
        Again { after: time.0, reads: found + count(&delays.not_found), found }
    });
    counted.collect()
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

#[cfg(test)]
mod tests;

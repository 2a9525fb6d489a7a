//! Whether a step went the same all the time: its first third held against its last.
//!
//! A step has drifted when two things hold: what was typical of the two thirds is more than 10 % apart (a limit of
//! the trust table), and chance does not explain it, that is, the rank-sum test (Wilcoxon 1945; Mann and Whitney
//! 1947) over their intervals stays below 1 in 1,000. Looked at are the rate of successes and, of the intervals that
//! support them, medians and p95.

use std::time::Duration;

use super::{Report, stats::Percentile};
use crate::{
    metrics::{
        StepKey,
        sketch::Sketch,
        timeline::{Interval, Timeline},
    },
    plan::{Phase, journey::Step, load::Load},
    sample::Novelty,
};

/// The fewest intervals of which anything is said. Their thirds are then 8 long: below that, even thirds that do not
/// overlap at all may be chance. As long as there are twice as many, intervals are joined, because what happens in
/// neighbouring short ones is not independent.
const FEWEST: usize = 24;

/// The fewest intervals of a third that must support a number: without any overlap, eight against eight are beyond
/// chance.
const LEAST: usize = 8;

/// How many standard deviations from chance a rank sum must lie: two-sided, 1 in 1,000.
const BEYOND_CHANCE: f64 = 3.29;

/// A number of a step that was one thing in the first third of its time and another in the last.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// The phase's name.
    pub phase: String,
    /// The step.
    pub step: Step,
    /// Which number.
    pub metric: DriftMetric,
    /// What was typical of the first third: per second, or in seconds.
    pub first: f64,
    /// What was typical of the last third.
    pub last: f64,
}

/// The numbers that are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriftMetric {
    /// Successes per second.
    Rate,
    /// The median response time.
    Median,
    /// The 95th percentile of response times.
    P95,
}

impl DriftMetric {
    /// What it is called.
    pub const fn label(self) -> &'static str {
        match self {
            DriftMetric::Rate => "rate",
            DriftMetric::Median => "median",
            DriftMetric::P95 => "p95",
        }
    }
}

impl Drift {
    /// By how much it changed, as a share of the smaller of the two.
    pub fn share(&self) -> f64 {
        let (low, high) = (self.first.min(self.last), self.first.max(self.last));
        high / low - 1.0
    }
}

/// What was found out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stationarity {
    /// The largest change that chance does not explain.
    pub(super) worst: Option<Drift>,
}

/// Looks at every step of blobs that are new to the run; `None` when none took long enough to say anything.
pub(super) fn of(report: &Report) -> Option<Stationarity> {
    let step_metrics = report.recording.step_metrics.iter().filter(|(key, _)| key.novelty == Novelty::Fresh);
    let mut courses = step_metrics
        .filter_map(|(key, metrics)| {
            let phase = report.plan.phases.get(key.phase).filter(|phase| is_steady(phase))?;
            drifts(phase, key, &metrics.timeline)
        })
        .peekable();
    courses.peek()?;
    let worst = courses.flatten().max_by(|one, other| one.share().total_cmp(&other.share()));
    Some(Stationarity { worst })
}

/// A load that changes on purpose has no reason to give the same numbers all the time.
fn is_steady(phase: &Phase) -> bool {
    let (Load::Closed { workers: stages } | Load::Open { rate: stages, .. }) = &phase.load;
    let level = stages.0.first().map(|stage| stage.from);
    !phase.warm_up && stages.0.iter().all(|stage| Some(stage.from) == level && stage.from == stage.to)
}

/// What has drifted in a step; `None` when it did not take long enough to say.
fn drifts(phase: &Phase, key: &StepKey, timeline: &Timeline) -> Option<Vec<Drift>> {
    let moments = steady_part(timeline)?;
    let third = moments.len() / 3;
    let (first, last) = (&moments[..third], &moments[moments.len() - third..]);
    let drift = |metric: DriftMetric| {
        let value = |moment: &Moment| match metric {
            DriftMetric::Rate => Some(moment.rate),
            DriftMetric::Median => moment.median,
            DriftMetric::P95 => moment.p95,
        };
        let values = |third: &[Moment]| {
            Some(third.iter().filter_map(value).collect::<Vec<_>>()).filter(|values| values.len() >= LEAST)
        };
        let (early, late) = (values(first)?, values(last)?);
        let (first, last) = (middle(&early)?, middle(&late)?);
        let drifted = first > 0.0 && last > 0.0 && rank_sum(&early, &late).abs() > BEYOND_CHANCE;
        drifted.then(|| Drift { phase: phase.name.clone(), step: key.step, metric, first, last })
    };
    Some([DriftMetric::Rate, DriftMetric::Median, DriftMetric::P95].into_iter().filter_map(drift).collect())
}

/// An interval's numbers: thousands of latencies in each of hundreds of intervals would be too much to hold at once.
#[derive(Debug, Clone, Copy)]
struct Moment {
    /// Since the run's origin.
    begin: Duration,
    started: bool,
    /// Successes per second.
    rate: f64,
    /// In seconds, as are the following; where the sample supports it.
    median: Option<f64>,
    p95: Option<f64>,
}

impl Moment {
    fn of(begin: Duration, interval: &Interval, width: Duration) -> Self {
        Self {
            begin,
            started: interval.tally.started > 0,
            rate: interval.tally.done as f64 / width.as_secs_f64(),
            median: quantile(&interval.response, Percentile::P50),
            p95: quantile(&interval.response, Percentile::P95),
        }
    }
}

/// The intervals in which the step was in full swing, as wide as is useful.
///
/// Until as much time has passed as 95 % of the steps take, those that have ended are the short ones; after the
/// last start, those that still end are the long ones. The first and the last interval are not whole.
fn steady_part(timeline: &Timeline) -> Option<Vec<Moment>> {
    let mut whole = Sketch::default();
    timeline.intervals().for_each(|(_, interval)| whole.merge(&interval.response));
    let (begin, _) = timeline.intervals().next()?;
    let filled = begin + whole.quantile(Percentile::P95.quantile())?;
    let mut timeline = timeline.clone();
    let mut best = None;
    loop {
        let width = timeline.width();
        let moment = |(begin, interval): (Duration, Interval)| Moment::of(begin, &interval, width);
        let mut moments: Vec<_> = timeline.intervals().map(moment).collect();
        moments.truncate(moments.iter().rposition(|moment| moment.started)?);
        let steady: Vec<_> = moments.into_iter().skip(1).filter(|moment| moment.begin >= filled).collect();
        if steady.len() < FEWEST {
            return best;
        }
        if steady.iter().filter(|moment| moment.median.is_some()).count() * 10 >= steady.len() * 9 {
            best = Some(steady);
        }
        timeline = timeline.at_least(width * 2);
    }
}

/// In seconds; `None` when the sample does not support it.
fn quantile(sketch: &Sketch, percentile: Percentile) -> Option<f64> {
    percentile
        .is_supported_by(sketch.count())
        .then(|| sketch.quantile(percentile.quantile()))
        .flatten()
        .map(|duration| duration.as_secs_f64())
}

/// The middle value, of an even number the lower one.
fn middle(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len().checked_sub(1)? / 2).copied()
}

/// How many standard deviations the sum of the second sample's ranks lies above what chance makes of it, ties counted
/// half (normal approximation, with its correction for ties).
fn rank_sum(one: &[f64], other: &[f64]) -> f64 {
    let (n, m) = (one.len() as f64, other.len() as f64);
    let above = |a: &f64, b: &f64| if b > a { 1.0 } else { f64::from(u8::from(a == b)) / 2.0 };
    let u: f64 = one.iter().map(|a| other.iter().map(|b| above(a, b)).sum::<f64>()).sum();
    let mut all = [one, other].concat();
    all.sort_unstable_by(f64::total_cmp);
    let cubes = |tied: &[f64]| (tied.len() as f64).powi(3) - tied.len() as f64;
    let ties: f64 = all.chunk_by(|a, b| a == b).map(cubes).sum();
    let variance = n * m / 12.0 * (n + m + 1.0 - ties / ((n + m) * (n + m - 1.0)));
    if variance > 0.0 { (u - n * m / 2.0) / variance.sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests;

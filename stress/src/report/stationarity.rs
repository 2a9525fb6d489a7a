//! Checks whether a step was stationary, by comparing the first third of its time with the last.
//!
//! A step has drifted when the typical values of the two thirds are more than 10 % apart (a limit of the quality checks)
//! and chance does not explain it: the rank-sum test (Wilcoxon 1945; Mann and Whitney 1947) over their intervals stays
//! below 1 in 1,000. Compared are the rate of successes and, of the intervals that support them, medians and p95.

use std::time::Duration;

use serde::Serialize;
use statrs::stats_tests::{
    Alternative,
    mannwhitneyu::{MannWhitneyUMethod, mannwhitneyu},
};

use super::{
    Report,
    stats::{self, Percentile},
};
use crate::{
    metrics::{
        StepKey,
        sketch::Sketch,
        timeline::{Interval, Timeline},
    },
    plan::{Phase, journey::Step, load::Load},
    sample::Novelty,
};

/// The fewest intervals that are compared. Their thirds are then 8 long: below that, even thirds that do not overlap at all
/// may be chance. As long as there are twice as many, intervals are joined, because neighbouring short ones are not
/// independent.
const FEWEST: usize = 24;

/// The fewest intervals of a third that must support a number: without any overlap, eight against eight are beyond
/// chance.
const LEAST: usize = 8;

/// The largest two-sided p-value of a drift.
const SIGNIFICANT: f64 = 0.001;

/// A number of a step that differs between the first third of its time and the last.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    /// The phase's name.
    pub phase: String,
    /// The step.
    pub step: Step,
    /// Which number.
    pub metric: DriftMetric,
    /// Its median in the first third: per second for the rate, in seconds elsewhere.
    #[serde(rename = "first_third")]
    pub first: f64,
    /// Its median in the last third.
    #[serde(rename = "last_third")]
    pub last: f64,
}

/// The numbers that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, Serialize)]
#[serde(into = "&'static str")]
#[strum(serialize_all = "kebab-case")]
pub enum DriftMetric {
    /// Successes per second.
    Rate,
    /// The median response time.
    Median,
    /// The 95th percentile of response times.
    P95,
}

impl DriftMetric {
    /// Its name.
    pub fn label(self) -> &'static str {
        self.into()
    }
}

impl Drift {
    /// By how much it changed, as a share of the smaller of the two.
    pub fn share(&self) -> f64 {
        let (low, high) = (self.first.min(self.last), self.first.max(self.last));
        high / low - 1.0
    }
}

/// The result of the comparison.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stationarity {
    /// The largest change that chance does not explain.
    pub(super) worst: Option<Drift>,
}

/// Compares every step of blobs that are new to the run; `None` when none took long enough.
pub(super) fn of(report: &Report) -> Option<Stationarity> {
    let step_metrics = report.recording.steps.iter().filter(|(key, _)| key.novelty == Novelty::Fresh);
    let mut drifts = step_metrics
        .filter_map(|(key, metrics)| {
            let phase = report.plan.phases.get(key.phase).filter(|phase| is_steady(phase))?;
            of_step(phase, key, &metrics.timeline)
        })
        .peekable();
    drifts.peek()?;
    let worst = drifts.flatten().max_by(|one, other| one.share().total_cmp(&other.share()));
    Some(Stationarity { worst })
}

/// A load that changes on purpose has no reason to give the same numbers all the time.
fn is_steady(phase: &Phase) -> bool {
    let (Load::Closed { workers: stages } | Load::Open { rate: stages, .. }) = &phase.load;
    let level = stages.0.first().map(|stage| stage.from);
    !phase.warm_up && stages.0.iter().all(|stage| Some(stage.from) == level && stage.from == stage.to)
}

/// What has drifted in a step; `None` when it did not take long enough.
fn of_step(phase: &Phase, key: &StepKey, timeline: &Timeline) -> Option<Vec<Drift>> {
    let intervals = steady_part(timeline)?;
    let third = intervals.len() / 3;
    let (first, last) = (&intervals[..third], &intervals[intervals.len() - third..]);
    let drift = |metric: DriftMetric| {
        let value = |interval: &IntervalStats| match metric {
            DriftMetric::Rate => Some(interval.rate),
            DriftMetric::Median => interval.median,
            DriftMetric::P95 => interval.p95,
        };
        let values = |third: &[IntervalStats]| {
            Some(third.iter().filter_map(value).collect::<Vec<_>>()).filter(|values| values.len() >= LEAST)
        };
        let (early, late) = (values(first)?, values(last)?);
        let median = |values: &[f64]| stats::median(&stats::sorted(values.iter().copied()));
        let (first, last) = (median(&early)?, median(&late)?);
        (first > 0.0 && last > 0.0 && differ(&early, &late)).then(|| Drift {
            phase: phase.name.clone(),
            step: key.step,
            metric,
            first,
            last,
        })
    };
    Some([DriftMetric::Rate, DriftMetric::Median, DriftMetric::P95].into_iter().filter_map(drift).collect())
}

/// The numbers of one interval, without its thousands of latencies.
#[derive(Debug, Clone, Copy)]
struct IntervalStats {
    /// Since the run's origin.
    begin: Duration,
    started: bool,
    /// Successes per second.
    rate: f64,
    /// In seconds, as are the following; where the sample supports it.
    median: Option<f64>,
    p95: Option<f64>,
}

impl IntervalStats {
    fn of(begin: Duration, interval: &Interval, width: Duration) -> Self {
        Self {
            begin,
            started: interval.tally.started > 0,
            rate: stats::per_second(interval.tally.done, width).unwrap_or(0.0),
            median: quantile(&interval.response, Percentile::P50),
            p95: quantile(&interval.response, Percentile::P95),
        }
    }
}

/// The intervals of the steady state, as wide as is useful.
///
/// Until 95 % of the first steps can have ended, the ones that have are the short ones; after the last start, the ones
/// that still end are the long ones: both are survivorship bias. The first and the last interval are not whole.
fn steady_part(timeline: &Timeline) -> Option<Vec<IntervalStats>> {
    let mut whole = Sketch::default();
    timeline.intervals().for_each(|(_, interval)| whole.merge(&interval.response));
    let (begin, _) = timeline.intervals().next()?;
    let filled = begin + whole.quantile(Percentile::P95.quantile())?;
    let mut timeline = timeline.clone();
    let mut best = None;
    loop {
        let width = timeline.width();
        let of = |(begin, interval): (Duration, Interval)| IntervalStats::of(begin, &interval, width);
        let mut intervals: Vec<_> = timeline.intervals().map(of).collect();
        intervals.truncate(intervals.iter().rposition(|interval| interval.started)?);
        let steady: Vec<_> =
            intervals.into_iter().skip(1).filter(|interval| interval.begin >= filled).collect();
        if steady.len() < FEWEST {
            return best;
        }
        if steady.iter().filter(|interval| interval.median.is_some()).count() * 10 >= steady.len() * 9 {
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

/// Whether chance does not explain the difference of two samples. Equal samples have no p-value: NaN.
fn differ(one: &[f64], other: &[f64]) -> bool {
    let method = MannWhitneyUMethod::AsymptoticExclContinuityCorrection;
    mannwhitneyu(one, other, method, Alternative::TwoSided).is_ok_and(|(_, p_value)| p_value < SIGNIFICANT)
}

#[cfg(test)]
mod tests;

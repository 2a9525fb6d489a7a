//! How each step went as time passed: the rows of a timeline, each number derived once.

use std::{collections::BTreeMap, time::Duration};

use super::{Report, stats::Percentile, summary::Bounded};
use crate::{
    metrics::{StepKey, step_metrics::StepMetrics, timeline::Interval},
    plan::journey::Step,
    sample::Novelty,
};

/// The course of one step of one phase. All steps of a phase have intervals of the same width.
#[derive(Debug, Clone, PartialEq)]
pub struct StepTimeline {
    /// The phase's position in the plan.
    pub phase: usize,
    /// What was done.
    pub step: Step,
    /// Whether these are the blobs that repeat bytes stored earlier in the run.
    pub repeats: bool,
    /// How wide each interval is.
    pub width: Duration,
    /// The intervals, without gaps.
    pub points: Vec<Point>,
}

/// One interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// When it began, since the run's origin.
    pub begin: Duration,
    /// Steps whose last attempt started.
    pub started: u64,
    /// Steps that succeeded.
    pub done: u64,
    /// Steps that failed for good.
    pub failed: u64,
    /// Steps that were given up.
    pub unfinished: u64,
    /// Steps whose last attempt was under way at the interval's end.
    pub in_flight: u64,
    /// Bytes of request bodies of the last attempts of the steps that ended.
    pub bytes_sent: u64,
    /// Bytes of response bodies of the same.
    pub bytes_received: u64,
    /// Successes per second; absent where the phase filled less than half of the interval.
    pub rate: Option<f64>,
    /// The middle response time, shown however small the sample.
    pub median: Option<Bounded>,
    /// The 99th percentile of response times, where the sample supports it.
    pub p99: Option<Bounded>,
    /// The longest response time.
    pub max: Option<Bounded>,
}

impl StepTimeline {
    /// The courses of all steps that have one, in the order of the step metrics.
    pub(super) fn all(report: &Report) -> Vec<Self> {
        let mut phases: BTreeMap<usize, Vec<(&StepKey, &StepMetrics)>> = BTreeMap::new();
        for (key, metrics) in
            report.recording.step_metrics.iter().filter(|(_, metrics)| !metrics.timeline.is_empty())
        {
            phases.entry(key.phase).or_default().push((key, metrics));
        }
        phases.values().flat_map(|step_metrics| of_phase(step_metrics)).collect()
    }
}

fn of_phase(step_metrics: &[(&StepKey, &StepMetrics)]) -> Vec<StepTimeline> {
    let widest = step_metrics.iter().map(|(_, metrics)| metrics.timeline.width()).max().unwrap_or_default();
    let windows = || step_metrics.iter().filter_map(|(_, metrics)| metrics.window);
    let begin = windows().map(|(begin, _)| begin).min().unwrap_or_default();
    let end = windows().map(|(_, end)| end).max().unwrap_or_default();
    let course = |(key, metrics): &(&StepKey, &StepMetrics)| {
        let timeline = metrics.timeline.clone().at_least(widest);
        let mut in_flight = 0;
        let point = |(start, interval): (Duration, Interval)| {
            in_flight = (in_flight + interval.tally.started).saturating_sub(interval.tally.ended());
            let filled = (start + widest).min(end).saturating_sub(start.max(begin));
            point(start, &interval, in_flight, filled, widest)
        };
        StepTimeline {
            phase: key.phase,
            step: key.step,
            repeats: key.novelty == Novelty::Repeat,
            width: widest,
            points: timeline.intervals().map(point).collect(),
        }
    };
    step_metrics.iter().map(course).collect()
}

fn point(begin: Duration, interval: &Interval, in_flight: u64, filled: Duration, width: Duration) -> Point {
    let tally = &interval.tally;
    let bounded = |value: Duration| Bounded {
        value,
        // What is read back may be 0.4 % off.
        lower_bound: tally.least_lower_bound.is_some_and(|least| value + value / 250 >= least),
    };
    let quantile = |quantile| interval.response.quantile(quantile).map(bounded);
    let supported = Percentile::P99.is_supported_by(interval.response.count());
    Point {
        begin,
        started: tally.started,
        done: tally.done,
        failed: tally.failed,
        unfinished: tally.unfinished,
        in_flight,
        bytes_sent: tally.bytes_sent,
        bytes_received: tally.bytes_received,
        rate: (filled * 2 >= width).then(|| tally.done as f64 / filled.as_secs_f64()),
        median: quantile(Percentile::P50.quantile()),
        p99: supported.then(|| quantile(Percentile::P99.quantile())).flatten(),
        max: quantile(1.0),
    }
}

#[cfg(test)]
mod tests;

//! Each step over time: one point per interval of its timeline, each number computed once.

use std::{collections::BTreeMap, time::Duration};

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    Report,
    distribution::Bounded,
    stats::{self, Percentile},
};
use crate::{
    metrics::{StepKey, step_metrics::StepRecording, timeline::Interval},
    plan::journey::Step,
    sample::Novelty,
};

/// One step of one phase over time. All steps of a phase have intervals of the same width.
#[derive(Debug, Clone, PartialEq)]
pub struct StepTimeline {
    /// Which totals of the recording these are a part of.
    pub key: StepKey,
    /// The phase's name.
    pub phase: String,
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
    /// Steps that were given up when the grace period ended.
    pub unfinished: u64,
    /// Steps whose last attempt was running at the interval's end.
    pub in_flight: u64,
    /// Bytes of request bodies of the last attempts of the steps that ended.
    pub bytes_sent: u64,
    /// Bytes of response bodies of the same.
    pub bytes_received: u64,
    /// Successes per second; absent where the phase filled less than half of the interval.
    pub rate: Option<f64>,
    /// The median response time, shown however small the sample.
    pub median: Option<Bounded>,
    /// The 95th percentile of response times, where the sample supports it.
    pub p95: Option<Bounded>,
    /// The 99th percentile of response times, where the sample supports it.
    pub p99: Option<Bounded>,
    /// The longest response time.
    pub max: Option<Bounded>,
}

impl StepTimeline {
    /// The timelines of all steps that have one, in the order of the step metrics.
    pub(super) fn all(report: &Report) -> Vec<Self> {
        let mut phases: BTreeMap<usize, Vec<(&StepKey, &StepRecording)>> = BTreeMap::new();
        for (key, metrics) in
            report.recording.steps.iter().filter(|(_, metrics)| !metrics.timeline.is_empty())
        {
            phases.entry(key.phase).or_default().push((key, metrics));
        }
        phases.values().flat_map(|step_metrics| of_phase(report, step_metrics, Duration::ZERO)).collect()
    }

    /// The timelines of one phase in intervals of at least `width`, in which samples are larger.
    pub fn of_phase(report: &Report, phase: usize, width: Duration) -> Vec<Self> {
        let steps = report.recording.steps.iter();
        let steps: Vec<_> =
            steps.filter(|(key, metrics)| key.phase == phase && !metrics.timeline.is_empty()).collect();
        of_phase(report, &steps, width)
    }
}

fn of_phase(
    report: &Report,
    step_metrics: &[(&StepKey, &StepRecording)],
    width: Duration,
) -> Vec<StepTimeline> {
    let widest = step_metrics.iter().map(|(_, metrics)| metrics.timeline.width()).max().unwrap_or_default();
    let widest = widest.max(width);
    let windows = || step_metrics.iter().filter_map(|(_, metrics)| metrics.window());
    let begin = windows().map(|(begin, _)| begin).min().unwrap_or_default();
    let end = windows().map(|(_, end)| end).max().unwrap_or_default();
    let step = |(key, metrics): &(&StepKey, &StepRecording)| {
        let timeline = metrics.timeline.clone().at_least(widest);
        let mut in_flight = 0;
        let point = |(start, interval): (Duration, Interval)| {
            in_flight = (in_flight + interval.tally.started).saturating_sub(interval.tally.ended());
            let filled = (start + widest).min(end).saturating_sub(start.max(begin));
            point(start, &interval, in_flight, filled, widest)
        };
        StepTimeline {
            key: **key,
            phase: report.phase_name(key.phase),
            step: key.step,
            repeats: key.novelty == Novelty::Repeat,
            width: widest,
            points: timeline.intervals().map(point).collect(),
        }
    };
    step_metrics.iter().map(step).collect()
}

fn point(begin: Duration, interval: &Interval, in_flight: u64, filled: Duration, width: Duration) -> Point {
    let tally = &interval.tally;
    let bounded = |value: Duration| Bounded {
        value,
        // A sketch gives a quantile back to 0.4 %.
        lower_bound: tally.least_lower_bound.is_some_and(|least| value + value / 250 >= least),
    };
    let quantile = |quantile| interval.response.quantile(quantile).map(bounded);
    let supported = |percentile: Percentile| {
        let count = interval.response.count();
        percentile.is_supported_by(count).then(|| quantile(percentile.quantile())).flatten()
    };
    Point {
        begin,
        started: tally.started,
        done: tally.done,
        failed: tally.failed,
        unfinished: tally.unfinished,
        in_flight,
        bytes_sent: tally.bytes_sent,
        bytes_received: tally.bytes_received,
        rate: stats::per_second(tally.done, filled).filter(|_| filled * 2 >= width),
        median: quantile(Percentile::P50.quantile()),
        p95: supported(Percentile::P95),
        p99: supported(Percentile::P99),
        max: quantile(1.0),
    }
}

/// A column for each number, because rows of objects would be most of a document: the n-th entry of each belongs to the n-th
/// interval.
impl Serialize for StepTimeline {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fn column<M: SerializeMap, T: Serialize>(
            map: &mut M,
            name: &'static str,
            points: &[Point],
            number: impl Fn(&Point) -> T,
        ) -> Result<(), M::Error> {
            map.serialize_entry(name, &points.iter().map(number).collect::<Vec<_>>())
        }
        let seconds = |time: Option<Bounded>| time.map(|time| time.value.as_secs_f64());
        // How many of median, p95, p99 and max are lower bounds, counted from the longest.
        let bounds = |point: &Point| {
            let times = [point.median, point.p95, point.p99, point.max];
            times.into_iter().flatten().filter(|time| time.lower_bound).count()
        };
        let (mut map, points) = (serializer.serialize_map(None)?, self.points.as_slice());
        map.serialize_entry("phase", &self.phase)?;
        map.serialize_entry("step", &self.step)?;
        map.serialize_entry("repeats", &self.repeats)?;
        map.serialize_entry("interval_seconds", &self.width.as_secs_f64())?;
        column(&mut map, "begin_seconds", points, |point| point.begin.as_secs_f64())?;
        column(&mut map, "started", points, |point| point.started)?;
        column(&mut map, "done", points, |point| point.done)?;
        column(&mut map, "failed", points, |point| point.failed)?;
        column(&mut map, "unfinished", points, |point| point.unfinished)?;
        column(&mut map, "in_flight", points, |point| point.in_flight)?;
        column(&mut map, "bytes_sent", points, |point| point.bytes_sent)?;
        column(&mut map, "bytes_received", points, |point| point.bytes_received)?;
        column(&mut map, "done_per_second", points, |point| point.rate)?;
        column(&mut map, "median_seconds", points, |point| seconds(point.median))?;
        column(&mut map, "p95_seconds", points, |point| seconds(point.p95))?;
        column(&mut map, "p99_seconds", points, |point| seconds(point.p99))?;
        column(&mut map, "max_seconds", points, |point| seconds(point.max))?;
        column(&mut map, "lower_bounds", points, bounds)?;
        map.end()
    }
}

#[cfg(test)]
mod tests;

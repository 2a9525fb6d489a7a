//! The timeline in a report's document: a column for each number, because rows of objects would be most of it.

use serde::Serialize;

use crate::{
    plan::journey::Step,
    report::{
        Report,
        summary::Bounded,
        timeline::{Point, StepTimeline},
    },
};

/// A [`StepTimeline`] in a document: the n-th entry of each column belongs to the n-th interval.
#[derive(Serialize)]
pub(super) struct TimelineDoc {
    phase: String,
    step: Step,
    repeats: bool,
    interval_seconds: f64,
    begin_seconds: Vec<f64>,
    started: Vec<u64>,
    done: Vec<u64>,
    failed: Vec<u64>,
    unfinished: Vec<u64>,
    in_flight: Vec<u64>,
    bytes_sent: Vec<u64>,
    bytes_received: Vec<u64>,
    done_per_second: Vec<Option<f64>>,
    median_seconds: Vec<Option<f64>>,
    p99_seconds: Vec<Option<f64>>,
    max_seconds: Vec<Option<f64>>,
    /// How many of median, p99 and max are lower bounds, counted from the longest.
    lower_bounds: Vec<usize>,
}

impl TimelineDoc {
    pub(super) fn of(report: &Report, timeline: &StepTimeline) -> Self {
        fn column<T>(timeline: &StepTimeline, number: impl Fn(&Point) -> T) -> Vec<T> {
            timeline.points.iter().map(number).collect()
        }
        let seconds = |time: fn(&Point) -> Option<Bounded>| {
            column(timeline, |point| time(point).map(|time| time.value.as_secs_f64()))
        };
        let bounds = |point: &Point| {
            [point.median, point.p99, point.max].into_iter().flatten().filter(|time| time.lower_bound).count()
        };
        Self {
            phase: report.phase_name(timeline.phase),
            step: timeline.step,
            repeats: timeline.repeats,
            interval_seconds: timeline.width.as_secs_f64(),
            begin_seconds: column(timeline, |point| point.begin.as_secs_f64()),
            started: column(timeline, |point| point.started),
            done: column(timeline, |point| point.done),
            failed: column(timeline, |point| point.failed),
            unfinished: column(timeline, |point| point.unfinished),
            in_flight: column(timeline, |point| point.in_flight),
            bytes_sent: column(timeline, |point| point.bytes_sent),
            bytes_received: column(timeline, |point| point.bytes_received),
            done_per_second: column(timeline, |point| point.rate),
            median_seconds: seconds(|point| point.median),
            p99_seconds: seconds(|point| point.p99),
            max_seconds: seconds(|point| point.max),
            lower_bounds: column(timeline, bounds),
        }
    }
}

//! The numbers of one step of one run, as the report shows them, and their spread.

use std::{borrow::Cow, collections::BTreeMap, rc::Rc, time::Duration};

use super::{
    bootstrap,
    exact::Trials,
    inference::Spread,
    series::{Bin, Counts, Series, Table},
    types::{Scale, Value},
};
use crate::{
    metrics::{
        pairs::Pairs,
        step_metrics::{Span, StepMetrics, StepRecording},
        timeline::{Interval, Timeline},
    },
    plan::threshold::Quantity,
    report::{
        distribution::{Bounded, Distribution},
        stats::{self, Percentile, share},
        steps::per_second,
    },
};

/// A number of one run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measure {
    /// As the report shows it; `None` when the sample does not support it.
    pub(super) value: Option<Value>,
    /// Its spread over the run; or how long the run would have to be to have one.
    pub(super) spread: Result<Spread, Duration>,
    /// The least variance that its spread can have, on the number's scale.
    pub(super) least_variance: f64,
    /// How long the run was, as far as it counts for this number.
    pub(super) time: Duration,
    /// By how many times the run must be longer for the number to be supported at all; at most 1 when it is.
    pub(super) lacks: f64,
    /// The attempts, of a share of failures.
    pub(super) trials: Option<Trials>,
}

/// One step of one run.
#[derive(Debug)]
pub(super) struct StepRun<'a> {
    metrics: Cow<'a, StepMetrics>,
    timeline: &'a Timeline,
    pairs: &'a Pairs,
    table: Rc<Table>,
}

/// Half the width of a bucket of the timeline's sketches, as a share of its middle.
const HALF_BUCKET: f64 = 0.004;
/// The width of the bins of the logarithms of ratios.
const GRAIN: f64 = 0.004;

impl<'a> StepRun<'a> {
    pub(super) fn new(step: &'a StepRecording, pairs: &'a Pairs) -> Self {
        let timeline = &step.timeline;
        Self { metrics: step.total(), timeline, pairs, table: Rc::new(response(timeline)) }
    }

    /// The number and its spread.
    pub(super) fn measure(&self, quantity: Quantity) -> Measure {
        let tallies = || self.timeline.tallies().iter();
        let time = self.span();
        let (value, series) = match quantity {
            Quantity::Percentile(percentile) => {
                let value = self.response().and_then(|times| times.percentiles.get(&percentile).copied());
                (value.map(time_value), Series::quantile(percentile.quantile(), &self.table))
            }
            Quantity::Mean => {
                let parts = self.timeline.intervals().map(|(_, interval)| mean_parts(&interval));
                (self.response().map(|times| time_value(times.mean)), Series::ratio(parts))
            }
            Quantity::Rate => {
                let parts = inner(tallies().map(|tally| (tally.done as f64, 1.0)).collect());
                (self.rate(self.metrics.done), Series::ratio(parts))
            }
            Quantity::Throughput => {
                let parts = inner(tallies().map(|tally| (tally.bytes_done as f64, 1.0)).collect());
                (self.rate(self.metrics.bytes_done), Series::ratio(parts))
            }
            Quantity::Failures => {
                let parts = tallies().map(|tally| (tally.failed as f64, tally.ended() as f64));
                let failed = share(self.metrics.failed(), self.metrics.attempted());
                (failed.map(Value::exact), Series::ratio(parts))
            }
            Quantity::Speedup => {
                let logarithms = logarithms(self.pairs);
                let intervals = self.timeline.len();
                (speedup(&logarithms), speedup_series(&logarithms, intervals))
            }
        };
        let spread = bootstrap::spread(&series, Scale::of(quantity).function(), time);
        let least_variance = self.least_variance(quantity);
        let trials = Trials { failed: self.metrics.failed(), all: self.metrics.attempted() };
        let trials = (quantity == Quantity::Failures && trials.all > 0).then_some(trials);
        Measure { value, spread, least_variance, time, lacks: self.lacks(quantity), trials }
    }

    fn response(&self) -> Option<Distribution> {
        Distribution::of(self.metrics.span(Span::Response)?, self.metrics.least_lower_bound)
    }

    /// How long the timeline is.
    fn span(&self) -> Duration {
        let intervals = u32::try_from(self.timeline.len()).unwrap_or(u32::MAX);
        self.timeline.width().saturating_mul(intervals)
    }

    /// `None` when nothing succeeded: there is no factor between 0 and another rate.
    fn rate(&self, amount: u64) -> Option<Value> {
        per_second(&self.metrics, amount).filter(|rate| *rate > 0.0).map(Value::exact)
    }

    /// The least variance, on the number's scale. Of times, that of a value somewhere in a bucket of the timeline: where all
    /// lie in one, the intervals do not differ. Of a share, that of independent failures, with half a failure more than
    /// there were: a run without failures would have none.
    fn least_variance(&self, quantity: Quantity) -> f64 {
        match quantity {
            Quantity::Percentile(_) | Quantity::Mean => (2.0 * HALF_BUCKET).powi(2) / 12.0,
            Quantity::Speedup => GRAIN.powi(2) / 12.0,
            Quantity::Rate | Quantity::Throughput => 0.0,
            Quantity::Failures => {
                let (failed, attempted) = (self.metrics.failed() as f64, self.metrics.attempted() as f64);
                let share = (failed + 0.5) / (attempted + 1.0);
                share * (1.0 - share) / attempted.max(1.0)
            }
        }
    }

    fn lacks(&self, quantity: Quantity) -> f64 {
        let (has, needs) = match quantity {
            Quantity::Percentile(percentile) => {
                (self.metrics.span(Span::Response).map_or(0, |times| times.count()), percentile.needs())
            }
            Quantity::Speedup => (self.pairs.seen(), Percentile::P50.needs()),
            Quantity::Mean | Quantity::Rate | Quantity::Throughput => (self.metrics.done, 1),
            Quantity::Failures => (self.metrics.attempted(), 1),
        };
        needs as f64 / has.max(1) as f64
    }
}

/// The response times of every interval.
fn response(timeline: &Timeline) -> Table {
    let mut positions: BTreeMap<Duration, usize> = BTreeMap::new();
    for (_, interval) in timeline.intervals() {
        positions.extend(interval.response.buckets().map(|(middle, _)| (middle, 0)));
    }
    positions.values_mut().enumerate().for_each(|(position, slot)| *slot = position);
    let bin = |middle: &Duration| {
        let middle = middle.as_secs_f64().max(1e-9);
        Bin { low: middle * (1.0 - HALF_BUCKET), high: middle * (1.0 + HALF_BUCKET) }
    };
    let bins: Vec<Bin> = positions.keys().map(bin).collect();
    let counts = |(_, interval): (_, Interval)| -> Counts {
        interval.response.buckets().map(|(middle, count)| (positions[&middle], count)).collect()
    };
    Table::of(&bins, &timeline.intervals().map(counts).collect::<Vec<_>>())
}

fn mean_parts(interval: &Interval) -> (f64, f64) {
    let times = interval.response.buckets();
    times.fold((0.0, 0.0), |(sum, all), (time, count)| {
        (sum + time.as_secs_f64() * count as f64, all + count as f64)
    })
}

/// Without the first and the last interval, of which the run covers only a part.
fn inner(mut parts: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    if parts.len() > 2 {
        parts.pop();
        parts.remove(0);
    }
    parts
}

fn time_value(time: Bounded) -> Value {
    Value { value: time.value.as_secs_f64().max(1e-9), lower_bound: time.lower_bound }
}

/// The logarithm of first ÷ cached of each pair, in the order of the blobs.
fn logarithms(pairs: &Pairs) -> Vec<f64> {
    let mut pairs: Vec<_> = pairs.iter().collect();
    pairs.sort_unstable_by_key(|pair| pair.index);
    let seconds = |time: Duration| time.as_secs_f64().max(1e-9);
    pairs.iter().map(|pair| (seconds(pair.first) / seconds(pair.cached)).ln()).collect()
}

/// The median of the ratios, as the report of a run shows it.
fn speedup(logarithms: &[f64]) -> Option<Value> {
    let supported = Percentile::P50.is_supported_by(logarithms.len() as u64);
    let median = stats::median(&stats::sorted(logarithms.iter().copied())).filter(|_| supported)?;
    Some(Value::exact(median.exp()))
}

/// The pairs in as many groups as the timeline has intervals, in the order of their blobs, which is that of time.
fn speedup_series(logarithms: &[f64], intervals: usize) -> Series {
    let grain = |logarithm: f64| (logarithm / GRAIN).round();
    let mut grains = stats::sorted(logarithms.iter().copied().map(grain));
    grains.dedup();
    let bin = |grain: &f64| Bin { low: ((grain - 0.5) * GRAIN).exp(), high: ((grain + 0.5) * GRAIN).exp() };
    let bins: Vec<Bin> = grains.iter().map(bin).collect();
    let counts = |group: &[f64]| -> Counts {
        group.iter().map(|&logarithm| (grains.partition_point(|&one| one < grain(logarithm)), 1)).collect()
    };
    let (pairs, groups) = (logarithms.len(), intervals.min(logarithms.len()));
    let group = |number: usize| &logarithms[number * pairs / groups..(number + 1) * pairs / groups];
    let intervals: Vec<Counts> = (0..groups).map(|number| counts(group(number))).collect();
    Series::quantile(Percentile::P50.quantile(), &Rc::new(Table::of(&bins, &intervals)))
}

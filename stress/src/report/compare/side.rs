//! One run's part in a comparison: each number as the report shows it, and how it went along the run.

use std::{collections::BTreeMap, rc::Rc, time::Duration};

use super::{
    bootstrap,
    inference::Spread,
    numbers::{Scale, Value},
    track::{Bin, Counts, Table, Track},
};
use crate::{
    metrics::{
        pairs::Pairs,
        step_metrics::{Span, StepMetrics},
        timeline::{Interval, Tally, Timeline},
    },
    plan::threshold::Quantity,
    report::{
        stats::Percentile,
        summary::{Bounded, Distribution},
    },
};

/// A number of one run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Measure {
    /// As the report shows it; `None` when the sample does not support it.
    pub(super) value: Option<Value>,
    /// What its course says of its spread; else how long the run would have to be to say something.
    pub(super) spread: Result<Spread, Duration>,
    /// How long the run was, as far as it counts for this number.
    pub(super) time: Duration,
    /// By how many times the run must be longer for the number to be supported at all; at most 1 when it is.
    pub(super) lacks: f64,
}

/// One step of one run.
#[derive(Debug)]
pub(super) struct Side<'a> {
    metrics: &'a StepMetrics,
    pairs: &'a Pairs,
    table: Rc<Table>,
}

/// A bucket of the timeline's sketches reaches so far to either side of its middle, as a share of it.
const HALF_BUCKET: f64 = 0.004;
/// How finely the logarithms of ratios are told apart.
const GRAIN: f64 = 0.004;

impl<'a> Side<'a> {
    pub(super) fn new(metrics: &'a StepMetrics, pairs: &'a Pairs) -> Self {
        Self { metrics, pairs, table: Rc::new(response(&metrics.timeline)) }
    }

    /// The number and what is known of it.
    pub(super) fn measure(&self, quantity: Quantity) -> Measure {
        let tallies = || self.metrics.timeline.tallies().iter();
        let time = self.span();
        let (value, track) = match quantity {
            Quantity::Percentile(percentile) => {
                let value = self.response().and_then(|times| times.percentiles.get(&percentile).copied());
                (value.map(time_value), Track::quantile(percentile.quantile(), &self.table))
            }
            Quantity::Mean => {
                let parts = self.metrics.timeline.intervals().map(|(_, interval)| mean_parts(&interval));
                (self.response().map(|times| time_value(times.mean)), Track::ratio(parts))
            }
            Quantity::Rate => {
                let parts = inner(tallies().map(|tally| (tally.done as f64, 1.0)).collect());
                (self.per_second(self.metrics.done), Track::ratio(parts))
            }
            Quantity::Throughput => {
                let bytes = |tally: &Tally| (tally.bytes_sent + tally.bytes_received) as f64;
                let parts = inner(tallies().map(|tally| (bytes(tally), 1.0)).collect());
                (self.per_second(self.metrics.bytes_done), Track::ratio(parts))
            }
            Quantity::Failures => {
                let parts = tallies().map(failure_parts);
                (share(self.metrics.failed(), self.metrics.attempted()), Track::ratio(parts))
            }
            Quantity::Speedup => {
                let logarithms = logarithms(self.pairs);
                let intervals = self.metrics.timeline.len();
                (speedup(&logarithms), speedup_track(&logarithms, intervals))
            }
        };
        let mut spread = bootstrap::spread(&track, Scale::of(quantity).function(), time);
        if let (Quantity::Failures, Ok(spread)) = (quantity, &mut spread) {
            spread.variance = spread.variance.max(self.least_variance());
        }
        Measure { value, spread, time, lacks: self.lacks(quantity) }
    }

    fn response(&self) -> Option<Distribution> {
        Distribution::of(self.metrics.span(Span::Response)?, self.metrics.least_lower_bound)
    }

    /// How long the timeline is.
    fn span(&self) -> Duration {
        let intervals = u32::try_from(self.metrics.timeline.len()).unwrap_or(u32::MAX);
        self.metrics.timeline.width().saturating_mul(intervals)
    }

    /// Per second from the first start to the last finish; absent when nothing was done, or in no time.
    fn per_second(&self, amount: u64) -> Option<Value> {
        let (start, end) = self.metrics.window?;
        let took = end.saturating_sub(start).as_secs_f64();
        (amount > 0 && took > 0.0).then(|| Value::exact(amount as f64 / took))
    }

    /// The variance that a share has when its failures come independently, with half a failure more than there were:
    /// without one, a run shows none of its spread, which is not nothing.
    fn least_variance(&self) -> f64 {
        let (failed, attempted) = (self.metrics.failed() as f64, self.metrics.attempted() as f64);
        let share = (failed + 0.5) / (attempted + 1.0);
        share * (1.0 - share) / attempted.max(1.0)
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
    let mut places: BTreeMap<Duration, usize> = BTreeMap::new();
    for (_, interval) in timeline.intervals() {
        places.extend(interval.response.buckets().map(|(middle, _)| (middle, 0)));
    }
    places.values_mut().enumerate().for_each(|(place, slot)| *slot = place);
    let bin = |middle: &Duration| {
        let middle = middle.as_secs_f64().max(1e-9);
        Bin { low: middle * (1.0 - HALF_BUCKET), high: middle * (1.0 + HALF_BUCKET) }
    };
    let bins: Vec<Bin> = places.keys().map(bin).collect();
    let counts = |(_, interval): (_, Interval)| -> Counts {
        interval.response.buckets().map(|(middle, count)| (places[&middle], count)).collect()
    };
    Table::of(&bins, &timeline.intervals().map(counts).collect::<Vec<_>>())
}

fn mean_parts(interval: &Interval) -> (f64, f64) {
    let times = interval.response.buckets();
    times.fold((0.0, 0.0), |(sum, all), (time, count)| {
        (sum + time.as_secs_f64() * count as f64, all + count as f64)
    })
}

fn failure_parts(tally: &Tally) -> (f64, f64) {
    (tally.failed as f64, tally.ended() as f64)
}

/// Without the first and the last interval, which the run covers only in part.
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

fn share(part: u64, of: u64) -> Option<Value> {
    (of > 0).then(|| Value::exact(part as f64 / of as f64))
}

/// The logarithm of first by cached of each pair, in the order of the blobs.
fn logarithms(pairs: &Pairs) -> Vec<f64> {
    let mut pairs: Vec<_> = pairs.iter().collect();
    pairs.sort_unstable_by_key(|pair| pair.index);
    let seconds = |time: Duration| time.as_secs_f64().max(1e-9);
    pairs.iter().map(|pair| (seconds(pair.first) / seconds(pair.cached)).ln()).collect()
}

/// The median of the ratios, as the report of a run shows it.
fn speedup(logarithms: &[f64]) -> Option<Value> {
    if !Percentile::P50.is_supported_by(logarithms.len() as u64) {
        return None;
    }
    let mut sorted = logarithms.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (upper, lower) = (sorted[sorted.len() / 2].exp(), sorted[(sorted.len() - 1) / 2].exp());
    Some(Value::exact(f64::midpoint(upper, lower)))
}

/// The pairs in as many groups as the timeline has intervals, in the order of their blobs: so a course like any other.
fn speedup_track(logarithms: &[f64], intervals: usize) -> Track {
    let place = |logarithm: f64| (logarithm / GRAIN).round();
    let mut grains: Vec<f64> = logarithms.iter().copied().map(place).collect();
    grains.sort_unstable_by(f64::total_cmp);
    grains.dedup();
    let bin = |grain: &f64| Bin { low: ((grain - 0.5) * GRAIN).exp(), high: ((grain + 0.5) * GRAIN).exp() };
    let bins: Vec<Bin> = grains.iter().map(bin).collect();
    let counts = |group: &[f64]| -> Counts {
        group
            .iter()
            .map(|&logarithm| (grains.partition_point(|&grain| grain < place(logarithm)), 1))
            .collect()
    };
    let (pairs, groups) = (logarithms.len(), intervals.min(logarithms.len()));
    let group = |number: usize| &logarithms[number * pairs / groups..(number + 1) * pairs / groups];
    let intervals: Vec<Counts> = (0..groups).map(|number| counts(group(number))).collect();
    Track::quantile(Percentile::P50.quantile(), &Rc::new(Table::of(&bins, &intervals)))
}

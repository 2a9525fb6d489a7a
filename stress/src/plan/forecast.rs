//! The forecast of a plan (`walrus-stress plan`): requests, bytes and time, exactly or within bounds.

use std::{iter::Sum, ops::Add, time::Duration};

use super::{
    Phase, Plan,
    draw::{self, Draw},
    journey::{JourneyKind, Step},
    load::Load,
    schedule::Schedule,
    shard::Shard,
    source::BlobSource,
    stages::Stages,
};

/// The most arrivals of a schedule that are counted.
const MOST_ARRIVALS: usize = 2_000_000;
/// The most blobs whose drawn sizes are added up.
const MOST_DRAWS: u64 = 200_000;

/// A number, or bounds of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range<T> {
    /// The lower bound.
    pub least: T,
    /// The upper bound; `None` when there is none.
    pub most: Option<T>,
}

impl<T: Copy + PartialEq> Range<T> {
    /// A known number.
    pub const fn exactly(value: T) -> Self {
        Self { least: value, most: Some(value) }
    }

    /// The number, if both bounds are the same.
    pub fn exact(self) -> Option<T> {
        self.most.filter(|most| *most == self.least)
    }
}

impl<T: Add<Output = T>> Add for Range<T> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let most = self.most.zip(other.most).map(|(a, b)| a + b);
        Self { least: self.least + other.least, most }
    }
}

impl<T: Add<Output = T> + Default + Copy + PartialEq> Sum for Range<T> {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::exactly(T::default()), Add::add)
    }
}

/// What a phase will do if nothing fails, is dropped or is aborted.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// Journeys that start.
    pub journeys: Range<u64>,
    /// Those of them that are order controls.
    pub controls: Range<u64>,
    /// Upload requests.
    pub uploads: Range<u64>,
    /// Download requests.
    pub downloads: Range<u64>,
    /// Bytes of the blobs that are uploaded.
    pub bytes_up: Range<u64>,
    /// Bytes of the blobs that are downloaded, each time.
    pub bytes_down: Range<u64>,
    /// How long it takes from its first start to its end.
    pub lasts: Range<Duration>,
}

impl Add for Forecast {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            journeys: self.journeys + other.journeys,
            controls: self.controls + other.controls,
            uploads: self.uploads + other.uploads,
            downloads: self.downloads + other.downloads,
            bytes_up: self.bytes_up + other.bytes_up,
            bytes_down: self.bytes_down + other.bytes_down,
            lasts: self.lasts + other.lasts,
        }
    }
}

/// The forecast of each phase of the plan, in order; of a shard, for its own blobs.
pub fn forecast(plan: &Plan) -> Vec<Forecast> {
    // The first index of a phase is known as long as the blobs of all earlier phases can be counted.
    let mut first = Some(0);
    // The same of the first blob that it may repeat.
    let mut repeatable = Some(0);
    let mut before = (Range::exactly(0), Range::exactly(0));
    let phases = plan.phases.iter().enumerate().map(|(position, phase)| {
        let mut blobs = None;
        let (journeys, bytes, last_due) = if phase.source == BlobSource::Earlier {
            (before.0, before.1, None)
        } else {
            let alike = phase.source != BlobSource::Made || plan.draws_like_before(position);
            repeatable = if alike { repeatable } else { first };
            let (all, last_due) = journeys(plan, phase, first);
            let own = part(plan.shard(), first, all);
            blobs = first.zip(all.exact());
            first = blobs.map(|(first, count)| first + count);
            let bytes = bytes(plan, phase, blobs, own);
            (own, bytes, last_due)
        };
        before = (journeys, bytes);
        let reads =
            phase.journey.steps.iter().filter(|step| matches!(step, Step::Read { .. })).count() as u64;
        let uploads = u64::from(phase.journey.uploads());
        let (controls, control_bytes) = controls(plan, position, blobs.zip(repeatable), journeys);
        Forecast {
            journeys,
            controls,
            uploads: times(journeys, uploads) + controls,
            downloads: times(journeys, reads) + controls,
            bytes_up: times(bytes, uploads) + control_bytes,
            bytes_down: times(bytes, reads) + control_bytes,
            lasts: lasts(plan, phase, journeys, last_due),
        }
    });
    phases.collect()
}

fn times(extent: Range<u64>, factor: u64) -> Range<u64> {
    if factor == 0 {
        return Range::exactly(0);
    }
    let most = extent.most.and_then(|most| most.checked_mul(factor));
    Range { least: extent.least.saturating_mul(factor), most }
}

/// How many of these journeys, whose indices begin with `first`, belong to the shard.
fn part(shard: Shard, first: Option<u64>, all: Range<u64>) -> Range<u64> {
    match first.zip(all.exact()) {
        Some((first, count)) => {
            let before = |index: u64| shard.portion_of_blobs(index);
            Range::exactly(before(first.saturating_add(count)) - before(first))
        }
        None => Range {
            least: all.least / shard.stride(),
            most: all.most.map(|most| most.div_ceil(shard.stride())),
        },
    }
}

/// How many journeys of all shards start, with indices from `first` on; of an open loop also when the last one of this
/// shard is due.
fn journeys(plan: &Plan, phase: &Phase, first: Option<u64>) -> (Range<u64>, Option<Duration>) {
    match &phase.load {
        Load::Closed { .. } => {
            let at_once = u64::from(phase.load.first_level().most_in_flight());
            let most = phase.stop.blobs;
            match (phase.length(), most) {
                (None, Some(blobs)) => (Range::exactly(blobs), None),
                _ => (Range { least: most.map_or(at_once, |most| most.min(at_once)), most }, None),
            }
        }
        Load::Open { rate, arrivals, .. } => {
            let (length, blobs) = (phase.length(), phase.stop.blobs);
            let takes = |ordinal: u64, due: Duration| {
                blobs.is_none_or(|blobs| ordinal < blobs) && length.is_none_or(|length| due < length)
            };
            let schedule = Schedule::new(rate, *arrivals, plan.seed);
            let taken =
                schedule.take_while(|arrival| takes(arrival.ordinal, arrival.due)).take(MOST_ARRIVALS);
            let (part, first) = (plan.shard(), first.unwrap_or(0));
            let (count, last) = taken.fold((0, Duration::ZERO), |(count, last), arrival| {
                (count + 1, if part.takes(arrival, first) { arrival.due } else { last })
            });
            let counted = count < MOST_ARRIVALS as u64 || blobs == Some(count);
            (Range { least: count, most: if counted { Some(count) } else { blobs } }, counted.then_some(last))
        }
    }
}

/// The bytes of the blobs of these journeys, once each. `blobs` are the first index and the number of all shards, if known.
fn bytes(plan: &Plan, phase: &Phase, blobs: Option<(u64, u64)>, journeys: Range<u64>) -> Range<u64> {
    let (min, max) = (phase.sizes.min, phase.sizes.max);
    if phase.source != BlobSource::Made {
        return Range { least: 0, most: None };
    }
    if let Some((first, count)) = blobs
        && count <= MOST_DRAWS
        && min < max
        // Whether a repeat has its source depends on what is stored by then.
        && phase.duplicates == 0.0
    {
        let own = (first..first + count).filter(|&index| plan.shard().keeps(index));
        return Range::exactly(own.map(|index| Draw::of(plan.seed, index, phase).size).sum());
    }
    let most = journeys.most.and_then(|most| most.checked_mul(max));
    Range { least: journeys.least.saturating_mul(min), most }
}

/// How many of these journeys are order controls, and the bytes of their control blobs. `blobs` as in [`bytes`], with the
/// first index that they may repeat.
fn controls(
    plan: &Plan,
    position: usize,
    blobs: Option<((u64, u64), u64)>,
    journeys: Range<u64>,
) -> (Range<u64>, Range<u64>) {
    let phase = &plan.phases[position];
    if phase.order_control <= 0.0 {
        return (Range::exactly(0), Range::exactly(0));
    }
    if let Some(((first, count), repeatable)) = blobs
        && count <= MOST_DRAWS
    {
        let repeatable = plan.repeatable(position, repeatable);
        let own = (first..first + count).filter(|&index| plan.shard().keeps(index));
        let chosen = own.filter(|&index| {
            draw::journey_kind(plan.seed, index, phase, &repeatable) == JourneyKind::OrderControl
        });
        let sizes = chosen.map(|index| Draw::of(plan.seed, index, phase).size);
        let (count, bytes) = sizes.fold((0, 0), |(count, bytes), size| (count + 1, bytes + size));
        return (Range::exactly(count), Range::exactly(bytes));
    }
    let most = journeys.most.and_then(|most| most.checked_mul(phase.sizes.max));
    (Range { least: 0, most: journeys.most }, Range { least: 0, most })
}

fn lasts(plan: &Plan, phase: &Phase, journeys: Range<u64>, last_due: Option<Duration>) -> Range<Duration> {
    match &phase.load {
        Load::Open { .. } => Range {
            least: last_due.unwrap_or_default(),
            most: last_due.or(phase.length()).map(|last| last.saturating_add(phase.grace)),
        },
        Load::Closed { workers } => {
            let by_time = phase.length().map(|length| length.saturating_add(phase.grace));
            let by_timeouts =
                is_constant(workers).then(|| all_timed_out(plan, phase, journeys.most)).flatten();
            let most = [by_time, by_timeouts].into_iter().flatten().min();
            let unbounded = phase.stop.blobs.is_none() && is_constant(workers);
            let least = if unbounded { phase.length().unwrap_or_default() } else { Duration::ZERO };
            Range { least, most }
        }
    }
}

fn is_constant(stages: &Stages) -> bool {
    stages.0.windows(2).all(|pair| pair[0].to == pair[1].from)
        && stages.0.iter().all(|one| one.from == one.to)
}

/// How long these journeys take when every step times out; unknown when steps are retried.
fn all_timed_out(plan: &Plan, phase: &Phase, journeys: Option<u64>) -> Option<Duration> {
    if plan.retries.most > 0 {
        return None;
    }
    let step = |step: &Step| match step {
        step if step.stores() => plan.limits.upload_timeout,
        _ => plan.limits.download_timeout,
    };
    let one: Duration = phase.steps().iter().map(step).sum();
    let at_once = plan.shard().portion(phase.load.most_in_flight());
    let rounds = journeys?.div_ceil(u64::from(at_once).max(1));
    one.checked_mul(u32::try_from(rounds).ok()?)
}

#[cfg(test)]
#[path = "forecast_tests.rs"]
mod tests;

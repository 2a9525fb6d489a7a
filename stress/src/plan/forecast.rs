//! The forecast of a plan (`walrus-stress plan`): requests, bytes and time, exactly or within bounds.

use std::{ops::Add, time::Duration};

use super::{
    Phase, Plan,
    draw::{self, Draw},
    journey::{JourneyKind, Step},
    load::Load,
    price::{encoded_length, storage_units},
    schedule::Schedule,
    shard::Shard,
    source::BlobSource,
    stages::Stages,
};

pub use super::range::Range;

/// The most arrivals of a schedule that are counted.
const MOST_ARRIVALS: usize = 2_000_000;
/// The most blobs whose drawn sizes are added up.
const MOST_DRAWS: u64 = 200_000;

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
    /// Bytes that the network stores for the blobs that are uploaded.
    pub encoded: Range<u64>,
    /// Storage units that are charged for them if they are stored anew.
    pub units: Range<u64>,
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
            encoded: self.encoded + other.encoded,
            units: self.units + other.units,
            bytes_down: self.bytes_down + other.bytes_down,
            lasts: self.lasts + other.lasts,
        }
    }
}

/// What the uploads of a phase cost in FROST, if the plan's price is known. A repeat that is stored already costs nothing, and
/// neither does a registration that is reused.
pub fn cost(plan: &Plan, phase: &Phase, forecast: &Forecast) -> Option<Range<u64>> {
    let price = plan.store.unit_price()?;
    let may_be_free = plan.store.reuse_resources || phase.duplicates > 0.0;
    let least = if may_be_free { 0 } else { forecast.units.least.saturating_mul(price.least) };
    let most = forecast.units.most.zip(price.most).map(|(units, price)| units.saturating_mul(price));
    Some(Range { least, most })
}

/// The forecast of each phase of the plan, in order; of a shard, for its own blobs.
pub fn forecast(plan: &Plan) -> Vec<Forecast> {
    // The first index of a phase is known as long as the blobs of all earlier phases can be counted.
    let mut first = Some(0);
    // The same of the first blob that it may repeat.
    let mut repeatable = Some(0);
    let mut before = (Range::exactly(0), [Range::exactly(0); 3]);
    let phases = plan.phases.iter().enumerate().map(|(position, phase)| {
        let mut blobs = None;
        let (journeys, sums, last_due) = if let BlobSource::Phase { round, .. } = &phase.source {
            of_phase(plan, phase, *round)
        } else if phase.source == BlobSource::Earlier {
            (before.0, before.1, None)
        } else {
            let alike = phase.source != BlobSource::Made || plan.draws_like_before(position);
            repeatable = if alike { repeatable } else { first };
            let (all, last_due) = journeys(plan, phase, first);
            let own = part(plan.shard(), first, all);
            blobs = first.zip(all.exact());
            first = blobs.map(|(first, count)| first + count);
            (own, MEASURES.map(|measure| sum(plan, phase, blobs, own, measure)), last_due)
        };
        before = (journeys, sums);
        let reads =
            phase.journey.steps.iter().filter(|step| !step.stores() && **step != Step::Again).count() as u64;
        let again = u64::from(phase.journey.steps.contains(&Step::Again));
        let again = Range { least: 0, ..times(journeys, again) };
        let uploads = u64::from(phase.journey.uploads());
        let (controls, control_sums) = controls(plan, position, blobs.zip(repeatable), journeys);
        let uploaded = |of: usize| times(sums[of], uploads) + control_sums[of];
        Forecast {
            journeys,
            controls,
            uploads: times(journeys, uploads) + controls,
            downloads: times(journeys, reads) + again + controls,
            bytes_up: uploaded(0),
            encoded: uploaded(1),
            units: uploaded(2),
            bytes_down: times(sums[0], reads) + control_sums[0],
            lasts: lasts(plan, phase, journeys, last_due),
        }
    });
    phases.collect()
}

/// The journeys of a phase over the blobs of an earlier one, whose number and sizes depend on what that stores.
fn of_phase(plan: &Plan, phase: &Phase, round: bool) -> (Range<u64>, [Range<u64>; 3], Option<Duration>) {
    let unknown = Range { least: 0, most: None };
    let (all, last_due) = journeys(plan, phase, Some(0));
    let all = if round { all } else { Range { least: 0, ..all } };
    (all, [unknown; 3], last_due)
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

/// What is added up of the sizes of blobs: none of them falls as sizes grow.
const MEASURES: [fn(u64) -> u64; 3] = [|size| size, encoded_length, storage_units];

/// A measure of the blobs of these journeys, once each. `blobs` are the first index and the number of all shards, if known.
fn sum(
    plan: &Plan,
    phase: &Phase,
    blobs: Option<(u64, u64)>,
    journeys: Range<u64>,
    measure: fn(u64) -> u64,
) -> Range<u64> {
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
        return Range::exactly(own.map(|index| measure(Draw::of(plan.seed, index, phase).size)).sum());
    }
    let most = journeys.most.and_then(|most| most.checked_mul(measure(max)));
    Range { least: journeys.least.saturating_mul(measure(min)), most }
}

/// How many of these journeys are order controls, and the measures of their control blobs. `blobs` as in [`sum`], with the
/// first index that they may repeat.
fn controls(
    plan: &Plan,
    position: usize,
    blobs: Option<((u64, u64), u64)>,
    journeys: Range<u64>,
) -> (Range<u64>, [Range<u64>; 3]) {
    let phase = &plan.phases[position];
    if phase.order_control <= 0.0 {
        return (Range::exactly(0), [Range::exactly(0); 3]);
    }
    if let Some(((first, count), repeatable)) = blobs
        && count <= MOST_DRAWS
    {
        let repeatable = plan.repeatable(position, repeatable);
        let own = (first..first + count).filter(|&index| plan.shard().keeps(index));
        let chosen = own.filter(|&index| {
            draw::journey_kind(plan.seed, index, phase, &repeatable) == JourneyKind::OrderControl
        });
        let sizes: Vec<_> = chosen.map(|index| Draw::of(plan.seed, index, phase).size).collect();
        let total = |measure: fn(u64) -> u64| Range::exactly(sizes.iter().map(|size| measure(*size)).sum());
        return (Range::exactly(sizes.len() as u64), MEASURES.map(total));
    }
    let most = |measure: fn(u64) -> u64| {
        let most = journeys.most.and_then(|most| most.checked_mul(measure(phase.sizes.max)));
        Range { least: 0, most }
    };
    (Range { least: 0, most: journeys.most }, MEASURES.map(most))
}

fn lasts(plan: &Plan, phase: &Phase, journeys: Range<u64>, last_due: Option<Duration>) -> Range<Duration> {
    match &phase.load {
        Load::Open { .. } => Range {
            least: last_due.unwrap_or_default(),
            most: last_due.or(phase.length()).map(|last| last.saturating_add(phase.drain())),
        },
        Load::Closed { workers } => {
            let by_time = phase.length().map(|length| length.saturating_add(phase.drain()));
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

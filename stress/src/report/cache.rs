//! What the cache buys: first against cached downloads, paired by blob, and what the answers' headers say of it.

mod status;
mod control;
mod groups;

use std::time::Duration;

pub use control::OrderControl;
pub use groups::{Group, GroupKey};
pub(super) use status::cache_statuses;
pub use status::{Finding, StatusCheck, StatusRow};

pub use super::ratio::{Effect, Ratio};
use super::{
    Report,
    ratio::times,
    stats::Percentile,
    summary::{Bounded, StepSummary},
};
use crate::{
    metrics::{
        pairs::{Pair, Parts},
        step_metrics::Span,
    },
    plan::journey::Step,
};

/// How much faster than the second a third download must be for certain, before the cache is said to fill late.
const LATE: f64 = 1.1;

/// First against cached downloads of the same blobs.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheEffect {
    /// Blobs of which both downloads succeeded, the first one not from a cache as far as its headers tell.
    pub pairs_seen: u64,
    /// How many of them the numbers below come from: all, or an even sample of very many.
    pub pairs: u64,
    /// The median service time of the first downloads, less the opening of connections.
    pub median_first: Option<Duration>,
    /// The median service time of the cached downloads, less the opening of connections.
    pub median_cached: Option<Duration>,
    /// First ÷ cached service time, blob by blob, without the order effect where that is known; `None` without pairs.
    pub response: Option<Ratio>,
    /// The same of the times to the first byte.
    pub first_byte: Option<Ratio>,
    /// The same of the times from the first byte to the last; `None` where they are too short a part to matter.
    pub transfer: Option<Ratio>,
    /// The service times' ratio by size and by aggregator, where there are several with enough pairs.
    pub groups: Vec<Group>,
    /// What the order of two downloads does by itself; `None` where the run was not to find out.
    pub control: Option<OrderControl>,
    /// Cached ÷ third service time: nothing differs, unless the cache fills late.
    pub third: Option<Ratio>,
    /// What the headers say, against the times.
    pub status: StatusCheck,
    /// What all that means.
    pub effect: Effect,
    /// The shortest cached download.
    pub shortest_cached: Option<Bounded>,
    /// The longest cached download.
    pub longest_cached: Option<Bounded>,
}

/// Two times that are compared.
type Times = fn(&Pair) -> Option<(Duration, Duration)>;

impl CacheEffect {
    /// `None` when the run has not both downloads.
    pub(super) fn of(report: &Report, steps: &[StepSummary]) -> Option<Self> {
        let has = |wanted| steps.iter().any(|step| step.step == wanted);
        if !(has(Step::FIRST) && has(Step::CACHED)) {
            return None;
        }
        // Service times are those of successes alone: a read that was given up is no download.
        let cached = || {
            let steps = steps.iter().filter(|step| step.step == Step::CACHED);
            steps.filter_map(|step| step.spans.get(&Span::Service))
        };
        let recording = &report.recording;
        let pairs: Vec<&Pair> = recording.pairs.iter().collect();
        let controls: Vec<&Pair> = recording.controls.iter().collect();
        let measured = |times: Times| Some(ratio(&pairs, times)?.without(ratio(&controls, times)));
        let response = measured(|pair| Some((pair.first, pair.cached)));
        Some(Self {
            pairs_seen: recording.pairs.seen(),
            pairs: pairs.len() as u64,
            median_first: middle(pairs.iter().map(|pair| pair.first)),
            median_cached: middle(pairs.iter().map(|pair| pair.cached)),
            response,
            first_byte: measured(|pair| both(pair, |part| part.first_byte)),
            transfer: transfer_matters(&pairs)
                .then(|| measured(|pair| both(pair, |part| part.transfer)))
                .flatten(),
            groups: groups::of(report, &pairs, &controls),
            control: OrderControl::of(report, &controls),
            third: ratio(&pairs, |pair| Some((pair.cached, pair.third?))),
            status: StatusCheck::of(recording, &pairs, &controls),
            effect: response.map_or(Effect::TooFew, |response| response.effect()),
            shortest_cached: cached().map(|service| service.min).min_by_key(|bounded| bounded.value),
            longest_cached: cached().map(|service| service.max).max_by_key(|bounded| bounded.value),
        })
    }

    /// The verdict in words.
    pub fn sentence(&self) -> String {
        match (self.effect, self.response.and_then(|response| Some((response, response.interval?)))) {
            (Effect::Faster | Effect::Slower, Some((response, _))) => {
                format!("cached downloads are {}", response.words())
            }
            (Effect::NoDifference, Some((response, (low, high)))) => {
                format!("no evidence of caching ({}–{}, {})", times(low), times(high), response.basis())
            }
            (_, Some((response, (low, high)))) => {
                let needed = response.needed().unwrap_or(response.pairs);
                let (low, high) = (times(low), times(high));
                format!("not enough data ({low}–{high}, {}): about {needed} blobs needed", response.basis())
            }
            (_, None) => {
                let needed = Percentile::P50.needs();
                format!("not enough data (n = {}): at least {needed} blobs needed", self.pairs)
            }
        }
    }

    /// The median of first ÷ cached service time, blob by blob; `None` without pairs.
    pub fn ratio(&self) -> Option<f64> {
        self.response.map(|response| response.median)
    }

    /// The 95 % interval of that median; `None` with fewer than 6 pairs.
    pub fn interval(&self) -> Option<(f64, f64)> {
        self.response?.interval
    }

    /// About how many blobs would tell; `None` when these do, or are too few to show how much their times differ.
    pub fn needed(&self) -> Option<u64> {
        self.response.filter(|_| self.effect == Effect::TooFew)?.needed()
    }

    /// By how much third downloads are faster than second ones, when the cache fills so late that they are.
    pub fn fills_late(&self) -> Option<Ratio> {
        self.third.filter(|third| third.interval.is_some_and(|(low, _)| low > LATE))
    }
}

/// The least part of a download's time that is compared apart.
const MATTERS: f64 = 0.05;

/// Whether the transfer is a part of the time, in the first downloads or in the cached ones. A short body comes with its
/// head: what lies between the two is then the clock's own grain, and a ratio of such times would say nothing.
fn transfer_matters(pairs: &[&Pair]) -> bool {
    let part = |whole: fn(&Pair) -> Duration, transfer: fn(&[Parts; 2]) -> Duration| {
        let transfers = pairs.iter().filter_map(|pair| pair.parts.as_ref().map(transfer));
        let (transfer, whole) = (middle(transfers), middle(pairs.iter().map(|pair| whole(pair))));
        transfer
            .zip(whole)
            .is_some_and(|(transfer, whole)| transfer.as_secs_f64() >= MATTERS * whole.as_secs_f64())
    };
    part(|pair| pair.first, |[first, _]| first.transfer)
        || part(|pair| pair.cached, |[_, cached]| cached.transfer)
}

/// First ÷ second, pair by pair; `None` without pairs that have both.
fn ratio(pairs: &[&Pair], times: Times) -> Option<Ratio> {
    // A download of 0 s would make an infinite ratio; the clock's own grain is the least that it can be.
    let seconds = |duration: Duration| duration.as_secs_f64().max(1e-9);
    let ratios = pairs.iter().filter_map(|pair| times(pair));
    Ratio::of(ratios.map(|(first, second)| seconds(first) / seconds(second)))
}

fn both(pair: &Pair, part: fn(&Parts) -> Duration) -> Option<(Duration, Duration)> {
    pair.parts.map(|[first, cached]| (part(&first), part(&cached)))
}

/// The middle duration, of an even number the lower one: as everywhere in a summary.
fn middle(durations: impl Iterator<Item = Duration>) -> Option<Duration> {
    let mut durations: Vec<_> = durations.collect();
    durations.sort_unstable();
    durations.get(durations.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod simulated;
#[cfg(test)]
mod tests;

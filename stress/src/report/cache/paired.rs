//! Ratios of pairs of downloads: of all, by size and by aggregator, and of the control pairs of different blobs.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use super::ratio::{Effect, Ratio, times};
use crate::{
    metrics::pairs::Pair,
    report::{
        Report,
        stats::{Percentile, median},
    },
};

/// Two times that are compared.
pub(super) type Times = fn(&Pair) -> Option<(Duration, Duration)>;

/// First ÷ second, pair by pair; `None` without pairs that have both.
pub(super) fn ratio(pairs: &[&Pair], times: Times) -> Option<Ratio> {
    // A download of 0 s would make an infinite ratio; the clock's resolution is the shortest that it can be.
    let seconds = |duration: Duration| duration.as_secs_f64().max(1e-9);
    let ratios = pairs.iter().filter_map(|pair| times(pair));
    Ratio::of(ratios.map(|(first, second)| seconds(first) / seconds(second)))
}

/// The service times of both downloads.
pub(super) const SERVICE: Times = |pair| Some((pair.first, pair.cached));

/// The times to the first byte of both downloads.
pub(super) const FIRST_BYTE: Times = |pair| Some((pair.first_ttfb, pair.cached_ttfb));

/// The times from the first byte to the last of both downloads, as far as they can be told apart.
pub(super) const TRANSFER: Times =
    |pair| Some((pair.first_transfer.max(RESOLUTION), pair.cached_transfer.max(RESOLUTION)));

/// The shortest transfer that is a measurement: a body that is there when its head is read took no time at all, one of the
/// next read as long as the event loop takes to wake up and read again, whatever the network did.
const RESOLUTION: Duration = Duration::from_micros(100);

/// The smallest part of a download's time that is compared on its own.
const MATTERS: f64 = 0.05;

/// The ratio of the transfers, where both can be measured, and are a relevant part of the first downloads or of the second.
pub(super) fn transfers(pairs: &[&Pair]) -> Option<Ratio> {
    let median = |time: fn(&Pair) -> Duration| median_time(pairs.iter().map(|pair| time(pair)));
    let (first, second) = (median(|pair| pair.first_transfer)?, median(|pair| pair.cached_transfer)?);
    let matters =
        |whole: Duration, transfer: Duration| transfer.as_secs_f64() >= MATTERS * whole.as_secs_f64();
    let relevant = matters(median(|pair| pair.first)?, first) || matters(median(|pair| pair.cached)?, second);
    (relevant && first.min(second) >= RESOLUTION).then(|| ratio(pairs, TRANSFER)).flatten()
}

/// The median of these times.
pub(super) fn median_time(times: impl Iterator<Item = Duration>) -> Option<Duration> {
    let mut times: Vec<_> = times.collect();
    times.sort_unstable();
    median(&times)
}

/// What the order of two downloads does without a cache: the first downloads of two different blobs, one right after the
/// other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OrderControl {
    /// How many there were: both downloads succeeded, neither from a cache by its headers.
    pub pairs_seen: u64,
    /// How many of them the numbers below come from: all, or an even sample of very many.
    pub pairs: u64,
    /// The earlier ÷ the later service time; `None` without pairs.
    pub response: Option<Ratio>,
    /// The same of the times to the first byte.
    pub first_byte: Option<Ratio>,
    /// The same of the times from the first byte to the last; `None` where they are too short to measure or to matter.
    pub transfer: Option<Ratio>,
}

impl OrderControl {
    /// `None` when the plan has no control.
    pub(super) fn of(report: &Report, controls: &[&Pair]) -> Option<Self> {
        let wanted = |planned: &crate::plan::Phase| !planned.warm_up && planned.order_control > 0.0;
        report.plan.phases.iter().any(wanted).then(|| Self {
            pairs_seen: report.recording.controls.seen(),
            pairs: controls.len() as u64,
            response: ratio(controls, SERVICE),
            first_byte: ratio(controls, FIRST_BYTE),
            transfer: transfers(controls),
        })
    }

    /// In words.
    pub fn words(&self) -> String {
        match self.response.and_then(|response| Some((response, response.interval?))) {
            Some((response, (low, high))) if response.effect() == Effect::TooFew => format!(
                "order effect {}, which may be none ({}–{}, n = {}): it is taken out, and its uncertainty is in the interval",
                times(response.median),
                times(low),
                times(high),
                response.pairs
            ),
            Some((response, _)) => format!("the second of two first downloads is {}", response.words()),
            None => format!(
                "order control: too few pairs of first downloads (n = {}, at least {} needed), nothing taken out",
                self.pairs,
                Percentile::P50.needs()
            ),
        }
    }
}

/// The cache effect of pairs that have something in common.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// What they have in common.
    #[serde(flatten)]
    pub key: GroupKey,
    /// First ÷ cached service time; its interval exists.
    #[serde(flatten)]
    pub response: Ratio,
}

/// What the pairs of a group have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum GroupKey {
    /// Sizes within a factor of four.
    Sizes {
        /// The smallest size in bytes.
        from_bytes: u64,
        /// The size in bytes that they stay below.
        below_bytes: u64,
    },
    /// The aggregator.
    Aggregator {
        /// Its address.
        aggregator: String,
    },
}

/// The cache effect by size and by aggregator, where a run has several groups of a kind with enough pairs each.
pub(super) fn groups(report: &Report, pairs: &[&Pair], controls: &[&Pair]) -> Vec<Group> {
    let several = |groups: Vec<Group>| if groups.len() > 1 { groups } else { Vec::new() };
    let sizes = effects(pairs, controls, |pair| class(pair.size));
    let sizes = sizes.into_iter().map(|((from_bytes, below_bytes), response)| Group {
        key: GroupKey::Sizes { from_bytes, below_bytes },
        response,
    });
    let aggregators = effects(pairs, controls, |pair| pair.target);
    let aggregators = aggregators.into_iter().map(|(target, response)| {
        let address = report.plan.aggregators.get(target).map(ToString::to_string);
        let aggregator = address.unwrap_or_else(|| target.to_string());
        Group { key: GroupKey::Aggregator { aggregator }, response }
    });
    [several(sizes.collect()), several(aggregators.collect())].concat()
}

/// Sizes within a factor of four, at powers of it: 64 KiB, 256 KiB, 1 MiB and so on.
fn class(size: u64) -> (u64, u64) {
    let from = 1_u64 << (size.max(1).ilog2() / 2 * 2);
    (if size == 0 { 0 } else { from }, from.saturating_mul(4))
}

/// The effect of each group, less that of its own control pairs, or where those are too few, of all of them.
fn effects<K: Ord>(pairs: &[&Pair], controls: &[&Pair], key: fn(&Pair) -> K) -> BTreeMap<K, Ratio> {
    let all = ratio(controls, SERVICE);
    let own = grouped(controls, key);
    let effect = |(key, pairs): (K, Vec<&Pair>)| {
        let of = |pairs: &[&Pair]| ratio(pairs, SERVICE);
        let control = own.get(&key).and_then(|controls| of(controls)).filter(|one| one.interval.is_some());
        Some((key, of(&pairs)?.without(control.or(all))))
    };
    let effects = grouped(pairs, key).into_iter().filter_map(effect);
    effects.filter(|(_, ratio)| ratio.interval.is_some()).collect()
}

fn grouped<'a, K: Ord>(pairs: &[&'a Pair], key: fn(&Pair) -> K) -> BTreeMap<K, Vec<&'a Pair>> {
    let mut groups: BTreeMap<K, Vec<&Pair>> = BTreeMap::new();
    pairs.iter().for_each(|pair| groups.entry(key(pair)).or_default().push(pair));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_powers_of_four() {
        for (size, expected) in [
            (0, (0, 4)),
            (1, (1, 4)),
            (4, (4, 16)),
            (65_535, (16_384, 65_536)),
            (65_536, (65_536, 262_144)),
            (100 * 1024, (65_536, 262_144)),
            (1 << 20, (1 << 20, 4 << 20)),
            (u64::MAX, (1 << 62, u64::MAX)),
        ] {
            assert_eq!(class(size), expected, "{size}");
        }
    }

    #[test]
    fn an_order_effect_that_may_be_none_says_so() {
        let of = |median: f64, low: f64, high: f64| {
            let response =
                Ratio { pairs: 27, median, interval: Some((low, high)), p_value: None, order_effect: None };
            let control = OrderControl {
                pairs_seen: 27,
                pairs: 27,
                response: Some(response),
                first_byte: None,
                transfer: None,
            };
            control.words()
        };
        assert_eq!(
            of(0.85, 0.68, 1.06),
            "order effect 0.85, which may be none (0.68–1.06, n = 27): it is taken out, and its uncertainty is in the interval"
        );
        assert_eq!(
            of(1.1, 1.02, 1.2),
            "the second of two first downloads is 1.10 times faster (1.02–1.20, n = 27)"
        );
    }
}

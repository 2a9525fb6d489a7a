//! First and cached reads of the same blobs, as a sample of bounded size that does not depend on who recorded which part.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_with::DurationNanoSeconds;

use super::{
    bottom_k::{BottomK, Row, keep},
    count::add,
};
use crate::sample::{
    Outcome, Sample,
    cache::{CacheEvidence, CacheStatus},
};

/// A bottom-k sample of pairs.
pub type Pairs = BottomK<Pair, CAPACITY>;

/// The most pairs that are kept.
const CAPACITY: usize = 4096;

/// `Date` and `Age` count whole seconds: with less than this between two reads they show nothing.
const LEAST_APART: Duration = Duration::from_secs(2);

/// A successful read, as far as it is compared with another one of the same blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadFact {
    /// The blob's index.
    index: u64,
    /// The blob's size in bytes.
    size: u64,
    /// The aggregator's position in the plan.
    target: usize,
    /// The service time, less what opening a connection took. Not the response time: the start delay would look like an
    /// effect of the cache, because only a journey's first step has one.
    service: Duration,
    /// From started to the response's head, less what opening a connection took.
    ttfb: Duration,
    /// From the response's head to its last byte.
    transfer: Duration,
    /// When the head had arrived, since the run's origin.
    head: Duration,
    /// What the headers say of caches.
    cache: CacheEvidence,
}

impl ReadFact {
    /// `None` when it did not succeed.
    pub fn of(sample: &Sample) -> Option<Self> {
        let (timing, head) = (&sample.exchange.timing, sample.exchange.timing.first_byte?);
        let opening = sample.exchange.link.map(|link| link.opening()).unwrap_or_default();
        (sample.outcome == Outcome::Read).then_some(Self {
            index: sample.index,
            size: sample.size,
            target: sample.target,
            service: timing.service().saturating_sub(opening),
            ttfb: timing.to_first_byte()?.saturating_sub(opening),
            transfer: timing.transfer()?,
            head,
            cache: sample.exchange.cache,
        })
    }
}

/// The two reads of one blob that no cache had before the first one, as far as its headers show.
///
/// Opening a connection is left out of all times: mostly the first read has to, and that is no effect of a cache.
#[serde_with::apply(Duration => #[serde_as(as = "DurationNanoSeconds")])]
#[serde_with::serde_as]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// The blob's index.
    pub index: u64,
    /// The blob's size in bytes.
    #[serde(rename = "size_bytes")]
    pub size: u64,
    /// The aggregator's position in the plan.
    pub target: usize,
    /// The first read's service time.
    #[serde(rename = "first_nanoseconds")]
    pub first: Duration,
    /// The cached read's service time.
    #[serde(rename = "cached_nanoseconds")]
    pub cached: Duration,
    /// The third read's service time, if there was one.
    #[serde_as(as = "Option<DurationNanoSeconds>")]
    #[serde(rename = "third_nanoseconds")]
    pub third: Option<Duration>,
    /// The first read's time to first byte: from started to the response's head.
    #[serde(rename = "first_ttfb_nanoseconds")]
    pub first_ttfb: Duration,
    /// From the first read's head to its last byte.
    #[serde(rename = "first_transfer_nanoseconds")]
    pub first_transfer: Duration,
    /// The cached read's time to first byte.
    #[serde(rename = "cached_ttfb_nanoseconds")]
    pub cached_ttfb: Duration,
    /// From the cached read's head to its last byte.
    #[serde(rename = "cached_transfer_nanoseconds")]
    pub cached_transfer: Duration,
    /// What the cached read's headers say.
    pub cache_status: CacheStatus,
    /// What `Date` and `Age` of the two responses show.
    pub freshness: Freshness,
}

impl Pair {
    /// A blob's reads; `None` when the first one came from a cache already, if its headers are right.
    pub fn of(first: &ReadFact, cached: &ReadFact, third: Option<&ReadFact>) -> Option<Self> {
        (!first.cache.cache_status.from_cache()).then_some(Self {
            index: first.index,
            size: first.size,
            target: first.target,
            first: first.service,
            cached: cached.service,
            third: third.map(|third| third.service),
            first_ttfb: first.ttfb,
            first_transfer: first.transfer,
            cached_ttfb: cached.ttfb,
            cached_transfer: cached.transfer,
            cache_status: cached.cache.cache_status,
            freshness: Freshness::of(first, cached),
        })
    }
}

impl Row for Pair {
    fn index(&self) -> u64 {
        self.index
    }
}

/// What `Date` and `Age` of two responses show when enough time lies between them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Freshness {
    /// `Date` is the same, or `Age` grew with the time: both are the same stored response.
    Unchanged,
    /// `Date` advanced with the time: generated again, or dated again by an intermediary.
    Advanced,
    /// Too little time between them, or the headers are missing or contradict the clock.
    #[default]
    Unknown,
}

impl Freshness {
    fn of(first: &ReadFact, cached: &ReadFact) -> Self {
        let passed = cached.head.saturating_sub(first.head);
        if passed < LEAST_APART {
            return Freshness::Unknown;
        }
        let passed = passed.as_secs_f64();
        let grown = |from: Option<u64>, to: Option<u64>| Some(to?.checked_sub(from?)? as f64);
        // Both ends are whole seconds, so that the difference may be up to one off.
        let as_time = |grown: f64| (grown - passed).abs() <= 1.0;
        let age = grown(first.cache.age.or(Some(0)), cached.cache.age).filter(|age| *age > 0.0);
        match grown(first.cache.date, cached.cache.date) {
            Some(moved) if moved < 1.0 => Freshness::Unchanged,
            _ if age.is_some_and(as_time) => Freshness::Unchanged,
            Some(moved) if as_time(moved) => Freshness::Advanced,
            _ => Freshness::Unknown,
        }
    }
}

/// First and cached reads of the same blobs in different phases, not yet matched. Both are sampled by the same hash, so
/// that the kept first reads and the kept cached ones are of the same blobs, in bounded memory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UnmatchedPairs {
    /// By the hash of the blob's index.
    first: BTreeMap<u64, ReadFact>,
    cached: BTreeMap<u64, ReadFact>,
    /// Cached reads, kept or not; each has a first one.
    pairs: u64,
}

impl UnmatchedPairs {
    pub(super) fn record_first(&mut self, read: ReadFact) {
        keep(&mut self.first, read.index, read, CAPACITY);
    }

    /// Records a cached read of a blob whose first one was recorded, here or elsewhere.
    pub(super) fn record_cached(&mut self, read: ReadFact) {
        keep(&mut self.cached, read.index, read, CAPACITY);
        self.pairs += 1;
    }

    pub(super) fn merge(&mut self, other: UnmatchedPairs) {
        other.first.into_values().for_each(|read| keep(&mut self.first, read.index, read, CAPACITY));
        other.cached.into_values().for_each(|read| keep(&mut self.cached, read.index, read, CAPACITY));
        add(&mut self.pairs, other.pairs);
    }

    /// The pairs that match. First reads without a cached one may have displaced others: then it is fewer than could be
    /// kept, but still an even sample, that of all pairs up to some hash.
    pub(super) fn join(self) -> Pairs {
        let pair = |(hash, cached): (u64, ReadFact)| Pair::of(self.first.get(&hash)?, &cached, None);
        Pairs::restore(self.pairs, self.cached.into_iter().filter_map(pair))
    }
}

#[cfg(test)]
mod tests;

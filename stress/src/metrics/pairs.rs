//! First and cached reads of the same blobs, as a sample of bounded size that is the same whoever records.

use std::{fmt, str::FromStr, time::Duration};

use super::bottom_k::{BottomK, Row};
use crate::sample::{
    Outcome, Sample,
    cache::{CacheEvidence, CacheStatus},
};

/// A bottom-k sample of pairs.
pub type Pairs = BottomK<Pair, CAPACITY>;

/// The most pairs that are kept.
pub(super) const CAPACITY: usize = 4096;

/// `Date` and `Age` count whole seconds: less than this between two reads tells nothing.
const TELLING: Duration = Duration::from_secs(2);

/// A successful read, as far as it is compared with another one of the same blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadFact {
    /// The blob's index.
    pub(super) index: u64,
    /// The blob's size in bytes.
    size: u64,
    /// The aggregator's position in the plan.
    target: usize,
    /// The service time, less what opening a connection took. Not the response time: what the generator was late by would
    /// be an effect of the cache, as only a journey's first step is late.
    service: Duration,
    /// From started to the answer's head, less what opening a connection took.
    first_byte: Duration,
    /// From the answer's head to its last byte.
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
            first_byte: timing.to_first_byte()?.saturating_sub(opening),
            transfer: timing.transfer()?,
            head,
            cache: sample.exchange.cache,
        })
    }
}

/// The two reads of one blob that no cache had before the first one, as far as its headers tell.
///
/// Opening a connection is left out of all times: mostly the first read has to, and it is no matter of caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The blob's index.
    pub index: u64,
    /// The blob's size in bytes.
    pub size: u64,
    /// The aggregator's position in the plan.
    pub target: usize,
    /// The first read's service time.
    pub first: Duration,
    /// The cached read's service time.
    pub cached: Duration,
    /// The third read's service time, if there was one.
    pub third: Option<Duration>,
    /// The parts of the first and of the cached read; documents of earlier versions have none.
    pub parts: Option<[Parts; 2]>,
    /// What the cached read's headers say.
    pub cache_status: CacheStatus,
    /// What `Date` and `Age` say of the two answers.
    pub standing: Freshness,
}

/// The parts of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// From started to the answer's head.
    pub first_byte: Duration,
    /// From the answer's head to its last byte.
    pub transfer: Duration,
}

/// What `Date` and `Age` of two answers say when enough time lies between them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Freshness {
    /// `Date` stood still, or `Age` grew with the time: both are the same copy.
    Still,
    /// `Date` moved with the time: made anew, or dated anew by what stands in between.
    Moving,
    /// Too little time between them, or nothing is said.
    #[default]
    Unknown,
}

impl Pair {
    /// A blob's reads; `None` when the first one came from a cache already, if its headers are true.
    pub fn of(first: &ReadFact, cached: &ReadFact, third: Option<&ReadFact>) -> Option<Self> {
        let ReadFact { index, size, target, .. } = *first;
        let parts = |read: &ReadFact| Parts { first_byte: read.first_byte, transfer: read.transfer };
        (!first.cache.cache_status.from_cache()).then_some(Self {
            index,
            size,
            target,
            first: first.service,
            cached: cached.service,
            third: third.map(|third| third.service),
            parts: Some([parts(first), parts(cached)]),
            cache_status: cached.cache.cache_status,
            standing: Freshness::of(first, cached),
        })
    }
}

impl Freshness {
    fn of(first: &ReadFact, cached: &ReadFact) -> Self {
        let passed = cached.head.saturating_sub(first.head);
        if passed < TELLING {
            return Freshness::Unknown;
        }
        let passed = passed.as_secs_f64();
        // Both ends are whole seconds, so that the difference may be up to one off.
        let grown = |from: Option<u64>, to: Option<u64>| Some(to?.checked_sub(from?)? as f64);
        let along = |grown: f64| (grown - passed).abs() <= 1.0;
        let age = grown(first.cache.age.or(Some(0)), cached.cache.age).filter(|age| *age > 0.0);
        match grown(first.cache.date, cached.cache.date) {
            Some(moved) if moved < 1.0 => Freshness::Still,
            _ if age.is_some_and(along) => Freshness::Still,
            Some(moved) if along(moved) => Freshness::Moving,
            _ => Freshness::Unknown,
        }
    }

    const ALL: [(Freshness, &'static str); 3] =
        [(Freshness::Still, "still"), (Freshness::Moving, "moving"), (Freshness::Unknown, "unknown")];
}

impl Row for Pair {
    const COLUMNS: &'static str = "index size_bytes target first_nanoseconds cached_nanoseconds \
        third_nanoseconds first_ttfb_nanoseconds first_transfer_nanoseconds cached_ttfb_nanoseconds \
        cached_transfer_nanoseconds cache_status standing";

    fn index(&self) -> u64 {
        self.index
    }
}

/// What stands in a line for a number that there is not.
const NONE: &str = "-";

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, size, target, first, cached, third, parts, cache_status, standing } = self;
        write!(f, "{index} {size} {target} {} {}", first.as_nanos(), cached.as_nanos())?;
        let [a, b] = parts.map_or([None; 2], |parts| parts.map(Some));
        let times = [
            *third,
            a.map(|a| a.first_byte),
            a.map(|a| a.transfer),
            b.map(|b| b.first_byte),
            b.map(|b| b.transfer),
        ];
        for time in times {
            match time {
                Some(time) => write!(f, " {}", time.as_nanos())?,
                None => write!(f, " {NONE}")?,
            }
        }
        let standing = Freshness::ALL.iter().find(|(one, _)| one == standing).map_or(NONE, |(_, name)| name);
        write!(f, " {} {standing}", cache_status)
    }
}

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse(text).ok_or_else(|| format!("not a pair ({}): {text:?}", Self::COLUMNS))
    }
}

/// A line of now, or one of earlier versions, which ends behind the cached read's time.
fn parse(text: &str) -> Option<Pair> {
    let words: Vec<&str> = text.split(' ').collect();
    let time = |at: usize| words[at].parse().ok().map(Duration::from_nanos);
    let perhaps = |at: usize| if words[at] == NONE { Some(None) } else { time(at).map(Some) };
    let (5 | 12) = words.len() else { return None };
    let pair = Pair {
        index: words[0].parse().ok()?,
        size: words[1].parse().ok()?,
        target: words[2].parse().ok()?,
        first: time(3)?,
        cached: time(4)?,
        third: None,
        parts: None,
        cache_status: CacheStatus::Unknown,
        standing: Freshness::Unknown,
    };
    if words.len() == 5 {
        return Some(pair);
    }
    let parts = |from: usize| {
        let (first_byte, transfer) = (perhaps(from)?, perhaps(from + 1)?);
        Some(first_byte.zip(transfer).map(|(first_byte, transfer)| Parts { first_byte, transfer }))
    };
    let (first, cached) = (parts(6)?, parts(8)?);
    let standing = Freshness::ALL.iter().find(|(_, name)| *name == words[11])?.0;
    Some(Pair {
        third: perhaps(5)?,
        parts: first.zip(cached).map(|(first, cached)| [first, cached]),
        cache_status: words[10].parse().ok()?,
        standing,
        ..pair
    })
}

#[cfg(test)]
mod tests;

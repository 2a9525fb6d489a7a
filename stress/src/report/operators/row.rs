//! What one operator delivered: how much, how fast, from which caches, and what else it offers.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use statrs::distribution::{Beta, ContinuousCDF};

use crate::{
    plan::{journey::Step, operators::Operator},
    report::{
        cache::{Effect, Finding, Ratio, StatusRow},
        stats::{median, ranks, share, sorted},
    },
    sample::{
        FailureClass, Link, Outcome, Sample,
        cache::{CacheStatus, StatusHeader},
        probe::Probe,
    },
    units,
};

/// One operator's reads.
#[derive(Debug, Default)]
pub(super) struct Reads<'a> {
    /// The first and, where that succeeded, the cached read of each blob.
    pub(super) blobs: BTreeMap<u64, (&'a Sample, Option<&'a Sample>)>,
}

impl<'a> Reads<'a> {
    /// Those of each operator.
    pub(super) fn by_operator(operators: usize, samples: &'a [Sample]) -> Vec<Self> {
        let mut all: Vec<Self> = (0..operators).map(|_| Self::default()).collect();
        for sample in samples {
            let Some(reads) = all.get_mut(sample.target) else { continue };
            if sample.step == Step::FIRST {
                reads.blobs.insert(sample.index, (sample, None));
            } else if let Some((_, cached)) = reads.blobs.get_mut(&sample.index) {
                *cached = Some(sample);
            }
        }
        all
    }

    fn samples(&self) -> impl Iterator<Item = &'a Sample> {
        self.blobs.values().flat_map(|(first, cached)| [*first].into_iter().chain(*cached))
    }
}

/// The service time of a read that delivered the blob, in seconds, without the opening of a connection.
pub(super) fn seconds(sample: &Sample) -> Option<f64> {
    let opening = sample.exchange.link.as_ref().map_or(Duration::ZERO, Link::opening);
    let time = sample.exchange.timing.service().saturating_sub(opening);
    // A download of 0 s would make an infinite ratio; the clock's resolution is the shortest that it can be.
    (sample.outcome == Outcome::Read).then(|| time.as_secs_f64().max(1e-9))
}

/// What one operator delivered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OperatorRow {
    /// One more than the number of operators that are faster for certain; `None` for one that delivered nothing.
    pub rank: Option<usize>,
    /// Its name.
    pub name: String,
    /// Its address.
    pub url: String,
    /// Reads that were made.
    pub asked: u64,
    /// Reads that delivered the blob.
    pub delivered: u64,
    /// Reads that were left out, because it had not responded at all or asked for a long pause.
    pub left_out: u64,
    /// The share of the reads made that delivered the blob; `None` of none.
    pub availability: Option<f64>,
    /// Its exact 95 % interval (Clopper and Pearson, 1934).
    pub availability_interval_95: Option<(f64, f64)>,
    /// Reads with other bytes than were uploaded, or than most operators delivered.
    pub corrupt: u64,
    /// First reads.
    pub first: Option<ReadTimes>,
    /// Reads right after the first ones.
    pub cached: Option<ReadTimes>,
    /// First ÷ cached time, blob by blob; without first reads that were hits by their headers.
    pub cache_effect: Option<Ratio>,
    /// First reads that were hits by their headers.
    pub first_hits: u64,
    /// The headers that had a status, and of how many cached reads.
    pub status_headers: BTreeMap<StatusHeader, u64>,
    /// The statuses of cached reads, each held against the times.
    pub cache_statuses: Vec<StatusRow>,
    /// What else it offers; `None` when it delivered nothing.
    pub offers: Option<Probe>,
    /// Failed reads by class, the most frequent first.
    pub failures: Vec<ClassOfFailures>,
}

/// Failed reads of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassOfFailures {
    /// The class.
    pub class: FailureClass,
    /// How many.
    pub count: u64,
    /// The message of the first of them.
    pub example: String,
}

/// The times of one kind of read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReadTimes {
    /// The median in seconds.
    #[serde(rename = "median_seconds")]
    pub median: f64,
    /// Its 95 % interval, whatever the distribution; `None` with fewer than 6 reads.
    #[serde(rename = "median_interval_95_seconds")]
    pub interval: Option<(f64, f64)>,
}

impl ReadTimes {
    pub(in crate::report) fn of(times: impl Iterator<Item = f64>) -> Option<Self> {
        let times = sorted(times);
        let interval = ranks(times.len(), 0.5).map(|(low, high)| (times[low - 1], times[high - 1]));
        Some(Self { median: median(&times)?, interval })
    }
}

impl OperatorRow {
    pub(super) fn of(
        operator: &Operator,
        reads: &Reads<'_>,
        rank: Option<usize>,
        offers: Option<Probe>,
    ) -> Self {
        let count = |wanted: fn(&Outcome) -> bool| {
            reads.samples().filter(|sample| wanted(&sample.outcome)).count() as u64
        };
        let left_out = count(|outcome| matches!(outcome, Outcome::Skipped | Outcome::Unfinished));
        let delivered = count(|outcome| *outcome == Outcome::Read);
        let asked = reads.samples().count() as u64 - left_out;
        let firsts = reads.blobs.values().filter_map(|(first, _)| seconds(first));
        let cached = reads.blobs.values().filter_map(|(_, cached)| cached.and_then(seconds));
        let failures = failures(reads);
        Self {
            rank,
            name: operator.name.clone(),
            url: operator.target.to_string(),
            asked,
            delivered,
            left_out,
            availability: share(delivered, asked),
            availability_interval_95: proportion(delivered, asked),
            corrupt: failures.iter().filter(|one| is_integrity(one.class)).map(|one| one.count).sum(),
            first: ReadTimes::of(firsts),
            cached: ReadTimes::of(cached),
            cache_effect: effect(reads, |_| true),
            first_hits: reads.blobs.values().filter(|(first, _)| is_hit(first)).count() as u64,
            status_headers: headers(reads),
            cache_statuses: statuses(reads),
            offers,
            failures,
        }
    }

    /// Whether the times show a cache; `None` where there are too few.
    pub fn has_cache(&self) -> Option<bool> {
        match self.cache_effect?.effect() {
            Effect::Faster => Some(true),
            Effect::Slower | Effect::NoDifference => Some(false),
            Effect::TooFew => None,
        }
    }

    /// The median of its first reads in words.
    pub(super) fn first_words(&self) -> String {
        let Some(ReadTimes { median, interval }) = self.first else { return "no read succeeded".to_owned() };
        let time = |seconds: f64| units::duration(Duration::from_secs_f64(seconds));
        match interval {
            Some((low, high)) => format!("median {} ({}–{})", time(median), time(low), time(high)),
            None => format!("median {}", time(median)),
        }
    }
}

/// Whether a failure is about the bytes themselves.
const fn is_integrity(class: FailureClass) -> bool {
    matches!(class, FailureClass::Corrupt | FailureClass::Truncated | FailureClass::TooLong)
}

fn is_hit(sample: &Sample) -> bool {
    sample.outcome == Outcome::Read && sample.exchange.cache.cache_status.from_cache()
}

/// First ÷ cached time of the blobs whose cached read is `wanted`.
fn effect(reads: &Reads<'_>, wanted: impl Fn(&Sample) -> bool) -> Option<Ratio> {
    let pairs = reads.blobs.values().filter(|(first, _)| !is_hit(first));
    let pairs = pairs.filter_map(|(first, cached)| Some((seconds(first)?, (*cached)?)));
    Ratio::of(
        pairs
            .filter(|(_, cached)| wanted(cached))
            .filter_map(|(first, cached)| Some(first / seconds(cached)?)),
    )
}

/// The cached reads that delivered the blob.
fn cached_reads<'a>(reads: &'a Reads<'_>) -> impl Iterator<Item = &'a Sample> {
    reads.blobs.values().filter_map(|(_, cached)| *cached).filter(|sample| sample.outcome == Outcome::Read)
}

fn headers(reads: &Reads<'_>) -> BTreeMap<StatusHeader, u64> {
    let mut headers = BTreeMap::new();
    for header in cached_reads(reads).filter_map(|sample| sample.exchange.cache.status_header) {
        *headers.entry(header).or_default() += 1;
    }
    headers
}

fn statuses(reads: &Reads<'_>) -> Vec<StatusRow> {
    let mut counts: BTreeMap<CacheStatus, u64> = BTreeMap::new();
    for sample in cached_reads(reads) {
        *counts.entry(sample.exchange.cache.cache_status).or_default() += 1;
    }
    let row = |(cache_status, downloads)| {
        let observed = effect(reads, |cached| cached.exchange.cache.cache_status == cache_status);
        StatusRow { cache_status, downloads, observed, finding: Finding::of(cache_status, observed.as_ref()) }
    };
    counts.into_iter().map(row).collect()
}

fn failures(reads: &Reads<'_>) -> Vec<ClassOfFailures> {
    let mut classes: Vec<ClassOfFailures> = Vec::new();
    for failure in reads.samples().filter_map(|sample| sample.outcome.failure()) {
        match classes.iter_mut().find(|one| one.class == failure.class) {
            Some(known) => known.count += 1,
            None => classes.push(ClassOfFailures {
                class: failure.class,
                count: 1,
                example: failure.message.clone(),
            }),
        }
    }
    classes.sort_by_key(|one| std::cmp::Reverse(one.count));
    classes
}

/// The exact 95 % interval of a share; `None` of nothing.
fn proportion(part: u64, whole: u64) -> Option<(f64, f64)> {
    if whole == 0 {
        return None;
    }
    let quantile = |shape: (u64, u64), at: f64| {
        let beta = Beta::new(shape.0 as f64, shape.1 as f64).expect("both shapes are above 0");
        beta.inverse_cdf(at)
    };
    let low = if part == 0 { 0.0 } else { quantile((part, whole - part + 1), 0.025) };
    let high = if part == whole { 1.0 } else { quantile((part + 1, whole - part), 0.975) };
    Some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_the_published_exact_intervals() {
        // Clopper and Pearson's: 10 of 10, 0 of 10, 5 of 10, 38 of 40.
        for (part, whole, low, high) in
            [(10, 10, 0.6915, 1.0), (0, 10, 0.0, 0.3085), (5, 10, 0.1871, 0.8129), (38, 40, 0.8308, 0.9939)]
        {
            let found = proportion(part, whole).unwrap();
            assert!(
                (found.0 - low).abs() < 1e-4 && (found.1 - high).abs() < 1e-4,
                "{part}/{whole}: {found:?}"
            );
        }
        assert_eq!(proportion(0, 0), None);
    }
}

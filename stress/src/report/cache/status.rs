//! Compares the cache statuses of the headers with the times, which shows wrong ones.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    paired::{SERVICE, ratio},
    ratio::{Effect, Ratio},
};
use crate::{
    metrics::{
        Recording, StepKey,
        pairs::{Freshness, Pair},
        step_metrics::CacheStatusCounts,
    },
    plan::journey::Step,
    sample::{
        Novelty,
        cache::{CacheStatus, StatusHeader},
    },
};

/// The cache statuses of a run's downloads, compared with their times.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct StatusCheck {
    /// First downloads of blobs that are new to the run.
    #[serde(rename = "first_downloads")]
    pub firsts: u64,
    /// Those of them that were cache hits by their headers: no pairs.
    #[serde(rename = "first_downloads_already_cached")]
    pub contaminated: u64,
    /// Cached downloads of blobs that are new to the run.
    #[serde(rename = "cached_downloads")]
    pub cached: u64,
    /// The headers that had a status, and of how many cached downloads.
    pub status_headers: BTreeMap<StatusHeader, u64>,
    /// By the status of cached downloads.
    pub rows: Vec<StatusRow>,
    /// Hits and others, where there are both.
    pub mixture: Option<Mixture>,
    /// Pairs whose `Date` stood still, or whose `Age` grew with the time: the same cached response twice.
    #[serde(rename = "pairs_of_the_same_copy")]
    pub same_copy: u64,
    /// Pairs whose `Date` moved with the time.
    #[serde(rename = "pairs_dated_anew")]
    pub dated_anew: u64,
}

/// Cached downloads of which some were hits by their headers and others not: their common effect is that of neither.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Mixture {
    /// Those from a cache.
    pub hits: u64,
    /// All of them.
    pub of: u64,
    /// How much faster hits are than the first downloads of the same blobs; `None` without pairs.
    #[serde(rename = "hits_observed")]
    pub hit: Option<Ratio>,
    /// How much faster the others are.
    #[serde(rename = "others_observed")]
    pub other: Option<Ratio>,
}

impl Mixture {
    /// In words: `19 of 40 cached downloads were hits: 6.1 times faster (5.2–7.4, n = 19); the others: as fast (…)`.
    pub fn words(&self) -> String {
        let words =
            |ratio: Option<Ratio>| ratio.map_or_else(|| "not compared".to_owned(), |ratio| ratio.words());
        let Self { hits, of, hit, other } = *self;
        format!("{hits} of {of} cached downloads were hits: {}; the others: {}", words(hit), words(other))
    }
}

/// Cached downloads of one status.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StatusRow {
    /// The status.
    pub cache_status: CacheStatus,
    /// How many.
    pub downloads: u64,
    /// How much faster than the first downloads of the same blobs they were; `None` without pairs.
    pub observed: Option<Ratio>,
    /// Whether the times agree with the status.
    pub finding: Finding,
}

/// Whether the times agree with a cache status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, Serialize)]
#[serde(into = "&'static str")]
#[strum(serialize_all = "kebab-case")]
pub enum Finding {
    /// They agree.
    Consistent,
    /// Hits by their headers, but no faster.
    HitsNoFaster,
    /// Misses by their headers, but faster.
    MissesFaster,
    /// Without a status, but faster.
    SilentFaster,
    /// There are too few to compare.
    Unknown,
}

impl Finding {
    pub(in crate::report) fn of(cache_status: CacheStatus, observed: Option<&Ratio>) -> Self {
        match (cache_status, observed.map_or(Effect::TooFew, Ratio::effect)) {
            (_, Effect::TooFew) => Finding::Unknown,
            (CacheStatus::Hit | CacheStatus::Stale, Effect::Faster) => Finding::Consistent,
            (CacheStatus::Hit | CacheStatus::Stale, _) => Finding::HitsNoFaster,
            (CacheStatus::Miss | CacheStatus::Bypass, Effect::Faster) => Finding::MissesFaster,
            (CacheStatus::Unknown, Effect::Faster) => Finding::SilentFaster,
            (CacheStatus::Miss | CacheStatus::Bypass | CacheStatus::Unknown, _) => Finding::Consistent,
        }
    }
}

impl StatusCheck {
    /// Whether the headers of every cached download say that no cache had the blob.
    pub(super) fn are_all_misses(&self) -> bool {
        matches!(&self.rows[..], [StatusRow { cache_status: CacheStatus::Miss, .. }])
    }

    pub(super) fn of(recording: &Recording, pairs: &[&Pair], controls: &[&Pair]) -> Self {
        let (firsts, cached) =
            (cache_statuses(recording, Step::FIRST), cache_statuses(recording, Step::CACHED));
        let evidence = |wanted| pairs.iter().filter(|pair| pair.freshness == wanted).count() as u64;
        let all = [
            CacheStatus::Hit,
            CacheStatus::Stale,
            CacheStatus::Miss,
            CacheStatus::Bypass,
            CacheStatus::Unknown,
        ];
        let observed = |wanted: &dyn Fn(CacheStatus) -> bool| {
            let pairs: Vec<_> = pairs.iter().copied().filter(|pair| wanted(pair.cache_status)).collect();
            ratio(&pairs, SERVICE).map(|observed| observed.without(ratio(controls, SERVICE)))
        };
        let (hits, of) = (cached.from_cache(), cached.total());
        let mixture = (0 < hits && hits < of).then(|| Mixture {
            hits,
            of,
            hit: observed(&CacheStatus::from_cache),
            other: observed(&|status| !status.from_cache()),
        });
        let row = |cache_status| {
            let observed = observed(&|status| status == cache_status);
            let finding = Finding::of(cache_status, observed.as_ref());
            StatusRow { cache_status, downloads: cached.of(cache_status), observed, finding }
        };
        let headers = cached.by_header.iter().map(|(header, counts)| (*header, counts.values().sum()));
        Self {
            firsts: firsts.total(),
            contaminated: firsts.from_cache(),
            cached: cached.total(),
            status_headers: headers.collect(),
            mixture,
            rows: all.into_iter().map(row).filter(|row| row.downloads > 0).collect(),
            same_copy: evidence(Freshness::Unchanged),
            dated_anew: evidence(Freshness::Advanced),
        }
    }
}

/// The cache statuses of all downloads of this step, of blobs that are new to the run.
pub(in crate::report) fn cache_statuses(recording: &Recording, wanted: Step) -> CacheStatusCounts {
    let fresh = |key: &StepKey| key.step == wanted && key.novelty == Novelty::Fresh;
    let mut sum = CacheStatusCounts::default();
    let groups = recording.groups().filter(|(key, _)| fresh(key));
    groups.for_each(|(_, metrics)| sum.merge(&metrics.cache_statuses));
    sum
}

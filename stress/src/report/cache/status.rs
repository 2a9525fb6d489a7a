//! What headers claim, held against what the times show: a cache that says what is not so is found out.

use std::collections::BTreeMap;

use super::{Effect, Ratio, ratio};
use crate::{
    metrics::{
        Recording, StepKey,
        cache_status::CacheStatusCounts,
        pairs::{Freshness, Pair},
    },
    plan::journey::Step,
    sample::{
        Novelty,
        cache::{CacheStatus, StatusHeader},
    },
};

/// StatusCheck against observed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StatusCheck {
    /// First downloads of blobs that are new to the run.
    pub firsts: u64,
    /// Those of them that came from a cache already, if their headers are true: no pairs.
    pub contaminated: u64,
    /// Cached downloads of blobs that are new to the run.
    pub cached: u64,
    /// The headers that told of them, and of how many.
    pub status_headers: BTreeMap<StatusHeader, u64>,
    /// By what was said of cached downloads.
    pub rows: Vec<StatusRow>,
    /// Pairs whose `Date` stood still, or whose `Age` grew with the time: the same copy twice.
    pub same_copy: u64,
    /// Pairs whose `Date` moved with the time.
    pub dated_anew: u64,
}

/// Cached downloads of which the same was said.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusRow {
    /// What was said.
    pub cache_status: CacheStatus,
    /// How many.
    pub downloads: u64,
    /// How much faster than the first downloads of the same blobs they were; `None` without pairs.
    pub observed: Option<Ratio>,
    /// What that makes of the claim.
    pub finding: Finding,
}

/// What the times make of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// They show the same.
    Consistent,
    /// Hits are claimed, but they are no faster.
    HitsNoFaster,
    /// Misses are claimed, but they are faster.
    MissesFaster,
    /// Nothing is claimed, but they are faster.
    SilentFaster,
    /// Too few to say.
    Unknown,
}

impl Finding {
    fn of(cache_status: CacheStatus, observed: Option<&Ratio>) -> Self {
        match (cache_status, observed.map_or(Effect::TooFew, Ratio::effect)) {
            (_, Effect::TooFew) => Finding::Unknown,
            (CacheStatus::Hit | CacheStatus::Stale, Effect::Faster) => Finding::Consistent,
            (CacheStatus::Hit | CacheStatus::Stale, _) => Finding::HitsNoFaster,
            (CacheStatus::Miss | CacheStatus::Bypass, Effect::Faster) => Finding::MissesFaster,
            (CacheStatus::Unknown, Effect::Faster) => Finding::SilentFaster,
            (CacheStatus::Miss | CacheStatus::Bypass | CacheStatus::Unknown, _) => Finding::Consistent,
        }
    }

    /// Its name in documents.
    pub const fn label(self) -> &'static str {
        match self {
            Finding::Consistent => "borne-out",
            Finding::HitsNoFaster => "hits-no-faster",
            Finding::MissesFaster => "misses-faster",
            Finding::SilentFaster => "silent-but-faster",
            Finding::Unknown => "unknown",
        }
    }
}

impl StatusCheck {
    pub(super) fn of(recording: &Recording, pairs: &[&Pair], controls: &[&Pair]) -> Self {
        let (firsts, cached) =
            (cache_statuses(recording, Step::FIRST), cache_statuses(recording, Step::CACHED));
        let standing = |wanted| pairs.iter().filter(|pair| pair.standing == wanted).count() as u64;
        let all = [
            CacheStatus::Hit,
            CacheStatus::Stale,
            CacheStatus::Miss,
            CacheStatus::Bypass,
            CacheStatus::Unknown,
        ];
        let row = |cache_status| {
            let said: Vec<&Pair> =
                pairs.iter().copied().filter(|pair| pair.cache_status == cache_status).collect();
            let times = |pair: &Pair| Some((pair.first, pair.cached));
            let observed = ratio(&said, times).map(|observed| observed.without(ratio(controls, times)));
            let finding = Finding::of(cache_status, observed.as_ref());
            StatusRow { cache_status, downloads: cached.of(cache_status), observed, finding }
        };
        let told = cached.told.iter().map(|(status_header, counts)| (*status_header, counts.values().sum()));
        Self {
            firsts: firsts.total(),
            contaminated: firsts.from_cache(),
            cached: cached.total(),
            status_headers: told.collect(),
            rows: all.into_iter().map(row).filter(|row| row.downloads > 0).collect(),
            same_copy: standing(Freshness::Still),
            dated_anew: standing(Freshness::Moving),
        }
    }
}

/// What was said of all downloads of this step, of blobs that are new to the run.
pub(in crate::report) fn cache_statuses(recording: &Recording, wanted: Step) -> CacheStatusCounts {
    let fresh = |key: &StepKey| key.step == wanted && key.novelty == Novelty::Fresh;
    let step_metrics = recording.step_metrics.iter().filter(|(key, _)| fresh(key));
    step_metrics.flat_map(|(_, metrics)| metrics.cache_statuses.values()).fold(
        CacheStatusCounts::default(),
        |mut sum, cache_statuses| {
            sum.merge(cache_statuses);
            sum
        },
    )
}

//! What the headers of successful downloads said of caches, counted by header.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sample::cache::{CacheEvidence, CacheStatus, StatusHeader};

/// How often which header said what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheStatusCounts {
    /// By the header that said it.
    pub told: BTreeMap<StatusHeader, BTreeMap<CacheStatus, u64>>,
    /// Downloads whose headers said nothing.
    pub unknown: u64,
}

impl CacheStatusCounts {
    /// All downloads.
    pub fn total(&self) -> u64 {
        self.unknown + self.told.values().flat_map(BTreeMap::values).sum::<u64>()
    }

    /// Downloads of which this was said, whichever header did.
    pub fn of(&self, cache_status: CacheStatus) -> u64 {
        let told = self.told.values().filter_map(|counts| counts.get(&cache_status)).sum();
        if cache_status == CacheStatus::Unknown { self.unknown } else { told }
    }

    /// Downloads that a cache has answered, if the headers are true.
    pub fn from_cache(&self) -> u64 {
        self.of(CacheStatus::Hit) + self.of(CacheStatus::Stale)
    }

    pub(super) fn enter(&mut self, evidence: &CacheEvidence) {
        match evidence.status_header {
            Some(status_header) => {
                *self.told.entry(status_header).or_default().entry(evidence.cache_status).or_default() += 1
            }
            None => self.unknown += 1,
        }
    }

    /// Adds what `other` counted.
    pub fn merge(&mut self, other: &CacheStatusCounts) {
        self.unknown += other.unknown;
        for (status_header, counts) in &other.told {
            let own = self.told.entry(*status_header).or_default();
            counts.iter().for_each(|(cache_status, count)| *own.entry(*cache_status).or_default() += count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_counted_by_header_and_merged() {
        let said = |cache_status, status_header| CacheEvidence {
            cache_status,
            status_header,
            ..CacheEvidence::default()
        };
        let mut cache_statuses = CacheStatusCounts::default();
        cache_statuses.enter(&said(CacheStatus::Hit, Some(StatusHeader::XCache)));
        cache_statuses.enter(&said(CacheStatus::Stale, Some(StatusHeader::CfCacheStatus)));
        cache_statuses.enter(&CacheEvidence::default());
        let mut both = cache_statuses.clone();
        both.merge(&cache_statuses);
        let counts = |cache_statuses: &CacheStatusCounts| {
            (
                cache_statuses.total(),
                cache_statuses.from_cache(),
                cache_statuses.of(CacheStatus::Miss),
                cache_statuses.unknown,
            )
        };
        assert_eq!((counts(&cache_statuses), counts(&both)), ((3, 2, 0, 1), (6, 4, 0, 2)));
        let written = serde_json::to_value(&cache_statuses).unwrap();
        assert_eq!(written["told"]["x-cache"]["hit"], 1);
        assert_eq!(serde_json::from_value::<CacheStatusCounts>(written).unwrap(), cache_statuses);
    }
}

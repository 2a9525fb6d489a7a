//! What the headers of successful downloads said of caches, counted by header.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sample::cache::{CacheEvidence, Claim, Teller};

/// How often which header said what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// By the header that said it.
    pub told: BTreeMap<Teller, BTreeMap<Claim, u64>>,
    /// Downloads whose headers said nothing.
    pub untold: u64,
}

impl Claims {
    /// All downloads.
    pub fn total(&self) -> u64 {
        self.untold + self.told.values().flat_map(BTreeMap::values).sum::<u64>()
    }

    /// Downloads of which this was said, whichever header did.
    pub fn of(&self, claim: Claim) -> u64 {
        let told = self.told.values().filter_map(|counts| counts.get(&claim)).sum();
        if claim == Claim::Untold { self.untold } else { told }
    }

    /// Downloads that a cache has answered, if the headers are true.
    pub fn from_cache(&self) -> u64 {
        self.of(Claim::Hit) + self.of(Claim::Stale)
    }

    pub(super) fn enter(&mut self, evidence: &CacheEvidence) {
        match evidence.told_by {
            Some(teller) => *self.told.entry(teller).or_default().entry(evidence.claim).or_default() += 1,
            None => self.untold += 1,
        }
    }

    /// Adds what `other` counted.
    pub fn merge(&mut self, other: &Claims) {
        self.untold += other.untold;
        for (teller, counts) in &other.told {
            let own = self.told.entry(*teller).or_default();
            counts.iter().for_each(|(claim, count)| *own.entry(*claim).or_default() += count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_counted_by_header_and_merged() {
        let said = |claim, told_by| CacheEvidence { claim, told_by, ..CacheEvidence::default() };
        let mut claims = Claims::default();
        claims.enter(&said(Claim::Hit, Some(Teller::XCache)));
        claims.enter(&said(Claim::Stale, Some(Teller::CfCacheStatus)));
        claims.enter(&CacheEvidence::default());
        let mut both = claims.clone();
        both.merge(&claims);
        let counts =
            |claims: &Claims| (claims.total(), claims.from_cache(), claims.of(Claim::Miss), claims.untold);
        assert_eq!((counts(&claims), counts(&both)), ((3, 2, 0, 1), (6, 4, 0, 2)));
        let written = serde_json::to_value(&claims).unwrap();
        assert_eq!(written["told"]["x-cache"]["hit"], 1);
        assert_eq!(serde_json::from_value::<Claims>(written).unwrap(), claims);
    }
}

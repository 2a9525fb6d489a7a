//! What headers claim, held against what the times show: a cache that says what is not so is found out.

use std::collections::BTreeMap;

use super::{Ratio, Verdict, ratio};
use crate::{
    plan::journey::Step,
    record::{
        LedgerKey, Recording,
        claims::Claims,
        pairs::{Pair, Standing},
    },
    sample::{
        Novelty,
        cache::{Claim, Teller},
    },
};

/// Claimed against observed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Claimed {
    /// First downloads of blobs that are new to the run.
    pub firsts: u64,
    /// Those of them that came from a cache already, if their headers are true: no pairs.
    pub contaminated: u64,
    /// Cached downloads of blobs that are new to the run.
    pub cached: u64,
    /// The headers that told of them, and of how many.
    pub tellers: BTreeMap<Teller, u64>,
    /// By what was said of cached downloads.
    pub rows: Vec<Row>,
    /// Pairs whose `Date` stood still, or whose `Age` grew with the time: the same copy twice.
    pub same_copy: u64,
    /// Pairs whose `Date` moved with the time.
    pub dated_anew: u64,
}

/// Cached downloads of which the same was said.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What was said.
    pub claim: Claim,
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
    Borne,
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
    fn of(claim: Claim, observed: Option<&Ratio>) -> Self {
        match (claim, observed.map_or(Verdict::TooFew, Ratio::verdict)) {
            (_, Verdict::TooFew) => Finding::Unknown,
            (Claim::Hit | Claim::Stale, Verdict::Faster) => Finding::Borne,
            (Claim::Hit | Claim::Stale, _) => Finding::HitsNoFaster,
            (Claim::Miss | Claim::Bypass, Verdict::Faster) => Finding::MissesFaster,
            (Claim::Untold, Verdict::Faster) => Finding::SilentFaster,
            (Claim::Miss | Claim::Bypass | Claim::Untold, _) => Finding::Borne,
        }
    }

    /// Its name in documents.
    pub const fn label(self) -> &'static str {
        match self {
            Finding::Borne => "borne-out",
            Finding::HitsNoFaster => "hits-no-faster",
            Finding::MissesFaster => "misses-faster",
            Finding::SilentFaster => "silent-but-faster",
            Finding::Unknown => "unknown",
        }
    }
}

impl Claimed {
    pub(super) fn of(recording: &Recording, pairs: &[&Pair], controls: &[&Pair]) -> Self {
        let (firsts, cached) = (claims(recording, Step::FIRST), claims(recording, Step::CACHED));
        let standing = |wanted| pairs.iter().filter(|pair| pair.standing == wanted).count() as u64;
        let all = [Claim::Hit, Claim::Stale, Claim::Miss, Claim::Bypass, Claim::Untold];
        let row = |claim| {
            let said: Vec<&Pair> = pairs.iter().copied().filter(|pair| pair.claim == claim).collect();
            let times = |pair: &Pair| Some((pair.first, pair.cached));
            let observed = ratio(&said, times).map(|observed| observed.without(ratio(controls, times)));
            let finding = Finding::of(claim, observed.as_ref());
            Row { claim, downloads: cached.of(claim), observed, finding }
        };
        let told = cached.told.iter().map(|(teller, counts)| (*teller, counts.values().sum()));
        Self {
            firsts: firsts.total(),
            contaminated: firsts.from_cache(),
            cached: cached.total(),
            tellers: told.collect(),
            rows: all.into_iter().map(row).filter(|row| row.downloads > 0).collect(),
            same_copy: standing(Standing::Still),
            dated_anew: standing(Standing::Moving),
        }
    }
}

/// What was said of all downloads of this step, of blobs that are new to the run.
pub(in crate::report) fn claims(recording: &Recording, wanted: Step) -> Claims {
    let fresh = |key: &LedgerKey| key.step == wanted && key.novelty == Novelty::Fresh;
    let ledgers = recording.ledgers.iter().filter(|(key, _)| fresh(key));
    ledgers.flat_map(|(_, ledger)| ledger.claims.values()).fold(Claims::default(), |mut sum, claims| {
        sum.merge(claims);
        sum
    })
}

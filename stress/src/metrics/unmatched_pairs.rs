//! First and cached reads of the same blobs when they lie in different phases: each kind is sampled by the same hash, so
//! that what is kept of the one meets what is kept of the other, in bounded memory.

use std::collections::BTreeMap;

use super::{
    bottom_k::{Key, keep},
    pairs::{CAPACITY, Pair, Pairs, ReadFact},
};

/// The reads that still look for their other half.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UnmatchedPairs {
    first: BTreeMap<Key, ReadFact>,
    cached: BTreeMap<Key, ReadFact>,
    /// Cached reads, kept or not; each has a first one.
    pairs: u64,
}

impl UnmatchedPairs {
    pub(super) fn enter_first(&mut self, half: ReadFact) {
        keep(&mut self.first, half.index, half, CAPACITY);
    }

    /// Enters a cached read of a blob whose first one was entered, here or elsewhere.
    pub(super) fn enter_cached(&mut self, half: ReadFact) {
        keep(&mut self.cached, half.index, half, CAPACITY);
        self.pairs += 1;
    }

    pub(super) fn merge(&mut self, other: UnmatchedPairs) {
        other.first.into_values().for_each(|half| keep(&mut self.first, half.index, half, CAPACITY));
        other.cached.into_values().for_each(|half| keep(&mut self.cached, half.index, half, CAPACITY));
        self.pairs += other.pairs;
    }

    /// The pairs that come together. First reads without a cached one may have taken the places of others: then it is
    /// fewer than could be kept, but still an even sample, that of all pairs up to some hash.
    pub(super) fn join(self) -> Pairs {
        let pair = |(key, cached): (Key, ReadFact)| Pair::of(self.first.get(&key)?, &cached, None);
        Pairs::restore(self.pairs, self.cached.into_iter().filter_map(pair))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        plan::journey::Step,
        sample::{ExchangeRecord, Novelty, Outcome, Sample, Timing},
    };

    /// A read that took this long; the first half of it to its first byte.
    fn half(index: u64, millis: u64) -> ReadFact {
        let at = |millis| Duration::from_millis(millis);
        ReadFact::of(&Sample {
            phase: 0,
            index,
            step: Step::FIRST,
            attempt: 1,
            novelty: Novelty::Fresh,
            target: 1,
            blob_id: None,
            size: index,
            exchange: ExchangeRecord {
                timing: Timing {
                    first_byte: Some(at(millis / 2)),
                    finished: at(millis),
                    ..Timing::default()
                },
                bytes_received: index,
                ..ExchangeRecord::default()
            },
            outcome: Outcome::Read,
        })
        .unwrap()
    }

    /// Reads of this many blobs; of each ninth one there is no cached one.
    fn recorded(blobs: u64, parts: usize) -> Vec<UnmatchedPairs> {
        let mut unmatched_pairs = vec![UnmatchedPairs::default(); parts];
        let part = |index: u64, factor: u64| usize::try_from(index * factor % parts as u64).unwrap();
        for index in 0..blobs {
            unmatched_pairs[part(index, 5)].enter_first(half(index, 100 + index));
            if index % 9 > 0 {
                unmatched_pairs[part(index, 7)].enter_cached(half(index, index));
            }
        }
        unmatched_pairs
    }

    fn merged(parts: impl IntoIterator<Item = UnmatchedPairs>) -> UnmatchedPairs {
        let mut whole = UnmatchedPairs::default();
        parts.into_iter().for_each(|part| whole.merge(part));
        whole
    }

    #[test]
    fn both_reads_of_a_blob_meet_whoever_recorded_them() {
        let pairs = merged(recorded(100, 3)).join();
        assert_eq!((pairs.seen(), pairs.iter().count()), (88, 88));
        for pair in pairs.iter() {
            let Pair { index, size, target, first, cached, .. } = *pair;
            assert!(index % 9 > 0 && size == index && target == 1);
            let millis = Duration::from_millis;
            assert_eq!((first, cached), (millis(100 + index), millis(index)), "{index}");
        }
    }

    #[test]
    fn of_very_many_an_even_sample_meets_the_same_in_any_order() {
        let whole = merged(recorded(50_000, 1));
        let [a, b, c] = <[UnmatchedPairs; 3]>::try_from(recorded(50_000, 3)).unwrap();
        let left = merged([merged([a.clone(), b.clone()]), c.clone()]);
        let right = merged([c, merged([b, a])]);
        assert_eq!(left, whole);
        assert_eq!(right, whole);
        let pairs = whole.join();
        assert_eq!(pairs.seen(), 50_000 - 5_556);
        // Those whose cached read is missing leave about a ninth of the places empty.
        let kept = pairs.iter().count();
        assert!((3_500..=3_800).contains(&kept), "{kept}");
        let low = pairs.iter().filter(|pair| pair.index < 25_000).count();
        // An even split, within five standard deviations.
        assert!((kept / 2).abs_diff(low) < 160, "{low} of {kept}");
    }
}

//! First and cached reads of the same blobs, as a sample of bounded size that is the same whoever records.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

/// The most pairs that are kept.
const CAPACITY: usize = 4096;

/// The two reads of one blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// The blob's index.
    pub index: u64,
    /// The blob's size in bytes.
    pub size: u64,
    /// The aggregator's position in the plan.
    pub target: usize,
    /// The first read's response time.
    pub first: Duration,
    /// The cached read's response time.
    pub cached: Duration,
}

/// An index behind its hash.
pub(super) type Key = (u64, u64);

/// A bottom-k sample of pairs: those whose index hashes lowest, however they were collected.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pairs {
    seen: u64,
    kept: BTreeMap<Key, Pair>,
}

impl Pairs {
    /// The sample that `kept` was taken from: `seen` pairs, of which these were kept.
    pub fn restore(seen: u64, kept: impl IntoIterator<Item = Pair>) -> Self {
        let mut pairs = Self { seen, kept: BTreeMap::new() };
        kept.into_iter().for_each(|pair| pairs.keep(pair));
        pairs
    }

    /// How many pairs there were.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The kept pairs, in an order that chance decided.
    pub fn iter(&self) -> impl Iterator<Item = &Pair> {
        self.kept.values()
    }

    pub(super) fn enter(&mut self, pair: Pair) {
        self.seen += 1;
        self.keep(pair);
    }

    pub(super) fn merge(&mut self, other: Pairs) {
        self.seen += other.seen;
        other.kept.into_values().for_each(|pair| self.keep(pair));
    }

    fn keep(&mut self, pair: Pair) {
        keep(&mut self.kept, pair.index, pair);
    }
}

/// Keeps what belongs to blob `index`, as long as that is among those whose index hashes lowest.
pub(super) fn keep<T>(kept: &mut BTreeMap<Key, T>, index: u64, what: T) {
    let key = (mix(index), index);
    let full = kept.len() >= CAPACITY;
    if full && kept.last_key_value().is_some_and(|(last, _)| key > *last) {
        return;
    }
    kept.insert(key, what);
    if kept.len() > CAPACITY {
        kept.pop_last();
    }
}

/// SplitMix64's finalizer (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
fn mix(index: u64) -> u64 {
    let mut x = index.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(index: u64) -> Pair {
        Pair {
            index,
            size: 1,
            target: 0,
            first: Duration::from_millis(index),
            cached: Duration::from_millis(1),
        }
    }

    #[test]
    fn the_sample_is_the_same_whoever_recorded_which_part() {
        let mut whole = Pairs::default();
        let mut parts = [Pairs::default(), Pairs::default(), Pairs::default()];
        for index in 0..20_000 {
            whole.enter(pair(index));
            parts[usize::try_from(index * 7 % 3).unwrap()].enter(pair(index));
        }
        let [mut a, b, c] = parts;
        a.merge(c);
        a.merge(b);
        assert_eq!(a, whole);
        assert_eq!((whole.seen(), whole.iter().count()), (20_000, CAPACITY));
    }
}

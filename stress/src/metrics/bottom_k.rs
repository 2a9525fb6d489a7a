//! A sample of bounded size that is the same whoever records which part: the rows whose index hashes lowest.

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::plan::draw::mix;

/// A row of such a sample, which is a line of numbers in a document: thousands of objects would be most of it.
pub trait Row: Copy + Display + FromStr<Err = String> {
    /// The names of what a line holds.
    const COLUMNS: &'static str;

    /// The blob's index, by whose hash rows are chosen.
    fn index(&self) -> u64;
}

/// An index behind its hash.
pub(super) type Key = (u64, u64);

/// A bottom-k sample of at most `K` rows: merged, it is what one recorder of everything would have kept.
#[derive(Debug, Clone, PartialEq)]
pub struct BottomK<T, const K: usize> {
    seen: u64,
    kept: BTreeMap<Key, T>,
    /// What hashes higher than this is not kept: most of a long run is told from this alone.
    highest: u64,
}

impl<T, const K: usize> Default for BottomK<T, K> {
    fn default() -> Self {
        Self { seen: 0, kept: BTreeMap::new(), highest: u64::MAX }
    }
}

impl<T: Row, const K: usize> BottomK<T, K> {
    /// The sample that `kept` was taken from: `seen` rows, of which these were kept.
    pub fn restore(seen: u64, kept: impl IntoIterator<Item = T>) -> Self {
        let mut sample = Self { seen, ..Self::default() };
        kept.into_iter().for_each(|row| sample.keep(row));
        sample
    }

    /// How many rows there were.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The kept rows, in an order that chance decided.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.kept.values()
    }

    pub(super) fn enter(&mut self, row: T) {
        self.enter_with(row.index(), || row);
    }

    /// Enters the row of blob `index`, which is only made when it may be kept.
    pub(super) fn enter_with(&mut self, index: u64, row: impl FnOnce() -> T) {
        self.seen += 1;
        if mix(index) <= self.highest {
            self.keep(row());
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        if self.seen == 0 {
            *self = other;
            return;
        }
        self.seen += other.seen;
        other.kept.into_values().for_each(|row| self.keep(row));
    }

    fn keep(&mut self, row: T) {
        keep(&mut self.kept, row.index(), row, K);
        if self.kept.len() == K {
            self.highest = self.kept.last_key_value().map_or(u64::MAX, |((hash, _), _)| *hash);
        }
    }
}

/// Keeps what belongs to blob `index`, as long as that is among the `most` whose index hashes lowest.
pub(super) fn keep<T>(kept: &mut BTreeMap<Key, T>, index: u64, what: T, most: usize) {
    let key = (mix(index), index);
    let full = kept.len() >= most;
    if full && kept.last_key_value().is_some_and(|(last, _)| key > *last) {
        return;
    }
    kept.insert(key, what);
    if kept.len() > most {
        kept.pop_last();
    }
}

/// A [`BottomK`] in a document.
#[derive(Serialize, Deserialize)]
struct BottomKDoc {
    seen: u64,
    #[serde(default)]
    columns: String,
    kept: Vec<String>,
}

impl<T: Row, const K: usize> Serialize for BottomK<T, K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kept = self.iter().map(T::to_string).collect();
        BottomKDoc { seen: self.seen, columns: T::COLUMNS.to_owned(), kept }.serialize(serializer)
    }
}

impl<'de, T: Row, const K: usize> Deserialize<'de> for BottomK<T, K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let BottomKDoc { seen, kept, .. } = BottomKDoc::deserialize(deserializer)?;
        let rows = kept.iter().map(|line| line.parse()).collect::<Result<Vec<T>, _>>();
        Ok(Self::restore(seen, rows.map_err(de::Error::custom)?))
    }
}

#[cfg(test)]
mod tests {
    use crate::metrics::costs::{Cost, Costs};

    #[test]
    fn the_sample_is_the_same_whoever_recorded_which_part() {
        let row = |index| Cost { index, size: index * 3, ..Cost::default() };
        let mut whole = Costs::default();
        let mut parts = [Costs::default(), Costs::default(), Costs::default()];
        for index in 0..20_000 {
            whole.enter(row(index));
            parts[usize::try_from(index * 7 % 3).unwrap()].enter(row(index));
        }
        let [mut a, b, c] = parts;
        a.merge(c);
        a.merge(b);
        assert_eq!(a, whole);
        assert_eq!((whole.seen(), whole.iter().count()), (20_000, 256));
        let written = serde_json::to_string(&whole).unwrap();
        assert_eq!(serde_json::from_str::<Costs>(&written).unwrap(), whole);
    }
}

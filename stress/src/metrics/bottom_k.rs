//! A bottom-k sample: the rows whose index hashes lowest. Its size is bounded, and it does not depend on which thread or
//! machine recorded which part.

use std::collections::BTreeMap;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error as _},
    ser::Error as _,
};

use super::count::{Count, add};
use crate::plan::random::mix;

/// A row of such a sample. In a document it is a line of CSV: thousands of objects would be most of it.
pub trait Row: Copy + Serialize + DeserializeOwned {
    /// The blob's index, by whose hash rows are chosen.
    fn index(&self) -> u64;
}

/// A bottom-k sample of at most `K` rows: merged, it is what one recorder of everything would have kept.
#[derive(Debug, Clone, PartialEq)]
pub struct BottomK<T, const K: usize> {
    seen: u64,
    /// By the hash of the index.
    kept: BTreeMap<u64, T>,
    /// A row with a higher hash is not kept. Most rows of a long run are decided by this comparison alone.
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

    /// The kept rows, in random order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.kept.values()
    }

    pub(super) fn record(&mut self, row: T) {
        self.record_with(row.index(), || row);
    }

    /// Records the row of blob `index`, which is only made when it may be kept.
    pub(super) fn record_with(&mut self, index: u64, row: impl FnOnce() -> T) {
        self.seen += 1;
        if mix(index) <= self.highest {
            self.keep(row());
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        add(&mut self.seen, other.seen);
        other.kept.into_values().for_each(|row| self.keep(row));
    }

    fn keep(&mut self, row: T) {
        keep(&mut self.kept, row.index(), row, K);
        if self.kept.len() == K {
            self.highest = self.kept.last_key_value().map_or(u64::MAX, |(hash, _)| *hash);
        }
    }
}

/// Keeps what belongs to blob `index`, by its hash, while that is among the `most` whose index hashes lowest.
pub(super) fn keep<T>(kept: &mut BTreeMap<u64, T>, index: u64, what: T, most: usize) {
    // A bijection: no two blobs have the same hash.
    let hash = mix(index);
    if kept.len() >= most && kept.last_key_value().is_some_and(|(last, _)| hash > *last) {
        return;
    }
    kept.insert(hash, what);
    if kept.len() > most {
        kept.pop_last();
    }
}

/// [`BottomK`] in a document.
#[serde_with::serde_as]
#[derive(Serialize, Deserialize)]
struct Document {
    #[serde_as(as = "Count")]
    seen: u64,
    /// Lines of CSV, the first with the names of the columns.
    rows: Vec<String>,
}

impl<T: Row, const K: usize> Serialize for BottomK<T, K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        self.iter().try_for_each(|row| writer.serialize(row)).map_err(S::Error::custom)?;
        let csv = String::from_utf8(writer.into_inner().map_err(S::Error::custom)?);
        let rows = csv.map_err(S::Error::custom)?.lines().map(str::to_owned).collect();
        Document { seen: self.seen, rows }.serialize(serializer)
    }
}

impl<'de, T: Row, const K: usize> Deserialize<'de> for BottomK<T, K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Document { seen, rows } = Document::deserialize(deserializer)?;
        let rows: Result<Vec<T>, _> =
            csv::Reader::from_reader(rows.join("\n").as_bytes()).deserialize().collect();
        Ok(Self::restore(seen, rows.map_err(D::Error::custom)?))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::metrics::step_metrics::{Cost, Costs};

    #[test]
    fn the_sample_does_not_depend_on_who_recorded_which_part() {
        let row = |index| Cost { index, size: index * 3, ..Cost::default() };
        let mut whole = Costs::default();
        let mut parts = [Costs::default(), Costs::default(), Costs::default()];
        for index in 0..20_000 {
            whole.record(row(index));
            parts[usize::try_from(index * 7 % 3).unwrap()].record(row(index));
        }
        let [mut a, b, c] = parts;
        a.merge(c);
        a.merge(b);
        assert_eq!(a, whole);
        assert_eq!((whole.seen(), whole.iter().count()), (20_000, 256));
        let written = serde_json::to_string(&whole).unwrap();
        assert_eq!(serde_json::from_str::<Costs>(&written).unwrap(), whole);
    }

    #[test]
    fn rows_are_lines_that_are_read_back_and_others_are_refused() {
        let columns = "index,size_bytes,service_nanoseconds,send_nanoseconds,wait_nanoseconds";
        let read = |seen: u64, rows: &[&str]| {
            serde_json::from_value::<Costs>(serde_json::json!({ "seen": seen, "rows": rows }))
        };
        let costs = read(9, &[columns, "7,1024,30,20,10"]).unwrap();
        let nanos = Duration::from_nanos;
        let cost = Cost { index: 7, size: 1024, service: nanos(30), send: nanos(20), wait: nanos(10) };
        assert_eq!((costs.seen(), costs.iter().collect::<Vec<_>>()), (9, vec![&cost]));
        assert_eq!(serde_json::to_value(&costs).unwrap()["rows"][1], "7,1024,30,20,10");
        assert_eq!(read(0, &[]).unwrap(), Costs::default());
        for wrong in
            ["1,2,3,4", "1,2,3,4,5,6", "1,2,3,4,x", "-1,2,3,4,5", "1,2,3,4,", "1,2,3,4,18446744073709551616"]
        {
            assert!(read(1, &[columns, wrong]).is_err(), "{wrong}");
        }
        assert!(read(1, &["index", "1"]).is_err());
        assert!(
            read(u64::MAX, &[columns]).unwrap_err().to_string().contains("more than a run can have counted")
        );
    }
}

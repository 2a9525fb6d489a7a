//! The counts of a distribution that nothing is recorded in any more, in two or three bytes a bucket.

use crate::metrics::leb128::{read, write};

/// Counts by bucket: for each bucket that holds something, ascending, the distance from the one before and the count.
#[derive(Debug, Clone, Default)]
pub(super) struct Packed(Vec<u8>);

impl Packed {
    /// These counts, whose buckets ascend.
    pub(super) fn of(counts: impl IntoIterator<Item = (usize, u64)>) -> Self {
        let (mut bytes, mut before) = (Vec::new(), 0);
        for (bucket, count) in counts {
            write((bucket - before) as u64, &mut bytes);
            write(count, &mut bytes);
            before = bucket;
        }
        bytes.shrink_to_fit();
        Self(bytes)
    }

    /// The counts by bucket, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let (mut bytes, mut bucket) = (self.0.as_slice(), 0);
        std::iter::from_fn(move || {
            bucket += usize::try_from(read(&mut bytes)?).ok()?;
            Some((bucket, read(&mut bytes)?))
        })
    }

    /// How many bytes it takes.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.0.capacity()
    }

    /// The sums of both.
    pub(super) fn merged(&self, other: &Self) -> Self {
        let (mut ours, mut theirs) = (self.iter().peekable(), other.iter().peekable());
        Self::of(std::iter::from_fn(|| match (ours.peek().copied(), theirs.peek().copied()) {
            (Some((bucket, count)), Some((other, more))) if bucket == other => {
                ours.next();
                theirs.next();
                Some((bucket, count.saturating_add(more)))
            }
            (Some((bucket, _)), Some((other, _))) if other < bucket => theirs.next(),
            (Some(_), _) => ours.next(),
            (None, _) => theirs.next(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counts_are_read_back_and_add_up(
            one in prop::collection::btree_map(0_usize..60_000, 1_u64..1 << 40, 0..80),
            other in prop::collection::btree_map(0_usize..60_000, 1_u64..1 << 40, 0..80),
        ) {
            let (ours, theirs) = (Packed::of(one.clone()), Packed::of(other.clone()));
            prop_assert_eq!(ours.iter().collect::<BTreeMap<_, _>>(), one.clone());
            let mut sum = one;
            other.into_iter().for_each(|(bucket, count)| *sum.entry(bucket).or_default() += count);
            prop_assert_eq!(ours.merged(&theirs).iter().collect::<Vec<_>>(), sum.into_iter().collect::<Vec<_>>());
        }
    }
}

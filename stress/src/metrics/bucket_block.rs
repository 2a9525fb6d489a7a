//! The counts of the buckets between a value and twice that value: of few, those that hold something; of many, all; and in
//! no more bits than they need.

use super::histogram::BITS;

/// So many buckets lie between a value and twice that value.
pub(super) const OCTAVE: usize = 1 << BITS;

/// So many of them are few: they take half of what all would. A run's rare long latencies, each in a bucket of its own,
/// so take little more for as long as it goes on.
const FEW: usize = 256;

/// Counts by the bucket's place; it is told by them alone which kind holds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BucketBlock {
    /// In the order of their places, each at least one.
    Few(Vec<(u16, u32)>),
    /// More than [`FEW`].
    Many(Box<[u32; OCTAVE]>),
    /// At least one that needs more bits.
    High(Box<[u64; OCTAVE]>),
}

impl Default for BucketBlock {
    fn default() -> Self {
        BucketBlock::Few(Vec::new())
    }
}

impl BucketBlock {
    /// Adds to the bucket at this place, which is below [`OCTAVE`].
    pub(super) fn add(&mut self, place: usize, more: u64) {
        let added = match (&mut *self, u32::try_from(more)) {
            (BucketBlock::High(counts), _) => {
                counts[place] += more;
                return;
            }
            (BucketBlock::Many(counts), Ok(more)) => raise(&mut counts[place], more),
            (BucketBlock::Few(counts), Ok(more)) => add(counts, place, more),
            (_, Err(_)) => Added::TooHigh,
        };
        match added {
            Added::Done => return,
            Added::TooMany => {
                *self = BucketBlock::Many(self.all(|count| u32::try_from(count).unwrap_or(u32::MAX)))
            }
            Added::TooHigh => *self = BucketBlock::High(self.all(|count| count)),
        }
        self.add(place, more);
    }

    /// Adds all of another's.
    pub(super) fn merge(&mut self, other: &BucketBlock) {
        match (&mut *self, other) {
            (BucketBlock::Few(ours), theirs) if ours.is_empty() => self.clone_from(theirs),
            (BucketBlock::Many(ours), BucketBlock::Many(theirs))
                if ours
                    .iter()
                    .zip(theirs.iter())
                    .all(|(ours, theirs)| ours.checked_add(*theirs).is_some()) =>
            {
                ours.iter_mut().zip(theirs.iter()).for_each(|(ours, theirs)| *ours += theirs);
            }
            _ => other.counts().for_each(|(place, count)| self.add(place, count)),
        }
    }

    /// The buckets that hold something: (place, count).
    pub(super) fn counts(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let (few, many, high) = match self {
            BucketBlock::Few(counts) => (counts.as_slice(), &[][..], &[][..]),
            BucketBlock::Many(counts) => (&[][..], &counts[..], &[][..]),
            BucketBlock::High(counts) => (&[][..], &[][..], &counts[..]),
        };
        let few = few.iter().map(|&(place, count)| (usize::from(place), u64::from(count)));
        let all = many.iter().copied().map(u64::from).chain(high.iter().copied());
        few.chain(all.enumerate().filter(|(_, count)| *count > 0))
    }

    fn all<T: Copy + Default>(&self, count: impl Fn(u64) -> T) -> Box<[T; OCTAVE]> {
        let mut all = Box::new([T::default(); OCTAVE]);
        self.counts().for_each(|(place, counted)| all[place] = count(counted));
        all
    }
}

/// What became of counts that were to grow.
enum Added {
    /// They have grown.
    Done,
    /// They would be no longer few.
    TooMany,
    /// One would need more bits.
    TooHigh,
}

fn add(counts: &mut Vec<(u16, u32)>, place: usize, more: u32) -> Added {
    let number = u16::try_from(place).expect("an bucket_block's places have ten bits");
    match counts.binary_search_by_key(&number, |&(place, _)| place) {
        Ok(at) => raise(&mut counts[at].1, more),
        Err(_) if counts.len() == FEW => Added::TooMany,
        Err(at) => {
            counts.insert(at, (number, more));
            Added::Done
        }
    }
}

fn raise(count: &mut u32, more: u32) -> Added {
    let Some(sum) = count.checked_add(more) else { return Added::TooHigh };
    *count = sum;
    Added::Done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(counts: impl IntoIterator<Item = (usize, u64)>) -> BucketBlock {
        let mut bucket_block = BucketBlock::default();
        counts.into_iter().for_each(|(place, count)| bucket_block.add(place, count));
        bucket_block
    }

    #[test]
    fn few_become_many_and_nothing_is_lost() {
        // 7 and 1,024 have no divisor in common: every place once, in no order.
        let places = || (0..OCTAVE).map(|step| step * 7 % OCTAVE);
        for many in [0, 1, FEW, FEW + 1, OCTAVE] {
            let bucket_block = of(places().take(many).chain(places().take(many)).map(|place| (place, 3)));
            assert_eq!(matches!(bucket_block, BucketBlock::Few(_)), many <= FEW, "{many}");
            let mut expected: Vec<_> = places().take(many).map(|place| (place, 6)).collect();
            expected.sort_unstable();
            assert_eq!(bucket_block.counts().collect::<Vec<_>>(), expected, "{many}");
        }
    }

    #[test]
    fn a_count_has_64_bits() {
        let most = u64::from(u32::MAX);
        let all = || (0..OCTAVE).map(|place| (place, 1));
        for before in [of([]), of(all())] {
            let had = before.counts().find(|(place, _)| *place == 5).map_or(0, |(_, count)| count);
            for counts in [[most, 1], [1, most], [most + 1, 0], [most, most]] {
                let (mut added, mut merged) = (before.clone(), before.clone());
                for count in counts {
                    added.add(5, count);
                    merged.merge(&of([(5, count)].into_iter().filter(|_| count > 0)));
                }
                let expected = had + counts[0] + counts[1];
                assert_eq!(added.counts().find(|(place, _)| *place == 5), Some((5, expected)));
                assert!(matches!(added, BucketBlock::High(_)), "{counts:?}");
                assert_eq!(added, merged);
            }
        }
        assert_eq!(of([(5, most)]), BucketBlock::Few(vec![(5, u32::MAX)]));
    }

    #[test]
    fn octaves_of_every_kind_merge_to_what_one_would_have_counted() {
        let few = || (0..OCTAVE).step_by(100).map(|place| (place, 2));
        let many = || (0..OCTAVE).skip(1).map(|place| (place, 3));
        let high = || [(7, u64::from(u32::MAX) - 1), (9, 1 << 40)].into_iter();
        let kinds: [Vec<(usize, u64)>; 5] = [
            Vec::new(),
            few().collect(),
            many().collect(),
            high().collect(),
            // Few and low, but too high with any other that has a 7.
            high().take(1).collect(),
        ];
        for one in &kinds {
            for other in &kinds {
                let mut merged = of(one.iter().copied());
                merged.merge(&of(other.iter().copied()));
                assert_eq!(merged, of(one.iter().chain(other).copied()), "{one:?} {other:?}");
            }
        }
    }
}

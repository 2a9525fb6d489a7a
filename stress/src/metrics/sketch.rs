//! A distribution in little memory: two significant digits, and only the buckets that hold something.

use std::time::Duration;

use super::histogram::{bucket, nanoseconds, range};

/// The bits of a value, behind its first one, that decide its bucket: as HdrHistogram does for two digits.
const BITS: u16 = 7;

/// One more than the number of the last bucket, in which the largest values of 64 bits fall.
pub(super) const BUCKETS: u16 = (65 - BITS) << BITS;

/// A distribution of durations, in nanoseconds, each read back within 0.4 %.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sketch {
    /// Bucket numbers, ascending, and how many durations fell in each: at least one. A count that does not fit stays
    /// the largest that does; 10,000 a second in one bucket take five days to get there.
    buckets: Vec<(u16, u32)>,
}

impl Sketch {
    /// The sketch of these buckets; `None` when they are not ascending, or one of them is empty or out of range.
    pub(super) fn restore(buckets: Vec<(u16, u32)>) -> Option<Self> {
        let ascending = buckets.is_sorted_by(|(one, _), (next, _)| one < next);
        let valid = buckets.iter().all(|&(bucket, count)| bucket < BUCKETS && count > 0);
        (ascending && valid).then_some(Self { buckets })
    }

    pub(super) fn raw(&self) -> &[(u16, u32)] {
        &self.buckets
    }

    /// Adds durations by their buckets, in any order. Counting them in an array is several times faster than sorting.
    pub(super) fn count_in(&mut self, buckets: impl IntoIterator<Item = u16>) {
        let mut counts = vec![0_u32; BUCKETS.into()];
        buckets.into_iter().for_each(|bucket| counts[usize::from(bucket)] += 1);
        let buckets = (0..).zip(counts).filter(|(_, count)| *count > 0).collect();
        self.merge(&Self { buckets });
    }

    /// Adds another distribution.
    pub fn merge(&mut self, other: &Sketch) {
        self.buckets.extend_from_slice(&other.buckets);
        // A stable sort only merges two ascending runs.
        self.buckets.sort_by_key(|(bucket, _)| *bucket);
        self.buckets.dedup_by(|(bucket, count), (kept, sum)| {
            let same = bucket == kept;
            if same {
                *sum = sum.saturating_add(*count);
            }
            same
        });
    }

    /// How many durations were recorded.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|&(_, count)| u64::from(count)).sum()
    }

    /// The duration that a share `quantile` (0 to 1) does not exceed; `None` when nothing was recorded.
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        let count = self.count();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the count")]
        let rank = ((quantile * count as f64).ceil() as u64).clamp(1, count.max(1));
        let mut seen = 0;
        let reached = |&&(_, count): &&(u16, u32)| {
            seen += u64::from(count);
            seen >= rank
        };
        self.buckets.iter().find(reached).map(|&(bucket, _)| middle(bucket))
    }

    /// The buckets that hold something, from the shortest: (the middle of the bucket, count).
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        self.buckets.iter().map(|&(bucket, count)| (middle(bucket), u64::from(count)))
    }
}

/// The bucket of a duration; beyond 584 years they are all the same.
pub(super) fn bucket_of(duration: Duration) -> u16 {
    u16::try_from(bucket(nanoseconds(duration), BITS)).expect("the last bucket's number has 13 bits")
}

/// The value that stands for every value of a bucket.
fn middle(bucket: u16) -> Duration {
    let (low, high) = range(bucket.into(), BITS);
    Duration::from_nanos(low + (high - low) / 2)
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;
    use proptest::prelude::*;

    use super::*;

    fn of(nanoseconds: &[u64]) -> Sketch {
        let mut sketch = Sketch::default();
        sketch.count_in(nanoseconds.iter().map(|&value| bucket_of(Duration::from_nanos(value))));
        sketch
    }

    #[test]
    fn an_empty_sketch_has_no_quantiles() {
        assert_eq!((Sketch::default().quantile(0.5), Sketch::default().count()), (None, 0));
    }

    #[test]
    fn every_64_bit_value_has_its_bucket() {
        let sketch = of(&[0, 1, 255, 256, 257, 258, u64::MAX]);
        let numbers: Vec<_> = sketch.raw().to_vec();
        assert_eq!(numbers, [(0, 1), (1, 1), (255, 1), (256, 2), (257, 1), (BUCKETS - 1, 1)]);
        assert_eq!(Sketch::restore(numbers), Some(sketch));
    }

    #[test]
    fn buckets_that_no_sketch_has_are_refused() {
        for wrong in [vec![(3, 0)], vec![(3, 1), (3, 1)], vec![(4, 1), (3, 1)], vec![(BUCKETS, 1)]] {
            assert_eq!(Sketch::restore(wrong), None);
        }
    }

    #[test]
    fn a_count_stays_at_the_most_that_fits() {
        let mut sketch = Sketch::restore(vec![(5, u32::MAX - 1), (7, 1)]).unwrap();
        sketch.count_in([5, 5, 7]);
        assert_eq!(sketch.raw(), [(5, u32::MAX), (7, 2)]);
    }

    proptest! {
        #[test]
        fn it_agrees_with_hdr_histogram(
            values in prop::collection::vec(1_u64..=3_600_000_000_000, 1..300),
            quantile in 0.001_f64..=1.0,
        ) {
            let mut theirs = Histogram::<u64>::new_with_bounds(1, u64::MAX / 2, 2).unwrap();
            values.iter().for_each(|&value| theirs.record(value).unwrap());
            let ours = u64::try_from(of(&values).quantile(quantile).unwrap().as_nanos()).unwrap();
            let expected = theirs.value_at_quantile(quantile);
            prop_assert!(theirs.equivalent(ours, expected), "{} instead of {}", ours, expected);
        }

        #[test]
        fn values_are_read_back_within_four_thousandths(value in 1_u64..u64::MAX) {
            let read = of(&[value]).quantile(0.5).unwrap().as_nanos() as f64;
            prop_assert!((read / value as f64 - 1.0).abs() <= 0.004);
        }

        #[test]
        fn merged_parts_equal_the_whole(
            left in prop::collection::vec(0_u64..10_000_000_000, 0..100),
            right in prop::collection::vec(0_u64..10_000_000_000, 0..100),
        ) {
            let whole = of(&[left.clone(), right.clone()].concat());
            let (mut a, mut b) = (of(&left), of(&right));
            a.merge(&b);
            b.merge(&of(&left));
            prop_assert_eq!(&a, &whole);
            prop_assert_eq!(&b, &whole);
        }
    }
}

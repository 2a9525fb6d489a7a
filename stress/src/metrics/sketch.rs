//! Many latencies in little room: two significant digits, and only the buckets that hold something.

use std::time::Duration;

use super::histogram::{bucket, nanoseconds, range};

/// The bits of a value, after its first one, that decide its bucket: as HdrHistogram does for two digits.
const BITS: u16 = 7;

/// One more than the number of the last bucket, which 64 bits fill.
pub(super) const BUCKETS: u16 = (65 - BITS) << BITS;

/// A distribution of durations, in nanoseconds, each read back within 0.4 %.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sketch {
    /// Bucket numbers, ascending, and how many durations fell in each: at least one. A count that does not fit stays
    /// the largest that does; 10,000 a second in one bucket take five days to get there.
    buckets: Vec<(u16, u32)>,
}

impl Sketch {
    /// The sketch of these buckets; `None` when they are not ascending, or one of them holds nothing or is none.
    pub(super) fn restore(buckets: Vec<(u16, u32)>) -> Option<Self> {
        let ascending = buckets.is_sorted_by(|(one, _), (next, _)| one < next);
        let valid = buckets.iter().all(|&(bucket, count)| bucket < BUCKETS && count > 0);
        (ascending && valid).then_some(Self { buckets })
    }

    /// The sketch of these buckets, which are ascending and all hold something.
    pub(super) fn ascending(buckets: Vec<(u16, u32)>) -> Self {
        debug_assert!(Self::restore(buckets.clone()).is_some(), "{buckets:?}");
        Self { buckets }
    }

    pub(super) fn raw(&self) -> &[(u16, u32)] {
        &self.buckets
    }

    /// Adds another distribution.
    pub fn merge(&mut self, other: &Sketch) {
        if self.buckets.is_empty() {
            self.buckets.clone_from(&other.buckets);
        } else {
            other.buckets.iter().for_each(|&(bucket, count)| self.add(bucket, count));
        }
    }

    /// Adds `count` durations of a bucket.
    pub(super) fn add(&mut self, bucket: u16, count: u32) {
        match self.buckets.binary_search_by_key(&bucket, |&(number, _)| number) {
            Ok(place) => self.buckets[place].1 = self.buckets[place].1.saturating_add(count),
            Err(place) => self.buckets.insert(place, (bucket, count)),
        }
    }

    /// How many durations were entered.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|&(_, count)| u64::from(count)).sum()
    }

    /// The duration that a share `quantile` (0 to 1) does not exceed; `None` when nothing was entered.
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
    let number = bucket(nanoseconds(duration), BITS);
    u16::try_from(number).expect("the last bucket's number has 13 bits")
}

/// What every value of a bucket is taken for.
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
        nanoseconds.iter().for_each(|&value| sketch.add(bucket_of(Duration::from_nanos(value)), 1));
        sketch
    }

    #[test]
    fn an_empty_sketch_answers_nothing() {
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

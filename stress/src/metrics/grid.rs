//! HdrHistogram's buckets: which one a value falls in is told by its first bit's place and a number of bits behind it.

/// The number of a value's bucket, when `bits` behind the first one count.
pub(super) const fn number(value: u64, bits: u16) -> u64 {
    let shift = (value | 1).ilog2().saturating_sub(bits as u32);
    ((shift as u64) << bits) + (value >> shift)
}

/// The smallest and the largest value of a bucket.
pub(super) const fn ends(number: u64, bits: u16) -> (u64, u64) {
    let shift = (number >> bits).saturating_sub(1);
    let low = (number - (shift << bits)) << shift;
    (low, low + ((1 << shift) - 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_and_the_last_value_have_their_buckets() {
        for (bits, last) in [(7, (58 << 7) - 1), (10, (55 << 10) - 1)] {
            assert_eq!((number(0, bits), number(1, bits), number(u64::MAX, bits)), (0, 1, last));
            assert_eq!((ends(0, bits), ends(last, bits).1), ((0, 0), u64::MAX));
        }
    }

    proptest! {
        #[test]
        fn a_value_lies_between_the_ends_of_its_bucket_and_the_next_begins_behind(
            value in prop_oneof![any::<u64>(), 0_u64..10_000],
            bits in 1_u16..12,
        ) {
            let (low, high) = ends(number(value, bits), bits);
            prop_assert!(low <= value && value <= high);
            prop_assert_eq!((number(low, bits), number(high, bits)), (number(value, bits), number(value, bits)));
            if let Some(next) = high.checked_add(1) {
                prop_assert_eq!(number(next, bits), number(value, bits) + 1);
            }
        }
    }
}

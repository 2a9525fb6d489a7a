//! Bounds on counts, so that a damaged or hostile report file is refused and sums never overflow.

use serde::{Deserialize, Deserializer, de::Error};
use serde_with::DeserializeAs;

/// The most that a saved number may count: the largest whole number that every JSON reader keeps exact (RFC 8259,
/// section 6). In bytes that is 8 PiB.
pub const MAX_COUNT: u64 = 1 << 53;

/// Adds `theirs` to `ours`; the sum stops at [`MAX_COUNT`], which keeps addition associative and commutative.
pub(super) fn add(ours: &mut u64, theirs: u64) {
    *ours = ours.saturating_add(theirs).min(MAX_COUNT);
}

/// For `serde_as`: a number of at most [`MAX_COUNT`].
pub(super) struct Count;

impl<'de> DeserializeAs<'de, u64> for Count {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let count = u64::deserialize(deserializer)?;
        if count > MAX_COUNT {
            return Err(D::Error::custom(format!(
                "{count} is more than a run can have counted: the file is damaged; take it from where it was written"
            )));
        }
        Ok(count)
    }
}

impl serde_with::SerializeAs<u64> for Count {
    fn serialize_as<S: serde::Serializer>(count: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(*count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_stop_at_the_most_that_is_read_back() {
        for (mut ours, theirs, sum) in
            [(1, 2, 3), (MAX_COUNT - 1, 1, MAX_COUNT), (MAX_COUNT, 1, MAX_COUNT), (5, u64::MAX, MAX_COUNT)]
        {
            add(&mut ours, theirs);
            assert_eq!(ours, sum);
        }
    }
}

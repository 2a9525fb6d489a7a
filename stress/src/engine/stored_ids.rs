//! The IDs of the blobs stored last: a publisher that gives the same one for other bytes has not stored what it was sent.

use std::collections::{HashMap, VecDeque};

use twox_hash::XxHash3_128;

use crate::{
    blob::BlobSpec,
    sample::{Failure, FailureClass},
};

/// How many IDs are remembered: with their specs some 7 MiB.
const MOST: usize = 65_536;

/// The IDs of the blobs stored last, and what each stands for.
#[derive(Debug, Default)]
pub(super) struct StoredIds {
    /// By a digest of the ID.
    specs: HashMap<u128, BlobSpec>,
    /// The digests, the oldest first.
    order: VecDeque<u128>,
}

impl StoredIds {
    /// Remembers that `id` stands for the bytes of `spec`.
    ///
    /// # Errors
    /// When it stands for other bytes already.
    pub(super) fn insert(&mut self, id: &str, spec: BlobSpec) -> Result<(), Failure> {
        let digest = XxHash3_128::oneshot(id.as_bytes());
        if let Some(known) = self.specs.get(&digest) {
            return if known.has_bytes_of(spec) { Ok(()) } else { Err(another(id, known.index)) };
        }
        if self.order.len() == MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.specs.remove(&oldest);
        }
        self.order.push_back(digest);
        self.specs.insert(digest, spec);
        Ok(())
    }
}

fn another(id: &str, index: u64) -> Failure {
    let number = index.saturating_add(1);
    let message = format!("the ID is another blob's: {id} was given for the bytes of blob {number}");
    Failure::new(FailureClass::Malformed, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::sizes::Content;

    fn spec(index: u64, size: u64) -> BlobSpec {
        BlobSpec { seed: 1, index, size, content: Content::Binary }
    }

    #[test]
    fn an_id_stands_for_the_same_bytes_as_long_as_it_is_remembered() {
        let mut ids = StoredIds::default();
        for _ in 0..2 {
            assert_eq!(ids.insert("a", spec(0, 100_000)), Ok(()));
        }
        for other in [spec(1, 100_000), spec(0, 99_999)] {
            let failure = ids.insert("a", other).unwrap_err();
            assert_eq!(failure.class, FailureClass::Malformed);
            assert!(failure.message.ends_with("a was given for the bytes of blob 1"), "{failure}");
        }
        // Empty blobs are all alike.
        assert_eq!((ids.insert("e", spec(1, 0)), ids.insert("e", spec(2, 0))), (Ok(()), Ok(())));
        for index in 2..=MOST as u64 {
            ids.insert(&index.to_string(), spec(index, 10)).unwrap();
        }
        assert_eq!((ids.specs.len(), ids.order.len()), (MOST, MOST));
        assert_eq!(ids.insert("a", spec(7, 1)), Ok(()), "forgotten, as the oldest");
    }
}

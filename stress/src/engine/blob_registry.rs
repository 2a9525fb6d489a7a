//! Which blobs this run knows: those it has stored, so that later ones can repeat their bytes, at one bit a blob; those
//! it was told of, so that their reads can be compared; and those with which later phases go on.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use super::carry_over::CarryOver;
use crate::blob::FirstReads;

/// The indices of stored fresh blobs, the first reads of listed ones, and what later phases need of either.
#[derive(Debug, Default)]
pub(super) struct BlobRegistry {
    stored: Mutex<Vec<u64>>,
    /// The first blob since anything was forgotten.
    since: AtomicU64,
    pub(super) first_reads: Arc<FirstReads>,
    pub(super) carry_over: CarryOver,
}

impl BlobRegistry {
    /// Notes that the blob is stored.
    pub(super) fn note(&self, index: u64) {
        let (word, bit) = place(index);
        let mut stored = self.lock();
        if stored.len() <= word {
            stored.resize(word + 1, 0);
        }
        stored[word] |= bit;
    }

    /// Forgets what is stored: what comes now, from this blob on, is drawn in another way.
    pub(super) fn forget(&self, next: u64) {
        self.lock().clear();
        self.since.store(next, Ordering::Relaxed);
    }

    /// The first blob that can be held.
    pub(super) fn since(&self) -> u64 {
        self.since.load(Ordering::Relaxed)
    }

    /// Whether the blob is stored.
    pub(super) fn holds(&self, index: u64) -> bool {
        let (word, bit) = place(index);
        self.lock().get(word).is_some_and(|bits| bits & bit != 0)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u64>> {
        // A panic elsewhere cannot leave a bit half set.
        self.stored.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn place(index: u64) -> (usize, u64) {
    (usize::try_from(index / 64).unwrap_or(usize::MAX), 1 << (index % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_held_and_nothing_else() {
        let registry = BlobRegistry::default();
        for index in [0, 63, 64, 1000] {
            assert!(!registry.holds(index));
            registry.note(index);
            assert!(registry.holds(index));
        }
        assert!(!registry.holds(1) && !registry.holds(999) && !registry.holds(1 << 40));
        assert_eq!(registry.since(), 0);
        registry.forget(1001);
        assert!(!registry.holds(0) && !registry.holds(1000));
        assert_eq!(registry.since(), 1001);
    }
}

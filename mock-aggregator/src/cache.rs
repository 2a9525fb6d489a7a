//! The cache in front of the aggregator: it remembers which blobs it holds, counts their bytes, and lets the oldest go.

use mock_publisher::blob_id::BlobId;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

/// A cache of a limited number of bytes. The bytes themselves stay on disk, where the system caches them anyway.
#[derive(Debug)]
pub struct Cache {
    limit: u64,
    held: Mutex<Held>,
}

/// Blobs by name and by their last use.
#[derive(Debug, Default)]
struct Held {
    blobs: HashMap<BlobId, (u64, u64)>,
    by_use: BTreeMap<u64, BlobId>,
    uses: u64,
    bytes: u64,
}

impl Cache {
    /// A cache of so many bytes.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self { limit, held: Mutex::default() }
    }

    /// Whether the blob is held; if so, it is now the one used last.
    #[must_use]
    pub fn hit(&self, id: &BlobId) -> bool {
        self.with(|held| held.touch(id))
    }

    /// Takes a blob in and gives the number of blobs that had to go for it. One that is larger than the cache is not taken.
    pub fn fill(&self, id: BlobId, size: u64) -> u64 {
        if size > self.limit || self.limit == 0 {
            return 0;
        }
        self.with(|held| {
            if held.touch(&id) {
                return 0;
            }
            held.uses += 1;
            held.bytes += size;
            held.by_use.insert(held.uses, id);
            held.blobs.insert(id, (held.uses, size));
            held.shrink(self.limit)
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Held) -> T) -> T {
        work(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Held {
    fn touch(&mut self, id: &BlobId) -> bool {
        let Some((last, _)) = self.blobs.get_mut(id) else { return false };
        self.uses += 1;
        self.by_use.remove(last);
        self.by_use.insert(self.uses, *id);
        *last = self.uses;
        true
    }

    fn shrink(&mut self, limit: u64) -> u64 {
        let mut gone = 0;
        while self.bytes > limit {
            let Some((_, id)) = self.by_use.pop_first() else { break };
            self.bytes -= self.blobs.remove(&id).map_or(0, |(_, size)| size);
            gone += 1;
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(byte: u8) -> BlobId {
        BlobId::from_bytes([byte; 32])
    }

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let cache = Cache::new(30);
        assert_eq!([1, 2, 3].map(|n| cache.fill(id(n), 10)), [0, 0, 0]);
        assert!(cache.hit(&id(1)), "now 2 is the oldest");
        assert_eq!(cache.fill(id(4), 10), 1);
        assert_eq!([1, 2, 3, 4].map(|n| cache.hit(&id(n))), [true, false, true, true]);
        assert_eq!(cache.fill(id(5), 25), 3);
        assert_eq!([1, 3, 4, 5].map(|n| cache.hit(&id(n))), [false, false, false, true]);
    }

    #[test]
    fn what_does_not_fit_is_not_taken() {
        let cache = Cache::new(30);
        cache.fill(id(1), 30);
        assert_eq!(cache.fill(id(2), 31), 0);
        assert!(cache.hit(&id(1)) && !cache.hit(&id(2)));
        let none = Cache::new(0);
        none.fill(id(1), 0);
        assert!(!none.hit(&id(1)));
    }

    #[test]
    fn a_blob_counts_once_however_often_it_is_filled() {
        let cache = Cache::new(30);
        assert_eq!([cache.fill(id(1), 20), cache.fill(id(1), 20), cache.fill(id(2), 10)], [0, 0, 0]);
        assert!(cache.hit(&id(1)) && cache.hit(&id(2)));
    }
}

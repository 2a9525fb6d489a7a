//! The progress of a run under way, as its threads publish it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::metrics::snapshot::Snapshot;

/// The latest snapshot of each worker thread. The lock is held to exchange pointers, never while a snapshot is made or
/// merged: readers cannot slow the run down.
#[derive(Debug, Default)]
pub struct ProgressBoard {
    threads: Mutex<BTreeMap<usize, Arc<Snapshot>>>,
}

impl ProgressBoard {
    /// The snapshots of all threads, merged.
    pub fn snapshot(&self) -> Snapshot {
        let threads = self.lock().clone();
        let mut whole = Snapshot::default();
        threads.values().for_each(|thread| whole.merge(thread));
        whole
    }

    /// Replaces the snapshot of this thread.
    pub(super) fn publish(&self, thread: usize, snapshot: Snapshot) {
        let snapshot = Arc::new(snapshot);
        self.lock().insert(thread, snapshot);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, Arc<Snapshot>>> {
        // A panic elsewhere cannot leave half of an insertion.
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

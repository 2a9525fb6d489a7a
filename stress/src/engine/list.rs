//! Blobs that are stored already: their IDs come from a list, one after the other, and are never held all at once.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::mpsc;

/// An entry of a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The blob's ID.
    pub id: Arc<str>,
    /// The blob's size in bytes, where the list tells it.
    pub size: Option<u64>,
}

/// A list, as far as it has not been taken yet. Entries come in batches: to wake a thread for each would cost more than
/// a small blob's read.
#[derive(Debug)]
pub struct List {
    here: Mutex<Here>,
    to_come: tokio::sync::Mutex<mpsc::Receiver<Vec<Listed>>>,
}

#[derive(Debug, Default)]
struct Here {
    entries: VecDeque<Listed>,
    taken: u64,
    /// Somebody wanted one more than there were.
    dry: bool,
}

impl List {
    /// The list that comes through this channel, in order; it ends when the channel is closed.
    pub fn new(batches: mpsc::Receiver<Vec<Listed>>) -> Self {
        Self { here: Mutex::default(), to_come: batches.into() }
    }

    /// How many entries have been taken.
    pub fn taken(&self) -> u64 {
        self.here().taken
    }

    /// Whether it ended before somebody had enough of it.
    pub fn ran_dry(&self) -> bool {
        self.here().dry
    }

    /// The next entry and its position, from 0.
    pub(super) async fn next(&self) -> Option<(u64, Listed)> {
        loop {
            if let Some(entry) = self.take() {
                return Some(entry);
            }
            let mut to_come = self.to_come.lock().await;
            // Whoever held the lock before may have fetched more.
            if let Some(entry) = self.take() {
                return Some(entry);
            }
            let batch = to_come.recv().await;
            let mut here = self.here();
            here.dry = batch.is_none();
            here.entries.extend(batch?);
        }
    }

    fn take(&self) -> Option<(u64, Listed)> {
        let mut here = self.here();
        let entry = here.entries.pop_front()?;
        here.taken += 1;
        Some((here.taken - 1, entry))
    }

    fn here(&self) -> MutexGuard<'_, Here> {
        // A panic elsewhere cannot leave an entry half taken.
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Blobs that are stored already: their IDs are streamed from a list, which is never in memory as a whole.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::mpsc;

use crate::plan::{shard::Shard, vantage::Vantage};

/// An entry of a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The blob's ID.
    pub id: Arc<str>,
    /// The blob's size in bytes, where the list has it.
    pub size: Option<u64>,
}

/// A stream of entries, shared by all threads. It arrives in batches: to wake a thread for each entry would cost more
/// than reading a small blob.
#[derive(Debug)]
pub struct List {
    /// Which of the vantage points this is, whose order it has.
    number: Shard,
    read: Mutex<Read>,
    batches: tokio::sync::Mutex<mpsc::Receiver<Vec<Listed>>>,
}

#[derive(Debug, Default)]
struct Read {
    /// Received, but not taken yet.
    entries: VecDeque<Listed>,
    /// The next ones to be taken, with their positions.
    group: VecDeque<(u64, Listed)>,
    /// How many have come into groups.
    grouped: u64,
    taken: u64,
    ended_early: bool,
}

impl List {
    /// The list whose batches arrive in order on this channel; it ends when the channel is closed. It is read in the order of
    /// vantage point `number`.
    pub fn new(batches: mpsc::Receiver<Vec<Listed>>, number: Shard) -> Self {
        Self { number, read: Mutex::default(), batches: batches.into() }
    }

    /// How many entries have been taken.
    pub fn taken(&self) -> u64 {
        self.lock().taken
    }

    /// Whether it ended before the run did: another entry was asked for.
    pub fn ended_early(&self) -> bool {
        self.lock().ended_early
    }

    /// The next entry and its position, from 0.
    pub(super) async fn next(&self) -> Option<(u64, Listed)> {
        loop {
            if let Some(entry) = self.take(false) {
                return Some(entry);
            }
            let mut batches = self.batches.lock().await;
            // Another task may have received a batch while this one waited for the lock.
            if let Some(entry) = self.take(false) {
                return Some(entry);
            }
            let Some(batch) = batches.recv().await else {
                let last = self.take(true);
                self.lock().ended_early = last.is_none();
                return last;
            };
            self.lock().entries.extend(batch);
        }
    }

    /// The next entry, once its group is whole: no more come after `all`.
    fn take(&self, all: bool) -> Option<(u64, Listed)> {
        let mut read = self.lock();
        let of = self.number.of() as usize;
        if read.group.is_empty() && (read.entries.len() >= of || all) {
            let group = of.min(read.entries.len());
            let entries: Vec<_> = (read.grouped..).zip(read.entries.drain(..group)).collect();
            read.grouped += group as u64;
            read.group.extend(Vantage::order(self.number, group).map(|place| entries[place].clone()));
        }
        let entry = read.group.pop_front()?;
        read.taken += 1;
        Some(entry)
    }

    fn lock(&self) -> MutexGuard<'_, Read> {
        // A panic elsewhere cannot leave an entry half taken.
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

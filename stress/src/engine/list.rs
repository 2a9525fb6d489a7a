//! Blobs that are stored already: their IDs come from a list, one after the other, and are never held all at once.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};

/// An entry of a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The blob's ID.
    pub id: Arc<str>,
    /// The blob's size in bytes, where the list tells it.
    pub size: Option<u64>,
}

/// A list, as far as it has not been taken yet.
#[derive(Debug)]
pub struct List(Mutex<Rest>);

#[derive(Debug)]
struct Rest {
    entries: mpsc::Receiver<Listed>,
    taken: u64,
}

impl List {
    /// The list that comes through this channel; it ends when the channel is closed.
    pub fn new(entries: mpsc::Receiver<Listed>) -> Self {
        Self(Mutex::new(Rest { entries, taken: 0 }))
    }

    /// How many entries have been taken.
    pub async fn taken(&self) -> u64 {
        self.0.lock().await.taken
    }

    /// The next entry and its position, from 0.
    pub(super) async fn next(&self) -> Option<(u64, Listed)> {
        let mut rest = self.0.lock().await;
        let entry = rest.entries.recv().await?;
        rest.taken += 1;
        Some((rest.taken - 1, entry))
    }
}

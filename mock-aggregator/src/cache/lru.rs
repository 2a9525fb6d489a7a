//! A least-recently-used cache with a limit in bytes, whose entries also expire.
//!
//! It is our own because time is a parameter: tests move a manual clock instead of sleeping. `lru` has no expiry, and
//! `moka` expires by a clock of its own.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What is kept of an answer. The bytes of a blob stay on disk, in the system's page cache.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    /// The content type that the first client got, for all that follow.
    pub(super) content_type: Option<HeaderValue>,
    /// A whole answer, if it is not a blob.
    pub(super) document: Option<Document>,
    /// The byte of a blob that was changed when it was kept.
    pub(super) corrupted_at: Option<u64>,
    /// When it was made, in milliseconds since 1970.
    pub(super) made_ms: u64,
    hits: AtomicU64,
}

/// An answer that is kept whole: a 404, or a page.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) bytes: Bytes,
}

/// How long an entry is kept, in milliseconds; `None` for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ttls {
    /// From when it can be served.
    pub(super) fill_delay_ms: u64,
    /// How long in total.
    pub(super) ttl_ms: Option<u64>,
    /// How long without being requested.
    pub(super) idle_ms: Option<u64>,
}

/// The result of a lookup.
#[derive(Debug, Clone)]
pub(super) enum Lookup {
    /// No entry that can be served.
    Absent,
    /// An entry that has expired by its age; its update has begun with this lookup.
    Expired(Arc<Entry>),
    /// An entry that has expired and whose update is under way.
    Updating(Arc<Entry>),
    /// An entry.
    Fresh(Arc<Entry>),
}

/// The cache.
#[derive(Debug)]
pub(crate) struct Lru {
    /// In bytes; 0 keeps nothing.
    limit: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    slots: HashMap<String, Slot>,
    /// Keys by the number of their last use: the first is the least recently used.
    by_use: BTreeMap<u64, String>,
    uses: u64,
    bytes: u64,
}

#[derive(Debug)]
struct Slot {
    entry: Arc<Entry>,
    size: u64,
    last_use: u64,
    used_ms: u64,
    ttls: Ttls,
    is_updating: bool,
}

impl Entry {
    /// An entry of a blob.
    pub(super) fn new(content_type: Option<HeaderValue>, made_ms: u64) -> Self {
        Self { content_type, made_ms, ..Self::default() }
    }

    /// Counts a hit, and gives the number of hits so far.
    pub(super) fn count_hit(&self) -> u64 {
        self.hits.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl Slot {
    /// Whether it cannot be served yet.
    fn is_pending(&self, now_ms: u64) -> bool {
        now_ms < self.entry.made_ms.saturating_add(self.ttls.fill_delay_ms)
    }

    /// Whether it is too old to be served.
    fn is_old(&self, now_ms: u64) -> bool {
        self.ttls.ttl_ms.is_some_and(|ttl| now_ms >= self.entry.made_ms.saturating_add(ttl))
    }

    /// Whether it was not requested for so long that it is removed.
    fn is_abandoned(&self, now_ms: u64) -> bool {
        self.ttls.idle_ms.is_some_and(|idle| now_ms >= self.used_ms.saturating_add(idle))
    }
}

impl Lru {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, state: Mutex::default() }
    }

    /// Looks a key up; an entry that can be served becomes the most recently used.
    pub(super) fn get(&self, key: &str, now_ms: u64) -> Lookup {
        self.with(|state| {
            let is_kept = |slot: &Slot| !slot.is_pending(now_ms) && !slot.is_abandoned(now_ms);
            let Some(slot) = state.slots.get_mut(key).filter(|slot| is_kept(slot)) else {
                return Lookup::Absent;
            };
            if slot.is_old(now_ms) {
                let entry = Arc::clone(&slot.entry);
                return match std::mem::replace(&mut slot.is_updating, true) {
                    false => Lookup::Expired(entry),
                    true => Lookup::Updating(entry),
                };
            }
            state.touch(key, now_ms).map_or(Lookup::Absent, Lookup::Fresh)
        })
    }

    /// Ends the update of an entry, whatever came of it.
    pub(super) fn end_update(&self, key: &str) {
        self.with(|state| {
            if let Some(slot) = state.slots.get_mut(key) {
                slot.is_updating = false;
            }
        });
    }

    /// Inserts an entry, and gives how many were evicted for it. An entry larger than the limit is not kept; one that is
    /// fresh or pending is kept unless it is to be replaced.
    pub(super) fn insert(&self, key: String, entry: Entry, size: u64, ttls: Ttls, replace: bool) -> u64 {
        if size > self.limit || self.limit == 0 {
            return 0;
        }
        self.with(|state| {
            let now_ms = entry.made_ms;
            let is_served = |slot: &Slot| !slot.is_old(now_ms) && !slot.is_abandoned(now_ms);
            let known = state.slots.get(&key).is_some_and(is_served);
            if known && !replace {
                return 0;
            }
            state.remove(&key);
            state.uses += 1;
            state.bytes += size;
            state.by_use.insert(state.uses, key.clone());
            let slot = Slot {
                entry: Arc::new(entry),
                size,
                last_use: state.uses,
                used_ms: now_ms,
                ttls,
                is_updating: false,
            };
            state.slots.insert(key, slot);
            state.evict(self.limit)
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn touch(&mut self, key: &str, now_ms: u64) -> Option<Arc<Entry>> {
        let slot = self.slots.get_mut(key)?;
        self.uses += 1;
        if let Some(key) = self.by_use.remove(&slot.last_use) {
            self.by_use.insert(self.uses, key);
        }
        (slot.last_use, slot.used_ms) = (self.uses, now_ms);
        Some(Arc::clone(&slot.entry))
    }

    fn remove(&mut self, key: &str) {
        if let Some(slot) = self.slots.remove(key) {
            self.by_use.remove(&slot.last_use);
            self.bytes -= slot.size;
        }
    }

    /// Removes the least recently used entries until the rest is within the limit, and gives their number.
    fn evict(&mut self, limit: u64) -> u64 {
        let mut evicted = 0;
        while self.bytes > limit {
            let Some((_, key)) = self.by_use.pop_first() else { break };
            self.bytes -= self.slots.remove(&key).map_or(0, |slot| slot.size);
            evicted += 1;
        }
        evicted
    }
}

#[cfg(test)]
#[path = "lru_tests.rs"]
mod tests;

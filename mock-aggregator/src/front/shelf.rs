//! A shelf of a limited number of bytes: what was used longest ago goes first, and nothing stays beyond its time.

use axum::body::Bytes;
use axum::http::HeaderValue;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What is kept of an answer. The bytes of a blob stay on disk, where the system caches them anyway.
#[derive(Debug, Default)]
pub struct Copy {
    /// The content type that the first client got, for all that follow.
    pub kind: Option<HeaderValue>,
    /// The document of a 404; a blob has none.
    pub failure: Option<Bytes>,
    /// When it was made, in milliseconds since 1970.
    pub made_ms: u64,
    hits: AtomicU64,
}

/// How long a copy is kept, in milliseconds; for ever if nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terms {
    /// From when it can be served.
    pub after_ms: u64,
    /// How long at all.
    pub ttl_ms: Option<u64>,
    /// How long without being asked for.
    pub idle_ms: Option<u64>,
}

/// What a look at the shelf finds.
#[derive(Debug, Clone)]
pub enum Found {
    /// Nothing that can be served.
    Nothing,
    /// A copy that is too old.
    Stale,
    /// A copy.
    Fresh(Arc<Copy>),
}

/// The shelf.
#[derive(Debug)]
pub struct Shelf {
    limit: u64,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    copies: HashMap<String, Slot>,
    by_use: BTreeMap<u64, String>,
    uses: u64,
    bytes: u64,
}

#[derive(Debug)]
struct Slot {
    copy: Arc<Copy>,
    size: u64,
    last: u64,
    used_ms: u64,
    terms: Terms,
}

impl Copy {
    /// A copy of an answer of this moment.
    #[must_use]
    pub fn new(kind: Option<HeaderValue>, failure: Option<Bytes>, made_ms: u64) -> Self {
        Self { kind, failure, made_ms, hits: AtomicU64::new(0) }
    }

    /// How often it was served, this time included.
    pub fn hit(&self) -> u64 {
        self.hits.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl Slot {
    /// Whether it is not there yet.
    fn comes(&self, now_ms: u64) -> bool {
        now_ms < self.copy.made_ms.saturating_add(self.terms.after_ms)
    }

    fn over(&self, now_ms: u64) -> bool {
        let past =
            |since: u64, time: Option<u64>| time.is_some_and(|time| now_ms >= since.saturating_add(time));
        past(self.copy.made_ms, self.terms.ttl_ms) || past(self.used_ms, self.terms.idle_ms)
    }
}

impl Shelf {
    /// A shelf of so many bytes.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self { limit, held: Mutex::default() }
    }

    /// What is there under a name; a copy that can be served is now the one used last.
    #[must_use]
    pub fn look(&self, key: &str, now_ms: u64) -> Found {
        self.with(|held| {
            let Some(slot) = held.copies.get(key).filter(|slot| !slot.comes(now_ms)) else {
                return Found::Nothing;
            };
            if slot.over(now_ms) {
                return Found::Stale;
            }
            held.touch(key, now_ms).map_or(Found::Nothing, Found::Fresh)
        })
    }

    /// Takes a copy in and gives the number of those that had to go for it. One that is larger than the shelf is not
    /// taken, and neither is one that is already there or on its way, unless it is to `replace` that.
    pub fn fill(&self, key: String, copy: Copy, size: u64, terms: Terms, replace: bool) -> u64 {
        if size > self.limit || self.limit == 0 {
            return 0;
        }
        self.with(|held| {
            let now_ms = copy.made_ms;
            let known = held.copies.get(&key).is_some_and(|slot| !slot.over(now_ms));
            if known && !replace {
                return 0;
            }
            held.take(&key);
            held.uses += 1;
            held.bytes += size;
            held.by_use.insert(held.uses, key.clone());
            let slot = Slot { copy: Arc::new(copy), size, last: held.uses, used_ms: now_ms, terms };
            held.copies.insert(key, slot);
            held.shrink(self.limit)
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Held) -> T) -> T {
        work(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Held {
    fn touch(&mut self, key: &str, now_ms: u64) -> Option<Arc<Copy>> {
        let slot = self.copies.get_mut(key)?;
        self.uses += 1;
        if let Some(name) = self.by_use.remove(&slot.last) {
            self.by_use.insert(self.uses, name);
        }
        (slot.last, slot.used_ms) = (self.uses, now_ms);
        Some(Arc::clone(&slot.copy))
    }

    fn take(&mut self, key: &str) {
        if let Some(slot) = self.copies.remove(key) {
            self.by_use.remove(&slot.last);
            self.bytes -= slot.size;
        }
    }

    fn shrink(&mut self, limit: u64) -> u64 {
        let mut gone = 0;
        while self.bytes > limit {
            let Some((_, key)) = self.by_use.pop_first() else { break };
            self.bytes -= self.copies.remove(&key).map_or(0, |slot| slot.size);
            gone += 1;
        }
        gone
    }
}

#[cfg(test)]
#[path = "shelf_tests.rs"]
mod tests;

//! What is known of a blob, and what a store of the same bytes is answered because of it.

use crate::blob_id::BlobId;
use crate::store::names;
use serde::{Deserialize, Serialize};

/// What is known of a stored blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its name.
    pub blob_id: BlobId,
    /// Its length in bytes.
    pub size: u64,
    /// When it was first stored, in milliseconds since 1970.
    pub stored_at_ms: u64,
    /// How many objects stand for it.
    pub objects: u64,
    /// The newest of those objects.
    pub latest: Object,
    /// The permanent object that lives longest.
    pub permanent: Option<Certified>,
}

/// One registration of a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// `0x` and 64 hex digits.
    pub id: String,
    /// The storage it uses: `0x` and 64 hex digits.
    pub storage_id: String,
    /// What it is wrapped in, should it be shared: `0x` and 64 hex digits.
    pub shared_id: String,
    /// The first epoch of its life.
    pub start_epoch: u32,
    /// The first epoch after its life.
    pub end_epoch: u32,
    /// Whether its owner may delete it.
    pub deletable: bool,
}

/// The certification event of a permanent object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certified {
    /// Base58 of 32 bytes.
    pub tx_digest: String,
    /// The first epoch after the object's life.
    pub end_epoch: u32,
}

/// What a client asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// The present epoch.
    pub epoch: u32,
    /// Epochs to live.
    pub epochs: u32,
    /// Whether the blob must not be deletable.
    pub permanent: bool,
    /// Whether to store it again whatever is there.
    pub force: bool,
}

/// Whether a store makes a new object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It does.
    New,
    /// It does not: a permanent object lives long enough.
    Already(Certified),
}

impl Ask {
    /// The first epoch after the life that was asked for.
    #[must_use]
    pub fn end_epoch(&self) -> u32 {
        self.epoch.saturating_add(self.epochs)
    }
}

/// Only a permanent store is spared, and only by a permanent object that lives as long.
#[must_use]
pub fn decide(known: Option<&Record>, ask: &Ask) -> Decision {
    let spared = ask.permanent && !ask.force;
    let long_enough = |certified: &&Certified| certified.end_epoch >= ask.end_epoch();
    match known.and_then(|record| record.permanent.as_ref()).filter(long_enough) {
        Some(certified) if spared => Decision::Already(certified.clone()),
        _ => Decision::New,
    }
}

/// The record after one more object was made.
#[must_use]
pub(super) fn with_one_more(known: Option<Record>, id: BlobId, size: u64, ask: &Ask, now_ms: u64) -> Record {
    let objects = known.as_ref().map_or(0, |record| record.objects);
    let end_epoch = ask.end_epoch();
    let object = names::object(&id, objects, "object");
    let latest = Object {
        storage_id: names::object(&id, objects, "storage"),
        shared_id: names::shared(&object),
        id: object,
        start_epoch: ask.epoch,
        end_epoch,
        deletable: !ask.permanent,
    };
    let before = known.as_ref().and_then(|record| record.permanent.clone());
    let longer = before.as_ref().is_none_or(|certified| certified.end_epoch < end_epoch);
    let permanent = match ask.permanent && longer {
        true => Some(Certified { tx_digest: names::digest(&id, objects), end_epoch }),
        false => before,
    };
    let stored_at_ms = known.map_or(now_ms, |record| record.stored_at_ms);
    Record { blob_id: id, size, stored_at_ms, objects: objects + 1, latest, permanent }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: BlobId = BlobId::ZERO;

    fn ask(epochs: u32, permanent: bool, force: bool) -> Ask {
        Ask { epoch: 10, epochs, permanent, force }
    }

    #[test]
    fn only_a_permanent_repeat_that_is_not_forced_is_spared() {
        let deletable = with_one_more(None, ID, 1, &ask(5, false, false), 0);
        let permanent = with_one_more(None, ID, 1, &ask(5, true, false), 0);
        let rows = [
            (None, ask(1, true, false), None),
            (Some(&deletable), ask(1, false, false), None),
            (Some(&deletable), ask(1, true, false), None),
            (Some(&permanent), ask(1, false, false), None),
            (Some(&permanent), ask(1, true, false), Some(15)),
            (Some(&permanent), ask(5, true, false), Some(15)),
            (Some(&permanent), ask(6, true, false), None),
            (Some(&permanent), ask(1, true, true), None),
        ];
        for (known, ask, spared_until) in rows {
            let until = match decide(known, &ask) {
                Decision::Already(certified) => Some(certified.end_epoch),
                Decision::New => None,
            };
            assert_eq!(until, spared_until, "{ask:?}");
        }
    }

    #[test]
    fn the_longest_permanent_object_is_remembered_through_every_other_store() {
        let mut record = with_one_more(None, ID, 1, &ask(5, true, false), 100);
        let first = record.clone();
        for ask in [ask(9, false, false), ask(2, true, true)] {
            record = with_one_more(Some(record), ID, 1, &ask, 200);
        }
        assert_eq!(record.permanent, first.permanent);
        assert_eq!((record.objects, record.stored_at_ms), (3, 100));
        assert_eq!((record.latest.end_epoch, record.latest.deletable), (12, false));
        assert_ne!(record.latest.id, first.latest.id);
        let longer = with_one_more(Some(record), ID, 1, &ask(6, true, false), 300);
        assert_eq!(longer.permanent.unwrap().end_epoch, 16);
    }
}

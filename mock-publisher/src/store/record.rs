//! The record of a blob, and what a store of the same bytes does because of it. Pure functions; nothing is written.

use super::object_ids;
use crate::blob_id::BlobId;
use crate::reuse::Resource;
use serde::{Deserialize, Serialize};

/// What is known of a stored blob. Times are in milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its ID.
    pub blob_id: BlobId,
    /// Its length in bytes.
    pub size: u64,
    /// When it was first stored.
    pub stored_at_ms: u64,
    /// When the last of its objects ends; `None` for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_ms: Option<u64>,
    /// How many objects were registered for it.
    pub objects: u64,
    /// The newest of those objects.
    pub latest: Object,
    /// The permanent object that lives longest.
    pub permanent: Option<Certification>,
    /// Those that the publisher's own wallet kept.
    pub owned: OwnedObjects,
}

/// The newest objects in the publisher's own wallet, by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnedObjects {
    deletable: Option<Object>,
    permanent: Option<Object>,
}

impl OwnedObjects {
    fn get(&self, deletable: bool) -> Option<&Object> {
        if deletable { self.deletable.as_ref() } else { self.permanent.as_ref() }
    }

    fn set(&mut self, object: Object) {
        let slot = if object.deletable { &mut self.deletable } else { &mut self.permanent };
        *slot = Some(object);
    }
}

/// One registration of a blob. IDs are `0x` and 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Its ID.
    pub id: String,
    /// The ID of the storage it uses.
    pub storage_id: String,
    /// The ID of the shared object that wraps it, if it is shared.
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
pub struct Certification {
    /// Base58 of 32 bytes.
    pub tx_digest: String,
    /// The first epoch after the object's life.
    pub end_epoch: u32,
}

/// How a blob is to be stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoreRequest {
    /// The present epoch.
    pub epoch: u32,
    /// Epochs to live, the present one among them.
    pub epochs: u32,
    /// When these are over, in milliseconds since 1970; `None` for never.
    pub ends_ms: Option<u64>,
    /// The present time, in milliseconds since 1970.
    pub now_ms: u64,
    /// Whether the blob must not be deletable.
    pub permanent: bool,
    /// Whether to register a new object whatever exists.
    pub force: bool,
    /// Whether to use objects of the publisher's own wallet.
    pub reuse: bool,
    /// What the wallet is made out to hold, if `reuse` is set.
    pub resource: Option<Resource>,
    /// Whether the publisher's own wallet keeps the new object.
    pub keep: bool,
    /// Whether to act as if someone had stored the blob before, permanently and for as long.
    pub existing: bool,
    /// Whether the blob is a quilt.
    pub quilt: bool,
}

/// What a store has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreOp {
    /// Register a new object.
    Register,
    /// Nothing: a permanent object lives long enough.
    AlreadyCertified(Certification),
    /// Nothing: the publisher's own wallet has an object that lives long enough.
    AlreadyOwned(Object),
    /// Extend an object of the publisher's own wallet.
    Extend(Object),
}

impl StoreRequest {
    /// The first epoch after the requested life.
    #[must_use]
    pub fn end_epoch(&self) -> u32 {
        self.epoch.saturating_add(self.epochs)
    }
}

impl StoreOp {
    /// A permanent store needs nothing if a permanent object of any owner lives as long. With `reuse`, an object of
    /// the publisher's own wallet and of the same kind serves too, extended if necessary.
    #[must_use]
    pub fn for_request(known: Option<&Record>, request: &StoreRequest) -> Self {
        let Some(record) = known.filter(|_| !request.force) else { return Self::Register };
        let long_enough = |permanent: &&Certification| permanent.end_epoch >= request.end_epoch();
        if let Some(permanent) = record.permanent.as_ref().filter(|_| request.permanent).filter(long_enough) {
            return Self::AlreadyCertified(permanent.clone());
        }
        let usable = |object: &&Object| request.reuse && object.end_epoch > request.epoch;
        match record.owned.get(!request.permanent).filter(usable) {
            Some(object) if object.end_epoch >= request.end_epoch() => Self::AlreadyOwned(object.clone()),
            Some(object) => Self::Extend(object.clone()),
            None => Self::Register,
        }
    }
}

impl Record {
    /// The record after one of its objects was extended to the requested end.
    #[must_use]
    pub(super) fn with_extended(mut self, mut object: Object, request: &StoreRequest) -> Self {
        object.end_epoch = request.end_epoch();
        self.owned.set(object.clone());
        if let Some(permanent) = self.permanent.as_mut().filter(|_| !object.deletable) {
            permanent.end_epoch = permanent.end_epoch.max(object.end_epoch);
        }
        self.ends_ms = later(self.ends_ms, request.ends_ms);
        self.latest = object;
        self
    }

    /// The record after one more object was registered.
    #[must_use]
    pub(super) fn with_new_object(
        known: Option<Self>,
        id: BlobId,
        size: u64,
        request: &StoreRequest,
    ) -> Self {
        let ordinal = known.as_ref().map_or(0, |record| record.objects);
        let end_epoch = request.end_epoch();
        let object_id = object_ids::object(&id, ordinal, "object");
        let latest = Object {
            storage_id: object_ids::object(&id, ordinal, "storage"),
            shared_id: object_ids::shared(&object_id),
            id: object_id,
            start_epoch: request.epoch,
            end_epoch,
            deletable: !request.permanent,
        };
        let mut record = known.unwrap_or_else(|| Self {
            blob_id: id,
            size,
            stored_at_ms: request.now_ms,
            ends_ms: request.ends_ms,
            objects: 0,
            latest: latest.clone(),
            permanent: None,
            owned: OwnedObjects::default(),
        });
        record.objects += 1;
        record.ends_ms = later(record.ends_ms, request.ends_ms);
        let longest = record.permanent.as_ref().is_none_or(|permanent| permanent.end_epoch < end_epoch);
        if request.permanent && longest {
            record.permanent =
                Some(Certification { tx_digest: object_ids::tx_digest(&id, ordinal), end_epoch });
        }
        if request.keep {
            record.owned.set(latest.clone());
        }
        record.latest = latest;
        record
    }
}

/// The later of two ends; `None` is never.
fn later(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.zip(other).map(|(one, other)| one.max(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: BlobId = BlobId::ZERO;

    fn request(epochs: u32, permanent: bool, force: bool) -> StoreRequest {
        StoreRequest { epoch: 10, epochs, permanent, force, ..StoreRequest::default() }
    }

    fn at(now_ms: u64, request: StoreRequest) -> StoreRequest {
        StoreRequest { now_ms, ..request }
    }

    #[test]
    fn only_a_permanent_repeat_without_force_registers_nothing() {
        let deletable = Record::with_new_object(None, ID, 1, &request(5, false, false));
        let permanent = Record::with_new_object(None, ID, 1, &request(5, true, false));
        let rows = [
            (None, request(1, true, false), None),
            (Some(&deletable), request(1, false, false), None),
            (Some(&deletable), request(1, true, false), None),
            (Some(&permanent), request(1, false, false), None),
            (Some(&permanent), request(1, true, false), Some(15)),
            (Some(&permanent), request(5, true, false), Some(15)),
            (Some(&permanent), request(6, true, false), None),
            (Some(&permanent), request(1, true, true), None),
        ];
        for (known, request, certified_until) in rows {
            let until = match StoreOp::for_request(known, &request) {
                StoreOp::AlreadyCertified(certified) => Some(certified.end_epoch),
                _ => None,
            };
            assert_eq!(until, certified_until, "{request:?}");
        }
    }

    #[test]
    fn later_stores_keep_the_longest_permanent_object() {
        let mut record = Record::with_new_object(None, ID, 1, &at(100, request(5, true, false)));
        let first = record.clone();
        for request in [request(9, false, false), request(2, true, true)] {
            record = Record::with_new_object(Some(record), ID, 1, &at(200, request));
        }
        assert_eq!(record.permanent, first.permanent);
        assert_eq!((record.objects, record.stored_at_ms), (3, 100));
        assert_eq!((record.latest.end_epoch, record.latest.deletable), (12, false));
        assert_ne!(record.latest.id, first.latest.id);
        let longer = Record::with_new_object(Some(record), ID, 1, &request(6, true, false));
        assert_eq!(longer.permanent.unwrap().end_epoch, 16);
    }

    #[test]
    fn a_blob_ends_with_the_last_of_its_objects() {
        let until = |ends_ms| StoreRequest { ends_ms, ..request(1, false, false) };
        let mut record = Record::with_new_object(None, ID, 1, &until(Some(500)));
        for (ends_ms, expected) in
            [(Some(400), Some(500)), (Some(900), Some(900)), (None, None), (Some(1), None)]
        {
            record = Record::with_new_object(Some(record), ID, 1, &until(ends_ms));
            assert_eq!(record.ends_ms, expected);
        }
    }

    #[test]
    fn only_objects_in_the_own_wallet_are_reused() {
        let reuse = |epochs, permanent| StoreRequest { reuse: true, ..request(epochs, permanent, false) };
        let keep = |epochs, permanent| StoreRequest { keep: true, ..request(epochs, permanent, false) };
        let not_kept = Record::with_new_object(None, ID, 1, &request(5, false, false));
        let kept = Record::with_new_object(None, ID, 1, &keep(5, false));
        let rows = [
            (&not_kept, reuse(1, false), "new"),
            (&kept, request(1, false, false), "new"),
            (&kept, reuse(5, false), "owned until 15"),
            (&kept, reuse(6, false), "extend from 15"),
            (&kept, reuse(1, true), "new"),
            (&kept, StoreRequest { force: true, ..reuse(1, false) }, "new"),
            (&kept, StoreRequest { epoch: 15, ..reuse(1, false) }, "new"),
        ];
        for (known, request, expected) in rows {
            let got = match StoreOp::for_request(Some(known), &request) {
                StoreOp::AlreadyOwned(object) => format!("owned until {}", object.end_epoch),
                StoreOp::Extend(object) => format!("extend from {}", object.end_epoch),
                StoreOp::AlreadyCertified(certified) => format!("already until {}", certified.end_epoch),
                StoreOp::Register => "new".to_owned(),
            };
            assert_eq!(got, expected, "{request:?}");
        }
        let longer = kept.clone().with_extended(kept.latest.clone(), &reuse(9, false));
        assert_eq!((longer.latest.end_epoch, &longer.latest.id, longer.objects), (19, &kept.latest.id, 1));
        assert!(matches!(StoreOp::for_request(Some(&longer), &reuse(9, false)), StoreOp::AlreadyOwned(_)));
    }
}

//! What is known of a blob, and what a store of the same bytes is answered because of it.

use crate::blob_id::BlobId;
use crate::reuse::Find;
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
    /// When the last of its objects ends, in milliseconds since 1970; never if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_ms: Option<u64>,
    /// How many objects stand for it.
    pub objects: u64,
    /// The newest of those objects.
    pub latest: Object,
    /// The permanent object that lives longest.
    pub permanent: Option<Certified>,
    /// Those that the publisher's own wallet kept.
    #[serde(default)]
    pub kept: Kept,
}

/// The newest objects in the publisher's own wallet, by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    deletable: Option<Object>,
    permanent: Option<Object>,
}

impl Kept {
    fn slot(&mut self, deletable: bool) -> &mut Option<Object> {
        if deletable { &mut self.deletable } else { &mut self.permanent }
    }

    fn get(&self, deletable: bool) -> Option<&Object> {
        if deletable { self.deletable.as_ref() } else { self.permanent.as_ref() }
    }
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ask {
    /// The present epoch.
    pub epoch: u32,
    /// Epochs to live.
    pub epochs: u32,
    /// When these are over, in milliseconds since 1970; never if nothing is said.
    pub ends_ms: Option<u64>,
    /// Whether the blob must not be deletable.
    pub permanent: bool,
    /// Whether to store it again whatever is there.
    pub force: bool,
    /// Whether to use what the publisher's own wallet has.
    pub reuse: bool,
    /// What the wallet is made out to have, should it be used.
    pub find: Option<Find>,
    /// Whether the publisher's own wallet keeps the new object.
    pub keep: bool,
    /// Whether to act as if somebody had stored it before, permanently and for as long.
    pub existing: bool,
    /// Whether the blob is a quilt.
    pub quilt: bool,
}

/// Whether a store makes a new object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It does.
    New,
    /// It does not: a permanent object lives long enough.
    Already(Certified),
    /// It does not: the publisher's own wallet has one that lives long enough.
    Owned(Object),
    /// The publisher's own wallet has one that must live longer.
    Extend(Object),
}

impl Ask {
    /// The first epoch after the life that was asked for.
    #[must_use]
    pub fn end_epoch(&self) -> u32 {
        self.epoch.saturating_add(self.epochs)
    }
}

/// A permanent store is spared by a permanent object that lives as long, whoever owns it. With `reuse`, an object of the
/// publisher's own wallet and of the same kind serves too, extended if need be.
#[must_use]
pub fn decide(known: Option<&Record>, ask: &Ask) -> Decision {
    let Some(record) = known.filter(|_| !ask.force) else { return Decision::New };
    let long_enough = |certified: &&Certified| certified.end_epoch >= ask.end_epoch();
    if let Some(certified) = record.permanent.as_ref().filter(|_| ask.permanent).filter(long_enough) {
        return Decision::Already(certified.clone());
    }
    let alive = |object: &&Object| ask.reuse && object.end_epoch > ask.epoch;
    match record.kept.get(!ask.permanent).filter(alive) {
        Some(object) if object.end_epoch >= ask.end_epoch() => Decision::Owned(object.clone()),
        Some(object) => Decision::Extend(object.clone()),
        None => Decision::New,
    }
}

/// The record after one of its objects was made to live as long as asked.
#[must_use]
pub(super) fn extended(mut record: Record, mut object: Object, ask: &Ask) -> Record {
    object.end_epoch = ask.end_epoch();
    *record.kept.slot(object.deletable) = Some(object.clone());
    if let Some(certified) = record.permanent.as_mut().filter(|_| !object.deletable) {
        certified.end_epoch = certified.end_epoch.max(object.end_epoch);
    }
    record.ends_ms = later(record.ends_ms, ask.ends_ms);
    record.latest = object;
    record
}

/// The later of two ends; never is the latest.
fn later(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.zip(other).map(|(one, other)| one.max(other))
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
    let stored_at_ms = known.as_ref().map_or(now_ms, |record| record.stored_at_ms);
    let ends_ms = known.as_ref().map_or(ask.ends_ms, |record| later(record.ends_ms, ask.ends_ms));
    let mut kept = known.map_or_else(Kept::default, |record| record.kept);
    if ask.keep {
        *kept.slot(latest.deletable) = Some(latest.clone());
    }
    Record { blob_id: id, size, stored_at_ms, ends_ms, objects: objects + 1, latest, permanent, kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: BlobId = BlobId::ZERO;

    fn ask(epochs: u32, permanent: bool, force: bool) -> Ask {
        Ask { epoch: 10, epochs, permanent, force, ..Ask::default() }
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
                _ => None,
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

    #[test]
    fn a_blob_ends_with_the_last_of_its_objects() {
        let until = |ends_ms| Ask { ends_ms, ..ask(1, false, false) };
        let mut record = with_one_more(None, ID, 1, &until(Some(500)), 0);
        for (ends_ms, expected) in
            [(Some(400), Some(500)), (Some(900), Some(900)), (None, None), (Some(1), None)]
        {
            record = with_one_more(Some(record), ID, 1, &until(ends_ms), 0);
            assert_eq!(record.ends_ms, expected);
        }
    }

    #[test]
    fn s2_3_only_what_the_wallet_kept_is_used_again() {
        let reuse = |epochs, permanent| Ask { reuse: true, ..ask(epochs, permanent, false) };
        let keep = |epochs, permanent| Ask { keep: true, ..ask(epochs, permanent, false) };
        let sent_on = with_one_more(None, ID, 1, &ask(5, false, false), 0);
        let kept = with_one_more(None, ID, 1, &keep(5, false), 0);
        let rows = [
            (&sent_on, reuse(1, false), "new"),
            (&kept, ask(1, false, false), "new"),
            (&kept, reuse(5, false), "owned until 15"),
            (&kept, reuse(6, false), "extend from 15"),
            (&kept, reuse(1, true), "new"),
            (&kept, Ask { force: true, ..reuse(1, false) }, "new"),
            (&kept, Ask { epoch: 15, ..reuse(1, false) }, "new"),
        ];
        for (known, ask, expected) in rows {
            let got = match decide(Some(known), &ask) {
                Decision::Owned(object) => format!("owned until {}", object.end_epoch),
                Decision::Extend(object) => format!("extend from {}", object.end_epoch),
                Decision::Already(certified) => format!("already until {}", certified.end_epoch),
                Decision::New => "new".to_owned(),
            };
            assert_eq!(got, expected, "{ask:?}");
        }
        let longer = extended(kept.clone(), kept.latest.clone(), &reuse(9, false));
        assert_eq!((longer.latest.end_epoch, &longer.latest.id, longer.objects), (19, &kept.latest.id, 1));
        assert!(matches!(decide(Some(&longer), &reuse(9, false)), Decision::Owned(_)));
    }
}

//! The JSON of a store, as a real publisher writes it: camelCase, keys in its order, one line.

use crate::blob_id::BlobId;
use crate::encoding::{Prices, encoded_length};
use crate::quilt::{Entry, Index, PatchId};
use crate::reuse::Operation;
use crate::store::{Record, Stored};
use serde::Serialize;

/// What a store is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// A new object was made.
    NewlyCreated(NewlyCreated),
    /// A permanent object was there already.
    #[serde(rename_all = "camelCase")]
    AlreadyCertified {
        /// The blob's name.
        blob_id: BlobId,
        /// What shows it.
        #[serde(flatten)]
        proof: Proof,
        /// The first epoch after its life.
        end_epoch: u32,
    },
    /// The store failed after it was accepted; sent with status 200.
    #[serde(rename_all = "camelCase")]
    Error {
        /// The blob's name, if it got that far.
        blob_id: Option<BlobId>,
        /// How far it got.
        failure_phase: &'static str,
        /// Why, for people.
        error_msg: String,
    },
}

/// What a store of a quilt is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuiltAnswer {
    blob_store_result: Answer,
    stored_quilt_blobs: Vec<StoredFile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct StoredFile {
    identifier: String,
    quilt_patch_id: PatchId,
    /// The columns of the file, the end not among them.
    range: [u16; 2],
}

impl QuiltAnswer {
    /// The answer to a store of these files as this blob.
    #[must_use]
    pub fn to(quilt: BlobId, index: &Index, blob_store_result: Answer) -> Self {
        let file = |entry: &Entry| StoredFile {
            identifier: entry.identifier.clone(),
            quilt_patch_id: PatchId::new(quilt, entry.start, entry.end),
            range: [entry.start, entry.end],
        };
        Self { blob_store_result, stored_quilt_blobs: index.0.iter().map(file).collect() }
    }

    /// The answer to a store that failed after it was accepted.
    #[must_use]
    pub fn failed(blob_store_result: Answer) -> Self {
        Self { blob_store_result, stored_quilt_blobs: Vec::new() }
    }

    /// The JSON of the answer, one line.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Plain structs of numbers and text always serialize.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// What shows that a blob is certified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Proof {
    /// The event that certified a permanent object.
    Event(Event),
    /// The object in the publisher's own wallet.
    Object(String),
}

/// A new object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewlyCreated {
    blob_object: BlobObject,
    resource_operation: ResourceOperation,
    cost: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    shared_blob_object: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct BlobObject {
    id: String,
    registered_epoch: u32,
    blob_id: BlobId,
    size: u64,
    encoding_type: &'static str,
    /// A new object is shown as it was registered, before it was certified; an extended one was certified before.
    certified_epoch: Option<u32>,
    storage: Storage,
    deletable: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Storage {
    id: String,
    start_epoch: u32,
    end_epoch: u32,
    storage_size: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum ResourceOperation {
    #[serde(rename_all = "camelCase")]
    RegisterFromScratch { encoded_length: u64, epochs_ahead: u32 },
    #[serde(rename_all = "camelCase")]
    ReuseStorage { encoded_length: u64 },
    #[serde(rename_all = "camelCase")]
    ReuseRegistration { encoded_length: u64 },
    #[serde(rename_all = "camelCase")]
    ReuseAndExtend { encoded_length: u64, epochs_extended: u32 },
    #[serde(rename_all = "camelCase")]
    ReuseAndExtendNonCertified { encoded_length: u64, epochs_extended: u32 },
}

/// A certification event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    tx_digest: String,
    /// A number, sent as text.
    event_seq: &'static str,
}

impl Answer {
    /// The answer to a store that came to this.
    #[must_use]
    pub fn to(stored: Stored, prices: &Prices, share: bool) -> Self {
        match stored {
            Stored::New(record, operation) => Self::NewlyCreated(created(*record, operation, prices, share)),
            Stored::Already(blob_id, certified) => Self::AlreadyCertified {
                blob_id,
                proof: Proof::Event(Event { tx_digest: certified.tx_digest, event_seq: "0" }),
                end_epoch: certified.end_epoch,
            },
            Stored::Owned(blob_id, object) => Self::AlreadyCertified {
                blob_id,
                proof: Proof::Object(object.id),
                end_epoch: object.end_epoch,
            },
        }
    }

    /// The JSON of the answer, one line.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Plain structs of numbers and text always serialize.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

fn created(record: Record, operation: Operation, prices: &Prices, share: bool) -> NewlyCreated {
    let encoded_length = encoded_length(record.size).unwrap_or(0);
    let epochs_ahead = record.latest.end_epoch - record.latest.start_epoch;
    let (resource_operation, cost) = match operation {
        Operation::Scratch => (
            ResourceOperation::RegisterFromScratch { encoded_length, epochs_ahead },
            prices.from_scratch(encoded_length, epochs_ahead),
        ),
        Operation::Storage => {
            (ResourceOperation::ReuseStorage { encoded_length }, prices.registration(encoded_length))
        }
        Operation::Registration => (ResourceOperation::ReuseRegistration { encoded_length }, 0),
        Operation::Extend(epochs_extended) => (
            ResourceOperation::ReuseAndExtend { encoded_length, epochs_extended },
            prices.extension(encoded_length, epochs_extended),
        ),
        Operation::ExtendUncertified(epochs_extended) => (
            ResourceOperation::ReuseAndExtendNonCertified { encoded_length, epochs_extended },
            prices.extension(encoded_length, epochs_extended),
        ),
    };
    let certified = matches!(operation, Operation::Extend(_)).then_some(record.latest.start_epoch);
    NewlyCreated {
        shared_blob_object: share.then(|| record.latest.shared_id.clone()),
        blob_object: BlobObject::of(record, encoded_length, certified),
        resource_operation,
        cost,
    }
}

impl BlobObject {
    fn of(record: Record, storage_size: u64, certified_epoch: Option<u32>) -> Self {
        let object = record.latest;
        let (start_epoch, end_epoch) = (object.start_epoch, object.end_epoch);
        Self {
            id: object.id,
            registered_epoch: start_epoch,
            blob_id: record.blob_id,
            size: record.size,
            encoding_type: "RS2",
            certified_epoch,
            storage: Storage { id: object.storage_id, start_epoch, end_epoch, storage_size },
            deletable: object.deletable,
        }
    }
}

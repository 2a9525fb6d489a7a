//! The JSON that a publisher answers stores with, under the names and in the order of the real one: camelCase, one line.

use crate::blob_id::BlobId;
use crate::chain::{Prices, RegisterOp};
use crate::encoding::encoded_length;
use crate::quilt::{Entry, Index, PatchId};
use crate::store::{Record, Stored};
use serde::Serialize;

/// The answer to a store of a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum BlobStoreResult {
    /// An object was registered or extended.
    NewlyCreated {
        blob_object: BlobObject,
        resource_operation: RegisterOp,
        /// In FROST.
        cost: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        shared_blob_object: Option<String>,
    },
    /// An object existed already.
    AlreadyCertified {
        blob_id: BlobId,
        #[serde(flatten)]
        proof: EventOrObject,
        /// The first epoch after its life.
        end_epoch: u32,
    },
    /// The store failed after it was accepted; sent with status 200.
    Error {
        /// `None` if it failed before the ID was computed.
        blob_id: Option<BlobId>,
        failure_phase: &'static str,
        error_msg: String,
    },
}

/// The answer to a store of a quilt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QuiltStoreResult {
    blob_store_result: BlobStoreResult,
    stored_quilt_blobs: Vec<StoredQuiltPatch>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct StoredQuiltPatch {
    identifier: String,
    quilt_patch_id: PatchId,
    /// The columns of the file, the end excluded.
    range: [u16; 2],
}

/// What shows that a blob is certified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum EventOrObject {
    /// The event that certified a permanent object.
    Event {
        tx_digest: String,
        /// A number, sent as text.
        event_seq: &'static str,
    },
    /// The ID of the object in the publisher's own wallet.
    Object(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BlobObject {
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

impl BlobStoreResult {
    /// The answer to a store with this result; `share` adds the shared object around a new one.
    pub(crate) fn of(stored: Stored, prices: &Prices, share: bool) -> Self {
        match stored {
            Stored::Created(record, resource_operation) => Self::NewlyCreated {
                shared_blob_object: share.then(|| record.latest.shared_id.clone()),
                blob_object: BlobObject::of(*record, resource_operation),
                resource_operation,
                cost: prices.cost(resource_operation),
            },
            Stored::AlreadyCertified(blob_id, permanent) => Self::AlreadyCertified {
                blob_id,
                proof: EventOrObject::Event { tx_digest: permanent.tx_digest, event_seq: "0" },
                end_epoch: permanent.end_epoch,
            },
            Stored::AlreadyOwned(blob_id, object) => Self::AlreadyCertified {
                blob_id,
                proof: EventOrObject::Object(object.id),
                end_epoch: object.end_epoch,
            },
        }
    }
}

impl QuiltStoreResult {
    /// The answer to a store of these files as this blob.
    pub(crate) fn of(quilt: BlobId, index: &Index, blob_store_result: BlobStoreResult) -> Self {
        let patch = |entry: &Entry| StoredQuiltPatch {
            identifier: entry.identifier.clone(),
            quilt_patch_id: PatchId::new(quilt, entry.start, entry.end),
            range: [entry.start, entry.end],
        };
        Self { blob_store_result, stored_quilt_blobs: index.0.iter().map(patch).collect() }
    }

    /// The answer to a store that failed after it was accepted.
    pub(crate) fn failed(blob_store_result: BlobStoreResult) -> Self {
        Self { blob_store_result, stored_quilt_blobs: Vec::new() }
    }
}

impl BlobObject {
    fn of(record: Record, operation: RegisterOp) -> Self {
        let object = record.latest;
        let (start_epoch, end_epoch) = (object.start_epoch, object.end_epoch);
        let storage_size = encoded_length(record.size).unwrap_or(0);
        Self {
            id: object.id,
            registered_epoch: start_epoch,
            blob_id: record.blob_id,
            size: record.size,
            encoding_type: "RS2",
            certified_epoch: matches!(operation, RegisterOp::ReuseAndExtend { .. }).then_some(start_epoch),
            storage: Storage { id: object.storage_id, start_epoch, end_epoch, storage_size },
            deletable: object.deletable,
        }
    }
}

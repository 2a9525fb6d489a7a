//! How large the blob is that a read is about, for the rules of the weather that ask: only then is it looked up first.

use crate::object_id::ObjectId;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use mock_publisher::admission::Ticket;
use mock_publisher::blob_id::BlobId;
use mock_publisher::quilt::PatchId;
use mock_publisher::store::Store;
use tokio::task::spawn_blocking;

/// Tells a visit the size of its blob, if the path names one that is there; of a file in a quilt, that of the quilt.
pub(crate) async fn set_size(parts: &mut Parts, store: &Store, ticket: &mut Ticket) {
    let Ok(params) = RawPathParams::from_request_parts(parts, &()).await else { return };
    let named = params.iter().find_map(|(name, value)| Named::of(name, value));
    let store = store.clone();
    let look = move || named.and_then(|named| named.size(&store));
    if let Ok(Some(size)) = spawn_blocking(look).await {
        ticket.set_size(size);
    }
}

/// What a path names.
enum Named {
    Blob(BlobId),
    Object(ObjectId),
}

impl Named {
    fn of(name: &str, value: &str) -> Option<Self> {
        match name {
            "blob_id" | "quilt_id" => value.parse().ok().map(Self::Blob),
            "quilt_patch_id" => value.parse::<PatchId>().ok().map(|id| Self::Blob(id.quilt)),
            "blob_object_id" => value.parse().ok().map(Self::Object),
            _ => None,
        }
    }

    /// A store that cannot be read is the business of the read that follows.
    fn size(self, store: &Store) -> Option<u64> {
        let id = match self {
            Self::Blob(id) => id,
            Self::Object(address) => store.object(address.as_str()).ok()??.blob_id,
        };
        store.read(&id).ok()?.map(|blob| blob.record.size)
    }
}

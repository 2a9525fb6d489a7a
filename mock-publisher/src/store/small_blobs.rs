//! A cache of small blobs read lately: a hit costs one `stat` of the record's file and no other disk access.

use super::contents::Contents;
use super::record::Record;
use crate::blob_id::BlobId;
use bytes::Bytes;
use std::collections::HashMap;
use std::fs::Metadata;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// The largest blob that is cached, in bytes.
pub(super) const MAX_BLOB: u64 = 256 << 10;
/// The most bytes cached; when there would be more, all are dropped.
pub(super) const MAX_BYTES: usize = 64 << 20;

/// What distinguishes a file from one that was at the same path before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileVersion {
    length: u64,
    modified: Option<SystemTime>,
    /// 0 where there are none.
    inode: u64,
}

impl FileVersion {
    pub(super) fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Self { length: metadata.len(), modified: metadata.modified().ok(), inode }
    }
}

/// The cached blobs, each with the version of its record's file.
#[derive(Debug, Default)]
pub(super) struct SmallBlobCache(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    blobs: HashMap<BlobId, (FileVersion, Arc<Record>, Bytes)>,
    bytes: usize,
}

impl SmallBlobCache {
    /// A blob whose record still has this version.
    pub(super) fn get(&self, id: &BlobId, version: FileVersion) -> Option<Contents> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, record, bytes) = entries.blobs.get(id).filter(|blob| blob.0 == version)?;
        Some(Contents::InMemory(Arc::clone(record), bytes.clone()))
    }

    pub(super) fn insert(&self, id: BlobId, version: FileVersion, record: Arc<Record>, bytes: Bytes) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.bytes + bytes.len() > MAX_BYTES {
            *entries = Entries::default();
        }
        entries.bytes += bytes.len();
        if let Some((_, _, old)) = entries.blobs.insert(id, (version, record, bytes)) {
            entries.bytes -= old.len();
        }
    }
}

//! Blobs in a directory, shared by any number of processes: a blob is there once its record is.
//!
//! ```text
//! DIR/blobs/ab/ab…     the bytes of a blob, renamed into place
//! DIR/blobs/ab/ab….json its record, renamed into place after the bytes: the moment of the store
//! DIR/objects/ab/0xab….json  what an object stands for; there before the record names it
//! DIR/tmp/              what is being written; swept by a publisher that finds itself alone
//! DIR/records.lock      held by a publisher while it changes a record
//! DIR/writers.lock      held by every publisher as long as it lives
//! ```
//!
//! A process that is killed leaves at most bytes without a record, which nobody sees.

mod budget;
mod commit;
mod intake;
mod names;
mod objects;
mod pieces;
mod recent;
mod record;

pub(crate) use commit::now_ms;
pub use commit::{Stored, Writer};
pub use intake::Intake;
pub use objects::{Attributes, ObjectEntry};
pub use pieces::pieces;
pub use recent::Whole;
pub use record::{Ask, Certified, Decision, Kept, Object, Record, decide};

use crate::blob_id::BlobId;
use bytes::Bytes;
use recent::{Recent, SMALL, Stamp};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A store that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {path} as a store: choose another directory with --store, or make it writable", path = .path.display())]
pub struct BadStore {
    path: PathBuf,
    source: io::Error,
}

/// A directory of blobs, for reading.
#[derive(Debug, Clone)]
pub struct Store {
    root: Arc<Path>,
    recent: Arc<Recent>,
}

/// A stored blob: what is known of it, and its bytes.
#[derive(Debug)]
pub struct Blob {
    /// What is known of it.
    pub record: Record,
    /// Its bytes.
    pub bytes: File,
}

impl Store {
    /// The store in this directory, which is made if it is not there.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn open(root: &Path) -> Result<Self, BadStore> {
        for folder in ["blobs", "objects", "tmp"] {
            let path = root.join(folder);
            fs::create_dir_all(&path).map_err(|source| BadStore { path, source })?;
        }
        Ok(Self { root: root.into(), recent: Arc::default() })
    }

    /// A stored blob, or `None` if there is none of this name. Blocks on the disk.
    ///
    /// # Errors
    /// The disk failed, or a record is not one.
    pub fn read(&self, id: &BlobId) -> io::Result<Option<Blob>> {
        let Some(record) = self.record(id)? else { return Ok(None) };
        Ok(Some(Blob { record, bytes: File::open(self.bytes_path(id))? }))
    }

    /// A small blob that was read before and is in memory still. Looks at one file and reads none, so that nobody need
    /// be spared the wait.
    #[must_use]
    pub fn recent(&self, id: &BlobId) -> Option<Whole> {
        let metadata = fs::metadata(self.record_path(id)).ok()?;
        self.recent.get(id, Stamp::of(&metadata))
    }

    /// A stored blob with its bytes, if it is small, which are then in memory for those who ask next. Blocks on the
    /// disk.
    ///
    /// # Errors
    /// The disk failed, a record is not one, or the bytes are fewer than it says.
    pub fn whole(&self, id: &BlobId) -> io::Result<Option<Whole>> {
        // Before the record is read: a change in between is then noticed the next time.
        let stamp = fs::metadata(self.record_path(id)).ok().map(|metadata| Stamp::of(&metadata));
        let Some(mut blob) = self.read(id)? else { return Ok(None) };
        if blob.record.size > SMALL {
            return Ok(Some(Whole::Large(Box::new(blob))));
        }
        let mut bytes = vec![0; usize::try_from(blob.record.size).map_err(io::Error::other)?];
        blob.bytes.read_exact(&mut bytes)?;
        let (record, bytes) = (Arc::new(blob.record), Bytes::from(bytes));
        if let Some(stamp) = stamp {
            self.recent.hold(*id, stamp, Arc::clone(&record), bytes.clone());
        }
        Ok(Some(Whole::Small(record, bytes)))
    }

    /// What is known of a blob, or `None` if there is none of this name. Blocks on the disk.
    ///
    /// # Errors
    /// The disk failed, or the record is not one.
    pub fn record(&self, id: &BlobId) -> io::Result<Option<Record>> {
        match fs::read(self.record_path(id)) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn shelf(&self, name: &str) -> PathBuf {
        self.root.join("blobs").join(name.get(..2).unwrap_or("__"))
    }

    fn bytes_path(&self, id: &BlobId) -> PathBuf {
        let name = id.to_string();
        self.shelf(&name).join(name)
    }

    fn record_path(&self, id: &BlobId) -> PathBuf {
        self.bytes_path(id).with_extension("json")
    }

    fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }
}

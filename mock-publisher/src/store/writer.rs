//! Writes blobs: bytes first, then the record, each by a rename, one change of a record at a time.

use super::directory::{Attributes, BadStore, ObjectEntry, Store};
use super::quota::Quota;
use super::record::{Certification, Object, Record, StoreOp, StoreRequest};
use super::spool::Spool;
use crate::blob_id::{BlobId, BlobIdGenerator, BlobIdScheme};
use crate::chain::RegisterOp;
use crate::encoding::encoded_length;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tempfile::NamedTempFile;

/// A store that may be written to; any number of processes may hold one over the same directory.
#[derive(Debug, Clone)]
pub struct Writer {
    store: Store,
    /// Holds the shared lock that says that a writer is alive.
    _alive: Arc<File>,
    quota: Arc<Quota>,
    ids: BlobIdGenerator,
}

/// The result of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// An object was registered or extended; it is the record's latest.
    Created(Box<Record>, RegisterOp),
    /// A permanent object existed already.
    AlreadyCertified(BlobId, Certification),
    /// The publisher's own wallet had an object already.
    AlreadyOwned(BlobId, Object),
}

impl Stored {
    /// The blob's ID.
    #[must_use]
    pub fn blob_id(&self) -> BlobId {
        match self {
            Self::Created(record, _) => record.blob_id,
            Self::AlreadyCertified(id, _) | Self::AlreadyOwned(id, _) => *id,
        }
    }
}

impl Writer {
    /// Opens the store in this directory for writing, without a limit; see `with_limit`.
    ///
    /// # Errors
    /// The directory cannot be created or written to.
    pub fn open(root: &Path) -> Result<Self, BadStore> {
        Self::with_limit(root, None)
    }

    /// Opens the store in this directory for writing, and removes what killed writers left in `tmp` if no other one is
    /// alive. It may grow to `limit` bytes of blobs, counted now; later, every writer counts only its own.
    ///
    /// # Errors
    /// The directory cannot be created, counted or written to.
    pub fn with_limit(root: &Path, limit: Option<u64>) -> Result<Self, BadStore> {
        let store = Store::open(root)?;
        let bad = |source| BadStore { path: root.to_owned(), source };
        let alive = File::create(root.join("writers.lock")).map_err(bad)?;
        NamedTempFile::new_in(store.tmp()).map_err(bad)?;
        if alive.try_lock().is_ok() {
            remove_files_in(&store.tmp()).map_err(bad)?;
        }
        alive.lock_shared().map_err(bad)?;
        let quota = Arc::new(Quota::of(&store.blobs(), limit).map_err(bad)?);
        Ok(Self { store, _alive: Arc::new(alive), quota, ids: BlobIdGenerator::default() })
    }

    /// The same writer with IDs of this scheme.
    #[must_use]
    pub fn with_scheme(self, scheme: BlobIdScheme) -> Self {
        Self { ids: BlobIdGenerator::new(scheme), ..self }
    }

    /// The ID that a spooled blob would get. Blocks on the disk, and on the processor if IDs are real.
    ///
    /// # Errors
    /// The disk failed or is full.
    pub fn blob_id(&self, spool: Spool) -> io::Result<BlobId> {
        let (cheap, size, mut bytes) = spool.finish()?;
        self.ids.id(cheap, bytes.as_file_mut(), size)
    }

    /// The store, for reading.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// A spool for a blob that is being received.
    #[must_use]
    pub fn spool(&self) -> Spool {
        Spool::new(self.store.tmp())
    }

    /// Stores a spooled blob. Blocks on the disk, and on the processor if IDs are real.
    ///
    /// # Errors
    /// The disk failed, or it or the store is full; nothing was stored.
    pub fn commit(&self, spool: Spool, request: &StoreRequest) -> io::Result<Stored> {
        let (cheap, size, mut bytes) = spool.finish()?;
        let id = self.ids.id(cheap, bytes.as_file_mut(), size)?;
        self.store.bytes_path(&id).parent().map_or(Ok(()), fs::create_dir_all)?;
        self.store.lock.hold(|| {
            self.place(bytes, &id, size)?;
            self.register(id, size, request)
        })
    }

    /// Moves new bytes to their place, under the lock: of two concurrent stores of the same bytes only one may use quota.
    fn place(&self, bytes: NamedTempFile, id: &BlobId, size: u64) -> io::Result<()> {
        if self.store.record(id)?.is_none() {
            let reservation = self.quota.reserve(size)?;
            bytes.persist(self.store.bytes_path(id))?;
            reservation.commit();
        }
        Ok(())
    }

    /// Updates the record, under the lock.
    fn register(&self, id: BlobId, size: u64, request: &StoreRequest) -> io::Result<Stored> {
        let known = self.store.record(&id)?;
        let encoded_length = encoded_length(size).unwrap_or(0);
        match (StoreOp::for_request(known.as_ref(), request), known) {
            (StoreOp::AlreadyCertified(permanent), _) => Ok(Stored::AlreadyCertified(id, permanent)),
            (StoreOp::AlreadyOwned(object), _) => Ok(Stored::AlreadyOwned(id, object)),
            (StoreOp::Extend(object), Some(known)) => {
                let epochs_extended = request.end_epoch() - object.end_epoch;
                let record = known.with_extended(object, request);
                self.store.write_record(&record)?;
                let operation = RegisterOp::ReuseAndExtend { encoded_length, epochs_extended };
                Ok(Stored::Created(record.into(), operation))
            }
            (_, known) if request.existing && !request.force => {
                let others = StoreRequest { permanent: true, keep: false, ..*request };
                let record = self.create_object(known, id, size, &others)?;
                let permanent = record.permanent.ok_or_else(|| io::Error::other("no permanent object"))?;
                Ok(Stored::AlreadyCertified(id, permanent))
            }
            (_, known) => {
                let record = self.create_object(known, id, size, request)?;
                let epochs_ahead = request.end_epoch() - request.epoch;
                let scratch = RegisterOp::RegisterFromScratch { encoded_length, epochs_ahead };
                let operation = match request.resource.filter(|_| request.reuse && !request.force) {
                    Some(resource) => resource.operation(encoded_length, request.epochs),
                    None => Some(scratch),
                };
                Ok(match operation {
                    Some(operation) => Stored::Created(record.into(), operation),
                    None => Stored::AlreadyOwned(id, record.latest),
                })
            }
        }
    }

    /// Registers one more object. The object's entry is written first, so that every object of a record is found.
    fn create_object(
        &self,
        known: Option<Record>,
        id: BlobId,
        size: u64,
        request: &StoreRequest,
    ) -> io::Result<Record> {
        let record = Record::with_new_object(known, id, size, request);
        let quilt = ("_walrusBlobType".to_owned(), "quilt".to_owned());
        let attributes: Attributes = request.quilt.then_some(quilt).into_iter().collect();
        self.store.write_object(&record.latest.id, &ObjectEntry { blob_id: id, attributes })?;
        self.store.write_record(&record)?;
        Ok(record)
    }
}

fn remove_files_in(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        fs::remove_file(entry?.path())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::io::Read;

    fn store(writer: &Writer, bytes: &'static [u8], permanent: bool) -> Stored {
        let mut spool = writer.spool();
        let _ = spool.push(Bytes::from_static(bytes));
        writer
            .commit(spool, &StoreRequest { epoch: 1, epochs: 1, permanent, ..StoreRequest::default() })
            .unwrap()
    }

    #[test]
    fn a_stored_blob_is_read_back_after_the_directory_is_reopened() {
        let dir = tempfile::tempdir().unwrap();
        let stored = store(&Writer::open(dir.path()).unwrap(), b"walrus", true);
        let mut blob = Store::open(dir.path()).unwrap().read(&stored.blob_id()).unwrap().unwrap();
        let mut bytes = Vec::new();
        blob.bytes.read_to_end(&mut bytes).unwrap();
        assert_eq!((bytes.as_slice(), blob.record.size), (b"walrus".as_slice(), 6));
        let again = store(&Writer::open(dir.path()).unwrap(), b"walrus", true);
        assert!(matches!(again, Stored::AlreadyCertified(..)), "{again:?}");
        assert!(matches!(store(&Writer::open(dir.path()).unwrap(), b"walrus", false), Stored::Created(..)));
    }

    #[test]
    fn bytes_without_a_record_are_not_a_blob() {
        let dir = tempfile::tempdir().unwrap();
        let writer = Writer::open(dir.path()).unwrap();
        let id = store(&writer, b"half", false).blob_id();
        fs::remove_file(writer.store().record_path(&id)).unwrap();
        assert!(writer.store().read(&id).unwrap().is_none());
        assert!(matches!(store(&writer, b"half", true), Stored::Created(..)));
        assert!(writer.store().read(&id).unwrap().is_some());
    }

    #[test]
    fn leftovers_are_removed_by_a_writer_that_is_alone() {
        let dir = tempfile::tempdir().unwrap();
        let first = Writer::open(dir.path()).unwrap();
        let leftover = dir.path().join("tmp/leftover");
        fs::write(&leftover, "x").unwrap();
        let second = Writer::open(dir.path()).unwrap();
        assert!(leftover.exists(), "it may be the other writer's");
        drop((first, second));
        Writer::open(dir.path()).unwrap();
        assert!(!leftover.exists());
    }

    #[test]
    fn the_same_bytes_stored_concurrently_use_the_quota_once() {
        const ROUNDS: u8 = 40;
        let dir = tempfile::tempdir().unwrap();
        // One blob more than all of them does not fit.
        let writer = Writer::with_limit(dir.path(), Some(100 * u64::from(ROUNDS) + 99)).unwrap();
        for round in 0..ROUNDS {
            let barrier = std::sync::Barrier::new(4);
            std::thread::scope(|scope| {
                let one = |_| {
                    scope.spawn(|| {
                        let mut spool = writer.spool();
                        let _ = spool.push(Bytes::from(vec![round; 100]));
                        barrier.wait();
                        writer
                            .commit(spool, &StoreRequest { epoch: 1, epochs: 1, ..StoreRequest::default() })
                            .map(|_| ())
                    })
                };
                let threads: Vec<_> = (0..4).map(one).collect();
                threads.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
            });
        }
    }

    #[test]
    fn concurrent_stores_of_the_same_bytes_make_one_permanent_object() {
        let dir = tempfile::tempdir().unwrap();
        let writers = [Writer::open(dir.path()).unwrap(), Writer::open(dir.path()).unwrap()];
        let new = std::thread::scope(|scope| {
            let one = |n: usize| {
                scope.spawn({
                    let writer = &writers[n % 2];
                    move || matches!(store(writer, b"same", true), Stored::Created(..))
                })
            };
            let threads: Vec<_> = (0..8).map(one).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).filter(|new| *new).count()
        });
        assert_eq!(new, 1);
    }
}

//! The moment of the store: bytes first, then the record, each by a rename, one change of a record at a time.

use super::budget::Budget;
use super::record::{extended, with_one_more};
use super::{
    Ask, Attributes, BadStore, Certified, Decision, Intake, Object, ObjectEntry, Record, Store, decide,
};
use crate::blob_id::BlobId;
use crate::naming::{Namer, Naming};
use crate::reuse::Operation;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tempfile::NamedTempFile;

/// A store that may be written to; any number of processes may hold one over the same directory.
#[derive(Debug, Clone)]
pub struct Writer {
    store: Store,
    /// Threads queue for the mutex, processes for the lock on its file.
    lock: Arc<Mutex<File>>,
    _alive: Arc<File>,
    budget: Arc<Budget>,
    namer: Namer,
}

/// What a store came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// A new object, or one that was there and lives longer now; it is the record's latest.
    New(Box<Record>, Operation),
    /// A permanent object was there already.
    Already(BlobId, Certified),
    /// The publisher's own wallet had an object already.
    Owned(BlobId, Object),
}

impl Stored {
    /// The blob's name.
    #[must_use]
    pub fn blob_id(&self) -> BlobId {
        match self {
            Self::New(record, _) => record.blob_id,
            Self::Already(id, _) | Self::Owned(id, _) => *id,
        }
    }
}

impl Writer {
    /// Opens the store in this directory for writing, and sweeps what killed writers left if no other one lives.
    ///
    /// # Errors
    /// The directory cannot be made or written to.
    pub fn open(root: &Path) -> Result<Self, BadStore> {
        Self::limited(root, None)
    }

    /// The same for a store that may grow to so many bytes of blobs. They are counted at the opening; from then on
    /// every writer counts its own.
    ///
    /// # Errors
    /// The directory cannot be made, counted or written to.
    pub fn limited(root: &Path, limit: Option<u64>) -> Result<Self, BadStore> {
        let store = Store::open(root)?;
        let bad = |source| BadStore { path: root.to_owned(), source };
        let lock = File::create(root.join("records.lock")).map_err(bad)?;
        let alive = File::create(root.join("writers.lock")).map_err(bad)?;
        NamedTempFile::new_in(store.tmp()).map_err(bad)?;
        if alive.try_lock().is_ok() {
            sweep(&store.tmp()).map_err(bad)?;
        }
        alive.lock_shared().map_err(bad)?;
        let budget = Arc::new(Budget::of(&root.join("blobs"), limit).map_err(bad)?);
        Ok(Self {
            store,
            lock: Arc::new(Mutex::new(lock)),
            _alive: Arc::new(alive),
            budget,
            namer: Namer::default(),
        })
    }

    /// The same writer, giving names of this kind.
    #[must_use]
    pub fn naming(self, naming: Naming) -> Self {
        Self { namer: Namer::new(naming), ..self }
    }

    /// The name that what was taken in would get. Blocks on the disk, and computes for long if names are dear.
    ///
    /// # Errors
    /// The disk failed or is full.
    pub fn name(&self, intake: Intake) -> io::Result<BlobId> {
        let (cheap, size, mut bytes) = intake.finish()?;
        self.namer.name(cheap, bytes.as_file_mut(), size)
    }

    /// The store, for reading.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// A place for a blob on its way in.
    #[must_use]
    pub fn intake(&self) -> Intake {
        Intake::new(self.store.tmp())
    }

    /// Stores what was taken in. Blocks on the disk.
    ///
    /// # Errors
    /// The disk failed, or it or the store is full; nothing was stored.
    pub fn commit(&self, intake: Intake, ask: &Ask) -> io::Result<Stored> {
        let (cheap, size, mut bytes) = intake.finish()?;
        let id = self.namer.name(cheap, bytes.as_file_mut(), size)?;
        let shelf = self.store.shelf(&id.to_string());
        fs::create_dir_all(&shelf)?;
        let lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        lock.lock()?;
        let stored = self.place(bytes, &id, size).and_then(|()| self.register(id, size, ask));
        lock.unlock()?;
        stored
    }

    /// Puts new bytes in their place, under the lock: two who bring the same ones at once must not both pay for them.
    fn place(&self, bytes: NamedTempFile, id: &BlobId, size: u64) -> io::Result<()> {
        if self.store.record(id)?.is_none() {
            let spent = self.budget.spend(size)?;
            bytes.persist(self.store.bytes_path(id))?;
            spent.keep();
        }
        Ok(())
    }

    /// Changes the record, under the lock.
    fn register(&self, id: BlobId, size: u64, ask: &Ask) -> io::Result<Stored> {
        let known = self.store.record(&id)?;
        match (decide(known.as_ref(), ask), known) {
            (Decision::Already(certified), _) => Ok(Stored::Already(id, certified)),
            (Decision::Owned(object), _) => Ok(Stored::Owned(id, object)),
            (Decision::Extend(object), Some(known)) => {
                let epochs = ask.end_epoch() - object.end_epoch;
                let record = extended(known, object, ask);
                self.write(&record)?;
                Ok(Stored::New(record.into(), Operation::Extend(epochs)))
            }
            (_, known) if ask.existing && !ask.force => {
                let others = Ask { permanent: true, keep: false, ..*ask };
                let record = self.create(known, id, size, &others)?;
                let certified = record.permanent.ok_or_else(|| io::Error::other("no permanent object"))?;
                Ok(Stored::Already(id, certified))
            }
            (_, known) => {
                let record = self.create(known, id, size, ask)?;
                let find = ask.find.filter(|_| ask.reuse && !ask.force);
                Ok(match find.map_or(Some(Operation::Scratch), |find| find.operation(ask.epochs)) {
                    Some(operation) => Stored::New(record.into(), operation),
                    None => Stored::Owned(id, record.latest),
                })
            }
        }
    }

    /// Makes one more object.
    fn create(&self, known: Option<Record>, id: BlobId, size: u64, ask: &Ask) -> io::Result<Record> {
        let record = with_one_more(known, id, size, ask, now_ms());
        let quilt = ("_walrusBlobType".to_owned(), "quilt".to_owned());
        let attributes: Attributes = ask.quilt.then_some(quilt).into_iter().collect();
        self.store.enter_object(&record.latest.id, &ObjectEntry { attributes, ..ObjectEntry::of(id) })?;
        self.write(&record)?;
        Ok(record)
    }

    /// Writes a record, whole or not at all; the blob is there once it is.
    fn write(&self, record: &Record) -> io::Result<()> {
        let mut file = NamedTempFile::new_in(self.store.tmp())?;
        file.write_all(&serde_json::to_vec(record)?)?;
        file.persist(self.store.record_path(&record.blob_id))?;
        Ok(())
    }
}

/// Milliseconds since 1970, by the wall clock that all processes on a machine share.
#[must_use]
pub(crate) fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0))
}

impl Record {
    /// Milliseconds since the blob was first stored.
    #[must_use]
    pub fn age_ms(&self) -> u64 {
        now_ms().saturating_sub(self.stored_at_ms)
    }
}

fn sweep(tmp: &Path) -> io::Result<()> {
    for entry in fs::read_dir(tmp)? {
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
        let mut intake = writer.intake();
        let _ = intake.push(Bytes::from_static(bytes));
        writer.commit(intake, &Ask { epoch: 1, epochs: 1, permanent, ..Ask::default() }).unwrap()
    }

    #[test]
    fn what_was_stored_is_read_back_by_another_opening_of_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let stored = store(&Writer::open(dir.path()).unwrap(), b"walrus", true);
        let mut blob = Store::open(dir.path()).unwrap().read(&stored.blob_id()).unwrap().unwrap();
        let mut bytes = Vec::new();
        blob.bytes.read_to_end(&mut bytes).unwrap();
        assert_eq!((bytes.as_slice(), blob.record.size), (b"walrus".as_slice(), 6));
        let again = store(&Writer::open(dir.path()).unwrap(), b"walrus", true);
        assert!(matches!(again, Stored::Already(..)), "{again:?}");
        assert!(matches!(store(&Writer::open(dir.path()).unwrap(), b"walrus", false), Stored::New(..)));
    }

    #[test]
    fn bytes_without_a_record_are_not_a_blob() {
        let dir = tempfile::tempdir().unwrap();
        let writer = Writer::open(dir.path()).unwrap();
        let id = store(&writer, b"half", false).blob_id();
        fs::remove_file(writer.store().record_path(&id)).unwrap();
        assert!(writer.store().read(&id).unwrap().is_none());
        assert!(matches!(store(&writer, b"half", true), Stored::New(..)));
        assert!(writer.store().read(&id).unwrap().is_some());
    }

    #[test]
    fn leftovers_are_swept_by_a_writer_that_is_alone() {
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
    fn bytes_that_come_many_times_at_once_are_paid_once() {
        const ROUNDS: u8 = 40;
        let dir = tempfile::tempdir().unwrap();
        // One blob more than all of them does not fit.
        let writer = Writer::limited(dir.path(), Some(100 * u64::from(ROUNDS) + 99)).unwrap();
        for round in 0..ROUNDS {
            let barrier = std::sync::Barrier::new(4);
            std::thread::scope(|scope| {
                let one = |_| {
                    scope.spawn(|| {
                        let mut intake = writer.intake();
                        let _ = intake.push(Bytes::from(vec![round; 100]));
                        barrier.wait();
                        writer.commit(intake, &Ask { epoch: 1, epochs: 1, ..Ask::default() }).map(|_| ())
                    })
                };
                let threads: Vec<_> = (0..4).map(one).collect();
                threads.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
            });
        }
    }

    #[test]
    fn many_stores_of_the_same_bytes_at_once_make_one_permanent_object() {
        let dir = tempfile::tempdir().unwrap();
        let writers = [Writer::open(dir.path()).unwrap(), Writer::open(dir.path()).unwrap()];
        let new = std::thread::scope(|scope| {
            let one = |n: usize| {
                scope.spawn({
                    let writer = &writers[n % 2];
                    move || matches!(store(writer, b"same", true), Stored::New(..))
                })
            };
            let threads: Vec<_> = (0..8).map(one).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).filter(|new| *new).count()
        });
        assert_eq!(new, 1);
    }
}

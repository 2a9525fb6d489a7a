//! The files of a store: paths, and reading blobs, records and objects.

use super::contents::{Blob, Contents};
use super::lock::RecordsLock;
use super::object_ids;
use super::record::Record;
use super::small_blobs::{FileVersion, MAX_BLOB, SmallBlobCache};
use crate::blob_id::BlobId;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::NamedTempFile;

/// A directory that cannot be used as a store.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {path} as a store: choose another directory with --store, or make it writable", path = .path.display())]
pub struct BadStore {
    pub(super) path: PathBuf,
    pub(super) source: io::Error,
}

/// A directory of blobs, for reading.
#[derive(Debug, Clone)]
pub struct Store {
    root: Arc<Path>,
    small_blobs: Arc<SmallBlobCache>,
    /// Under which records and objects are changed.
    pub(super) lock: RecordsLock,
}

/// Keys and values that the owner of an object gave it.
pub type Attributes = BTreeMap<String, String>;

/// What is stored about an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectEntry {
    /// The blob that it stands for.
    pub blob_id: BlobId,
    /// Its attributes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: Attributes,
}

impl Store {
    /// The store in this directory, which is created if missing.
    ///
    /// # Errors
    /// The directory cannot be created.
    pub fn open(root: &Path) -> Result<Self, BadStore> {
        for folder in ["blobs", "objects", "tmp"] {
            let path = root.join(folder);
            fs::create_dir_all(&path).map_err(|source| BadStore { path, source })?;
        }
        Ok(Self { root: root.into(), small_blobs: Arc::default(), lock: RecordsLock::of(root) })
    }

    /// A stored blob, or `None` if there is none with this ID. Blocks on the disk.
    ///
    /// # Errors
    /// The disk failed, or a record cannot be parsed.
    pub fn read(&self, id: &BlobId) -> io::Result<Option<Blob>> {
        let Some(record) = self.record(id)? else { return Ok(None) };
        Ok(Some(Blob { record, bytes: File::open(self.bytes_path(id))? }))
    }

    /// A small blob that was read before and is still cached. Costs one `stat`, which is fast enough for an async task.
    #[must_use]
    pub fn cached(&self, id: &BlobId) -> Option<Contents> {
        let metadata = fs::metadata(self.record_path(id)).ok()?;
        self.small_blobs.get(id, FileVersion::of(&metadata))
    }

    /// A stored blob, read into memory and cached if it is small. Blocks on the disk.
    ///
    /// # Errors
    /// The disk failed, a record cannot be parsed, or the bytes are fewer than it says.
    pub fn contents(&self, id: &BlobId) -> io::Result<Option<Contents>> {
        // Taken before the record is read: a change in between is then noticed at the next read.
        let version = fs::metadata(self.record_path(id)).ok().map(|metadata| FileVersion::of(&metadata));
        let Some(mut blob) = self.read(id)? else { return Ok(None) };
        if blob.record.size > MAX_BLOB {
            return Ok(Some(Contents::OnDisk(Box::new(blob))));
        }
        let mut bytes = vec![0; usize::try_from(blob.record.size).map_err(io::Error::other)?];
        blob.bytes.read_exact(&mut bytes)?;
        let (record, bytes) = (Arc::new(blob.record), Bytes::from(bytes));
        if let Some(version) = version {
            self.small_blobs.insert(*id, version, Arc::clone(&record), bytes.clone());
        }
        Ok(Some(Contents::InMemory(record, bytes)))
    }

    /// The record of a blob, or `None` if there is no blob with this ID. Blocks on the disk.
    ///
    /// # Errors
    /// The disk failed, or the record cannot be parsed.
    pub fn record(&self, id: &BlobId) -> io::Result<Option<Record>> {
        match fs::read(self.record_path(id)) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The object with this ID (`0x` and 64 lower-case hex digits), its own or that of the shared object around it.
    /// Blocks on the disk.
    ///
    /// # Errors
    /// The disk failed, or an entry cannot be parsed.
    pub fn object(&self, id: &str) -> io::Result<Option<ObjectEntry>> {
        Ok(self.find_object(id)?.map(|(_, entry)| entry))
    }

    /// Replaces the attributes of an object; `false` if there is no object with this ID. Blocks on the disk.
    ///
    /// # Errors
    /// The disk failed or is full.
    pub fn set_attributes(&self, id: &str, attributes: Attributes) -> io::Result<bool> {
        self.lock.hold(|| {
            let Some((own_id, entry)) = self.find_object(id)? else { return Ok(false) };
            self.write_object(&own_id, &ObjectEntry { attributes, ..entry })?;
            Ok(true)
        })
    }

    /// Writes the entry of an object.
    pub(super) fn write_object(&self, id: &str, entry: &ObjectEntry) -> io::Result<()> {
        let path = self.object_path(id).ok_or_else(|| io::Error::other("not an object ID"))?;
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        self.write_atomically(&path, entry)
    }

    /// Writes the record of a blob; from now on the blob exists.
    pub(super) fn write_record(&self, record: &Record) -> io::Result<()> {
        self.write_atomically(&self.record_path(&record.blob_id), record)
    }

    /// Writes a document by a rename, so that readers see all of it or none.
    fn write_atomically(&self, path: &Path, document: &impl Serialize) -> io::Result<()> {
        let mut file = NamedTempFile::new_in(self.tmp())?;
        file.write_all(&serde_json::to_vec(document)?)?;
        file.persist(path)?;
        Ok(())
    }

    /// An object's own ID and its entry.
    fn find_object(&self, id: &str) -> io::Result<Option<(String, ObjectEntry)>> {
        if self.object_path(id).is_none() {
            return Ok(None);
        }
        for own_id in [id.to_owned(), object_ids::shared(id)] {
            let Some(path) = self.object_path(&own_id) else { return Ok(None) };
            match fs::read(path) {
                Ok(text) => return Ok(Some((own_id, serde_json::from_slice(&text)?))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The path of an object's entry; `None` for anything but an object ID, so that no text leads out of the store.
    fn object_path(&self, id: &str) -> Option<PathBuf> {
        let digits = id.strip_prefix("0x").filter(|digits| digits.len() == 64)?;
        let canonical = digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        canonical.then(|| self.root.join("objects").join(&digits[..2]).join(format!("{id}.json")))
    }

    /// The folder of all blobs.
    pub(super) fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// The path of a blob's bytes.
    pub(super) fn bytes_path(&self, id: &BlobId) -> PathBuf {
        let name = id.to_string();
        self.blobs().join(name.get(..2).unwrap_or("__")).join(name)
    }

    /// The path of a blob's record.
    pub(super) fn record_path(&self, id: &BlobId) -> PathBuf {
        self.bytes_path(id).with_extension("json")
    }

    /// The folder of files that are being written.
    pub(super) fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }
}

#[cfg(test)]
mod tests {
    use super::super::small_blobs::MAX_BYTES;
    use super::super::{StoreRequest, Writer};
    use super::*;
    use futures_util::TryStreamExt;

    #[test]
    fn an_object_is_found_by_both_ids_and_keeps_its_attributes() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let own = object_ids::object(&BlobId::ZERO, 0, "object");
        let none = ObjectEntry { blob_id: BlobId::ZERO, attributes: Attributes::new() };
        store.write_object(&own, &none).unwrap();
        let attributes = Attributes::from([("content-type".to_owned(), "a/b".to_owned())]);
        assert!(store.set_attributes(&object_ids::shared(&own), attributes.clone()).unwrap());
        let again = Store::open(dir.path()).unwrap();
        for id in [object_ids::shared(&own), own] {
            let entry = again.object(&id).unwrap().unwrap();
            assert_eq!((entry.blob_id, &entry.attributes), (BlobId::ZERO, &attributes));
        }
    }

    #[test]
    fn attributes_are_written_only_while_no_record_is_changed() {
        let dir = tempfile::tempdir().unwrap();
        let (store, other) = (Store::open(dir.path()).unwrap(), Store::open(dir.path()).unwrap());
        let id = object_ids::object(&BlobId::ZERO, 0, "object");
        let none = ObjectEntry { blob_id: BlobId::ZERO, attributes: Attributes::new() };
        store.write_object(&id, &none).unwrap();
        let attributes = Attributes::from([("k".to_owned(), "v".to_owned())]);
        let (done, is_done) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            store
                .lock
                .hold(|| {
                    scope.spawn(|| done.send(other.set_attributes(&id, attributes.clone()).unwrap()));
                    assert!(is_done.recv_timeout(std::time::Duration::from_millis(50)).is_err(), "it waits");
                    assert_eq!(store.object(&id)?.unwrap().attributes, Attributes::new());
                    Ok(())
                })
                .unwrap();
            assert!(is_done.recv().unwrap());
        });
        assert_eq!(store.object(&id).unwrap().unwrap().attributes, attributes);
    }

    #[test]
    fn text_that_is_no_object_id_finds_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let absent = format!("0x{}", "0".repeat(64));
        for id in ["", "0x1", "../../etc/passwd", "0xä", &absent, &absent.to_uppercase()] {
            assert_eq!(store.object(id).unwrap(), None, "{id}");
            assert!(!store.set_attributes(id, Attributes::new()).unwrap());
        }
    }

    fn stored(writer: &Writer, bytes: Vec<u8>, permanent: bool) -> BlobId {
        let mut spool = writer.spool();
        let _ = spool.push(bytes.into());
        let request = StoreRequest { epoch: 1, epochs: 1, permanent, ..StoreRequest::default() };
        writer.commit(spool, &request).unwrap().blob_id()
    }

    #[test]
    fn a_small_blob_is_cached_until_its_record_changes_or_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let (writer, store) = (Writer::open(dir.path()).unwrap(), Store::open(dir.path()).unwrap());
        let id = stored(&writer, b"walrus".to_vec(), false);
        assert!(store.cached(&id).is_none(), "it was not read yet");
        let contents = store.contents(&id).unwrap().unwrap();
        assert_eq!(contents.in_memory(1, 3).unwrap(), "alr");
        for (start, length) in [(0, 7), (7, 0), (u64::MAX, 1)] {
            assert_eq!(contents.in_memory(start, length), None, "{start} {length}");
        }
        assert_eq!(store.cached(&id).unwrap().record().objects, 1);
        stored(&writer, b"walrus".to_vec(), true);
        assert!(store.cached(&id).is_none(), "its record has changed");
        assert_eq!(store.contents(&id).unwrap().unwrap().record().objects, 2);
        assert!(store.cached(&id).is_some());
        fs::remove_file(store.record_path(&id)).unwrap();
        assert!(store.cached(&id).is_none() && store.contents(&id).unwrap().is_none());
    }

    #[tokio::test]
    async fn a_large_blob_is_streamed_and_never_cached() {
        let dir = tempfile::tempdir().unwrap();
        let writer = Writer::open(dir.path()).unwrap();
        let bytes: Vec<u8> = (0..=MAX_BLOB).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let id = stored(&writer, bytes.clone(), false);
        let contents = writer.store().contents(&id).unwrap().unwrap();
        assert_eq!((contents.in_memory(0, 1), contents.record().size), (None, MAX_BLOB + 1));
        let pieces: Vec<Bytes> = contents.stream(250, 4).try_collect().await.unwrap();
        assert_eq!(pieces.concat(), bytes[250..254]);
        assert!(writer.store().cached(&id).is_none());
    }

    #[test]
    fn a_full_cache_of_small_blobs_is_emptied_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let writer = Writer::open(dir.path()).unwrap();
        let store = writer.store();
        let first = stored(&writer, b"first".to_vec(), false);
        store.contents(&first).unwrap();
        let most = usize::try_from(MAX_BLOB).unwrap();
        let mut last = first;
        for n in 0..MAX_BYTES / most {
            last = stored(&writer, vec![u8::try_from(n).unwrap(); most], false);
            store.contents(&last).unwrap();
        }
        assert!(store.cached(&first).is_none() && store.cached(&last).is_some());
    }
}

//! Small blobs that were read lately, in memory: a read of one costs a look at its record's file, and no other way to
//! the disk.

use super::{Blob, Record, pieces};
use crate::blob_id::BlobId;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use std::collections::HashMap;
use std::fs::Metadata;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// The largest blob that is held.
pub(super) const SMALL: u64 = 256 << 10;
/// Bytes of blobs held; then all are forgotten.
const HELD: usize = 64 << 20;

/// A stored blob, ready to be sent.
#[derive(Debug)]
pub enum Whole {
    /// What is known of a small blob, and all its bytes.
    Small(Arc<Record>, Bytes),
    /// A blob whose bytes are fetched as they are sent.
    Large(Box<Blob>),
}

impl Whole {
    /// What is known of the blob.
    #[must_use]
    pub fn record(&self) -> &Record {
        match self {
            Self::Small(record, _) => record,
            Self::Large(blob) => &blob.record,
        }
    }

    /// Some of its bytes, if they are all in memory and it has them.
    #[must_use]
    pub fn in_memory(&self, from: u64, length: u64) -> Option<Bytes> {
        let Self::Small(_, bytes) = self else { return None };
        let end = usize::try_from(from.checked_add(length)?).ok()?;
        let from = usize::try_from(from).ok()?;
        (from <= end && end <= bytes.len()).then(|| bytes.slice(from..end))
    }

    /// The same as a stream, wherever they are.
    #[must_use]
    pub fn stream(self, from: u64, length: u64) -> BoxStream<'static, io::Result<Bytes>> {
        match (self.in_memory(from, length), self) {
            (Some(bytes), _) => stream::iter([Ok(bytes)]).boxed(),
            (None, Self::Large(blob)) => pieces(blob.bytes, from, length).boxed(),
            (None, Self::Small(..)) => stream::iter([Err(io::ErrorKind::UnexpectedEof.into())]).boxed(),
        }
    }
}

/// By which a file is known to be the one that was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    number: u64,
}

impl Stamp {
    #[cfg(unix)]
    pub(super) fn of(metadata: &Metadata) -> Self {
        let number = std::os::unix::fs::MetadataExt::ino(metadata);
        Self { length: metadata.len(), modified: metadata.modified().ok(), number }
    }

    #[cfg(not(unix))]
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { length: metadata.len(), modified: metadata.modified().ok(), number: 0 }
    }
}

/// The blobs that are held, each with the stamp of its record.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    blobs: HashMap<BlobId, (Stamp, Arc<Record>, Bytes)>,
    bytes: usize,
}

impl Recent {
    /// A blob whose record has not changed since.
    pub(super) fn get(&self, id: &BlobId, stamp: Stamp) -> Option<Whole> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, record, bytes) = held.blobs.get(id).filter(|blob| blob.0 == stamp)?;
        Some(Whole::Small(Arc::clone(record), bytes.clone()))
    }

    /// Holds one more.
    pub(super) fn hold(&self, id: BlobId, stamp: Stamp, record: Arc<Record>, bytes: Bytes) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.bytes + bytes.len() > HELD {
            *held = Held::default();
        }
        held.bytes += bytes.len();
        if let Some((_, _, old)) = held.blobs.insert(id, (stamp, record, bytes)) {
            held.bytes -= old.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Ask, Store, Writer};
    use super::*;
    use futures_util::TryStreamExt;

    fn stored(writer: &Writer, bytes: Vec<u8>, permanent: bool) -> BlobId {
        let mut intake = writer.intake();
        let _ = intake.push(bytes.into());
        writer.commit(intake, &Ask { epoch: 1, epochs: 1, permanent, ..Ask::default() }).unwrap().blob_id()
    }

    #[test]
    fn a_small_blob_is_held_until_its_record_changes_or_goes() {
        let dir = tempfile::tempdir().unwrap();
        let (writer, store) = (Writer::open(dir.path()).unwrap(), Store::open(dir.path()).unwrap());
        let id = stored(&writer, b"walrus".to_vec(), false);
        assert!(store.recent(&id).is_none(), "nobody has read it yet");
        let whole = store.whole(&id).unwrap().unwrap();
        assert_eq!(whole.in_memory(1, 3).unwrap(), "alr");
        for (from, length) in [(0, 7), (7, 0), (u64::MAX, 1)] {
            assert_eq!(whole.in_memory(from, length), None, "{from} {length}");
        }
        assert_eq!(store.recent(&id).unwrap().record().objects, 1);
        stored(&writer, b"walrus".to_vec(), true);
        assert!(store.recent(&id).is_none(), "its record is another one");
        assert_eq!(store.whole(&id).unwrap().unwrap().record().objects, 2);
        assert!(store.recent(&id).is_some());
        std::fs::remove_file(store.record_path(&id)).unwrap();
        assert!(store.recent(&id).is_none() && store.whole(&id).unwrap().is_none());
    }

    #[tokio::test]
    async fn a_large_blob_is_a_stream_and_never_held() {
        let dir = tempfile::tempdir().unwrap();
        let writer = Writer::open(dir.path()).unwrap();
        let bytes: Vec<u8> = (0..=SMALL).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let id = stored(&writer, bytes.clone(), false);
        let whole = writer.store().whole(&id).unwrap().unwrap();
        assert_eq!((whole.in_memory(0, 1), whole.record().size), (None, SMALL + 1));
        let pieces: Vec<Bytes> = whole.stream(250, 4).try_collect().await.unwrap();
        assert_eq!(pieces.concat(), bytes[250..254]);
        assert!(writer.store().recent(&id).is_none());
    }

    #[test]
    fn too_many_bytes_are_forgotten_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let writer = Writer::open(dir.path()).unwrap();
        let store = writer.store();
        let first = stored(&writer, b"first".to_vec(), false);
        store.whole(&first).unwrap();
        let most = usize::try_from(SMALL).unwrap();
        let mut last = first;
        for n in 0..HELD / most {
            last = stored(&writer, vec![u8::try_from(n).unwrap(); most], false);
            store.whole(&last).unwrap();
        }
        assert!(store.recent(&first).is_none() && store.recent(&last).is_some());
    }
}

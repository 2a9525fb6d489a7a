//! The contents of a stored blob, in memory or on disk, and as a stream with one piece in memory whatever the size.

use super::record::Record;
use crate::blocking::blocking;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

/// Bytes read at once.
const PIECE: u64 = 256 * 1024;

/// A stored blob on disk.
#[derive(Debug)]
pub struct Blob {
    /// Its record.
    pub record: Record,
    /// Its bytes.
    pub bytes: File,
}

/// A stored blob, ready to be sent.
#[derive(Debug)]
pub enum Contents {
    /// A small blob with all its bytes.
    InMemory(Arc<Record>, Bytes),
    /// A blob whose bytes are read while they are sent.
    OnDisk(Box<Blob>),
}

impl Contents {
    /// The blob's record.
    #[must_use]
    pub fn record(&self) -> &Record {
        match self {
            Self::InMemory(record, _) => record,
            Self::OnDisk(blob) => &blob.record,
        }
    }

    /// `length` bytes from `start` on, if the blob is in memory and has them.
    #[must_use]
    pub fn in_memory(&self, start: u64, length: u64) -> Option<Bytes> {
        let Self::InMemory(_, bytes) = self else { return None };
        let end = usize::try_from(start.checked_add(length)?).ok()?;
        let start = usize::try_from(start).ok()?;
        (start <= end && end <= bytes.len()).then(|| bytes.slice(start..end))
    }

    /// `length` bytes from `start` on as a stream; a blob that ends earlier is an error.
    #[must_use]
    pub fn stream(self, start: u64, length: u64) -> BoxStream<'static, io::Result<Bytes>> {
        match (self.in_memory(start, length), self) {
            (Some(bytes), _) => stream::iter([Ok(bytes)]).boxed(),
            (None, Self::OnDisk(blob)) => byte_stream(blob.bytes, start, length).boxed(),
            (None, Self::InMemory(..)) => stream::iter([Err(io::ErrorKind::UnexpectedEof.into())]).boxed(),
        }
    }
}

/// `length` bytes of a file from `start` on; a file that ends earlier is an error.
pub fn byte_stream(
    file: File,
    start: u64,
    length: u64,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::try_unfold((file, start, length), move |(mut file, at, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let size = left.min(PIECE);
        let read = move || read_at(&mut file, at, size).map(|piece| (file, piece));
        let (file, piece) = blocking(read).await??;
        Ok(Some((piece, (file, at + size, left - size))))
    })
}

fn read_at(file: &mut File, at: u64, size: u64) -> io::Result<Bytes> {
    let mut piece = vec![0; usize::try_from(size).map_err(io::Error::other)?];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut piece)?;
    Ok(piece.into())
}

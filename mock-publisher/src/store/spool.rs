//! Spools a blob while it is received: pieces are held in memory up to a limit, then hashed and written to a temporary
//! file.

use crate::blob_id::BlobId;
use bytes::Bytes;
use std::io::{self, Write};
use std::path::PathBuf;
use tempfile::NamedTempFile;

/// Bytes held in memory before they are written: the memory that one upload takes, whatever its size.
const MAX_IN_MEMORY: usize = 1 << 20;

/// A blob that is being received. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct Spool {
    folder: PathBuf,
    hasher: blake3::Hasher,
    size: u64,
    pieces: Vec<Bytes>,
    bytes_in_memory: usize,
    file: Option<NamedTempFile>,
}

impl Spool {
    pub(super) fn new(folder: PathBuf) -> Self {
        let hasher = blake3::Hasher::new();
        Self { folder, hasher, size: 0, pieces: Vec::new(), bytes_in_memory: 0, file: None }
    }

    /// Bytes received so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends the next piece; `true` means that a `flush` is due.
    #[must_use]
    pub fn push(&mut self, piece: Bytes) -> bool {
        self.size += piece.len() as u64;
        self.bytes_in_memory += piece.len();
        self.pieces.push(piece);
        self.bytes_in_memory >= MAX_IN_MEMORY
    }

    /// Hashes and writes the pieces in memory. Blocks on the disk.
    ///
    /// # Errors
    /// The disk failed or is full.
    pub fn flush(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(NamedTempFile::new_in(&self.folder)?),
        };
        for piece in self.pieces.drain(..) {
            self.hasher.update(&piece);
            file.write_all(&piece)?;
        }
        self.bytes_in_memory = 0;
        Ok(())
    }

    /// The cheap ID of the blob, its size, and the file it is in.
    pub(super) fn finish(mut self) -> io::Result<(BlobId, u64, NamedTempFile)> {
        self.flush()?;
        let file = self.file.take().ok_or_else(|| io::Error::other("no temporary file"))?;
        Ok((BlobId::from_bytes(*self.hasher.finalize().as_bytes()), self.size, file))
    }
}

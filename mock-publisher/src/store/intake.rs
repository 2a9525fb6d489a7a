//! A blob on its way in: bytes are held up to a limit, then hashed and written to a temporary file.

use crate::blob_id::{BlobId, CheapNamer};
use bytes::Bytes;
use std::io::{self, Write};
use std::path::PathBuf;
use tempfile::NamedTempFile;

/// Bytes held in memory before they are written: the price of one upload, whatever its size.
const HOLD: usize = 1 << 20;

/// A blob on its way in. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct Intake {
    folder: PathBuf,
    namer: CheapNamer,
    size: u64,
    held: Vec<Bytes>,
    held_bytes: usize,
    file: Option<NamedTempFile>,
}

impl Intake {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, namer: CheapNamer::default(), size: 0, held: Vec::new(), held_bytes: 0, file: None }
    }

    /// Bytes taken so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes the next piece; `true` means that it is time to `settle`.
    #[must_use]
    pub fn push(&mut self, piece: Bytes) -> bool {
        self.size += piece.len() as u64;
        self.held_bytes += piece.len();
        self.held.push(piece);
        self.held_bytes >= HOLD
    }

    /// Hashes and writes what is held. Blocks on the disk.
    ///
    /// # Errors
    /// The disk failed or is full.
    pub fn settle(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(NamedTempFile::new_in(&self.folder)?),
        };
        for piece in self.held.drain(..) {
            self.namer.update(&piece);
            file.write_all(&piece)?;
        }
        self.held_bytes = 0;
        Ok(())
    }

    /// The cheap name of what was taken, its size, and the file it is in.
    pub(super) fn finish(mut self) -> io::Result<(BlobId, u64, NamedTempFile)> {
        self.settle()?;
        let file = self.file.take().ok_or_else(|| io::Error::other("no temporary file"))?;
        Ok((self.namer.finish(), self.size, file))
    }
}

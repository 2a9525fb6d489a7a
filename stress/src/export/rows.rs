//! The rows that users export: an array of one object per blob, in a file that is valid JSON at every instant.

use std::{fs, io, path::Path};

use serde::{Deserialize, Serialize};

use super::{
    blobs::BlobRecord,
    file::{PreparedFile, cannot_write},
};
use crate::{error::Error, plan::journey::Step};

/// One blob in the export; names and units are the users' own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The blob's index + 1.
    pub blob_number: u64,
    /// The blob's ID.
    pub blob_id: String,
    /// The upload's response time in seconds; `null` when the run did not upload.
    pub upload_time: Option<f64>,
    /// The blob's size in kB of 1,024 bytes.
    pub blob_size_kb: f64,
    /// The first download's response time in seconds; `null` when it failed.
    pub download_time_first: Option<f64>,
    /// The cached download's response time in seconds; `null` when it failed.
    pub download_time_cached: Option<f64>,
}

impl Row {
    /// The row of a blob; `None` when its upload did not succeed.
    pub fn of(record: &BlobRecord) -> Option<Self> {
        let seconds = |step: Step| record.time(step).map(|time| time.as_secs_f64());
        if record.step(Step::Upload).is_some() && seconds(Step::Upload).is_none() {
            return None;
        }
        Some(Self {
            blob_number: record.index + 1,
            blob_id: record.blob_id.as_ref()?.to_string(),
            upload_time: seconds(Step::Upload),
            blob_size_kb: record.size as f64 / 1024.0,
            download_time_first: seconds(Step::FIRST),
            download_time_cached: seconds(Step::CACHED),
        })
    }
}

/// A place for the export, proven writable; nothing is changed there yet.
#[derive(Debug)]
pub struct PreparedRows(PreparedFile);

impl PreparedRows {
    /// Proves that the export can be put at `path`.
    ///
    /// # Errors
    /// When it cannot.
    pub fn prepare(path: &Path) -> Result<Self, Error> {
        PreparedFile::prepare(path).map(Self)
    }

    /// Where the file will be, symbolic links resolved.
    pub fn target(&self) -> &Path {
        self.0.target()
    }

    /// Puts an empty array there; for the moment just before the run starts.
    ///
    /// # Errors
    /// When the file cannot be put there after all.
    pub fn begin(self) -> Result<RowFile, Error> {
        let file = self.0.place(|file| io::Write::write_all(file, format!("[{TAIL}").as_bytes()))?;
        Ok(RowFile { array: GrowingArray::new(file), prepared: self.0 })
    }
}

/// The export while the run goes on.
#[derive(Debug)]
pub struct RowFile {
    array: GrowingArray<fs::File>,
    prepared: PreparedFile,
}

impl RowFile {
    /// Adds one row.
    ///
    /// # Errors
    /// When it cannot be written; the file then still ends with the last row that could.
    pub fn append(&mut self, row: &Row) -> Result<(), Error> {
        let written =
            serde_json::to_string(row).map_err(io::Error::from).and_then(|json| self.array.push(&json));
        written.map_err(|source| cannot_write(self.prepared.path(), source))
    }
}

/// What ends the array: each new element is written over it, together with a new end.
const TAIL: &str = "\n]\n";

/// A file that holds a JSON array, whole after each write.
#[derive(Debug)]
struct GrowingArray<D> {
    disk: D,
    /// Where the tail starts.
    tail_at: u64,
    elements: u64,
}

/// What of a file is needed here.
trait Disk {
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    fn truncate(&mut self, length: u64) -> io::Result<()>;
}

impl Disk for fs::File {
    #[cfg(unix)]
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::write_at(self, bytes, offset)
    }

    #[cfg(not(unix))]
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        io::Seek::seek(self, io::SeekFrom::Start(offset))?;
        io::Write::write(self, bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

impl<D: Disk> GrowingArray<D> {
    /// For a disk that holds `[` and the tail.
    fn new(disk: D) -> Self {
        Self { disk, tail_at: 1, elements: 0 }
    }

    fn push(&mut self, element: &str) -> io::Result<()> {
        let comma = if self.elements > 0 { "," } else { "" };
        let head = format!("{comma}\n  {element}");
        // One call for all of it: between two calls the array would have no end.
        let bytes = format!("{head}{TAIL}");
        let written = loop {
            match self.disk.write_at(bytes.as_bytes(), self.tail_at) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let failed = match written {
            Ok(length) if length == bytes.len() => {
                self.tail_at += head.len() as u64;
                self.elements += 1;
                return Ok(());
            }
            Ok(_) => io::Error::from(io::ErrorKind::StorageFull),
            Err(error) => error,
        };
        // Half an element is worse than none: the old end comes back, into space that was its own.
        self.disk.write_at(TAIL.as_bytes(), self.tail_at)?;
        self.disk.truncate(self.tail_at + TAIL.len() as u64)?;
        Err(failed)
    }
}

#[cfg(test)]
mod tests;

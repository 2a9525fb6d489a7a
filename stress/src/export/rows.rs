//! The export: a JSON array of one object for each blob, in a file that is valid JSON after every write, or on a stream.

use std::{
    fs,
    io::{self, Seek, SeekFrom, Write},
    path::Path,
};

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

/// A path to which the export can be written; nothing is changed there yet.
#[derive(Debug)]
pub struct PreparedRows(PreparedFile);

impl PreparedRows {
    /// Checks that the export can be written to `path`.
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

    /// The path as the user named it.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Whether it is stdout.
    pub fn is_stdout(&self) -> bool {
        self.0.is_stdout()
    }

    /// Writes an empty array, just before the run starts.
    ///
    /// # Errors
    /// When the file cannot be written after all.
    pub fn begin(self) -> Result<RowFile, Error> {
        // What has left on a stream cannot be overwritten: its end is written at the end.
        let start = if self.0.is_stream() { "[".to_owned() } else { format!("[{TAIL}") };
        let file = self.0.place(|file| file.write_all(start.as_bytes()))?;
        Ok(RowFile { array: GrowingArray::new(file), prepared: self.0 })
    }
}

/// The export during the run.
#[derive(Debug)]
pub struct RowFile {
    array: GrowingArray<fs::File>,
    prepared: PreparedFile,
}

impl RowFile {
    /// Adds one row.
    ///
    /// # Errors
    /// When it cannot be written; the file is then still complete up to the row before.
    pub fn append(&mut self, row: &Row) -> Result<(), Error> {
        let is_stream = self.prepared.is_stream();
        let written = serde_json::to_string(row).map_err(io::Error::from).and_then(|json| {
            if is_stream { self.array.push_to_stream(&json) } else { self.array.push(&json) }
        });
        written.map_err(|source| cannot_write(self.prepared.path(), source))
    }

    /// Checks that the file is still where it was, or closes the array on a stream.
    ///
    /// # Errors
    /// When another program has replaced or removed it, or the stream takes no more.
    pub fn finish(mut self) -> Result<(), Error> {
        if self.prepared.is_stream() {
            let closed = self.array.file.write_all(TAIL.as_bytes());
            closed.map_err(|source| cannot_write(self.prepared.path(), source))?;
        }
        self.prepared.still_leads_to(&self.array.file)
    }
}

/// The end of the array: each new element overwrites it, together with a new end.
const TAIL: &str = "\n]\n";

/// A file that holds a JSON array, complete after each write.
#[derive(Debug)]
struct GrowingArray<W> {
    file: W,
    /// Where the tail starts.
    tail_at: u64,
    elements: u64,
}

impl<W: Write + Seek> GrowingArray<W> {
    /// For a file that holds `[` and the tail.
    fn new(file: W) -> Self {
        Self { file, tail_at: 1, elements: 0 }
    }

    fn push_to_stream(&mut self, element: &str) -> io::Result<()> {
        let head = self.head(element);
        self.elements += 1;
        self.file.write_all(head.as_bytes())
    }

    /// The text of the next element.
    fn head(&self, element: &str) -> String {
        let comma = if self.elements > 0 { "," } else { "" };
        format!("{comma}\n  {element}")
    }

    fn push(&mut self, element: &str) -> io::Result<()> {
        let head = self.head(element);
        // One call for element and tail: between two calls the array would have no end.
        let bytes = format!("{head}{TAIL}");
        let written = match self.write_at(self.tail_at, bytes.as_bytes()) {
            Ok(length) if length == bytes.len() => {
                self.tail_at += head.len() as u64;
                self.elements += 1;
                return Ok(());
            }
            Ok(length) => length,
            Err(error) => return Err(error),
        };
        // The disk is full: the old tail again, and blanks over the rest of the half element. The space is the file's own.
        let old = format!("{TAIL:<written$}");
        self.write_at(self.tail_at, old.as_bytes())?;
        Err(io::ErrorKind::StorageFull.into())
    }

    /// A single write, which may be short.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        self.file.seek(SeekFrom::Start(offset))?;
        loop {
            match self.file.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }
}

#[cfg(test)]
mod tests;

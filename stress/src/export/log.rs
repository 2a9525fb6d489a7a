//! The log: every exchange of a run as one JSON object a line, streamed while it runs, and read back.

mod exchange;

use std::{
    fs,
    io::{self, BufRead, BufWriter, Read, Write},
};

use serde::{Deserialize, Serialize};

use super::file::{PreparedFile, cannot_write};
use crate::{error::Error, plan::Plan, report::Tool, sample::Sample};
pub use exchange::{Connection, Ended, Exchange};

/// The version of the lines that [`LogFile`] writes.
pub const SCHEMA: &str = "walrus-stress/log/1";

/// The most bytes of a line that is read; one with the longest texts has a few thousand.
const LONGEST_LINE: u64 = 1024 * 1024;

/// The most bytes that wait to be written.
const BUFFER: usize = 64 * 1024;

/// The first line, which identifies the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the lines, [`SCHEMA`].
    pub schema: String,
    /// What wrote them.
    pub tool: Tool,
    /// When the run began: RFC 3339, UTC.
    pub started_at: String,
    /// The seed that the run's blobs were made from.
    pub seed: u64,
}

impl Header {
    /// The header of a run of `plan` that began at `started_at` (RFC 3339, UTC).
    pub fn of(plan: &Plan, started_at: String) -> Self {
        Self { schema: SCHEMA.to_owned(), tool: Tool::this(), started_at, seed: plan.seed }
    }
}

/// The log during the run.
#[derive(Debug)]
pub struct LogFile {
    lines: Lines<fs::File>,
    prepared: PreparedFile,
}

impl LogFile {
    /// Writes a file with nothing but its header, just before the run starts.
    ///
    /// # Errors
    /// When the file cannot be written after all.
    pub fn begin(prepared: PreparedFile, header: &Header) -> Result<Self, Error> {
        let file = prepared.place(|file| {
            let mut lines = Lines::new(file);
            lines.push(header)?;
            lines.flush()
        })?;
        Ok(Self { lines: Lines::new(file), prepared })
    }

    /// Adds the exchange of `sample`; a step that was skipped has none.
    ///
    /// # Errors
    /// When it cannot be written. Stop then: a log with later exchanges would have a gap.
    pub fn append(&mut self, sample: &Sample, plan: &Plan) -> Result<(), Error> {
        let Some(exchange) = Exchange::of(sample, plan) else { return Ok(()) };
        self.lines.push(&exchange).map_err(|source| cannot_write(self.prepared.path(), source))
    }

    /// Writes what is buffered.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.lines.flush().map_err(|source| cannot_write(self.prepared.path(), source))
    }

    /// Writes what is buffered, and checks that the file is still where it was.
    ///
    /// # Errors
    /// When it cannot be written, or another program has replaced or removed the file.
    pub fn finish(mut self) -> Result<(), Error> {
        self.flush()?;
        self.prepared.still_leads_to(self.lines.out.get_ref())
    }
}

/// JSON documents, a line each.
#[derive(Debug)]
struct Lines<W: Write> {
    out: BufWriter<W>,
}

impl<W: Write> Lines<W> {
    fn new(out: W) -> Self {
        Self { out: BufWriter::with_capacity(BUFFER, out) }
    }

    fn push(&mut self, document: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, document)?;
        self.out.write_all(b"\n")
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The exchanges of a log, in the order in which they ended.
#[derive(Debug)]
pub struct LogReader<R> {
    source: R,
    header: Header,
    lines: u64,
    truncated: bool,
}

impl<R: BufRead> LogReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When `source` cannot be read, does not start with the header of a log, or is of a version that is not known.
    pub fn open(mut source: R) -> Result<Self, LogError> {
        let mut line = Vec::new();
        read_line(&mut source, &mut line)?;
        let header: Header =
            serde_json::from_slice(&line).map_err(|source| LogError::Line { line: 1, source })?;
        if header.schema != SCHEMA {
            return Err(LogError::Schema { found: header.schema });
        }
        Ok(Self { source, header, lines: 1, truncated: false })
    }

    /// The run that the log is of.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Whether the last line is incomplete, as after a crash or on a full disk; known at the end.
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }
}

impl<R: BufRead> Iterator for LogReader<R> {
    type Item = Result<Exchange<'static>, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = Vec::new();
        match read_line(&mut self.source, &mut line) {
            Ok(0) => return None,
            Ok(_) => self.lines += 1,
            Err(error) => return Some(Err(LogError::Read(error))),
        }
        match serde_json::from_slice(&line) {
            Ok(exchange) => Some(Ok(exchange)),
            Err(_) if line.last() != Some(&b'\n') => {
                self.truncated = true;
                None
            }
            Err(source) => Some(Err(LogError::Line { line: self.lines, source })),
        }
    }
}

/// Reads a line of limited length.
fn read_line(source: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    let read = source.by_ref().take(LONGEST_LINE).read_until(b'\n', line)?;
    if read as u64 == LONGEST_LINE && line.last() != Some(&b'\n') {
        let reason = format!("a line is longer than {LONGEST_LINE} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    Ok(read)
}

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// It is of another kind or version.
    #[error("its schema is `{found}`, this version reads `{SCHEMA}`")]
    Schema {
        /// The schema it names.
        found: String,
    },
    /// A line is not what this version writes.
    #[error("line {line} is not of a walrus-stress log: {source}")]
    Line {
        /// Its number, counted from 1.
        line: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

#[cfg(test)]
mod tests;

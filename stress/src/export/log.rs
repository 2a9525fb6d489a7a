//! Every exchange of a run, one JSON object a line, written as it happens and never held.

mod line;
mod reader;

use std::{
    fs,
    io::{self, BufWriter, Write},
    path::PathBuf,
};

use serde::{Deserialize, Serialize};

use super::file::{PreparedFile, cannot_write};
use crate::{error::Error, plan::Plan, report::Tool, sample::Sample};
pub use line::{Connection, Ended, Exchange};
pub use reader::{LogError, LogReader};

/// The version of the lines that [`LogFile`] writes.
pub const SCHEMA: &str = "walrus-stress/log/1";

/// How many bytes may wait to be written.
const BUFFER: usize = 64 * 1024;

/// The first line: which run the others are of.
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

/// The log while the run goes on.
#[derive(Debug)]
pub struct LogFile {
    lines: Lines<fs::File>,
    path: PathBuf,
}

impl LogFile {
    /// Puts a file with nothing but its header at the place; for the moment just before the run starts.
    ///
    /// # Errors
    /// When the file cannot be put there after all.
    pub fn begin(place: &PreparedFile, header: &Header) -> Result<Self, Error> {
        let file = place.place(|file| {
            let mut lines = Lines::new(file);
            lines.push(header)?;
            lines.flush()
        })?;
        Ok(Self { lines: Lines::new(file), path: place.path().to_owned() })
    }

    /// Adds the exchange of `sample`; a step that was skipped has none.
    ///
    /// # Errors
    /// When it cannot be written. What follows would be a log with a hole: leave it.
    pub fn append(&mut self, sample: &Sample, plan: &Plan) -> Result<(), Error> {
        let Some(exchange) = Exchange::of(sample, plan) else { return Ok(()) };
        self.lines.push(&exchange).map_err(|source| cannot_write(&self.path, source))
    }

    /// Writes what waits to be written.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.lines.flush().map_err(|source| cannot_write(&self.path, source))
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

#[cfg(test)]
mod tests;

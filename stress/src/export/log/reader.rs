//! A log read back line by line; the last line of a run that was killed may be torn.

use std::io::{self, BufRead};

use super::{Exchange, Header, SCHEMA};

/// The exchanges of a log, in the order in which they ended.
#[derive(Debug)]
pub struct LogReader<R> {
    source: R,
    header: Header,
    lines: u64,
    torn: bool,
}

impl<R: BufRead> LogReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When `source` cannot be read, does not start with the header of a log, or is of a version that is not known.
    pub fn open(mut source: R) -> Result<Self, LogError> {
        let mut line = Vec::new();
        source.read_until(b'\n', &mut line).map_err(LogError::Read)?;
        let header: Header =
            serde_json::from_slice(&line).map_err(|source| LogError::Line { line: 1, source })?;
        if header.schema != SCHEMA {
            return Err(LogError::Schema { found: header.schema });
        }
        Ok(Self { source, header, lines: 1, torn: false })
    }

    /// Which run the log is of.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Whether the last line was cut off, as when the run was killed or its disk was full; known at the end.
    pub fn is_torn(&self) -> bool {
        self.torn
    }
}

impl<R: BufRead> Iterator for LogReader<R> {
    type Item = Result<Exchange<'static>, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = Vec::new();
        match self.source.read_until(b'\n', &mut line) {
            Ok(0) => return None,
            Ok(_) => self.lines += 1,
            Err(error) => return Some(Err(LogError::Read(error))),
        }
        match serde_json::from_slice(&line) {
            Ok(exchange) => Some(Ok(exchange)),
            Err(_) if line.last() != Some(&b'\n') => {
                self.torn = true;
                None
            }
            Err(source) => Some(Err(LogError::Line { line: self.lines, source })),
        }
    }
}

/// Why a log cannot be read on.
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
    #[error("line {line} is none of a walrus-stress log: {source}")]
    Line {
        /// Its number, counted from 1.
        line: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

//! The request log: one line of JSON for each request that was counted, written when its answer has ended.

use super::counter::{Counter, lock};
use crate::clock::Clock;
use crate::fault::Fault;
use serde::Serialize;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

/// A log that requests are written to.
pub struct RequestLog(Mutex<Box<dyn Write + Send>>);

/// A log that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("--log: cannot write {path}: choose another file, or - for standard output", path = .path.display())]
pub struct BadLog {
    path: PathBuf,
    source: io::Error,
}

/// One line.
#[derive(Debug, Serialize)]
struct Line<'a> {
    /// When its head had arrived, in milliseconds since 1970.
    at_ms: u64,
    method: &'a str,
    target: &'a str,
    /// `null` if the connection was aborted, or the client left, before an answer.
    status: Option<u16>,
    /// Bytes of the answer's body that were sent.
    bytes: u64,
    /// From the head of the request to the end of the answer, in microseconds.
    took_us: u64,
    /// The fault that was chosen for it.
    fault: Option<Fault>,
}

impl std::fmt::Debug for RequestLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RequestLog")
    }
}

impl RequestLog {
    /// A log at the end of this file, or on standard output for `-`.
    ///
    /// # Errors
    /// The file cannot be created or written.
    pub fn open(path: &Path) -> Result<Self, BadLog> {
        if path == Path::new("-") {
            return Ok(Self(Mutex::new(Box::new(io::stdout()))));
        }
        let file = File::options().create(true).append(true).open(path);
        let file = file.map_err(|source| BadLog { path: path.to_owned(), source })?;
        Ok(Self(Mutex::new(Box::new(file))))
    }

    fn write(&self, line: &Line<'_>) {
        // The lines are structs of numbers and text, which always serialize.
        let mut text = serde_json::to_vec(line).unwrap_or_default();
        text.push(b'\n');
        // A full disk must not change what the server answers.
        let _ = lock(&self.0).write_all(&text);
    }
}

/// A request under way that is written to a log when its last clone is dropped.
#[derive(Debug, Clone)]
pub(crate) struct LoggedRequest(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    log: Arc<RequestLog>,
    at_ms: u64,
    start: Instant,
    method: String,
    target: String,
    status: OnceLock<u16>,
    bytes: Counter,
    fault: Mutex<Option<Fault>>,
}

impl LoggedRequest {
    pub(crate) fn new(log: &Arc<RequestLog>, method: &str, target: &str) -> Self {
        Self(Arc::new(Inner {
            log: Arc::clone(log),
            at_ms: Clock::System.now_ms(),
            start: Instant::now(),
            method: method.to_owned(),
            target: target.to_owned(),
            status: OnceLock::new(),
            bytes: Counter::default(),
            fault: Mutex::default(),
        }))
    }

    /// Notes the fault that was chosen, which the size of a body can change later.
    pub(crate) fn set_fault(&self, fault: Option<Fault>) {
        *lock(&self.0.fault) = fault;
    }

    pub(crate) fn set_status(&self, status: u16) {
        // Set once, by the middleware that made this.
        let _ = self.0.status.set(status);
    }

    pub(crate) fn add_bytes(&self, n: u64) {
        self.0.bytes.add(n);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.log.write(&Line {
            at_ms: self.at_ms,
            method: &self.method,
            target: &self.target,
            status: self.status.get().copied(),
            bytes: self.bytes.get(),
            took_us: u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX),
            fault: *lock(&self.fault),
        });
    }
}

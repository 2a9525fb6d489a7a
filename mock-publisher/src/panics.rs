//! Counts the panics of a connection, each once, and before the socket closes, so that a client that has seen the end of
//! the connection finds the panic in the statistics. The panic hook has printed it by then.

use crate::stats::Stats;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::panicking;

/// The panics of one connection. Dropped by one that happened outside its requests, it counts that.
#[derive(Debug)]
pub(crate) struct ConnectionPanics {
    stats: Arc<Stats>,
    has_counted: Arc<AtomicBool>,
}

/// Watches the work on a request.
#[derive(Debug, Clone)]
pub(crate) struct RequestPanics {
    stats: Arc<Stats>,
    has_counted: Arc<AtomicBool>,
}

/// Counts a panic by which it is dropped.
pub(crate) struct PanicGuard<'a>(&'a RequestPanics);

impl ConnectionPanics {
    pub(crate) fn new(stats: &Arc<Stats>) -> Self {
        Self { stats: Arc::clone(stats), has_counted: Arc::default() }
    }

    /// What watches the work on one request.
    pub(crate) fn of_request(&self) -> RequestPanics {
        RequestPanics { stats: Arc::clone(&self.stats), has_counted: Arc::clone(&self.has_counted) }
    }
}

impl Drop for ConnectionPanics {
    fn drop(&mut self) {
        // A panic of a handler passes through the task of an HTTP/1.1 connection.
        if panicking() && !self.has_counted.load(Ordering::Acquire) {
            self.stats.panicked();
        }
    }
}

impl RequestPanics {
    /// A guard to be held during work that may panic.
    pub(crate) fn guard(&self) -> PanicGuard<'_> {
        PanicGuard(self)
    }
}

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if panicking() {
            self.0.has_counted.store(true, Ordering::Release);
            self.0.stats.panicked();
        }
    }
}

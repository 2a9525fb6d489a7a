//! What the layers below an exchange noticed: bytes given, when the kernel had them, and a write that failed.

use std::{
    io,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// Marks an instant that has not come yet.
const NEVER: u64 = 0;

/// One client's notes on its exchange under way: written by the body and the socket, read when it is over.
///
/// A client has one exchange at a time, on one thread; the atomics only make it possible to share the meter with
/// what hyper owns, and cost nothing without contention.
#[derive(Debug)]
pub(super) struct Meter {
    origin: Instant,
    owed: AtomicU64,
    given: AtomicU64,
    written: AtomicU64,
    flushed: AtomicU64,
    fault: Mutex<Option<io::Error>>,
}

impl Meter {
    /// A meter that has seen nothing.
    pub(super) fn new() -> Meter {
        Meter {
            origin: Instant::now(),
            owed: AtomicU64::new(0),
            given: AtomicU64::new(0),
            written: AtomicU64::new(NEVER),
            flushed: AtomicU64::new(NEVER),
            fault: Mutex::new(None),
        }
    }

    /// Forgets the exchange before; the next one has a body of `owed` bytes.
    pub(super) fn reset(&self, owed: u64) {
        self.owed.store(owed, Relaxed);
        self.given.store(0, Relaxed);
        self.written.store(NEVER, Relaxed);
        self.flushed.store(NEVER, Relaxed);
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The body gave `bytes` more; what was flushed before no longer is the end of the request.
    pub(super) fn gave(&self, bytes: u64) {
        self.given.store(self.given.load(Relaxed) + bytes, Relaxed);
        self.flushed.store(NEVER, Relaxed);
    }

    /// The kernel took bytes.
    pub(super) fn wrote(&self) {
        let now = u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.written.store(now.max(NEVER + 1), Relaxed);
    }

    /// Nothing is left that the kernel has not taken.
    pub(super) fn flushed(&self) {
        self.flushed.store(self.written.load(Relaxed), Relaxed);
    }

    /// A write failed.
    pub(super) fn failed(&self, fault: io::Error) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }

    /// How many bytes of the body were given to the connection.
    pub(super) fn given(&self) -> u64 {
        self.given.load(Relaxed)
    }

    /// When the kernel took the last byte of the request; `None` while some wait.
    pub(super) fn all_sent(&self) -> Option<Instant> {
        let nanoseconds = self.flushed.load(Relaxed);
        (nanoseconds != NEVER && self.given() == self.owed.load(Relaxed))
            .then(|| self.origin + Duration::from_nanos(nanoseconds))
    }

    /// The write that failed, if one did.
    pub(super) fn take_fault(&self) -> Option<io::Error> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

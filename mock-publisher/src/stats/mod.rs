//! What a server saw, counted exactly: the numbers that a client's own numbers are held against.

mod arrivals;
pub mod metrics;
mod snapshot;

pub use arrivals::Arrival;
pub use snapshot::{Connections, Reads, RouteSnapshot, Snapshot, Stores};

use crate::fault::Fault;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A number that only grows, or goes up and down.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// Takes away.
    pub fn sub(&self, n: u64) {
        self.0.fetch_sub(n, Ordering::Relaxed);
    }

    /// The present value.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What happened on one route.
#[derive(Debug, Default)]
pub struct Route {
    /// Requests whose head arrived.
    pub received: Count,
    /// Requests that ended without an answer: reset, hung, or left by the client.
    pub unanswered: Count,
    /// Requests let in.
    pub admitted: Count,
    /// Requests kept out because the server was full.
    pub shed: Count,
    /// Bytes of request bodies read.
    pub bytes_in: Count,
    /// Bytes of response bodies sent.
    pub bytes_out: Count,
    answered: Mutex<BTreeMap<u16, u64>>,
}

impl Route {
    /// Counts an answer.
    pub fn answer(&self, status: u16) {
        *lock(&self.answered).entry(status).or_default() += 1;
    }
}

/// What happened to blobs.
#[derive(Debug, Default)]
pub struct Blobs {
    /// Stores that made a new object.
    pub newly_created: Count,
    /// Stores spared by a permanent object.
    pub already_certified: Count,
    /// Bytes of the blobs of both.
    pub bytes_stored: Count,
    /// Reads that paid the first latency.
    pub first_reads: Count,
    /// Reads that paid the cached latency.
    pub cached_reads: Count,
    /// Reads that were told 404 by the cache.
    pub negative_hits: Count,
    /// Blobs that the cache had to let go.
    pub evicted: Count,
}

/// Everything that one server saw.
#[derive(Debug, Default)]
pub struct Stats {
    server: &'static str,
    routes: Mutex<BTreeMap<String, Arc<Route>>>,
    faults: Mutex<BTreeMap<&'static str, u64>>,
    accepted: Count,
    used: Count,
    handshakes: Count,
    open: Count,
    arrivals: arrivals::Arrivals,
    /// What happened to blobs.
    pub blobs: Blobs,
}

/// One connection, open until dropped.
#[derive(Debug)]
pub struct Open(Arc<Stats>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.sub(1);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stats {
    /// Nothing seen yet by the server of this name.
    #[must_use]
    pub fn new(server: &'static str) -> Arc<Self> {
        Arc::new(Self { server, ..Self::default() })
    }

    /// The counts of a route, `METHOD /path/{pattern}`.
    #[must_use]
    pub fn route(&self, name: &str) -> Arc<Route> {
        let mut routes = lock(&self.routes);
        match routes.get(name) {
            Some(route) => Arc::clone(route),
            None => Arc::clone(routes.entry(name.to_owned()).or_default()),
        }
    }

    /// Remembers that a request arrived at this route just now.
    pub fn arrival(&self, route: &str) {
        self.arrivals.enter(route);
    }

    /// The last requests that arrived, the oldest first.
    #[must_use]
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.arrivals.all()
    }

    /// Counts a fault that was done to a request.
    pub fn fault(&self, fault: Fault) {
        self.bad(fault.label());
    }

    /// Counts a request that was held while nothing was answered.
    pub fn stalled(&self) {
        self.bad("stall");
    }

    fn bad(&self, kind: &'static str) {
        *lock(&self.faults).entry(kind).or_default() += 1;
    }

    /// Counts a connection.
    #[must_use]
    pub fn connection(self: &Arc<Self>) -> Open {
        self.accepted.add(1);
        self.open.add(1);
        Open(Arc::clone(self))
    }

    /// Counts a TLS handshake that succeeded.
    pub fn shook_hands(&self) {
        self.handshakes.add(1);
    }

    /// Counts a connection that carries its first request.
    pub fn used(&self) {
        self.used.add(1);
    }
}

//! The counters that handlers and middleware add to, and the times of the last arrivals.

use super::counter::{Counter, lock};
use super::request_log::RequestLog;
use crate::fault::Fault;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

/// Arrivals kept; older ones are forgotten.
const MAX_ARRIVALS: usize = 65_536;

/// What happened on one route.
#[derive(Debug, Default)]
pub struct RouteCounters {
    /// Requests whose head arrived.
    pub received: Counter,
    /// Requests that ended without an answer: reset, hung, or left by the client.
    pub unanswered: Counter,
    /// Requests admitted.
    pub admitted: Counter,
    /// Requests refused because the route was full.
    pub shed: Counter,
    /// Bytes of request bodies read.
    pub bytes_in: Counter,
    /// Bytes of response bodies sent.
    pub bytes_out: Counter,
    pub(super) answered: Mutex<BTreeMap<u16, u64>>,
}

impl RouteCounters {
    /// Counts an answer.
    pub fn answer(&self, status: u16) {
        *lock(&self.answered).entry(status).or_default() += 1;
    }
}

/// What happened to blobs.
#[derive(Debug, Default)]
pub struct BlobCounters {
    /// Stores that made a new object.
    pub newly_created: Counter,
    /// Stores that a permanent object made unnecessary.
    pub already_certified: Counter,
    /// Bytes of the blobs of both.
    pub bytes_stored: Counter,
    /// Reads that took the time of a first one.
    pub first_reads: Counter,
    /// Reads that took the time of a cached one.
    pub cached_reads: Counter,
    /// Reads that the cache answered with 404.
    pub negative_hits: Counter,
    /// Blobs that the cache evicted.
    pub evicted: Counter,
}

impl BlobCounters {
    fn all(&self) -> [&Counter; 7] {
        let Self {
            newly_created,
            already_certified,
            bytes_stored,
            first_reads,
            cached_reads,
            negative_hits,
            evicted,
        } = self;
        [newly_created, already_certified, bytes_stored, first_reads, cached_reads, negative_hits, evicted]
    }
}

/// The arrival of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// Its number, from 0.
    pub n: u64,
    /// Its route, `METHOD /path/{pattern}`.
    pub route: String,
    /// When its head had arrived, in microseconds since the server was made.
    pub at_us: u64,
}

/// Everything that one server saw.
#[derive(Debug)]
pub struct Stats {
    pub(super) server: &'static str,
    pub(super) routes: Mutex<BTreeMap<String, Arc<RouteCounters>>>,
    pub(super) faults: Mutex<BTreeMap<&'static str, u64>>,
    pub(super) accepted: Counter,
    /// A gauge, which a reset leaves as it is.
    pub(super) open: AtomicU64,
    pub(super) used: Counter,
    pub(super) handshakes: Counter,
    pub(super) panics: Counter,
    log: OnceLock<Arc<RequestLog>>,
    started: Instant,
    arrivals: Mutex<VecDeque<Arrival>>,
    /// What happened to blobs.
    pub blobs: BlobCounters,
}

/// One connection, counted as open until it is dropped.
#[derive(Debug)]
pub struct OpenConnection(Arc<Stats>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Stats {
    /// The counters of a server of this name, all zero.
    #[must_use]
    pub fn new(server: &'static str) -> Arc<Self> {
        Arc::new(Self {
            server,
            routes: Mutex::default(),
            faults: Mutex::default(),
            accepted: Counter::default(),
            open: AtomicU64::new(0),
            used: Counter::default(),
            handshakes: Counter::default(),
            panics: Counter::default(),
            log: OnceLock::new(),
            started: Instant::now(),
            arrivals: Mutex::default(),
            blobs: BlobCounters::default(),
        })
    }

    /// The counters of a route, `METHOD /path/{pattern}`.
    #[must_use]
    pub fn route(&self, name: &str) -> Arc<RouteCounters> {
        let mut routes = lock(&self.routes);
        match routes.get(name) {
            Some(route) => Arc::clone(route),
            None => Arc::clone(routes.entry(name.to_owned()).or_default()),
        }
    }

    /// Records that a request arrived at this route now; only the last 65,536 are kept.
    pub fn arrival(&self, route: &str) {
        let route = route.to_owned();
        let mut arrivals = lock(&self.arrivals);
        // Taken under the lock, so that times grow with numbers.
        let at_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let n = arrivals.back().map_or(0, |last| last.n + 1);
        if arrivals.len() >= MAX_ARRIVALS {
            arrivals.pop_front();
        }
        arrivals.push_back(Arrival { n, route, at_us });
    }

    /// The last requests that arrived, the oldest first.
    #[must_use]
    pub fn arrivals(&self) -> Vec<Arrival> {
        lock(&self.arrivals).iter().cloned().collect()
    }

    /// Counts a fault that a request got.
    pub fn fault(&self, fault: Fault) {
        self.count_fault(fault.label());
    }

    /// Counts a request that a stall held.
    pub fn stalled(&self) {
        self.count_fault("stall");
    }

    fn count_fault(&self, kind: &'static str) {
        *lock(&self.faults).entry(kind).or_default() += 1;
    }

    /// Counts a connection that was accepted.
    #[must_use]
    pub fn connection(self: &Arc<Self>) -> OpenConnection {
        self.accepted.add(1);
        self.open.fetch_add(1, Ordering::Relaxed);
        OpenConnection(Arc::clone(self))
    }

    /// Counts a TLS handshake that succeeded.
    pub fn tls_handshake(&self) {
        self.handshakes.add(1);
    }

    /// Counts a task of a connection that panicked.
    pub fn panicked(&self) {
        self.panics.add(1);
    }

    /// Sets all counters to zero and forgets the arrivals; connections that are open stay counted as open. A request that
    /// is under way now is in neither the old counts nor the new ones.
    pub fn reset(&self) {
        lock(&self.routes).clear();
        lock(&self.faults).clear();
        lock(&self.arrivals).clear();
        let others = [&self.accepted, &self.used, &self.handshakes, &self.panics];
        others.into_iter().chain(self.blobs.all()).for_each(Counter::reset);
    }

    /// Writes every request to this log from now on; only the first log that is set is used.
    pub fn log_to(&self, log: RequestLog) {
        let _ = self.log.set(Arc::new(log));
    }

    /// The log of requests, if there is one.
    pub(crate) fn log(&self) -> Option<&Arc<RequestLog>> {
        self.log.get()
    }

    /// Counts a connection that has its first request.
    pub fn connection_used(&self) {
        self.used.add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_arrivals_are_forgotten_and_times_grow() {
        let stats = Stats::new("mock");
        for _ in 0..MAX_ARRIVALS + 3 {
            stats.arrival("GET /status");
        }
        let all = stats.arrivals();
        assert_eq!(
            (all.len(), all[0].n, all[MAX_ARRIVALS - 1].n),
            (MAX_ARRIVALS, 3, MAX_ARRIVALS as u64 + 2)
        );
        assert!(all.windows(2).all(|pair| pair[0].at_us <= pair[1].at_us));
    }
}

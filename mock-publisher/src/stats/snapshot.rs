//! The counters of a server at one moment, as JSON.

use super::counter::lock;
use super::counters::{RouteCounters, Stats};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

/// All counters at one moment, the answer of `GET /mock/stats`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Which server this is.
    pub server: String,
    /// By route: `PUT /v1/blobs`.
    pub requests: BTreeMap<String, RouteSnapshot>,
    /// Bytes of all request bodies read.
    pub bytes_in: u64,
    /// Bytes of all response bodies sent.
    pub bytes_out: u64,
    /// Requests that got a fault, by kind; those that a stall held are a kind of their own, `stall`.
    pub faults: BTreeMap<String, u64>,
    /// Tasks of connections that panicked: defects of this server.
    #[serde(default)]
    pub panics: u64,
    /// Connections.
    pub connections: Connections,
    /// Stores that succeeded.
    pub stores: Stores,
    /// Reads of blobs that exist.
    pub reads: Reads,
}

/// The counters of one route.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteSnapshot {
    /// Requests whose head arrived: the sum of answered, unanswered and in flight.
    pub received: u64,
    /// Answers by status.
    pub answered: BTreeMap<u16, u64>,
    /// Requests that ended without an answer: reset, hung, or left by the client.
    pub unanswered: u64,
    /// Requests still under way.
    pub in_flight: u64,
    /// Requests admitted by the limits of the route.
    pub admitted: u64,
    /// Requests refused by them.
    pub shed: u64,
    /// Bytes of request bodies read.
    pub bytes_in: u64,
    /// Bytes of response bodies sent.
    pub bytes_out: u64,
}

/// The counters of connections.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connections {
    /// Accepted since the start.
    pub accepted: u64,
    /// Accepted and used for a request that is counted.
    pub used: u64,
    /// Open now.
    pub open: u64,
    /// TLS handshakes that succeeded.
    #[serde(default)]
    pub tls_handshakes: u64,
}

/// The counters of stores that succeeded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stores {
    /// Those that made a new object.
    pub newly_created: u64,
    /// Those that a permanent object made unnecessary.
    pub already_certified: u64,
    /// Bytes of the blobs of both.
    pub blob_bytes: u64,
}

/// The counters of reads of blobs that exist.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reads {
    /// Those that took the time of a first one.
    pub first: u64,
    /// Those that took the time of a cached one.
    pub cached: u64,
    /// Reads of blobs that did not exist when the cache asked, answered by it with the same 404.
    #[serde(default)]
    pub negative_hits: u64,
    /// Blobs that the cache evicted.
    pub evicted: u64,
}

impl Stats {
    /// All counters now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let requests: BTreeMap<_, _> =
            lock(&self.routes).iter().map(|(name, route)| (name.clone(), RouteSnapshot::of(route))).collect();
        let blobs = &self.blobs;
        Snapshot {
            server: self.server.to_owned(),
            bytes_in: requests.values().map(|route| route.bytes_in).sum(),
            bytes_out: requests.values().map(|route| route.bytes_out).sum(),
            requests,
            faults: lock(&self.faults).iter().map(|(kind, n)| ((*kind).to_owned(), *n)).collect(),
            panics: self.panics.get(),
            connections: Connections {
                accepted: self.accepted.get(),
                used: self.used.get(),
                open: self.open.load(Ordering::Relaxed),
                tls_handshakes: self.handshakes.get(),
            },
            stores: Stores {
                newly_created: blobs.newly_created.get(),
                already_certified: blobs.already_certified.get(),
                blob_bytes: blobs.bytes_stored.get(),
            },
            reads: Reads {
                first: blobs.first_reads.get(),
                cached: blobs.cached_reads.get(),
                negative_hits: blobs.negative_hits.get(),
                evicted: blobs.evicted.get(),
            },
        }
    }
}

impl RouteSnapshot {
    fn of(route: &RouteCounters) -> Self {
        let answered = lock(&route.answered).clone();
        let unanswered = route.unanswered.get();
        let received = route.received.get();
        let ended = unanswered + answered.values().sum::<u64>();
        Self {
            received,
            unanswered,
            in_flight: received.saturating_sub(ended),
            answered,
            admitted: route.admitted.get(),
            shed: route.shed.get(),
            bytes_in: route.bytes_in.get(),
            bytes_out: route.bytes_out.get(),
        }
    }

    /// Answers with this status.
    #[must_use]
    pub fn status(&self, status: u16) -> u64 {
        self.answered.get(&status).copied().unwrap_or(0)
    }
}

impl Snapshot {
    /// The counters of a route, all zero if nothing asked for it.
    #[must_use]
    pub fn route(&self, name: &str) -> RouteSnapshot {
        self.requests.get(name).cloned().unwrap_or_default()
    }

    /// Requests that got a fault of this kind.
    #[must_use]
    pub fn fault(&self, label: &str) -> u64 {
        self.faults.get(label).copied().unwrap_or(0)
    }
}

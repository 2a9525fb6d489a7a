//! The counts of a server at one moment, as JSON for whoever asks.

use super::{Route, Stats, lock};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

impl Stats {
    /// All counts at this moment.
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
            faults: lock(&self.faults).iter().map(|(label, n)| ((*label).to_owned(), *n)).collect(),
            connections: Connections {
                accepted: self.accepted.get(),
                used: self.used.get(),
                open: self.open.get(),
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

/// All counts at one moment, as `GET /mock/stats` tells them.
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
    /// Faults done, by kind; requests that were held by a stall are a kind of their own, `stall`.
    pub faults: BTreeMap<String, u64>,
    /// Connections.
    pub connections: Connections,
    /// Stores that succeeded.
    pub stores: Stores,
    /// Reads of blobs that were there.
    pub reads: Reads,
}

/// The counts of one route.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteSnapshot {
    /// Requests whose head arrived: the sum of answered, unanswered and in flight.
    pub received: u64,
    /// Answers by status.
    pub answered: BTreeMap<u16, u64>,
    /// Requests that ended without an answer: reset, hung, or left by the client.
    pub unanswered: u64,
    /// Requests still being worked on.
    pub in_flight: u64,
    /// Requests let in by the limits of the route.
    pub admitted: u64,
    /// Requests kept out by them.
    pub shed: u64,
    /// Bytes of request bodies read.
    pub bytes_in: u64,
    /// Bytes of response bodies sent.
    pub bytes_out: u64,
}

/// The counts of connections.
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

/// The counts of stores that succeeded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stores {
    /// Those that made a new object.
    pub newly_created: u64,
    /// Those spared by a permanent object.
    pub already_certified: u64,
    /// Bytes of the blobs of both.
    pub blob_bytes: u64,
}

/// The counts of reads of blobs that were there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reads {
    /// Those that paid the first latency.
    pub first: u64,
    /// Those that paid the cached latency.
    pub cached: u64,
    /// Reads of blobs that were not there when the cache asked, answered by it with the same 404.
    #[serde(default)]
    pub negative_hits: u64,
    /// Blobs that the cache had to let go.
    pub evicted: u64,
}

impl RouteSnapshot {
    fn of(route: &Route) -> Self {
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
}

impl Snapshot {
    /// The counts of a route, all zero if it was never asked for.
    #[must_use]
    pub fn route(&self, name: &str) -> RouteSnapshot {
        self.requests.get(name).cloned().unwrap_or_default()
    }

    /// Faults of this kind that were done.
    #[must_use]
    pub fn fault(&self, label: &str) -> u64 {
        self.faults.get(label).copied().unwrap_or(0)
    }
}

impl RouteSnapshot {
    /// Answers with this status.
    #[must_use]
    pub fn status(&self, status: u16) -> u64 {
        self.answered.get(&status).copied().unwrap_or(0)
    }
}

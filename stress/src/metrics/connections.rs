//! The connections of a run: how many were opened to which target, and how long opening took.

use std::{collections::BTreeMap, net::SocketAddr};

use serde::{Deserialize, Serialize};

use super::{
    count::{Count, add},
    histogram::Latencies,
};
use crate::sample::{ExchangeRecord, Expectation, Link, Sample};

/// The connections of a run.
#[serde_with::apply(
    u64 => #[serde_as(as = "Count")],
)]
#[serde_with::serde_as]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Connections {
    /// Attempts that opened a connection.
    pub opened: u64,
    /// Attempts over a connection that was open.
    pub reused: u64,
    /// Reads over a kept-open connection that the server had closed, and that were repeated over a new one.
    pub stale: u64,
    /// Attempts for whose connection the kernel had no free port.
    pub port_refusals: u64,
    /// What became of the expectations of uploads, by the publisher's position in the plan.
    pub expectations: BTreeMap<usize, Expectations>,
    /// How many were opened to each peer, of the first 256 that were met.
    #[serde_as(as = "BTreeMap<_, Count>")]
    pub peers: BTreeMap<SocketAddr, u64>,
    /// Name resolutions.
    pub dns: Latencies,
    /// TCP handshakes.
    pub tcp: Latencies,
    /// TLS handshakes.
    pub tls: Latencies,
}

/// The most addresses that are distinguished.
const MOST_PEERS: usize = 256;

/// How many uploads' `Expect: 100-continue` ended so.
#[serde_with::apply(u64 => #[serde_as(as = "Count")])]
#[serde_with::serde_as]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expectations {
    /// The server asked for the body.
    pub met: u64,
    /// The server was silent.
    pub ignored: u64,
    /// Those of the silent ones after which later uploads expected nothing, because it had been several in a row.
    pub abandoned: u64,
    /// The server refused it with a 417.
    pub refused: u64,
}

impl Expectations {
    fn record(&mut self, expectation: Expectation) {
        match expectation {
            Expectation::Met => self.met += 1,
            Expectation::Ignored => self.ignored += 1,
            Expectation::Abandoned => (self.ignored, self.abandoned) = (self.ignored + 1, self.abandoned + 1),
            Expectation::Refused => self.refused += 1,
        }
    }

    fn merge(&mut self, other: &Expectations) {
        add(&mut self.met, other.met);
        add(&mut self.ignored, other.ignored);
        add(&mut self.abandoned, other.abandoned);
        add(&mut self.refused, other.refused);
    }
}

impl Connections {
    pub(super) fn record(&mut self, sample: &Sample) {
        let ExchangeRecord { link, peer, was_stale, reopened, lacked_port, expectation, .. } =
            sample.exchange;
        self.stale += u64::from(was_stale);
        self.opened += u64::from(reopened);
        self.port_refusals += u64::from(lacked_port);
        if let Some(expectation) = expectation {
            self.expectations.entry(sample.target).or_default().record(expectation);
        }
        match link {
            None => {}
            Some(Link::Reused) => self.reused += 1,
            Some(Link::Fresh(connecting)) => {
                self.opened += 1;
                peer.into_iter().for_each(|peer| self.add_peer(peer, 1));
                self.tcp.record(connecting.tcp);
                connecting.dns.into_iter().for_each(|dns| self.dns.record(dns));
                connecting.tls.into_iter().for_each(|tls| self.tls.record(tls));
            }
        }
    }

    fn add_peer(&mut self, peer: SocketAddr, opened: u64) {
        if self.peers.len() < MOST_PEERS || self.peers.contains_key(&peer) {
            add(self.peers.entry(peer).or_default(), opened);
        }
    }

    pub(super) fn merge(&mut self, other: &Connections) {
        add(&mut self.opened, other.opened);
        add(&mut self.reused, other.reused);
        add(&mut self.stale, other.stale);
        add(&mut self.port_refusals, other.port_refusals);
        other.peers.iter().for_each(|(peer, opened)| self.add_peer(*peer, *opened));
        for (publisher, expectations) in &other.expectations {
            self.expectations.entry(*publisher).or_default().merge(expectations);
        }
        self.dns.merge(&other.dns);
        self.tcp.merge(&other.tcp);
        self.tls.merge(&other.tls);
    }
}

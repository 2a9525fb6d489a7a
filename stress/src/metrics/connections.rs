//! The connections of a run: how many were opened to which target, and how long opening took.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    count::{Count, add},
    generator::Used,
    histogram::Latencies,
};
use crate::{
    plan::journey::Step,
    sample::{Link, Sample},
};

/// The connections of a run.
#[serde_with::apply(
    u64 => #[serde_as(as = "Count")],
    BTreeMap => #[serde_as(as = "BTreeMap<_, Count>")],
)]
#[serde_with::serde_as]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Connections {
    /// Attempts that opened a connection.
    pub opened: u64,
    /// Attempts over a connection that was open.
    pub reused: u64,
    /// How many of the opened ones went to each publisher, by its position in the plan.
    pub publishers: BTreeMap<usize, u64>,
    /// How many of the opened ones went to each aggregator, by its position in the plan.
    pub aggregators: BTreeMap<usize, u64>,
    /// Name resolutions.
    pub dns: Latencies,
    /// TCP handshakes.
    pub tcp: Latencies,
    /// TLS handshakes.
    pub tls: Latencies,
    /// The most opened to one target and the ports for them, in the process that came closest to its limit: each machine
    /// has its own. Zeros until the process has reported its usage.
    pub ports: Used,
}

impl Connections {
    /// The most that went to one target.
    pub fn most_to_one(&self) -> u64 {
        self.publishers.values().chain(self.aggregators.values()).copied().max().unwrap_or(0)
    }

    pub(super) fn record(&mut self, sample: &Sample) {
        match sample.exchange.link {
            None => {}
            Some(Link::Reused) => self.reused += 1,
            Some(Link::Fresh(connecting)) => {
                self.opened += 1;
                *self.targets(sample.step).entry(sample.target).or_default() += 1;
                self.tcp.record(connecting.tcp);
                connecting.dns.into_iter().for_each(|dns| self.dns.record(dns));
                connecting.tls.into_iter().for_each(|tls| self.tls.record(tls));
            }
        }
    }

    fn targets(&mut self, step: Step) -> &mut BTreeMap<usize, u64> {
        match step {
            Step::Upload | Step::ControlUpload => &mut self.publishers,
            Step::Read { .. } | Step::Control => &mut self.aggregators,
        }
    }

    pub(super) fn merge(&mut self, other: &Connections) {
        for (ours, theirs) in
            [(&mut self.publishers, &other.publishers), (&mut self.aggregators, &other.aggregators)]
        {
            theirs.iter().for_each(|(target, opened)| add(ours.entry(*target).or_default(), *opened));
        }
        add(&mut self.opened, other.opened);
        add(&mut self.reused, other.reused);
        self.dns.merge(&other.dns);
        self.tcp.merge(&other.tcp);
        self.tls.merge(&other.tls);
        self.ports = self.ports.closer(other.ports);
    }
}

//! THE LEDGER: samples go in, totals stay; memory does not grow with the number of samples.

pub mod arrivals;
pub mod bottom_k;
pub mod buckets;
pub mod cache_status;
pub mod costs;
pub mod concurrency;
pub mod generator;
mod grid;
pub mod unmatched_pairs;
pub mod histogram;
pub mod step_metrics;
mod bucket_block;
pub mod pairs;
pub mod sketch;
pub mod snapshot;
pub mod spans;
pub mod timeline;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    plan::journey::Step,
    sample::{Link, Novelty, Outcome, Sample},
};
use arrivals::ArrivalMetrics;
use generator::{Generator, Used};
use histogram::Latencies;
use pairs::{Pair, Pairs, ReadFact};
use snapshot::Snapshot;
use step_metrics::StepMetrics;
use unmatched_pairs::UnmatchedPairs;

/// The most that a saved number may count: the largest whole number that every reader of JSON takes for itself (RFC 8259,
/// section 6), 104 days in nanoseconds or 8 PiB. Thousands of such numbers can be added up.
pub const MOST_COUNTED: u64 = 1 << 53;

/// Which samples a ledger sums up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StepKey {
    /// The phase's position in the plan.
    pub phase: usize,
    /// What was done.
    pub step: Step,
    /// Whether the bytes were new to the run: repeats are never mixed with fresh blobs.
    pub novelty: Novelty,
}

/// The sum of facts. `merge` is associative and commutative: recordings of parts are as good as one of the whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recording {
    /// The totals, by what was done.
    pub step_metrics: BTreeMap<StepKey, StepMetrics>,
    /// The opened connections.
    pub connections: Connections,
    /// First and cached reads of the same blobs.
    pub pairs: Pairs,
    /// First reads of two different blobs, one right behind the other: what differs between them is no matter of caches.
    pub controls: Pairs,
    /// First and cached reads of the same blobs in different phases; empty once they are joined.
    pub unmatched_pairs: UnmatchedPairs,
    /// The arrivals of open loops, by their phase's position in the plan.
    pub arrivals: BTreeMap<usize, ArrivalMetrics>,
    /// How the generator itself fared.
    pub generator: Generator,
}

impl Recording {
    /// Adds what `other` recorded.
    pub fn merge(&mut self, other: Recording) {
        for (key, metrics) in other.step_metrics {
            match self.step_metrics.entry(key) {
                Entry::Occupied(ours) => ours.into_mut().merge(metrics),
                Entry::Vacant(place) => {
                    place.insert(metrics);
                }
            }
        }
        self.connections.merge(other.connections);
        self.pairs.merge(other.pairs);
        self.controls.merge(other.controls);
        self.unmatched_pairs.merge(other.unmatched_pairs);
        self.generator.merge(&other.generator);
        for (phase, arrivals) in &other.arrivals {
            self.arrivals.entry(*phase).or_default().merge(arrivals);
        }
    }

    /// Enters one sample and forgets it.
    pub fn enter(&mut self, sample: &Sample) {
        let key = StepKey { phase: sample.phase, step: sample.step, novelty: sample.novelty };
        self.step_metrics.entry(key).or_default().enter(sample);
        if !matches!(sample.outcome, Outcome::Skipped) {
            self.connections.enter(sample);
        }
    }

    /// Enters the two reads of one blob.
    pub fn enter_pair(&mut self, pair: Pair) {
        self.pairs.enter(pair);
    }

    /// Enters the first reads of two blobs.
    pub fn enter_control(&mut self, pair: Pair) {
        self.controls.enter(pair);
    }

    /// Enters the first read of a blob whose cached one may follow in a later phase.
    pub fn enter_first(&mut self, half: ReadFact) {
        self.unmatched_pairs.enter_first(half);
    }

    /// Enters the cached read of a blob whose first one was entered in an earlier phase.
    pub fn enter_cached(&mut self, half: ReadFact) {
        self.unmatched_pairs.enter_cached(half);
    }

    /// Brings both reads of each blob together; for the end of a run, when all its parts are merged.
    pub fn join_reads(&mut self) {
        self.pairs.merge(std::mem::take(&mut self.unmatched_pairs).join());
    }

    /// Enters an arrival of an open loop that was started this late.
    pub fn enter_arrival(&mut self, phase: usize, start_delay: Duration) {
        self.arrivals.entry(phase).or_default().start_delay.record(start_delay);
    }

    /// Enters an arrival of an open loop that was not started.
    pub fn enter_dropped(&mut self, phase: usize) {
        self.arrivals.entry(phase).or_default().dropped += 1;
    }

    /// Enters that a phase's last arrival was due at `scheduled` and started at `took`, both from its begin.
    pub fn enter_schedule(&mut self, phase: usize, scheduled: Duration, took: Duration) {
        let arrivals = self.arrivals.entry(phase).or_default();
        (arrivals.scheduled, arrivals.took) = (arrivals.scheduled.max(scheduled), arrivals.took.max(took));
    }

    /// Enters that an event loop woke this much later than it had asked for.
    pub fn enter_lag(&mut self, lag: Duration) {
        self.generator.lag.record(lag);
    }

    /// Enters what making the load took of the machine.
    pub fn enter_effort(&mut self, usage: &Generator) {
        self.generator.merge(usage);
        self.connections.ports = Used { most: self.connections.most_to_one(), limit: usage.ports };
    }

    /// What can be shown of the run so far, `elapsed` after its origin.
    pub fn snapshot(&self, elapsed: Duration) -> Snapshot {
        let mut snapshot = Snapshot { elapsed, steps: BTreeMap::new() };
        for (key, metrics) in &self.step_metrics {
            snapshot.steps.entry(key.step).or_default().add(metrics);
        }
        snapshot
    }
}

/// The connections of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Connections {
    /// Attempts that opened a connection.
    pub opened: u64,
    /// Attempts that found one open.
    pub reused: u64,
    /// How many of the opened ones went to each publisher, by its position in the plan.
    #[serde(default)]
    pub publishers: BTreeMap<usize, u64>,
    /// How many of the opened ones went to each aggregator, by its position in the plan.
    #[serde(default)]
    pub aggregators: BTreeMap<usize, u64>,
    /// Name resolutions.
    pub dns: Latencies,
    /// TCP handshakes.
    pub tcp: Latencies,
    /// TLS handshakes.
    pub tls: Latencies,
    /// Opened ones to one target and the ports for them, in the process that had fewest left: each machine has its own.
    /// Nothing before the process has told what it had, and in documents of earlier versions.
    #[serde(default)]
    pub ports: Used,
}

impl Connections {
    /// The most that went to one target.
    pub fn most_to_one(&self) -> u64 {
        self.publishers.values().chain(self.aggregators.values()).copied().max().unwrap_or(0)
    }

    fn enter(&mut self, sample: &Sample) {
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

    fn merge(&mut self, other: Connections) {
        for (ours, theirs) in
            [(&mut self.publishers, other.publishers), (&mut self.aggregators, other.aggregators)]
        {
            theirs.into_iter().for_each(|(target, opened)| *ours.entry(target).or_default() += opened);
        }
        self.opened += other.opened;
        self.reused += other.reused;
        self.dns.merge(&other.dns);
        self.tcp.merge(&other.tcp);
        self.tls.merge(&other.tls);
        self.ports = self.ports.closer(other.ports);
    }
}

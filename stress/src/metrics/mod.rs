//! Sums samples up: counts, times and their course by phase, step and target. Memory does not grow with the number of samples.

pub mod bottom_k;
pub mod buckets;
pub mod concurrency;
mod connections;
pub mod charges;
mod costs;
mod count;
mod entries;
mod failures;
pub mod generator;
pub mod histogram;
pub(crate) mod inflate;
mod leb128;
pub mod pairs;
pub mod readable;
pub mod sketch;
pub mod snapshot;
mod spans;
pub mod step_metrics;
pub mod timeline;

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, de::Error};

use crate::sample::{Outcome, Sample};
use generator::{ArrivalMetrics, Generator};
use pairs::{Pair, Pairs, ReadFact, UnmatchedPairs};
use snapshot::Snapshot;
use step_metrics::{StepMetrics, StepRecording};

pub use connections::{Connections, Expectations};
pub use count::MAX_COUNT;
pub use step_metrics::{Group, StepKey};

/// More steps than a plan has; as many counts of [`MAX_COUNT`] can be added up.
const MAX_STEPS: usize = 1024;

/// What was recorded of a run. `merge` is associative and commutative: the recordings of parts, merged, are that of the whole.
///
/// In a document durations are whole nanoseconds, and every count is at most [`MAX_COUNT`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// Metrics by phase, step and novelty.
    #[serde(serialize_with = "entries::serialize", deserialize_with = "few_steps")]
    pub steps: BTreeMap<StepKey, StepRecording>,
    /// The opened connections.
    pub connections: Connections,
    /// First and cached reads of the same blobs.
    pub pairs: Pairs,
    /// First reads of two different blobs, one right after the other: a difference between them is no effect of caches.
    pub controls: Pairs,
    /// First and cached reads of the same blobs in different phases; empty once they are joined, before anything is saved.
    #[serde(skip)]
    pub unmatched_pairs: UnmatchedPairs,
    /// The arrivals of open loops, by their phase's position in the plan.
    pub arrivals: BTreeMap<usize, ArrivalMetrics>,
    /// How the load generator itself fared.
    pub generator: Generator,
}

fn few_steps<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<StepKey, StepRecording>, D::Error> {
    let steps: BTreeMap<_, _> = entries::deserialize(deserializer)?;
    if steps.len() > MAX_STEPS {
        return Err(D::Error::custom(format!("{} steps are more than a plan has", steps.len())));
    }
    Ok(steps)
}

impl Recording {
    /// Adds what `other` recorded.
    pub fn merge(&mut self, other: Recording) {
        for (key, recording) in other.steps {
            self.steps.entry(key).or_default().merge(recording);
        }
        self.connections.merge(&other.connections);
        self.pairs.merge(other.pairs);
        self.controls.merge(other.controls);
        self.unmatched_pairs.merge(other.unmatched_pairs);
        self.generator.merge(&other.generator);
        for (phase, arrivals) in &other.arrivals {
            self.arrivals.entry(*phase).or_default().merge(arrivals);
        }
    }

    /// Records one sample.
    pub fn record(&mut self, sample: &Sample) {
        let key = StepKey { phase: sample.phase, step: sample.step, novelty: sample.novelty };
        self.steps.entry(key).or_default().record(sample);
        if !matches!(sample.outcome, Outcome::Skipped) {
            self.connections.record(sample);
        }
    }

    /// Records the two reads of one blob.
    pub fn record_pair(&mut self, pair: Pair) {
        self.pairs.record(pair);
    }

    /// Records the first reads of two blobs.
    pub fn record_control(&mut self, pair: Pair) {
        self.controls.record(pair);
    }

    /// Records the first read of a blob whose cached one may follow in a later phase.
    pub fn record_first(&mut self, read: ReadFact) {
        self.unmatched_pairs.record_first(read);
    }

    /// Records the cached read of a blob whose first one was recorded in an earlier phase.
    pub fn record_cached(&mut self, read: ReadFact) {
        self.unmatched_pairs.record_cached(read);
    }

    /// Joins both reads of each blob; for the end of a run, when the recordings of all threads are merged.
    pub fn join_reads(&mut self) {
        self.pairs.merge(std::mem::take(&mut self.unmatched_pairs).join());
    }

    /// Records an arrival of an open loop that was started with this delay.
    pub fn record_arrival(&mut self, phase: usize, start_delay: Duration) {
        self.arrivals.entry(phase).or_default().start_delay.record(start_delay);
    }

    /// Records an arrival of an open loop that was not started, because the most iterations allowed were in flight.
    pub fn record_dropped(&mut self, phase: usize) {
        self.arrivals.entry(phase).or_default().dropped += 1;
    }

    /// Records an arrival of an open loop that was due and not started before the phase ended.
    pub fn record_never_started(&mut self, phase: usize) {
        let arrivals = self.arrivals.entry(phase).or_default();
        arrivals.dropped += 1;
        arrivals.never_started += 1;
    }

    /// Records that a phase's last arrival was due at `scheduled` and started at `took`, both from its begin.
    pub fn record_schedule(&mut self, phase: usize, scheduled: Duration, took: Duration) {
        let arrivals = self.arrivals.entry(phase).or_default();
        (arrivals.scheduled, arrivals.took) = (arrivals.scheduled.max(scheduled), arrivals.took.max(took));
    }

    /// Records that an event loop woke this much later than it had asked for.
    pub fn record_lag(&mut self, lag: Duration) {
        self.generator.lag.record(lag);
    }

    /// Records what making the load took of the machine.
    pub fn record_usage(&mut self, usage: &Generator) {
        self.generator.merge(usage);
    }

    /// Gives back the memory that only recording needs, for a phase that is over.
    pub fn end_phase(&mut self, phase: usize) {
        let steps = self.steps.iter_mut().filter(|(key, _)| key.phase == phase);
        steps.for_each(|(_, recording)| recording.shrink());
    }

    /// Whether every distribution has few enough durations to be read back from a document: counts of many recordings can
    /// add up to more than [`MAX_COUNT`].
    pub fn can_be_read_back(&self) -> bool {
        let Connections { dns, tcp, tls, .. } = &self.connections;
        let latencies = self.groups().flat_map(|(_, metrics)| metrics.latencies());
        let delays = self.arrivals.values().map(|arrivals| &arrivals.start_delay);
        let mut all = latencies.chain(delays).chain([&self.generator.lag, dns, tcp, tls]);
        all.all(|latencies| latencies.count() <= MAX_COUNT)
    }

    /// The metrics of each step and group.
    pub fn groups(&self) -> impl Iterator<Item = (&StepKey, &StepMetrics)> {
        self.steps
            .iter()
            .flat_map(|(key, recording)| recording.groups.values().map(move |metrics| (key, metrics)))
    }

    /// The totals of the run so far, `elapsed` after its origin.
    pub fn snapshot(&self, elapsed: Duration) -> Snapshot {
        let mut snapshot = Snapshot { elapsed, steps: BTreeMap::new() };
        for (key, metrics) in self.groups() {
            snapshot.steps.entry(key.step).or_default().add(metrics);
        }
        snapshot
    }
}

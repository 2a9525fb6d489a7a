//! The totals of a run while it goes on, for the progress line and live metrics.

use std::{collections::BTreeMap, time::Duration};

use super::{
    histogram::Latencies,
    step_metrics::{Span, StepMetrics},
};
use crate::{plan::journey::Step, sample::FailureClass};

/// A run at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// Time since the run's origin.
    pub elapsed: Duration,
    /// Each step so far.
    pub steps: BTreeMap<Step, StepSnapshot>,
}

/// A step at one moment, fresh blobs and repeats together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StepSnapshot {
    /// Attempts that succeeded.
    pub done: u64,
    /// Delayed reads that found no blob.
    pub not_found: u64,
    /// Attempts that failed or did not finish.
    pub failed: u64,
    /// Steps never tried, because an earlier one had not succeeded.
    pub skipped: u64,
    /// Bytes of the blobs of successful attempts.
    pub bytes: u64,
    /// Failed steps by class.
    pub failures: BTreeMap<FailureClass, u64>,
    /// Attempts that failed and after which their step was tried again, by class.
    pub retried: BTreeMap<FailureClass, u64>,
    /// Bytes of request bodies, by all attempts.
    pub bytes_sent: u64,
    /// Bytes of response bodies, by all attempts.
    pub bytes_received: u64,
    /// The response times so far.
    pub response: Latencies,
}

impl Snapshot {
    /// Adds what another thread of the same run has recorded.
    pub fn merge(&mut self, other: &Snapshot) {
        self.elapsed = self.elapsed.max(other.elapsed);
        for (step, theirs) in &other.steps {
            let ours = self.steps.entry(*step).or_default();
            ours.done += theirs.done;
            ours.not_found += theirs.not_found;
            ours.failed += theirs.failed;
            ours.skipped += theirs.skipped;
            ours.bytes += theirs.bytes;
            ours.bytes_sent += theirs.bytes_sent;
            ours.bytes_received += theirs.bytes_received;
            add(&mut ours.failures, theirs.failures.iter().map(|(class, count)| (*class, *count)));
            add(&mut ours.retried, theirs.retried.iter().map(|(class, count)| (*class, *count)));
            ours.response.merge(&theirs.response);
        }
    }
}

/// Adds counts by class.
fn add(ours: &mut BTreeMap<FailureClass, u64>, theirs: impl Iterator<Item = (FailureClass, u64)>) {
    theirs.for_each(|(class, count)| *ours.entry(class).or_default() += count);
}

impl StepSnapshot {
    pub(super) fn add(&mut self, metrics: &StepMetrics) {
        self.done += metrics.done;
        self.not_found += metrics.not_found();
        self.failed += metrics.failed() + metrics.unfinished;
        self.skipped += metrics.skipped;
        self.bytes += metrics.bytes_done;
        self.bytes_sent += metrics.bytes_sent;
        self.bytes_received += metrics.bytes_received;
        add(&mut self.failures, metrics.failures.iter().map(|(class, tally)| (*class, tally.count)));
        add(&mut self.retried, metrics.retried.iter().map(|(class, tally)| (*class, tally.count)));
        if let Some(response) = metrics.span(Span::Response) {
            self.response.merge(response);
        }
    }
}

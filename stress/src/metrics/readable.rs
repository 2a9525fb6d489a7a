//! What delayed reads found, by their delay: whether a blob can be read is known of one moment each (current-status data).

use serde::{Deserialize, Serialize};

use super::histogram::Latencies;
use crate::sample::{Outcome, Sample};

/// The delays of reads that found their blob, and of those that did not. Reads that failed otherwise say neither.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReadDelays {
    /// Of reads that found the blob, with the right bytes.
    pub found: Latencies,
    /// Of reads that were answered: there is no such blob.
    pub not_found: Latencies,
}

impl ReadDelays {
    /// Whether there was no such read.
    pub fn is_empty(&self) -> bool {
        self.all().iter().all(|delays| delays.is_empty())
    }

    pub(super) fn record(&mut self, sample: &Sample) {
        let Some(delay) = sample.delay else { return };
        match sample.outcome {
            Outcome::Read => self.found.record(delay),
            Outcome::NotFound(_) => self.not_found.record(delay),
            _ => {}
        }
    }

    /// Adds what `other` counted.
    pub fn merge(&mut self, other: &ReadDelays) {
        self.found.merge(&other.found);
        self.not_found.merge(&other.not_found);
    }

    /// Both distributions.
    pub(super) fn all(&self) -> [&Latencies; 2] {
        [&self.found, &self.not_found]
    }

    pub(super) fn shrink(&mut self) {
        self.found.shrink();
        self.not_found.shrink();
    }
}

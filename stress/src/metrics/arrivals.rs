//! The arrivals of open loops: how many were started, how late, and how many were dropped.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::histogram::Latencies;

/// The arrivals of one phase.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ArrivalMetrics {
    /// Arrivals not started, because too many journeys were under way.
    pub dropped: u64,
    /// When the last arrival was due, from the phase's begin.
    #[serde(default)]
    pub scheduled: Duration,
    /// When it was started or dropped, from the phase's begin.
    #[serde(default)]
    pub took: Duration,
    /// From due to started, of those that were: what the generator itself added.
    pub start_delay: Latencies,
}

impl ArrivalMetrics {
    /// Arrivals that were due.
    pub fn offered(&self) -> u64 {
        self.dropped + self.start_delay.count()
    }

    /// Adds what `other` counted.
    pub fn merge(&mut self, other: &ArrivalMetrics) {
        self.dropped += other.dropped;
        self.scheduled = self.scheduled.max(other.scheduled);
        self.took = self.took.max(other.took);
        self.start_delay.merge(&other.start_delay);
    }
}

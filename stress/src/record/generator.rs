//! How the generator itself fared: what it took of the machine, and how late the machine let it run.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::histogram::Latencies;

/// What the process that made the load went through.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Generator {
    /// Processor time that the process used.
    pub cpu: Duration,
    /// Processor time that it could have used; zero when that is not known.
    pub available: Duration,
    /// How much later than asked for the event loops woke, at regular instants of the measured phases.
    pub lag: Latencies,
    /// By how much the wall clock moved against the monotonic one.
    pub wall_step: Duration,
}

impl Generator {
    pub(super) fn merge(&mut self, other: &Generator) {
        self.cpu += other.cpu;
        self.available += other.available;
        self.lag.merge(&other.lag);
        self.wall_step = self.wall_step.max(other.wall_step);
    }
}

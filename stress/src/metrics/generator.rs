//! How the load generator itself fared: arrivals and their start delay, and what the process took of the machine.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_with::DurationNanoSeconds;

use super::{
    count::{Count, add},
    histogram::Latencies,
};

/// The arrivals of one phase of an open loop.
#[serde_with::serde_as]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ArrivalMetrics {
    /// Arrivals that were due and not started.
    #[serde_as(as = "Count")]
    pub dropped: u64,
    /// Those of them that were overdue until the phase ended; at the others, the most iterations allowed were in flight.
    #[serde(default)]
    #[serde_as(as = "Count")]
    pub never_started: u64,
    /// When the last arrival was due, from the phase's begin.
    #[serde_as(as = "DurationNanoSeconds")]
    pub scheduled: Duration,
    /// When it was started or dropped, from the phase's begin.
    #[serde_as(as = "DurationNanoSeconds")]
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
        add(&mut self.dropped, other.dropped);
        add(&mut self.never_started, other.never_started);
        self.scheduled = self.scheduled.max(other.scheduled);
        self.took = self.took.max(other.took);
        self.start_delay.merge(&other.start_delay);
    }
}

/// What the process that made the load went through.
#[serde_with::apply(Duration => #[serde_as(as = "DurationNanoSeconds")])]
#[serde_with::serde_as]
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
    /// The file descriptors that were open.
    pub descriptors: Used,
    /// How often its control group had used up its CPU quota.
    pub throttling: Throttling,
    /// The local ports that could not be used for another connection to one target, of the target with the most.
    pub ports: Used,
}

/// What `cpu.stat` of control groups counts (cgroup v2); zeros where there is no quota.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throttling {
    /// Periods of the quota, mostly 100 ms each.
    pub periods: u64,
    /// Those in which it was used up: no thread ran for the rest of them.
    pub throttled: u64,
}

impl Throttling {
    /// What was counted since `before`.
    pub(crate) fn since(self, before: Throttling) -> Self {
        Self {
            periods: self.periods.saturating_sub(before.periods),
            throttled: self.throttled.saturating_sub(before.throttled),
        }
    }
}

/// How much of something limited was in use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// The most at a time.
    pub most: u64,
    /// How much there is; 0 when that is not known.
    pub limit: u64,
}

impl Used {
    /// The one that was closer to its limit.
    pub(crate) fn closer(self, other: Used) -> Used {
        let load = |used: Used| (u128::from(used.most) << 64) / u128::from(used.limit.max(1));
        let key = |used: Used| (used.limit > 0, load(used), used.most, used.limit);
        if key(other) > key(self) { other } else { self }
    }
}

impl Generator {
    pub(super) fn merge(&mut self, other: &Generator) {
        self.cpu = self.cpu.saturating_add(other.cpu);
        self.available = self.available.saturating_add(other.available);
        self.lag.merge(&other.lag);
        self.wall_step = self.wall_step.max(other.wall_step);
        self.descriptors = self.descriptors.closer(other.descriptors);
        self.throttling.periods = self.throttling.periods.saturating_add(other.throttling.periods);
        self.throttling.throttled = self.throttling.throttled.saturating_add(other.throttling.throttled);
        self.ports = self.ports.closer(other.ports);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_that_was_closer_to_its_limit_is_remembered() {
        let of = |most, limit| Generator { descriptors: Used { most, limit }, ..Generator::default() };
        for (one, other, closer) in [
            (of(10, 100), of(90, 1_000), of(10, 100)),
            (of(1, 2), of(2, 4), of(2, 4)),
            (of(0, 0), of(1, u64::MAX), of(1, u64::MAX)),
        ] {
            for (mut left, right) in [(one.clone(), other.clone()), (other, one)] {
                left.merge(&right);
                assert_eq!(left, closer);
            }
        }
    }
}

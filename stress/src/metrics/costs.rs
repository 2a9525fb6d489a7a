//! Sizes and times of single successes, for a line through them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_with::DurationNanoSeconds;

use super::bottom_k::{BottomK, Row};
use crate::sample::Sample;

/// A sample of a step's successes, for a fit of fixed cost and cost per byte. The fit's time grows with the square of
/// its size.
pub type Costs = BottomK<Cost, 256>;

/// Size and times of one success, less what opening a connection took.
#[serde_with::apply(Duration => #[serde_as(as = "DurationNanoSeconds")])]
#[serde_with::serde_as]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// The blob's index.
    pub index: u64,
    /// The blob's size in bytes.
    #[serde(rename = "size_bytes")]
    pub size: u64,
    /// From started to finished.
    #[serde(rename = "service_nanoseconds")]
    pub service: Duration,
    /// From started until the request had left.
    #[serde(rename = "send_nanoseconds")]
    pub send: Duration,
    /// From then to the response's head.
    #[serde(rename = "wait_nanoseconds")]
    pub wait: Duration,
}

impl Cost {
    pub(super) fn record(sample: &Sample, costs: &mut Costs) {
        let timing = &sample.exchange.timing;
        let Some((sent, first)) = timing.sent.zip(timing.first_byte) else { return };
        costs.record_with(sample.index, || {
            let opening = sample.exchange.link.map(|link| link.opening()).unwrap_or_default();
            Self {
                index: sample.index,
                size: sample.size,
                service: timing.service().saturating_sub(opening),
                send: sent.saturating_sub(timing.started).saturating_sub(opening),
                wait: first.saturating_sub(sent),
            }
        });
    }
}

impl Row for Cost {
    fn index(&self) -> u64 {
        self.index
    }
}

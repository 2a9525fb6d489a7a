//! The response times of a step in buckets: at the bounds of Prometheus, and as bars on one scale for all steps.

use std::time::Duration;

use crate::metrics::{
    buckets::{cumulative, logarithmic},
    histogram::Latencies,
    step_metrics::{Span, StepMetrics},
};

/// The number of bars.
const BARS: usize = 44;

/// Response times in the buckets of Prometheus.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Buckets {
    /// The number of times up to each of [`crate::metrics::buckets::BOUNDS`].
    pub cumulative: Vec<u64>,
    /// The number of all.
    pub count: u64,
    /// Their sum in seconds.
    pub sum_seconds: f64,
}

impl Buckets {
    pub(super) fn of(metrics: &StepMetrics) -> Self {
        let nothing = Latencies::default();
        let response = metrics.span(Span::Response).unwrap_or(&nothing);
        let (count, sum_seconds) = (response.count(), response.sum_seconds());
        Self { cumulative: cumulative(response), count, sum_seconds }
    }
}

/// The scale that all steps share: from the shortest to the longest response time.
pub(super) fn scale<'a>(step_metrics: impl Iterator<Item = &'a StepMetrics>) -> Option<(Duration, Duration)> {
    let ends = step_metrics.filter_map(|metrics| {
        let response = metrics.span(Span::Response)?;
        response.min().zip(response.max())
    });
    ends.reduce(|(shortest, longest), (min, max)| (shortest.min(min), longest.max(max)))
}

/// A step's response times on the shared scale.
pub(super) fn bars(metrics: &StepMetrics, scale: Option<(Duration, Duration)>) -> Vec<u64> {
    let response = metrics.span(Span::Response).zip(scale);
    response
        .map(|(response, (shortest, longest))| logarithmic(response, shortest, longest, BARS))
        .unwrap_or_default()
}

//! What a report means: every number that is shown, computed once.

use std::time::Duration;

use serde::Serialize;

use super::{
    Report, buckets,
    cache::CacheEffect,
    charges::CostSummary,
    quality::QualityReport,
    readable::Readable,
    threshold::{self, ThresholdResult},
    timeline::StepTimeline,
    vantage::VantageSummary,
};
pub use super::{
    arrivals::ArrivalSummary,
    distribution::{Bounded, Distribution},
    steps::{ConnectionSummary, FailureExample, FailureReason, FailureSummary, StepSummary, Uploads},
};

/// Every number that is shown of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Whether the run was stopped before its end, or parts of it are missing.
    pub partial: bool,
    /// Bytes of request bodies written to connections.
    pub bytes_sent: u64,
    /// Bytes of response bodies received.
    pub bytes_received: u64,
    /// Each step of each phase, fresh blobs before repeats.
    pub steps: Vec<StepSummary>,
    /// All uploads together; `None` when none was planned.
    #[serde(skip)]
    pub uploads: Option<Uploads>,
    /// What the uploads cost; `None` when nothing was charged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostSummary>,
    /// The arrivals of each phase that is an open loop.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arrivals: Vec<ArrivalSummary>,
    /// The opened connections.
    pub connections: ConnectionSummary,
    /// The shortest and the longest response time of all steps; `None` when there are none.
    #[serde(skip)]
    pub scale: Option<(Duration, Duration)>,
    /// First against cached downloads; `None` when the plan has not both.
    #[serde(
        rename = "cache_effect",
        serialize_with = "CacheEffect::document",
        skip_serializing_if = "Option::is_none"
    )]
    pub cache: Option<CacheEffect>,
    /// The vantage points of a merged report.
    #[serde(rename = "vantage_points", skip_serializing_if = "Option::is_none")]
    pub vantages: Option<VantageSummary>,
    /// How soon blobs could be read, where delayed reads measured it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub readable: Vec<Readable>,
    /// The thresholds and whether they hold, those that every run has last.
    pub thresholds: Vec<ThresholdResult>,
    /// How far all of this can be trusted.
    pub quality: QualityReport,
    /// Each step over time.
    #[serde(rename = "timeline")]
    pub timelines: Vec<StepTimeline>,
}

impl Summary {
    /// Summarises a report.
    pub fn of(report: &Report) -> Self {
        let recording = &report.recording;
        let scale = buckets::scale(recording.groups().map(|(_, metrics)| metrics));
        let steps = StepSummary::all(report, scale);
        let (arrivals, thresholds) = (ArrivalSummary::all(report), threshold::evaluate(report));
        Self {
            partial: report.is_partial(),
            quality: QualityReport::of(report, &steps, &arrivals, &thresholds),
            uploads: Uploads::of(&steps, recording),
            cost: CostSummary::of(report),
            bytes_sent: steps.iter().map(|step| step.bytes_sent).sum(),
            bytes_received: steps.iter().map(|step| step.bytes_received).sum(),
            connections: ConnectionSummary::of(&recording.connections),
            arrivals,
            scale,
            // Vantage points have one effect each.
            cache: CacheEffect::of(report, &steps).filter(|_| report.vantages.is_empty()),
            vantages: VantageSummary::of(report),
            readable: Readable::all(report),
            timelines: StepTimeline::all(report),
            thresholds,
            steps,
        }
    }

    /// Steps that failed for good.
    pub fn failed(&self) -> u64 {
        self.steps.iter().map(|step| step.failed).sum()
    }

    /// Attempts that failed and were retried.
    pub fn retried(&self) -> u64 {
        self.steps.iter().flat_map(|step| &step.retried).map(|failure| failure.count).sum()
    }

    /// Whether the run came to its end, and all is well that was measured.
    pub fn all_well(&self) -> bool {
        !self.partial && self.well_so_far()
    }

    /// Whether something succeeded, and every threshold holds: a step without one of its own must not fail. A run that was
    /// stopped has not passed by that.
    pub fn well_so_far(&self) -> bool {
        self.thresholds.iter().all(ThresholdResult::holds) && self.steps.iter().any(|step| step.done > 0)
    }

    /// Attempts of every step still running when the grace period ended.
    pub fn unfinished(&self) -> u64 {
        self.steps.iter().map(|step| step.unfinished).sum()
    }
}

#[cfg(test)]
mod tests;

//! What a report means: every number that is shown, derived once.

mod failure;

use std::{collections::BTreeMap, time::Duration};

use strum::IntoEnumIterator;

pub use failure::{FailureExample, FailureSummary};

use super::{
    Report,
    buckets::{self, Buckets},
    cache::CacheEffect,
    cost::{NoFit, StepCost},
    quality::QualityReport,
    stats::Percentile,
    threshold::{self, ThresholdResult},
    timeline::StepTimeline,
};
use crate::{
    metrics::{
        Connections, Recording, StepKey,
        cache_status::CacheStatusCounts,
        histogram::Latencies,
        step_metrics::{Span, StepMetrics},
    },
    plan::{journey::Step, load::Load},
    sample::{Novelty, StoredKind},
    units::MIB,
};

/// Every number that is shown of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Whether the run was stopped before its end.
    pub partial: bool,
    /// Each step of each phase, fresh blobs before repeats.
    pub steps: Vec<StepSummary>,
    /// All uploads together; `None` when none was planned.
    pub uploads: Option<Uploads>,
    /// Bytes of request bodies given to connections.
    pub bytes_sent: u64,
    /// Bytes of response bodies received.
    pub bytes_received: u64,
    /// The opened connections.
    pub connections: ConnectionSummary,
    /// The arrivals of each phase that is an open loop.
    pub arrivals: Vec<ArrivalSummary>,
    /// The shortest and the longest response time of all steps; `None` when there are none.
    pub scale: Option<(Duration, Duration)>,
    /// First against cached downloads; `None` when the plan has not both.
    pub cache: Option<CacheEffect>,
    /// How each step went as time passed; empty for reports of the first version.
    pub timelines: Vec<StepTimeline>,
    /// The thresholds held against what was measured, those that every run has last.
    pub thresholds: Vec<ThresholdResult>,
    /// How far all of this can be trusted.
    pub quality: QualityReport,
}

/// One step of one phase.
#[derive(Debug, Clone, PartialEq)]
pub struct StepSummary {
    /// The phase's name.
    pub phase: String,
    /// What was done.
    pub step: Step,
    /// Whether these are the blobs that repeat bytes stored earlier in the run.
    pub repeats: bool,
    /// Steps that were tried, of every outcome.
    pub attempted: u64,
    /// Steps that succeeded.
    pub done: u64,
    /// Steps that failed for good.
    pub failed: u64,
    /// Attempts that failed: those, and the ones after which their step was tried again.
    pub attempt_failures: u64,
    /// Attempts still running when the run's patience ended.
    pub unfinished: u64,
    /// Steps never tried, because an earlier step of the journey had not succeeded.
    pub skipped: u64,
    /// Bytes of request bodies given to connections.
    pub bytes_sent: u64,
    /// Bytes of response bodies received.
    pub bytes_received: u64,
    /// Bytes of the blobs of successful attempts.
    pub bytes_done: u64,
    /// MiB of successfully moved blobs per second, from the first start to the last finish of the step.
    pub throughput_mib: Option<f64>,
    /// Successful uploads by the way that the publisher took.
    pub stored: BTreeMap<StoredKind, u64>,
    /// Their response times by that way.
    pub stored_times: BTreeMap<StoredKind, Distribution>,
    /// What the headers of successful downloads said of caches, by the aggregator's position in the plan.
    pub cache_statuses: BTreeMap<usize, CacheStatusCounts>,
    /// What a success costs however small its blob, and what each MiB adds; or why that cannot be told.
    pub cost: Result<StepCost, NoFit>,
    /// What the publisher charged, in FROST.
    pub cost_frost: u64,
    /// Steps that failed for good, by class.
    pub failures: Vec<FailureSummary>,
    /// The response times in the buckets of metrics.
    pub buckets: Buckets,
    /// The response times in equal parts of [`Summary::scale`]; empty when there are none.
    pub bars: Vec<u64>,
    /// Attempts that failed and after which their step was tried again, by class.
    pub retried: Vec<FailureSummary>,
    /// The parts of the time that were measured.
    pub spans: BTreeMap<Span, Distribution>,
}

/// All uploads of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uploads {
    /// Stored from scratch.
    pub new: u64,
    /// There before.
    pub existing: u64,
    /// Stored with storage or a registration that was there before.
    pub reused: u64,
    /// Failed.
    pub failed: u64,
    /// Still running when the run's patience ended.
    pub unfinished: u64,
    /// What the publishers charged, in FROST, where they told.
    pub cost_frost: u64,
    /// Median response times by the way that the publishers took.
    pub medians: BTreeMap<StoredKind, Duration>,
}

/// The connections of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectionSummary {
    /// Attempts that opened one.
    pub opened: u64,
    /// Attempts that found one open.
    pub reused: u64,
    /// Name resolutions.
    pub dns: Option<Distribution>,
    /// TCP handshakes.
    pub tcp: Option<Distribution>,
    /// TLS handshakes.
    pub tls: Option<Distribution>,
}

/// The arrivals of a phase that is an open loop.
#[derive(Debug, Clone, PartialEq)]
pub struct ArrivalSummary {
    /// The phase's name.
    pub phase: String,
    /// Arrivals that were due.
    pub offered: u64,
    /// Those of them that were not started, because too many journeys were under way.
    pub dropped: u64,
    /// When the last arrival was due, from the phase's begin.
    pub scheduled: Duration,
    /// When it was started.
    pub took: Duration,
    /// How late the others were started: the generator's own doing. `None` when none was.
    pub start_delay: Option<Distribution>,
}

/// A duration, or the least that it can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounded {
    /// The duration.
    pub value: Duration,
    /// Whether the true one may be longer: timeouts or unfinished work decide this number.
    pub lower_bound: bool,
}

/// What is shown of many durations.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    /// How many.
    pub count: u64,
    /// The shortest.
    pub min: Bounded,
    /// The arithmetic mean.
    pub mean: Bounded,
    /// The middle one (of an even number the lower), shown however small the sample.
    pub median: Bounded,
    /// The percentiles that the sample supports.
    pub percentiles: BTreeMap<Percentile, Bounded>,
    /// The longest.
    pub max: Bounded,
}

impl Summary {
    /// Sums a report up.
    pub fn of(report: &Report) -> Self {
        let recording = &report.recording;
        let untouched = StepMetrics::default();
        let mut step_metrics: BTreeMap<StepKey, &StepMetrics> = BTreeMap::new();
        for (phase, planned) in report.plan.phases.iter().enumerate().filter(|(_, planned)| !planned.warm_up)
        {
            for step in planned.steps() {
                // A planned step that was never reached shows its zeros instead of nothing.
                step_metrics.entry(StepKey { phase, step, novelty: Novelty::Fresh }).or_insert(&untouched);
            }
        }
        step_metrics.extend(recording.step_metrics.iter().map(|(key, metrics)| (*key, metrics)));
        let scale = buckets::scale(step_metrics.values().copied());
        let steps: Vec<_> = step_metrics
            .iter()
            .map(|(key, metrics)| StepSummary::of(report.phase_name(key.phase), key, metrics, scale))
            .collect();
        let (arrivals, thresholds) = (ArrivalSummary::all(report), threshold::judge(report));
        Self {
            partial: report.ending.is_partial(),
            quality: QualityReport::of(report, &steps, &arrivals, &thresholds),
            uploads: Uploads::of(&steps, recording),
            bytes_sent: steps.iter().map(|step| step.bytes_sent).sum(),
            bytes_received: steps.iter().map(|step| step.bytes_received).sum(),
            connections: ConnectionSummary::of(&recording.connections),
            arrivals,
            scale,
            cache: CacheEffect::of(report, &steps),
            timelines: StepTimeline::all(report),
            thresholds,
            steps,
        }
    }

    /// Steps that failed for good.
    pub fn failed(&self) -> u64 {
        self.steps.iter().map(|step| step.failed).sum()
    }

    /// Attempts that failed and after which their step was tried again.
    pub fn retried(&self) -> u64 {
        self.steps.iter().flat_map(|step| &step.retried).map(|failure| failure.count).sum()
    }

    /// Whether the run came to its end, and all is well that was measured.
    pub fn all_well(&self) -> bool {
        !self.partial && self.well_so_far()
    }

    /// Whether something succeeded, and every threshold holds: without one of its own, a step must not fail. A run that
    /// was stopped has not passed by that.
    pub fn well_so_far(&self) -> bool {
        self.thresholds.iter().all(ThresholdResult::holds) && self.steps.iter().any(|step| step.done > 0)
    }

    /// Attempts of every step still running when the run's patience ended.
    pub fn unfinished(&self) -> u64 {
        self.steps.iter().map(|step| step.unfinished).sum()
    }
}

impl StepSummary {
    fn of(phase: String, key: &StepKey, metrics: &StepMetrics, scale: Option<(Duration, Duration)>) -> Self {
        let bound = |span: Span| if span == Span::Response { metrics.least_lower_bound } else { None };
        let distributions =
            |(span, latencies): (Span, &Latencies)| Some((span, Distribution::of(latencies, bound(span))?));
        Self {
            phase,
            step: key.step,
            repeats: key.novelty == Novelty::Repeat,
            attempted: metrics.attempted(),
            done: metrics.done,
            failed: metrics.failed(),
            attempt_failures: metrics.failed() + metrics.retried(),
            unfinished: metrics.unfinished,
            skipped: metrics.skipped,
            bytes_sent: metrics.bytes_sent,
            bytes_received: metrics.bytes_received,
            bytes_done: metrics.bytes_done,
            throughput_mib: throughput_mib(metrics),
            stored: metrics.stored.clone(),
            stored_times: metrics
                .stored_times
                .iter()
                .filter_map(|(kind, times)| Some((*kind, Distribution::of(times, None)?)))
                .collect(),
            cache_statuses: metrics.cache_statuses.clone(),
            cost: StepCost::of(&metrics.costs),
            cost_frost: metrics.cost_frost,
            failures: metrics.failures.iter().map(FailureSummary::of).collect(),
            buckets: Buckets::of(metrics),
            bars: buckets::bars(metrics, scale),
            retried: metrics.retried.iter().map(FailureSummary::of).collect(),
            spans: metrics.spans.iter().filter_map(distributions).collect(),
        }
    }

    /// What is shown of the response times; `None` when there are none.
    pub fn response(&self) -> Option<&Distribution> {
        self.spans.get(&Span::Response)
    }
}

/// Absent when nothing was done, or in no measurable time.
fn throughput_mib(metrics: &StepMetrics) -> Option<f64> {
    let (start, end) = metrics.window?;
    let seconds = end.saturating_sub(start).as_secs_f64();
    (metrics.done > 0 && seconds > 0.0).then(|| metrics.bytes_done as f64 / MIB / seconds)
}

impl Uploads {
    fn of(steps: &[StepSummary], recording: &Recording) -> Option<Self> {
        let mut times: BTreeMap<StoredKind, Latencies> = BTreeMap::new();
        for (kind, latencies) in recording.step_metrics.values().flat_map(|metrics| &metrics.stored_times) {
            times.entry(*kind).or_default().merge(latencies);
        }
        let medians: BTreeMap<_, _> =
            times.into_iter().filter_map(|(kind, times)| Some((kind, times.quantile(0.5)?))).collect();
        let uploads = steps.iter().filter(|step| step.step.stores());
        uploads.fold(None, |sum: Option<Self>, step| {
            let sum = sum.unwrap_or_default();
            let stored = |kind| step.stored.get(&kind).copied().unwrap_or(0);
            Some(Self {
                new: sum.new + stored(StoredKind::New),
                existing: sum.existing + stored(StoredKind::Existing),
                reused: sum.reused + stored(StoredKind::Reused),
                failed: sum.failed + step.failed,
                unfinished: sum.unfinished + step.unfinished,
                cost_frost: sum.cost_frost.saturating_add(step.cost_frost),
                medians: medians.clone(),
            })
        })
    }
}

impl ConnectionSummary {
    fn of(connections: &Connections) -> Self {
        Self {
            opened: connections.opened,
            reused: connections.reused,
            dns: Distribution::of(&connections.dns, None),
            tcp: Distribution::of(&connections.tcp, None),
            tls: Distribution::of(&connections.tls, None),
        }
    }
}

impl ArrivalSummary {
    fn all(report: &Report) -> Vec<Self> {
        let phases = report.plan.phases.iter().enumerate();
        phases
            .filter(|(_, phase)| !phase.warm_up && matches!(phase.load, Load::Open { .. }))
            .map(|(position, phase)| {
                let arrivals = report.recording.arrivals.get(&position).cloned().unwrap_or_default();
                Self {
                    phase: phase.name.clone(),
                    offered: arrivals.offered(),
                    dropped: arrivals.dropped,
                    scheduled: arrivals.scheduled,
                    took: arrivals.took,
                    start_delay: Distribution::of(&arrivals.start_delay, None),
                }
            })
            .collect()
    }
}

impl Distribution {
    /// What is shown of `latencies`, of which those from `least_lower_bound` on may have been longer.
    pub(super) fn of(latencies: &Latencies, least_lower_bound: Option<Duration>) -> Option<Self> {
        let bounded = |value: Duration| Bounded {
            value,
            // A quantile is read back up to a thousandth off; two that close are the same to a reader.
            lower_bound: least_lower_bound.is_some_and(|least| value + value / 1000 >= least),
        };
        let quantile = |percentile: Percentile| latencies.quantile(percentile.quantile()).map(bounded);
        let supported = Percentile::iter().filter(|p| p.is_supported_by(latencies.count()));
        Some(Self {
            count: latencies.count(),
            min: bounded(latencies.min()?),
            mean: Bounded { value: latencies.mean()?, lower_bound: least_lower_bound.is_some() },
            median: quantile(Percentile::P50)?,
            percentiles: supported.filter_map(|p| Some((p, quantile(p)?))).collect(),
            max: bounded(latencies.max()?),
        })
    }
}

#[cfg(test)]
mod tests;

//! The part of a report's document that says what held and what did not.

use serde::Serialize;

use crate::{
    plan::{journey::Step, threshold::Threshold},
    report::{
        quality::{Bottleneck, Check, CheckResult, QualityReport},
        stationarity::Drift,
        threshold::{Measured, ThresholdResult},
    },
};

/// A [`ThresholdResult`] in a document.
#[derive(Serialize)]
pub(super) struct ThresholdDoc<'a> {
    threshold: &'a Threshold,
    implicit: bool,
    holds: bool,
    #[serde(flatten)]
    measured: MeasuredDoc,
}

/// A [`Measured`] in a document, with its unit in its name.
#[derive(Serialize)]
#[serde(untagged)]
enum MeasuredDoc {
    Time { measured_seconds: f64, lower_bound: bool },
    Count { measured: u64, of: u64 },
    PerSecond { measured_per_second: f64 },
    BytesPerSecond { measured_bytes_per_second: f64 },
    Unsupported { samples: u64, samples_needed: u64 },
}

impl<'a> ThresholdDoc<'a> {
    pub(super) fn of(threshold_result: &'a ThresholdResult) -> Self {
        let measured = match threshold_result.measured {
            Measured::Time(time) => MeasuredDoc::Time {
                measured_seconds: time.value.as_secs_f64(),
                lower_bound: time.lower_bound,
            },
            Measured::Count { count, of } => MeasuredDoc::Count { measured: count, of },
            Measured::PerSecond(rate) => MeasuredDoc::PerSecond { measured_per_second: rate },
            Measured::BytesPerSecond(rate) => MeasuredDoc::BytesPerSecond { measured_bytes_per_second: rate },
            Measured::Unsupported { has, needs } => {
                MeasuredDoc::Unsupported { samples: has, samples_needed: needs }
            }
        };
        Self {
            threshold: &threshold_result.threshold,
            implicit: threshold_result.implicit,
            holds: threshold_result.holds(),
            measured,
        }
    }
}

/// A [`QualityReport`] in a document.
#[derive(Serialize)]
pub(super) struct QualityDoc {
    verdict: &'static str,
    advice: Option<&'static str>,
    checks: Vec<CheckResultDoc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drift: Option<DriftDoc>,
}

/// A [`Drift`] in a document: per second where the number is a rate, in seconds elsewhere.
#[derive(Serialize)]
struct DriftDoc {
    phase: String,
    step: Step,
    number: &'static str,
    first_third: f64,
    last_third: f64,
}

/// A [`CheckResult`] in a document; its name says the unit.
#[derive(Serialize)]
struct CheckResultDoc {
    check: &'static str,
    verdict: &'static str,
    measured: f64,
    limit: f64,
}

impl QualityDoc {
    pub(super) fn of(quality: &QualityReport) -> Self {
        Self {
            verdict: quality.severity().label(),
            advice: quality.bottleneck().map(Bottleneck::advice),
            checks: quality.checks.iter().map(CheckResultDoc::of).collect(),
            drift: quality.drift.as_ref().map(DriftDoc::of),
        }
    }
}

impl DriftDoc {
    fn of(drift: &Drift) -> Self {
        Self {
            phase: drift.phase.clone(),
            step: drift.step,
            number: drift.metric.label(),
            first_third: drift.first,
            last_third: drift.last,
        }
    }
}

impl CheckResultDoc {
    fn of(check: &CheckResult) -> Self {
        let name = match check.check {
            Check::StartDelayP99 => "start_delay_p99_seconds",
            Check::StartDelayMax => "start_delay_max_seconds",
            Check::Achieved => "achieved_share",
            Check::Dropped => "dropped_share",
            Check::Cpu => "cpu_share",
            Check::Throttled => "throttled_share",
            Check::Lag => "event_loop_lag_p99_seconds",
            Check::Unfinished => "unfinished_share",
            Check::Contaminated => "contaminated_share",
            Check::Samples => "unsupported_thresholds",
            Check::WallClock => "wall_clock_step_seconds",
            Check::Stationarity => "stationarity_change_share",
            Check::Ports => "ports_share",
            Check::Descriptors => "descriptors_share",
        };
        Self { check: name, verdict: check.severity.label(), measured: check.measured, limit: check.limit }
    }
}

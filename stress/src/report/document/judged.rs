//! The part of a report's document that says what held and what did not.

use serde::Serialize;

use crate::{
    plan::{journey::Step, objective::Objective},
    report::{
        stationarity::Drift,
        threshold::{Judgement, Measured},
        trust::{Bottleneck, Check, Subject, Trust},
    },
};

/// A [`Judgement`] in a document.
#[derive(Serialize)]
pub(super) struct ThresholdDoc<'a> {
    threshold: &'a Objective,
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
    pub(super) fn of(judgement: &'a Judgement) -> Self {
        let measured = match judgement.measured {
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
            threshold: &judgement.objective,
            implicit: judgement.implicit,
            holds: judgement.holds(),
            measured,
        }
    }
}

/// A [`Trust`] in a document.
#[derive(Serialize)]
pub(super) struct TrustDoc {
    verdict: &'static str,
    advice: Option<&'static str>,
    checks: Vec<CheckDoc>,
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

/// A [`Check`] in a document; its name says the unit.
#[derive(Serialize)]
struct CheckDoc {
    check: &'static str,
    verdict: &'static str,
    measured: f64,
    limit: f64,
}

impl TrustDoc {
    pub(super) fn of(trust: &Trust) -> Self {
        Self {
            verdict: trust.verdict().label(),
            advice: trust.bottleneck().map(Bottleneck::advice),
            checks: trust.checks.iter().map(CheckDoc::of).collect(),
            drift: trust.drift.as_ref().map(DriftDoc::of),
        }
    }
}

impl DriftDoc {
    fn of(drift: &Drift) -> Self {
        Self {
            phase: drift.phase.clone(),
            step: drift.step,
            number: drift.number.label(),
            first_third: drift.first,
            last_third: drift.last,
        }
    }
}

impl CheckDoc {
    fn of(check: &Check) -> Self {
        let name = match check.subject {
            Subject::LatenessP99 => "lateness_p99_seconds",
            Subject::LatenessMax => "lateness_max_seconds",
            Subject::Achieved => "achieved_share",
            Subject::Dropped => "dropped_share",
            Subject::Cpu => "cpu_share",
            Subject::Lag => "event_loop_lag_p99_seconds",
            Subject::Unfinished => "unfinished_share",
            Subject::Contaminated => "contaminated_share",
            Subject::Samples => "unsupported_thresholds",
            Subject::WallClock => "wall_clock_step_seconds",
            Subject::Stationarity => "stationarity_change_share",
            Subject::Ports => "ports_share",
            Subject::Descriptors => "descriptors_share",
        };
        Self { check: name, verdict: check.grade.label(), measured: check.measured, limit: check.limit }
    }
}

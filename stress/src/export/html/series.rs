//! The steps of a report as series of charts: their colours, names and recordings.

use std::borrow::Cow;

use crate::{
    metrics::step_metrics::StepMetrics,
    plan::journey::Step,
    report::{
        Report,
        summary::{StepSummary, Summary},
    },
};

/// Which colour and dashes of the style sheet a step's series has.
pub(super) fn kind(step: Step, repeats: bool) -> usize {
    match step {
        Step::Upload => {
            if repeats {
                3
            } else {
                0
            }
        }
        Step::Read { ordinal: 1 } => {
            if repeats {
                4
            } else {
                1
            }
        }
        Step::Read { ordinal: 2 } => {
            if repeats {
                5
            } else {
                2
            }
        }
        Step::Read { .. } => 6,
        Step::ControlUpload => 7,
        Step::Control => 8,
    }
}

/// The recording that a step's numbers come from.
pub(super) fn metrics<'a>(report: &'a Report, step: &StepSummary) -> Option<Cow<'a, StepMetrics>> {
    Some(report.recording.steps.get(&step.key)?.total())
}

/// The names of the phases that have steps, in their order.
pub(super) fn phases(summary: &Summary) -> Vec<&str> {
    let mut phases: Vec<&str> = summary.steps.iter().map(|step| step.phase.as_str()).collect();
    phases.dedup();
    phases
}

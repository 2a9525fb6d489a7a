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

/// The series of the offered rate, which is of no step.
pub(super) const OFFERED: usize = 12;

/// Which colour and dashes of the style sheet a step's series has: a pair for each step, new blobs and repeats.
pub(super) fn kind(step: Step, repeats: bool) -> usize {
    let pair = match step {
        // They have no repeats.
        Step::After => return OFFERED + 1,
        Step::Again => return OFFERED + 2,
        Step::Upload => 0,
        Step::Read { ordinal: 1 } => 1,
        Step::Read { ordinal: 2 } => 2,
        Step::Read { .. } => 3,
        Step::ControlUpload => 4,
        Step::Control => 5,
    };
    2 * pair + usize::from(repeats)
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

//! One line for each upload and download, as it happens.

use super::style::{Colours, Style, clean};
use crate::{
    plan::{Plan, journey::Step, target::Target},
    sample::{Failure, Outcome, Sample, StoredKind},
    units,
};

/// Columns of the widest action, `cached download`.
const ACTION: usize = 15;

/// The line for `sample`, without a line break; `None` for a step that was skipped or is being retried.
///
/// It fits 80 columns unless something failed: then it is as long as the reason.
pub fn line(sample: &Sample, plan: &Plan, colours: Colours) -> Option<String> {
    let number = format!("{:>1$}", sample.index + 1, number_width(plan));
    let size = colours.paint(Style::Attention, &format!("{:>8}", units::bytes(sample.size)));
    let time = units::duration(sample.exchange.timing.response());
    let success = |style: Style, action: &str, rest: &str| {
        let action = colours.paint(style, &format!("{action:<ACTION$}"));
        let time = colours.paint(style, &format!("{time:>7}"));
        Some(format!("{number} {action} {size} {time} {rest}").trim_end().to_owned())
    };
    let failure = |what: &str| {
        let text = format!("{} {what}", noun(sample.step));
        Some(format!("{number} {}{}", colours.paint(Style::Bad, &text), several_targets(sample, plan)))
    };
    match &sample.outcome {
        Outcome::Stored(stored) if stored.kind == StoredKind::Existing => {
            success(Style::Attention, "already exists", &clean(&stored.blob_id))
        }
        Outcome::Stored(stored) if sample.step.is_of_control() => {
            success(Style::Good, &noun(sample.step), &clean(&stored.blob_id))
        }
        Outcome::Stored(stored) => success(Style::Good, "uploaded", &clean(&stored.blob_id)),
        Outcome::Read => {
            let waited = sample.delay.map(|delay| format!("found after {}", units::duration(delay)));
            // The line of the upload shows the ID already, if there was one.
            let id = sample.blob_id.as_deref().filter(|_| !uploads(sample, plan)).map(clean);
            success(style(sample.step), &noun(sample.step), &waited.or(id).unwrap_or_default())
        }
        Outcome::NotFound(_) => {
            let delay = sample.delay.map(units::duration).unwrap_or_default();
            success(Style::Attention, &noun(sample.step), &format!("not found after {delay}"))
        }
        Outcome::Failed(why) => failure(&format!("failed after {time}: {}", reason(why))),
        Outcome::Unfinished => failure(&format!("unfinished after {time}")),
        // A step that is retried has its line when it ends.
        Outcome::Skipped | Outcome::Retried(_) => None,
    }
}

/// What a step is called in a sentence.
pub(super) fn noun(step: Step) -> String {
    match step {
        Step::Upload => "upload".to_owned(),
        Step::Read { ordinal: 1 } => "first download".to_owned(),
        Step::Read { ordinal: 2 } => "cached download".to_owned(),
        Step::Read { ordinal } => format!("download {ordinal}"),
        Step::ControlUpload => "control upload".to_owned(),
        Step::Control => "control read".to_owned(),
        Step::After => "read after".to_owned(),
        Step::Again => "read again".to_owned(),
    }
}

/// The colour of a step's success: the users' own, which other screens do not use.
fn style(step: Step) -> Style {
    match step {
        Step::Upload | Step::ControlUpload => Style::Good,
        Step::Read { ordinal: 1 } | Step::Control => Style::First,
        Step::Read { .. } | Step::After | Step::Again => Style::Good,
    }
}

/// A failure on one line that is safe to show.
pub(super) fn reason(failure: &Failure) -> String {
    clean(&failure.to_string())
}

fn uploads(sample: &Sample, plan: &Plan) -> bool {
    plan.phases.get(plan.origin(sample.phase)).is_some_and(|phase| phase.journey.uploads())
}

/// Which target it was, where there is a choice.
fn several_targets(sample: &Sample, plan: &Plan) -> String {
    let targets: &[Target] = if sample.step.stores() { &plan.publishers } else { &plan.aggregators };
    match targets.get(sample.target) {
        Some(target) if targets.len() > 1 => format!(" ({target})"),
        _ => String::new(),
    }
}

/// Columns of the largest blob number, at least two.
fn number_width(plan: &Plan) -> usize {
    let blobs: Option<u64> = plan.sources().map(|phase| phase.stop.blobs).sum();
    blobs.map_or(4, |blobs| blobs.to_string().len().max(2))
}

#[cfg(test)]
mod tests;

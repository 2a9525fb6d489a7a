//! One line for each thing that happened, as it happens.

use super::{
    palette::{Palette, Style, clean},
    units,
};
use crate::{
    plan::{Plan, journey::Step, target::Target},
    sample::{Failure, Outcome, Sample, StoredKind},
};

/// Columns of the widest action, `cached download`.
const ACTION: usize = 15;

/// The line that tells of `sample`, without a line break; `None` when nothing happened.
///
/// It fits 80 columns unless something failed: then it is as long as the reason.
pub fn line(sample: &Sample, plan: &Plan, palette: Palette) -> Option<String> {
    let number = format!("{:>1$}", sample.index + 1, number_width(plan));
    let size = palette.paint(Style::Size, &format!("{:>8}", units::bytes(sample.size)));
    let time = units::duration(sample.exchange.timing.response());
    let told = |ink: Style, action: &str, rest: &str| {
        let action = palette.paint(ink, &format!("{action:<ACTION$}"));
        let time = palette.paint(ink, &format!("{time:>7}"));
        Some(format!("{number} {action} {size} {time} {rest}").trim_end().to_owned())
    };
    let wrong = |what: &str| {
        let text = format!("{} {what}", noun(sample.step));
        Some(format!("{number} {}{}", palette.paint(Style::Error, &text), several_targets(sample, plan)))
    };
    match &sample.outcome {
        Outcome::Stored(stored) if stored.kind == StoredKind::Existing => {
            told(Style::Existing, "already exists", &clean(&stored.blob_id))
        }
        Outcome::Stored(stored) if sample.step.is_of_control() => {
            told(Style::Good, &noun(sample.step), &clean(&stored.blob_id))
        }
        Outcome::Stored(stored) => told(Style::Good, "uploaded", &clean(&stored.blob_id)),
        Outcome::Read => {
            // Where nothing is uploaded, no earlier line has told the ID.
            let id = sample.blob_id.as_deref().filter(|_| !uploads(sample, plan)).map(clean);
            told(ink(sample.step), &noun(sample.step), &id.unwrap_or_default())
        }
        Outcome::Failed(failure) => wrong(&format!("failed after {time}: {}", reason(failure))),
        Outcome::Unfinished => wrong(&format!("unfinished after {time}")),
        // What is tried again has its line when it has come to its end.
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
    }
}

/// The colour of what a step did well.
pub(super) fn ink(step: Step) -> Style {
    match step {
        Step::Upload | Step::ControlUpload => Style::Good,
        Step::Read { ordinal: 1 } | Step::Control => Style::First,
        Step::Read { .. } => Style::Cached,
    }
}

/// A failure in words that are safe to show.
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

/// Columns of the largest blob number; two at least, so that short runs look alike.
fn number_width(plan: &Plan) -> usize {
    let blobs: Option<u64> = plan.sources().map(|phase| phase.stop.blobs).sum();
    blobs.map_or(4, |blobs| blobs.to_string().len().max(2))
}

#[cfg(test)]
mod tests;

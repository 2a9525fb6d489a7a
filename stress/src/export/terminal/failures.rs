//! What failed: by step and class, with the first examples in the servers' own words.

use super::WIDTH;
use crate::{
    export::{
        palette::{Ink, Palette, wrap},
        units, words,
    },
    report::summary::{FailureExample, FailureSummary, StepSummary, Summary},
};

/// Blanks before an example.
const INDENT: usize = 4;

pub(super) fn lines(summary: &Summary, palette: Palette) -> Vec<String> {
    let failed =
        summary.steps.iter().flat_map(|step| step.failures.iter().map(move |failure| (step, failure)));
    failed.flat_map(|(step, failure)| class(step, failure, palette)).collect()
}

fn class(step: &StepSummary, failure: &FailureSummary, palette: Palette) -> Vec<String> {
    let (text, when) = (words::failed(step, failure), words::when(failure));
    let mut lines =
        vec![format!("{}  {}", palette.paint(Ink::Error, &text), palette.paint(Ink::Faint, &when))];
    lines.extend(failure.examples.iter().flat_map(|failure| example(failure, palette)));
    lines
}

fn example(example: &FailureExample, palette: Palette) -> Vec<String> {
    let at = units::duration(example.at);
    let text =
        format!("blob {} at {at}: {}", units::count(example.blob_number), words::details(&example.failure));
    wrap(&text, WIDTH - INDENT - 2)
        .into_iter()
        .enumerate()
        // Continued lines stand further in, so that each example's start is seen.
        .map(|(line, text)| {
            format!(
                "{}{}",
                " ".repeat(INDENT + if line > 0 { 2 } else { 0 }),
                palette.paint(Ink::Error, &text)
            )
        })
        .collect()
}

//! What failed: by step and class, with the first examples in the servers' own words.

use super::WIDTH;
use crate::{
    export::{
        palette::{Palette, Style, wrap},
        units, words,
    },
    report::summary::{FailureExample, FailureSummary, Summary},
};

/// Blanks before an example.
const INDENT: usize = 4;

pub(super) fn lines(summary: &Summary, palette: Palette) -> Vec<String> {
    let failed = summary.steps.iter().flat_map(|step| {
        step.failures
            .iter()
            .flat_map(|failure| class(&words::failed(step, failure), failure, Style::Error, palette))
    });
    let retried = summary.steps.iter().flat_map(|step| {
        step.retried
            .iter()
            .flat_map(|failure| class(&words::tried_again(step, failure), failure, Style::Existing, palette))
    });
    failed.chain(retried).collect()
}

fn class(text: &str, failure: &FailureSummary, ink: Style, palette: Palette) -> Vec<String> {
    let (when, indent) = (words::when(failure), " ".repeat(INDENT));
    let fits = text.chars().count() + 2 + when.chars().count() <= WIDTH;
    let (text, when) = (palette.paint(ink, text), palette.paint(Style::Faint, &when));
    let mut lines =
        if fits { vec![format!("{text}  {when}")] } else { vec![text, format!("{indent}{when}")] };
    let reasons = words::reasons(failure).map(|reasons| wrap(&reasons, WIDTH - INDENT)).unwrap_or_default();
    lines.extend(reasons.iter().map(|line| format!("{indent}{}", palette.paint(ink, line))));
    lines.extend(failure.examples.iter().flat_map(|failure| example(failure, ink, palette)));
    lines
}

fn example(example: &FailureExample, ink: Style, palette: Palette) -> Vec<String> {
    let at = units::duration(example.at);
    let text =
        format!("blob {} at {at}: {}", units::count(example.blob_number), words::details(&example.failure));
    wrap(&text, WIDTH - INDENT - 2)
        .into_iter()
        .enumerate()
        // Continued lines stand further in, so that each example's start is seen.
        .map(|(line, text)| {
            format!("{}{}", " ".repeat(INDENT + if line > 0 { 2 } else { 0 }), palette.paint(ink, &text))
        })
        .collect()
}

//! What failed: by step and class, with the first examples in the servers' own words.

use super::WIDTH;
use crate::{
    export::{
        events,
        palette::{Ink, Palette, clean, wrap},
        units,
    },
    report::summary::{FailureExample, FailureSummary, StepSummary, Summary},
    sample::Failure,
};

/// Blanks before an example.
const INDENT: usize = 4;

pub(super) fn lines(summary: &Summary, palette: Palette) -> Vec<String> {
    let failed = summary.steps.iter().flat_map(|step| {
        step.failures.iter().flat_map(|failure| {
            let text = format!("{} failed: {}", counted(step, failure, ""), failure.class);
            class(&text, failure, Ink::Error, palette)
        })
    });
    let retried = summary.steps.iter().flat_map(|step| {
        step.retried.iter().flat_map(|failure| {
            let attempts = counted(step, failure, " attempt");
            class(
                &format!("{attempts} failed, tried again: {}", failure.class),
                failure,
                Ink::Existing,
                palette,
            )
        })
    });
    failed.chain(retried).collect()
}

/// How many of what.
fn counted(step: &StepSummary, failure: &FailureSummary, attempt: &str) -> String {
    let what = units::counted(failure.count, &format!("{}{attempt}", events::noun(step.step)));
    if step.repeats { format!("{what} of repeats") } else { what }
}

fn class(text: &str, failure: &FailureSummary, ink: Ink, palette: Palette) -> Vec<String> {
    let when = match failure.count {
        1 => format!("at {}", units::duration(failure.last)),
        _ => {
            format!("first at {}, last at {}", units::duration(failure.first), units::duration(failure.last))
        }
    };
    let mut lines = vec![format!("{}  {}", palette.paint(ink, text), palette.paint(Ink::Faint, &when))];
    lines.extend(failure.examples.iter().flat_map(|failure| example(failure, ink, palette)));
    lines
}

fn example(example: &FailureExample, ink: Ink, palette: Palette) -> Vec<String> {
    let at = units::duration(example.at);
    let text = format!("blob {} at {at}: {}", units::count(example.blob_number), words(&example.failure));
    wrap(&text, WIDTH - INDENT - 2)
        .into_iter()
        .enumerate()
        // Continued lines stand further in, so that each example's start is seen.
        .map(|(line, text)| {
            format!("{}{}", " ".repeat(INDENT + if line > 0 { 2 } else { 0 }), palette.paint(ink, &text))
        })
        .collect()
}

/// What a failure's class does not say already.
fn words(failure: &Failure) -> String {
    let status = failure.status.map(|status| status.to_string());
    let code = [status, failure.reason.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let message = clean(&failure.message);
    if code.is_empty() { message } else { format!("{}: {message}", clean(&code)) }
}

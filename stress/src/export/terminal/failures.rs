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
    let failed =
        summary.steps.iter().flat_map(|step| step.failures.iter().map(move |failure| (step, failure)));
    failed.flat_map(|(step, failure)| class(step, failure, palette)).collect()
}

fn class(step: &StepSummary, failure: &FailureSummary, palette: Palette) -> Vec<String> {
    let what = units::counted(failure.count, &events::noun(step.step));
    let repeats = if step.repeats { " of repeats" } else { "" };
    let text = format!("{what}{repeats} failed: {}", failure.class);
    let when = match failure.count {
        1 => format!("at {}", units::duration(failure.last)),
        _ => {
            format!("first at {}, last at {}", units::duration(failure.first), units::duration(failure.last))
        }
    };
    let mut lines =
        vec![format!("{}  {}", palette.paint(Ink::Error, &text), palette.paint(Ink::Faint, &when))];
    if failure.reasons.len() > 1 {
        let reasons = failure.reasons.iter();
        let reasons: Vec<_> = reasons
            .map(|(reason, tally)| format!("{} {}", units::count(tally.count), clean(reason)))
            .collect();
        let text = wrap(&reasons.join(", "), WIDTH - INDENT);
        lines.extend(
            text.iter().map(|line| format!("{}{}", " ".repeat(INDENT), palette.paint(Ink::Error, line))),
        );
    }
    lines.extend(failure.examples.iter().flat_map(|failure| example(failure, palette)));
    lines
}

fn example(example: &FailureExample, palette: Palette) -> Vec<String> {
    let at = units::duration(example.at);
    let text = format!("blob {} at {at}: {}", units::count(example.blob_number), words(&example.failure));
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

/// What a failure's class does not say already.
fn words(failure: &Failure) -> String {
    let status = failure.status.map(|status| status.to_string());
    let code = [status, failure.reason.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let message = clean(&failure.message);
    if code.is_empty() { message } else { format!("{}: {message}", clean(&code)) }
}

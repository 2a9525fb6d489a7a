//! The thresholds that were asked for, each with what was measured; of the others, those that broke.

use super::{LABEL, WIDTH, steps::bounded};
use crate::{
    export::{
        palette::{Ink, Palette, wrap},
        units,
    },
    report::{
        summary::Summary,
        threshold::{Judgement, Measured, percent},
    },
};

/// Columns of the verdicts.
const VERDICT: usize = 8;

pub(super) fn lines(summary: &Summary, palette: Palette) -> Vec<String> {
    let judgements = &summary.thresholds;
    if judgements.iter().all(|judgement| judgement.implicit) {
        return Vec::new();
    }
    let shown = judgements.iter().filter(|judgement| !judgement.implicit || !judgement.holds());
    shown.enumerate().flat_map(|(position, judgement)| threshold(position == 0, judgement, palette)).collect()
}

fn threshold(first: bool, judgement: &Judgement, palette: Palette) -> Vec<String> {
    let (word, ink) = if judgement.holds() { ("ok", Ink::Good) } else { ("BROKEN", Ink::Error) };
    let text = format!("{}: {}", judgement.objective, measured(judgement.measured));
    let lines = wrap(&text, WIDTH - LABEL - VERDICT);
    lines
        .iter()
        .enumerate()
        .map(|(position, line)| {
            let label = if first && position == 0 { "thresholds" } else { "" };
            let word = if position == 0 { word } else { "" };
            let label = palette.paint(Ink::Faint, &format!("{label:<LABEL$}"));
            format!("{label}{}{line}", palette.paint(ink, &format!("{word:<VERDICT$}")))
        })
        .collect()
}

pub(in crate::export) fn measured(measured: Measured) -> String {
    match measured {
        Measured::Time(time) => bounded(time),
        Measured::Count { count, of } => {
            format!("{} of {} ({:.2}%)", units::count(count), units::count(of), percent(count, of))
        }
        Measured::PerSecond(rate) => format!("{rate:.2}/s"),
        Measured::BytesPerSecond(rate) => units::rate(rate),
        Measured::Unsupported { has, needs } => {
            format!("{} cannot say, it takes {}", units::counted(has, "sample"), units::count(needs))
        }
    }
}

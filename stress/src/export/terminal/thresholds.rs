//! The thresholds that were asked for, each with what was measured; of the others, those that broke.

use super::{LABEL, WIDTH};
use crate::{
    export::{
        palette::{Ink, Palette, wrap},
        words,
    },
    report::{summary::Summary, threshold::Judgement},
};

/// Columns of the verdicts.
const VERDICT: usize = 8;

pub(super) fn lines(summary: &Summary, palette: Palette) -> Vec<String> {
    let shown = words::thresholds(summary).into_iter().enumerate();
    shown.flat_map(|(position, judgement)| threshold(position == 0, judgement, palette)).collect()
}

fn threshold(first: bool, judgement: &Judgement, palette: Palette) -> Vec<String> {
    let (word, ink) = (words::held(judgement), if judgement.holds() { Ink::Good } else { Ink::Error });
    let text = format!("{}: {}", judgement.objective, words::measured(judgement.measured));
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

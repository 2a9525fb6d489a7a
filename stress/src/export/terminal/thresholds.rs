//! The thresholds that were asked for, each with what was measured; of the others, those that broke.

use super::{LABEL, WIDTH};
use crate::{
    export::{
        palette::{Palette, Style, wrap},
        words,
    },
    report::{summary::Summary, threshold::ThresholdResult},
};

/// Columns of the verdicts.
const VERDICT: usize = 8;

pub(super) fn lines(summary: &Summary, palette: Palette) -> Vec<String> {
    let shown = words::thresholds(summary).into_iter().enumerate();
    shown
        .flat_map(|(position, threshold_result)| threshold(position == 0, threshold_result, palette))
        .collect()
}

fn threshold(first: bool, threshold_result: &ThresholdResult, palette: Palette) -> Vec<String> {
    let (word, ink) =
        (words::held(threshold_result), if threshold_result.holds() { Style::Good } else { Style::Error });
    let text = format!("{}: {}", threshold_result.threshold, words::measured(threshold_result.measured));
    let lines = wrap(&text, WIDTH - LABEL - VERDICT);
    lines
        .iter()
        .enumerate()
        .map(|(position, line)| {
            let label = if first && position == 0 { "thresholds" } else { "" };
            let word = if position == 0 { word } else { "" };
            let label = palette.paint(Style::Faint, &format!("{label:<LABEL$}"));
            format!("{label}{}{line}", palette.paint(ink, &format!("{word:<VERDICT$}")))
        })
        .collect()
}

//! A small histogram of each step's response times, all on one logarithmic scale: what is left of what is faster.

use super::LABEL;
use crate::{
    export::{
        events,
        palette::{Palette, Style, clip},
        units,
        words::bounded,
    },
    report::summary::{StepSummary, Summary},
};

/// Columns of the shortest and of the longest time.
const TIME: usize = 8;

/// Heights of a bar, the lowest first.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

pub(super) fn lines(summary: &Summary, several_phases: bool, palette: Palette) -> Vec<String> {
    let Some((shortest, longest)) = summary.scale else { return Vec::new() };
    let (from, to) = (units::duration(shortest), units::duration(longest));
    let mut lines =
        vec![palette.paint(Style::Faint, &format!("response times from {from} to {to}, logarithmic"))];
    let mut phase = None;
    for step in summary.steps.iter().filter(|step| !step.bars.is_empty()) {
        if several_phases && phase != Some(&step.phase) {
            phase = Some(&step.phase);
            lines.push(palette.paint(Style::Faint, &clip(&step.phase, super::WIDTH)));
        }
        lines.extend(line(step, palette));
    }
    lines
}

fn line(step: &StepSummary, palette: Palette) -> Option<String> {
    let response = step.response()?;
    let (min, max) = (bounded(response.min), bounded(response.max));
    let name = if step.repeats { format!("{} again", step.step) } else { step.step.to_string() };
    let label = palette.paint(Style::Faint, &format!("{name:<LABEL$}"));
    let bars = palette.paint(events::ink(step.step), &bars(&step.bars));
    Some(format!("{label}{min:>TIME$} {bars} {max:>TIME$}"))
}

/// One character for each count: a blank for none, and the full height for the most.
fn bars(counts: &[u64]) -> String {
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let height = |count: u64| (u128::from(count) * HEIGHTS.len() as u128).div_ceil(u128::from(most));
    let bar = |count: &u64| match usize::try_from(height(*count)) {
        Ok(height @ 1..) => HEIGHTS[height - 1],
        _ => ' ',
    };
    counts.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_is_full_and_a_single_one_is_seen() {
        assert_eq!(bars(&[0, 1, 2, 4, 5, 8, 0]), " ▁▂▄▅█ ");
        assert_eq!(bars(&[1, 1_000_000, 500_000]), "▁█▄");
        assert_eq!(bars(&[u64::MAX, 1]), "█▁");
        assert_eq!(bars(&[0, 0]), "  ");
    }
}

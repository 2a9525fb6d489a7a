//! The bars: one for each step, drawn below the lines that tell of single events.

use std::{io, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{goal::Goal, speed::Speed};
use crate::{
    export::{
        palette::{Palette, Style},
        units,
    },
    metrics::snapshot::{Snapshot, StepSnapshot},
    plan::{journey::Step, percentile::Percentile},
};

/// The length of a bar in its own units; the share that is done is rounded to these.
const FULL: u64 = 1_000;

/// Bars for the steps of a run.
#[derive(Debug)]
pub struct Progress {
    multi: MultiProgress,
    goal: Goal,
    palette: Palette,
    bars: Vec<(Step, ProgressBar)>,
    footer: ProgressBar,
    speed: Speed,
}

impl Progress {
    /// Draws empty bars on `multi`.
    pub fn new(multi: MultiProgress, goal: Goal, palette: Palette) -> Self {
        let bars = goal.steps.iter().map(|&step| {
            let bar = multi.add(ProgressBar::new(FULL));
            bar.set_style(bar_style(step, palette));
            bar.set_prefix(step.to_string());
            (step, bar)
        });
        let bars = bars.collect();
        let footer = multi.add(ProgressBar::new_spinner());
        footer.set_style(style("{wide_msg}"));
        let mut progress = Self { multi, goal, palette, bars, footer, speed: Speed::default() };
        progress.update(&Snapshot::default());
        progress
    }

    /// Shows `snapshot`.
    pub fn update(&mut self, snapshot: &Snapshot) {
        self.speed.update(snapshot);
        let nothing = StepSnapshot::default();
        for (step, bar) in &self.bars {
            let totals = snapshot.steps.get(step).unwrap_or(&nothing);
            bar.set_message(numbers(totals, self.goal.blobs, self.speed.of(*step), self.palette));
            bar.set_position(units_done(self.goal.share(*step, snapshot)));
        }
        self.footer.set_message(self.palette.paint(Style::Faint, &footer(snapshot, &self.goal)));
    }

    /// Whether the terminal cannot show bars: it would show nothing of what is told above them either.
    pub fn is_hidden(&self) -> bool {
        self.multi.is_hidden()
    }

    /// Puts a line above the bars.
    ///
    /// # Errors
    /// Those of the terminal.
    pub fn println(&self, line: &str) -> io::Result<()> {
        self.multi.println(line)
    }

    /// Takes the bars away: the summary says it all again.
    ///
    /// # Errors
    /// Those of the terminal.
    pub fn finish(&self) -> io::Result<()> {
        for (_, bar) in &self.bars {
            bar.finish_and_clear();
        }
        self.footer.finish_and_clear();
        self.multi.clear()
    }
}

fn units_done(share: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share lies between 0 and 1"
    )]
    let done = (share.clamp(0.0, 1.0) * FULL as f64) as u64;
    done
}

fn bar_style(step: Step, palette: Palette) -> ProgressStyle {
    let colour = match (palette, step) {
        (Palette::Plain, _) => "",
        (Palette::Coloured, Step::Read { ordinal: 1 }) => ":.magenta/dim",
        (Palette::Coloured, _) => ":.green/dim",
    };
    style(&format!("{{prefix:6}} {{wide_bar{colour}}} {{msg}}")).progress_chars("━╸─")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates of this file are well-formed")
}

/// The numbers beside a bar, at most 64 columns: `34/100 3.20 MiB 1.02 MiB/s p50 1.23 s max 4.56 s 2 failed`.
fn numbers(totals: &StepSnapshot, blobs: Option<u64>, bytes_per_second: f64, palette: Palette) -> String {
    let of = blobs.map(|blobs| format!("/{}", units::short_count(blobs))).unwrap_or_default();
    let failed = format!("{} failed", units::short_count(totals.failed));
    let width = blobs.map_or(6, |blobs| 2 * units::short_count(blobs).len() + 1);
    format!(
        "{:>width$} {:>8} {:>10} {} {} {}",
        format!("{}{of}", units::short_count(totals.done)),
        units::bytes(totals.bytes),
        units::rate(bytes_per_second),
        time("p50", totals.response.quantile(0.5)),
        slowest(totals),
        palette.paint(if totals.failed > 0 { Style::Error } else { Style::Faint }, &failed),
    )
}

/// p99, or the maximum as long as there are too few for a p99.
fn slowest(totals: &StepSnapshot) -> String {
    if Percentile::P99.is_supported_by(totals.response.count()) {
        time("p99", totals.response.quantile(0.99))
    } else {
        time("max", totals.response.max())
    }
}

fn time(name: &str, duration: Option<Duration>) -> String {
    format!("{name} {:>7}", duration.map_or_else(|| "–".to_owned(), units::duration))
}

fn footer(snapshot: &Snapshot, goal: &Goal) -> String {
    let left = match goal.left(snapshot) {
        Some(Duration::ZERO) => "finishing what is under way".to_owned(),
        Some(left) => format!("about {} left", units::duration(left)),
        None if snapshot.steps.is_empty() => "waiting for the first result".to_owned(),
        None => "until each blob is read".to_owned(),
    };
    format!("{} gone, {left}; Ctrl-C stops and reports", units::duration(snapshot.elapsed))
}

#[cfg(test)]
mod tests;

//! Progress of a run: a bar for each step below the event lines, or a plain line where there is no terminal.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::goal::Goal;
use crate::{
    export::style::{Colours, Style},
    metrics::snapshot::{Snapshot, StepSnapshot},
    plan::{journey::Step, percentile::Percentile},
    units,
};

/// The length of a bar in its own units; the share that is done is rounded to these.
const FULL: u64 = 1_000;

/// Over how much time the speed of a step is averaged, so that a stall is seen while it lasts.
const SPEED_WINDOW: Duration = Duration::from_secs(5);

/// Bars for the steps of a run.
#[derive(Debug)]
pub struct Progress {
    multi: MultiProgress,
    goal: Goal,
    colours: Colours,
    bars: Vec<(Step, ProgressBar)>,
    footer: ProgressBar,
    speed: Speed,
}

impl Progress {
    /// Draws empty bars on `multi`.
    pub fn new(multi: MultiProgress, goal: Goal, colours: Colours) -> Self {
        let bars = goal.steps.iter().map(|&step| {
            let bar = multi.add(ProgressBar::new(FULL));
            bar.set_style(bar_style(step, colours));
            bar.set_prefix(step.to_string());
            (step, bar)
        });
        let bars = bars.collect();
        let footer = multi.add(ProgressBar::new_spinner());
        footer.set_style(style("{wide_msg}"));
        let mut progress = Self { multi, goal, colours, bars, footer, speed: Speed::default() };
        progress.update(&Snapshot::default());
        progress
    }

    /// Shows `snapshot`.
    pub fn update(&mut self, snapshot: &Snapshot) {
        self.speed.update(snapshot);
        let nothing = StepSnapshot::default();
        for (step, bar) in &self.bars {
            let totals = snapshot.steps.get(step).unwrap_or(&nothing);
            bar.set_message(numbers(totals, self.goal.blobs, self.speed.of(*step), self.colours));
            bar.set_position(bar_length(self.goal.share(*step, snapshot)));
        }
        self.footer.set_message(self.colours.paint(Style::Faint, &footer(snapshot, &self.goal)));
    }

    /// Whether the terminal cannot show bars; lines above them would not be shown either.
    pub fn is_hidden(&self) -> bool {
        self.multi.is_hidden()
    }

    /// Prints a line above the bars.
    ///
    /// # Errors
    /// Those of the terminal.
    pub fn println(&self, line: &str) -> io::Result<()> {
        self.multi.println(line)
    }

    /// Removes the bars, before the summary is printed.
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

/// `snapshot` in one line without bars and without a line break.
pub fn line(snapshot: &Snapshot, goal: &Goal) -> String {
    let nothing = StepSnapshot::default();
    let step = |step: &Step| {
        let totals = snapshot.steps.get(step).unwrap_or(&nothing);
        let of = goal.blobs.map(|blobs| format!("/{}", units::short_count(blobs))).unwrap_or_default();
        let median = totals.response.quantile(0.5).map(|p50| format!(" p50 {}", units::duration(p50)));
        let failed = (totals.failed > 0).then(|| format!(" {} failed", units::short_count(totals.failed)));
        let done = units::short_count(totals.done);
        format!("{step} {done}{of}{}{}", median.unwrap_or_default(), failed.unwrap_or_default())
    };
    let steps: Vec<_> = goal.steps.iter().map(step).collect();
    format!("{:>7}: {}", units::duration(snapshot.elapsed), steps.join(", "))
}

fn bar_length(share: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share lies between 0 and 1"
    )]
    let length = (share.clamp(0.0, 1.0) * FULL as f64) as u64;
    length
}

fn bar_style(step: Step, colours: Colours) -> ProgressStyle {
    let colour = match (colours, step) {
        (Colours::Off, _) => "",
        (Colours::On, Step::Read { ordinal: 1 }) => ":.magenta/dim",
        (Colours::On, _) => ":.green/dim",
    };
    style(&format!("{{prefix:6}} {{wide_bar{colour}}} {{msg}}")).progress_chars("━╸─")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates of this file are well-formed")
}

/// The numbers beside a bar, at most 64 columns: `34/100 3.20 MiB 1.02 MiB/s p50 1.23 s max 4.56 s 2 failed`.
fn numbers(totals: &StepSnapshot, blobs: Option<u64>, bytes_per_second: f64, colours: Colours) -> String {
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
        colours.paint(if totals.failed > 0 { Style::Bad } else { Style::Faint }, &failed),
    )
}

/// p99, or the maximum while the sample is too small for a p99.
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
        Some(Duration::ZERO) => "waiting for what is under way".to_owned(),
        Some(left) => format!("about {} left", units::duration(left)),
        None if snapshot.steps.is_empty() => "waiting for the first result".to_owned(),
        None => "until each blob is read".to_owned(),
    };
    format!("{} elapsed, {left}; Ctrl-C stops and reports", units::duration(snapshot.elapsed))
}

/// The bytes of each step at recent instants.
#[derive(Debug, Default)]
struct Speed {
    recent: VecDeque<(Duration, BTreeMap<Step, u64>)>,
}

impl Speed {
    fn update(&mut self, snapshot: &Snapshot) {
        let bytes = snapshot.steps.iter().map(|(step, totals)| (*step, totals.bytes)).collect();
        self.recent.push_back((snapshot.elapsed, bytes));
        // The newest one before the window stays: the window begins there.
        while self.recent.get(1).is_some_and(|(at, _)| *at + SPEED_WINDOW <= snapshot.elapsed) {
            self.recent.pop_front();
        }
    }

    /// Bytes per second of `step`.
    fn of(&self, step: Step) -> f64 {
        let Some((newest, bytes)) = self.recent.back() else { return 0.0 };
        let at = |bytes: &BTreeMap<Step, u64>| bytes.get(&step).copied().unwrap_or(0);
        let origin = (Duration::ZERO, BTreeMap::new());
        // Until the window is full, it begins with the run.
        let (oldest, before) = self.recent.front().filter(|_| *newest > SPEED_WINDOW).unwrap_or(&origin);
        let seconds = newest.saturating_sub(*oldest).as_secs_f64();
        if seconds > 0.0 { at(bytes).saturating_sub(at(before)) as f64 / seconds } else { 0.0 }
    }
}

#[cfg(test)]
mod tests;

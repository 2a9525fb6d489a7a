//! Progress of a run: a bar for each step below the event lines, or a plain line where there is no terminal.

use std::{
    io,
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{
    goal::Goal,
    recent::{Recent, RecentStep},
};
use crate::{
    export::{
        charset::Charset,
        style::{Colours, Style, clip},
    },
    metrics::snapshot::{Snapshot, StepSnapshot},
    plan::{journey::Step, percentile::Percentile},
    units,
};

/// The length of a bar in its own units; the share that is done is rounded to these.
const FULL: u64 = 1_000;

/// The columns of a bar: what the numbers leave.
const BAR: std::ops::RangeInclusive<usize> = 3..=120;

/// How text may look on the terminal of the bars.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Whether it has colours.
    pub colours: Colours,
    /// Its characters.
    pub charset: Charset,
}

/// Bars for the steps of a run.
#[derive(Debug)]
pub struct Progress {
    multi: MultiProgress,
    goal: Goal,
    title: String,
    look: Look,
    bars: Vec<(Step, ProgressBar)>,
    footer: ProgressBar,
    recent: Recent,
    /// Columns of a bar, as its style has them.
    bar: usize,
    /// When requests are cancelled, after a signal.
    cancelled_at: Option<Instant>,
}

impl Progress {
    /// Draws empty bars on `multi`, a terminal of `width` columns; the footer begins with `title`, unless that is empty.
    pub fn new(multi: MultiProgress, goal: Goal, title: &str, look: Look, width: usize) -> Self {
        let bar = |&step: &Step| {
            let bar = multi.add(ProgressBar::new(FULL));
            bar.set_prefix(step.to_string());
            (step, bar)
        };
        let bars = goal.steps.iter().map(bar).collect();
        let footer = multi.add(ProgressBar::new_spinner());
        footer.set_style(style("{msg}"));
        let title = if title.is_empty() { String::new() } else { format!("{title}, ") };
        let recent = Recent::default();
        let mut progress =
            Self { multi, goal, title, look, bars, footer, recent, bar: 0, cancelled_at: None };
        progress.update(&Snapshot::default(), width);
        progress
    }

    /// Shows `snapshot` on `width` columns.
    pub fn update(&mut self, snapshot: &Snapshot, width: usize) {
        self.recent.update(snapshot);
        let nothing = StepSnapshot::default();
        let line = |step: Step, colours: Colours| {
            let totals = snapshot.steps.get(&step).unwrap_or(&nothing);
            self.look
                .charset
                .text(&numbers(totals, self.goal.blobs, &self.recent.of(step), width, colours))
                .into_owned()
        };
        let prefix = self.goal.steps.iter().map(|step| step.to_string().len()).max().unwrap_or(0);
        let longest = self.goal.steps.iter().map(|&step| line(step, Colours::Off).chars().count()).max();
        let bar = width.saturating_sub(prefix + 2 + longest.unwrap_or(0)).clamp(*BAR.start(), *BAR.end());
        for (step, one) in &self.bars {
            if bar != self.bar {
                one.set_style(bar_style(prefix, bar, self.look.charset));
            }
            one.set_message(line(*step, self.look.colours));
            one.set_position(bar_length(self.goal.share(*step, snapshot)));
        }
        self.bar = bar;
        let footer = format!("{}{}", self.title, footer(snapshot, &self.goal, self.cancelled_at));
        self.footer.set_message(
            self.look.colours.paint(Style::Faint, &clip(&self.look.charset.text(&footer), width)),
        );
    }

    /// After a signal: shows until when requests may still end.
    pub fn stopping(&mut self, cancelled_at: Instant) {
        self.cancelled_at = Some(cancelled_at);
        // At once: the next snapshot may be late.
        let footer = footer(&Snapshot::default(), &self.goal, self.cancelled_at);
        self.footer.set_message(self.look.colours.paint(Style::Faint, &footer));
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
        self.multi.println(self.look.charset.text(line))
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

/// The progress of a run in plain lines.
#[derive(Debug)]
pub struct ProgressLines {
    goal: Goal,
    title: String,
    recent: Recent,
}

impl ProgressLines {
    /// Lines that begin with `title`, unless that is empty.
    pub fn new(goal: Goal, title: &str) -> Self {
        let title = if title.is_empty() { String::new() } else { format!("{title}: ") };
        Self { goal, title, recent: Recent::default() }
    }

    /// Takes a snapshot, of which the next line is made.
    pub fn update(&mut self, snapshot: &Snapshot) {
        self.recent.update(snapshot);
    }

    /// `snapshot` in one line without a line break.
    pub fn line(&self, snapshot: &Snapshot) -> String {
        let nothing = StepSnapshot::default();
        let step = |&step: &Step| {
            let totals = snapshot.steps.get(&step).unwrap_or(&nothing);
            let recent = self.recent.of(step);
            let median = totals.response.quantile(0.5).map(|p50| format!(" p50 {}", units::duration(p50)));
            let slow = recent.slow.map(|(name, time)| {
                format!(", now {} {name} {}", units::per_second(recent.per_second), units::duration(time))
            });
            let failed =
                (totals.failed > 0).then(|| format!(", {} failed", units::short_count(totals.failed)));
            let parts = [median, slow, failed].into_iter().flatten().collect::<String>();
            format!("{step} {}{parts}", counted(totals, self.goal.blobs))
        };
        let steps: Vec<_> = self.goal.steps.iter().map(step).collect();
        format!("{}{:>7}: {}", self.title, units::duration(snapshot.elapsed), steps.join("; "))
    }
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

fn bar_style(prefix: usize, bar: usize, charset: Charset) -> ProgressStyle {
    let style = style(&format!("{{prefix:{prefix}}} {{bar:{bar}}} {{msg}}"));
    style.progress_chars(if charset == Charset::Unicode { "━╸─" } else { "=>-" })
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates of this file are well-formed")
}

/// `34/100`, or `34` when the number of blobs is not known.
fn counted(totals: &StepSnapshot, blobs: Option<u64>) -> String {
    let of = blobs.map(|blobs| format!("/{}", units::short_count(blobs))).unwrap_or_default();
    format!("{}{of}", units::short_count(totals.done))
}

/// The numbers beside a bar, as many as a terminal of `width` columns has space for: those of the whole run, behind `now`
/// those of the last seconds, and the failures.
fn numbers(
    totals: &StepSnapshot,
    blobs: Option<u64>,
    recent: &RecentStep,
    width: usize,
    colours: Colours,
) -> String {
    let count = blobs.map_or(6, |blobs| 2 * units::short_count(blobs).len() + 1);
    let failed = format!("{} failed", units::short_count(totals.failed));
    let failed = colours.paint(if totals.failed > 0 { Style::Bad } else { Style::Faint }, &failed);
    let (slow, slowest) = recent.slow.map_or(("p95", None), |(name, time)| (name, Some(time)));
    let columns = [
        (0, format!("{:>count$}", counted(totals, blobs))),
        (110, format!("{:>8}", units::bytes(totals.bytes))),
        (80, time("p50", totals.response.quantile(0.5))),
        (130, slowest_of_all(totals)),
        (80, "now".to_owned()),
        (0, format!("{:>8}", units::per_second(recent.per_second))),
        (120, format!("{:>11}", units::rate(recent.bytes_per_second))),
        (0, time(slow, slowest)),
        (0, failed),
    ];
    let fits = columns.into_iter().filter(|(least, _)| *least <= width);
    fits.map(|(_, text)| text).collect::<Vec<_>>().join(" ")
}

/// p99, or the maximum while the sample is too small for a p99.
fn slowest_of_all(totals: &StepSnapshot) -> String {
    if Percentile::P99.is_supported_by(totals.response.count()) {
        time("p99", totals.response.quantile(0.99))
    } else {
        time("max", totals.response.max())
    }
}

fn time(name: &str, duration: Option<Duration>) -> String {
    format!("{name} {:>7}", duration.map_or_else(|| "–".to_owned(), units::duration))
}

fn footer(snapshot: &Snapshot, goal: &Goal, cancelled_at: Option<Instant>) -> String {
    let elapsed = units::duration(snapshot.elapsed);
    if let Some(at) = cancelled_at {
        let left = at.saturating_duration_since(Instant::now()).as_secs();
        return format!("stopping: {left} s for requests in progress; Ctrl-C ends now");
    }
    let left = match goal.left(snapshot) {
        Some(Duration::ZERO) => "waiting for requests in progress".to_owned(),
        Some(left) => format!("about {} left", units::duration(left)),
        None if snapshot.steps.is_empty() => "waiting for the first result".to_owned(),
        None => "until each blob is read".to_owned(),
    };
    format!("{elapsed} elapsed, {left}; Ctrl-C stops and reports")
}

#[cfg(test)]
mod tests;

//! What is shown during a run: event lines, and progress as bars or as a plain line every few seconds.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use anstream::{AutoStream, ColorChoice};
use rustix::termios::tcgetwinsize;

use super::{
    options::RunOptions,
    print,
    values::{Parsed, When},
};
use crate::{
    export::{
        charset::Charset,
        events,
        style::{Colours, escape, wrap},
    },
    live::{
        goal::Goal,
        progress::{Look, Progress, ProgressLines},
    },
    metrics::snapshot::Snapshot,
    plan::Plan,
    sample::Sample,
};

/// Up to this many blobs a run is small: each blob has its event lines and its line in the summary.
const SMALL_RUN: u64 = 50;
/// Time between progress lines where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// What is shown, and in which colours.
pub(super) struct Screen {
    stdout: Colours,
    stderr: Colours,
    events: bool,
    shows_progress: bool,
    progress: ProgressView,
    verbosity: Verbosity,
}

/// How many messages are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

/// How the progress of a run is shown.
enum ProgressView {
    Bars(Progress),
    Lines { lines: ProgressLines, last: Instant },
    Closed,
}

impl Screen {
    /// What the options and the terminal ask for.
    pub(super) fn new(options: &RunOptions, plan: &Plan) -> Self {
        let verbosity = match (options.quiet, options.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        };
        let when = |option: &Option<Parsed<When>>| option.as_deref().copied().unwrap_or_default();
        let (color, auto) = (options.color.as_deref(), verbosity > Verbosity::Quiet);
        Self {
            stdout: colours(color, &std::io::stdout()),
            stderr: colours(color, &std::io::stderr()),
            events: when(&options.events).or(auto && is_small(plan)),
            shows_progress: when(&options.progress).or(auto),
            progress: ProgressView::Closed,
            verbosity,
        }
    }

    /// Starts to show the progress of a run, if it is to be shown; `title` names one of several.
    pub(super) fn open(&mut self, plan: &Plan, title: &str) {
        if self.shows_progress {
            self.progress = ProgressView::open(plan, title, self.stderr);
        }
    }

    /// Whether progress is shown.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self.progress, ProgressView::Closed)
    }

    /// Whether samples are shown as event lines.
    pub(super) fn wants_samples(&self) -> bool {
        self.events
    }

    /// Shows the event line of a sample.
    pub(super) fn event(&self, sample: &Sample, plan: &Plan) {
        if self.events
            && let Some(line) = events::line(sample, plan, self.stderr)
        {
            self.line(&line);
        }
    }

    /// Shows the progress of the run.
    pub(super) fn update(&mut self, snapshot: &Snapshot) {
        match &mut self.progress {
            ProgressView::Bars(progress) => progress.update(snapshot, terminal_width()),
            ProgressView::Lines { lines, last } => {
                lines.update(snapshot);
                if last.elapsed() >= LINE_INTERVAL {
                    *last = Instant::now();
                    print::line(&lines.line(snapshot));
                }
            }
            ProgressView::Closed => {}
        }
    }

    /// After a signal: requests in progress are cancelled at this instant.
    pub(super) fn stopping(&mut self, cancelled_at: Instant) {
        if let ProgressView::Bars(progress) = &mut self.progress {
            progress.stopping(cancelled_at);
        }
    }

    /// The colours of a summary on stdout, or else on stderr.
    pub(super) fn summary_colours(&self, on_stdout: bool) -> Colours {
        if on_stdout { self.stdout } else { self.stderr }
    }

    /// Shows a message, unless --quiet is given.
    pub(super) fn note(&self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.sentence(text);
        }
    }

    /// Shows a message with --verbose.
    pub(super) fn detail(&self, text: &str) {
        if self.verbosity == Verbosity::Verbose {
            self.sentence(text);
        }
    }

    /// A sentence on stderr: broken at blanks on a terminal, and one line in a log.
    fn sentence(&self, text: &str) {
        let text = escape(text);
        if std::io::stderr().is_terminal() {
            wrap(&text, terminal_width()).iter().for_each(|line| self.line(line));
        } else {
            self.line(&text);
        }
    }

    /// Removes the bars before the summary is printed.
    pub(super) fn close(&mut self) {
        if let ProgressView::Bars(progress) = &self.progress {
            // It fails only when the terminal is gone.
            let _ = progress.finish();
        }
        self.progress = ProgressView::Closed;
    }

    /// A line on stderr, above the bars if there are any.
    fn line(&self, line: &str) {
        match &self.progress {
            ProgressView::Bars(progress) => {
                // It fails only when the terminal is gone.
                let _ = progress.println(line);
            }
            ProgressView::Lines { .. } | ProgressView::Closed => print::line(line),
        }
    }
}

impl ProgressView {
    fn open(plan: &Plan, title: &str, colours: Colours) -> Self {
        let goal = Goal::of(plan);
        if std::io::stderr().is_terminal() {
            let look = Look { colours, charset: Charset::of_stream(true) };
            let progress = Progress::new(Default::default(), goal.clone(), title, look, terminal_width());
            if !progress.is_hidden() {
                return ProgressView::Bars(progress);
            }
        }
        ProgressView::Lines { lines: ProgressLines::new(goal, title), last: Instant::now() }
    }
}

/// The columns of the terminal of stderr, asked anew since it may be resized; 80 where it does not know.
fn terminal_width() -> usize {
    let columns = tcgetwinsize(std::io::stderr()).map_or(0, |size| usize::from(size.ws_col));
    if columns == 0 { 80 } else { columns }
}

/// Whether the run is so small that each of its blobs is shown.
pub(super) fn is_small(plan: &Plan) -> bool {
    let blobs: Option<u64> =
        plan.sources().filter(|phase| !phase.warm_up).map(|phase| phase.stop.blobs).sum();
    blobs.is_some_and(|blobs| blobs <= SMALL_RUN)
}

/// The colours for a stream. NO_COLOR, CLICOLOR_FORCE, TERM and pipes decide where the option does not.
pub(super) fn colours(when: Option<&When>, stream: &impl anstream::stream::RawStream) -> Colours {
    let auto = AutoStream::choice(stream) != ColorChoice::Never;
    if when.copied().unwrap_or_default().or(auto) { Colours::On } else { Colours::Off }
}

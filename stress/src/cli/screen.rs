//! What is shown while a run goes on: event lines, and bars or a plain line now and then.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use anstream::{AutoStream, ColorChoice};

use super::{
    args::{OutputArgs, When},
    door,
};
use crate::{
    export::{events, style::Colours},
    live::{
        goal::Goal,
        progress::{self, Progress},
    },
    metrics::snapshot::Snapshot,
    plan::Plan,
    sample::Sample,
};

/// Up to this many blobs a run counts as small: each blob has its lines and its place in the summary.
const SMALL_RUN: u64 = 50;
/// How often the plain line is told where there is no terminal.
const PLAIN_INTERVAL: Duration = Duration::from_secs(5);

/// What is shown, and in which colours.
pub(super) struct Screen {
    /// For the summary on stdout.
    pub(super) summary: Colours,
    stderr: Colours,
    events: bool,
    progress: bool,
    window: Window,
    verbosity: Verbosity,
}

/// How much is told besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

/// How a run's progress is shown.
enum Window {
    Bars(Progress),
    Lines { goal: Goal, told: Instant },
    Closed,
}

impl Screen {
    /// What the flags and the terminal ask for.
    pub(super) fn new(args: &OutputArgs, plan: &Plan) -> Self {
        let verbosity = match (args.quiet, args.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        };
        let talkative = verbosity > Verbosity::Quiet;
        Self {
            summary: colours(args.color, &std::io::stdout()),
            stderr: colours(args.color, &std::io::stderr()),
            events: args.events.or(talkative && is_small(plan)),
            progress: args.progress.or(talkative),
            window: Window::Closed,
            verbosity,
        }
    }

    /// Opens the window on the run, if there is to be one.
    pub(super) fn open(&mut self, plan: &Plan) {
        if self.progress {
            self.window = Window::open(plan, self.stderr);
        }
    }

    /// Whether the run's progress is shown.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self.window, Window::Closed)
    }

    /// Whether single samples are of interest.
    pub(super) fn wants_samples(&self) -> bool {
        self.events
    }

    /// Tells of one sample.
    pub(super) fn tell(&self, sample: &Sample, plan: &Plan) {
        if self.events
            && let Some(line) = events::line(sample, plan, self.stderr)
        {
            self.say(&line);
        }
    }

    /// Shows how far the run is.
    pub(super) fn update(&mut self, snapshot: &Snapshot) {
        match &mut self.window {
            Window::Bars(progress) => progress.update(snapshot),
            Window::Lines { goal, told } if told.elapsed() >= PLAIN_INTERVAL => {
                *told = Instant::now();
                door::say(&progress::line(snapshot, goal));
            }
            Window::Lines { .. } | Window::Closed => {}
        }
    }

    /// Tells something that the user should know, unless only errors are wanted.
    pub(super) fn note(&self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.say(text);
        }
    }

    /// Tells something that only the curious want to know.
    pub(super) fn detail(&self, text: &str) {
        if self.verbosity == Verbosity::Verbose {
            self.say(text);
        }
    }

    /// Takes the bars away, so that the summary has the screen to itself.
    pub(super) fn close(&mut self) {
        if let Window::Bars(progress) = &self.window {
            // A terminal that is gone needs no tidying.
            let _ = progress.finish();
        }
        self.window = Window::Closed;
    }

    /// A line on stderr, above the bars if there are any.
    fn say(&self, line: &str) {
        match &self.window {
            Window::Bars(progress) => {
                // A terminal that is gone has nobody to tell.
                let _ = progress.println(line);
            }
            Window::Lines { .. } | Window::Closed => door::say(line),
        }
    }
}

impl Window {
    fn open(plan: &Plan, colours: Colours) -> Self {
        let goal = Goal::of(plan);
        if std::io::stderr().is_terminal() {
            let progress = Progress::new(Default::default(), goal.clone(), colours);
            if !progress.is_hidden() {
                return Window::Bars(progress);
            }
        }
        Window::Lines { goal, told: Instant::now() }
    }
}

/// Whether each blob of the run has its place on the screen.
pub(super) fn is_small(plan: &Plan) -> bool {
    let blobs: Option<u64> =
        plan.sources().filter(|phase| !phase.warm_up).map(|phase| phase.stop.blobs).sum();
    blobs.is_some_and(|blobs| blobs <= SMALL_RUN)
}

/// The colours for a stream: NO_COLOR, CLICOLOR_FORCE, TERM and pipes are heeded unless a flag overrules them.
pub(super) fn colours(when: When, stream: &impl anstream::stream::RawStream) -> Colours {
    if when.or(AutoStream::choice(stream) != ColorChoice::Never) { Colours::On } else { Colours::Off }
}

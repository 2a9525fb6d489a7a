//! The progress of a command that does a known number of things: a bar, or a plain line where there is no terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Time between lines where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// A bar, or lines.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
    last: Instant,
}

impl Bar {
    /// Nothing done yet.
    #[expect(clippy::new_without_default, reason = "it draws on the terminal")]
    pub fn new() -> Self {
        let bar = ProgressBar::new(0);
        let style = ProgressStyle::with_template("{msg:10} {bar:40} {pos}/{len}  {elapsed}");
        bar.set_style(style.expect("a valid template"));
        Self { bar, last: Instant::now() }
    }

    /// So many of all are done; the line to print where there is no bar, when it is time for one.
    pub fn update(&mut self, what: &'static str, done: u64, all: u64) -> Option<String> {
        self.bar.set_message(what);
        self.bar.set_length(all);
        self.bar.set_position(done);
        let due = self.bar.is_hidden() && (self.last.elapsed() >= LINE_INTERVAL);
        due.then(|| {
            self.last = Instant::now();
            format!("{what} {done} of {all}")
        })
    }

    /// Removes the bar before the summary is printed.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

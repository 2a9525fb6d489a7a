//! The output of a child process, read line by line on threads of its own.

use std::{
    io::{BufRead, BufReader, Read},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use crate::deadline::Deadline;

/// The most lines that are kept.
const MOST_LINES: usize = 20_000;

/// A stream of a child process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Summaries and documents.
    Stdout,
    /// Progress, events and errors.
    Stderr,
}

/// What a process has written so far.
#[derive(Default)]
pub(crate) struct ProcessOutput {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    lines: Vec<(Stream, String)>,
    readers: usize,
}

impl ProcessOutput {
    /// Reads `source` until it ends, on a thread of its own.
    pub(crate) fn read_from(self: &Arc<Self>, stream: Stream, source: impl Read + Send + 'static) {
        self.state().readers += 1;
        let output = Arc::clone(self);
        thread::spawn(move || {
            for line in BufReader::new(source).split(b'\n').map_while(Result::ok) {
                let mut state = output.state();
                if state.lines.len() < MOST_LINES {
                    state.lines.push((stream, String::from_utf8_lossy(&line).into_owned()));
                }
                output.changed.notify_all();
            }
            output.state().readers -= 1;
            output.changed.notify_all();
        });
    }

    /// Waits for a line that starts with `start` and gives what follows; none if it does not come.
    pub(crate) fn wait_for_line(&self, stream: Stream, start: &str, deadline: Deadline) -> Option<String> {
        self.wait(deadline, |state| {
            let lines = state.lines.iter().filter(|(on, _)| *on == stream);
            let found = lines.filter_map(|(_, line)| line.strip_prefix(start)).next();
            if found.is_none() && state.readers > 0 { None } else { Some(found.map(str::to_owned)) }
        })
        .flatten()
    }

    /// Waits until both streams have ended.
    pub(crate) fn wait_for_end(&self, deadline: Deadline) {
        self.wait(deadline, |state| (state.readers == 0).then_some(()));
    }

    /// Everything written to `stream`.
    pub(crate) fn text(&self, stream: Stream) -> String {
        self.state()
            .lines
            .iter()
            .filter(|(on, _)| *on == stream)
            .map(|(_, line)| format!("{line}\n"))
            .collect()
    }

    /// The last `count` lines of both streams.
    pub(crate) fn last(&self, count: usize) -> Vec<String> {
        let state = self.state();
        state.lines[state.lines.len().saturating_sub(count)..].iter().map(|(_, line)| line.clone()).collect()
    }

    /// Waits until `look` finds something; none at the deadline.
    fn wait<T>(&self, deadline: Deadline, mut look: impl FnMut(&State) -> Option<T>) -> Option<T> {
        let mut state = self.state();
        loop {
            let seen = look(&state);
            if seen.is_some() || deadline.passed() {
                return seen;
            }
            let woken = self.changed.wait_timeout(state, deadline.left());
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn lines_are_kept_by_stream_and_in_order() {
        let output = Arc::new(ProcessOutput::default());
        let soon = Deadline::after(Duration::from_secs(20));
        output.read_from(Stream::Stdout, "a\nb\n".as_bytes());
        output.wait_for_end(soon);
        output.read_from(Stream::Stderr, "c".as_bytes());
        output.wait_for_end(soon);
        assert_eq!(output.text(Stream::Stdout), "a\nb\n");
        assert_eq!(output.text(Stream::Stderr), "c\n");
        assert_eq!(output.last(2), ["b", "c"]);
        assert_eq!(output.wait_for_line(Stream::Stdout, "c", soon), None);
        assert_eq!(output.wait_for_line(Stream::Stderr, "", soon).as_deref(), Some("c"));
    }
}

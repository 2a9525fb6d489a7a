//! Exit statuses: one table, which the help of every command and the documents repeat.

use std::process::ExitCode;

use crate::report::Signal;

/// How a command ended, as the shell sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Everything succeeded.
    Success,
    /// A request failed, a threshold broke, a number is worse, or a file could not be written.
    Failure,
    /// Wrong usage, or the load never started.
    Usage,
    /// The numbers cannot be trusted, and --strict was given; or reports are not the shards of one run.
    Untrusted,
    /// Nothing could be decided: too few samples.
    Undecided,
    /// Stopped by a signal.
    Signal(Signal),
}

/// Every exit status and what it means.
pub(super) const STATUSES: [(&str, &str); 6] = [
    ("0", "all well"),
    ("1", "a request failed, a threshold broke, a number is worse, or a file was not written"),
    ("2", "wrong usage, or the load never started"),
    ("3", "the numbers are invalid (with --strict), or merge refused the reports"),
    ("4", "undecided: too little data, or the generator was the limit of a search"),
    ("128+N", "stopped by signal N: 129 by SIGHUP, 130 by SIGINT, 143 by SIGTERM"),
];

impl Exit {
    /// The exit status of the process.
    pub(super) fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Failure => 1,
            Exit::Usage => 2,
            Exit::Untrusted => 3,
            Exit::Undecided => 4,
            // As a shell reports a command that a signal ended: 128 and the signal's number.
            Exit::Signal(Signal::HangUp) => 129,
            Exit::Signal(Signal::Interrupt) => 130,
            Exit::Signal(Signal::Terminate) => 143,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of the table with this head.
    fn rows<'a>(document: &'a str, head: &str) -> Vec<(&'a str, &'a str)> {
        let (_, table) = document.split_once(head).expect("the table");
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        rows.map(|row| row.trim_matches('|').split_once(" | ").expect("two cells"))
            .map(|(status, meaning)| (status.trim(), meaning.trim()))
            .collect()
    }

    #[test]
    fn the_documents_have_the_same_table() {
        let head = "| exit status | meaning |";
        for document in [include_str!("../../../README.md"), include_str!("../../docs/flags.md")] {
            let plain = document.replace('`', "");
            assert_eq!(rows(&plain, head), STATUSES);
        }
    }

    #[test]
    fn every_status_is_in_the_table() {
        for exit in [Exit::Success, Exit::Failure, Exit::Usage, Exit::Untrusted, Exit::Undecided] {
            assert_eq!(STATUSES[usize::from(exit.code())].0, exit.code().to_string());
        }
        let (_, stopped) = STATUSES[5];
        for signal in [Signal::HangUp, Signal::Interrupt, Signal::Terminate] {
            let code = Exit::Signal(signal).code();
            assert!(stopped.contains(&format!("{code} by {signal}")), "{code}");
        }
    }
}

//! Exit codes.

use std::process::ExitCode;

use crate::report::Signal;

/// How a command ended, as the shell sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Everything succeeded.
    Success,
    /// An upload or a download failed, a threshold broke, or a file could not be written.
    Failure,
    /// The numbers cannot be trusted, and --strict was given.
    Untrusted,
    /// Stopped by a signal.
    Signal(Signal),
    /// Wrong usage, or the load never started.
    Usage,
}

impl Exit {
    /// The exit status of the process.
    pub(super) fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Failure => 1,
            Exit::Usage => 2,
            Exit::Untrusted => 3,
            // As a shell reports a command that a signal ended: 128 and the signal's number.
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

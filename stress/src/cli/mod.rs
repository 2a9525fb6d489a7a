//! THE FRONT DOOR: flags in, exit codes out; only here is anything printed, and only here are signals heard.

pub mod args;
mod charset;
mod value;
mod pace;
mod expect;
mod wording;
mod typed;
mod planned;
mod intent;
mod descriptors;
pub mod door;
mod run;
mod sources;
mod compare;
mod merge;
mod forecast;
mod search;
mod files;
mod walk;
mod signals;
mod journey;
mod retry;
mod list;
mod listen;
mod metrics;
mod offline;
mod output;
mod screen;

use std::process::ExitCode;

use crate::{error::Error, report::Signal};
use args::{Args, Command};

/// How a command ended, as the shell sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All went well.
    Success,
    /// An upload or a download failed, a threshold broke, or a file could not be written.
    Failure,
    /// The numbers cannot be trusted, and that was asked for.
    Untrusted,
    /// Stopped by a signal.
    Signal(Signal),
    /// Wrong usage, or the load never started.
    Usage,
}

impl Exit {
    /// The process's exit status.
    pub fn code(self) -> u8 {
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

/// Does what the command line says.
pub async fn main(args: Args) -> Exit {
    let result = match args.command {
        Command::Run(run) => run::run(*run, &args.typed).await,
        Command::Plan(plan) => forecast::tell(*plan, &args.typed),
        Command::Search(search) => search::search(*search, &args.typed).await,
        Command::Report(report) => offline::report(&report),
        Command::Compare(args) => compare::compare(&args),
        Command::Merge(args) => merge::merge(&args),
    };
    result.unwrap_or_else(|error| {
        door::complain(&error);
        // Behind everything else that is told here, the load has not started.
        if matches!(error, Error::Broken { .. }) { Exit::Failure } else { Exit::Usage }
    })
}

//! The only place that prints: the summary to stdout, everything else to stderr.

use std::io::{ErrorKind, IsTerminal, Write};

use clap::{FromArgMatches, error::ErrorKind as Usage};

use super::{Exit, args::Args, charset, typed::Typed, wording};
use crate::error::Error;

/// Reads the command line. What cannot be read is told in one line.
///
/// # Errors
/// How to exit when there is nothing to do: after help was printed, or wrong usage was told.
pub fn read() -> Result<Args, Exit> {
    let typed: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let mut command = wording::command();
    let matches = command.try_get_matches_from_mut(std::env::args_os());
    let args = matches.and_then(|matches| {
        let args = Args::from_arg_matches(&matches)?;
        Ok(Args { typed: Typed::new(std::env::args_os().collect(), &matches), ..args })
    });
    args.map_err(|error| match error.kind() {
        Usage::DisplayHelp | Usage::DisplayVersion => {
            // Nobody is left to be told when stdout is closed.
            let _ = error.print();
            Exit::Success
        }
        Usage::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            Exit::Usage
        }
        _ => {
            say(&format!("error: {}", wording::explain(error, &command, &typed)));
            Exit::Usage
        }
    })
}

/// Tells why a command could not do its job.
pub fn complain(error: &Error) {
    say(&format!("error: {error}"));
}

/// Prints a line on stderr; its colours were decided by whoever made it.
pub fn say(line: &str) {
    // When stderr is closed nobody can be told.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Prints a screen on stdout, in the characters that it takes.
///
/// # Errors
/// Those of [`show`].
pub(super) fn show_screen(text: &str) -> Result<(), Error> {
    let variable = |name: &str| std::env::var(name).ok();
    if charset::is_unicode(std::io::stdout().is_terminal(), variable) {
        show(text)
    } else {
        show(&charset::ascii(text))
    }
}

/// Prints a document on stdout. A reader who has seen enough is no error.
///
/// # Errors
/// When it cannot be written otherwise, as on a full disk.
pub(super) fn show(document: &str) -> Result<(), Error> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(document.as_bytes()).and_then(|()| stdout.flush()) {
        Err(source) if source.kind() != ErrorKind::BrokenPipe => {
            Err(Error::Write { path: "the summary to stdout".to_owned(), source })
        }
        _ => Ok(()),
    }
}

//! The only place that prints: summaries and documents to stdout, everything else to stderr.

use std::io::{ErrorKind, IsTerminal, Write};

use super::exit::Exit;
use crate::{
    error::Error,
    export::{charset::Charset, style::escape},
};

/// Prints why a command failed, on stderr.
pub(super) fn error(error: &Error) {
    line(&escape(&format!("error: {error}")));
}

/// How a command ends whose last work was to write its result.
pub(super) fn done(written: Result<(), Error>) -> Exit {
    match written {
        Ok(()) => Exit::Success,
        Err(failure) => {
            error(&failure);
            Exit::Failure
        }
    }
}

/// Prints a line on stderr, in ASCII where the terminal's locale has no more.
pub(super) fn line(line: &str) {
    let line = Charset::of_stream(std::io::stderr().is_terminal()).text(line);
    // Nothing can be reported when stderr is closed.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Prints a screen on stdout, in ASCII where the terminal's locale has no more.
///
/// # Errors
/// Those of [`document`].
pub(super) fn screen(text: &str) -> Result<(), Error> {
    document(&Charset::of_stream(std::io::stdout().is_terminal()).text(text))
}

/// Prints the summary of a run: on stdout, or on stderr where stdout is for something else.
///
/// # Errors
/// Those of [`document`].
pub(super) fn summary(text: &str, on_stdout: bool) -> Result<(), Error> {
    if on_stdout {
        return screen(text);
    }
    line(text.trim_end());
    Ok(())
}

/// Prints a document on stdout. A reader that closes the pipe early is no error.
///
/// # Errors
/// When it cannot be written otherwise, as on a full disk.
pub(super) fn document(text: &str) -> Result<(), Error> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(source) if source.kind() != ErrorKind::BrokenPipe => {
            Err(Error::Write { path: "the summary to stdout".to_owned(), source })
        }
        _ => Ok(()),
    }
}

//! The only place that prints: the summary to stdout, everything else to stderr.

use std::io::Write;

use clap::{Parser, error::ErrorKind};

use super::{Exit, args::Args};
use crate::error::Error;

/// Reads the command line. What cannot be read is told in one line.
///
/// # Errors
/// How to exit when there is nothing to do: after help was printed, or wrong usage was told.
pub fn read() -> Result<Args, Exit> {
    Args::try_parse().map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // Nobody is left to be told when stdout is closed.
            let _ = error.print();
            Exit::Success
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            Exit::Usage
        }
        _ => {
            say(&format!("error: {}", one_line(&error.render().to_string())));
            Exit::Usage
        }
    })
}

/// Tells why a command could not do its job.
pub fn complain(error: &Error) {
    say(&format!("error: {error}"));
}

/// Tells something that the user should know but that stops nothing.
pub(super) fn warn(text: &str) {
    say(&format!("warning: {text}"));
}

/// Prints a line on stderr; its colours were decided by whoever made it.
pub fn say(line: &str) {
    // When stderr is closed nobody can be told.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Prints a document on stdout. A reader who has seen enough is no error.
pub(super) fn show(document: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(document.as_bytes()).and_then(|()| stdout.flush());
}

/// The first paragraph of clap's message in one line, with its tips but without the usage.
fn one_line(message: &str) -> String {
    let message = message.trim_start_matches("error: ");
    let end = message
        .find("\n\nUsage:")
        .or_else(|| message.find("\n\nFor more information"))
        .unwrap_or(message.len());
    message[..end].split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clap_says_in_a_paragraph_becomes_one_line() {
        let error = Args::try_parse_from(["walrus-stress", "run", "--concurrency", "many"]).unwrap_err();
        assert_eq!(
            one_line(&error.render().to_string()),
            "invalid value 'many' for '--concurrency <N>': invalid digit found in string"
        );
    }
}

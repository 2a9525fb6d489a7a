//! The only place that prints: summaries and documents to stdout, everything else to stderr.

use std::io::{ErrorKind, IsTerminal, Write};

use crate::error::Error;

/// Prints why a command failed, on stderr.
pub(super) fn error(error: &Error) {
    line(&format!("error: {error}"));
}

/// Prints a line on stderr.
pub(super) fn line(line: &str) {
    // Nothing can be reported when stderr is closed.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Prints a screen on stdout, in ASCII where the terminal's locale has no more.
///
/// # Errors
/// Those of [`document`].
pub(super) fn screen(text: &str) -> Result<(), Error> {
    let variable = |name: &str| std::env::var(name).ok();
    if is_unicode(std::io::stdout().is_terminal(), variable) {
        document(text)
    } else {
        document(&ascii(text))
    }
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

/// Whether a screen may hold more than ASCII: a file or a pipe always, a terminal unless its locale is another.
/// No locale at all is what containers have, on terminals that take everything.
fn is_unicode(is_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    // As the C library decides: the first that is set.
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable).find(|text| !text.is_empty());
    let is_utf8 = |locale: String| locale.to_lowercase().replace('-', "").contains("utf8");
    !is_terminal || locale.is_none_or(is_utf8)
}

/// `text` in ASCII, as wide as it was.
fn ascii(text: &str) -> String {
    let plain = |c: char| match c {
        '▁' => '.',
        '▂' => ':',
        '▃' => '-',
        '▄' => '=',
        '▅' => '+',
        '▆' => '*',
        '▇' => '#',
        '█' => '@',
        '–' => '-',
        '…' => '~',
        '≥' => '>',
        'µ' => 'u',
        c if c.is_ascii() => c,
        _ => '?',
    };
    text.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminals_locale_decides_and_a_pipe_takes_unicode() {
        for (variables, expected) in [
            (vec![], true),
            (vec![("LANG", "en_US.UTF-8")], true),
            (vec![("LANG", "C.utf8")], true),
            (vec![("LANG", "C")], false),
            (vec![("LANG", "de_DE.ISO-8859-1")], false),
            (vec![("LANG", "en_US.UTF-8"), ("LC_ALL", "POSIX")], false),
            (vec![("LANG", "C"), ("LC_CTYPE", "C.UTF-8"), ("LC_ALL", "")], true),
        ] {
            let variable = |name: &str| {
                let found = variables.iter().find(|(set, _)| *set == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(is_unicode(true, variable), expected, "{variables:?}");
            assert!(is_unicode(false, variable));
        }
    }

    #[test]
    fn characters_that_ascii_lacks_are_replaced_column_by_column() {
        assert_eq!(ascii("≥1.20 µs ▁▂▃▄▅▆▇█ –… é"), ">1.20 us .:-=+*#@ -~ ?");
    }
}

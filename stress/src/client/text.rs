//! Makes one readable line of arbitrary text from a server or of a chain of errors.

use crate::plan::names::is_hidden;

/// The most characters of a message.
const MAX_CHARS: usize = 300;

/// `text` as one line: runs of blanks and control characters become one blank, and its end is cut when it is long.
pub(super) fn one_line(text: &str) -> String {
    let words =
        text.split(|char: char| char.is_whitespace() || is_hidden(char)).filter(|word| !word.is_empty());
    let mut line = String::new();
    // A server may send a megabyte: only as much of it is processed as can be shown.
    for word in words.take(MAX_CHARS) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().take(MAX_CHARS + 1));
        if line.len() > 4 * MAX_CHARS {
            break;
        }
    }
    match line.char_indices().nth(MAX_CHARS) {
        None => line,
        Some(_) => line.chars().take(MAX_CHARS - 1).chain(['…']).collect(),
    }
}

/// An error and its causes, joined by `: `, without causes whose text is already there.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_without_invisible_characters() {
        assert_eq!(one_line("  a\r\n\tb\u{1b}[31mc\u{202e}d \0"), "a b [31mc d");
        assert_eq!(one_line(""), "");
    }

    #[test]
    fn a_long_message_is_cut_by_characters() {
        for long in ["ü".repeat(1000), "ab ".repeat(100_000)] {
            let line = one_line(&long);
            assert_eq!(line.chars().count(), MAX_CHARS);
            assert!(line.ends_with('…'));
        }
        let exact = "x".repeat(MAX_CHARS);
        assert_eq!(one_line(&exact), exact);
    }

    #[test]
    fn a_cause_with_the_text_of_its_effect_is_left_out() {
        let inner = std::io::Error::other("connection cut");
        let outer = std::io::Error::other(inner);
        assert_eq!(chain(&outer), "connection cut");
    }
}

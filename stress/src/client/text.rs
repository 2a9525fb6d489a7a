//! Makes one readable line out of whatever a server sent.

/// The most characters of a message.
const MAX_CHARS: usize = 300;

/// `text` as one line: runs of blanks and control characters become one blank, and its end is cut when it is long.
pub(super) fn one_line(text: &str) -> String {
    let words =
        text.split(|char: char| char.is_whitespace() || is_invisible(char)).filter(|word| !word.is_empty());
    let mut line = String::new();
    // A server may send a megabyte; what cannot be shown is not looked at.
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

/// An error and its causes, joined by `: `; a cause that its effect has already told is left out.
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

/// Whether a body is a page for people.
pub(super) fn is_html(content_type: Option<&str>, body: &[u8]) -> bool {
    let declared = content_type.is_some_and(|kind| {
        let kind = kind.trim_start().as_bytes();
        ["text/html", "application/xhtml+xml"].iter().any(|html| {
            kind.get(..html.len()).is_some_and(|start| start.eq_ignore_ascii_case(html.as_bytes()))
        })
    });
    let start = body.trim_ascii_start();
    let begins =
        |tag: &str| start.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()));
    declared || begins("<!doctype html") || begins("<html")
}

/// A page's title.
pub(super) fn title(body: &[u8]) -> Option<String> {
    let page = String::from_utf8_lossy(body);
    let lower = page.to_ascii_lowercase();
    let open = lower.find("<title")?;
    let start = open + lower[open..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    let title = one_line(&page[start..end]);
    (!title.is_empty()).then_some(title)
}

/// Control characters, and those that reorder or hide what stands around them.
fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_without_tricks() {
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
    fn pages_are_known_by_type_or_by_their_first_tag() {
        assert!(is_html(Some("Text/HTML; charset=utf-8"), b""));
        assert!(is_html(None, b" \n<!DOCTYPE HTML><p>"));
        assert!(is_html(Some("text/plain"), b"<html><body>"));
        assert!(!is_html(Some("text/plain"), b"the publisher is receiving too many requests"));
        assert!(!is_html(Some("text"), b"<"));
        assert_eq!(
            title(b"<html><head><TITLE lang=x>\n 502 Bad\nGateway</TITLE>").unwrap(),
            "502 Bad Gateway"
        );
        assert_eq!(title(b"<title>"), None);
    }

    #[test]
    fn causes_are_told_once() {
        let inner = std::io::Error::other("the wire is cut");
        let outer = std::io::Error::other(inner);
        assert_eq!(chain(&outer), "the wire is cut");
    }
}

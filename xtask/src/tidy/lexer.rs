//! Cuts Rust text into comments, literals and code, so that no rule is fooled by a string or a comment.

/// A piece of Rust text that a rule may want to look at or through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Comment,
    Literal,
}

/// A text twice, with the same lines and columns.
pub(crate) struct Blanked {
    /// Comments and literals are blanks.
    pub(crate) code: String,
    /// Only comments are blanks.
    pub(crate) uncommented: String,
}

/// Blanks out what is not code.
pub(crate) fn blank(text: &str) -> Blanked {
    let mut code = String::with_capacity(text.len());
    let mut uncommented = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (kind, length) = piece(rest);
        let (here, after) = rest.split_at(length);
        let blanks = || here.chars().map(|c| if c == '\n' { '\n' } else { ' ' });
        match kind {
            Kind::Code => {
                code.push_str(here);
                uncommented.push_str(here);
            }
            Kind::Literal => {
                code.extend(blanks());
                uncommented.push_str(here);
            }
            Kind::Comment => {
                code.extend(blanks());
                uncommented.extend(blanks());
            }
        }
        rest = after;
    }
    Blanked { code, uncommented }
}

/// The kind and the length in bytes of the piece at the start of a text that is not empty.
fn piece(text: &str) -> (Kind, usize) {
    if text.starts_with("//") {
        return (Kind::Comment, text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return (Kind::Comment, block_comment(text));
    }
    if text.starts_with('"') {
        return (Kind::Literal, quoted(text, '"'));
    }
    if let Some(after) = text.strip_prefix('\'') {
        let mut next = after.chars();
        let escaped = next.next() == Some('\\');
        return if escaped || next.next() == Some('\'') {
            (Kind::Literal, quoted(text, '\''))
        } else {
            (Kind::Code, 1)
        };
    }
    let word = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    match &text[..word] {
        "" => (Kind::Code, text.chars().next().map_or(1, char::len_utf8)),
        "r" | "br" | "cr" => match raw_string(&text[word..]) {
            Some(length) => (Kind::Literal, word + length),
            None => (Kind::Code, word),
        },
        _ => (Kind::Code, word),
    }
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of `#"…"#` with any number of hashes; none when it is something else, such as a raw identifier.
fn raw_string(text: &str) -> Option<usize> {
    let hashes = text.len() - text.trim_start_matches('#').len();
    let inside = text[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(inside.find(&end).map_or(text.len(), |at| hashes + 1 + at + end.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_become_blanks_of_the_same_shape() {
        for (text, code, uncommented) in [
            ("a // b\nc", "a     \nc", "a     \nc"),
            ("a /* b /* c */\n d */ e", "a             \n      e", "a             \n      e"),
            (r#"f("x // y") // z"#, "f(        )     ", r#"f("x // y")     "#),
            (r#"f("a\"b", g)"#, "f(      , g)", r#"f("a\"b", g)"#),
            ("r#\"a\"b\"# c", "         c", "r#\"a\"b\"# c"),
            ("r#type x", "r#type x", "r#type x"),
            ("'\"' \"s\"", "       ", "'\"' \"s\""),
            ("&'a str '\\'' x", "&'a str      x", "&'a str '\\'' x"),
            ("\"unfinished", "           ", "\"unfinished"),
        ] {
            let blanked = blank(text);
            assert_eq!(blanked.code, code, "code of {text}");
            assert_eq!(blanked.uncommented, uncommented, "{text} without comments");
        }
    }

    #[test]
    fn other_alphabets_keep_their_columns() {
        assert_eq!(blank("ä = \"é→\"; // ñ\nß").code, "ä =     ;     \nß");
    }
}

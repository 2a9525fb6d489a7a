//! Line folding in the head of a response: obsolete, but a user agent reads it as spaces (RFC 9112 §5.2).

/// `head`, and what follows it, with every fold as spaces, so that nothing moves; `None` when there is none.
pub(super) fn unfolded(head: &[u8]) -> Option<Vec<u8>> {
    let mut unfolded = None;
    // White space after the status line folds nothing.
    let mut start = line_end(head, 0)? + 1;
    while let Some(end) = line_end(head, start) {
        if head[start..end].trim_ascii().is_empty() && !matches!(head[start..end], [b' ' | b'\t', ..]) {
            break;
        }
        if matches!(head.get(end + 1), Some(b' ' | b'\t')) {
            let bytes = unfolded.get_or_insert_with(|| head.to_vec());
            bytes[end] = b' ';
            if head[end - 1] == b'\r' {
                bytes[end - 1] = b' ';
            }
        }
        start = end + 1;
    }
    unfolded
}

/// The position of the next line feed.
fn line_end(bytes: &[u8], from: usize) -> Option<usize> {
    bytes[from..].iter().position(|byte| *byte == b'\n').map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_become_spaces_and_nothing_else_changes() {
        for (head, expected) in [
            ("S\r\na: b\r\n c\r\n\r\n", Some("S\r\na: b   c\r\n\r\n")),
            ("S\na: b\n\tc\n\n d", Some("S\na: b \tc\n\n d")),
            ("S\r\na: b\r\n \r\n\tc\r\nd: e\r\n\r\n", Some("S\r\na: b     \tc\r\nd: e\r\n\r\n")),
            ("S\r\na: b\r\n c", Some("S\r\na: b   c")),
            // The body, a head without folds, and white space after the status line.
            ("S\r\na: b\r\n\r\nx\r\n y", None),
            ("S\r\na: b\r\n\r\n", None),
            ("S\r\n a: b\r\n\r\n", None),
            ("S", None),
            ("", None),
        ] {
            let found = unfolded(head.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap());
            assert_eq!(found.as_deref(), expected, "{head:?}");
        }
    }
}

//! Rule: a file opens by saying what it is for, is short enough to read, and has no blanks at its lines' ends.

use super::source::Finding;

/// The longest that a Rust file may be, in lines.
const LONGEST: usize = 400;

/// What is wrong with the shape of the text file at `path`.
pub(crate) fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if path.ends_with(".rs") {
        let opening = text.lines().next().and_then(|line| line.strip_prefix("//! "));
        if opening.is_none_or(|sentence| sentence.trim().is_empty()) {
            findings.push(Finding::new(path, 1, "does not say what it is for; open with one `//!` sentence"));
        }
        let lines = text.lines().count();
        if lines > LONGEST {
            let what =
                format!("is {lines} lines long, {LONGEST} are allowed; split it where the subject changes");
            findings.push(Finding::new(path, LONGEST + 1, what));
        }
    }
    for (number, line) in text.split('\n').enumerate() {
        if line.ends_with([' ', '\t', '\r']) {
            findings.push(Finding::new(path, number + 1, "ends in blanks; remove them"));
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        findings.push(Finding::new(path, text.lines().count(), "does not end with a line break; add one"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(path, text).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn a_file_without_a_purpose_is_found() {
        for text in ["use std::io;\n", "// what\n", "//!\n", "\n//! late\n", ""] {
            assert_eq!(
                findings("a.rs", text),
                ["a.rs:1: does not say what it is for; open with one `//!` sentence"]
            );
        }
    }

    #[test]
    fn a_file_that_is_too_long_is_found() {
        let of = |lines: usize| format!("//! Long.\n{}", "x\n".repeat(lines - 1));
        assert_eq!(findings("a.rs", &of(400)), Vec::<String>::new());
        assert_eq!(findings("a.rs", &of(401)).len(), 1);
        assert!(findings("a.rs", &of(401))[0].starts_with("a.rs:401: is 401 lines long"));
    }

    #[test]
    fn blanks_at_the_end_of_lines_are_found() {
        assert_eq!(findings("a.toml", "a \nb\t\nc\r\nd\n").len(), 3);
        assert_eq!(findings("a.md", "a\nb"), ["a.md:2: does not end with a line break; add one"]);
    }

    #[test]
    fn a_clean_file_passes() {
        assert_eq!(findings("a.rs", "//! Says what it is for.\n\nfn f() {}\n"), Vec::<String>::new());
        assert_eq!(findings("a.toml", "[a]\n"), Vec::<String>::new());
    }
}

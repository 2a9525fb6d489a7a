//! Rules about files: the agreed top level, a first `//!` sentence, at most 400 lines, no trailing white space.

use super::finding::Finding;

/// The agreed visible top level.
const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "README.md",
    "stress",
    "mock-publisher",
    "mock-aggregator",
    "xtask",
    "tests",
    "Cargo.lock",
    "LICENSE",
    "CHANGELOG.md",
];

/// Ignored by git: what builds and runs leave behind.
const GENERATED: &[&str] = &["target", "stress_test_summary.json"];

/// The most lines of a Rust file.
const MAX_LINES: usize = 400;

/// Names at the top level that are not agreed.
pub(crate) fn check_top_level(names: &[String]) -> Vec<Finding> {
    let agreed = |name: &str| {
        name.starts_with('.')
            || name.ends_with(".tmp")
            || TOP_LEVEL.contains(&name)
            || GENERATED.contains(&name)
    };
    let others = names.iter().filter(|name| !agreed(name));
    let message = "is not one of the agreed entries of the top level; move it into a crate or a dotfile";
    others.map(|name| Finding::new(name, 1, message)).collect()
}

/// Violations in the text file at `path`.
pub(crate) fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if path.ends_with(".rs") {
        let heading = text.lines().next().and_then(|line| line.strip_prefix("//! "));
        if heading.is_none_or(|sentence| sentence.trim().is_empty()) {
            let message = "does not begin with a `//!` sentence that says what the file does";
            findings.push(Finding::new(path, 1, message));
        }
        let lines = text.lines().count();
        if lines > MAX_LINES {
            let message = format!("has {lines} lines, at most {MAX_LINES} are allowed; split it by subject");
            findings.push(Finding::new(path, MAX_LINES + 1, message));
        }
    }
    for (number, line) in text.split('\n').enumerate() {
        if line.ends_with([' ', '\t', '\r']) {
            findings.push(Finding::new(path, number + 1, "ends in white space; remove it"));
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
    fn names_that_are_not_agreed_are_found() {
        let names = ["Cargo.toml", ".ci", "target", "docs", "stress", "deny.toml"].map(str::to_owned);
        let found: Vec<_> = check_top_level(&names).iter().map(Finding::to_string).collect();
        assert!(found.len() == 2, "{found:?}");
        assert!(found[0].starts_with("docs:1: ") && found[1].starts_with("deny.toml:1: "), "{found:?}");
    }

    #[test]
    fn a_rust_file_needs_a_heading() {
        for text in ["use std::io;\n", "// what\n", "//!\n", "\n//! late\n", ""] {
            assert!(findings("a.rs", text)[0].contains("a.rs:1: does not begin with"), "{text}");
        }
        assert_eq!(findings("a.rs", "//! Does this.\n\nfn f() {}\n"), Vec::<String>::new());
        assert_eq!(findings("a.toml", "[a]\n"), Vec::<String>::new());
    }

    #[test]
    fn a_rust_file_has_at_most_400_lines() {
        let of = |lines: usize| format!("//! Long.\n{}", "x\n".repeat(lines - 1));
        assert_eq!(findings("a.rs", &of(400)), Vec::<String>::new());
        assert!(findings("a.rs", &of(401))[0].starts_with("a.rs:401: has 401 lines"));
    }

    #[test]
    fn trailing_white_space_is_found() {
        assert_eq!(findings("a.toml", "a \nb\t\nc\r\nd\n").len(), 3);
        assert_eq!(findings("a.md", "a\nb"), ["a.md:2: does not end with a line break; add one"]);
    }
}

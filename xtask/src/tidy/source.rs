//! A file of the workspace as the rules see it.

use std::{fmt, ops::Range};

use super::{
    lexer::{self, Blanked},
    tokens::{self, PathUse, Token},
};

/// Something that a rule does not allow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    what: String,
}

impl Finding {
    /// A finding; `what` says what is wrong and what to do.
    pub(crate) fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// A Rust file.
pub(crate) struct Source<'a> {
    /// Its path below the workspace's root, with slashes.
    pub(crate) path: &'a str,
    /// What it says.
    pub(crate) text: &'a str,
    blanked: Blanked,
}

impl<'a> Source<'a> {
    /// The file at `path` that says `text`.
    pub(crate) fn new(path: &'a str, text: &'a str) -> Self {
        Self { path, text, blanked: lexer::blank(text) }
    }

    /// The text without comments.
    pub(crate) fn uncommented(&self) -> &str {
        &self.blanked.uncommented
    }

    /// The code's tokens.
    pub(crate) fn tokens(&self) -> Vec<Token<'_>> {
        tokens::tokens(&self.blanked.code)
    }

    /// The paths that the code spells.
    pub(crate) fn paths(&self) -> Vec<PathUse> {
        tokens::paths(&self.tokens())
    }

    /// A finding in this file.
    pub(crate) fn finding(&self, line: usize, what: impl Into<String>) -> Finding {
        Finding::new(self.path, line, what)
    }

    /// Whether `line` says, at its end or alone on the line above, why it may do what a rule refuses: `// topic: reason`.
    pub(crate) fn excused(&self, line: usize, topic: &str) -> bool {
        let says = |line: &str| {
            line.split_once(&format!("// {topic}: ")).is_some_and(|(_, reason)| !reason.trim().is_empty())
        };
        let mut lines = self.text.lines().skip(line.saturating_sub(2));
        let above = if line > 1 { lines.next() } else { None };
        above.is_some_and(|l| l.trim_start().starts_with("//") && says(l)) || lines.next().is_some_and(says)
    }

    /// The lines of test code: whole files that only tests see, or the bodies behind `#[cfg(test)]`.
    pub(crate) fn test_lines(&self) -> Vec<Range<usize>> {
        let folder = |name: &str| self.path.split('/').rev().skip(1).any(|part| part == name);
        if folder("tests") || folder("benches") || folder("e2e") || self.path.ends_with("tests.rs") {
            return std::iter::once(0..usize::MAX).collect();
        }
        let tokens = self.tokens();
        let marker = ["#", "[", "cfg", "(", "test", ")", "]"];
        let mut found = Vec::new();
        for start in 0..tokens.len() {
            if tokens[start..].iter().map(|t| t.text).take(marker.len()).eq(marker) {
                found.push(tokens[start].line..body_end(&tokens[start..]) + 1);
            }
        }
        found
    }
}

/// The line on which the item at the start of `tokens` ends.
fn body_end(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for token in tokens {
        match token.text {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            ";" => {}
            _ => continue,
        }
        if depth == 0 {
            return token.line;
        }
    }
    usize::MAX - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_reads_like_a_compiler_message() {
        assert_eq!(Finding::new("a/b.rs", 3, "no; do").to_string(), "a/b.rs:3: no; do");
    }

    #[test]
    fn an_excuse_stands_on_the_line_or_alone_above_it_and_has_a_reason() {
        let text = "a(); // sleep: it must\n// sleep: long\nb();\nc(); // sleep: \nd();\n";
        let source = Source::new("x.rs", text);
        let excused: Vec<_> = (1..=5).filter(|&line| source.excused(line, "sleep")).collect();
        assert_eq!(excused, [1, 2, 3]);
        assert!(!source.excused(1, "port"));
    }

    #[test]
    fn test_code_is_a_folder_or_a_module() {
        for path in
            ["stress/tests/cli.rs", "tests/it/main.rs", "stress/src/report/tests.rs", "xtask/src/e2e/a.rs"]
        {
            assert!(Source::new(path, "").test_lines()[0].contains(&7), "{path}");
        }
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n";
        assert_eq!(Source::new("stress/src/x.rs", text).test_lines().first(), Some(&(2..6)));
    }
}

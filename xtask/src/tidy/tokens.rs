//! The tokens of a Rust file and the paths that they spell, `use` trees written out.

/// A word, a `::` or one other character, and the line it stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    pub(crate) line: usize,
}

impl Token<'_> {
    /// Whether it is a name, a keyword or a number.
    pub(crate) fn is_word(&self) -> bool {
        self.text.starts_with(is_word_part)
    }
}

/// A path of at least two segments, or any path that is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathUse {
    /// The line it starts on.
    pub(crate) line: usize,
    /// Its segments; a glob is `*`.
    pub(crate) segments: Vec<String>,
    /// The inline modules around it, the outermost first.
    pub(crate) modules: Vec<String>,
}

fn is_word_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The tokens of blanked code.
pub(crate) fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut all = Vec::new();
    for (number, mut rest) in code.lines().enumerate() {
        rest = rest.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = match first {
                c if is_word_part(c) => rest.find(|c| !is_word_part(c)).unwrap_or(rest.len()),
                ':' if rest.starts_with("::") => 2,
                c => c.len_utf8(),
            };
            let (text, after) = rest.split_at(length);
            all.push(Token { text, line: number + 1 });
            rest = after.trim_start();
        }
    }
    all
}

/// Every path that the tokens spell, in order.
pub(crate) fn paths(tokens: &[Token<'_>]) -> Vec<PathUse> {
    let text = |at: usize| tokens.get(at).map_or("", |t| t.text);
    let mut found = Vec::new();
    let mut blocks: Vec<Option<String>> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let before = found.len();
        let start = at;
        at += 1;
        match text(start) {
            "mod" if text(start + 2) == "{" => {
                blocks.push(Some(text(start + 1).to_owned()));
                at = start + 3;
            }
            "{" => blocks.push(None),
            "}" => drop(blocks.pop()),
            "use" if text(start + 1) != "<" => at = use_tree(tokens, start + 1, &[], &mut found),
            _ if starts_path(tokens, start) => {
                let mut segments = vec![text(start).to_owned()];
                while text(at) == "::" && tokens.get(at + 1).is_some_and(Token::is_word) {
                    segments.push(text(at + 1).to_owned());
                    at += 2;
                }
                found.push(PathUse { line: tokens[start].line, segments, modules: Vec::new() });
            }
            _ => {}
        }
        for path in &mut found[before..] {
            path.modules = blocks.iter().flatten().cloned().collect();
        }
    }
    found
}

/// Whether a word is the first segment of a path of several.
fn starts_path(tokens: &[Token<'_>], at: usize) -> bool {
    let continues = tokens.get(at + 1).is_some_and(|t| t.text == "::");
    let continued = at > 0
        && (tokens[at - 1].text == "."
            || tokens[at - 1].text == "::"
                && at > 1
                && (tokens[at - 2].is_word() || tokens[at - 2].text == ">"));
    tokens[at].is_word() && continues && !continued
}

/// Writes out the `use` tree at `at` behind `prefix`; the position after it.
fn use_tree(tokens: &[Token<'_>], mut at: usize, prefix: &[String], found: &mut Vec<PathUse>) -> usize {
    let mut segments = prefix.to_vec();
    let line = tokens.get(at).map_or(0, |t| t.line);
    while let Some(token) = tokens.get(at) {
        match token.text {
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|t| t.text != "}") {
                    at = use_tree(tokens, at, &segments, found);
                    at += usize::from(tokens.get(at).is_some_and(|t| t.text == ","));
                }
                return at + 1;
            }
            "as" => at += 2,
            "::" => at += 1,
            "*" => {
                segments.push("*".to_owned());
                at += 1;
            }
            _ if token.is_word() => {
                segments.push(token.text.to_owned());
                at += 1;
            }
            "}" | "," => break,
            // A semicolon, or something that no `use` has: step over it, so that the walk always ends.
            _ => {
                at += 1;
                break;
            }
        }
    }
    found.push(PathUse { line, segments, modules: Vec::new() });
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(code: &str) -> Vec<String> {
        paths(&tokens(code)).iter().map(|p| format!("{} {}", p.line, p.segments.join("::"))).collect()
    }

    #[test]
    fn use_trees_are_written_out() {
        assert_eq!(
            spelled("use crate::{\n  plan::{Plan, load::*},\n  sample as facts,\n};\nuse clap;"),
            ["2 crate::plan::Plan", "2 crate::plan::load::*", "3 crate::sample", "5 clap"]
        );
        assert_eq!(
            spelled("pub(crate) use super::super::x::{self, Y as Z};"),
            ["1 super::super::x::self", "1 super::super::x::Y"]
        );
        assert_eq!(spelled("use ::std::io; fn f() -> impl Sized + use<'a> {}"), ["1 std::io"]);
    }

    #[test]
    fn paths_in_expressions_start_at_their_first_segment() {
        assert_eq!(
            spelled("let a = crate::plan::x(b.c::<D>(), <E as F>::g(), ::h::i());"),
            ["1 crate::plan::x", "1 h::i"]
        );
        assert_eq!(spelled("#[tokio::test] fn f() {}"), ["1 tokio::test"]);
        assert_eq!(spelled("let x: u8 = y; z()"), Vec::<String>::new());
    }

    #[test]
    fn inline_modules_are_remembered() {
        let code = tokens("mod a { fn f() { super::x() } mod b { use super::super::y; } } fn g() { h::i() }");
        let modules: Vec<_> = paths(&code).into_iter().map(|p| p.modules.join("::")).collect();
        assert_eq!(modules, ["a", "a::b", ""]);
    }

    #[test]
    fn nonsense_comes_to_an_end() {
        for code in ["use", "use {", "use a::{b", "use ;", "use )", "} } ::", "mod {", "use a::{)}"] {
            spelled(code);
        }
    }
}

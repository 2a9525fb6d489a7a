//! Rule: nothing is left undone, and tests are run, say what they expect, and depend on neither ports nor luck.

use std::ops::Range;

use super::{
    source::{Finding, Source},
    tokens::Token,
};

/// Local addresses that a test must not put a port behind.
const LOCAL: &[&str] = &["127.0.0.1:", "0.0.0.0:", "localhost:", "[::1]:", "[::]:"];

/// Undone work, tests that are switched off, and sleeps and ports in tests.
pub(crate) fn check(source: &Source<'_>) -> Vec<Finding> {
    let tokens = source.tokens();
    let tests = source.test_lines();
    let opens_sockets = opens_sockets(&tokens) || tests.contains(&(0..usize::MAX));
    let mut findings = Vec::new();
    for at in 0..tokens.len() {
        let line = tokens[at].line;
        if let Some(what) = attribute(&tokens[at..]).or_else(|| undone(&tokens[at..])) {
            findings.push(source.finding(line, what));
        }
        if sleeps(&tokens, at) && within(&tests, line) && !source.excused(line, "sleep") {
            let what =
                "sleeps in a test; wait for what must happen, or say why on the line: `// sleep: reason`";
            findings.push(source.finding(line, what));
        }
    }
    for (number, text) in source.uncommented().lines().enumerate() {
        let line = number + 1;
        if opens_sockets && names_a_port(text) && within(&tests, line) && !source.excused(line, "port") {
            let what = "a fixed port in a test; bind port 0, or say why on the line: `// port: reason`";
            findings.push(source.finding(line, what));
        }
    }
    findings
}

fn within(ranges: &[Range<usize>], line: usize) -> bool {
    ranges.iter().any(|range| range.contains(&line))
}

/// What is wrong with the attribute that starts here.
fn attribute(tokens: &[Token<'_>]) -> Option<&'static str> {
    let [first, second, rest @ ..] = tokens else { return None };
    if (first.text, second.text) != ("#", "[") {
        return None;
    }
    let mut depth = 1_usize;
    for token in rest {
        match token.text {
            "[" => depth += 1,
            "]" if depth == 1 => return None,
            "]" => depth -= 1,
            "ignore" => return Some("a test that is switched off; run it, or remove it"),
            "should_panic" => {
                return Some("any panic will do for this test; assert the value or the error instead");
            }
            _ => {}
        }
    }
    None
}

fn undone(tokens: &[Token<'_>]) -> Option<&'static str> {
    match tokens {
        [name, bang, ..] if bang.text == "!" && matches!(name.text, "todo" | "unimplemented") => {
            Some("is left undone; do it, or leave it out")
        }
        _ => None,
    }
}

/// Whether a call of a sleeping function starts here.
fn sleeps(tokens: &[Token<'_>], at: usize) -> bool {
    let text = |at: usize| tokens.get(at).map_or("", |t| t.text);
    let defined = at > 0 && matches!(text(at - 1), "fn" | ".");
    matches!(text(at), "sleep" | "sleep_until") && text(at + 1) == "(" && !defined
}

/// Whether an address in this file may be more than a text to parse.
fn opens_sockets(tokens: &[Token<'_>]) -> bool {
    tokens.iter().any(|token| matches!(token.text, "TcpListener" | "TcpStream" | "TcpSocket"))
}

fn names_a_port(line: &str) -> bool {
    LOCAL.iter().any(|host| {
        line.match_indices(host)
            .any(|(at, _)| line[at + host.len()..].starts_with(|c: char| ('1'..='9').contains(&c)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(&Source::new(path, text)).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn undone_work_and_idle_tests_are_found_anywhere() {
        for text in [
            "fn f() { todo!() }",
            "fn f() { unimplemented!(\"later\") }",
            "#[test]\n#[ignore]\nfn f() {}",
            "#[ignore = \"slow\"] fn f() {}",
            "#[cfg_attr(unix, ignore)] fn f() {}",
            "#[should_panic(expected = \"x\")] fn f() {}",
        ] {
            assert_eq!(findings("stress/src/plan/mod.rs", text).len(), 1, "{text}");
        }
    }

    /// A sample that takes port 9000, spelled so that this file has no such address.
    const FIXED: &str = concat!("let a = TcpListener::bind(\"127.0.0.1:", "9000\");");

    #[test]
    fn sleeps_and_ports_are_found_in_tests() {
        for text in ["std::thread::sleep(d);", "tokio::time::sleep(d).await", "sleep_until(t).await", FIXED] {
            assert_eq!(findings("tests/it/main.rs", text).len(), 1, "{text}");
            let module = format!("#[cfg(test)]\nmod tests {{\n{text}\n}}");
            let found = findings("stress/src/plan/mod.rs", &module);
            assert!(found.len() == 1 && found[0].starts_with("stress/src/plan/mod.rs:3: "), "{found:?}");
            assert_eq!(findings("stress/src/plan/mod.rs", text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn clean_tests_pass() {
        for text in [
            "bind(\"127.0.0.1:0\"); // 127.0.0.1:9000",
            "thread::sleep(d); // sleep: the kernel offers nothing to wait for",
            "// sleep: as above\nthread::sleep(d);",
            &format!("{FIXED} // port: nothing listens on it"),
            "// todo! and #[ignore]\nlet s = \"#[should_panic] todo!()\";",
            "fn sleep() {} clock.sleep(d); #[arg(ignore_case)] x",
            "assert!(ignore); let todo = !x;",
        ] {
            assert_eq!(findings("tests/it/main.rs", text), Vec::<String>::new(), "{text}");
        }
        let parses = format!("#[cfg(test)] mod tests {{ {} }}", FIXED.replace("TcpListener", "Address"));
        assert_eq!(findings("stress/src/plan/mod.rs", &parses), Vec::<String>::new());
    }
}

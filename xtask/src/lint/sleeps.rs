//! Rule: tests wait for what must happen instead of sleeping.

use super::{
    finding::Finding,
    rust_file::{NameKind, RustFile},
};

/// Calls of sleeping functions in tests, unless a comment `// sleep: reason` on the line or above says why.
pub(crate) fn check(file: &RustFile) -> Vec<Finding> {
    let lines: Vec<_> = file.text.lines().collect();
    let excused = |line: usize| {
        let above = line.checked_sub(2).and_then(|at| lines.get(at)).unwrap_or(&"");
        above.trim_start().starts_with("// sleep: ") || lines[line - 1].contains("// sleep: ")
    };
    let sleeps = file.names.iter().filter(|name| match &name.kind {
        NameKind::Path(path) => matches!(path.last().map(String::as_str), Some("sleep" | "sleep_until")),
        _ => false,
    });
    let sleeps = sleeps.filter(|name| file.is_test_line(name.line) && !excused(name.line));
    let message =
        "sleeps in a test; wait for what must happen, or say why on the line or above: `// sleep: reason`";
    sleeps.map(|name| file.finding(name.line, message)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> usize {
        check(&RustFile::parse(path, text).ok().unwrap()).len()
    }

    #[test]
    fn sleeps_are_found_in_tests_alone() {
        for call in ["std::thread::sleep(d)", "tokio::time::sleep(d).await", "sleep_until(t).await"] {
            let body = format!("async fn f() {{\n{call};\n}}");
            assert_eq!(findings("tests/it/main.rs", &body), 1, "{call}");
            assert_eq!(findings("stress/src/plan/mod.rs", &body), 0, "{call}");
        }
    }

    #[test]
    fn a_reason_and_other_names_pass() {
        for body in [
            "thread::sleep(d); // sleep: the kernel offers nothing to wait for",
            "// sleep: as above\nthread::sleep(d);",
            "fn sleep() {} clock.sleep(d);",
        ] {
            assert_eq!(findings("tests/it/main.rs", &format!("fn f() {{\n{body}\n}}")), 0, "{body}");
        }
    }
}

//! Rule: tests bind port 0; with a fixed port, two runs at the same time fail.

use super::{finding::Finding, rust_file::RustFile};

/// Local addresses behind which a test must not name a port.
const LOCAL: &[&str] = &["127.0.0.1:", "0.0.0.0:", "localhost:", "[::1]:", "[::]:"];

/// What shows that an address may be more than a text to parse.
const SOCKETS: &[&str] = &["TcpListener", "TcpStream", "TcpSocket"];

/// Lines of tests that open sockets and name a port, unless a comment `// port: reason` says why they may.
pub(crate) fn check(file: &RustFile) -> Vec<Finding> {
    let opens_sockets = file.is_test_file()
        || file.paths().any(|(_, path)| path.iter().any(|segment| SOCKETS.contains(&segment.as_str())));
    let mut above = "";
    let mut findings = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let excused = above.trim_start().starts_with("// port: ") || line.contains("// port: ");
        let comment = line.trim_start().starts_with("//");
        if opens_sockets && !excused && !comment && names_a_port(line) && file.is_test_line(number + 1) {
            let message =
                "a fixed port in a test; bind port 0, or say why on the line or above: `// port: reason`";
            findings.push(file.finding(number + 1, message));
        }
        above = line;
    }
    findings
}

fn names_a_port(line: &str) -> bool {
    let digit = |rest: &str| rest.starts_with(|c: char| ('1'..='9').contains(&c));
    LOCAL.iter().any(|host| line.match_indices(host).any(|(at, _)| digit(&line[at + host.len()..])))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes port 9000, written so that this file itself has no such address.
    const FIXED: &str = concat!("let a = TcpListener::bind(\"127.0.0.1:", "9000\");");

    fn findings(path: &str, text: &str) -> usize {
        check(&RustFile::parse(path, text).ok().unwrap()).len()
    }

    #[test]
    fn fixed_ports_are_found_in_tests_alone() {
        let body = format!("fn f() {{\n{FIXED}\n}}");
        assert_eq!(findings("tests/it/main.rs", &body), 1);
        assert_eq!(findings("stress/src/plan/mod.rs", &body), 0);
        assert_eq!(findings("stress/src/plan/mod.rs", &format!("#[cfg(test)]\nmod tests {{\n{body}\n}}")), 1);
    }

    #[test]
    fn port_0_reasons_and_addresses_to_parse_pass() {
        for body in [
            "bind(\"127.0.0.1:0\"); // TcpListener".to_owned(),
            format!("{FIXED} // port: no server listens on it"),
            format!("// port: as above\n{FIXED}"),
        ] {
            assert_eq!(findings("tests/it/main.rs", &format!("fn f() {{\n{body}\n}}")), 0, "{body}");
        }
        let parses = FIXED.replace("TcpListener", "Address");
        assert_eq!(
            findings("stress/src/plan/mod.rs", &format!("#[cfg(test)] mod t {{ fn f() {{ {parses} }} }}")),
            0
        );
    }
}

//! Rule: the crates of the workspace know each other only along the agreed edges, and all inherit its lints.

use super::source::Finding;

/// A member, and the members that it may depend on.
struct Member {
    name: &'static str,
    uses: &'static [&'static str],
    /// Only for its tests.
    tests_use: &'static [&'static str],
}

const MEMBERS: &[Member] = &[
    Member { name: "stress", uses: &[], tests_use: &["tests"] },
    Member { name: "mock-publisher", uses: &[], tests_use: &[] },
    Member { name: "mock-aggregator", uses: &["mock-publisher"], tests_use: &[] },
    Member { name: "tests", uses: &["stress", "mock-publisher", "mock-aggregator"], tests_use: &[] },
    Member { name: "xtask", uses: &[], tests_use: &[] },
];

/// Edges that are not agreed and lints that are not inherited, in the manifest at `path`.
pub(crate) fn check(path: &str, text: &str) -> Vec<Finding> {
    let Some((folder, "Cargo.toml")) = path.rsplit_once('/') else { return Vec::new() };
    let Some(member) = MEMBERS.iter().find(|member| member.name == folder) else {
        let what = "a member that nobody knows; give it a line in the table of xtask/src/tidy/manifests.rs";
        return vec![Finding::new(path, 1, what)];
    };
    let mut findings = Vec::new();
    let mut inherits_lints = false;
    for entry in entries(text) {
        inherits_lints |= entry.section == "lints" && without_blanks(entry.text) == "workspace=true";
        let Some((for_tests, name)) = dependency(&entry) else { continue };
        let allowed = member.uses.contains(&name) || for_tests && member.tests_use.contains(&name);
        if !allowed && MEMBERS.iter().any(|member| member.name == name) {
            let what = format!(
                "`{folder}` may not depend on `{name}`; see the table in xtask/src/tidy/manifests.rs"
            );
            findings.push(Finding::new(path, entry.line, what));
        }
    }
    if !inherits_lints {
        findings.push(Finding::new(
            path,
            1,
            "does not inherit the workspace's lints; add `[lints]` with `workspace = true`",
        ));
    }
    findings
}

/// A line of a manifest below its section's header, or the header itself with no text.
struct Entry<'a> {
    line: usize,
    section: &'a str,
    text: &'a str,
}

fn entries(text: &str) -> Vec<Entry<'_>> {
    let mut section = "";
    let mut all = Vec::new();
    for (number, raw) in text.lines().enumerate() {
        let text = raw.split_once('#').map_or(raw, |(before, _)| before).trim();
        let header = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
        section = header.map_or(section, str::trim);
        all.push(Entry { line: number + 1, section, text: if header.is_some() { "" } else { text } });
    }
    all
}

fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The package that an entry depends on, and whether only tests do.
fn dependency<'a>(entry: &Entry<'a>) -> Option<(bool, &'a str)> {
    let section = entry.section;
    let (table, named) = match section.rsplit_once("dependencies.") {
        Some((before, name)) => (before, Some(name)),
        None => (section.strip_suffix("dependencies")?, None),
    };
    let for_tests = table.ends_with("dev-");
    let renamed = entry.text.split_once("package").and_then(|(_, after)| after.split('"').nth(1));
    let written = match named {
        Some(name) => entry.text.is_empty().then_some(name),
        None => entry.text.split(['=', '.']).next(),
    };
    let name = renamed.or(written)?.trim().trim_matches('"');
    (!name.is_empty()).then_some((for_tests, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINTS: &str = "[lints]\nworkspace = true\n";

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(path, &format!("{LINTS}{text}")).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn edges_that_are_not_agreed_are_found() {
        for (path, text, line) in [
            ("stress/Cargo.toml", "[dependencies]\nmock-publisher.workspace = true", 4),
            ("stress/Cargo.toml", "[dependencies]\ntests = { path = \"../tests\" }", 4),
            ("stress/Cargo.toml", "[dev-dependencies]\nmock-publisher.workspace = true", 4),
            ("stress/Cargo.toml", "[dependencies.mock-publisher]\npath = \"../mock-publisher\"", 3),
            ("stress/Cargo.toml", "[target.'cfg(unix)'.dependencies]\nmock-aggregator = \"1\"", 4),
            (
                "stress/Cargo.toml",
                "[build-dependencies]\nm = { package = \"mock-publisher\", path = \"x\" }",
                4,
            ),
            ("mock-publisher/Cargo.toml", "[dependencies]\nmock-aggregator.workspace = true", 4),
            ("mock-aggregator/Cargo.toml", "[dev-dependencies]\nstress.workspace = true", 4),
            ("xtask/Cargo.toml", "[dependencies]\nstress.workspace = true", 4),
        ] {
            let found = findings(path, text);
            assert!(
                found.len() == 1 && found[0].starts_with(&format!("{path}:{line}: ")),
                "{path}: {text}: {found:?}"
            );
        }
    }

    #[test]
    fn agreed_edges_pass() {
        for (path, text) in [
            (
                "stress/Cargo.toml",
                "[dependencies]\nserde.workspace = true\n[dev-dependencies]\ntests.workspace = true",
            ),
            ("mock-aggregator/Cargo.toml", "[dependencies]\nmock-publisher.workspace = true # the store"),
            ("tests/Cargo.toml", "[dependencies]\nstress.workspace = true\nmock-publisher.workspace = true"),
            ("xtask/Cargo.toml", "[dependencies]\n# stress = \"1\"\nclap.workspace = true"),
            ("Cargo.toml", "[workspace.dependencies]\nstress = { path = \"stress\" }"),
        ] {
            assert_eq!(findings(path, text), Vec::<String>::new(), "{path}: {text}");
        }
    }

    #[test]
    fn lints_are_inherited_by_members_that_are_known() {
        assert!(
            check("xtask/Cargo.toml", "[package]\nname = \"xtask\"")[0]
                .to_string()
                .contains("does not inherit")
        );
        assert!(check("xtask/Cargo.toml", "[lints]\nworkspace=true").is_empty());
        assert!(check("attic/Cargo.toml", LINTS)[0].to_string().contains("nobody knows"));
    }
}

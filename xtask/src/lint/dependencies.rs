//! Rule: members of the workspace depend on each other only along the agreed edges, and inherit its lints.

use toml::{Table, Value};

use super::finding::Finding;

/// A member and the members that it may depend on.
struct Member {
    name: &'static str,
    uses: &'static [&'static str],
    dev_uses: &'static [&'static str],
}

const MEMBERS: &[Member] = &[
    Member { name: "stress", uses: &[], dev_uses: &["tests"] },
    Member { name: "mock-publisher", uses: &[], dev_uses: &[] },
    Member { name: "mock-aggregator", uses: &["mock-publisher"], dev_uses: &[] },
    Member { name: "tests", uses: &["stress", "mock-publisher", "mock-aggregator"], dev_uses: &[] },
    Member { name: "xtask", uses: &[], dev_uses: &[] },
];

/// Violations in the manifest at `path` of a member.
pub(crate) fn check(path: &str, text: &str) -> Vec<Finding> {
    let name = path.strip_suffix("/Cargo.toml").unwrap_or(path);
    let finding = |message: String| Finding::new(path, 1, message);
    let Some(member) = MEMBERS.iter().find(|member| member.name == name) else {
        return vec![finding(format!("`{name}` is not in the table of xtask/src/lint/dependencies.rs"))];
    };
    let manifest: Table = match toml::from_str(text) {
        Ok(manifest) => manifest,
        Err(error) => return vec![finding(format!("is not TOML: {}", error.message()))],
    };
    let mut findings = Vec::new();
    for (package, dev) in dependencies(&manifest) {
        let allowed = member.uses.contains(&package) || dev && member.dev_uses.contains(&package);
        if !allowed && MEMBERS.iter().any(|member| member.name == package) {
            let message = format!("`{name}` may not depend on `{package}`");
            findings.push(finding(format!("{message}; see the table in xtask/src/lint/dependencies.rs")));
        }
    }
    if manifest.get("lints").and_then(|lints| lints.get("workspace")) != Some(&Value::Boolean(true)) {
        let message = "does not inherit the workspace's lints; add `[lints]` with `workspace = true`";
        findings.push(finding(message.to_owned()));
    }
    findings
}

/// The packages that a manifest, or a `target` table of it, depends on, and whether only tests and benches do.
fn dependencies(manifest: &Table) -> Vec<(&str, bool)> {
    let mut found = Vec::new();
    for (section, value) in manifest {
        let Some(table) = value.as_table() else { continue };
        if section == "target" {
            found.extend(table.values().filter_map(Value::as_table).flat_map(dependencies));
        } else if section.ends_with("dependencies") {
            for (key, value) in table {
                let package = value.get("package").and_then(Value::as_str).unwrap_or(key);
                found.push((package, section == "dev-dependencies"));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        let text = format!("{text}\n[lints]\nworkspace = true\n");
        check(path, &text).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn edges_that_are_not_agreed_are_found_however_they_are_written() {
        for text in [
            "[dependencies]\nstress.workspace = true",
            "[dependencies]\nstress = { path = \"../stress\" }",
            "[dependencies.stress]\npath = \"../stress\"",
            "[dependencies]\nalias = { package = \"stress\", path = \"../stress\" }",
            "[dev-dependencies]\nstress.workspace = true",
            "[build-dependencies]\nstress.workspace = true",
            "[target.'cfg(unix)'.dependencies]\nstress.workspace = true",
        ] {
            let found = findings("mock-publisher/Cargo.toml", text);
            assert!(found.len() == 1 && found[0].contains("may not depend on `stress`"), "{text}: {found:?}");
        }
    }

    #[test]
    fn agreed_edges_pass() {
        for (path, text) in [
            ("stress/Cargo.toml", "[dev-dependencies]\ntests.workspace = true\n[dependencies]\ntoml = \"1\""),
            ("mock-aggregator/Cargo.toml", "[dependencies]\nmock-publisher.workspace = true"),
        ] {
            assert_eq!(findings(path, text), Vec::<String>::new(), "{path}");
        }
        assert_eq!(findings("stress/Cargo.toml", "[dependencies]\ntests.workspace = true").len(), 1);
    }

    #[test]
    fn lints_are_inherited_and_members_are_known() {
        assert!(check("xtask/Cargo.toml", "[package]\n")[0].to_string().contains("inherit"));
        assert!(check("new/Cargo.toml", "")[0].to_string().contains("`new` is not in the table"));
        assert!(check("xtask/Cargo.toml", "[")[0].to_string().contains("is not TOML"));
    }
}

//! Rule: the visible top level of the repository is the agreed one; everything else hides behind a dot.

use super::source::Finding;

/// What may stand at the top.
const STREET: &[&str] = &[
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

/// What running things leaves behind, and git does not see.
const LITTER: &[&str] = &["target", "stress_test_summary.json"];

/// Names at the top level that are not agreed.
pub(crate) fn check<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Finding> {
    let agreed = |name: &str| {
        name.starts_with('.') || name.ends_with(".tmp") || STREET.contains(&name) || LITTER.contains(&name)
    };
    let strangers = names.into_iter().filter(|name| !agreed(name));
    strangers
        .map(|name| Finding::new(name, 1, "stands at the top level; move it into a crate or behind a dot"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_found_and_residents_pass() {
        let found = check(["Cargo.toml", ".ci", "target", "docs", "stress", "deny.toml"]);
        let found: Vec<_> = found.iter().map(Finding::to_string).collect();
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("docs:1: ") && found[1].starts_with("deny.toml:1: "), "{found:?}");
        assert!(check(STREET.iter().copied()).is_empty());
    }
}

//! `cargo xtask tidy`: the habits of this house that a machine can hold us to.

mod crates;
mod honesty;
mod lexer;
mod manifests;
mod rooms;
mod shape;
mod source;
mod street;
mod tokens;

use std::{fs, path::Path};

use crate::{
    failure::{Context, Failure, Result},
    workspace,
};
use source::{Finding, Source};

/// Folders behind a dot that are looked into all the same.
const HIDDEN_BUT_OURS: &[&str] = &[".cargo", ".ci", ".github"];

/// The ends of the names of files that are read.
const READ: &[&str] = &[".rs", ".toml", ".md", ".yml", ".sh", "/run"];

/// Prints every finding; fails if there is one.
pub(crate) fn run() -> Result<()> {
    let (findings, files) = findings(&workspace::root())?;
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => {
            println!("tidy: {files} files, nothing to say");
            Ok(())
        }
        1 => Err(Failure::new("tidy: 1 finding")),
        n => Err(Failure::new(format!("tidy: {n} findings"))),
    }
}

/// Everything that the rules have to say about the workspace at `root`, and the number of files read.
fn findings(root: &Path) -> Result<(Vec<Finding>, usize)> {
    let mut files = Vec::new();
    read_below(root, "", &mut files)?;
    files.sort();
    let top = names(root)?;
    let mut findings = street::check(top.iter().map(String::as_str));
    for (path, text) in &files {
        findings.extend(judge(path, text));
    }
    findings.sort();
    Ok((findings, files.len()))
}

/// Everything that the rules have to say about one file.
fn judge(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = shape::check(path, text);
    if path.ends_with(".toml") {
        findings.extend(manifests::check(path, text));
    }
    if path.ends_with(".rs") {
        let source = Source::new(path, text);
        findings.extend(rooms::check(&source));
        findings.extend(crates::check(&source));
        findings.extend(honesty::check(&source));
    }
    findings
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let what = || format!("cannot read {}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).context(what())? {
        names.push(entry.context(what())?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Adds every file below `root/folder` that the rules read, as its path with slashes and its text.
fn read_below(root: &Path, folder: &str, files: &mut Vec<(String, String)>) -> Result<()> {
    for name in names(&root.join(folder))? {
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        let full = root.join(&path);
        if full.is_dir() {
            let ours = !name.starts_with('.') || HIDDEN_BUT_OURS.contains(&name.as_str());
            if ours && name != "target" {
                read_below(root, &path, files)?;
            }
        } else if READ.iter().any(|end| path.ends_with(end)) {
            let text = fs::read_to_string(&full).context(format!("cannot read {path}"))?;
            files.push((path, text));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        let (findings, files) = findings(&workspace::root()).unwrap();
        assert!(files > 20, "only {files} files were read");
        let lines: Vec<_> = findings.iter().map(Finding::to_string).collect();
        assert!(lines.is_empty(), "{}", lines.join("\n"));
    }

    #[test]
    fn every_rule_is_asked() {
        let text = "use crate::live::x;\nuse clap::Parser; \nfn f() { todo!() }\n";
        let said = judge("stress/src/plan/mod.rs", text)
            .iter()
            .map(Finding::to_string)
            .collect::<Vec<_>>()
            .join("\n");
        for what in [
            "does not say what it is for",
            "ends in blanks",
            "may not look into `live`",
            "`clap` in",
            "undone",
        ] {
            assert!(said.contains(what), "{what} is missing from\n{said}");
        }
        assert!(!judge("xtask/Cargo.toml", "[package]\n").is_empty());
    }

    #[test]
    fn the_walk_reads_what_is_ours_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        for path in ["a/src/x.rs", ".ci/run", ".git/y.rs", "target/z.rs", "a/data.json", "README.md"] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let mut files = Vec::new();
        read_below(root.path(), "", &mut files).unwrap();
        let paths: Vec<_> = files.into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, [".ci/run", "README.md", "a/src/x.rs"]);
    }
}

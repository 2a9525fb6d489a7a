//! `cargo xtask lint`: the rules of this workspace that neither rustc nor clippy checks.

mod audited;
mod cycles;
mod dependencies;
mod files;
mod finding;
mod module_tree;
mod modules;
mod ports;
mod rust_file;
mod sleeps;

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    failure::{Context, Failure, Result},
    workspace,
};
use finding::Finding;
use rust_file::RustFile;

/// Folders whose names begin with a dot and that are checked all the same.
const CHECKED_DOT_FOLDERS: &[&str] = &[".cargo", ".ci", ".github"];

/// The ends of the names of the files that are read.
const READ: &[&str] = &[".rs", ".toml", ".md", ".yml", ".sh", "/run"];

/// Prints every finding; fails if there is one.
pub(crate) fn run() -> Result<()> {
    let (findings, files) = findings(&workspace::root())?;
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => {
            println!("lint: {files} files, no findings");
            Ok(())
        }
        1 => Err(Failure::new("lint: 1 finding")),
        n => Err(Failure::new(format!("lint: {n} findings"))),
    }
}

/// The findings of all rules in the workspace at `root`, and the number of files read.
fn findings(root: &Path) -> Result<(Vec<Finding>, usize)> {
    let mut texts = Vec::new();
    read_below(root, "", &mut texts)?;
    texts.sort();
    let mut findings = files::check_top_level(&names(root)?);
    let mut rust_files = Vec::new();
    for (path, text) in &texts {
        findings.extend(files::check(path, text));
        if path.ends_with("/Cargo.toml") {
            findings.extend(dependencies::check(path, text));
        }
        if path.ends_with(".rs") {
            match RustFile::parse(path, text) {
                Ok(file) => rust_files.push(file),
                Err(finding) => findings.push(finding),
            }
        }
    }
    for file in &rust_files {
        findings.extend(modules::check(file));
        findings.extend(ports::check(file));
        findings.extend(sleeps::check(file));
        findings.extend(audited::check(file));
    }
    findings.extend(cycles::check(&rust_files));
    findings.sort();
    Ok((findings, texts.len()))
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

/// Adds the path, with slashes, and the text of every file below `root/folder` that the rules read.
fn read_below(root: &Path, folder: &str, files: &mut Vec<(String, String)>) -> Result<()> {
    for name in names(&root.join(folder))? {
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        let full: PathBuf = root.join(&path);
        if full.is_dir() {
            let checked = !name.starts_with('.') || CHECKED_DOT_FOLDERS.contains(&name.as_str());
            if checked && name != "target" {
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
    fn the_workspace_has_no_findings() {
        let (findings, files) = findings(&workspace::root()).unwrap();
        assert!(files > 20, "only {files} files were read");
        let lines: Vec<_> = findings.iter().map(Finding::to_string).collect();
        assert!(lines.is_empty(), "{}", lines.join("\n"));
    }

    #[test]
    fn every_rule_is_applied() {
        let root = tempfile::tempdir().unwrap();
        let files = [
            ("docs/a.md", "blank \n"),
            ("xtask/Cargo.toml", "[package]\n"),
            ("stress/src/plan/mod.rs", "use crate::live::x;\nuse clap::Parser;\npub mod a;\npub mod b;\n"),
            ("stress/src/plan/a.rs", "//! A.\nuse super::b::B;\npub struct A(B);\n"),
            ("stress/src/plan/b.rs", "//! B.\nuse super::a::A;\npub struct B(A);\n"),
            ("stress/src/live/mod.rs", "//! Not closed.\nfn f() {\n"),
            ("tests/it/main.rs", concat!("//! T.\nfn f() { TcpListener::bind(\"127.0.0.1:", "9000\"); }\n")),
            (".git/y.rs", ""),
            ("target/z.rs", ""),
        ];
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let (found, files) = findings(root.path()).unwrap();
        let found: Vec<_> = found.iter().map(Finding::to_string).collect();
        let found = found.join("\n");
        assert_eq!(files, 7);
        for expected in [
            "docs:1: is not one of the agreed",
            "docs/a.md:1: ends in white space",
            "xtask/Cargo.toml:1: does not inherit the workspace's lints",
            "stress/src/plan/mod.rs:1: does not begin with",
            "stress/src/plan/mod.rs:1: `plan` may not use `live`",
            "stress/src/plan/mod.rs:2: `clap` in `plan`",
            "stress/src/plan/a.rs:1: is part of a circle",
            "stress/src/live/mod.rs:2: cannot be parsed",
            "tests/it/main.rs:2: a fixed port",
        ] {
            assert!(found.contains(expected), "{expected} is missing from\n{found}");
        }
    }
}

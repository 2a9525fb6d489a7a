//! Rule: data flows one way through the modules of `stress`, and each outside crate is used in its module alone.

use super::{finding::Finding, rust_file::RustFile};

/// A module of `stress` and what it may use.
struct Module {
    name: &'static str,
    /// Other modules of `stress`.
    uses: &'static [&'static str],
}

/// In reading order; each uses only modules above it.
const MODULES: &[Module] = &[
    Module { name: "units", uses: &[] },
    Module { name: "plan", uses: &["units"] },
    Module { name: "error", uses: &["plan"] },
    Module { name: "sample", uses: &["plan"] },
    Module { name: "blob", uses: &["plan", "sample"] },
    Module { name: "client", uses: &["units", "plan", "error", "sample", "blob"] },
    Module { name: "metrics", uses: &["plan", "sample"] },
    Module { name: "engine", uses: &["units", "plan", "error", "sample", "blob", "client", "metrics"] },
    Module { name: "report", uses: &["units", "plan", "error", "sample", "metrics"] },
    Module { name: "export", uses: &["units", "plan", "error", "sample", "metrics", "report"] },
    Module { name: "live", uses: &["units", "plan", "sample", "metrics", "export"] },
    Module {
        name: "cli",
        uses: &[
            "units", "plan", "error", "sample", "blob", "client", "metrics", "engine", "report", "export",
            "live",
        ],
    },
];

/// Compiled for tests alone: what it names is not checked, and every module may use it in its tests.
const TEST_SUPPORT: &str = "fixtures";

/// Crates, or types of the standard library, and the modules of `stress` that may name them.
struct Home {
    names: &'static [&'static str],
    modules: &'static [&'static str],
    reason: &'static str,
}

const HOMES: &[Home] = &[
    Home { names: &["clap"], modules: &["cli", "main"], reason: "the command line is parsed in `cli`" },
    Home {
        names: &["http", "http_body", "http_body_util", "httparse", "reqwest"],
        modules: &["client"],
        reason: "only `client` speaks HTTP",
    },
    Home {
        names: &["hyper", "hyper_util"],
        modules: &["live"],
        reason: "`live` answers scrapes; requests are sent by `client`, which has a connection of its own",
    },
    Home { names: &["indicatif"], modules: &["live"], reason: "progress is drawn in `live`" },
    Home {
        names: &["tokio", "tokio_util"],
        modules: &["engine", "client", "live", "cli", "main"],
        reason: "the functions of this module are not async",
    },
    Home {
        names: &["Instant"],
        modules: &["sample", "blob", "client", "metrics", "engine", "report", "export", "live", "cli"],
        reason: "a plan is a pure value; take the time as a parameter",
    },
    Home {
        names: &["SystemTime"],
        modules: &["engine", "report", "cli"],
        reason: "wall time is for people and can be set back; measure with `Instant`",
    },
];

/// Files of the other crates that may use clap, by the end of their path.
const CLAP_FILES: &[&str] = &["/main.rs", "/args.rs", "/cli.rs"];

/// Uses of modules and crates that the tables do not allow.
pub(crate) fn check(file: &RustFile) -> Vec<Finding> {
    let Some(inside) = file.path.strip_prefix("stress/src/") else { return elsewhere(file) };
    let first = inside.split('/').next().unwrap_or(inside);
    let name = first.trim_end_matches(".rs");
    if name == TEST_SUPPORT {
        return Vec::new();
    }
    let mut findings = crates(file, name);
    if name == "main" || name == "lib" {
        return findings;
    }
    let Some(module) = MODULES.iter().find(|module| module.name == name) else {
        findings.push(file.finding(1, format!("`{name}` is not in the table of xtask/src/lint/modules.rs")));
        return findings;
    };
    let depth = inside.trim_end_matches(".rs").split('/').filter(|part| *part != "mod").count();
    for (place, path) in file.paths() {
        let supers = path.iter().take_while(|segment| *segment == "super").count();
        let from_root = match path.first().map(String::as_str) {
            Some("crate" | "$crate") => &path[1..],
            Some("super") if supers == depth + place.inside.len() => &path[supers..],
            _ => continue,
        };
        let used = from_root.first().map_or("*", String::as_str);
        let in_test = place.in_test || file.is_test_line(place.line);
        if used == TEST_SUPPORT && in_test {
            continue;
        }
        if used != name && !module.uses.contains(&used) {
            let allowed = match module.uses {
                [] => "no other module".to_owned(),
                uses => format!("only {}", uses.join(", ")),
            };
            let message =
                format!("`{name}` may not use `{used}`, {allowed}; move the code or pass the value in");
            findings.push(file.finding(place.line, message));
        }
    }
    findings
}

fn crates(file: &RustFile, module: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (place, path) in file.paths() {
        for home in HOMES.iter().filter(|home| !home.modules.contains(&module)) {
            let first = path.first().is_some_and(|first| home.names.contains(&first.as_str()));
            let standard = path.iter().any(|segment| {
                home.names.contains(&segment.as_str()) && segment.starts_with(|c: char| c.is_uppercase())
            });
            if first && path.len() > 1 || standard {
                let modules = home.modules.join(", ");
                let name = path.iter().find(|segment| home.names.contains(&segment.as_str()));
                let name = name.map_or("", String::as_str);
                let message = format!("`{name}` in `{module}`: {}; use it in {modules} only", home.reason);
                findings.push(file.finding(place.line, message));
            }
        }
    }
    findings
}

/// In the other crates, clap stays in the files that are for arguments.
fn elsewhere(file: &RustFile) -> Vec<Finding> {
    let allowed = CLAP_FILES.iter().any(|end| file.path.ends_with(end));
    let clap = |path: &[String]| !allowed && path.len() > 1 && path[0] == "clap";
    let misplaced = file.paths().filter(|(_, path)| clap(path));
    let message = "`clap` stays in main.rs, args.rs and cli.rs; move the arguments there";
    misplaced.map(|(place, _)| file.finding(place.line, message)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(&RustFile::parse(path, text).ok().unwrap()).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn every_way_to_name_a_module_is_checked() {
        for text in [
            "use crate::engine::run;",
            "use crate::engine;",
            "use crate::{plan::Plan, engine::{clock, run}};",
            "fn f() { crate::engine::run() }",
            "use super::engine;",
            "mod tests { use super::super::engine; }",
            "use super::{metrics, engine as e};",
            "macro_rules! m { () => { $crate::engine::run() } }",
            "pub use crate::engine;",
        ] {
            let found = findings("stress/src/report/mod.rs", text);
            let expected = |finding: &String| finding.contains("may not use `engine`");
            assert!(!found.is_empty() && found.iter().all(expected), "{text}: {found:?}");
        }
        assert_eq!(findings("stress/src/report/deep/er.rs", "use super::super::super::engine;").len(), 1);
        let found = findings("stress/src/plan/load.rs", "use crate::sample::Sample;");
        assert!(found[0].contains("`plan` may not use `sample`, only units"), "{found:?}");
    }

    #[test]
    fn what_the_table_allows_passes() {
        for (path, text) in [
            (
                "stress/src/report/mod.rs",
                "use crate::{plan::Plan, metrics::{self, Recording}, sample::*, error::Error};",
            ),
            (
                "stress/src/report/summary.rs",
                "use super::Report; use super::super::metrics; use crate::report::x;",
            ),
            ("stress/src/report/mod.rs", "// crate::engine\nconst S: &str = \"crate::engine::run\";"),
            ("stress/src/cli/run.rs", "use crate::{engine, live, export, client::Client};"),
            ("stress/src/report/mod.rs", "#[cfg(test)] mod tests { use crate::fixtures::report; }"),
            ("stress/src/main.rs", "use stress::cli;"),
            ("mock-publisher/src/lib.rs", "use crate::engine;"),
        ] {
            assert_eq!(findings(path, text), Vec::<String>::new(), "{path}: {text}");
        }
    }

    #[test]
    fn a_module_outside_the_table_is_found() {
        assert!(findings("stress/src/attic/mod.rs", "")[0].contains("`attic` is not in the table"));
        assert!(
            findings("stress/src/cli/run.rs", "use crate::fixtures::x;")[0]
                .contains("may not use `fixtures`")
        );
        assert!(findings("stress/src/cli/run.rs", "use crate::*;")[0].contains("may not use `*`"));
        assert!(findings("stress/src/cli/run.rs", "use crate::Plan;")[0].contains("may not use `Plan`"));
    }

    #[test]
    fn a_crate_outside_its_modules_is_found() {
        for (path, text, what) in [
            ("stress/src/plan/mod.rs", "use clap::Parser;", "`clap` in `plan`"),
            ("stress/src/plan/mod.rs", "#[derive(clap::ValueEnum)] enum E {}", "`clap` in `plan`"),
            ("stress/src/engine/run.rs", "use hyper::body::Bytes;", "`hyper` in `engine`"),
            ("stress/src/cli/run.rs", "use ::http::Uri;", "`http` in `cli`"),
            ("stress/src/live/mod.rs", "fn f() { reqwest::get() }", "`reqwest` in `live`"),
            ("stress/src/cli/run.rs", "use indicatif::ProgressBar;", "`indicatif` in `cli`"),
            ("stress/src/metrics/mod.rs", "#[tokio::test] async fn t() {}", "`tokio` in `metrics`"),
            ("stress/src/plan/load.rs", "fn f() { std::time::Instant::now() }", "a plan is a pure value"),
            (
                "stress/src/client/mod.rs",
                "fn f() { std::time::SystemTime::now() }",
                "wall time is for people",
            ),
            ("mock-publisher/src/fault.rs", "use clap::ValueEnum;", "main.rs, args.rs and cli.rs"),
        ] {
            let found = findings(path, text);
            assert!(!found.is_empty() && found.iter().all(|f| f.contains(what)), "{path}: {text}: {found:?}");
        }
    }

    #[test]
    fn a_crate_in_its_module_passes() {
        for (path, text) in [
            ("stress/src/cli/args.rs", "use clap::Parser;"),
            ("stress/src/client/mod.rs", "use http::HeaderMap; use tokio::net::TcpStream;"),
            ("stress/src/live/progress.rs", "use indicatif::ProgressBar;"),
            ("stress/src/engine/clock.rs", "fn f() { std::time::Instant::now(); tokio::spawn(f) }"),
            ("stress/src/cli/run.rs", "use std::time::SystemTime;"),
            (
                "stress/src/plan/mod.rs",
                "// clap::Parser\nuse std::time::Duration; fn f() { x.http; a::clap::b() }",
            ),
            ("mock-publisher/src/args.rs", "use clap::Parser;"),
            ("mock-publisher/src/lib.rs", "use http::StatusCode; fn g() { tokio::spawn(f) }"),
        ] {
            assert_eq!(findings(path, text), Vec::<String>::new(), "{path}: {text}");
        }
    }
}

//! Rule: each outside crate has one home (HTTP in `walrus`, the command line in `cli`), `plan` has no clock, and
//! nothing is measured by wall time.

use super::{
    rooms::room_of,
    source::{Finding, Source},
    tokens::PathUse,
};

/// Where in `stress` a crate may be used.
enum Home {
    Only(&'static [&'static str]),
    AllBut(&'static [&'static str]),
}

/// Crates with the same home, and why it is theirs.
struct Rule {
    crates: &'static [&'static str],
    home: Home,
    why: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        crates: &["clap"],
        home: Home::Only(&["cli", "main"]),
        why: "the command line is parsed at the front door",
    },
    Rule {
        crates: &["http", "http_body", "http_body_util", "httparse", "reqwest"],
        home: Home::Only(&["client"]),
        why: "only `walrus` knows HTTP",
    },
    // A window may be one that a scraper looks through: it answers, and never asks.
    Rule {
        crates: &["hyper", "hyper_util"],
        home: Home::Only(&["client", "live"]),
        why: "`walrus` asks over HTTP and `live` answers; nobody else knows it",
    },
    Rule { crates: &["indicatif"], home: Home::Only(&["live"]), why: "progress is shown by `live` alone" },
    Rule {
        crates: &["tokio", "tokio_util"],
        home: Home::AllBut(&["plan", "sample", "blob", "metrics", "report", "export"]),
        why: "this room waits for nothing; its functions are pure or plain",
    },
];

/// Uses of crates away from their home, and of a clock in `plan`.
pub(crate) fn check(source: &Source<'_>) -> Vec<Finding> {
    let paths = source.paths();
    let Some(room) = room_of(source.path) else { return elsewhere(source, &paths) };
    let mut findings = Vec::new();
    for path in &paths {
        for rule in RULES.iter().filter(|rule| rule.crates.contains(&path.segments[0].as_str())) {
            let (at_home, home) = match rule.home {
                Home::Only(rooms) => {
                    (rooms.contains(&room), format!("use it in {} only", rooms.join(" and ")))
                }
                Home::AllBut(rooms) => {
                    (!rooms.contains(&room), "use it in `engine`, `walrus`, `live` or `cli`".to_owned())
                }
            };
            if !at_home {
                let name = &path.segments[0];
                findings
                    .push(source.finding(path.line, format!("`{name}` in `{room}`: {}; {home}", rule.why)));
            }
        }
        if room == "plan" && (reads_the_clock(path) || names_wall_time(path)) {
            findings.push(source.finding(path.line, "`plan` knows no clock; take the time as a parameter"));
        } else if !may_name_wall_time(room, source.path) && names_wall_time(path) {
            let what = "wall time is for people and may be set back; measure with `Instant`";
            findings.push(source.finding(path.line, what));
        }
    }
    findings
}

/// In the other crates, clap stays in the files that say so by name.
fn elsewhere(source: &Source<'_>, paths: &[PathUse]) -> Vec<Finding> {
    let door = ["/main.rs", "/args.rs", "/door.rs"].iter().any(|file| source.path.ends_with(file));
    let misplaced = paths.iter().filter(|path| !door && path.segments[0] == "clap");
    misplaced
        .map(|path| {
            source
                .finding(path.line, "`clap` stays in main.rs, args.rs and door.rs; move the arguments there")
        })
        .collect()
}

fn reads_the_clock(path: &PathUse) -> bool {
    path.segments.ends_with(&["Instant".to_owned(), "now".to_owned()])
}

/// Reports are dated, and one file of the engine watches whether wall time was set while the run went on.
fn may_name_wall_time(room: &str, path: &str) -> bool {
    ["cli", "report"].contains(&room) || path == "stress/src/engine/effort.rs"
}

fn names_wall_time(path: &PathUse) -> bool {
    path.segments.iter().any(|segment| segment == "SystemTime")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(&Source::new(path, text)).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn a_crate_away_from_home_is_found() {
        for (path, text, what) in [
            ("stress/src/plan/mod.rs", "use clap::Parser;", "`clap` in `plan`"),
            ("stress/src/plan/mod.rs", "#[derive(clap::ValueEnum)] enum E {}", "`clap` in `plan`"),
            ("stress/src/engine/run.rs", "use hyper::body::Bytes;", "`hyper` in `engine`"),
            ("stress/src/cli/run.rs", "use ::http as h;", "`http` in `cli`"),
            ("stress/src/live/mod.rs", "fn f() { reqwest::get() }", "`reqwest` in `live`"),
            ("stress/src/cli/run.rs", "use indicatif::ProgressBar;", "`indicatif` in `cli`"),
            ("stress/src/record/mod.rs", "#[tokio::test] async fn t() {}", "`tokio` in `record`"),
            ("stress/src/plan/load.rs", "let t = std::time::Instant::now();", "`plan` knows no clock"),
            ("stress/src/plan/load.rs", "use std::time::{Duration, SystemTime};", "`plan` knows no clock"),
            ("stress/src/engine/clock.rs", "use std::time::SystemTime;", "wall time is for people"),
            ("stress/src/walrus/client.rs", "std::time::SystemTime::now()", "wall time is for people"),
            ("mock-publisher/src/fault.rs", "use clap::ValueEnum;", "main.rs, args.rs and door.rs"),
        ] {
            let found = findings(path, text);
            assert!(found.len() == 1 && found[0].contains(what), "{path}: {text}: {found:?}");
        }
    }

    #[test]
    fn a_crate_at_home_passes() {
        for (path, text) in [
            ("stress/src/cli/args.rs", "use clap::Parser;"),
            ("stress/src/walrus/mod.rs", "use hyper::Request; use tokio::net::TcpStream;"),
            ("stress/src/live/progress.rs", "use indicatif::ProgressBar;"),
            ("stress/src/live/scrape.rs", "use hyper::Response; use hyper_util::rt::TokioIo;"),
            ("stress/src/engine/clock.rs", "std::time::Instant::now(); tokio::spawn(f)"),
            ("stress/src/cli/run.rs", "use std::time::SystemTime;"),
            ("stress/src/plan/mod.rs", "// clap::Parser\nuse std::time::Duration; x.http; a::clap::b()"),
            ("mock-publisher/src/args.rs", "use clap::Parser;"),
            ("mock-publisher/src/lib.rs", "use http::StatusCode; tokio::spawn(f)"),
        ] {
            assert_eq!(findings(path, text), Vec::<String>::new(), "{path}: {text}");
        }
    }
}

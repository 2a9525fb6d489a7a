//! Rule: data flows one way through the rooms of `stress`, so each room looks only into those that come before it.

use super::{
    source::{Finding, Source},
    tokens::PathUse,
};

/// A room and the rooms that it may use besides itself.
struct Room {
    name: &'static str,
    may_use: &'static [&'static str],
}

/// The rooms in reading order; each uses only rooms above it.
const ROOMS: &[Room] = &[
    Room { name: "units", may_use: &[] },
    Room { name: "plan", may_use: &["units"] },
    Room { name: "error", may_use: &["plan"] },
    Room { name: "sample", may_use: &["plan"] },
    Room { name: "blob", may_use: &["plan", "sample"] },
    Room { name: "client", may_use: &["plan", "error", "sample", "blob"] },
    Room { name: "metrics", may_use: &["plan", "sample"] },
    Room { name: "engine", may_use: &["plan", "sample", "blob", "client", "metrics", "error"] },
    Room { name: "report", may_use: &["units", "plan", "error", "sample", "metrics"] },
    Room { name: "export", may_use: &["units", "plan", "error", "sample", "metrics", "report"] },
    Room { name: "live", may_use: &["units", "plan", "sample", "metrics", "export"] },
    Room {
        name: "cli",
        may_use: &[
            "units", "plan", "error", "sample", "blob", "client", "metrics", "engine", "report", "export",
            "live",
        ],
    },
];

/// The room of a file of `stress`: the first part of its module path. `main` and `lib` are the door and the map.
pub(crate) fn room_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("stress/src/")?;
    let first = inside.split('/').next()?;
    Some(first.strip_suffix(".rs").unwrap_or(first))
}

/// Paths into a room that this file's room may not use.
pub(crate) fn check(source: &Source<'_>) -> Vec<Finding> {
    let Some(name) = room_of(source.path) else { return Vec::new() };
    if name == "main" || name == "lib" {
        return Vec::new();
    }
    let Some(room) = ROOMS.iter().find(|room| room.name == name) else {
        let what = format!(
            "`{name}` is a room that nobody knows; give it a line in the table of xtask/src/tidy/rooms.rs"
        );
        return vec![source.finding(1, what)];
    };
    let file = module_of(source.path);
    let judge = |path: &PathUse| {
        let target = target(&file, path)?;
        verdict(room, &target).map(|what| source.finding(path.line, what))
    };
    source.paths().iter().filter_map(judge).collect()
}

/// What is wrong when `room` uses `target`.
fn verdict(room: &Room, target: &str) -> Option<String> {
    let name = room.name;
    if target == name || room.may_use.contains(&target) {
        None
    } else if ROOMS.iter().any(|room| room.name == target) {
        let allowed =
            if room.may_use.is_empty() { "no other room".to_owned() } else { room.may_use.join(", ") };
        Some(format!(
            "`{name}` may not look into `{target}`, only into {allowed}; move the code or hand the data in"
        ))
    } else {
        Some(format!("`{target}` of the crate root is no room; name the room that the item lives in"))
    }
}

/// The module path of a file below `stress/src`.
fn module_of(path: &str) -> Vec<String> {
    let inside = path.strip_prefix("stress/src/").unwrap_or(path);
    let mut parts: Vec<String> = inside.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

/// The item of the crate root that a path starts from; none for paths into other crates and into what is nearby.
fn target(file: &[String], path: &PathUse) -> Option<String> {
    let mut segments = path.segments.iter().map(String::as_str).peekable();
    let mut base: Vec<&str> = file.iter().chain(&path.modules).map(String::as_str).collect();
    match segments.next()? {
        "crate" => base.clear(),
        "super" => drop(base.pop()),
        "self" if segments.peek() == Some(&"super") => {}
        _ => return None,
    }
    while segments.next_if_eq(&"super").is_some() {
        base.pop();
    }
    let first = base.first().copied().or_else(|| segments.next());
    first.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(&Source::new(path, text)).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn the_table_has_one_direction() {
        for (at, room) in ROOMS.iter().enumerate() {
            for used in room.may_use {
                assert!(ROOMS[..at].iter().any(|above| above.name == *used), "{} uses {used}", room.name);
            }
        }
    }

    #[test]
    fn every_way_of_looking_into_a_forbidden_room_is_seen() {
        for text in [
            "use crate::engine::run;",
            "use crate::engine;",
            "use crate::{plan::Plan, engine::{clock, run}};",
            "fn f() { crate::engine::run() }",
            "use super::engine;",
            "mod tests { use super::super::engine; }",
            "use super::{record, engine as e};",
            "use self::super::engine;",
            "macro_rules! m { () => { $crate::engine::run() } }",
            "pub use crate :: engine;",
        ] {
            let found = findings("stress/src/report/mod.rs", text);
            assert!(
                !found.is_empty() && found.iter().all(|f| f.contains("may not look into `engine`")),
                "{text}: {found:?}"
            );
        }
        assert_eq!(findings("stress/src/report/deep/er.rs", "use super::super::super::engine;").len(), 1);
        assert_eq!(
            findings("stress/src/sample.rs", "\nuse super::walrus;"),
            [
                "stress/src/sample.rs:2: `sample` may not look into `walrus`, only into plan; move the code or hand the data in"
            ]
        );
        assert!(
            findings("stress/src/plan/load.rs", "use crate::sample::Sample;")[0].contains("only into units")
        );
    }

    #[test]
    fn what_the_table_allows_passes() {
        for (path, text) in [
            (
                "stress/src/report/mod.rs",
                "use crate::{plan::Plan, record::{self, Recording}, sample::*, error::Error};",
            ),
            (
                "stress/src/report/summary.rs",
                "use super::Report; use super::super::record; use crate::report::trust;",
            ),
            ("stress/src/report/summary.rs", "mod tests { use super::super::*; use super::engine; }"),
            (
                "stress/src/report/mod.rs",
                "// crate::engine\nlet s = \"crate::engine::run\"; /* super::engine */",
            ),
            ("stress/src/report/mod.rs", "use tokio::engine; use engine_room::x; self::engine::x();"),
            ("stress/src/cli/run.rs", "use crate::{engine, live, export, walrus::Client};"),
            ("stress/src/main.rs", "use stress::cli;"),
            ("mock-publisher/src/lib.rs", "use crate::engine;"),
        ] {
            assert_eq!(findings(path, text), Vec::<String>::new(), "{path}: {text}");
        }
    }

    #[test]
    fn a_new_room_and_a_root_item_are_asked_for_their_place() {
        assert!(findings("stress/src/attic/mod.rs", "")[0].contains("`attic` is a room that nobody knows"));
        assert!(findings("stress/src/cli/run.rs", "use crate::*;")[0].contains("is no room"));
        assert!(
            findings("stress/src/cli/run.rs", "use crate::Plan;")[0]
                .contains("`Plan` of the crate root is no room")
        );
    }
}

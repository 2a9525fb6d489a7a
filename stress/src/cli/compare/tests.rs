//! Results of comparisons of files: documents and exit codes.

use std::{fs, path::Path};

use clap::Parser;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::{
    cli::args::{Args, Command},
    fixtures,
    plan::journey::Step,
    report::Report,
    sample::{FailureClass, Outcome, StoredKind},
};

/// A report of first downloads, 20 a second for 35 s, each of which takes about as many milliseconds as given.
fn write(dir: &Path, name: &str, milliseconds: u64) {
    let sample = |index: u64| {
        let jitter = index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
        fixtures::sample(
            index,
            Step::FIRST,
            index * 50,
            milliseconds + milliseconds * jitter / 1024,
            Outcome::Read,
        )
    };
    let samples: Vec<_> = (0..700).map(sample).collect();
    let mut report = Vec::new();
    fixtures::report(700, &samples).save(&mut report).unwrap();
    fs::write(dir.join(name), report).unwrap();
}

/// Runs `walrus-stress compare` with these words, where files are in `dir`; gives the exit code and the document.
fn compared(dir: &TempDir, words: &str) -> (Result<Exit, String>, String) {
    let out = dir.path().join("out");
    let words = words.split(' ').map(|word| match word.strip_suffix(".json") {
        Some(_) => dir.path().join(word).display().to_string(),
        None => word.to_owned(),
    });
    let line = ["walrus-stress", "compare", "--color", "never", "-o"].map(str::to_owned);
    let args =
        Args::try_parse_from(line.into_iter().chain([out.display().to_string()]).chain(words)).unwrap();
    let Command::Compare(args) = args.command else { panic!("another command") };
    let exit = compare(&args).map_err(|error| error.to_string());
    (exit, fs::read_to_string(out).unwrap_or_default())
}

fn dir() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, milliseconds) in [("a.json", 100), ("b.json", 101), ("slow.json", 130)] {
        write(dir.path(), name, milliseconds);
    }
    dir
}

#[test]
fn a_regression_is_exit_code_1_and_a_change_for_the_better_is_none() {
    let dir = dir();
    assert_eq!(compared(&dir, "a.json slow.json").0, Ok(Exit::Failure));
    assert_eq!(compared(&dir, "slow.json a.json").0, Ok(Exit::Success));
    assert_eq!(compared(&dir, "a.json b.json").0, Ok(Exit::Success), "1 % is not relevant");
    // Limits decide where there are some.
    assert_eq!(compared(&dir, "a.json slow.json --fail-if first.p95>+40%").0, Ok(Exit::Success));
    assert_eq!(compared(&dir, "a.json slow.json --fail-if first.p95>+20%").0, Ok(Exit::Failure));
    assert_eq!(compared(&dir, "a.json slow.json --fail-if first.p99>+20%").0, Ok(Exit::Failure));
}

/// A report of uploads within 20 s, of which some failed.
fn write_failing(dir: &Path, name: &str, failed: u64, all: u64) {
    let sample = |index: u64| {
        let outcome = match index < failed {
            true => fixtures::failed(FailureClass::Shed, Some(429), None, "full"),
            false => fixtures::stored(index, StoredKind::New),
        };
        fixtures::sample(index, Step::Upload, index * 19_000 / all, 500, outcome)
    };
    let samples: Vec<_> = (0..all).map(sample).collect();
    let mut report = Vec::new();
    fixtures::report(all, &samples).save(&mut report).unwrap();
    fs::write(dir.join(name), report).unwrap();
}

#[test]
fn failures_decide_from_any_length_and_what_nothing_decides_is_exit_code_4() {
    let dir = dir();
    for (name, failed, all) in [("none.json", 0, 120), ("many.json", 65, 210), ("again.json", 0, 210)] {
        write_failing(dir.path(), name, failed, all);
    }
    let (exit, screen) = compared(&dir, "none.json many.json");
    assert_eq!(exit, Ok(Exit::Failure));
    assert!(screen.starts_with("worse: upload failures\n"), "{screen}");
    assert_eq!(compared(&dir, "many.json none.json").0, Ok(Exit::Success));
    let (exit, screen) = compared(&dir, "none.json again.json");
    assert_eq!(exit, Ok(Exit::Undecided));
    assert!(screen.starts_with("not enough data to compare\n"), "{screen}");
    let (_, json) = compared(&dir, "none.json again.json --format json");
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["undecided"], json!(true));
    let limit = "none.json many.json --fail-if upload.failures>+5%";
    assert_eq!(compared(&dir, limit).0, Ok(Exit::Failure));
}

#[test]
fn every_format_has_the_same_result() {
    let dir = dir();
    let (_, json) = compared(&dir, "a.json slow.json --format json --fail-if first.p50>+10%");
    let document: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&document["schema"], &document["regressed"]),
        (&json!("walrus-stress/compare/1"), &json!(true))
    );
    let p50 = &document["numbers"][0];
    assert_eq!(
        (&p50["number"], &p50["unit"], &p50["verdict"]),
        (&json!("p50"), &json!("seconds"), &json!("worse"))
    );
    assert_eq!((&p50["step"], &p50["phase"]), (&json!("first"), &json!("main")));
    let change = p50["change"].as_f64().unwrap();
    assert!((0.28..0.32).contains(&change), "{p50}");
    let (low, high) =
        (p50["change_interval_95"][0].as_f64().unwrap(), p50["change_interval_95"][1].as_f64().unwrap());
    assert!(low < change && change < high && low > 0.1, "{p50}");
    assert_eq!(
        (&document["limits"][0]["limit"], &document["limits"][0]["outcome"]),
        (&json!("first.p50>+10%"), &json!("broken"))
    );
    let (_, screen) = compared(&dir, "a.json slow.json --fail-if first.p50>+10%");
    assert!(screen.contains("FAILED  first.p50>+10%: +30 % ("), "{screen}");
    assert!(screen.lines().all(|line| line.chars().count() <= 80 || line.contains("json")), "{screen}");
    let (_, page) = compared(&dir, "a.json slow.json --format markdown --fail-if first.p50>+10%");
    assert!(
        page.contains("| **first** |") && page.contains("| p50 | ") && page.contains("| worse |\n"),
        "{page}"
    );
    let (_, html) = compared(&dir, "a.json slow.json --format html --fail-if first.p50>+10%");
    let before = format!("<data value=\"{}\" data-json=\"/numbers/0/before\">", p50["before"]);
    assert!(
        html.contains(&before)
            && html.contains(">✕ worse<")
            && html.contains("first.p50&gt;+10%")
            && html.contains("+30 % ("),
        "{html}"
    );
    assert!(page.contains("- **FAILED** first.p50&gt;+10%: +30 % ("), "{page}");
}

#[test]
fn several_runs_on_a_side_stand_behind_two_dashes() {
    let dir = dir();
    let (exit, screen) = compared(&dir, "a.json b.json -- slow.json");
    assert!(exit.is_ok() && screen.contains("a.json") && screen.contains("b.json"), "{screen}");
    let alone = compared(&dir, "a.json").0.unwrap_err();
    assert!(alone.starts_with("compare takes one report before and one after"), "{alone}");
    let three = compared(&dir, "a.json b.json slow.json").0.unwrap_err();
    assert!(three.contains("several of each with -- between them"), "{three}");
}

#[test]
fn a_file_that_is_no_report_is_named() {
    let dir = dir();
    let whole = fs::read(dir.path().join("a.json")).unwrap();
    fs::write(dir.path().join("cut.json"), &whole[..whole.len() / 2]).unwrap();
    let refused = compared(&dir, "a.json cut.json").0.unwrap_err();
    assert!(refused.contains("cut.json: not a walrus-stress report: EOF while parsing"), "{refused}");
    let refused = compared(&dir, "a.json none.json").0.unwrap_err();
    assert!(refused.starts_with("cannot read ") && refused.contains("none.json: No such file"), "{refused}");
    assert!(Report::load(whole.as_slice()).is_ok());
}

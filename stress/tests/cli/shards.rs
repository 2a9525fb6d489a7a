//! A run in parts: shards make together what one run makes, their reports merge into its report, and runs compare.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::json;
use stress::export::log::LogReader;
use tests::{Bottle, PUT_BLOB};

use crate::common::{Ran, Report, Run, nowhere};

/// `walrus-stress` with another command than `run`.
fn command(words: &[&str], files: &[PathBuf]) -> Run {
    let words = words.iter().map(|&word| word.to_owned());
    let files = files.iter().map(|file| file.display().to_string());
    Run { args: words.chain(files).collect(), ..Run::bare() }
}

fn report(ran: &Ran) -> PathBuf {
    ran.dir.path().join("report.json")
}

fn read(path: &Path) -> Report {
    let text = std::fs::read_to_string(path).expect("a report");
    Report(serde_json::from_str(&text).expect("JSON"))
}

#[test]
fn shards_make_the_blobs_of_one_run_and_merge_into_its_report() {
    let bottle = Bottle::start();
    let line = "-n 10 -c 3 --size 1KiB --seed 7 --permanent -q";
    let shards: Vec<_> = (0..3)
        .map(|shard| Run::new(&bottle).line(line).line(&format!("--shard {shard}/3")).go().exits(0))
        .collect();
    let done: Vec<_> = shards.iter().map(|ran| ran.report().total("upload", "done")).collect();
    assert_eq!(done, [4, 3, 3]);
    assert!(shards[1].stdout.contains("shard        1/3, counted from 0"), "{}", shards[1].stdout);
    // An undivided run finds all of its blobs there, and no shard made another's.
    let whole = Run::new(&bottle).line(line).go().exits(0);
    assert_eq!(whole.report().stored("existing"), 10);
    assert_eq!(shards.iter().map(|ran| ran.report().stored("new")).sum::<u64>(), 10);
    let files: Vec<_> = shards.iter().map(report).collect();
    let merged = command(&["merge", "-o", "merged.json"], &files).go().exits(0);
    let document = read(&merged.dir.path().join("merged.json"));
    for step in ["upload", "first", "cached"] {
        assert_eq!((document.total(step, "done"), document.total(step, "failed")), (10, 0), "{step}");
    }
    assert_eq!((document.stored("new"), document.0["plan"].get("shard")), (10, None));
    assert_eq!(document.0["runs"].as_array().map(Vec::len), Some(3));
    assert_eq!(document.0["cache_effect"]["pairs_seen"], json!(10));
    let note = "note: merged from 3 of 3 shards, aligned at their starts\n";
    assert!(merged.stderr.starts_with(note), "{}", merged.stderr);
}

#[test]
fn shards_of_a_rate_share_its_arrivals() {
    let bottle = Bottle::start();
    let line = "-n 9 --rate 200/s --size 1KiB --seed 8 --permanent -q --warm-up 4";
    let mut arrivals = Vec::new();
    for shard in 0..2 {
        let ran = Run::new(&bottle).line(line).line(&format!("--shard {shard}/2")).go().exits(0);
        arrivals.push(ran.report().0["arrivals"][0]["offered"].as_u64().expect("a number"));
        assert_eq!(ran.report().stored("existing"), 0);
    }
    assert_eq!(arrivals, [5, 4]);
    let whole = Run::new(&bottle).line(line).go().exits(0);
    assert_eq!(whole.report().stored("existing"), 9);
}

#[test]
fn one_two_and_three_shards_offer_the_same_schedule_arrival_by_arrival() {
    let bottle = Bottle::start();
    let line = "-n 30 --rate 300/s --arrivals poisson --size 1KiB --seed 12 --force --steps upload -q --log log.ndjson";
    // When each blob is due; each shard's clock begins with its own load.
    let due = |of: u32| -> Vec<BTreeMap<u64, Duration>> {
        let one = |shard: u32| {
            let ran = Run::new(&bottle).line(line).line(&format!("--shard {shard}/{of}")).go().exits(0);
            let bytes = std::fs::read(ran.dir.path().join("log.ndjson")).expect("a log");
            let log =
                LogReader::open(bytes.as_slice()).expect("a header").map(|line| line.expect("an exchange"));
            log.map(|exchange| (exchange.blob_number, exchange.due)).collect()
        };
        (0..of).map(one).collect()
    };
    let uploads = || bottle.publisher_arrivals().iter().filter(|arrival| arrival.route == PUT_BLOB).count();
    let whole = due(1).remove(0);
    let before = uploads();
    for of in [2, 3] {
        let shards = due(of);
        assert_eq!(shards.iter().map(BTreeMap::len).sum::<usize>(), 30);
        for shard in &shards {
            let (first, began) = shard.first_key_value().expect("an arrival");
            for (blob, due) in shard {
                let expected = (whole[blob] - whole[first]).as_secs_f64();
                let offered = (*due - *began).as_secs_f64();
                assert!(
                    (offered - expected).abs() < 1e-8,
                    "blob {blob} of {of} shards: {offered} {expected}"
                );
            }
        }
    }
    // The publisher has had each arrival once for every number of shards.
    assert_eq!(uploads() - before, 60);
}

#[test]
fn of_few_blobs_behind_a_warm_up_none_is_left_out() {
    let bottle = Bottle::start();
    // Blob 0 warms up; of blobs 1 and 2, none belongs to the first shard.
    let line = "-n 2 -c 3 --size 1KiB --seed 10 -q --warm-up 1 --steps upload";
    let done = [0, 1, 2].map(|shard| {
        let ran = Run::new(&bottle).line(line).line(&format!("--shard {shard}/3")).go();
        ran.report().total("upload", "done")
    });
    assert_eq!(done, [0, 1, 1]);
}

#[test]
fn what_cannot_be_divided_is_refused() {
    let unreachable = nowhere();
    for (line, words) in [
        ("--shard 0/2", "--seed"),
        ("--shard 2/2 --seed 1", "counted from 0"),
        ("--shard 0/4 -c 3 --seed 1", "--concurrency 3 is not enough for 4 shards"),
        ("--shard 0/2 --seed 1 --duplicates 50% -n 100", "--duplicates"),
        ("--shard 0/2 --seed 1 --warm-up 10s", "give it a number of blobs"),
    ] {
        let ran = Run::between(&unreachable, &unreachable).line(line).go().exits(2);
        assert!(ran.stderr.lines().count() == 1 && ran.stderr.contains(words), "{line}: {}", ran.stderr);
    }
}

#[test]
fn merge_refuses_an_incomplete_run_and_names_the_file() {
    let bottle = Bottle::start();
    let line = "-n 4 -c 2 --size 1KiB --seed 9 -q";
    let shard = |flags: &str| Run::new(&bottle).line(line).line(flags).go().exits(0);
    let (first, second, alone) = (shard("--shard 0/2"), shard("--shard 1/2"), shard(""));
    let refused = |files: &[&Ran], words: &str| {
        let files: Vec<_> = files.iter().map(|ran| report(ran)).collect();
        let ran = command(&["merge", "-o", "merged.json"], &files).go().exits(3);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
        assert_eq!(ran.files(), Vec::<String>::new(), "nothing is written");
    };
    refused(&[&first], "1/2 is missing");
    refused(&[&first, &second, &first], "is the same run as");
    refused(&[&first, &alone], "is no shard");
    std::fs::write(report(&second), "{\"schema\":\"walrus-stress/rep").expect("a file");
    refused(&[&first, &second], "not a walrus-stress report: EOF");
}

#[test]
fn a_comparison_of_short_runs_names_the_length_needed() {
    let bottle = Bottle::start();
    let run = |concurrency: &str| {
        Run::new(&bottle).line("-n 8 --size 1KiB -q").args(["-c", concurrency]).go().exits(0)
    };
    let (two, four) = (run("2"), run("4"));
    let files = [report(&two), report(&four)];
    let ran = command(&["compare"], &files).go().exits(4);
    assert!(ran.stdout.contains("plans differ main.load.workers: 2 → 4\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("each run should take about 30.0 s"), "{}", ran.stdout);
    assert!(ran.stdout.starts_with("not enough data to compare\n"), "{}", ran.stdout);
    let ran = command(&["compare", "--fail-if", "cached.p50>+10%"], &files).go().exits(1);
    assert!(ran.stdout.contains("UNKNOWN  cached.p50>+10%: not enough data in "), "{}", ran.stdout);
    let ran = command(&["compare", "--fail-if", "cached.p98>+10%"], &files).go().exits(2);
    assert!(ran.stderr.contains("`p98` is not a number that runs are compared by"), "{}", ran.stderr);
    let same = command(&["compare"], &[files[0].clone(), files[0].clone()]).go().exits(4);
    let words: Vec<_> = same.stdout.split_whitespace().collect();
    assert!(words.join(" ").contains("are the same run: equal numbers are no evidence"), "{}", same.stdout);
}

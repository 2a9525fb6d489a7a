//! Runs that hang, are interrupted or lack file descriptors still report true numbers.

use std::{process::Command, time::Duration};

use rustix::process::Signal;
use stress::export::log::{Ended, Exchange, LogReader};
use tests::{Bottle, GET_BLOB, PUT_BLOB};

use crate::common::{PROGRAM, Ran, Run};

/// The exchanges in the log of this run.
fn log(ran: &Ran) -> Vec<Exchange<'static>> {
    let bytes = std::fs::read(ran.dir.path().join("log.ndjson")).expect("a log");
    LogReader::open(bytes.as_slice()).expect("a header").map(|line| line.expect("a line")).collect()
}

#[test]
fn an_upload_that_is_never_answered_is_unfinished_with_the_time_that_it_waited() {
    let bottle = Bottle::builder().publisher_faults(&["hang=100%"]).start();
    let line = "-c 4 --duration 200ms --grace 1s --log log.ndjson --color never -q";
    let ran = Run::new(&bottle).line(line).go().exits(1);
    let report = ran.report();
    assert_eq!(bottle.publisher_stats().route(PUT_BLOB).received, 4);
    assert_eq!((report.total("upload", "done"), report.total("upload", "unfinished")), (0, 4));
    assert!(ran.stdout.contains("0 of 4 uploads") && ran.stdout.contains("4 unfinished"), "{}", ran.stdout);
    // They were given up when the 200 ms of the phase and the grace period of a second had passed: a lower bound.
    let uploads: Vec<_> =
        log(&ran).into_iter().filter(|one| matches!(one.ended, Ended::Unfinished)).collect();
    assert_eq!(uploads.len(), 4);
    assert!(uploads.iter().all(|one| one.finished >= Duration::from_millis(1_200)), "{uploads:?}");
    let shortest = uploads.iter().map(|one| (one.finished - one.due).as_secs_f64()).reduce(f64::min);
    assert_eq!(report.0["steps"][0]["response_seconds"]["min"].as_f64(), shortest);
    assert!(ran.stdout.contains("≥"), "{}", ran.stdout);
}

#[test]
fn an_interrupted_run_reports_everything_until_the_interruption() {
    let bottle = Bottle::builder()
        .publisher(|config| config.profile.store.latency = "20ms".parse().expect("a latency"))
        .start();
    let line = "-n 4000 -c 4 --size 1KiB --log log.ndjson --events always --color never";
    let started = Run::new(&bottle).line(line).start().until(" 30 cached download");
    let ran = started.signal(Signal::INT).finish().exits(130);
    let report = ran.report();
    assert_eq!(report.0["partial"], true);
    let log = log(&ran);
    let (puts, gets) = (bottle.publisher_stats().route(PUT_BLOB), bottle.aggregator_stats().route(GET_BLOB));
    for (step, received) in
        [("upload", puts.received), ("first", gets.received / 2), ("cached", gets.received / 2)]
    {
        // Exchanges in flight were completed: all that the servers received is in the log and in the report.
        let mut took: Vec<_> = (log.iter().filter(|exchange| exchange.step.to_string() == step))
            .inspect(|exchange| assert!(matches!(exchange.ended, Ended::Done { .. }), "{exchange:?}"))
            .map(|exchange| exchange.finished - exchange.due)
            .collect();
        took.sort();
        let count = u64::try_from(took.len()).expect("a count");
        assert!(count >= 26, "{step}: {count}");
        assert_eq!((report.total(step, "done"), received), (count, count), "{step}");
        let steps = report.0["steps"].as_array().expect("steps");
        let response = &steps.iter().find(|one| one["step"] == step).expect("the step")["response_seconds"];
        let reported = |name: &str| response[name].as_f64().expect("a number");
        let exact = |rank: usize| took[rank].as_secs_f64();
        assert_eq!((reported("min"), reported("max")), (exact(0), exact(took.len() - 1)), "{step}");
        let (median, middle) = (reported("median"), exact((took.len() - 1) / 2));
        assert!((median / middle - 1.0).abs() <= 1e-3, "{step}: {median} of {middle}");
    }
}

#[test]
fn a_limit_of_descriptors_that_cannot_hold_the_load_is_named_before_the_run() {
    let bottle = Bottle::builder().publisher(|config| config.limits.concurrent = 100).start();
    let run = |limits: &str, at_once: &str| {
        let script = format!("{limits}; exec \"$@\"");
        let mut command = Command::new("sh");
        command
            .args(["-c", &script, "sh", PROGRAM, "run", "-n", "200", "-c", at_once, "--size", "1KiB", "-q"]);
        command.args(["--publisher", bottle.publisher_url(), "--aggregator", bottle.aggregator_url()]);
        let output = command.output().expect("a shell");
        (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
    };
    let (code, stderr) = run("ulimit -n 64", "16");
    assert_eq!(code, Some(2), "{stderr}");
    for words in ["--concurrency", "file descriptors", "this process may have 64", "ulimit -Hn"] {
        assert!(stderr.contains(words), "{stderr}");
    }
    assert_eq!(bottle.publisher_stats().route(PUT_BLOB).received, 0);
    // A soft limit is raised, and 50 connections to each server are opened.
    let (code, stderr) = run("ulimit -S -n 64", "50");
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(bottle.publisher_stats().route(PUT_BLOB).received, 200);
}

/// Without --max-in-flight it is as large as the machine allows, and the plan stays the same: shards of unlike machines can
/// be merged.
#[test]
fn the_default_of_max_in_flight_fits_a_small_machine() {
    let bottle = Bottle::builder().publisher(|config| config.limits.concurrent = 1000).start();
    let dir = tempfile::tempdir().unwrap();
    let run = |limit: u32, line: &str| {
        let script = format!("ulimit -n {limit}; exec \"$@\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, "sh", PROGRAM]).args(line.split_whitespace()).current_dir(dir.path());
        let output = command.output().expect("a shell");
        (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
    };
    let both = format!("--publisher {} --aggregator {}", bottle.publisher_url(), bottle.aggregator_url());
    let part = |limit: u32, k: u8, more: &str| {
        let line =
            format!("run {both} --rate 400/s -n 400 --size 1KiB --seed 3 --shard {k}/2 --report {k}.json");
        run(limit, &format!("{line} {more}"))
    };
    let (code, stderr) = part(128, 0, "");
    assert_eq!(code, Some(0), "{stderr}");
    let notice =
        "warning: this process may have 128 file descriptors (ulimit -Hn), enough for 32 blobs at a time";
    assert!(stderr.contains(notice), "{stderr}");
    let (code, stderr) = part(1024, 1, "");
    assert!(code == Some(0) && !stderr.contains("file descriptors"), "{stderr}");
    let json = |name: &str| -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(dir.path().join(name)).unwrap()).unwrap()
    };
    for name in ["0.json", "1.json"] {
        assert_eq!(json(name)["plan"]["phases"][0]["load"]["max_in_flight"], 10_000, "{name}");
    }
    assert_eq!(run(128, "merge 0.json 1.json -o whole.json").0, Some(0));
    // Repeated, it is the same plan on the same machine; what the user gave is not lowered.
    assert_eq!(run(128, "run --plan 0.json -q --report again.json").0, Some(0));
    for asked in ["--max-in-flight 10000", "--max-in-flight 300"] {
        let (code, stderr) = part(128, 0, asked);
        assert_eq!(code, Some(2), "{stderr}");
        assert!(stderr.contains("error: --max-in-flight needs "), "{stderr}");
    }
}

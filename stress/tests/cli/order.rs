//! `--order phased`: each step over all blobs before the next one, with whole rows, and thresholds by phase.

use serde_json::json;
use tests::{Bottle, GET_BLOB, PUT_BLOB};

use crate::{
    bad_input::refuses,
    common::{EXPORT, Run},
};

#[test]
fn phased_runs_have_whole_rows_one_table_and_thresholds_by_phase() {
    for load in ["-c 2", "--rate 100/s"] {
        let bottle = Bottle::start();
        let line = format!(
            "-n 6 --size 1KiB --order phased --export {load} --threshold upload:upload.count==6 \
             --threshold cached:cached.failures<1% --threshold first.count==6"
        );
        let ran = Run::new(&bottle).line(&line).go().exits(0);
        let reads = bottle.aggregator_stats().reads;
        assert_eq!(
            (bottle.publisher_stats().route(PUT_BLOB).status(200), reads.first, reads.cached),
            (6, 6, 6)
        );
        let rows = ran.rows();
        assert_eq!(rows.iter().map(|row| &row["blob_number"]).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
        let report = ran.report();
        for (step, column) in
            [("upload", "upload_time"), ("first", "download_time_first"), ("cached", "download_time_cached")]
        {
            assert_eq!(report.total(step, "done"), 6, "{step}");
            // Each row has the blob's own times: together they are those of the report.
            let slowest = ran.column(column).into_iter().fold(0.0, f64::max);
            let steps = report.0["steps"].as_array().expect("steps");
            let shown = steps.iter().find(|shown| shown["step"] == step).expect("the step");
            assert_eq!(shown["response_seconds"]["max"].as_f64(), Some(slowest), "{step}");
        }
        let phases = report.0["plan"]["phases"].as_array().expect("phases");
        let named: Vec<_> = phases.iter().map(|phase| (&phase["name"], &phase["source"]["from"])).collect();
        let expected = [("upload", "made"), ("first", "earlier"), ("cached", "earlier")];
        let expected = expected.map(|(name, from)| (json!(name), json!(from)));
        assert_eq!(named, expected.iter().map(|(name, from)| (name, from)).collect::<Vec<_>>());
        assert_eq!(report.0["cache_effect"]["pairs"], json!(6));
        assert!(ran.stdout.contains("\nfirst        the same blobs, "), "{}", ran.stdout);
        assert!(ran.stdout.contains("ok      upload:upload.count==6: 6 of 6"), "{}", ran.stdout);
        // Steps that there are once need no second head.
        let heads =
            ran.stdout.lines().filter(|line| line.split_whitespace().eq(["upload", "first", "cached"]));
        assert_eq!(heads.count(), 1, "{}", ran.stdout);
        assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80), "{}", ran.stdout);
    }
}

#[test]
fn blobs_that_were_not_stored_have_no_row_and_are_not_tried() {
    let bottle = Bottle::builder().publisher_faults(&["500=50%"]).start();
    let line = "-n 16 -c 4 --size 1KiB --order phased --export --seed 3";
    let ran = Run::new(&bottle).line(line).go().exits(1);
    let (report, stored) = (ran.report(), bottle.publisher_stats().route(PUT_BLOB).status(200));
    assert!(stored > 0 && stored < 16, "{stored}");
    assert_eq!(ran.rows().len() as u64, stored);
    for step in ["first", "cached"] {
        assert_eq!(
            (report.total(step, "done"), report.total(step, "skipped")),
            (stored, 16 - stored),
            "{step}"
        );
    }
    assert_eq!(bottle.aggregator_stats().route(GET_BLOB).received, 2 * stored);
    // The implied thresholds need no phase before a step that there is once.
    let broken = json!({
        "threshold": "upload.failures==0", "implicit": true, "holds": false, "measured": 16 - stored, "of": 16,
    });
    let thresholds = report.0["thresholds"].as_array().expect("thresholds");
    assert_eq!(thresholds.iter().filter(|one| one["holds"] == json!(false)).collect::<Vec<_>>(), [&broken]);
}

#[test]
fn lists_are_read_step_by_step_too_and_a_warm_up_comes_before() {
    let bottle = Bottle::start();
    let stored =
        Run::new(&bottle).line("-n 8 --size 1KiB --steps upload --export --log log.ndjson").go().exits(0);
    let read = |name: &str| std::fs::read_to_string(stored.dir.path().join(name)).expect("a file");
    for line in ["--from-log log.ndjson", &format!("--from-export {EXPORT}")] {
        let before = bottle.aggregator_stats().route(GET_BLOB).received;
        let run = Run::new(&bottle).file("log.ndjson", &read("log.ndjson")).file(EXPORT, &read(EXPORT));
        let ran = run.line(line).line("--order phased --warm-up 2").go().exits(0);
        let report = ran.report();
        for step in ["first", "cached"] {
            assert_eq!(
                (report.total(step, "done"), report.total(step, "bytes_done")),
                (6, 6 * 1024),
                "{line}"
            );
        }
        assert_eq!(bottle.aggregator_stats().route(GET_BLOB).received - before, 16, "{line}");
        assert_eq!(report.0["cache_effect"]["pairs"], json!(6), "{line}");
    }
}

#[test]
fn a_log_names_the_blobs_of_a_read_only_run() {
    let bottle = Bottle::builder().publisher_faults(&["500=30%"]).start();
    let uploads =
        Run::new(&bottle).line("-n 20 -c 4 --size 1KiB --steps upload --seed 4 --log log.ndjson").go();
    let stored = bottle.publisher_stats().route(PUT_BLOB).status(200);
    assert!(stored > 0 && stored < 20, "{stored}");
    let log = std::fs::read_to_string(uploads.dir.path().join("log.ndjson")).expect("a log");
    // The last blob comes again: its first download is over by then.
    let last = log.lines().rfind(|line| line.contains(r#""outcome":"done""#)).expect("one was stored");
    let again = format!("{log}{last}\n");
    let run = Run::new(&bottle).file("log.ndjson", &again).line("--from-log log.ndjson -c 1");
    let report = run.go().exits(0).report();
    for step in ["first", "cached"] {
        assert_eq!((report.of(step, false, "done"), report.of(step, true, "done")), (stored, 1), "{step}");
    }
    let torn = &log[..log.len() - 20];
    let run = Run::new(&bottle).file("log.ndjson", torn).line("--from-log log.ndjson --steps cached -n 3");
    assert_eq!(run.go().exits(0).report().total("cached", "done"), 3);
    let ran = Run::new(&bottle).file("log.ndjson", "[1]\n").line("--from-log log.ndjson").go().exits(2);
    let shown = "--from-log: log.ndjson, not the log of a run";
    assert!(ran.stderr.contains(shown) && ran.stderr.lines().count() == 1, "{}", ran.stderr);
}

#[test]
fn what_cannot_be_in_this_order_is_refused() {
    refuses(&["--order", "random"], &["--order", "journey, phased"]);
    refuses(
        &["--order", "phased", "--threshold", "main:upload.p50<1s"],
        &["--threshold", "the phases are upload, first"],
    );
    refuses(&["--from-log", "a", "--blob-ids", "b"], &["--from-log", "--blob-ids"]);
}

//! Journeys: which steps are done to each blob; the servers' own counts are the reference.

use serde_json::json;
use tests::{Bottle, GET_BLOB, PUT_BLOB};

use crate::{
    bad_input::refuses,
    common::{Run, nowhere},
};

/// Uploads, first downloads and cached downloads, as the servers saw them.
fn seen(bottle: &Bottle) -> (u64, u64, u64) {
    let (publisher, aggregator) = (bottle.publisher_stats(), bottle.aggregator_stats());
    let reads = aggregator.route(GET_BLOB).status(200);
    assert_eq!(reads, aggregator.reads.first + aggregator.reads.cached);
    (publisher.route(PUT_BLOB).status(200), aggregator.reads.first, aggregator.reads.cached)
}

#[test]
fn a_run_can_write_only_or_stop_after_the_first_download() {
    for (steps, counts) in
        [("upload", (6, 0, 0)), ("upload,first", (6, 6, 0)), ("upload,first,cached", (6, 6, 6))]
    {
        let bottle = Bottle::start();
        let ran =
            Run::new(&bottle).args(["-n", "6", "--size", "1KiB", "--export", "--steps", steps]).go().exits(0);
        assert_eq!(seen(&bottle), counts, "{steps}");
        let labels: Vec<_> = steps.split(',').collect();
        assert_eq!(ran.report().0["plan"]["phases"][0]["journey"], json!(labels));
        let rows = ran.rows();
        assert_eq!(rows.len(), 6, "{steps}");
        assert!(rows.iter().all(|row| row["upload_time"].is_number()), "{steps}");
        assert!(rows.iter().all(|row| row["download_time_first"].is_number() == (counts.1 > 0)), "{steps}");
        assert!(rows.iter().all(|row| row["download_time_cached"].is_number() == (counts.2 > 0)), "{steps}");
    }
}

#[test]
fn further_reads_are_steps_of_their_own_and_no_part_of_the_cached_ones() {
    for line in ["--reads 4", "--steps upload,first,cached,read3,read4"] {
        let bottle = Bottle::start();
        let ran = Run::new(&bottle).line("-n 5 --size 1KiB").line(line).go().exits(0);
        assert_eq!(seen(&bottle), (5, 5, 15), "{line}");
        let done =
            ["upload", "first", "cached", "read3", "read4"].map(|step| ran.report().total(step, "done"));
        assert_eq!(done, [5; 5], "{line}");
        assert!(ran.stdout.contains("read4") && ran.stdout.contains("20 of 20 downloads"), "{}", ran.stdout);
    }
    let bottle = Bottle::start();
    Run::new(&bottle).line("-n 3 --size 1KiB --reads 1").go().exits(0);
    assert_eq!(seen(&bottle), (3, 3, 0));
}

#[test]
fn a_target_that_no_step_needs_is_neither_needed_nor_asked() {
    let bottle = Bottle::start();
    let publisher = ["--publisher", bottle.publisher_url(), "--steps", "upload", "-n", "2", "--size", "1KiB"];
    Run::bare().args(publisher).go().exits(0);
    let nowhere = nowhere();
    Run::bare().args(publisher).args(["--aggregator", nowhere.as_str()]).go().exits(0);
    assert_eq!(seen(&bottle), (4, 0, 0));
    let ran =
        Run::bare().args(["--publisher", bottle.publisher_url(), "--steps", "upload,first"]).go().exits(2);
    assert!(ran.stderr.contains("--aggregator is missing"), "{}", ran.stderr);
}

#[test]
fn journeys_can_be_named_in_the_environment_and_the_flag_wins() {
    let bottle = Bottle::start();
    let run = || Run::new(&bottle).line("-n 1 --size 1KiB").variable("WALRUS_STRESS_STEPS", "upload");
    run().go().exits(0);
    assert_eq!(seen(&bottle), (1, 0, 0));
    run().line("--steps upload,first --seed 9").go().exits(0);
    assert_eq!(seen(&bottle), (2, 1, 0));
    let run = Run::new(&bottle).line("-n 1 --size 1KiB --seed 8").variable("WALRUS_STRESS_READS", "3");
    run.go().exits(0);
    assert_eq!(seen(&bottle), (3, 2, 2));
}

#[test]
fn steps_that_make_no_journey_are_refused() {
    for (line, words) in [
        (["--steps", "download"], ["--steps", "no step `download`"]),
        (["--steps", ""], ["--steps", "the steps are upload, first, cached"]),
        (["--steps", "upload,"], ["--steps", "the steps are"]),
        (["--steps", "upload,upload"], ["--steps", "can only be the first one"]),
        (["--steps", "first,first"], ["--steps", "twice"]),
        (["--steps", "upload,cached,first"], ["--steps", "it must follow first"]),
        (["--steps", "cached,first"], ["--steps", "it must follow upload"]),
        (["--steps", "upload,first,read3"], ["--steps", "it must follow cached"]),
        (["--steps", "first,cached"], ["--steps", "--blob-ids, --from-export or --from-log must name"]),
        (["--reads", "0"], ["--reads", "at least 1"]),
        (["--reads", "-1"], ["--reads", "below zero"]),
        (["--reads", "256"], ["--reads", "too large a number, at most 255"]),
        (["--reads", "two"], ["--reads", "whole number"]),
    ] {
        refuses(&line, &words);
    }
    refuses(&["--reads", "3", "--steps", "upload"], &["--reads", "cannot be used with --steps"]);
}

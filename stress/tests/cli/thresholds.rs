//! Thresholds: what a run shall hold decides the exit code, is shown with what was measured, and is in the report.

use serde_json::json;
use tests::Bottle;

use crate::{
    common::{Ran, Run},
    server::Server,
};

/// The lines of the summary that speak of thresholds, without the label.
fn shown(ran: &Ran) -> Vec<String> {
    let lines = ran.stdout.lines().skip_while(|line| !line.starts_with("thresholds "));
    lines.take_while(|line| !line.is_empty()).map(|line| line[13..].trim_end().to_owned()).collect()
}

#[test]
fn thresholds_that_hold_are_shown_with_what_was_measured() {
    let bottle = Bottle::start();
    let line =
        "-n 6 --size 1KiB -q --threshold upload.p50<40s --threshold *.failures<1% --threshold first.count==6";
    let ran = Run::new(&bottle).line(line).go().exits(0);
    let shown = shown(&ran);
    assert_eq!(shown.len(), 5, "{shown:?}");
    assert!(shown[0].starts_with("ok      upload.p50<40s: "), "{shown:?}");
    let rest = [
        "ok      upload.failures<1%: 0 of 6 (0.00%)",
        "ok      first.failures<1%: 0 of 6 (0.00%)",
        "ok      cached.failures<1%: 0 of 6 (0.00%)",
        "ok      first.count==6: 6 of 6 (100.00%)",
    ];
    assert_eq!(shown[1..], rest);
    let report = ran.report();
    assert_eq!(report.0["plan"]["thresholds"], json!(["upload.p50<40s", "*.failures<1%", "first.count==6"]));
    let judged = &report.0["thresholds"][0];
    assert_eq!((&judged["threshold"], &judged["holds"]), (&json!("upload.p50<40s"), &json!(true)));
    assert!(
        judged["measured_seconds"].as_f64().is_some_and(|seconds| (0.0..40.0).contains(&seconds)),
        "{judged}"
    );
}

#[test]
fn a_threshold_that_breaks_is_exit_code_1() {
    let bottle = Bottle::builder()
        .publisher(|config| config.profile.store.latency = "50ms".parse().expect("a latency"))
        .start();
    let ran = Run::new(&bottle).line("-n 6 --size 1KiB -q --threshold upload.p50<50ms").go().exits(1);
    let shown = shown(&ran);
    assert!(shown.len() == 1 && shown[0].starts_with("FAILED  upload.p50<50ms: "), "{shown:?}");
    assert_eq!(ran.report().0["thresholds"][0]["holds"], json!(false));
    assert!(ran.stdout.ends_with("6 of 6 uploads and 12 of 12 downloads succeeded\n"), "{}", ran.stdout);
}

#[test]
fn a_threshold_that_the_sample_cannot_support_fails_and_says_what_it_takes() {
    let bottle = Bottle::start();
    let ran = Run::new(&bottle).line("-n 5 --size 1KiB -q --threshold cached.p99<1h").go().exits(1);
    assert_eq!(shown(&ran), ["FAILED  cached.p99<1h: not enough data: 5 samples, 368 needed"]);
    let judged = &ran.report().0["thresholds"][0];
    assert_eq!((&judged["samples"], &judged["samples_needed"]), (&json!(5), &json!(368)));
}

#[test]
fn a_threshold_on_failures_says_how_many_are_too_many() {
    let bottle = Bottle::builder().aggregator_faults(&["503=30%"]).start();
    let line = "-n 20 -c 1 --size 1KiB -q --threshold";
    let ran = Run::new(&bottle).line(line).args(["*.failures<=90%"]).go().exits(0);
    assert!(ran.report().total("first", "failed") + ran.report().total("cached", "failed") > 0);
    // The other steps keep the rule of every run, and the summary says which of them broke it.
    let ran = Run::new(&bottle).line(line).args(["upload.failures<=90%"]).go().exits(1);
    let shown = shown(&ran);
    assert_eq!(shown[0], "ok      upload.failures<=90%: 0 of 20 (0.00%)");
    assert!(shown[1..].iter().any(|line| line.contains(".failures==0: ")), "{shown:?}");
    assert!(shown[1..].iter().all(|line| line.starts_with("FAILED  ")), "{shown:?}");
    // A class with a threshold of its own is left to that.
    let run = Run::new(&bottle).line(line).args(["*.failures.unavailable<=90%"]);
    run.go().exits(0);
}

#[test]
fn what_means_nothing_is_refused_before_anything_is_done() {
    for (threshold, words) in [
        ("upload.p98<1s", "`p98` is not a metric: use p50, p90"),
        ("third.p50<1s", "`third` is not a step: use upload, first, cached"),
        ("upload.p50<1", "`1` is not a limit for p50"),
        ("upload.p50", "STEP.METRIC"),
        ("read3.p50<1s", "this run's steps are upload, first, cached"),
        ("upload.dropped==0", "give --rate or --stages"),
    ] {
        let server = Server::start();
        let run = Run::between(&server.url(), &server.url()).args(["--threshold", threshold]);
        let ran = run.go().exits(2);
        assert_eq!((ran.stderr.lines().count(), server.requests().len()), (1, 0), "{threshold}: {ran:?}");
        assert!(
            ran.stderr.contains("--threshold") && ran.stderr.contains(words),
            "{threshold}: {}",
            ran.stderr
        );
    }
}

#[test]
fn arrivals_have_thresholds_of_their_own() {
    let bottle = Bottle::start();
    let line = "-n 10 --rate 100/s --size 1KiB -q --threshold upload.dropped==0 --threshold upload.start_delay.max<40s";
    let ran = Run::new(&bottle).line(line).go().exits(0);
    let shown = shown(&ran);
    assert_eq!(shown[0], "ok      upload.dropped==0: 0 of 10 (0.00%)");
    assert!(shown[1].starts_with("ok      upload.start_delay.max<40s: "), "{shown:?}");
}

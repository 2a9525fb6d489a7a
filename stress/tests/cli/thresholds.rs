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

/// Text of a screen without the line breaks that keep it within 80 columns.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
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
fn a_threshold_that_no_sample_of_the_run_can_support_is_refused_before_it_starts() {
    for (line, words) in [
        ("-n 20 --threshold *.p95<20s", "upload.p95<20s: at most 20 samples, p95 takes 72; first.p95<20s"),
        ("--rate 10/s --duration 2s --threshold upload.p90<1s", "at most 20 samples, p90 takes 36"),
        ("-n 20 --threshold upload.count>20", "upload.count>20: at most 20 samples, this limit takes 21"),
    ] {
        let server = Server::start();
        let ran = Run::between(&server.url(), &server.url()).line(line).go().exits(2);
        assert_eq!((ran.stderr.lines().count(), server.requests().len()), (1, 0), "{line}: {ran:?}");
        for words in [words, "--blobs", "--unsupported-percentiles judge"] {
            assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
        }
        let planned = Run::between(&server.url(), &server.url()).command("plan").line(line).go().exits(0);
        assert!(unwrapped(&planned.stdout).contains("it cannot hold"), "{}", planned.stdout);
    }
}

#[test]
fn a_threshold_that_the_sample_turned_out_too_small_for_fails_and_says_what_it_takes() {
    let bottle = Bottle::start();
    // Nothing bounds the number of blobs beforehand but those of the list of steps and the time.
    let line = "-c 1 --duration 1ms --size 1KiB -q --threshold cached.p99<1h";
    let ran = Run::new(&bottle).line(line).go().exits(1);
    let shown = shown(&ran);
    assert!(shown[0].starts_with("FAILED  cached.p99<1h: not enough data: "), "{shown:?}");
    assert_eq!(ran.report().0["thresholds"][0]["samples_needed"], json!(368));
}

#[test]
fn the_samples_own_percentile_is_judged_on_request_and_marked_in_every_output() {
    let bottle = Bottle::start();
    let line = "-n 10 --size 1KiB --threshold upload.p95<40s --unsupported-percentiles judge \
                --write markdown=md,junit=junit,prometheus=prom,json=json --html html";
    let ran = Run::new(&bottle).line(line).go().exits(0);
    assert!(ran.stderr.contains("at most 10 samples, p95 takes 72: the sample's own"), "{}", ran.stderr);
    let shown = shown(&ran);
    assert!(shown[0].starts_with("ok      upload.p95<40s: "), "{shown:?}");
    let mark = "(unsupported: 10 samples, 72 needed)";
    for (name, text) in [
        ("md", mark),
        ("junit", mark),
        ("html", mark),
        ("prom", "walrus_stress_threshold_supported{threshold=\"upload.p95<40s\",step=\"upload\"} 0\n"),
    ] {
        let path = ran.dir.path().join(name);
        assert!(std::fs::read_to_string(&path).expect(name).contains(text), "{name}");
    }
    assert!(unwrapped(&ran.stdout).contains(mark), "{}", ran.stdout);
    let judged = &ran.json("json")["thresholds"][0];
    assert_eq!((&judged["samples"], &judged["samples_needed"]), (&json!(10), &json!(72)));
    assert!(judged["measured_seconds"].is_number(), "{judged}");
}

#[test]
fn a_threshold_on_failures_has_count_and_share() {
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
fn thresholds_without_a_meaning_are_refused_before_any_request() {
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

//! `--retries`: what was tried again is shown beside what failed, and files keep one row for each step.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::json;

use crate::{
    bad_input::refuses,
    common::{Run, only},
    server::{Reply, Server, answer},
};

/// A server that refuses each second store, the first one too.
fn refusing() -> Server {
    let stores = AtomicU64::new(0);
    Server::answering(move |request, right| {
        if request.is_store() && stores.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            return Reply::Send(answer(503, "text/plain", b"not now"));
        }
        right
    })
}

#[test]
fn what_was_tried_again_is_shown_and_has_thresholds_of_its_own() {
    let server = refusing();
    let line = "-n 3 -c 1 --size 1KiB --retries 1 --backoff 20ms --export --events always --log log.ndjson \
                --threshold upload.attempt_failures<=3 --threshold upload.attempt_failures.unavailable<51% \
                --threshold upload.min>20ms";
    let ran = Run::between(&server.url(), &server.url()).line(line).go().exits(0);
    assert_eq!(server.stores().len(), 6);
    let report = ran.report();
    let upload = ["done", "failed", "attempt_failures"].map(|name| report.total("upload", name));
    assert_eq!(upload, [3, 0, 3]);
    let step = &report.0["steps"][0];
    let retried = &step["retried"][0];
    assert_eq!(
        (&step["failures"], &retried["class"], &retried["count"]),
        (&json!([]), &json!("unavailable"), &json!(3))
    );
    assert_eq!(retried["attempt_seconds"]["count"], json!(3));
    assert_eq!(
        (step["service_seconds"]["count"].as_u64(), step["response_seconds"]["count"].as_u64()),
        (Some(3), Some(3))
    );
    assert_eq!(report.0["plan"]["retries"]["most"], json!(1));
    // One row, one line for each step, with the time of all its attempts.
    assert_eq!(ran.rows().len(), 3);
    assert!(ran.column("upload_time").iter().all(|time| *time >= 0.020), "{:?}", ran.column("upload_time"));
    assert_eq!(ran.stderr.lines().filter(|line| line.contains(" uploaded ")).count(), 3, "{}", ran.stderr);
    // The log has a line for each exchange.
    let log = std::fs::read_to_string(ran.dir.path().join("log.ndjson")).expect("a log");
    let attempts: Vec<_> = log.lines().filter(|line| line.contains(r#""step":"upload""#)).collect();
    assert_eq!(attempts.len(), 6, "{log}");
    let first = |line: &&&str| line.contains(r#""attempt":1"#) && line.contains(r#""outcome":"retried""#);
    assert_eq!(attempts.iter().filter(first).count(), 3, "{log}");
    for shown in [
        " failed 0 0 0 ",
        " failed attempts 3 0 0 ",
        " failures 3 retries of uploads: unavailable, first at ",
        "ok upload.attempt_failures<=3: 3 of 6 (50.00%)",
        "ok upload.attempt_failures.unavailable<51%: 3 of 6 (50.00%)",
    ] {
        let words = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(shown), "{shown:?}: {}", ran.stdout);
    }
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80), "{}", ran.stdout);
    let end = "3 of 3 uploads and 6 of 6 downloads succeeded; 3 failed attempts retried\n";
    assert!(ran.stdout.ends_with(end), "{}", ran.stdout);
}

#[test]
fn without_retries_each_step_is_tried_once() {
    let server = refusing();
    let ran = Run::between(&server.url(), &server.url()).line("-n 4 -c 1 --size 1KiB").go().exits(1);
    assert_eq!(server.stores().len(), 4);
    let report = ran.report();
    assert_eq!(report.failures("upload"), only("unavailable", 2));
    assert_eq!((report.total("upload", "failed"), report.total("upload", "attempt_failures")), (2, 2));
}

#[test]
fn a_threshold_on_attempts_breaks_where_all_steps_succeed() {
    let server = refusing();
    let line = "-n 2 -c 1 --size 1KiB --retries 3 --backoff 1ms..2ms --threshold *.attempt_failures==0";
    let ran = Run::between(&server.url(), &server.url()).line(line).go().exits(1);
    assert_eq!(ran.report().total("upload", "failed"), 0);
    assert!(ran.stdout.contains("FAILED  upload.attempt_failures==0: 2 of 4 (50.00%)"), "{}", ran.stdout);
}

/// A server that answers the first `count` reads of each blob with this, and this status.
fn late(count: usize, status: u16) -> Server {
    let reads = Mutex::new(HashMap::<String, usize>::new());
    Server::answering(move |request, right| {
        let mut reads = reads.lock().expect("no test thread has panicked");
        let before = reads.entry(request.target.clone()).or_default();
        *before += 1;
        if request.is_read() && *before <= count {
            return Reply::Send(answer(status, "text/html", b"<html><title>not yet</title></html>"));
        }
        right
    })
}

#[test]
fn a_class_that_is_asked_for_is_tried_again_and_its_first_reads_are_kept_apart() {
    let line = "-n 8 -c 2 --size 1KiB --retries 3 --backoff 1ms";
    let server = late(2, 404);
    let run = Run::between(&server.url(), &server.url()).line(line).line("--retry-on not-found,legal");
    let ran = run.go().exits(0);
    assert_eq!(server.reads().len(), 8 * (3 + 1));
    let report = ran.report();
    assert_eq!((report.total("first", "done"), report.total("first", "attempt_failures")), (8, 16));
    // The failed attempts may have warmed a cache.
    assert_eq!(report.0["cache_effect"]["pairs_seen"], json!(0));
    assert_eq!(report.0["plan"]["retries"]["retry_on"], json!(["not-found", "legal"]));
    // The plan of a report is one that can be run again.
    let server = late(2, 451);
    let again = Run::between(&server.url(), &server.url()).file("before.json", &report.0.to_string());
    again.line("--plan before.json").go().exits(0);
    assert_eq!(server.reads().len(), 8 * (3 + 1));
}

#[test]
fn a_proxys_page_with_a_final_status_is_tried_once() {
    for (status, class) in [
        (400, "bad-request"),
        (401, "auth"),
        (403, "forbidden"),
        (404, "not-found"),
        (405, "bad-request"),
        (409, "bad-request"),
        (410, "bad-request"),
        (413, "too-large"),
        (451, "legal"),
    ] {
        let server = late(9, status);
        let line = "-n 2 -c 1 --size 1KiB --retries 2 --backoff 1ms";
        let ran = Run::between(&server.url(), &server.url()).line(line).go().exits(1);
        assert_eq!((ran.report().failures("first"), server.reads().len()), (only(class, 2), 2), "{status}");
    }
    for (status, class) in [(408, "request-timeout"), (425, "too-early"), (500, "gateway"), (503, "gateway")]
    {
        let server = late(9, status);
        let line = "-n 2 -c 1 --size 1KiB --retries 2 --backoff 1ms";
        let ran = Run::between(&server.url(), &server.url()).line(line).go().exits(1);
        assert_eq!((ran.report().failures("first"), server.reads().len()), (only(class, 2), 6), "{status}");
    }
}

#[test]
fn a_retry_after_that_no_clock_can_hold_fails_the_step() {
    for seconds in ["18446744073709551615", "18446744073709551616", "99999999999999999999999999999999"] {
        let refusal = format!("HTTP/1.1 503 X\r\nretry-after: {seconds}\r\ncontent-length: 0\r\n\r\n");
        let server = Server::answering(move |request, right| {
            if request.is_store() { Reply::Send(refusal.clone().into_bytes()) } else { right }
        });
        let line = "-n 2 -c 1 --size 1KiB --retries 2 --backoff 1ms";
        let ran = Run::between(&server.url(), &server.url()).line(line).go().exits(1);
        assert_eq!((ran.report().failures("upload"), server.stores().len()), (only("unavailable", 2), 2));
    }
}

#[test]
fn invalid_retries_are_refused() {
    for (line, words) in [
        (vec!["--retries", "some"], ["--retries", "whole number"]),
        (vec!["--retries", "-1"], ["--retries", "below zero"]),
        (vec!["--backoff", "1s"], ["--backoff", "needs --retries"]),
        (vec!["--retry-on", "not-found"], ["--retry-on", "needs --retries"]),
        (
            vec!["--retries", "1", "--retry-on", "not-found,corrupt"],
            ["--retry-on", "a finding about a blob's bytes"],
        ),
        (vec!["--retries", "1", "--retry-on", "truncated"], ["--retry-on", "a finding about a blob's bytes"]),
        (vec!["--retries", "1", "--retry-on", "404"], ["--retry-on", "`404` is none of dns, refused"]),
        (vec!["--retries", "1", "--backoff", "2s..1s"], ["--backoff", "ends before it starts"]),
        (vec!["--retries", "1", "--backoff", "soon"], ["--backoff", "soon"]),
        (
            vec!["--threshold", "upload.attempt_failures.bad<1"],
            ["--threshold", "`bad` is none of dns, refused"],
        ),
    ] {
        refuses(&line, &words);
    }
}

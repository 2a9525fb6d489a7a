//! `walrus-stress search` as its users meet it: the answer, the table, the document, and what it refuses.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tests::{Bottle, PUT_BLOB};

use crate::{
    common::{Ran, Run},
    server::Server,
};

/// A stock publisher, 8 uploads at once and 8 more in waiting, each of which takes a while.
fn stock() -> Bottle {
    Bottle::builder()
        .publisher(|config| config.profile.store.latency = "150ms".parse().expect("a latency"))
        .start()
}

fn search(bottle: &Bottle, line: &str) -> Run {
    Run::new(bottle).command("search").line("--steps upload --size 1KiB --color never").line(line)
}

fn answer(ran: &Ran) -> Value {
    ran.json("report.json")["answer"].clone()
}

/// Steps too short for the checks of the generator's own part: what a busy machine does to it is not tested here.
#[test]
fn the_capacity_of_a_stock_publisher_is_found() {
    let bottle = stock();
    let line = "--for concurrency --slo upload.failures==0 --from 12 --max 64 --step 600ms --settle 0s --precision 0%";
    let ran = search(&bottle, line).go().exits(0);
    assert_eq!(answer(&ran), json!({ "kind": "between", "holds": 17.0, "breaks": 18.0 }));
    assert!(
        ran.stdout.contains("holds 17 at a time, breaks at 18 at a time (upload.failures==0: "),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("none up to 17 uploads at once; the first with 18"), "{}", ran.stdout);
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80), "{}", ran.stdout);
    let document = ran.json("report.json");
    assert_eq!(
        (&document["schema"], &document["axis"]),
        (&json!("walrus-stress/search/1"), &json!("concurrency"))
    );
    assert_eq!(
        (&document["shedding"]["most_uploads_without_shed"], &document["shedding"]["uploads_at_first_shed"]),
        (&json!(17), &json!(18))
    );
    let steps = document["steps"].as_array().expect("steps");
    let outlook = ran.stderr.lines().next().expect("a first line");
    assert!(outlook.starts_with("search from ") && outlook.contains(" steps of "), "{outlook}");
    let shown = ran.stderr.lines().filter(|line| line.starts_with("step ")).count();
    assert_eq!(shown, steps.len(), "{}", ran.stderr);
    // The publisher's own count is the reference for what it took, and no step met another one's blobs.
    let stats = bottle.publisher_stats();
    assert_eq!(document["consumed"]["uploads"], stats.route(PUT_BLOB).received);
    assert_eq!(stats.stores.already_certified, 0);
    // The preflight came once.
    assert_eq!(stats.route("GET /status").received, 1);
}

#[test]
fn a_generator_without_places_is_the_limit_and_nothing_is_claimed() {
    let bottle = stock();
    let line = "--slo upload.failures==0 --from 40/s --max 80/s --max-in-flight 1 --step 500ms --settle 0s";
    for (strict, code) in [("", 4), ("--strict", 3)] {
        let ran = search(&bottle, line).line(strict).go().exits(code);
        assert!(
            ran.stdout.contains("no capacity found: at 40/s the generator was the limit"),
            "{}",
            ran.stdout
        );
        let answer = answer(&ran);
        assert_eq!((&answer["kind"], &answer["at"]), (&json!("generator-limited"), &json!(40.0)));
        assert!(
            ran.json("report.json")["advice"]
                .as_str()
                .is_some_and(|advice| advice.contains("--max-in-flight")),
            "{answer}"
        );
    }
}

#[test]
fn a_generator_that_was_stopped_is_the_limit_and_nothing_is_claimed() {
    let bottle = stock();
    let line = "--slo upload.failures<1% --from 30/s --max 60/s --step 4s --settle 0s";
    let started = search(&bottle, line).start();
    while bottle.publisher_stats().route(PUT_BLOB).received == 0 {
        std::thread::yield_now();
    }
    let stopped = started.signal(Signal::STOP);
    std::thread::sleep(Duration::from_millis(1_500)); // sleep: this is the stall itself
    let ran = stopped.signal(Signal::CONT).finish().exits(4);
    let answer = answer(&ran);
    assert_eq!((&answer["kind"], &answer["at"]), (&json!("generator-limited"), &json!(30.0)), "{answer}");
    assert_eq!(ran.json("report.json")["steps"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_first_step_may_break_and_the_last_one_hold() {
    let line = "--for concurrency --from 2 --step 300ms --settle 0s --slo";
    let ran = search(&stock(), line).args(["upload.max<1ms"]).go().exits(1);
    assert_eq!(answer(&ran), json!({ "kind": "below-first", "breaks": 2.0 }));
    assert!(
        ran.stdout.contains("breaks already at the first level, 2 at a time (upload.max<1ms: "),
        "{}",
        ran.stdout
    );
    let ran = search(&stock(), line).args(["upload.max<1h", "--max", "3"]).go().exits(0);
    assert_eq!(answer(&ran), json!({ "kind": "up-to", "holds": 3.0 }));
    assert!(ran.stdout.starts_with("holds up to the maximum, 3 at a time\n"), "{}", ran.stdout);
}

#[test]
fn too_few_samples_are_reported_with_the_number_needed() {
    let line = "--for concurrency --max 1 --step 50ms --settle 0s --slo upload.p99<1h";
    let ran = search(&stock(), line).go().exits(4);
    let answer = answer(&ran);
    assert_eq!((&answer["kind"], &answer["samples_needed"]), (&json!("too-few-samples"), &json!(368)));
    let shown = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains(" in the longest step, 368 needed; give a longer --step"), "{}", ran.stdout);
    // The first one was made again, ten times as long.
    let lengths: Vec<_> = ran.json("report.json")["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|step| step["seconds"].clone())
        .collect();
    assert_eq!(lengths, [json!(0.05), json!(0.5)]);
}

#[test]
fn objectives_and_targets_may_come_from_a_plan_file() {
    let server = Server::start();
    let text = format!(
        "publisher = \"{0}\"\naggregator = \"{0}\"\nthreshold = \"upload.failures==0\"\nrate = \"3/s\"\nblobs = 7\nsize = \"1KiB\"",
        server.url()
    );
    let run =
        Run::bare().command("search").file("plan.toml", &text).line("--plan plan.toml --report report.json");
    let ran = run.line("--for concurrency --max 2 --step 100ms --settle 0s").go().exits(0);
    assert_eq!(answer(&ran), json!({ "kind": "up-to", "holds": 2.0 }));
    assert_eq!(ran.json("report.json")["plan"]["thresholds"], json!(["upload.failures==0"]));
}

#[test]
fn a_list_that_is_used_up_ends_the_search() {
    let bottle = Bottle::start();
    let stored = Run::new(&bottle).line("--export rows.json -n 5 --size 1KiB").go().exits(0);
    let rows = stored.json("rows.json").to_string();
    let run = Run::new(&bottle).command("search").file("rows.json", &rows).line("--from-export rows.json");
    let ran = run.line("--for concurrency --slo first.failures==0 --step 10s --settle 0s").go().exits(4);
    assert_eq!(answer(&ran), json!({ "kind": "incomplete", "holds": null, "breaks": null }));
    assert!(ran.stderr.contains("the list of blobs is used up"), "{}", ran.stderr);
}

#[test]
fn a_signal_ends_the_search_with_what_is_known() {
    let line = "--for concurrency --slo upload.max<1h --step 400ms --settle 0s --max 200";
    let started = search(&stock(), line).start().until("step 1: 1 at a time holds");
    let ran = started.signal(Signal::INT).finish().exits(130);
    assert!(ran.stdout.starts_with("PARTIAL: not finished: held "), "{}", ran.stdout);
    assert!(ran.stdout.contains(" interrupted by SIGINT"), "{}", ran.stdout);
    assert_eq!(ran.json("report.json")["partial"], true);
}

#[test]
fn invalid_flags_are_refused_before_any_request() {
    for (line, words) in [
        ("", "--slo is missing"),
        ("--slo upload.p50<1s --rate 3/s", "--rate is not for a search: --for rate"),
        ("--slo upload.p50<1s -n 3", "--blobs is not for a search: --step"),
        ("--slo upload.p50<1s --html x.html", "--html is not for a search: --report"),
        ("--slo upload.p50<1s --from 3", "--from: `3` is not a rate"),
        ("--slo upload.p50<1s --max 1000001/s", "--max: must be at most 1,000,000/s"),
        (
            "--slo upload.p50<1s --unsupported-percentiles judge",
            "--unsupported-percentiles is not for a search",
        ),
        ("--slo upload.p50<1s --for concurrency --from 3/s", "--from: `3/s` is not a whole number"),
        ("--slo upload.p50<1s --from 5/s --max 3/s", "--max is below --from"),
        ("--slo upload.p50<1s --from 0/s", "--from must be more than 0"),
        ("--slo upload.p50<1s --step 0s", "--step must be longer than 0 s"),
        ("--slo upload.p50<1s --precision 0%", "--precision of a rate must be at least 0.1%"),
        ("--slo upload.p98<1s", "`p98` is not a metric"),
        ("--slo read3.p50<1s", "this run's steps are upload, first, cached"),
        ("--slo upload.p50<1s --for concurrency --max-in-flight 5", "--max-in-flight needs --rate"),
    ] {
        let server = Server::start();
        let ran = Run::between(&server.url(), &server.url()).command("search").line(line).go().exits(2);
        assert_eq!((ran.stderr.lines().count(), server.requests().len()), (1, 0), "{line}: {ran:?}");
        assert!(ran.stderr.contains(words), "{line}: {}", ran.stderr);
    }
}

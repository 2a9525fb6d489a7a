//! The quality of a run's numbers: at the end of the summary, in the report, and as exit code 3 with --strict.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tests::Bottle;

use crate::{
    common::{Ran, Run},
    server::{Reply, Server},
};

/// A server that is far slower than the rate, and one iteration at a time: nearly every arrival is dropped.
fn overrun(line: &str) -> Ran {
    let bottle = Bottle::builder()
        .publisher(|config| config.profile.store.latency = "1s".parse().expect("a latency"))
        .start();
    Run::new(&bottle).line("-n 20 --rate 100/s --max-in-flight 1 --size 1KiB -q").line(line).go()
}

/// The check of this name in the report.
fn check(ran: &Ran, name: &str) -> Value {
    let report = ran.report();
    let checks = report.0["quality"]["checks"].as_array().expect("checks");
    checks.iter().find(|check| check["check"] == name).expect("the check").clone()
}

#[test]
fn a_run_that_did_not_follow_its_plan_is_invalid_with_the_reason() {
    let ran = overrun("").exits(0);
    assert!(ran.stdout.contains("\nquality      invalid: "), "{}", ran.stdout);
    assert!(ran.stdout.contains("dropped arrivals 95.0%"), "{}", ran.stdout);
    let dropped = check(&ran, "dropped_share");
    assert_eq!((&dropped["measured"], &dropped["severity"]), (&Value::from(0.95), &Value::from("invalid")));
    assert_eq!(ran.report().0["quality"]["severity"], "invalid");
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80), "{}", ran.stdout);
}

#[test]
fn strict_makes_an_invalid_run_exit_code_3_whatever_else_broke() {
    overrun("--strict").exits(3);
    let ran = overrun("--strict --threshold upload.dropped==0").exits(3);
    assert!(ran.stdout.contains("FAILED  upload.dropped==0: 19 of 20 (95.00%)"), "{}", ran.stdout);
    overrun("--threshold upload.dropped==0").exits(1);
}

#[test]
fn first_downloads_that_were_hits_make_a_run_invalid_whatever_the_header() {
    for (header, flag, found) in [
        ("X-Acme-Cache: HIT", "", true),
        ("CDN-Cache: HIT", "", true),
        ("Server-Timing: cdn-cache; desc=HIT, edge; dur=1", "", true),
        ("X-Edge-Result: Hit", "", false),
        ("X-Edge-Result: Hit", "--cache-header X-Edge-Result", true),
    ] {
        let server = Server::answering(move |request, right| match right {
            Reply::Send(bytes) if request.is_read() => {
                let line = bytes.iter().position(|byte| *byte == b'\n').expect("a status line") + 1;
                Reply::Send([&bytes[..line], header.as_bytes(), b"\r\n", &bytes[line..]].concat())
            }
            right => right,
        });
        let line = "-n 3 -c 1 --size 1KiB --strict -q --log log.ndjson";
        let run = Run::between(&server.url(), &server.url()).line(line).line(flag);
        let ran = run.go().exits(if found { 3 } else { 0 });
        if found {
            assert_eq!(check(&ran, "contaminated_share")["measured"], 1.0, "{header}");
            let name = header.split_once(':').expect("a header").0;
            assert!(ran.stdout.contains("3 of 3 first downloads were already cached"), "{}", ran.stdout);
            assert!(
                ran.stdout.contains(&format!("{name}: hit for 3 of 3 cached downloads")),
                "{}",
                ran.stdout
            );
        }
    }
}

#[test]
fn a_run_in_which_nothing_succeeded_has_no_verdict_on_its_numbers() {
    let bottle = Bottle::builder().publisher_faults(&["500=100%"]).start();
    let ran = Run::new(&bottle).line("-n 3 --size 1KiB -q --strict --write junit=junit").go().exits(1);
    assert!(ran.stdout.contains("\nquality      no verdict: nothing succeeded\n"), "{}", ran.stdout);
    assert_eq!(ran.report().0["quality"]["severity"], Value::Null);
    let junit = std::fs::read_to_string(ran.dir.path().join("junit")).expect("a file");
    assert!(!junit.contains("the numbers can be trusted"), "{junit}");
}

#[test]
fn the_machine_is_measured_in_every_run() {
    let bottle = Bottle::builder()
        .publisher(|config| config.profile.store.latency = "1s".parse().expect("a latency"))
        .start();
    let ran = Run::new(&bottle).line("-n 1 --size 1KiB -q").go().exits(0);
    assert!(ran.stdout.contains("\nquality      "), "{}", ran.stdout);
    let share = check(&ran, "cpu_share")["measured"].as_f64().unwrap();
    assert!(share > 0.0 && share.is_finite(), "{share}");
    let step = check(&ran, "wall_clock_step_seconds")["measured"].as_f64().unwrap();
    assert!(step < 45.0, "{step}");
    let lag = &ran.report().0["recording"]["generator"]["lag"]["max_nanoseconds"];
    assert!(lag.as_u64().is_some_and(|nanoseconds| nanoseconds > 0), "{lag}");
}

#[test]
fn a_frozen_generator_is_reported() {
    let frozen = Duration::from_millis(1_500);
    let bottle = Bottle::builder().publisher(|config| config.limits.concurrent = 1_000).start();
    let line = "--steps upload --rate 100/s --duration 4s --size 1KiB --events always --color never --strict";
    let started = Run::new(&bottle).line(line).start().until(" uploaded ").signal(Signal::STOP);
    std::thread::sleep(frozen); // sleep: this is the freeze itself
    let ran = started.signal(Signal::CONT).finish().exits(3);
    // The first arrival that was due in the freeze waited for all of it, and 150 of 400 in turn for less and less:
    // at q, D(1 - (1 - q) 400 / 150). All of them were sent, as the server knows.
    let waited = |quantile: f64| frozen.as_secs_f64() * (1.0 - (1.0 - quantile) * 400.0 / 150.0) * 0.95;
    assert_eq!(bottle.publisher_stats().route(tests::PUT_BLOB).received, 400);
    let start_delay = check(&ran, "start_delay_max_seconds");
    assert!(start_delay["measured"].as_f64().is_some_and(|seconds| seconds >= waited(1.0)), "{start_delay}");
    assert_eq!(start_delay["severity"], "invalid");
    let report = ran.report();
    let upload = &report.0["steps"][0];
    for (name, quantile) in [("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("max", 1.0)] {
        let response = upload["response_seconds"][name].as_f64().expect("it is supported");
        assert!(
            response >= waited(quantile),
            "response times run from when they were due: {name} {response}"
        );
    }
    // Service times are not affected.
    let [response, service] =
        ["response_seconds", "service_seconds"].map(|span| upload[span]["p90"].as_f64());
    assert!(service < response, "{service:?} {response:?}");
    let advice = "the machine did not run the generator in time";
    assert!(report.0["quality"]["advice"].as_str().is_some(), "{}", report.0["quality"]);
    assert!(ran.stdout.contains(advice) || ran.stdout.contains("ran short of CPU"), "{}", ran.stdout);
}

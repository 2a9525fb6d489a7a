//! How soon after storing blobs can be read, over aggregators whose times are known.

use std::collections::BTreeMap;

use rustix::process::Signal;
use serde_json::Value;
use stress::{
    export::log::{Ended, Exchange, LogReader},
    plan::journey::Step,
};
use tests::{AggregatorConfig, Bottle, CacheConfig, Persona};

use crate::common::{Ran, Run};

/// A publisher with an aggregator at which blobs can be read after this time.
fn visible_after(latency: &'static str) -> Bottle {
    Bottle::builder().aggregator(move |config| visible(config, latency)).start()
}

fn visible(config: &mut AggregatorConfig, latency: &str) {
    config.profile.visible_after = latency.parse().expect("a latency");
}

fn delayed(ran: &Ran, step: Step) -> Vec<(f64, bool)> {
    let bytes = std::fs::read(ran.dir.path().join("log.ndjson")).expect("a log");
    let exchanges =
        LogReader::open(bytes.as_slice()).expect("a header").map(|line| line.expect("an exchange"));
    let of_step = exchanges.filter(|exchange| exchange.step == step);
    let outcome = |exchange: Exchange<'_>| {
        let delay = exchange.delay.expect("a delay").as_secs_f64();
        (delay, matches!(exchange.ended, Ended::Done { .. }))
    };
    of_step.map(outcome).collect()
}

/// The first of the shares that the report supports, its time, and the ends of its interval.
fn share(one: &Value, share: f64) -> (f64, f64, f64) {
    let shares = one["shares"].as_array().expect("shares");
    let found =
        shares.iter().find(|entry| entry["share"] == share).unwrap_or_else(|| panic!("{share}: {one}"));
    let number = |key: &str| found[key].as_f64().unwrap_or(0.0);
    (number("after_seconds"), number("low_seconds"), number("high_seconds"))
}

#[test]
fn blobs_are_read_once_and_the_interval_contains_the_time_from_which_they_can_be_read() {
    let bottle = visible_after("300ms");
    let line =
        "-n 300 -c 8 --size 1KiB --seed 3 --steps upload,after:30ms..3s --log log.ndjson --html page.html";
    let ran = Run::new(&bottle).line(line).go().exits(0);
    let reads = delayed(&ran, Step::After);
    assert_eq!(reads.len(), 300);
    // The server counts from its own store, before the answer has arrived: a read at 300 ms always finds the blob.
    for (delay, found) in &reads {
        assert!(*delay >= 0.03, "{delay}: never early");
        assert!(*found || *delay < 0.3, "{delay}");
    }
    let report = ran.report().0;
    let one = &report["readable"][0];
    let found = reads.iter().filter(|(_, found)| *found).count();
    assert_eq!((one["reads"].as_u64(), one["found"].as_u64()), (Some(300), Some(found as u64)));
    // The store's answer takes a while on a busy machine, which makes the true delay shorter than 300 ms.
    let last_in_vain = reads.iter().filter(|(_, found)| !found).map(|(delay, _)| *delay).fold(0.0, f64::max);
    let (_, low, high) = share(one, 0.9);
    assert!(low <= last_in_vain * 1.02 + 0.3 && high >= last_in_vain, "{low} {high} {last_in_vain}");
    let answer: Vec<_> = ran.stdout.lines().take(5).collect();
    assert!(answer[0].contains("not found yet") && !answer[0].contains("failed"), "{answer:?}");
    assert!(answer[1].starts_with("readable") && answer[1].contains(" % readable "), "{answer:?}");
    let page = std::fs::read_to_string(ran.dir.path().join("page.html")).expect("a page");
    assert!(page.contains("Readable, by the time since the store") && page.contains(r#"class="band"#));
    // No first and cached downloads, hence nothing about caches.
    assert_eq!(report.get("cache_effect"), None);
    crate::schema::assert_valid(&report);
}

#[test]
fn drawn_times_of_several_aggregators_are_reported_apart() {
    let bottle = visible_after("uniform:100ms..500ms");
    let other = Bottle::builder().store(bottle.store()).aggregator(|config| visible(config, "0s")).start();
    let down = Bottle::builder().store(bottle.store()).aggregator_faults(&["503=100%"]).start();
    let line = "-n 450 -c 8 --size 1KiB --seed 4 --steps upload,after:20ms..2s";
    let ran = Run::new(&bottle).args(["--aggregator", other.aggregator_url()]);
    let ran = ran.args(["--aggregator", down.aggregator_url()]).line(line).go().exits(1);
    let report = ran.report().0;
    let readable = report["readable"].as_array().expect("rows");
    let of = |bottle: &Bottle| readable.iter().find(|one| one["aggregator"] == bottle.aggregator_url());
    let (_, low, high) = share(of(&bottle).expect("the drawn one"), 0.9);
    assert!(low <= 0.5 && high >= 0.3, "{low} {high}");
    let at_once = of(&other).expect("the fast one");
    assert_eq!(at_once["found"], at_once["reads"]);
    assert_eq!(at_once["shares"][0]["low_seconds"], Value::Null);
    assert_eq!(of(&down), None, "without an answer there is nothing to say");
    assert!(ran.stdout.contains(&format!("{}: ", other.aggregator_url())), "{}", ran.stdout);
    crate::schema::assert_valid(&report);
}

#[test]
fn a_read_that_came_too_early_costs_as_long_as_the_cache_keeps_its_404() {
    let keeps = |config: &mut AggregatorConfig| {
        visible(config, "150ms");
        let cache = CacheConfig::of(Persona::Nginx);
        config.cache = CacheConfig { negative_ttl: Some(std::time::Duration::from_secs(2)), ..cache };
    };
    let bottle = Bottle::builder().aggregator(keeps).start();
    let line =
        "-n 80 -c 8 --size 1KiB --seed 5 --steps upload,after:1ms..20ms --again 500ms,4s --log log.ndjson";
    let ran = Run::new(&bottle).line(line).go().exits(0);
    let mut by_time: BTreeMap<u64, Vec<bool>> = BTreeMap::new();
    for (delay, found) in delayed(&ran, Step::Again) {
        by_time.entry(if delay < 2.0 { 500 } else { 4_000 }).or_default().push(found);
    }
    let early = &delayed(&ran, Step::After);
    assert!(early.iter().all(|(delay, found)| !found || *delay > 0.05), "{early:?}");
    let report = ran.report().0;
    let again = report["readable"][0]["again"].as_array().expect("times");
    for (entry, (_, found)) in again.iter().zip(&by_time) {
        let count = found.iter().filter(|found| **found).count() as u64;
        assert_eq!(
            (entry["reads"].as_u64(), entry["found"].as_u64()),
            (Some(found.len() as u64), Some(count))
        );
    }
    let cost = &report["readable"][0]["early_read_cost"];
    assert_eq!(
        (cost["more_than_seconds"].as_f64(), cost["at_most_seconds"].as_f64()),
        (Some(0.5), Some(4.0))
    );
    assert!(
        ran.stdout.contains("a read that came too early cost more than 500ms, at most 4s"),
        "{}",
        ran.stdout
    );
    crate::schema::assert_valid(&report);
}

#[test]
fn blobs_that_wait_hold_no_worker_and_count_as_in_flight() {
    // One worker, and every blob waits for most of a second: one after the other they would take half a minute.
    let bottle = Bottle::start();
    let line = "-n 40 -c 1 --size 1KiB --steps upload,after:800ms --log log.ndjson";
    let ran = Run::new(&bottle).line(line).go().exits(0);
    assert!(ran.report().0["elapsed_seconds"].as_f64() < Some(20.0));
    assert_eq!(delayed(&ran, Step::After).len(), 40);
    // At a rate, a place in flight is held until the read has ended: two places serve four of ten blobs at most.
    let line = "--rate 20/s -n 10 --max-in-flight 2 --size 1KiB --steps upload,after:20s..21s --grace 1s";
    let started = Run::new(&bottle).line(line).line("--events always").start();
    let ran = started.until(" 2 uploaded").signal(Signal::INT).finish().exits(130);
    let report = ran.report().0;
    assert!(report["steps"][0]["attempted"].as_u64() <= Some(2), "{report}");
    assert_eq!(report["steps"][1]["skipped"], report["steps"][0]["attempted"], "waiting blobs end at once");
}

#[test]
fn what_was_stored_before_says_nothing_and_is_not_read() {
    let bottle = visible_after("0s");
    let line = "-n 5 --size 1KiB --seed 9 --permanent --steps upload,after:10ms";
    Run::new(&bottle).line(line).go().exits(0);
    let ran = Run::new(&bottle).line(line).go().exits(1);
    assert!(ran.stdout.contains("no delayed read was made"), "{}", ran.stdout);
    let report = ran.report().0;
    assert_eq!((report["steps"][1]["skipped"].as_u64(), report.get("readable")), (Some(5), None));
}

#[test]
fn delays_are_part_of_plans_and_parts_add_up() {
    let bottle = visible_after("0s");
    let line = "-n 40 --size 1KiB --seed 6 --steps upload,after:5ms..50ms --again 10ms,20ms";
    let whole = Run::new(&bottle).line(line).go().exits(0);
    let saved = std::fs::read_to_string(whole.dir.path().join("report.json")).expect("a report");
    let again = Run::new(&bottle).file("saved.json", &saved).line("--plan saved.json --force").go().exits(0);
    assert_eq!(again.report().0["plan"]["phases"], whole.report().0["plan"]["phases"]);
    let shard = |own: &str| Run::new(&bottle).line(line).args(["--force", "--shard", own]).go().exits(0);
    let parts = ["0/2", "1/2"].map(shard);
    let paths = parts.each_ref().map(|part| part.dir.path().join("report.json").display().to_string());
    let merged =
        Run::bare().command("merge").args(["-o", "report.json"]).args(&paths).go().exits(0).report().0;
    let reads = |report: &Value| report["readable"][0]["reads"].as_u64();
    let sum: Option<u64> = parts.iter().map(|part| reads(&part.report().0)).sum();
    assert_eq!((reads(&merged), sum), (Some(40), Some(40)));
}

//! How soon after storing blobs can be read, over aggregators whose times are known.

use std::{collections::BTreeMap, path::Path, time::Duration};

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

/// Aggregators over one store: one with drawn times, two that are equal, a slow one, one whose headers are wrong, one that
/// corrupts, one that fails, and one whose cache keeps a 404 for a minute.
fn servers(store: &Path) -> [(&'static str, Bottle); 8] {
    let server = |change: fn(&mut AggregatorConfig)| Bottle::builder().store(store).aggregator(change);
    let at_once = || server(|config| visible(config, "0s"));
    let slow = |config: &mut AggregatorConfig| {
        visible(config, "0s");
        config.profile.first_read.latency = "150ms".parse().expect("a latency");
    };
    let liar = |config: &mut AggregatorConfig| {
        visible(config, "0s");
        config.cache = CacheConfig::of(Persona::FalseHit);
    };
    let keeps = |config: &mut AggregatorConfig| {
        visible(config, "300ms");
        config.cache =
            CacheConfig { negative_ttl: Some(Duration::from_secs(60)), ..CacheConfig::of(Persona::Nginx) };
    };
    [
        ("drawn", server(|config| visible(config, "uniform:100ms..500ms")).start()),
        ("one", at_once().start()),
        ("two", at_once().start()),
        ("slow", server(slow).start()),
        ("liar", server(liar).start()),
        ("corrupting", at_once().aggregator_faults(&["corrupt=100%"]).start()),
        ("failing", at_once().aggregator_faults(&["503=100%"]).start()),
        ("keeping", server(keeps).start()),
    ]
}

#[test]
fn aggregators_of_every_kind_are_reported_apart() {
    let bottle = Bottle::start();
    let (servers, down) = (servers(bottle.store()), crate::common::nowhere());
    let urls = servers.iter().map(|(_, one)| one.aggregator_url()).chain([down.as_str()]);
    let flags: Vec<_> = urls.flat_map(|url| ["--aggregator", url]).collect();
    let line = "-n 1000 -c 8 --size 1KiB --seed 4 --steps upload,after:20ms..2s --again 1s --no-check --report report.json -q";
    let ran = Run::bare().args(["--publisher", bottle.publisher_url()]).args(flags).line(line).go().exits(1);
    let report = ran.report().0;
    let readable = report["readable"].as_array().expect("rows");
    let of = |name: &str| {
        let url = servers.iter().find(|(known, _)| *known == name).expect("known").1.aggregator_url();
        readable.iter().find(|one| one["aggregator"] == url)
    };
    let (_, low, high) = share(of("drawn").expect("a row"), 0.9);
    assert!(low <= 0.5 && high >= 0.3, "{low} {high}");
    for name in ["one", "two", "slow", "liar"] {
        let row = of(name).expect("a row");
        assert_eq!(row["found"], row["reads"], "{name}");
        assert_eq!(row["shares"][0]["low_seconds"], Value::Null, "{name}: every delay was long enough");
    }
    // Wrong bytes, errors and silence say nothing about the time.
    assert_eq!([of("corrupting"), of("failing")], [None, None]);
    assert!(!readable.iter().any(|one| one["aggregator"] == down));
    // The 404 is kept: a second later the blob is there, and is not found.
    let keeping = of("keeping").expect("a row");
    let (_, low, high) = share(keeping, 0.9);
    assert!(low <= 0.3 && high >= 0.25, "{low} {high}");
    assert_eq!(keeping["again"][0]["found"], 0);
    assert!(keeping["again"][0]["reads"].as_u64() > Some(10), "{keeping}");
    let drawn = &of("drawn").expect("a row")["again"][0];
    assert_eq!(drawn["found"], drawn["reads"]);
    assert!(ran.stdout.contains(&format!("{}: ", servers[1].1.aggregator_url())), "{}", ran.stdout);
    crate::schema::assert_valid(&report);
}

#[test]
fn a_read_that_came_too_early_costs_as_long_as_the_cache_keeps_its_404() {
    let keeps = |config: &mut AggregatorConfig| {
        visible(config, "150ms");
        let cache = CacheConfig::of(Persona::Nginx);
        config.cache = CacheConfig { negative_ttl: Some(Duration::from_secs(2)), ..cache };
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

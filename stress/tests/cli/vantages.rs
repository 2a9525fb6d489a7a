//! Vantage points: several machines read the same blobs, and their reports are merged and compared.

use std::path::PathBuf;

use serde_json::{Value, json};
use stress::{export::log::LogReader, plan::journey::Step};
use tests::{AggregatorConfig, Bottle, CacheConfig, Persona};

use crate::common::{Ran, Run};

/// The log of uploads at a publisher.
fn stored(bottle: &Bottle, blobs: u32) -> String {
    let line = format!("-n {blobs} --size 20KiB --seed 11 --steps upload --log log.ndjson -q");
    let ran = Run::new(bottle).line(&line).go().exits(0);
    std::fs::read_to_string(ran.dir.path().join("log.ndjson")).expect("a log")
}

fn aggregator(bottle: &Bottle, latency: &'static str) -> Bottle {
    let change = move |config: &mut AggregatorConfig| {
        config.profile.first_read.latency = latency.parse().expect("a latency");
        config.cache = CacheConfig::of(Persona::Nginx);
    };
    Bottle::builder().store(bottle.store()).aggregator(change).start()
}

/// What vantage point `name` reads at `aggregator`.
fn read(aggregator: &Bottle, log: &str, name: &str, number: &str, flags: &str) -> Run {
    let run = Run::bare().file("uploads.ndjson", log).args(["--aggregator", aggregator.aggregator_url()]);
    let run = run.line("--from-log uploads.ndjson --run-id r-1 --report report.json --log log.ndjson -q");
    run.args(["--vantage", name, "--shard", number]).line(flags)
}

fn report(ran: &Ran) -> PathBuf {
    ran.dir.path().join("report.json")
}

fn merge(runs: &[&Ran], flags: &str) -> Run {
    let files: Vec<_> = runs.iter().map(|ran| report(ran).display().to_string()).collect();
    Run::bare().command("merge").line("-o report.json").line(flags).args(files)
}

/// The blobs in the order of their first reads, by their position in the list.
fn order(ran: &Ran) -> Vec<u64> {
    let bytes = std::fs::read(ran.dir.path().join("log.ndjson")).expect("a log");
    let exchanges =
        LogReader::open(bytes.as_slice()).expect("a header").map(|line| line.expect("an exchange"));
    exchanges
        .filter(|exchange| exchange.step == Step::FIRST)
        .map(|exchange| exchange.blob_number - 1)
        .collect()
}

#[test]
fn vantage_points_begin_with_different_blobs_and_end_with_the_same() {
    let bottle = Bottle::start();
    let log = stored(&bottle, 9);
    let orders = ["0/3", "1/3", "2/3"].map(|number| {
        order(&read(&bottle, &log, &format!("at-{}", &number[..1]), number, "-c 1 -n 8").go().exits(0))
    });
    assert_eq!(orders[0], [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(orders[1], [1, 2, 0, 4, 5, 3, 7, 6]);
    assert_eq!(orders[2], [2, 0, 1, 5, 3, 4, 6, 7]);
}

#[test]
fn merged_vantage_points_are_kept_apart_and_compared() {
    let bottle = Bottle::start();
    let log = stored(&bottle, 36);
    let servers = [
        ("tokyo", aggregator(&bottle, "40ms")),
        ("paris", aggregator(&bottle, "40ms")),
        ("lima", aggregator(&bottle, "140ms")),
    ];
    let runs: Vec<_> = servers
        .iter()
        .zip(["0/3", "1/3", "2/3"])
        .map(|((name, server), number)| read(server, &log, name, number, "-c 3").go().exits(0))
        .collect();
    // The three stand for one address that is reached from different places.
    for (ran, (_, server)) in runs.iter().zip(&servers) {
        let text = std::fs::read_to_string(report(ran)).expect("a report");
        let text = text.replace(server.aggregator_url(), servers[0].1.aggregator_url());
        std::fs::write(report(ran), text).expect("a report");
    }
    let merged = merge(&runs.iter().collect::<Vec<_>>(), "--expect 3").go().exits(0);
    let document = merged.json("report.json");
    crate::schema::assert_valid(&document);
    let points = document["vantage_points"]["points"].as_array().expect("points");
    let named = |name: &str| points.iter().find(|point| point["name"] == name).expect("the point");
    assert_eq!(points.iter().map(|point| &point["name"]).collect::<Vec<_>>(), ["tokyo", "paris", "lima"]);
    assert_eq!([&named("tokyo")["rank"], &named("paris")["rank"]], [&json!(1), &json!(1)]);
    assert_eq!(named("lima")["rank"], 3);
    for point in points {
        assert_eq!((point["done"].as_u64(), point["attempted"].as_u64()), (Some(72), Some(72)));
        assert_eq!(point["cache_effect"]["effect"], "faster", "{point}");
        assert_eq!(point["cache_effect"]["status"]["rows"][0]["cache_status"], "hit");
    }
    let lima = named("lima")["first"]["median_seconds"].as_f64().expect("a time");
    assert!(lima >= 0.14, "{lima}");
    // Totals are sums; an effect of all caches together would be none's.
    assert_eq!(document["steps"][0]["done"], 108);
    assert_eq!(document.get("cache_effect"), None);

    let files = merged.dir.path().join("report.json").display().to_string();
    let shown = Run::bare().command("report").args([&files]).go().exits(0).stdout;
    let first: Vec<_> = shown.lines().take(3).collect();
    assert!(
        first[1].starts_with("vantage      tokyo, paris cannot be distinguished with 36 blobs"),
        "{shown}"
    );
    assert!(shown.contains("sums over the vantage") && shown.contains("lima"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
}

#[test]
fn what_is_no_set_of_vantage_points_is_refused_by_name() {
    let bottle = Bottle::start();
    let log = stored(&bottle, 4);
    let point = |name: &str, number: &str| read(&bottle, &log, name, number, "").go().exits(0);
    let (tokyo, paris, again) = (point("tokyo", "0/3"), point("paris", "1/3"), point("tokyo", "2/3"));
    let refused = |runs: &[&Ran], flags: &str| merge(runs, flags).go().exits(3).stderr;
    let text = refused(&[&tokyo, &paris], "--expect 3");
    assert!(text.contains("is one of 3 vantage points, but vantage point 2/3 is missing"), "{text}");
    let text = refused(&[&tokyo, &paris, &again], "");
    assert!(text.contains("is called tokyo, and so is"), "{text}");
    let shard = read(&bottle, &log, "x", "2/3", "");
    let words: Vec<_> =
        shard.args.iter().filter(|word| !["--vantage", "x"].contains(&word.as_str())).cloned().collect();
    let shard = Run { args: words, ..shard }.go().exits(0);
    let text = refused(&[&tokyo, &paris, &shard], "");
    assert!(text.contains("is shard 2/3, but") && text.contains("is vantage point tokyo (0/3)"), "{text}");
    let partial = merge(&[&tokyo, &paris], "--allow-partial").go().exits(0);
    let document = partial.json("report.json");
    assert_eq!((&document["missing"], document["partial"].as_bool()), (&json!(["2/3"]), Some(true)));
    crate::schema::assert_valid(&document);
}

#[test]
fn flags_that_do_not_go_with_a_vantage_point_say_what_to_do() {
    let bottle = Bottle::start();
    let log = stored(&bottle, 3);
    let refused = |run: Run| run.go().exits(2).stderr;
    let uploads = Run::new(&bottle).line("--run-id r --vantage tokyo --shard 0/2");
    assert!(refused(uploads).contains("--vantage needs stored blobs, since each vantage point would store"));
    let alone = Run::bare().file("l", &log).args(["--aggregator", bottle.aggregator_url()]);
    assert!(refused(alone.line("--from-log l --vantage tokyo")).contains("--vantage needs --shard K/N"));
    for (flags, words) in [
        ("--warm-up 1", "is for a run of one phase"),
        ("--steps cached -n 2", "needs the step first"),
        ("--order phased", "is for a run of one phase"),
    ] {
        let text = refused(read(&bottle, &log, "tokyo", "0/2", flags));
        assert!(text.contains(words), "{flags}: {text}");
    }
    let text = refused(read(&bottle, &log, "to kyo", "0/2", ""));
    assert!(text.contains("has other characters than"), "{text}");
}

#[test]
fn a_saved_vantage_point_reads_its_blobs_again() {
    let bottle = Bottle::start();
    let log = stored(&bottle, 3);
    let ran = read(&bottle, &log, "tokyo", "1/2", "").go().exits(0);
    let saved = std::fs::read_to_string(report(&ran)).expect("a report");
    let again = Run::bare().file("uploads.ndjson", &log).file("saved.json", &saved);
    let again = again.line("--plan saved.json --report report.json").go().exits(0);
    let plan = |ran: &Ran| -> Value { ran.json("report.json")["plan"]["vantage"].clone() };
    assert_eq!(plan(&again), plan(&ran));
    assert_eq!(plan(&ran), json!({ "name": "tokyo", "number": "1/2" }));
}

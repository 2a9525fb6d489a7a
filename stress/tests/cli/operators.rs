//! `walrus-stress operators`: several aggregators over the blobs of one publisher, each known to be what it is.

use std::{net::TcpListener, path::Path};

use serde_json::{Value, json};
use tests::{AggregatorConfig, Bottle, Persona};

use crate::common::{Ran, Run};

/// An aggregator over the blobs of `store`.
fn aggregator(store: &Path, change: impl FnOnce(&mut AggregatorConfig) + 'static) -> Bottle {
    Bottle::builder().store(store).aggregator(change).start()
}

/// An address where nothing listens.
fn down() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

fn latency(text: &'static str) -> impl FnOnce(&mut AggregatorConfig) + 'static {
    move |config| config.profile.first_read.latency = text.parse().expect("a latency")
}

/// The list of these operators, on one network.
fn list(operators: &[(&str, &str)]) -> String {
    let entries = operators.iter().map(|(name, url)| {
        let entry = json!({ "operator": name, "cache": true, "note": "kept" });
        ((*url).to_owned(), entry)
    });
    let aggregators: serde_json::Map<String, Value> = entries.collect();
    serde_json::to_string_pretty(&json!({ "testnet": { "aggregators": aggregators } })).expect("JSON")
}

fn operator<'a>(report: &'a Value, name: &str) -> &'a Value {
    let all = report["operators"].as_array().expect("operators");
    all.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name} in {report}"))
}

fn compare(dir: impl FnOnce(Run) -> Run) -> Ran {
    let run = Run::bare().command("operators").args(["--report", "report.json", "--seed", "7"]);
    dir(run).go()
}

/// The document is valid by the published schema.
#[track_caller]
fn assert_valid(report: &Value) {
    let schema = serde_json::from_str(include_str!("../../schema/operators.schema.json")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let wrong: Vec<String> =
        validator.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(wrong, Vec::<String>::new());
    let described = schema["properties"].as_object().expect("properties");
    for key in report.as_object().expect("an object").keys() {
        assert!(described.contains_key(key), "{key} is not described");
    }
    let row = &schema["properties"]["operators"]["items"]["properties"];
    for key in report["operators"][0].as_object().expect("an operator").keys() {
        assert!(row.get(key).is_some(), "{key} is not described");
    }
}

/// Two that are equal and cached, a slow one, one whose headers are wrong, one that corrupts, and one whose cache keeps the 404
/// of a read that came too early.
fn servers(store: &Path) -> [(&'static str, Bottle); 6] {
    let cached = |config: &mut AggregatorConfig| {
        latency("60ms")(config);
        config.cache = tests::CacheConfig::of(Persona::Nginx);
    };
    let false_hits = |config: &mut AggregatorConfig| {
        latency("100ms")(config);
        config.cache = tests::CacheConfig::of(Persona::FalseHit);
    };
    let forgetful = |config: &mut AggregatorConfig| {
        // Longer than all its reads take.
        config.profile.visible_after = "1h".parse().expect("a latency");
        config.cache = tests::CacheConfig::of(Persona::Nginx);
    };
    let corrupting = Bottle::builder().store(store).aggregator(latency("60ms"));
    [
        ("forgetful", aggregator(store, forgetful)),
        ("one", aggregator(store, cached)),
        ("two", aggregator(store, cached)),
        ("slow", aggregator(store, latency("150ms"))),
        ("liar", aggregator(store, false_hits)),
        ("corrupting", corrupting.aggregator_faults(&["corrupt=100%"]).start()),
    ]
}

#[test]
fn operators_of_every_kind_are_ranked_with_evidence() {
    let publisher = Bottle::start();
    let (servers, down) = (servers(publisher.store()), down());
    let mut operators: Vec<_> = servers.iter().map(|(name, one)| (*name, one.aggregator_url())).collect();
    operators.push(("down", &down));
    let flags = "--list operators.json --network testnet --write-list new.json --write csv=operators.csv \
                 --html operators.html --publisher";
    let ran = compare(|run| {
        run.file("operators.json", &list(&operators)).line(flags).args([publisher.publisher_url()])
    })
    .exits(1);
    let report = ran.json("report.json");
    assert_valid(&report);
    assert_ranked(&report, &ran.stdout);
    let first_lines = ran.stdout.lines().take(5).collect::<Vec<_>>().join("\n");
    assert!(
        first_lines.contains("are the fastest of 7 aggregators and cannot be distinguished"),
        "{first_lines}"
    );
    assert!(first_lines.contains("wrong bytes  corrupting"), "{first_lines}");
    let csv = std::fs::read_to_string(ran.dir.path().join("operators.csv")).expect("CSV");
    assert_eq!(csv.lines().count(), 8);

    let updated = ran.json("new.json");
    let entry = |name: &str| {
        let url = operators.iter().find(|(known, _)| *known == name).expect("known").1;
        updated["testnet"]["aggregators"][url].clone()
    };
    assert_eq!((&entry("one")["cache"], &entry("one")["note"]), (&json!(true), &json!("kept")));
    assert_eq!(entry("liar")["cache"], false);
    assert_eq!(entry("down")["functional"], false);
    assert_eq!(entry("down")["cache"], true, "what was not measured stays");
    assert_eq!(entry("one").get("functional"), None);
}

/// The ranks and the evidence of [`servers`] and one that is down.
#[track_caller]
fn assert_ranked(report: &Value, shown: &str) {
    let of = |name| operator(report, name);
    // Three times seven is the first whole square with 20 blobs.
    assert_eq!(report["blobs"], 21);
    for (name, rank) in [
        ("one", json!(1)),
        ("two", json!(1)),
        ("corrupting", Value::Null),
        ("down", Value::Null),
        ("forgetful", Value::Null),
    ] {
        assert_eq!(of(name)["rank"], rank, "{name}: {shown}");
    }
    assert!(of("liar")["rank"].as_u64() > Some(1), "{shown}");
    assert!(of("slow")["rank"].as_u64() > of("liar")["rank"].as_u64(), "{shown}");
    assert_eq!(of("corrupting")["corrupt"], 21);
    // A kept 404 is no cached read, however fast it is.
    assert_eq!((&of("forgetful")["delivered"], &of("forgetful")["cache_effect"]), (&json!(0), &Value::Null));
    assert_eq!(of("forgetful")["failures"][0]["class"], "not-found");
    assert_eq!(of("down")["asked"], 3, "an operator that does not respond is not asked for ever");
    assert_eq!(of("one")["cache_effect"]["effect"], "faster");
    assert_eq!(of("one")["status_headers"], json!({ "x-cache-status": 21 }));
    assert_eq!(of("liar")["cache_statuses"][0]["finding"], "hits-no-faster");
    // The nginx of the operators' guide answers a range with the whole blob.
    for (name, range) in [("one", false), ("slow", true)] {
        let offers = json!({ "cors": true, "range": range, "protocols": ["http/1.1"] });
        assert_eq!(of(name)["offers"], offers, "{name}");
    }
}

#[test]
fn blobs_of_a_list_are_compared_with_what_most_operators_deliver() {
    let publisher = Bottle::start();
    let stored = Run::new(&publisher).line("-n 6 --steps upload --log log.ndjson").go().exits(0);
    let log = std::fs::read_to_string(stored.dir.path().join("log.ndjson")).expect("a log");
    let ids: Vec<String> = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok()?["blob_id"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(ids.len(), 6);
    let store = publisher.store();
    let (one, two) = (aggregator(store, |_| {}), aggregator(store, |_| {}));
    let corrupting = Bottle::builder().store(store).aggregator_faults(&["corrupt=100%"]).start();
    let ran = compare(|run| {
        run.input(&ids.join("\n")).args([
            "--blob-ids",
            "-",
            "--aggregator",
            one.aggregator_url(),
            "--aggregator",
            two.aggregator_url(),
            "--aggregator",
            corrupting.aggregator_url(),
        ])
    })
    .exits(1);
    let report = ran.json("report.json");
    assert_valid(&report);
    let corrupt = |bottle: &Bottle| {
        let all = report["operators"].as_array().expect("operators");
        all.iter().find(|row| row["url"] == bottle.aggregator_url()).expect("a row")["corrupt"].as_u64()
    };
    assert_eq!((corrupt(&one), corrupt(&two)), (Some(0), Some(0)));
    assert!(corrupt(&corrupting) > Some(0), "{report}");
    assert_eq!(report["disputed"], json!([]));
}

#[test]
fn two_operators_that_disagree_are_named_without_blame() {
    let publisher = Bottle::start();
    let stored = Run::new(&publisher).line("-n 1 --steps upload --export").go().exits(0);
    let id = stored.rows()[0]["blob_id"].as_str().expect("an ID").to_owned();
    let one = aggregator(publisher.store(), |_| {});
    let corrupting = Bottle::builder().store(publisher.store()).aggregator_faults(&["corrupt=100%"]).start();
    let ran = compare(|run| {
        run.input(&id).args([
            "--blob-ids",
            "-",
            "--aggregator",
            one.aggregator_url(),
            "--aggregator",
            corrupting.aggregator_url(),
        ])
    })
    .exits(1);
    assert_eq!(ran.json("report.json")["disputed"], json!([id]));
    assert!(ran.stdout.contains(&format!("disagreement {id}")), "{}", ran.stdout);
}

#[test]
fn bad_usage_is_named() {
    let list = list(&[("one", "http://127.0.0.1")]);
    for (words, expected) in [
        ("", "--aggregator is missing"),
        ("--aggregator http://127.0.0.1", "--publisher is missing"),
        ("--list operators.json --network devnet", "mainnet, testnet"),
        ("--list operators.json --network mainnet", "has no network `mainnet`; it has: testnet"),
        ("--list missing.json", "missing.json"),
        ("--list operators.json --network testnet --only two", "`two` is no operator; there are: one"),
        ("--network testnet", "--list"),
        ("--aggregator http://h.example --publisher http://127.0.0.1 --pause 1ms", "--pause"),
        ("--aggregator http://h.example --publisher http://127.0.0.1 -n 300", "--blobs"),
        ("--aggregator http://127.0.0.1 --publisher http://127.0.0.1 -n 0", "--blobs"),
        ("--aggregator http://127.0.0.1 --publisher http://127.0.0.1 --write pdf=x", "pdf"),
        ("--aggregator http://127.0.0.1 --publisher http://127.0.0.1 --epochs 99", "--epochs"),
    ] {
        let ran = Run::bare().command("operators").file("operators.json", &list).line(words).go().exits(2);
        assert!(ran.stderr.contains(expected), "{words}: {}", ran.stderr);
    }
}

#[test]
fn reports_of_several_places_stand_side_by_side() {
    let publisher = Bottle::start();
    let corrupting = Bottle::builder().store(publisher.store()).aggregator(latency("10ms"));
    let servers = [
        ("fast", aggregator(publisher.store(), latency("10ms"))),
        ("slow", aggregator(publisher.store(), latency("120ms"))),
        ("bad", corrupting.aggregator_faults(&["corrupt=100%"]).start()),
    ];
    let operators: Vec<_> = servers.iter().map(|(name, one)| (*name, one.aggregator_url())).collect();
    let place = |name: &str, skip: &str, code: i32| {
        let ran = compare(|run| {
            let run =
                run.file("operators.json", &list(&operators)).line("--list operators.json --network testnet");
            run.args(["--publisher", publisher.publisher_url(), "--vantage", name, "--skip", skip, "-q"])
        });
        ran.exits(code)
    };
    let (tokyo, paris) = (place("tokyo", "bad", 0), place("paris", "slow", 1));
    assert_valid(&tokyo.json("report.json"));
    let path = |ran: &Ran| ran.dir.path().join("report.json").display().to_string();
    let merge = |paths: &[String], flags: &str| {
        Run::bare().command("merge").line("-o places.json").line(flags).args(paths).go()
    };
    let merged = merge(&[path(&tokyo), path(&paris)], "--expect 2").exits(1);
    let document = merged.json("places.json");
    assert_eq!(document["schema"], "walrus-stress/operator-places/1");
    assert_eq!(document["operators"][0]["name"], "fast");
    assert_eq!(document["operators"][0]["fastest_from"], 2);
    let lines: Vec<_> = merged.stdout.lines().collect();
    assert_eq!(lines[0], "fast is among the fastest of 3 aggregators from all 2 places", "{}", merged.stdout);
    assert!(lines[1].starts_with("wrong bytes  bad from paris"), "{}", merged.stdout);
    assert!(lines.iter().any(|line| line.starts_with("slow") && line.contains("2 ") && line.ends_with('–')));
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{}", merged.stdout);

    let refused = merge(&[path(&tokyo), path(&tokyo)], "--expect 3").exits(3);
    assert!(refused.stderr.contains("comes from the same place"), "{}", refused.stderr);
    assert!(refused.stderr.contains("there are 2 reports, but --expect is 3"), "{}", refused.stderr);
    let run = Run::new(&publisher).line("-n 1").go().exits(0);
    let mixed = merge(&[path(&tokyo), path(&run)], "").exits(3);
    assert!(mixed.stderr.contains("is no report of `walrus-stress operators`"), "{}", mixed.stderr);
    let mixed = merge(&[path(&run), path(&tokyo)], "").exits(3);
    assert!(mixed.stderr.contains("walrus-stress operators"), "{}", mixed.stderr);
    assert!(!refused.files().contains(&"places.json".to_owned()), "nothing is written");
}

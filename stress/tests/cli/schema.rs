//! The published schema of reports: what runs write is valid, and every key of it is described.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::Bottle;

use crate::{
    common::{Ran, Run},
    server::{Reply, Server, answer},
};

/// The schema as it is published.
fn schema() -> Value {
    serde_json::from_str(include_str!("../../schema/report.schema.json")).expect("the schema is JSON")
}

/// What `instance` does wrong by the schema.
fn wrong(instance: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(&schema()).expect("the schema is one");
    validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The schema itself and every branch of it, references followed.
fn branches<'a>(root: &'a Value, schema: &'a Value, found: &mut Vec<&'a Value>) {
    found.push(schema);
    if let Some(name) = schema["$ref"].as_str() {
        let target =
            root.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("{name} is not defined"));
        branches(root, target, found);
    }
    for branch in schema["anyOf"].as_array().into_iter().flatten() {
        branches(root, branch, found);
    }
}

/// Adds the keys of `instance` that the schema does not describe. Objects whose properties it does not list are not
/// looked into.
fn undescribed(root: &Value, schema: &Value, instance: &Value, path: &str, missing: &mut BTreeSet<String>) {
    let mut all = Vec::new();
    branches(root, schema, &mut all);
    match instance {
        Value::Object(entries) => {
            let known: Vec<_> = all.iter().filter_map(|branch| branch["properties"].as_object()).collect();
            for (key, value) in entries.iter().filter(|_| !known.is_empty()) {
                let path = format!("{path}.{key}");
                let Some(inner) = known.iter().find_map(|properties| properties.get(key)) else {
                    missing.insert(path);
                    continue;
                };
                let mut descriptions = Vec::new();
                branches(root, inner, &mut descriptions);
                if descriptions.iter().all(|branch| branch["description"].as_str().is_none_or(str::is_empty))
                {
                    missing.insert(path.clone());
                }
                undescribed(root, inner, value, &path, missing);
            }
        }
        Value::Array(items) => {
            let inner = all.iter().map(|branch| &branch["items"]).find(|inner| inner.is_object());
            for (item, inner) in items.iter().zip(inner.into_iter().cycle()) {
                undescribed(root, inner, item, &format!("{path}[]"), missing);
            }
        }
        _ => {}
    }
}

#[track_caller]
pub(crate) fn assert_valid(report: &Value) {
    let schema = schema();
    assert_eq!(wrong(report), Vec::<String>::new());
    let mut missing = BTreeSet::new();
    undescribed(&schema, &schema, report, "report", &mut missing);
    assert_eq!(missing, BTreeSet::new(), "describe these in stress/schema/report.schema.json");
}

#[track_caller]
fn valid(ran: &Ran) -> Value {
    let report = ran.report().0;
    assert_valid(&report);
    report
}

#[test]
fn the_pinned_report_is_valid_and_described() {
    let pinned = include_str!("../../../tests/fixtures/report-1.json");
    assert_valid(&serde_json::from_str(pinned).expect("JSON"));
}

#[test]
fn a_report_of_everything_is_valid_and_described() {
    let bottle = Bottle::start();
    let line = "--rate 300/s -n 150 --warm-up 60 --size 1KiB --duplicates 30% --reads 3 --max-in-flight 50 \
                --threshold upload.max<1h --threshold upload.p99<1s --unsupported-percentiles judge --threshold *.rate>0.1/s \
                --threshold *.throughput>1B/s --bearer t0ken --header X-A:b";
    let ran = Run::new(&bottle).line(line).go();
    let report = valid(&ran);
    assert!(report["arrivals"].is_array() && report["timeline"].is_array(), "{report}");
    assert_eq!(report["plan"]["limits"]["publisher_headers"][0]["value"], "[redacted]");
}

#[test]
fn a_report_of_failures_and_one_of_a_list_are_valid_and_described() {
    let server = Server::answering(|request, right| match request.is_read() {
        true => Reply::Send(answer(404, "application/json", br#"{"error":{"code":404,"message":"gone"}}"#)),
        false => right,
    });
    let report = valid(
        &Run::between(&server.url(), &server.url())
            .line("-n 3 --jwt-secret s --jwt-claims size")
            .go()
            .exits(1),
    );
    assert_eq!(report["steps"][1]["failures"][0]["examples"][0]["status"], 404);
    let bottle = Bottle::start();
    let ran = Run::new(&bottle).line("-n 8 --export rows.json").go().exits(0);
    let rows = std::fs::read_to_string(ran.dir.path().join("rows.json")).expect("an export");
    let ran = Run::new(&bottle).file("rows.json", &rows).line("--from-export rows.json").go().exits(0);
    assert_eq!(valid(&ran)["plan"]["phases"][0]["source"]["from"], "list");
}

#[test]
fn a_report_of_a_part_and_a_merged_one_are_valid_and_described() {
    let bottle = Bottle::start();
    let line = "-n 4 -c 2 --size 1KiB --run-id r-1 --shard";
    let shard = |own: &str| Run::new(&bottle).line(line).args([own]).go().exits(0);
    let (first, _second) = (shard("0/2"), shard("1/2"));
    valid(&first);
    let path = first.dir.path().join("report.json").display().to_string();
    let merged =
        Run::bare().command("merge").args(["--allow-partial", "-o", "report.json", &path]).go().exits(0);
    assert_eq!(valid(&merged)["missing"], json!(["1/2"]));
}

#[test]
fn what_is_no_report_is_not_valid() {
    let ran = Run::new(&Bottle::start()).line("-n 1").go();
    let right = ran.report().0;
    for (pointer, value) in [
        ("/schema", json!("walrus-stress/report/2")),
        ("/elapsed_seconds", json!("3 s")),
        ("/steps/0/done", json!(-1)),
        ("/steps/0/step", json!("download")),
        ("/quality/severity", json!("good")),
        ("/plan/phases/0/load/model", json!("half-open")),
    ] {
        let mut report = right.clone();
        *report.pointer_mut(pointer).expect("a key") = value;
        let errors = wrong(&report);
        assert!(errors.iter().any(|error| error.starts_with(pointer)), "{pointer}: {errors:?}");
    }
}

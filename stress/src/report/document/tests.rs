//! Reports go through their document unchanged, and its names and units stay as promised.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    fixtures,
    metrics::step_metrics::StepMetrics,
    plan::{
        journey::Step,
        target::{Header, Secret},
    },
    report::Signal,
    sample::{FailureClass, Outcome, Sample, StoredKind},
};

fn saved(report: &Report) -> Vec<u8> {
    let mut text = Vec::new();
    save(report, &mut text).unwrap();
    text
}

fn document(report: &Report) -> Value {
    serde_json::from_slice(&saved(report)).unwrap()
}

fn troubled() -> Report {
    let samples: Vec<_> = (0..7).flat_map(fixtures::troubled).collect();
    let mut report = fixtures::report(7, &samples);
    report.ending = Ending::Interrupted { signal: Signal::Terminate };
    report.notices = vec!["the first target was slow to answer".to_owned()];
    report
}

#[test]
fn what_was_saved_is_loaded_as_it_was() {
    let report = troubled();
    assert_eq!(load(saved(&report).as_slice()).unwrap(), report);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_mixture_of_journeys_is_loaded_as_it_was(good in 0_u64..60, bad in 0_u64..20, seed: u64) {
        let samples: Vec<_> = (0..good).flat_map(fixtures::journey).chain((good..good + bad).flat_map(fixtures::troubled)).collect();
        let mut report = fixtures::report(good + bad, &samples);
        report.plan.seed = seed;
        prop_assert_eq!(load(saved(&report).as_slice()).unwrap(), report);
    }
}

#[test]
fn loaded_parts_merge_into_the_whole() {
    let samples: Vec<_> =
        (0..9).flat_map(fixtures::journey).chain((9..14).flat_map(fixtures::troubled)).collect();
    let whole = fixtures::report(14, &samples);
    let part = |range: std::ops::Range<usize>| {
        load(saved(&fixtures::report(14, &samples[range])).as_slice()).unwrap()
    };
    let mut merged = part(0..21).recording;
    merged.merge(part(21..42).recording);
    assert_eq!(merged, whole.recording);
}

/// An upload that is refused, waits, and is stored at its second attempt.
fn retried(index: u64) -> [Sample; 2] {
    let busy = fixtures::failed(FailureClass::Unavailable, Some(503), None, "not now");
    let Outcome::Failed(failure) = busy else { unreachable!("it failed") };
    let (at, stored) = (index * 1_000, fixtures::stored(index, StoredKind::New));
    let first = fixtures::sample(index, Step::Upload, at, 60, Outcome::Retried(failure));
    let mut second = fixtures::sample(index, Step::Upload, at + 160, 440, stored);
    (second.attempt, second.exchange.timing.due) = (2, first.exchange.timing.due);
    [first, second]
}

#[test]
fn attempts_that_were_not_the_last_are_kept_with_their_own_time_and_merge() {
    let samples: Vec<_> = (0..6).flat_map(retried).collect();
    let whole = fixtures::report(6, &samples);
    for middle in [1, 5, 8] {
        let (one, other) = samples.split_at(middle);
        let (mut left, right) = (fixtures::recording(one), fixtures::recording(other));
        let mut turned = right.clone();
        turned.merge(left.clone());
        left.merge(right);
        assert_eq!((&left, &turned), (&whole.recording, &whole.recording), "{middle}");
    }
    assert_eq!(load(saved(&whole).as_slice()).unwrap(), whole);
    let upload = &document(&whole)["steps"][0];
    let counts =
        ["attempted", "done", "failed", "attempt_failures"].map(|name| upload[name].as_u64().unwrap());
    assert_eq!(counts, [6, 6, 0, 6]);
    let (response, service) = (&upload["response_seconds"], &upload["service_seconds"]);
    assert_eq!(
        [&response["min"], &response["max"], &service["min"]],
        [&json!(0.6), &json!(0.6), &json!(0.44)]
    );
    let again = &upload["retried"][0];
    assert_eq!((&again["class"], &again["count"]), (&json!("unavailable"), &json!(6)));
    assert_eq!(again["attempt_seconds"]["max"], json!(0.06));
    assert_eq!(upload["failures"], json!([]));
}

#[test]
fn the_readable_part_has_units_in_its_names_and_every_count() {
    let document = document(&troubled());
    assert_eq!(document["schema"], json!("walrus-stress/report/2"));
    assert_eq!((&document["partial"], &document["elapsed_seconds"]), (&json!(true), &json!(61.7)));
    assert_eq!(document["ending"], json!({ "kind": "interrupted", "signal": "SIGTERM" }));
    assert_eq!(document["started_at"], json!("2026-09-21T14:13:20Z"));
    let upload = &document["steps"][0];
    assert_eq!(
        (&upload["step"], &upload["repeats"], &upload["phase"]),
        (&json!("upload"), &json!(false), &json!("main"))
    );
    let counts =
        ["attempted", "done", "failed", "unfinished", "skipped"].map(|name| upload[name].as_u64().unwrap());
    assert_eq!(counts, [7, 5, 2, 0, 0]);
    assert_eq!(upload["stored"], json!({ "new": 2, "existing": 2, "reused": 1 }));
    assert_eq!((&upload["cost_frost"], &upload["bytes_sent"]), (&json!(264_600), &json!(666_309)));
    let cached = &document["steps"][2]["failures"][0];
    assert_eq!((&cached["class"], &cached["count"]), (&json!("not-found"), &json!(2)));
    let example = json!({
        "at_seconds": 1.62, "blob_number": 2, "status": 404, "reason": "BLOB_NOT_FOUND",
        "message": "the requested blob ID does not exist",
    });
    assert_eq!(cached["examples"][0], example);
}

#[test]
fn lower_bounds_are_named_and_unsupported_percentiles_are_absent() {
    let first = &document(&troubled())["steps"][1]["response_seconds"];
    assert_eq!(first["lower_bounds"], json!(["mean", "max"]));
    assert_eq!((first.get("p50"), first.get("p90")), (None, None));
    let samples: Vec<_> = (0..40).flat_map(fixtures::journey).collect();
    let first = &document(&fixtures::report(40, &samples))["steps"][1]["response_seconds"];
    assert!(first["p90"].is_number() && first.get("p95").is_none(), "{first}");
}

#[test]
fn the_timeline_is_a_column_for_each_number() {
    let first = &document(&troubled())["timeline"][1];
    assert_eq!(
        (&first["phase"], &first["step"], &first["repeats"]),
        (&json!("main"), &json!("first"), &json!(false))
    );
    assert_eq!((&first["interval_seconds"], &first["begin_seconds"][0]), (&json!(1.0), &json!(1.0)));
    // Reads begin at 1.4, 1.7, 2.0, 2.3 and 2.9 s; the second takes a minute, the third is given up after 4 s.
    let column = |name: &str| -> Vec<u64> {
        first[name].as_array().unwrap().iter().map(|number| number.as_u64().unwrap()).collect()
    };
    assert_eq!(column("started")[..2], [2, 3]);
    assert_eq!(column("in_flight")[..6], [1, 3, 2, 2, 2, 1]);
    assert_eq!((column("done").iter().sum::<u64>(), column("unfinished")[5]), (3, 1));
    assert_eq!((column("failed")[60], column("lower_bounds")[60], column("in_flight")[60]), (1, 2, 0));
    assert!((first["median_seconds"][60].as_f64().unwrap() / 60.0 - 1.0).abs() < 0.004);
    assert_eq!(first["median_seconds"][10], Value::Null);
}

#[test]
fn secrets_are_not_written() {
    let mut report = troubled();
    report.plan.publishers = vec!["http://me:hidden@publisher.test".parse().unwrap()];
    report.plan.limits.publisher_headers =
        vec![Header { name: "authorization".to_owned(), value: Secret::new("Bearer hidden") }];
    let text = String::from_utf8(saved(&report)).unwrap();
    assert!(!text.contains("hidden") && text.contains("[redacted]"), "{text}");
}

#[test]
fn a_report_with_all_its_pairs_stays_small() {
    let samples: Vec<_> = (0..5_000).flat_map(fixtures::journey).collect();
    let size = saved(&fixtures::report(5_000, &samples)).len();
    assert!(size < 800_000, "{size} bytes");
}

#[test]
fn other_documents_are_refused_with_the_reason() {
    let refused = |text: &str| load(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        refused(r#"{"schema":"walrus-stress/report/9"}"#),
        "its schema is `walrus-stress/report/9`, this version reads `walrus-stress/report/2` and older ones"
    );
    let instead = "`walrus-stress run --report FILE` writes reports";
    for (wrong, words) in [
        (" [\n {\"blob_number\":1}]", "a list, as --export writes it"),
        (r#"{"schema":"walrus-stress/search/1","x":1}"#, "what a search wrote (`walrus-stress/search/1`)"),
        ("{\"schema\":\"walrus-stress/log/1\"}\n{}\n", "what `run --log` wrote (`walrus-stress/log/1`)"),
    ] {
        assert_eq!(refused(wrong), format!("not a walrus-stress report, but {words}: {instead}"));
    }
    for wrong in [
        "",
        "{}",
        "<html>",
        r#"{"schema":"walrus-stress/report/1"}"#,
        r#"{"schema":"walrus-stress/report/2"}"#,
    ] {
        assert!(refused(wrong).starts_with("not a walrus-stress report: "), "{wrong}");
    }
}

/// Everything that was said is still said, whatever is said besides.
#[track_caller]
fn assert_kept(then: &Value, now: &Value, place: &str) {
    match (then, now) {
        (Value::Object(then), Value::Object(now)) => {
            for (name, value) in then {
                assert_kept(value, now.get(name).unwrap_or(&Value::Null), &format!("{place}.{name}"));
            }
        }
        (Value::Array(then), Value::Array(now)) => {
            assert_eq!(then.len(), now.len(), "{place}");
            then.iter().zip(now).for_each(|(then, now)| assert_kept(then, now, place));
        }
        _ => assert_eq!(now, then, "{place}"),
    }
}

#[test]
fn a_report_of_the_first_version_says_today_what_it_said_then() {
    let text = include_bytes!("../../../../tests/fixtures/report-1.json");
    let then: Value = serde_json::from_slice(text).unwrap();
    let report = load(text.as_slice()).unwrap();
    assert!(report.recording.step_metrics.values().all(|metrics| metrics.timeline.is_empty()));
    let now = document(&report);
    for part in
        ["tool", "started_at", "elapsed_seconds", "plan", "steps", "arrivals", "connections", "cache_effect"]
    {
        assert_kept(&then[part], &now[part], part);
    }
    assert_kept(&then["thresholds"], &now["thresholds"], "thresholds");
    assert_eq!((&then["schema"], &now["schema"]), (&json!("walrus-stress/report/1"), &json!(SCHEMA)));
}

#[test]
fn an_hour_at_a_thousand_a_second_stays_below_two_megabytes() {
    let report = fixtures::hour();
    let done = |metrics: &StepMetrics| {
        metrics.timeline.intervals().map(|(_, interval)| interval.tally.done).sum::<u64>()
    };
    assert_eq!(report.recording.step_metrics.values().map(done).sum::<u64>(), 3_600_000);
    let text = saved(report);
    assert!(text.len() < 2_000_000, "{} bytes", text.len());
    assert_eq!(&load(text.as_slice()).unwrap(), report);
}

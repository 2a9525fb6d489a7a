//! Reports are read as they were written, their keys and units stay the same, and other files are refused.

use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    fixtures,
    metrics::{MAX_COUNT, step_metrics::StepRecording},
    plan::{
        journey::Step,
        target::{Header, Secret},
    },
    report::{Ending, Signal, Source, compare::Comparison},
    sample::{FailureClass, Outcome, Sample, StoredKind},
};

fn saved(report: &Report) -> Vec<u8> {
    let mut text = Vec::new();
    report.save(&mut text).unwrap();
    text
}

fn load(text: &[u8]) -> Result<Report, LoadError> {
    Report::load(text)
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
    assert_eq!(load(&saved(&report)).unwrap(), report);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_mixture_of_journeys_is_loaded_as_it_was(good in 0_u64..60, bad in 0_u64..20, seed: u64) {
        let samples: Vec<_> = (0..good).flat_map(fixtures::journey).chain((good..good + bad).flat_map(fixtures::troubled)).collect();
        let mut report = fixtures::report(good + bad, &samples);
        report.plan.seed = seed;
        prop_assert_eq!(load(&saved(&report)).unwrap(), report);
    }
}

#[test]
fn loaded_parts_merge_into_the_whole() {
    let samples: Vec<_> =
        (0..9).flat_map(fixtures::journey).chain((9..14).flat_map(fixtures::troubled)).collect();
    let whole = fixtures::report(14, &samples);
    let part = |range: std::ops::Range<usize>| load(&saved(&fixtures::report(14, &samples[range]))).unwrap();
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
    assert_eq!(load(&saved(&whole)).unwrap(), whole);
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
    assert_eq!(document["schema"], json!("walrus-stress/report/1"));
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
    assert_eq!(
        upload["stored"],
        json!({ "new": 2, "existing": 2, "reuse-and-extend": 0, "reuse-and-extend-non-certified": 0, "reuse-registration": 0, "reuse-storage": 1 })
    );
    assert_eq!((&upload["cost_frost"], &upload["bytes_sent"]), (&json!(264_600), &json!(666_309)));
    let cached = &document["steps"][2]["failures"][0];
    assert_eq!((&cached["class"], &cached["count"]), (&json!("not-found"), &json!(2)));
    let example = json!({
        "at_seconds": 1.62, "at": "2026-09-21T14:13:21Z", "blob_number": 2, "blob_id": fixtures::id(1), "class": "not-found", "status": 404, "reason": "BLOB_NOT_FOUND",
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
        "its schema is `walrus-stress/report/9`, this version reads `walrus-stress/report/1`: make the report again with \
         this version"
    );
    let instead = "`walrus-stress run --report FILE` writes reports";
    for (wrong, words) in [
        (" [\n {\"blob_number\":1}]", "a list, as --export writes it"),
        (r#"{"schema":"walrus-stress/search/1","x":1}"#, "what a search wrote (`walrus-stress/search/1`)"),
        ("{\"schema\":\"walrus-stress/log/1\"}\n{}\n", "what `run --log` wrote (`walrus-stress/log/1`)"),
    ] {
        assert_eq!(refused(wrong), format!("not a walrus-stress report, but {words}: {instead}"));
    }
    for wrong in ["", "{}", "<html>", r#"{"schema":"walrus-stress/report/1"}"#] {
        assert!(refused(wrong).starts_with("not a walrus-stress report: "), "{wrong}");
    }
}

#[test]
fn a_report_within_a_log_is_read() {
    let (report, text) = (troubled(), String::from_utf8(saved(&troubled())).unwrap());
    let text = text.replace(&troubled().runs[0].to_string(), &report.runs[0].to_string());
    for log in [
        format!("[INFO] pulled\nseed 7\n{text}"),
        format!("{{\n{{ \"a\": 1 }}\n{text}slurmstepd: error: cancelled\n{{"),
        text.clone(),
    ] {
        assert_eq!(load(log.as_bytes()).unwrap().recording, report.recording);
    }
    let twice = load(format!("{text}{text}").as_bytes()).unwrap_err().to_string();
    assert_eq!(twice, "there is more than one report in it: put each into a file of its own");
}

#[test]
fn a_cut_report_is_refused_wherever_it_was_cut() {
    let text = saved(&troubled());
    let end = text.len() - 1;
    for length in (0..end).step_by(97).chain(end - 40..end) {
        assert!(load(&text[..length]).is_err(), "{length} of {end} bytes");
    }
    let mut document = document(&troubled());
    assert_eq!(document["end"], json!({ "samples": 21 }));
    document["end"]["samples"] = json!(20);
    let damaged = load(document.to_string().as_bytes()).unwrap_err().to_string();
    assert!(damaged.contains("it has 21 samples, and its end mark counts 20"), "{damaged}");
    document.as_object_mut().unwrap().remove("end");
    let cut = load(document.to_string().as_bytes()).unwrap_err().to_string();
    assert!(cut.starts_with("the report has no end: it was cut"), "{cut}");
}

#[test]
fn numbers_that_cannot_be_added_up_are_refused_with_their_line() {
    let mut document = document(&troubled());
    document["recording"]["generator"]["descriptors"]["limit"] = json!(u64::MAX);
    assert!(load(document.to_string().as_bytes()).is_ok(), "a limit of the machine is not added up");
    for (pointer, number) in [
        ("/recording/connections/opened", MAX_COUNT + 1),
        ("/recording/steps/1/metrics/groups/0/metrics/done", u64::MAX),
    ] {
        let mut document = document.clone();
        *document.pointer_mut(pointer).unwrap() = json!(number);
        let text = serde_json::to_string_pretty(&document).unwrap();
        let reason = load(text.as_bytes()).unwrap_err().to_string();
        let expected = format!(
            "not a walrus-stress report: {number} is more than a run can have counted: the file is damaged; take it from \
             where it was written at line "
        );
        assert!(reason.starts_with(&expected), "{pointer}: {reason}");
        *document.pointer_mut(pointer).unwrap() = json!(MAX_COUNT);
        // It can be added up; whether it is what was counted is another question.
        let reason = load(document.to_string().as_bytes()).err().map(|error| error.to_string());
        assert!(reason.is_none_or(|reason| reason.contains("its end mark counts")), "{pointer}");
    }
}

/// The report in the file that pins the format.
fn pinned() -> Report {
    let samples: Vec<_> = (0..40)
        .flat_map(fixtures::journey)
        .chain((40..50).flat_map(fixtures::troubled))
        .chain((50..52).flat_map(retried))
        .collect();
    let mut report = fixtures::report(52, &samples);
    report.runs = vec!["0123456789abcdef0123456789abcdef".parse().unwrap()];
    report.tool.version = "0.1.0".to_owned();
    report.notices = vec!["the first target was slow to answer".to_owned()];
    report.plan.thresholds = [
        "upload.p90<2s",
        "cached.failures<=50%",
        "upload.rate>1/s",
        "cached.throughput>1KiB/s",
        "first.p99<1s",
    ]
    .map(|threshold| threshold.parse().unwrap())
    .to_vec();
    report
}

/// The file is the format's promise: what changes it is a new schema. `UPDATE_FIXTURES=1` writes it again.
#[test]
fn the_pinned_report_is_read_and_written_unchanged() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/report-1.json");
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        fs::write(path, saved(&pinned())).unwrap();
    }
    let text = fs::read(path).unwrap();
    let report = load(&text).unwrap();
    assert_eq!(report, pinned());
    let (then, now): (Value, Value) = (serde_json::from_slice(&text).unwrap(), document(&report));
    for (key, value) in then.as_object().unwrap() {
        assert_eq!(&now[key], value, "{key}");
    }
    assert_eq!(String::from_utf8(saved(&report)).unwrap(), String::from_utf8(text).unwrap());
}

/// The paths of all values inside `value`.
fn pointers(value: &Value, pointer: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| pointers(field, format!("{pointer}/{name}"), found));
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(position, item)| pointers(item, format!("{pointer}/{position}"), found));
        }
        _ => {}
    }
    found.push(pointer);
}

/// Whatever value stands in its place, it is refused, or every number can be computed.
#[test]
fn a_damaged_report_is_refused_or_summarised_but_never_a_panic() {
    // Few intervals: no bootstrap.
    let samples: Vec<_> = (0..8).flat_map(fixtures::journey).chain((8..12).flat_map(retried)).collect();
    let whole = document(&fixtures::report(12, &samples));
    let mut places = Vec::new();
    for part in ["ending", "elapsed_seconds", "plan", "recording"] {
        pointers(&whole[part], format!("/{part}"), &mut places);
    }
    let damages = [
        json!(null),
        json!(-1),
        json!(0),
        json!(MAX_COUNT),
        json!(1e300),
        json!("x"),
        json!(""),
        json!([]),
        json!({}),
        json!([MAX_COUNT, MAX_COUNT]),
    ];
    let mut refused = 0;
    for (number, place) in places.iter().enumerate() {
        let mut document = whole.clone();
        *document.pointer_mut(place).unwrap() = damages[number % damages.len()].clone();
        let Ok(mut report) = load(document.to_string().as_bytes()) else {
            refused += 1;
            continue;
        };
        report.recording.merge(report.recording.clone());
        let _ = saved(&report);
        let sources = [Source { name: "damaged".to_owned(), report }];
        let _ = Comparison::of(&sources, &sources, 0.02, &[]);
    }
    assert!(refused > places.len() / 2, "{refused} of {}", places.len());
}

#[test]
fn an_hour_at_a_thousand_a_second_stays_below_two_megabytes() {
    let report = fixtures::hour();
    let done = |step: &StepRecording| {
        step.timeline.intervals().map(|(_, interval)| interval.tally.done).sum::<u64>()
    };
    assert_eq!(report.recording.steps.values().map(done).sum::<u64>(), 3_600_000);
    let text = saved(report);
    assert!(text.len() < 2_000_000, "{} bytes", text.len());
    assert_eq!(&load(&text).unwrap(), report);
}

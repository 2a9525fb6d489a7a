//! The metrics as a strict reader of the format sees them.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::{
    fixtures,
    report::{Ending, Signal},
    sample::Sample,
};

/// A sample's name and labels.
type Series = (String, BTreeMap<String, String>);

/// Reads a text as its specification says; panics at the first thing that it does not allow.
fn parse(text: &str) -> BTreeMap<Series, f64> {
    assert!(text.ends_with('\n'));
    let (mut samples, mut seen, mut family) =
        (BTreeMap::new(), BTreeSet::new(), (String::new(), String::new()));
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').unwrap();
            assert!(!words.is_empty() && seen.insert(name.to_owned()), "{name} comes twice");
            let kind = lines.next().unwrap().strip_prefix(&format!("# TYPE {name} ")).unwrap();
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{kind}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
            family = (name.to_owned(), kind.to_owned());
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, parse_labels(labels.strip_suffix('}').unwrap())),
            None => (series, BTreeMap::new()),
        };
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{name}");
        let suffix = name.strip_prefix(family.0.as_str()).unwrap();
        let allowed: &[&str] = if family.1 == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
        assert!(allowed.contains(&suffix), "{name} among {}", family.0);
        let value = if value == "+Inf" { f64::INFINITY } else { value.parse().unwrap() };
        assert!(samples.insert((name.to_owned(), labels), value).is_none(), "{line} comes twice");
    }
    samples
}

fn parse_labels(text: &str) -> BTreeMap<String, String> {
    let (mut labels, mut rest) = (BTreeMap::new(), text);
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").unwrap();
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
        let (mut value, mut chars) = (String::new(), after.char_indices());
        let end = loop {
            match chars.next().unwrap() {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next().unwrap().1 {
                    'n' => '\n',
                    c @ ('\\' | '"') => c,
                    c => panic!("\\{c} means nothing"),
                }),
                (_, c) => value.push(c),
            }
        };
        assert!(labels.insert(name.to_owned(), value).is_none(), "{name} comes twice");
        rest = &after[end + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    labels
}

fn series(name: &str, labels: &[(&str, &str)]) -> Series {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    (format!("walrus_stress_{name}"), labels.collect())
}

fn of(report: &Report) -> BTreeMap<Series, f64> {
    parse(&super::report(report, &Summary::of(report)))
}

/// Buckets grow, the last one is the count, and the sum belongs to them.
fn check_histogram(samples: &BTreeMap<Series, f64>, labels: &[(&str, &str)], times: &[f64]) {
    let at = |bound: &str| {
        let labels: Vec<_> = labels.iter().copied().chain([("le", bound)]).collect();
        samples[&series("response_seconds_bucket", &labels)]
    };
    for bound in BOUNDS {
        let expected = times.iter().filter(|time| **time <= bound).count();
        assert_eq!(at(&bound.to_string()), expected as f64, "{bound} of {labels:?}");
    }
    assert_eq!(at("+Inf"), times.len() as f64);
    assert_eq!(samples[&series("response_seconds_count", labels)], times.len() as f64);
    let sum: f64 = times.iter().sum();
    let shown = samples[&series("response_seconds_sum", labels)];
    assert!((shown - sum).abs() <= sum * 0.001, "{shown} instead of {sum}");
}

/// The bounds in seconds, as the metrics promise them.
const BOUNDS: [f64; 17] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0];

#[test]
fn a_report_is_counted_in_base_units() {
    let samples: Vec<_> = (0..40).flat_map(fixtures::journey).collect();
    let report = fixtures::report(40, &samples);
    let metrics = of(&report);
    let step = |step: &'static str| vec![("phase", "main"), ("step", step), ("repeats", "false")];
    let with = |name: &'static str, label: (&'static str, &'static str)| {
        step(name).into_iter().chain([label]).collect::<Vec<_>>()
    };
    assert_eq!(metrics[&series("steps_total", &with("upload", ("outcome", "done")))], 40.0);
    assert_eq!(metrics[&series("steps_total", &with("first", ("outcome", "failed")))], 0.0);
    let bytes: u64 = samples.iter().map(|sample| sample.exchange.bytes_sent).sum();
    assert_eq!(metrics[&series("sent_bytes_total", &step("upload"))], bytes as f64);
    for (name, place) in [("upload", 0), ("first", 1), ("cached", 2)] {
        let of_step = samples.iter().skip(place).step_by(3);
        let times: Vec<_> = of_step.map(|sample| sample.exchange.timing.response().as_secs_f64()).collect();
        check_histogram(&metrics, &step(name), &times);
    }
    let p90 = metrics[&series("response_quantile_seconds", &with("cached", ("quantile", "0.9")))];
    assert!((p90 / 0.029 - 1.0).abs() < 0.001, "{p90}");
    assert!(
        !metrics.contains_key(&series("response_quantile_seconds", &with("cached", ("quantile", "0.95"))))
    );
    assert_eq!(metrics[&series("cost_frost_total", &[])], 5_292_000.0);
    assert_eq!(metrics[&series("connections_total", &[("kind", "opened")])], 8.0);
    assert_eq!(metrics[&series("quality", &[("verdict", "trustworthy")])], 1.0);
    assert_eq!(metrics[&series("passed", &[])], 1.0);
    let ratio = |bound| metrics[&series("cache_speedup_ratio", &[("bound", bound)])];
    assert!(ratio("low") > 5.0 && ratio("low") <= ratio("median") && ratio("median") <= ratio("high"));
}

#[test]
fn an_interrupted_run_has_not_passed() {
    let samples: Vec<Sample> = (0..7).flat_map(fixtures::journey).collect();
    let mut report = fixtures::report(7, &samples);
    assert_eq!(of(&report)[&series("passed", &[])], 1.0);
    report.ending = Ending::Interrupted { signal: Signal::Terminate };
    assert_eq!(of(&report)[&series("passed", &[])], 0.0);
}

#[test]
fn failures_are_counted_by_class_and_thresholds_are_ones_and_zeros() {
    let samples: Vec<Sample> = (0..7).flat_map(fixtures::troubled).collect();
    let mut report = fixtures::report(7, &samples);
    report.plan.phases[0].name = "a \"b\"\\\nc".to_owned();
    // The same threshold twice is one series.
    let thresholds = ["upload.max<20s", "upload.max<20s", "cached.failures<50%"];
    report.plan.thresholds = thresholds.map(|text| text.parse().unwrap()).to_vec();
    let metrics = of(&report);
    let labels = [("phase", "a \"b\"\\\nc"), ("step", "upload"), ("repeats", "false"), ("class", "shed")];
    assert_eq!(metrics[&series("failures_total", &labels)], 2.0);
    let holds =
        |step, threshold| metrics[&series("threshold_holds", &[("threshold", threshold), ("step", step)])];
    assert_eq!((holds("upload", "upload.max<20s"), holds("cached", "cached.failures<50%")), (1.0, 0.0));
    let supported = [("threshold", "upload.max<20s"), ("step", "upload")];
    assert_eq!(metrics[&series("threshold_supported", &supported)], 1.0);
    assert_eq!(metrics[&series("quality", &[("verdict", "invalid")])], 1.0);
    assert_eq!(metrics[&series("passed", &[])], 0.0);
}

#[test]
fn a_run_that_did_nothing_is_valid_text() {
    let metrics = of(&fixtures::report(7, &[]));
    let step = [("phase", "main"), ("step", "first"), ("repeats", "false")];
    check_histogram(&metrics, &step, &[]);
}

#[test]
fn a_run_under_way_has_the_metrics_of_its_report() {
    let samples: Vec<_> = (0..7).flat_map(fixtures::troubled).collect();
    let report = fixtures::report(7, &samples);
    let now = report.recording.snapshot(report.elapsed);
    let metrics = parse(&snapshot(&report.plan, &now));
    let outcome = |step, outcome| metrics[&series("steps_total", &[("step", step), ("outcome", outcome)])];
    let outcomes = ["done", "failed", "unfinished", "skipped"];
    assert_eq!(outcomes.map(|name| outcome("upload", name)), [5.0, 2.0, 0.0, 0.0]);
    assert_eq!(outcomes.map(|name| outcome("first", name)), [3.0, 1.0, 1.0, 2.0]);
    assert_eq!(metrics[&series("failures_total", &[("step", "first"), ("class", "timeout")])], 1.0);
    assert_eq!(metrics[&series("elapsed_seconds", &[])], 61.7);
    check_histogram(&metrics, &[("step", "cached")], &[0.02]);
    let names = |metrics: &BTreeMap<Series, f64>| metrics.keys().map(|(name, _)| name.clone()).collect();
    let (live, saved): (BTreeSet<String>, BTreeSet<String>) = (names(&metrics), names(&of(&report)));
    assert!(live.is_subset(&saved), "{live:?}");
}

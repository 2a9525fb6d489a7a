//! The table of limits, and the quality of runs whose generators had known trouble.

use std::time::Duration;

use strum::VariantArray;

use super::*;
use crate::{
    fixtures,
    metrics::{
        Recording,
        generator::{ArrivalMetrics, Throttling, Used},
    },
    plan::{load::Load, schedule::Arrivals, stages::Stages},
    report::summary::Summary,
    sample::FailureClass,
};

fn good() -> Report {
    let samples: Vec<_> = (0..40).flat_map(fixtures::journey).collect();
    fixtures::report(40, &samples)
}

fn quality(report: &Report) -> QualityReport {
    Summary::of(report).quality
}

/// A run at a rate whose 400 arrivals were started this late.
fn late(millis: impl Fn(u64) -> u64) -> Report {
    let mut report = good();
    let rate = Stages::constant(10.0);
    report.plan.phases[0].load = Load::Open { rate, arrivals: Arrivals::Uniform, max_in_flight: 10 };
    let mut arrivals = ArrivalMetrics::default();
    (0..400).for_each(|number| arrivals.start_delay.record(Duration::from_millis(millis(number))));
    report.recording.arrivals.insert(0, arrivals);
    report
}

#[test]
fn each_check_has_its_limits() {
    use Severity::{Care, Invalid, Trustworthy};
    for (check, values) in [
        (Check::StartDelayP99, [(0.005, Trustworthy), (0.0051, Care), (0.0501, Invalid)]),
        (Check::StartDelayMax, [(0.1, Trustworthy), (0.11, Care), (1.1, Invalid)]),
        (Check::Achieved, [(0.995, Trustworthy), (0.99, Care), (0.94, Invalid)]),
        (Check::Dropped, [(0.0, Trustworthy), (0.001, Care), (0.011, Invalid)]),
        (Check::Cpu, [(0.7, Trustworthy), (0.71, Care), (0.91, Invalid)]),
        (Check::Throttled, [(0.01, Trustworthy), (0.011, Care), (1.0, Care)]),
        (Check::Lag, [(0.005, Trustworthy), (0.006, Care), (0.101, Invalid)]),
        (Check::Unfinished, [(0.0, Trustworthy), (0.01, Care), (0.06, Invalid)]),
        (Check::Contaminated, [(0.0, Trustworthy), (0.01, Care), (0.51, Invalid)]),
        (Check::Samples, [(0.0, Trustworthy), (1.0, Care), (9.0, Care)]),
        (Check::WallClock, [(1.0, Trustworthy), (1.1, Care), (3_600.0, Care)]),
        (Check::Stationarity, [(0.1, Trustworthy), (0.11, Care), (9.0, Care)]),
        (Check::Ports, [(0.7, Trustworthy), (0.71, Care), (1.0, Care)]),
        (Check::Descriptors, [(0.8, Trustworthy), (0.81, Care), (1.0, Care)]),
    ] {
        for (value, severity) in values {
            assert_eq!(check.result(value).severity, severity, "{check:?} {value}");
        }
    }
    assert_eq!(
        Check::StartDelayP99.result_at_least(0.06, 0.1).severity,
        Care,
        "a tenth of a slow step's median is more"
    );
}

#[test]
fn a_run_that_went_as_it_should_is_trustworthy() {
    let mut report = good();
    assert_eq!(
        (quality(&report).severity(), quality(&report).bottleneck()),
        (Some(Severity::Trustworthy), None)
    );
    report.recording.generator =
        Generator { cpu: Duration::from_secs(2), available: Duration::from_secs(20), ..Generator::default() };
    assert_eq!(quality(&report).severity(), Some(Severity::Trustworthy));
    assert_eq!(quality(&late(|_| 1)).severity(), Some(Severity::Trustworthy));
}

#[test]
fn the_generator_that_was_too_slow_is_named() {
    let mut report = good();
    let full = Duration::from_secs(19);
    report.recording.generator =
        Generator { cpu: full, available: Duration::from_secs(20), ..Generator::default() };
    assert_eq!(
        (quality(&report).severity(), quality(&report).bottleneck()),
        (Some(Severity::Invalid), Some(Bottleneck::Cpu))
    );
    // A fifth of the quota's periods, in bursts that leave the average low.
    report.recording.generator =
        Generator { throttling: Throttling { periods: 1_000, throttled: 200 }, ..Generator::default() };
    assert_eq!(
        (quality(&report).severity(), quality(&report).bottleneck()),
        (Some(Severity::Care), Some(Bottleneck::Cpu))
    );
    // Frozen for 3 s: 300 of 3,000 measurements are late, the first by 3 s.
    report.recording.generator = Generator::default();
    (0..3_000_u64).for_each(|tick| {
        let lag = Duration::from_millis(if tick < 300 { 3_000 - tick * 10 } else { 1 });
        report.recording.generator.lag.record(lag);
    });
    let found_in = quality(&report);
    assert_eq!(
        (found_in.severity(), found_in.bottleneck()),
        (Some(Severity::Invalid), Some(Bottleneck::Scheduling))
    );
}

#[test]
fn late_and_dropped_arrivals_make_a_run_less_trustworthy() {
    let found = |report: &Report| (quality(report).severity(), quality(report).bottleneck());
    // Uploads take about 1.1 s: a tenth of that is the limit of p99.
    let scheduling = Some(Bottleneck::Scheduling);
    assert_eq!(found(&late(|number| if number < 20 { 90 } else { 1 })), (Some(Severity::Care), scheduling));
    assert_eq!(
        found(&late(|number| if number < 20 { 150 } else { 1 })),
        (Some(Severity::Invalid), scheduling)
    );
    assert_eq!(
        found(&late(|number| if number == 0 { 1_500 } else { 1 })),
        (Some(Severity::Invalid), scheduling)
    );
    let mut report = late(|_| 1);
    report.recording.arrivals.get_mut(&0).unwrap().dropped = 3;
    assert_eq!(found(&report), (Some(Severity::Care), Some(Bottleneck::InFlight)));
    report.recording.arrivals.get_mut(&0).unwrap().dropped = 5;
    assert_eq!(found(&report), (Some(Severity::Invalid), Some(Bottleneck::InFlight)));
    // Those that the generator did not get to are no matter of how many may be in flight.
    for (never_started, severity) in [(5, Severity::Care), (50, Severity::Invalid)] {
        let mut report = late(|_| 1);
        let arrivals = report.recording.arrivals.get_mut(&0).unwrap();
        (arrivals.dropped, arrivals.never_started) = (never_started, never_started);
        assert_eq!(found(&report), (Some(severity), scheduling), "{never_started} of 400");
    }
    let mut report = late(|_| 1);
    let arrivals = report.recording.arrivals.get_mut(&0).unwrap();
    (arrivals.scheduled, arrivals.took) = (Duration::from_secs(40), Duration::from_secs(41));
    assert_eq!(found(&report), (Some(Severity::Care), scheduling), "40 s of arrivals took 41 s");
}

#[test]
fn unfinished_work_and_small_samples_need_care() {
    let samples: Vec<_> = (0..7).flat_map(fixtures::troubled).collect();
    assert_eq!(
        quality(&fixtures::report(7, &samples)).severity(),
        Some(Severity::Invalid),
        "1 of 15 is unfinished"
    );
    let mut report = good();
    report.plan.thresholds = vec!["upload.p99<1h".parse().unwrap()];
    assert_eq!((quality(&report).severity(), quality(&report).bottleneck()), (Some(Severity::Care), None));
}

#[test]
fn a_run_in_which_nothing_succeeded_has_no_verdict() {
    let failed: Vec<_> = (0..9)
        .map(|index| {
            let outcome = fixtures::failed(FailureClass::Shed, None, None, "full");
            fixtures::sample(index, Step::Upload, index * 50, 1, outcome)
        })
        .collect();
    let quality = quality(&fixtures::report(9, &failed));
    assert_eq!(quality.severity(), None);
    assert!(!quality.checks.is_empty(), "what was measured of the generator is there");
    assert_eq!(serde_json::to_value(&quality).unwrap()["severity"], serde_json::Value::Null);
}

#[test]
fn ports_and_descriptors_that_are_nearly_used_up_are_named() {
    let found = |report: &Report| (quality(report).severity(), quality(report).bottleneck());
    let measured = |report: &Report, wanted| {
        quality(report).checks.into_iter().find(|check| check.check == wanted).unwrap().measured
    };
    let mut report = good();
    report.recording.generator.ports = Used { most: 8, limit: 12 };
    assert_eq!(found(&report), (Some(Severity::Trustworthy), None));
    report.recording.generator.ports = Used { most: 8, limit: 10 };
    let limited = (Some(Severity::Care), Some(Bottleneck::Ports));
    assert_eq!((measured(&report, Check::Ports), found(&report)), (0.8, limited));
    // What the kernel refused decides, also where ports cannot be counted.
    report.recording.generator.ports = Used::default();
    report.recording.connections.port_refusals = 1;
    assert_eq!((measured(&report, Check::Ports), found(&report)), (1.0, limited));
    report.recording.connections.port_refusals = 0;
    assert_eq!(found(&report), (Some(Severity::Trustworthy), None));
    report.recording.generator.descriptors = Used { most: 1_000, limit: 1_024 };
    assert_eq!(found(&report), (Some(Severity::Care), Some(Bottleneck::Descriptors)));
}

#[test]
fn each_machine_has_ports_of_its_own() {
    let machine = |most, limit| {
        let mut recording = Recording::default();
        recording.record_usage(&Generator { ports: Used { most, limit }, ..Generator::default() });
        recording
    };
    let mut merged = machine(10, 100);
    merged.merge(machine(45, 50));
    merged.merge(machine(20, 1_000));
    assert_eq!(merged.generator.ports, Used { most: 45, limit: 50 });
}

/// The rows of the table of checks in the documents, in its order: what needs care, and what is invalid.
fn documented_rows() -> Vec<(String, String)> {
    let document = include_str!("../../../docs/measuring.md");
    let (_, section) = document.split_once("## Can these numbers be trusted?").unwrap();
    let rows = section.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let cells = |row: &str| -> Vec<String> { row.split('|').map(|cell| cell.trim().to_owned()).collect() };
    let rows = rows.take_while(|line| line.starts_with('|')).map(cells);
    rows.map(|cells| (cells[2].clone(), cells[3].clone())).collect()
}

#[test]
fn the_document_has_the_limits() {
    let documented = |check: Check, limit: f64| match check {
        _ if limit == 0.0 => "any".to_owned(),
        Check::StartDelayP99 | Check::StartDelayMax | Check::Lag if limit < 1.0 => {
            format!("above {} ms", (limit * 1e3).round())
        }
        Check::StartDelayMax | Check::WallClock => format!("above {limit} s"),
        Check::Achieved => format!("below {} %", (limit * 1e3).round() / 10.0),
        _ => format!("above {} %", (limit * 1e3).round() / 10.0),
    };
    let rows = documented_rows();
    assert_eq!(rows.len(), Check::VARIANTS.len());
    for (&check, (care_cell, invalid_cell)) in Check::VARIANTS.iter().zip(rows) {
        let (care, invalid) = check.limits();
        assert!(care_cell.starts_with(&documented(check, care)), "{check:?}: {care_cell}");
        match invalid {
            Some(invalid) => {
                assert!(invalid_cell.starts_with(&documented(check, invalid)), "{check:?}: {invalid_cell}")
            }
            None => assert_eq!(invalid_cell, "", "{check:?}"),
        }
    }
}

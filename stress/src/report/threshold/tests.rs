//! Thresholds over runs whose numbers are known.

use super::*;
use crate::{
    fixtures,
    sample::{Sample, StoredKind},
};

/// The results of these thresholds over the troubled run: 7 uploads of which 2 were shed, 5 first downloads of
/// which one timed out and one is unfinished, 3 cached downloads of which 2 failed.
fn results(thresholds: &[&str]) -> Vec<ThresholdResult> {
    let samples: Vec<_> = (0..7).flat_map(fixtures::troubled).collect();
    let mut report = fixtures::report(7, &samples);
    report.plan.thresholds = thresholds.iter().map(|text| text.parse().unwrap()).collect();
    evaluate(&report)
}

fn held(threshold_results: &[ThresholdResult], implicit: bool) -> Vec<(String, bool)> {
    let asked = threshold_results.iter().filter(|threshold_result| threshold_result.implicit == implicit);
    asked.map(|threshold_result| (threshold_result.threshold.to_string(), threshold_result.holds())).collect()
}

#[test]
fn each_number_is_held_against_its_limit() {
    for (threshold, holds) in [
        ("upload.max<1200ms", true),
        ("upload.max<1100ms", false),
        ("upload.min>=1100ms", true),
        ("upload.send.max<=275ms", true),
        ("upload.wait.min>551ms", false),
        ("upload.failures<=2", true),
        ("upload.failures<2", false),
        ("upload.failures<28%", false),
        ("upload.failures<29%", true),
        ("upload.failures.shed==2", true),
        ("upload.failures.dns==0", true),
        ("first.unfinished<=20%", true),
        ("first.unfinished==0", false),
        ("cached.count==1", true),
        ("cached.count>1", false),
        ("upload.rate>1/s", true),
        ("upload.rate>10/s", false),
        ("upload.throughput>100KiB/s", true),
        ("upload.throughput>10MiB/s", false),
    ] {
        assert_eq!(results(&[threshold])[0].holds(), holds, "{threshold}");
    }
}

#[test]
fn a_time_that_may_be_longer_is_never_short_enough() {
    for (threshold, holds) in [
        ("first.max<100h", false),
        ("first.max<=100h", false),
        ("first.max>59s", true),
        ("first.max>61s", false),
        ("first.mean<100h", false),
        ("first.min<1s", true),
    ] {
        assert_eq!(results(&[threshold])[0].holds(), holds, "{threshold}");
    }
}

#[test]
fn what_the_sample_does_not_support_fails_and_says_how_many_it_needs() {
    for (threshold, has, needs) in [
        ("upload.p50<1h", 5, 6),
        ("upload.p99<1h", 5, 368),
        ("upload.p99>1ns", 5, 368),
        ("cached.service.p90<1h", 1, 36),
        ("upload.start_delay.max<1h", 0, 1),
    ] {
        let threshold_result = &results(&[threshold])[0];
        assert_eq!(
            (threshold_result.measured, threshold_result.holds()),
            (Measured::Unsupported { has, needs }, false)
        );
    }
    let mut report = fixtures::report(5, &[]);
    report.plan.thresholds = vec!["upload.failures<=100%".parse().unwrap(), "first.rate>0".parse().unwrap()];
    assert!(
        evaluate(&report)
            .iter()
            .all(|threshold_result| threshold_result.measured == NOTHING && !threshold_result.holds())
    );
}

#[test]
fn the_samples_own_percentile_is_judged_on_request_and_marked() {
    let samples: Vec<_> = (0..7).flat_map(fixtures::troubled).collect();
    let mut report = fixtures::report(7, &samples);
    report.plan.unsupported_percentiles = UnsupportedPercentiles::Judge;
    // All five uploads took 1.1 s.
    for (threshold, holds, shortfall) in [
        ("upload.p95<1150ms", true, Some((5, 72))),
        ("upload.p95<1100ms", false, Some((5, 72))),
        ("upload.p50>=1100ms", true, Some((5, 6))),
        ("upload.max<1150ms", true, None),
        // What was never measured cannot be judged, and a time that may be longer is no shorter for it.
        ("upload.start_delay.p50<1h", false, Some((0, 6))),
        ("first.p95<100h", false, Some((5, 72))),
    ] {
        report.plan.thresholds = vec![threshold.parse().unwrap()];
        let result = &evaluate(&report)[0];
        assert_eq!(
            (result.holds(), result.shortfall()),
            (holds, shortfall),
            "{threshold} {:?}",
            result.measured
        );
    }
    report.plan.thresholds = vec!["upload.p95<1150ms".parse().unwrap()];
    let document = serde_json::to_value(&evaluate(&report)[0]).unwrap();
    assert_eq!((&document["samples"], &document["samples_needed"]), (&5.into(), &72.into()));
    assert!(document["measured_seconds"].as_f64().is_some_and(|seconds| seconds < 1.15), "{document}");
}

#[test]
fn a_star_is_each_planned_step() {
    let expected = [("upload.count>=3", true), ("first.count>=3", true), ("cached.count>=3", false)];
    assert_eq!(
        held(&results(&["*.count>=3"]), false),
        expected.map(|(text, holds)| (text.to_owned(), holds))
    );
}

#[test]
fn a_step_without_a_threshold_on_failures_must_have_none() {
    let text = |holds: [(&str, bool); 6]| holds.map(|(text, holds)| (text.to_owned(), holds)).to_vec();
    let bare = text([
        ("upload.failures==0", false),
        ("upload.unfinished==0", true),
        ("first.failures==0", false),
        ("first.unfinished==0", false),
        ("cached.failures==0", false),
        ("cached.unfinished==0", true),
    ]);
    assert_eq!(held(&results(&[]), true), bare);
    assert_eq!(held(&results(&["*.max<1h"]), true), bare);
    let left = held(&results(&["*.failures<=100%", "main:first.unfinished<=1"]), true);
    let expected = [("upload.unfinished==0", true), ("cached.unfinished==0", true)];
    assert_eq!(left, expected.map(|(text, holds)| (text.to_owned(), holds)));
    // A class with its own threshold is left to that; there is no other failure of uploads.
    assert_eq!(
        held(&results(&["upload.failures.shed<=2"]), true)[0],
        ("upload.failures==0".to_owned(), true)
    );
}

#[test]
fn equal_steps_of_several_phases_are_one_unless_a_phase_is_named() {
    let upload = |phase, index, at| {
        let outcome = fixtures::stored(index, StoredKind::New);
        Sample { phase, ..fixtures::sample(index, Step::Upload, at, 1_000, outcome) }
    };
    let mut samples: Vec<_> = (0..4).map(|index| upload(0, index, 0)).collect();
    samples.extend((4..10).map(|index| upload(1, index, 5_000)));
    samples.push(Sample {
        phase: 1,
        ..fixtures::sample(
            10,
            Step::Upload,
            5_000,
            1_000,
            fixtures::failed(FailureClass::Shed, Some(429), None, "full"),
        )
    });
    let mut report = fixtures::report(11, &samples);
    report.plan.phases[0].journey.steps = vec![Step::Upload];
    report.plan.phases.push(Phase { name: "peak".to_owned(), ..report.plan.phases[0].clone() });
    report.plan.thresholds =
        ["upload.count==10", "peak:upload.count==6", "main:upload.failures<1%", "upload.rate>1.6/s"]
            .map(|text| text.parse().unwrap())
            .to_vec();
    let threshold_results = evaluate(&report);
    assert!(held(&threshold_results, false).iter().all(|(_, holds)| *holds), "{threshold_results:?}");
    let expected = [
        ("main:upload.unfinished==0", true),
        ("peak:upload.failures==0", false),
        ("peak:upload.unfinished==0", true),
    ];
    assert_eq!(held(&threshold_results, true), expected.map(|(text, holds)| (text.to_owned(), holds)));
}

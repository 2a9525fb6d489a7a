//! Verdicts of steps, the generator's limit, knee, shedding and consumption, of made-up searches.

use super::*;
use crate::{
    fixtures,
    plan::{schedule::Arrivals, search::Axis, stages::Stages},
    report::quality::CheckResult,
    sample::FailureClass,
};

fn check(check: Check, severity: Severity, measured: f64) -> QualityReport {
    let checks = vec![CheckResult { check, measured, severity, limit: 0.0 }];
    QualityReport { is_judged: true, checks, drift: None }
}

fn step(thresholds: &[&str], journeys: u64, uploads: Reading) -> SearchStep {
    let samples: Vec<_> = (0..journeys).flat_map(fixtures::journey).collect();
    let mut report = fixtures::report(journeys, &samples);
    report.plan.thresholds = thresholds.iter().map(|text| text.parse().unwrap()).collect();
    let warm_up = fixtures::recording(&fixtures::journey(0));
    SearchStep::of((1.0, Duration::from_secs(1)), Step::Upload, &report, &warm_up, uploads, generator_limit)
}

#[test]
fn thresholds_break_hold_or_lack_samples() {
    let verdict =
        |thresholds: &[&str], journeys| step(thresholds, journeys, Reading::default()).result.verdict;
    assert_eq!(verdict(&["upload.p50<1h"], 40), StepVerdict::Holds);
    assert_eq!(verdict(&["upload.p50<1h", "upload.max<1ms"], 40), StepVerdict::Breaks);
    assert_eq!(
        verdict(&["upload.p95<1h", "upload.p50<1h"], 40),
        StepVerdict::TooFewSamples { has: 40, needs: 72 }
    );
    // What is known to be broken needs no more samples.
    assert_eq!(verdict(&["upload.p95<1h", "upload.max<1ms"], 40), StepVerdict::Breaks);
    // Without a threshold of the user's, nothing may fail.
    let mut samples: Vec<_> = (0..40).flat_map(fixtures::journey).collect();
    samples.extend(fixtures::troubled(40));
    let report = fixtures::report(41, &samples);
    let none = Recording::default();
    let at = (1.0, Duration::from_secs(1));
    let step = SearchStep::of(at, Step::Upload, &report, &none, Reading::default(), generator_limit);
    assert_eq!((step.result.verdict, step.failed), (StepVerdict::Breaks, 1));
    assert_eq!(step.broken().next().unwrap().threshold.to_string(), "upload.failures==0");
    // A generator that is the limit decides over broken thresholds, an interruption over both.
    let limited = |_: &QualityReport, _| Some(Bottleneck::Cpu);
    let step = SearchStep::of(at, Step::Upload, &report, &none, Reading::default(), limited);
    assert_eq!(
        (step.result.verdict, step.bottleneck),
        (StepVerdict::GeneratorLimited, Some(Bottleneck::Cpu))
    );
    let ending = Ending::Interrupted { signal: crate::report::Signal::Interrupt };
    let stopped = Report { ending, ..report };
    let step = SearchStep::of(at, Step::Upload, &stopped, &none, Reading::default(), limited);
    assert_eq!(step.result.verdict, StepVerdict::Interrupted);
}

#[test]
fn the_generator_is_the_limit_only_by_its_own_checks() {
    use Severity::{Care, Invalid};
    for (subject, severity, measured, broken, limit) in [
        (Check::Cpu, Invalid, 0.95, Broken::None, Some(Bottleneck::Cpu)),
        (Check::Cpu, Care, 0.8, Broken::None, None),
        (Check::StartDelayP99, Invalid, 1.0, Broken::Some, Some(Bottleneck::Scheduling)),
        (Check::StartDelayMax, Invalid, 2.0, Broken::None, Some(Bottleneck::Scheduling)),
        (Check::Lag, Invalid, 1.0, Broken::None, Some(Bottleneck::Scheduling)),
        (Check::Achieved, Invalid, 0.5, Broken::Some, Some(Bottleneck::Scheduling)),
        (Check::Dropped, Invalid, 0.5, Broken::None, Some(Bottleneck::InFlight)),
        (Check::Dropped, Invalid, 0.5, Broken::Some, None),
        (Check::Ports, Care, 1.0, Broken::Some, Some(Bottleneck::Ports)),
        (Check::Ports, Care, 1.0, Broken::None, None),
        (Check::Ports, Care, 0.99, Broken::Some, None),
        (Check::Ports, Severity::Trustworthy, 0.6, Broken::Some, None),
        (Check::Ports, Care, 1.0, Broken::ByAnswers, None),
        (Check::Cpu, Invalid, 0.95, Broken::ByAnswers, None),
        (Check::Lag, Invalid, 1.0, Broken::ByAnswers, None),
        (Check::Unfinished, Invalid, 0.5, Broken::Some, None),
        (Check::WallClock, Care, 5.0, Broken::None, None),
    ] {
        assert_eq!(
            generator_limit(&check(subject, severity, measured), broken),
            limit,
            "{subject:?} {measured} {broken:?}"
        );
    }
    // Arrivals that were dropped were not achieved either: that is the same thing.
    let mut quality = check(Check::Dropped, Invalid, 0.5);
    quality.checks.extend(check(Check::Achieved, Invalid, 0.5).checks);
    assert_eq!(
        (generator_limit(&quality, Broken::Some), generator_limit(&quality, Broken::None)),
        (None, Some(Bottleneck::InFlight))
    );
}

#[test]
fn failures_that_the_server_answers_are_its_own_and_others_may_be_the_generators() {
    for (class, tried_again, threshold, broken) in [
        (FailureClass::Shed, false, "upload.failures<1%", Broken::ByAnswers),
        (FailureClass::Shed, false, "upload.failures<9%", Broken::None),
        (FailureClass::Shed, false, "upload.p50<1h", Broken::ByAnswers),
        (FailureClass::Shed, true, "upload.attempt_failures==0", Broken::ByAnswers),
        (FailureClass::Timeout, false, "upload.failures<1%", Broken::Some),
        (FailureClass::Timeout, true, "upload.attempt_failures==0", Broken::Some),
        (FailureClass::Refused, false, "upload.failures.refused==0", Broken::Some),
        (FailureClass::RequestTimeout, false, "upload.failures==0", Broken::Some),
    ] {
        let mut samples: Vec<_> = (0..40).flat_map(fixtures::journey).collect();
        let failed = fixtures::sample(40, Step::Upload, 10, 10, fixtures::failed(class, None, None, "x"));
        samples.extend(tried_again.then(|| failed.clone().tried_again()));
        samples.extend((!tried_again).then_some(failed));
        let mut report = fixtures::report(41, &samples);
        report.plan.thresholds = vec![threshold.parse().unwrap()];
        let found = |report: &Report| Broken::of(report, &Summary::of(report).thresholds);
        assert_eq!(found(&report), broken, "{class} {threshold}");
        // At a rate, whatever is broken may come of a burst.
        let rate = Stages::constant(10.0);
        report.plan.phases[0].load = Load::Open { rate, arrivals: Arrivals::Uniform, max_in_flight: 8 };
        assert_eq!(found(&report) == Broken::None, broken == Broken::None, "{class} {threshold}");
        assert_ne!(found(&report), Broken::ByAnswers, "{class} {threshold}");
    }
}

/// A search whose steps had these levels, rates and mean response times in milliseconds.
fn capacity(curve: &[(f64, f64, u64)]) -> Capacity {
    let search = Search {
        axis: Axis::Rate,
        from: 1.0,
        max: 100.0,
        precision: 0.05,
        step: Duration::from_secs(1),
        needs: 1,
    };
    let steps = curve.iter().map(|&(level, per_second, mean)| {
        let mut step = step(&[], 10, Reading::default());
        step.result.level = level;
        step.per_second = Some(per_second);
        step.response.as_mut().unwrap().mean =
            Bounded { value: Duration::from_millis(mean), lower_bound: false };
        step
    });
    Capacity {
        price_upload_frost: None,
        tool: Tool::this(),
        started_at: "2026-01-01T00:00:00Z".to_owned(),
        elapsed: Duration::from_secs(9),
        ending: Ending::Completed,
        plan: fixtures::plan(1),
        search,
        focus: Step::Upload,
        steps: steps.collect(),
        answer: SearchResult::Between { holds: 20.0, breaks: 40.0 },
    }
}

#[test]
fn the_knee_is_where_throughput_by_latency_is_highest() {
    // Steps come in the order of the search, not of their levels. Power: 5, 47.6, 80, 66.7, 20.
    let curve =
        [(1.0, 1.0, 200), (10.0, 10.0, 210), (40.0, 38.0, 570), (80.0, 40.0, 2000), (20.0, 20.0, 250)];
    let knee = capacity(&curve).knee().unwrap();
    assert_eq!(knee, Knee { level: 20.0, per_second: 20.0, mean: Duration::from_millis(250) });
    // At the edge of what was tried it may lie beyond.
    assert_eq!(capacity(&curve[..2]).knee(), None);
    assert_eq!(capacity(&[(1.0, 1.0, 100), (2.0, 1.0, 900)]).knee(), None);
    assert_eq!(capacity(&[]).knee(), None);
    // A mean that may be longer is no point of the curve.
    let mut bounded = capacity(&curve);
    bounded.steps[4].response.as_mut().unwrap().mean.lower_bound = true;
    assert_eq!(bounded.knee().map(|knee| knee.level), Some(40.0));
}

#[test]
fn shedding_is_what_was_seen() {
    let mut found = capacity(&[(1.0, 1.0, 1), (2.0, 2.0, 1), (3.0, 3.0, 1)]);
    assert_eq!(found.shedding(), None);
    let reading = |most, at_first_shed| Reading { most: Some(most), at_first_shed };
    for (step, uploads) in
        found.steps.iter_mut().zip([reading(17, None), reading(40, Some(19)), reading(18, Some(18))])
    {
        step.uploads = uploads;
    }
    assert_eq!(found.shedding(), Some(Shedding { began_at: Some(18), most_taken: Some(17) }));
}

#[test]
fn the_consumption_includes_the_warm_up() {
    let cost = step(&[], 10, Reading::default()).consumed;
    assert_eq!((cost.uploads, cost.downloads, cost.frost), (11, 22, 11 * 132_300));
    let whole = capacity(&[(1.0, 1.0, 1), (2.0, 2.0, 1)]).consumed();
    assert_eq!((whole.uploads, whole.bytes_sent), (22, 2 * cost.bytes_sent));
}

#[test]
fn the_document_has_the_answer_and_every_step() {
    let mut document = Vec::new();
    capacity(&[(10.0, 10.0, 210), (20.0, 20.0, 250), (40.0, 38.0, 570)]).save(&mut document).unwrap();
    let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
    assert_eq!(document["schema"], SCHEMA);
    assert_eq!(document["answer"], serde_json::json!({ "kind": "between", "holds": 20.0, "breaks": 40.0 }));
    assert_eq!(document["knee"]["level"], 20.0);
    assert_eq!(
        (document["steps"].as_array().unwrap().len(), &document["consumed"]["uploads"]),
        (3, &33.into())
    );
}

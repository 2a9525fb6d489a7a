//! Drift is found where there is some, and hardly ever where there is none.

use super::*;
use crate::{
    fixtures,
    plan::{
        schedule::Arrivals,
        stages::{Stage, Stages},
    },
    report::{
        quality::{Check, Severity},
        summary::Summary,
    },
    sample::{Outcome, Sample, Timing},
};

/// A run of `seconds` at 20 blobs a second, in which a download takes `median(share of the time, level)` seconds in
/// the middle; the level wanders about 0 with a memory of some seconds, as that of a shared server does.
fn open(seed: u64, seconds: u64, median: impl Fn(f64, f64) -> f64) -> Report {
    let mut chance = fixtures::chances(seed);
    let (mut samples, mut level) = (Vec::new(), 0.0);
    for index in 0..seconds * 20 {
        // A first-order process whose memory is 20 arrivals, a second.
        level = 0.95 * level + 0.05 * (chance() - 0.5);
        let at = Duration::from_secs_f64((index as f64 + chance()) / 20.0);
        let median = median(index as f64 / (seconds * 20) as f64, level);
        samples.push(read(index, at, fixtures::latency(median, 0.5, &mut chance)));
    }
    let mut report = fixtures::report(seconds * 20, &samples);
    report.plan.phases[0].load =
        Load::Open { rate: Stages::constant(20.0), arrivals: Arrivals::Uniform, max_in_flight: 100 };
    report
}

/// A closed loop of 8 workers, each of which starts its next download when its last one ends.
fn closed(seed: u64, seconds: u64, median: impl Fn(f64) -> f64) -> Report {
    let mut chance = fixtures::chances(seed);
    let (end, mut samples) = (seconds as f64, Vec::new());
    for _ in 0..8 {
        let mut at = 0.0;
        while at < end {
            let took = fixtures::latency(median(at / end), 0.5, &mut chance);
            samples.push(read(samples.len() as u64, Duration::from_secs_f64(at), took));
            at += took.as_secs_f64();
        }
    }
    fixtures::report(samples.len() as u64, &samples)
}

fn read(index: u64, started: Duration, took: Duration) -> Sample {
    let finished = started + took;
    let timing = Timing { due: started, started, sent: None, first_byte: None, finished };
    let mut sample = fixtures::sample(index, Step::CACHED, 0, 0, Outcome::Read);
    sample.exchange.timing = timing;
    sample
}

fn flagged(report: &Report) -> bool {
    let quality = Summary::of(report).quality;
    let check = quality.checks.iter().find(|check| check.check == Check::Stationarity);
    check.expect("the run is long enough").severity == Severity::Care
}

#[test]
fn latency_that_ramps_up_is_flagged() {
    for seed in 0..20 {
        let report = open(seed, 120, |time, _| 0.2 * (1.0 + time));
        assert!(flagged(&report), "seed {seed}");
        let worst = of(&report).unwrap().worst.unwrap();
        assert_eq!((worst.step, worst.last > worst.first), (Step::CACHED, true), "{worst:?}");
        // Medians of a sixth and five sixths of the way: 1.167 and 1.833, so 57 % more.
        assert!((0.35..0.9).contains(&worst.share()), "{worst:?}");
        assert!(flagged(&closed(seed, 120, |time| 0.2 * (1.0 + time))), "closed, seed {seed}");
    }
}

#[test]
fn a_run_that_stays_as_it_is_is_hardly_ever_flagged() {
    let mut alarms = 0;
    for seed in 0..50 {
        alarms += u32::from(flagged(&open(seed, 60, |_, _| 0.2)));
        alarms += u32::from(flagged(&open(seed, 120, |_, level| 0.2 * (1.0 + 2.0 * level))));
        alarms += u32::from(flagged(&closed(seed, 60, |_| 0.2)));
        // Uploads as slow as on the real network, 9 s: what ends early are the quick ones.
        alarms += u32::from(flagged(&closed(seed, 1_200, |_| 9.0)));
    }
    assert!(alarms <= 10, "{alarms} of 200 runs: more than 5 %");
}

#[test]
fn short_runs_and_loads_that_change_on_purpose_are_not_looked_at() {
    assert_eq!(of(&open(1, 20, |_, _| 0.2)), None);
    let mut report = open(1, 120, |time, _| 0.2 * (1.0 + time));
    let ramp = Stage { from: 10.0, to: 30.0, duration: Some(Duration::from_secs(120)) };
    report.plan.phases[0].load =
        Load::Open { rate: Stages(vec![ramp]), arrivals: Arrivals::Uniform, max_in_flight: 100 };
    assert_eq!(of(&report), None);
}

#[test]
fn eight_intervals_are_the_fewest_that_can_differ_beyond_chance() {
    let separate = |count: usize| {
        let values = |from: usize| (from..from + count).map(|value| value as f64).collect::<Vec<_>>();
        differ(&values(0), &values(count)) && differ(&values(count), &values(0))
    };
    assert!(separate(LEAST) && !separate(LEAST - 1));
    assert!(!differ(&[1.0; LEAST], &[1.0; LEAST]));
}

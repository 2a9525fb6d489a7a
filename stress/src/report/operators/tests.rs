//! Simulated comparisons, in which it is known who is faster.

use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

use super::*;
use crate::{
    fixtures,
    plan::operators::{Blobs, Operator},
    sample::{Failure, FailureClass, Link},
};

/// A plan over operators of these names.
fn plan(names: &[&str], blobs: usize, seed: u64) -> OperatorsPlan {
    let operator = |name: &&str| Operator {
        name: (*name).to_owned(),
        target: format!("http://{name}.test").parse().unwrap(),
    };
    OperatorsPlan {
        vantage: None,
        seed,
        operators: names.iter().map(operator).collect(),
        publisher: None,
        blobs: Blobs::Listed { ids: (0..blobs as u64).map(fixtures::id).collect() },
        pause: Duration::ZERO,
        settle: Duration::ZERO,
        store: Default::default(),
        limits: fixtures::plan(1).limits,
    }
}

/// What an operator of a simulation does: the median of its first reads in milliseconds, the factor by which its cache is
/// faster, and the share of its reads that fail.
#[derive(Clone, Copy)]
struct Operates {
    first: f64,
    cache: f64,
    fails: f64,
}

const STEADY: Operates = Operates { first: 100.0, cache: 4.0, fails: 0.0 };

/// The reads of a comparison: log-normal times, and `cold` times as long for the first reader of a blob.
fn simulate(plan: &OperatorsPlan, operators: &[Operates], cold: f64) -> Vec<Sample> {
    let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
    let order = plan.read_order(plan.blobs.count());
    let mut read = vec![false; plan.blobs.count()];
    let mut samples = Vec::new();
    for slot in 0..order.slots() {
        let at = slot as u64 * 1_000_000;
        for (operator, operates) in operators.iter().enumerate() {
            let Some(blob) = order.blob(operator, slot) else { continue };
            // The sum of twelve uniform draws is nearly normal.
            let mut noise = || ((0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0) * 0.3;
            let position = if std::mem::replace(&mut read[blob], true) { 1.0 } else { cold };
            let (first, cached) =
                (operates.first * position * noise().exp(), operates.first / operates.cache * noise().exp());
            let fails = rng.random_bool(operates.fails);
            let sample = |step, at: u64, milliseconds: f64| {
                let outcome = if fails {
                    Outcome::Failed(Failure::new(FailureClass::ServerError, "500"))
                } else {
                    Outcome::Read
                };
                let mut sample = fixtures::sample(blob as u64, step, at, 1, outcome);
                sample.exchange.link = Some(Link::Reused);
                let started = sample.exchange.timing.started;
                sample.exchange.timing.finished = started + Duration::from_secs_f64(milliseconds / 1e3);
                Sample { target: operator, ..sample }
            };
            samples.push(sample(Step::FIRST, at, first));
            if !fails {
                samples.push(sample(Step::CACHED, at + 500_000, cached));
            }
        }
    }
    samples
}

fn compare(names: &[&str], blobs: usize, seed: u64, operators: &[Operates], cold: f64) -> OperatorsReport {
    let plan = plan(names, blobs, seed);
    let reads = simulate(&plan, operators, cold);
    let measured = Measured {
        started_at: "2026-11-26T05:00:00Z".to_owned(),
        elapsed: Duration::from_secs(60),
        ending: Ending::Completed,
        uploads: &[],
        reads: &reads,
        probes: &[],
        blobs,
        disputed: &[],
    };
    OperatorsReport::of(&plan, &measured)
}

fn ranks(report: &OperatorsReport) -> Vec<(&str, Option<usize>)> {
    report.operators.iter().map(|row| (row.name.as_str(), row.rank)).collect()
}

#[test]
fn equal_operators_have_a_winner_in_at_most_5_of_100_runs() {
    for (names, blobs) in [(&["a", "b"][..], 20), (&["a", "b", "c", "d", "e"][..], 20)] {
        let wins = (0..100).filter(|&seed| {
            let report = compare(names, blobs, seed, &vec![STEADY; names.len()], 1.8);
            report.operators.iter().filter(|row| row.rank == Some(1)).count() < names.len()
        });
        let wins = wins.count();
        assert!(wins <= 5, "{wins} of 100 with {} operators", names.len());
    }
}

#[test]
fn a_faster_operator_wins_and_equal_ones_share_a_rank() {
    let fast = Operates { first: 50.0, ..STEADY };
    let report = compare(&["a", "b", "c"], 30, 4, &[STEADY, fast, STEADY], 1.8);
    assert_eq!(ranks(&report)[0], ("b", Some(1)));
    assert!(ranks(&report)[1..].iter().all(|(_, rank)| *rank == Some(2)), "{:?}", ranks(&report));
    assert!(
        report.answer.starts_with("b is the fastest of 3 aggregators at first reads: median "),
        "{}",
        report.answer
    );
    let tied = report.comparisons.iter().find(|one| one.a.name == "a" && one.b.name == "c").unwrap();
    assert!(!tied.differs && tied.blobs == 30);
}

#[test]
fn the_first_reader_of_a_blob_is_found_and_taken_out() {
    let report = compare(&["a", "b", "c", "d"], 40, 2, &[STEADY; 4], 2.5);
    let (low, high) = report.first_reader.unwrap().interval.unwrap();
    assert!(low < 2.5 && high > 2.5 && low > 1.5, "{low} {high}");
    let none =
        compare(&["a", "b", "c", "d"], 40, 2, &[STEADY; 4], 1.0).first_reader.unwrap().interval.unwrap();
    assert!(none.0 < 1.0 && none.1 > 1.0, "{none:?}");
}

#[test]
fn an_operator_that_often_fails_loses_however_fast_it_is() {
    let flaky = Operates { first: 50.0, fails: 0.8, ..STEADY };
    let report = compare(&["flaky", "steady"], 40, 1, &[flaky, STEADY], 1.0);
    assert_eq!(ranks(&report), [("steady", Some(1)), ("flaky", Some(2))]);
    let row = &report.operators[1];
    assert!(row.availability.unwrap() < 0.5, "{row:?}");
    assert_eq!((row.failures[0].class, row.corrupt), (FailureClass::ServerError, 0));
    assert_eq!(row.delivered + row.failures[0].count, row.asked);
}

#[test]
fn an_operator_that_delivers_nothing_has_no_rank_and_stands_last() {
    let down = Operates { fails: 1.0, ..STEADY };
    let report = compare(&["down", "up"], 20, 1, &[down, STEADY], 1.0);
    assert_eq!(ranks(&report), [("up", Some(1)), ("down", None)]);
    assert_eq!(report.operators[1].has_cache(), None);
    let all = compare(&["x", "y"], 20, 1, &[down, down], 1.0);
    assert_eq!(all.answer, "none of 2 aggregators delivered a blob");
    assert!(all.operators.iter().all(|row| row.rank.is_none()));
}

#[test]
fn ties_say_how_many_blobs_would_tell() {
    let near = Operates { first: 92.0, ..STEADY };
    let report = compare(&["a", "b"], 20, 3, &[STEADY, near], 1.0);
    assert_eq!(ranks(&report).iter().filter(|(_, rank)| *rank == Some(1)).count(), 2);
    let needed = report.comparisons[0].blobs_needed.unwrap();
    assert!((21..2_000).contains(&needed), "{needed}");
    assert!(report.answer.contains(&format!("; about {needed} would tell")), "{}", report.answer);
    // With so many, they are distinguished in most runs.
    let decided = (0..10).filter(|&seed| {
        let report = compare(&["a", "b"], 1_000, seed, &[STEADY, near], 1.0);
        report.comparisons[0].differs
    });
    assert!(decided.count() >= 8);
}

#[test]
fn a_cache_shows_in_the_times() {
    let none = Operates { cache: 1.0, ..STEADY };
    let report = compare(&["cached", "plain"], 40, 6, &[STEADY, none], 1.0);
    let cached = |name: &str| report.operators.iter().find(|row| row.name == name).unwrap().has_cache();
    assert_eq!(cached("cached"), Some(true));
    assert_ne!(cached("plain"), Some(true));
}

//! Equal runs are called equal, changes are found, and a run that is too short has the length that it needs.

pub(super) mod noise;

use std::{rc::Rc, time::Duration};

use super::{
    inference::ALPHA,
    series::{Bin, Counts, Series, Table},
    types::Scale,
    *,
};
use crate::{
    fixtures,
    plan::percentile::Percentile,
    sample::{FailureClass, Outcome as Fate, Sample, StoredKind},
};
use noise::Noise;

/// Optimised builds compare all pairs, others fewer, to be fast.
const PAIRS: u64 = if cfg!(debug_assertions) { 60 } else { 1000 };
/// The smallest relevant change, as a share of the number.
const RELEVANT: f64 = 0.02;
const P95: Quantity = Quantity::Percentile(Percentile::P95);
const NUMBERS: [Quantity; 4] =
    [Quantity::Percentile(Percentile::P50), P95, Quantity::Percentile(Percentile::P99), Quantity::Mean];

/// How often something of probability `chance` may happen in `trials`; in few of them, the 99 % quantile of the binomial
/// distribution.
fn at_most(trials: u64, chance: f64) -> u64 {
    if trials >= 250 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 1,000")]
        return (chance * trials as f64).round() as u64;
    }
    let mut probability = (1.0 - chance).powf(trials as f64);
    let (mut below, mut count) = (probability, 0);
    while below < 0.99 {
        count += 1;
        probability *= (trials + 1 - count) as f64 / count as f64 * chance / (1.0 - chance);
        below += probability;
    }
    count
}

/// A run of `seconds` with 40 successes in each, lognormal around a level that is autocorrelated by `phi`.
fn run(seed: u64, phi: f64, seconds: usize, factor: f64) -> BTreeMap<Quantity, Measure> {
    const GRAIN: f64 = 0.008;
    let (mut level, mut each) = (Noise::new(seed, phi), Noise::new(seed + (1 << 40), 0.0));
    let mut grains = Vec::new();
    for _ in 0..seconds {
        let level = 0.1 * level.next() + factor.ln();
        grains.push((0..40).map(|_| ((level + 0.3 * each.normal()) / GRAIN).round()).collect::<Vec<_>>());
    }
    let mut all = crate::report::stats::sorted(grains.concat());
    all.dedup();
    let bin = |grain: &f64| Bin { low: ((grain - 0.5) * GRAIN).exp(), high: ((grain + 0.5) * GRAIN).exp() };
    let bins: Vec<Bin> = all.iter().map(bin).collect();
    let place = |grain: &f64| (all.partition_point(|one| one < grain), 1);
    let counts: Vec<Counts> = grains.iter().map(|second| second.iter().map(place).collect()).collect();
    let table = Rc::new(Table::of(&bins, &counts));
    let mean = |second: &Vec<f64>| (second.iter().map(|grain| (grain * GRAIN).exp()).sum(), 40.0);
    let series = |quantity| match quantity {
        Quantity::Percentile(percentile) => Series::quantile(percentile.quantile(), &table),
        _ => Series::ratio(grains.iter().map(mean)),
    };
    let measure = |quantity| {
        let (series, time) = (series(quantity), Duration::from_secs(seconds as u64));
        let spread = bootstrap::spread(&series, Scale::of(quantity).function(), time);
        let value = series.over(&[(0, seconds)]).map(Value::exact);
        Measure { value, spread, least_variance: 0.0, time, lacks: 0.1, trials: None }
    };
    NUMBERS.into_iter().map(|quantity| (quantity, measure(quantity))).collect()
}

/// The numbers of two runs, of which every change is relevant.
fn numbers_of(before: &BTreeMap<Quantity, Measure>, after: &BTreeMap<Quantity, Measure>) -> Vec<Number> {
    let name = StepName { phase: "main".to_owned(), step: Step::CACHED, repeats: false };
    let draft = |quantity: Quantity| {
        let of = |side: &BTreeMap<Quantity, Measure>| [side[&quantity].clone()];
        Draft::of(&name, quantity, &of(before), &of(after))
    };
    numbers::verdicts(NUMBERS.into_iter().map(draft).collect(), 0.0)
}

fn false_alarms(phi: f64) -> u64 {
    let timer = |pair: &u64| {
        let (before, after) = (run(2 * pair, phi, 60, 1.0), run(2 * pair + 1, phi, 60, 1.0));
        numbers_of(&before, &after)
            .iter()
            .any(|number| matches!(number.verdict, Verdict::Better | Verdict::Worse))
    };
    (0..PAIRS).filter(timer).count() as u64
}

#[test]
fn equal_runs_are_called_different_in_at_most_5_of_100_pairs() {
    let alarms = false_alarms(0.0);
    assert!(alarms <= at_most(PAIRS, ALPHA), "{alarms} of {PAIRS}");
}

#[test]
fn equal_autocorrelated_runs_are_called_different_in_at_most_5_of_100_pairs() {
    let alarms = false_alarms(0.6);
    assert!(alarms <= at_most(PAIRS, ALPHA), "{alarms} of {PAIRS}");
}

#[test]
fn ten_percent_are_found_in_80_of_100_runs_as_long_as_needed() {
    let (mut found, mut asked) = (0, 0);
    for pair in 0..PAIRS / 4 {
        let seed = 1_000_000 + 4 * pair;
        let pilot = numbers_of(&run(seed, 0.4, 60, 1.0), &run(seed + 1, 0.4, 60, 1.0));
        let needs = pilot.iter().find(|number| number.quantity == P95).and_then(|number| number.needs);
        let Some(needs) = needs.and_then(|needs| usize::try_from(needs.as_secs()).ok()) else { continue };
        asked += 1;
        let numbers = numbers_of(&run(seed + 2, 0.4, needs, 1.0), &run(seed + 3, 0.4, needs, 1.1));
        let worse = |number: &&Number| number.quantity == P95 && number.verdict == Verdict::Worse;
        found += u64::from(numbers.iter().any(|number| worse(&number)));
    }
    assert!(asked >= PAIRS / 4 * 9 / 10 && asked - found <= at_most(asked, 0.2), "{found} of {asked}");
}

/// A run in which a journey starts every 50 ms; cached downloads take `cached` times as long as they might.
fn samples(blobs: u64, cached: u64) -> Vec<Sample> {
    let stored = |index| fixtures::stored(index, StoredKind::New);
    let journey = |index: u64| {
        // Nothing that repeats in step with the seconds.
        let jitter = index.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
        let (at, upload, first) = (index * 50, 200 + jitter, 150 + jitter / 2);
        [
            fixtures::sample(index, Step::Upload, at, upload, stored(index)),
            fixtures::sample(index, Step::FIRST, at + upload, first, Fate::Read),
            fixtures::sample(
                index,
                Step::CACHED,
                at + upload + first,
                cached * (40 + jitter / 16),
                Fate::Read,
            ),
        ]
    };
    (0..blobs).flat_map(journey).collect()
}

fn source(name: &str, samples: &[Sample]) -> Source {
    Source { name: name.to_owned(), report: fixtures::report(600, samples) }
}

fn compared(before: &Source, after: &Source, limits: &[&str]) -> Comparison {
    let limits: Vec<_> = limits.iter().map(|limit| limit.parse().unwrap()).collect();
    Comparison::of(std::slice::from_ref(before), std::slice::from_ref(after), RELEVANT, &limits).unwrap()
}

fn verdict(comparison: &Comparison, step: Step, quantity: Quantity) -> Verdict {
    let meant = |number: &&Number| number.name.step == step && number.quantity == quantity;
    comparison.numbers.iter().find(meant).unwrap().verdict
}

#[test]
fn a_slower_cache_is_worse_and_nothing_else_is() {
    let (before, after) = (source("a", &samples(700, 1)), source("b", &samples(700, 2)));
    let comparison = compared(&before, &after, &["cached.p95>+10%", "upload.p95>+10%", "cached.p95>+200%"]);
    let cached = |quantity| verdict(&comparison, Step::CACHED, quantity);
    for quantity in NUMBERS.into_iter().chain([Quantity::Speedup]) {
        assert_eq!(cached(quantity), Verdict::Worse, "{quantity:?}");
    }
    let others = comparison.numbers.iter().filter(|number| number.name.step != Step::CACHED);
    for number in others {
        assert!(!matches!(number.verdict, Verdict::Better | Verdict::Worse), "{number:?}");
    }
    let outcomes: Vec<_> = comparison.limits.iter().map(|limit| limit.outcome).collect();
    assert_eq!(outcomes, [LimitOutcome::Broken, LimitOutcome::Holds, LimitOutcome::Holds]);
    assert!(comparison.regressed() && comparison.differences.is_empty());
    let p95 = comparison.numbers.iter().find(|one| one.name.step == Step::CACHED && one.quantity == P95);
    let change = p95.and_then(|number| number.change).unwrap();
    assert!((change - 1.0).abs() < 0.01, "{change}");
    // The other way round it is better, and no regression.
    let comparison = compared(&after, &before, &[]);
    assert_eq!(verdict(&comparison, Step::CACHED, P95), Verdict::Better);
    assert!(!comparison.regressed());
}

#[test]
fn the_same_run_twice_has_a_note_and_no_difference() {
    let one = source("a", &samples(700, 1));
    let comparison = compared(&one, &Source { name: "copy".to_owned(), ..one.clone() }, &[]);
    assert_eq!(comparison.notes[0], "a and copy are the same run: equal numbers are no evidence");
    assert!(comparison.notes[1].starts_with("a single run on a side: "), "{:?}", comparison.notes);
    assert!(comparison.numbers.iter().all(|number| number.change.is_none_or(|change| change == 0.0)));
    assert!(!comparison.regressed());
}

#[test]
fn invalid_numbers_name_the_generator_only_if_it_was_the_bottleneck() {
    let troubled: Vec<_> = (0..7).flat_map(fixtures::troubled).collect();
    let mut unfinished = source("b", &troubled);
    let note = |source: &Source| {
        let notes = compared(&self::source("a", &samples(10, 1)), source, &[]).notes;
        notes.into_iter().find(|note| note.starts_with("the numbers of b")).unwrap()
    };
    assert_eq!(note(&unfinished), "the numbers of b are invalid: see its report");
    let generator = &mut unfinished.report.recording.generator;
    (generator.cpu, generator.available) = (Duration::from_secs(8), Duration::from_secs(10));
    assert_eq!(note(&unfinished), "the numbers of b are invalid: see its report", "80 % needs care, no more");
    unfinished.report.recording.generator.cpu = Duration::from_secs(19) / 2;
    assert_eq!(
        note(&unfinished),
        "the numbers of b are invalid: its generator was the bottleneck, see its report"
    );
}

#[test]
fn a_short_run_gets_the_length_that_it_needs_instead_of_a_verdict() {
    let (before, after) = (source("a", &samples(100, 1)), source("b", &samples(100, 3)));
    let comparison = compared(&before, &after, &["cached.p50>+10%"]);
    for number in &comparison.numbers {
        let Verdict::NotEnoughData { has, needs } = number.verdict else { panic!("{number:?}") };
        assert!(has <= Duration::from_secs(8) && needs >= Duration::from_secs(30), "{number:?}");
    }
    // What cannot be known fails.
    assert_eq!((comparison.limits[0].outcome, comparison.regressed()), (LimitOutcome::Unknown, true));
    let comparison = compared(&before, &after, &[]);
    assert!(!comparison.regressed() && comparison.is_undecided());
}

#[test]
fn failures_of_short_runs_are_judged_and_their_times_are_not() {
    let failing = |count: u64| {
        let samples = samples(100, 1);
        let fail = |sample: Sample| match sample.step {
            Step::Upload if sample.index < count => {
                Sample { outcome: fixtures::failed(FailureClass::Shed, Some(429), None, "full"), ..sample }
            }
            _ => sample,
        };
        samples.into_iter().map(fail).collect::<Vec<_>>()
    };
    let comparison = compared(&source("a", &failing(0)), &source("b", &failing(40)), &[]);
    for number in &comparison.numbers {
        let failures = number.name.step == Step::Upload && number.quantity == Quantity::Failures;
        let judged = !matches!(number.verdict, Verdict::NotEnoughData { .. });
        assert_eq!(judged, failures, "{number:?}");
    }
    assert!(comparison.regressed() && !comparison.is_undecided());
}

#[test]
fn no_interval_of_a_time_is_narrower_than_a_bucket_of_the_timeline() {
    let constant = |took: u64| {
        let sample = |index| fixtures::sample(index, Step::FIRST, index * 50, took, Fate::Read);
        (0..800).map(sample).collect::<Vec<_>>()
    };
    // 0.2 % apart: the timelines cannot tell them from each other, or from equal ones.
    let comparison = compared(&source("a", &constant(1_000)), &source("b", &constant(1_002)), &[]);
    for quantity in NUMBERS {
        let number = comparison.numbers.iter().find(|number| number.quantity == quantity).unwrap();
        let (low, high) = number.interval.unwrap_or_else(|| panic!("{number:?}"));
        assert!(high - low >= 0.008 && low < 0.0 && high > 0.002, "{number:?}");
        assert_eq!(number.verdict, Verdict::NoRelevantChange, "{number:?}");
    }
}

#[test]
fn throughput_and_its_spread_are_of_the_blobs_that_succeeded() {
    // Every fourth upload fails once its body was sent: those bytes are no throughput, and no noise of it.
    let samples: Vec<_> = (0..800)
        .map(|index| {
            let outcome = match index % 4 {
                3 => fixtures::failed(FailureClass::Shed, Some(429), None, "full"),
                _ => fixtures::stored(index, StoredKind::New),
            };
            let mut sample = fixtures::sample(index, Step::Upload, index * 50, 20, outcome);
            sample.size = 1000;
            sample.exchange.bytes_sent = if index % 4 == 3 { index * 1000 } else { 1000 };
            sample
        })
        .collect();
    let one = source("a", &samples);
    let comparison = compared(&one, &Source { name: "b".to_owned(), ..one.clone() }, &[]);
    let number = comparison.numbers.iter().find(|number| number.quantity == Quantity::Throughput).unwrap();
    let (low, high) = number.interval.unwrap();
    assert!(high - low < 0.01, "{number:?}");
}

#[test]
fn a_limit_on_a_missing_step_is_refused() {
    let one = [source("a", &samples(10, 1))];
    let limit = ["read3.p50>+10%".parse().unwrap()];
    let refused = Comparison::of(&one, &one, RELEVANT, &limit).unwrap_err().to_string();
    assert_eq!(
        refused,
        "--fail-if `read3.p50>+10%` limits a number that not every one of these runs has; all have main:upload, \
         main:first, main:cached"
    );
}

#[test]
fn a_step_that_one_run_lacks_has_a_note() {
    let uploads: Vec<_> = samples(10, 1).into_iter().filter(|sample| sample.step == Step::Upload).collect();
    let comparison = compared(&source("a", &samples(10, 1)), &source("b", &uploads), &[]);
    let last = comparison.notes.last().unwrap();
    assert_eq!(last, "a has main:first, main:cached, which not every run has: not compared");
}

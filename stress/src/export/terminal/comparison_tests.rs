//! The screen of a comparison.

use std::time::Duration;

use super::*;
use crate::{
    export::view::comparison,
    plan::{journey::Step, percentile::Percentile, threshold::Quantity},
    report::compare::{Comparison, Difference, Number, Run, StepName, Value, Verdict},
};

fn number(quantity: Quantity, before: f64, after: f64, interval: (f64, f64), verdict: Verdict) -> Number {
    let value = |value| Some(Value { value, lower_bound: false });
    let relative = if quantity == Quantity::Failures { after - before } else { after / before - 1.0 };
    Number {
        name: StepName { phase: "main".to_owned(), step: Step::CACHED, repeats: false },
        quantity,
        before: value(before),
        after: value(after),
        change: Some(relative),
        interval: Some(interval),
        verdict,
        has: Duration::from_secs(60),
        needs: (quantity != Quantity::Failures).then_some(Duration::from_secs(140)),
    }
}

fn comparison() -> Comparison {
    let run = |name: &str| Run {
        name: name.to_owned(),
        started_at: "2026-09-21T14:13:20Z".to_owned(),
        elapsed: Duration::from_secs(60),
        seed: 7,
    };
    let p = Quantity::Percentile;
    Comparison {
        before: vec![run("before.json")],
        after: vec![run("after.json")],
        differences: vec![Difference {
            what: "main.load.workers".to_owned(),
            before: Some("8".to_owned()),
            after: Some("16".to_owned()),
        }],
        notes: Vec::new(),
        relevance: 0.02,
        numbers: vec![
            number(p(Percentile::P50), 0.0123, 0.0134, (0.051, 0.128), Verdict::Worse),
            number(p(Percentile::P95), 0.05, 0.051, (-0.1, 0.14), Verdict::NoEvidence),
            number(Quantity::Throughput, 1e6, 1.001e6, (0.0, 0.003), Verdict::NoRelevantChange),
            number(Quantity::Failures, 0.0, 0.001, (-0.0004, 0.0024), Verdict::NoEvidence),
        ],
        limits: Vec::new(),
    }
}

fn screen(comparison: &Comparison) -> Vec<String> {
    let text = render(&comparison::document(comparison), Colours::Off);
    text.lines().map(str::to_owned).collect()
}

#[test]
fn the_conclusion_stands_first() {
    let screen = screen(&comparison());
    assert!(screen.iter().all(|line| line.chars().count() <= WIDTH), "{screen:#?}");
    assert_eq!(
        screen,
        [
            "worse: cached p50",
            "",
            "before       before.json (started 2026-09-21T14:13:20Z, took 60.0 s)",
            "after        after.json (started 2026-09-21T14:13:20Z, took 60.0 s)",
            "plans differ main.load.workers: 8 → 16",
            "",
            "                   before        after    change   95 % interval  verdict",
            "cached",
            "  p50             12.3 ms      13.4 ms    +8.9 %      +5.1…+13 %  worse",
            "  p95             50.0 ms      51.0 ms    +2.0 %       -10…+14 %  no evidence",
            "  throughput  0.954 MiB/s  0.955 MiB/s    +0.1 %        0…+0.3 %  same",
            "  failures         0.00 %       0.10 %  +0.10 pp  -0.04…+0.24 pp  no evidence",
            "Intervals hold the true change with 95 %, each number by itself; verdicts allow",
            "for all 4 numbers (Holm) and count changes from 2 % on.",
            "",
            "cached       to see a change of 10 %, runs should take about: p95 140 s",
        ]
    );
}

#[test]
fn runs_that_are_long_enough_are_asked_for_nothing() {
    let mut long = comparison();
    long.numbers.iter_mut().for_each(|number| number.has = Duration::from_secs(140));
    assert!(!screen(&long).iter().any(|line| line.contains("to see a change")), "{:#?}", screen(&long));
    long.numbers.iter_mut().for_each(|number| number.needs = Some(Duration::from_secs(6_000)));
    let asked = "to see a change of 10 %, runs should take about: p95 1.67 h, failures 1.67 h";
    let words = screen(&long).join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(asked), "{:#?}", screen(&long));
}

#[test]
fn columns_line_up_when_everything_is_as_wide_as_it_gets() {
    let mut wide = comparison();
    wide.numbers.pop();
    wide.numbers.push(number(Quantity::Failures, 0.0, 1.0, (0.9999, 1.0), Verdict::Worse));
    for number in &mut wide.numbers[..3] {
        number.before = Some(Value { value: 1e9, lower_bound: true });
        number.after = number.before;
        (number.change, number.interval) = (Some(12.345), Some((-0.999, 12.34)));
        number.verdict =
            Verdict::NotEnoughData { has: Duration::from_secs(12), needs: Duration::from_secs(3_600) };
    }
    wide.notes.push(
        "a sentence that is much longer than what remains of a line of eighty columns beside a label"
            .to_owned(),
    );
    let screen = screen(&wide);
    assert!(screen.iter().all(|line| line.chars().count() <= WIDTH), "{screen:#?}");
    assert!(
        screen
            .iter()
            .any(|line| line == "cached       not enough data in 12.0 s: each run should take about 60.0 min"),
        "{screen:#?}"
    );
}

#[test]
fn the_same_plans_are_named_with_their_seeds() {
    let mut same = Comparison { differences: Vec::new(), ..comparison() };
    assert!(
        screen(&same).contains(&"plans        the same, with the same seed".to_owned()),
        "{:?}",
        screen(&same)
    );
    same.after[0].seed = 8;
    let shown = screen(&same);
    assert!(shown.contains(&"plans        the same, except for the seed".to_owned()), "{shown:?}");
}

#[test]
fn the_legend_counts_the_intervals() {
    let legend = |intervals: usize| {
        let mut comparison = comparison();
        comparison.numbers.iter_mut().skip(intervals).for_each(|number| number.interval = None);
        comparison::legend(&comparison)
    };
    assert_eq!(legend(0), "Nothing was measured long enough for an interval; changes count from 2 % on.");
    assert_eq!(legend(1), "The interval holds the true change with 95 %; changes count from 2 % on.");
    assert!(legend(4).contains("verdicts allow for all 4 numbers (Holm) and count"), "{}", legend(4));
}

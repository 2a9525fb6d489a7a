//! Compares a number before and after: its change, how certain that is, and the verdict.

use std::time::Duration;

use super::{
    bootstrap::FEWEST,
    exact::{self, Trials},
    inference::{Estimate, Spread, holm},
    measure::Measure,
    types::{Number, Scale, StepName, Value, Verdict},
};
use crate::plan::threshold::Quantity;

/// The smallest relevant change of the share of failures.
const RELEVANT_SHARE: f64 = 0.001;

/// Shorter runs have too few intervals.
const SHORTEST: Duration = Duration::from_secs(FEWEST as u64);

/// A number before its verdict, which depends on all the others.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) number: Number,
    finding: Option<Finding>,
    scale: Scale,
}

/// A difference on the number's scale, and how certain it is.
#[derive(Debug, Clone, Copy)]
struct Finding {
    difference: f64,
    interval: (f64, f64),
    p_value: f64,
    /// What it comes from, unless that is counts alone.
    estimate: Option<Estimate>,
}

impl Finding {
    fn of(estimate: Estimate) -> Self {
        Self {
            difference: estimate.difference,
            interval: estimate.interval(),
            p_value: estimate.p_value(),
            estimate: Some(estimate),
        }
    }

    /// What is known of shares of failures by their counts, and by their spread over time or from run to run where there is
    /// one. An exact test takes failures for independent; where they come in bursts the spread is the larger, so the
    /// less certain of the two decides.
    fn of_counts(before: Trials, after: Trials, by_spread: Option<Self>) -> Option<Self> {
        let (p_value, (low, high)) = (exact::p_value(before, after), exact::interval(before, after));
        match by_spread {
            Some(finding) => {
                let interval = (low.min(finding.interval.0), high.max(finding.interval.1));
                Some(Self { p_value: p_value.max(finding.p_value), interval, ..finding })
            }
            None if exact::can_be_significant(before, after) => {
                let interval = (low, high);
                let share = |trials: Trials| trials.failed as f64 / trials.all as f64;
                Some(Self { difference: share(after) - share(before), interval, p_value, estimate: None })
            }
            None => None,
        }
    }
}

/// One side's runs as one.
struct Side {
    value: Option<Value>,
    spread: Result<Spread, Duration>,
    time: Duration,
}

impl Draft {
    /// The number `quantity` of the runs on both sides.
    pub(super) fn of(name: &StepName, quantity: Quantity, before: &[Measure], after: &[Measure]) -> Self {
        let scale = Scale::of(quantity);
        let trials = |runs: &[Measure]| -> Option<Trials> {
            runs.iter().map(|run| run.trials).reduce(|sum, run| Some(sum?.plus(run?)))?
        };
        let trials = trials(before).zip(trials(after));
        let (before, after) = (together(before, scale), together(after, scale));
        let time = before.time.min(after.time);
        let values = before.value.zip(after.value);
        let difference =
            values.map(|(before, after)| scale.function()(after.value) - scale.function()(before.value));
        let spreads = before.spread.and_then(|one| after.spread.map(|other| (one, other)));
        let estimate = difference
            .zip(spreads.ok())
            .map(|(difference, (before, after))| Estimate::between(difference, before, after));
        let finding = estimate.map(Finding::of);
        let finding = match trials {
            Some((before, after)) => Finding::of_counts(before, after, finding),
            None => finding,
        };
        let longest = [before.spread.err(), after.spread.err()].into_iter().flatten().max();
        let needs = longest.unwrap_or(time);
        let interval = finding.map(|finding| {
            let (low, high) = finding.interval;
            (scale.change(low), scale.change(high))
        });
        let number = Number {
            name: name.clone(),
            quantity,
            before: before.value,
            after: after.value,
            change: difference.map(|difference| scale.change(difference)),
            interval,
            verdict: Verdict::NotEnoughData { has: time, needs },
            has: time,
            needs: None,
        };
        Self { number, finding, scale }
    }

    /// The verdict on a change that is significant among all numbers or not.
    fn verdict(&self, finding: Finding, significant: bool, relevance: f64) -> Verdict {
        let Number { quantity, before, after, .. } = self.number;
        let relevant = match self.scale {
            Scale::Ratio => relevance.ln_1p(),
            Scale::Difference => RELEVANT_SHARE,
        };
        let bound = |value: Option<Value>| value.is_some_and(|value| value.lower_bound);
        let rises = finding.difference > 0.0;
        // A number that may be larger is known to have risen, or to have fallen, only from one side.
        let hidden = if rises { bound(before) } else { bound(after) };
        let (low, high) = finding.interval;
        if significant && finding.difference.abs() >= relevant {
            return match (hidden, rises == quantity.is_better_low()) {
                (true, _) => Verdict::Hidden,
                (false, true) => Verdict::Worse,
                (false, false) => Verdict::Better,
            };
        }
        if bound(before) || bound(after) {
            Verdict::Hidden
        } else if significant || (low >= -relevant && high <= relevant) {
            Verdict::NoRelevantChange
        } else {
            Verdict::NoEvidence
        }
    }
}

/// The verdicts on all numbers, corrected for multiple comparisons.
pub(super) fn verdicts(drafts: Vec<Draft>, relevance: f64) -> Vec<Number> {
    let p_values: Vec<f64> =
        drafts.iter().filter_map(|draft| draft.finding).map(|finding| finding.p_value).collect();
    let mut significant = holm(&p_values).into_iter();
    let verdict = |mut draft: Draft| {
        if let (Some(finding), Some(significant)) =
            (draft.finding, draft.finding.and_then(|_| significant.next()))
        {
            draft.number.verdict = draft.verdict(finding, significant, relevance);
            if let (Scale::Ratio, Some(estimate)) = (draft.scale, finding.estimate) {
                let seconds = draft.number.has.as_secs_f64() * estimate.stretch(p_values.len());
                draft.number.needs =
                    Duration::try_from_secs_f64(seconds.ceil()).ok().map(|time| time.max(SHORTEST));
            }
        }
        draft.number
    };
    drafts.into_iter().map(verdict).collect()
}

/// Several runs as one. The spread of more than one is the larger of that between them (as in Treadmill: Zhang et al., 2016)
/// and that within them; of a single run it is that within it.
fn together(runs: &[Measure], scale: Scale) -> Side {
    let count = runs.len() as f64;
    let values: Option<Vec<Value>> = runs.iter().map(|run| run.value).collect();
    let scaled: Vec<f64> = values.iter().flatten().map(|value| scale.function()(value.value)).collect();
    let mean = scaled.iter().sum::<f64>() / count;
    let value = values.map(|values| Value {
        value: if scale == Scale::Ratio { mean.exp() } else { mean },
        lower_bound: values.iter().any(|value| value.lower_bound),
    });
    let time = runs.iter().map(|run| run.time).min().unwrap_or_default();
    let lacking =
        runs.iter().filter(|run| run.lacks > 1.0).map(|run| run.time.mul_f64(run.lacks.min(1e6))).max();
    let within: Result<Vec<Spread>, Duration> = runs.iter().map(|run| run.spread).collect();
    let within =
        within.map(|spreads| spreads.iter().map(|spread| spread.variance).sum::<f64>() / count.powi(2));
    let spread = match (lacking, runs) {
        (Some(needs), _) => {
            Err(needs.max(runs.iter().filter_map(|run| run.spread.err()).max().unwrap_or_default()))
        }
        (None, [single]) => single
            .spread
            .map(|spread| Spread { variance: spread.variance.max(single.least_variance), ..spread }),
        (None, _) => {
            let between = scaled.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / (count - 1.0) / count;
            let least = runs.iter().map(|run| run.least_variance).sum::<f64>() / count.powi(2);
            let variance = between.max(within.unwrap_or(0.0)).max(least);
            Ok(Spread { variance, freedom: count - 1.0 })
        }
    };
    Side { value, spread, time }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{journey::Step, percentile::Percentile};

    const P95: Quantity = Quantity::Percentile(Percentile::P95);

    fn measure(value: f64) -> Measure {
        let spread = Spread { variance: 0.000_01, freedom: 50.0 };
        let time = Duration::from_secs(60);
        Measure {
            value: Some(Value::exact(value)),
            spread: Ok(spread),
            least_variance: 0.0,
            time,
            lacks: 0.1,
            trials: None,
        }
    }

    fn number(quantity: Quantity, before: &[Measure], after: &[Measure]) -> Number {
        let name = StepName { phase: "main".to_owned(), step: Step::CACHED, repeats: false };
        verdicts(vec![Draft::of(&name, quantity, before, after)], 0.02).remove(0)
    }

    #[test]
    fn a_change_is_better_or_worse_by_what_the_number_is() {
        let (low, high) = ([measure(1.0)], [measure(1.1)]);
        let verdict = |quantity, before, after| number(quantity, before, after).verdict;
        assert_eq!(verdict(P95, &low, &high), Verdict::Worse);
        assert_eq!(verdict(P95, &high, &low), Verdict::Better);
        assert_eq!(verdict(Quantity::Rate, &low, &high), Verdict::Better);
        assert_eq!(verdict(Quantity::Speedup, &high, &low), Verdict::Worse);
        let number = number(P95, &low, &high);
        let (change, (low, high)) = (number.change.unwrap(), number.interval.unwrap());
        assert!((change - 0.1).abs() < 1e-9 && low < 0.1 && high > 0.1 && high - low < 0.03, "{number:?}");
    }

    #[test]
    fn a_tiny_change_is_not_relevant_however_certain() {
        let tight =
            |value| Measure { spread: Ok(Spread { variance: 1e-9, freedom: 50.0 }), ..measure(value) };
        assert_eq!(number(P95, &[tight(1.0)], &[tight(1.01)]).verdict, Verdict::NoRelevantChange);
        assert_eq!(number(P95, &[tight(1.0)], &[tight(1.03)]).verdict, Verdict::Worse);
        let wide = |value| Measure { spread: Ok(Spread { variance: 0.01, freedom: 50.0 }), ..measure(value) };
        assert_eq!(number(P95, &[wide(1.0)], &[wide(1.1)]).verdict, Verdict::NoEvidence);
    }

    #[test]
    fn a_lower_bound_hides_what_may_be_larger() {
        let least = |value| {
            let value = Some(Value { value, lower_bound: true });
            [Measure { value, ..measure(1.0) }]
        };
        assert_eq!(number(P95, &[measure(1.0)], &least(1.2)).verdict, Verdict::Worse);
        assert_eq!(number(P95, &[measure(1.2)], &least(1.0)).verdict, Verdict::Hidden);
        assert_eq!(number(P95, &least(1.0), &[measure(1.2)]).verdict, Verdict::Hidden);
        assert_eq!(number(P95, &least(1.0), &least(1.0)).verdict, Verdict::Hidden);
    }

    #[test]
    fn too_little_data_has_the_length_that_it_takes() {
        let short = |needs| Measure { spread: Err(Duration::from_secs(needs)), ..measure(1.0) };
        let (has, needs) = (Duration::from_secs(60), Duration::from_secs(90));
        let short = number(P95, &[short(80)], &[short(90)]);
        assert_eq!((short.verdict, short.interval), (Verdict::NotEnoughData { has, needs }, None));
        // Four times as many samples are four times as long a run.
        let sparse = Measure { value: None, lacks: 4.0, ..measure(1.0) };
        let needs = Duration::from_secs(240);
        assert_eq!(number(P95, &[measure(1.0)], &[sparse]).verdict, Verdict::NotEnoughData { has, needs });
    }

    #[test]
    fn failures_are_compared_by_their_counts_from_any_length_on() {
        let time = Duration::from_secs(20);
        let short = |failed: u64, all: u64| {
            let value = Some(Value::exact(failed as f64 / all as f64));
            let spread = Err(Duration::from_secs(30));
            [Measure { value, spread, time, trials: Some(Trials { failed, all }), ..measure(1.0) }]
        };
        let verdict = |before: (u64, u64), after: (u64, u64)| {
            number(Quantity::Failures, &short(before.0, before.1), &short(after.0, after.1)).verdict
        };
        assert_eq!(verdict((0, 120), (65, 210)), Verdict::Worse);
        assert_eq!(verdict((65, 210), (0, 120)), Verdict::Better);
        assert_eq!(verdict((5, 120), (9, 210)), Verdict::NoEvidence);
        let needs = Duration::from_secs(30);
        assert_eq!(verdict((0, 120), (0, 210)), Verdict::NotEnoughData { has: time, needs });
        // Several runs add up.
        let runs = |failed| [short(failed, 40), short(failed, 40)].concat();
        let number = number(Quantity::Failures, &runs(0), &runs(9));
        assert_eq!(number.verdict, Verdict::Worse);
        let (low, high) = number.interval.unwrap();
        assert!(low > 0.1 && low < 0.225 && high > 0.225, "{number:?}");
    }

    #[test]
    fn failures_that_come_in_bursts_are_as_uncertain_as_their_spread() {
        let burst = |failed: u64| {
            let spread = Ok(Spread { variance: 0.01, freedom: 20.0 });
            let value = Some(Value::exact(failed as f64 / 1000.0));
            [Measure { value, spread, trials: Some(Trials { failed, all: 1000 }), ..measure(1.0) }]
        };
        assert_eq!(number(Quantity::Failures, &burst(10), &burst(100)).verdict, Verdict::NoEvidence);
        assert_eq!(number(Quantity::Failures, &burst(10), &burst(700)).verdict, Verdict::Worse);
    }

    #[test]
    fn runs_that_differ_among_themselves_are_no_evidence() {
        let runs = |values: [f64; 3]| values.map(measure);
        assert_eq!(number(P95, &runs([1.0, 1.2, 0.9]), &runs([1.1, 1.0, 1.3])).verdict, Verdict::NoEvidence);
        assert_eq!(number(P95, &runs([1.0, 1.01, 0.99]), &runs([1.2, 1.21, 1.19])).verdict, Verdict::Worse);
        let number = number(P95, &runs([1.0, 2.0, 4.0]), &runs([1.0, 2.0, 4.0]));
        assert!((number.before.unwrap().value - 2.0).abs() < 1e-9, "the geometric mean: {number:?}");
    }
}

//! Evaluates limits on changes: what is not known fails.

use serde::Serialize;

use super::types::{Number, Verdict};
use crate::plan::threshold::{Bound, ChangeLimit, Scope};

/// A limit on a change and its result for one step.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitResult {
    /// The limit; of one for every step, the part about this one.
    pub limit: ChangeLimit,
    /// The result.
    pub outcome: LimitOutcome,
    /// The number before and after, and its change.
    pub number: Number,
}

/// The result of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, Serialize)]
#[serde(into = "&'static str")]
#[strum(serialize_all = "kebab-case")]
pub enum LimitOutcome {
    /// The whole interval lies within it.
    Holds,
    /// The whole interval lies beyond it: there is evidence of too large a change.
    Broken,
    /// The interval holds it: there is no evidence of too large a change, nor that there is none.
    Undecided,
    /// There is too little data, or timeouts hide the number.
    Unknown,
}

impl LimitOutcome {
    /// Its name in documents.
    pub fn label(self) -> &'static str {
        self.into()
    }

    /// Whether it fails the comparison: by evidence of too large a change, or because nothing is known.
    pub const fn fails(self) -> bool {
        matches!(self, LimitOutcome::Broken | LimitOutcome::Unknown)
    }
}

/// The results of `limit` for every number that it covers.
pub(super) fn evaluate(limit: &ChangeLimit, numbers: &[Number]) -> Vec<LimitResult> {
    let covered = |number: &&Number| {
        number.quantity == limit.quantity
            && !number.name.repeats
            && limit.scope.covers(&number.name.phase, number.name.step)
    };
    let result = |number: &Number| LimitResult {
        limit: ChangeLimit {
            scope: Scope { step: Some(number.name.step), ..limit.scope.clone() },
            ..limit.clone()
        },
        outcome: outcome(limit, number),
        number: number.clone(),
    };
    numbers.iter().filter(covered).map(result).collect()
}

fn outcome(limit: &ChangeLimit, number: &Number) -> LimitOutcome {
    let (Some((low, high)), Some(before), Some(after)) = (number.interval, number.before, number.after)
    else {
        return LimitOutcome::Unknown;
    };
    if matches!(number.verdict, Verdict::NotEnoughData { .. }) {
        return LimitOutcome::Unknown;
    }
    let bound = match limit.bound {
        Bound::Percent(percent) => percent / 100.0,
        // A share of the measured number before.
        Bound::Amount { value, .. } => value / before.value,
    };
    let (broken, holds) =
        if limit.above { (low > bound, high <= bound) } else { (high < bound, low >= bound) };
    // The true change is larger than measured where only the least of the later number is known, and smaller where that
    // is so of the earlier one.
    let (larger, smaller) = (after.lower_bound, before.lower_bound);
    let hides = |from_above: bool| if from_above { smaller } else { larger };
    if broken {
        if hides(limit.above) { LimitOutcome::Unknown } else { LimitOutcome::Broken }
    } else if larger || smaller {
        LimitOutcome::Unknown
    } else if holds {
        LimitOutcome::Holds
    } else {
        LimitOutcome::Undecided
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        plan::{journey::Step, percentile::Percentile, threshold::Quantity},
        report::compare::types::{StepName, Value},
    };

    fn number(interval: (f64, f64)) -> Number {
        Number {
            name: StepName { phase: "main".to_owned(), step: Step::CACHED, repeats: false },
            quantity: Quantity::Percentile(Percentile::P95),
            before: Some(Value::exact(0.1)),
            after: Some(Value::exact(0.11)),
            change: Some(f64::midpoint(interval.0, interval.1)),
            interval: Some(interval),
            verdict: Verdict::NoEvidence,
            has: Duration::from_secs(60),
            needs: None,
        }
    }

    fn outcomes(limit: &str, number: Number) -> Vec<LimitOutcome> {
        let results = evaluate(&limit.parse().unwrap(), &[number]);
        results.iter().map(|result| result.outcome).collect()
    }

    #[test]
    fn a_change_is_too_large_when_its_whole_interval_is() {
        for (limit, interval, outcome) in [
            ("cached.p95>+10%", (0.11, 0.30), LimitOutcome::Broken),
            ("cached.p95>+10%", (0.09, 0.30), LimitOutcome::Undecided),
            ("cached.p95>+10%", (-0.05, 0.09), LimitOutcome::Holds),
            ("*.p95>+0%", (0.01, 0.02), LimitOutcome::Broken),
            ("cached.p95<-10%", (-0.30, -0.11), LimitOutcome::Broken),
            ("cached.p95<-10%", (-0.30, -0.09), LimitOutcome::Undecided),
            // 20 ms of 100 ms.
            ("cached.p95>+20ms", (0.21, 0.3), LimitOutcome::Broken),
            ("main:cached.p95>+20ms", (0.1, 0.19), LimitOutcome::Holds),
        ] {
            assert_eq!(outcomes(limit, number(interval)), [outcome], "{limit} of {interval:?}");
        }
        for other in ["cached.p50>+10%", "first.p95>+10%", "warm:cached.p95>+10%"] {
            assert_eq!(outcomes(other, number((0.11, 0.3))), [], "{other}");
        }
    }

    #[test]
    fn what_is_not_known_fails() {
        let few = Verdict::NotEnoughData { has: Duration::from_secs(5), needs: Duration::from_secs(20) };
        let few = Number { interval: None, verdict: few, ..number((0.0, 0.0)) };
        let unknown = outcomes("cached.p95>+10%", few);
        assert_eq!((unknown[0], unknown[0].fails()), (LimitOutcome::Unknown, true));
        let least = Some(Value { value: 0.1, lower_bound: true });
        let hidden_after = |interval| Number { after: least, ..number(interval) };
        let hidden_before = |interval| Number { before: least, ..number(interval) };
        for (number, outcome) in [
            // It may have risen further than that: broken all the same.
            (hidden_after((0.11, 0.3)), LimitOutcome::Broken),
            (hidden_after((-0.1, 0.05)), LimitOutcome::Unknown),
            (hidden_before((0.11, 0.3)), LimitOutcome::Unknown),
        ] {
            assert_eq!(outcomes("cached.p95>+10%", number), [outcome]);
        }
        assert!(!LimitOutcome::Undecided.fails());
    }
}

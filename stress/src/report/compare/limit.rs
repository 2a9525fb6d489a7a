//! Changes that shall not be, held against what changed: no benefit of the doubt where nothing is known.

use super::numbers::{Number, Value, Verdict};
use crate::plan::threshold::{Bound, ChangeLimit, Scope};

/// A limit on a change and what became of it in one step.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitResult {
    /// The limit; of one for each step, the part that speaks of this one.
    pub limit: ChangeLimit,
    /// What became of it.
    pub outcome: LimitOutcome,
    /// The number before and after, and its change.
    pub number: Number,
}

/// What became of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitOutcome {
    /// The whole interval lies within it.
    Holds,
    /// The whole interval lies beyond it: there is evidence of too large a change.
    Broken,
    /// The interval holds it: there is no evidence of too large a change, nor that there is none.
    Undecided,
    /// Nothing is known: too little data, or timeouts hide the number.
    Unknown,
}

impl LimitOutcome {
    /// Its name in documents.
    pub const fn label(self) -> &'static str {
        match self {
            LimitOutcome::Holds => "holds",
            LimitOutcome::Broken => "broken",
            LimitOutcome::Undecided => "undecided",
            LimitOutcome::Unknown => "unknown",
        }
    }

    /// Whether it fails the comparison: evidence of too large a change does, and so does knowing nothing.
    pub const fn fails(self) -> bool {
        matches!(self, LimitOutcome::Broken | LimitOutcome::Unknown)
    }
}

/// Holds `limit` against every number that it speaks of.
pub(super) fn judge(limit: &ChangeLimit, numbers: &[Number]) -> Vec<LimitResult> {
    let meant = |number: &&Number| {
        number.quantity == limit.quantity
            && !number.name.repeats
            && limit.scope.covers(&number.name.phase, number.name.step)
    };
    let judge = |number: &Number| LimitResult {
        limit: ChangeLimit {
            scope: Scope { step: Some(number.name.step), ..limit.scope.clone() },
            ..limit.clone()
        },
        outcome: outcome(limit, number),
        number: number.clone(),
    };
    numbers.iter().filter(meant).map(judge).collect()
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
        // Held against the number before as it was measured.
        Bound::Amount { value, .. } => value / before.value,
    };
    let (broken, holds) =
        if limit.above { (low > bound, high <= bound) } else { (high < bound, low >= bound) };
    // The true change is larger than measured where only the least of the later number is known, and smaller where that
    // is so of the earlier one.
    let (larger, smaller) = (is_bound(after), is_bound(before));
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

const fn is_bound(value: Value) -> bool {
    value.lower_bound
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        plan::{journey::Step, percentile::Percentile, threshold::Quantity},
        report::compare::StepName,
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

    fn judged(limit: &str, number: Number) -> Vec<LimitOutcome> {
        let judged = judge(&limit.parse().unwrap(), &[number]);
        judged.iter().map(|threshold_result| threshold_result.outcome).collect()
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
            assert_eq!(judged(limit, number(interval)), [outcome], "{limit} of {interval:?}");
        }
        for other in ["cached.p50>+10%", "first.p95>+10%", "warm:cached.p95>+10%"] {
            assert_eq!(judged(other, number((0.11, 0.3))), [], "{other}");
        }
    }

    #[test]
    fn what_is_not_known_fails() {
        let few = Verdict::NotEnoughData { has: Duration::from_secs(5), needs: Duration::from_secs(20) };
        let few = Number { interval: None, verdict: few, ..number((0.0, 0.0)) };
        let unknown = judged("cached.p95>+10%", few);
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
            assert_eq!(judged("cached.p95>+10%", number), [outcome]);
        }
        assert!(!LimitOutcome::Undecided.fails());
    }
}

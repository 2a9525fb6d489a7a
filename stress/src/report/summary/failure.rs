//! What failed: by class, by Walrus' own reasons, and a few as they happened.

use std::{collections::BTreeMap, time::Duration};

use super::Distribution;
use crate::{
    metrics::step_metrics::{FailureTally, ReasonTally},
    sample::{Failure, FailureClass},
};

/// The failures of one class.
#[derive(Debug, Clone, PartialEq)]
pub struct FailureSummary {
    /// The class.
    pub class: FailureClass,
    /// How often.
    pub count: u64,
    /// When the first was known, since the run's origin.
    pub first: Duration,
    /// When the last was known, since the run's origin.
    pub last: Duration,
    /// From start to failure: what these attempts alone took.
    pub attempt_times: Option<Distribution>,
    /// A few of them.
    pub examples: Vec<FailureExample>,
    /// By Walrus' own reason, where it gave one, the most frequent first.
    pub reasons: Vec<(String, ReasonTally)>,
}

/// One failure as it happened.
#[derive(Debug, Clone, PartialEq)]
pub struct FailureExample {
    /// When it was known, since the run's origin.
    pub at: Duration,
    /// The blob's number: its index + 1.
    pub blob_number: u64,
    /// What happened.
    pub failure: Failure,
}

impl FailureSummary {
    pub(super) fn of((&class, tally): (&FailureClass, &FailureTally)) -> Self {
        Self {
            class,
            count: tally.count,
            first: tally.examples.iter().map(|example| example.at).min().unwrap_or(tally.last),
            last: tally.last,
            attempt_times: Distribution::of(&tally.own, None),
            reasons: by_frequency(&tally.reasons),
            examples: tally
                .examples
                .iter()
                .map(|example| FailureExample {
                    at: example.at,
                    blob_number: example.index + 1,
                    failure: example.failure.clone(),
                })
                .collect(),
        }
    }
}

fn by_frequency(reasons: &BTreeMap<String, ReasonTally>) -> Vec<(String, ReasonTally)> {
    let mut reasons: Vec<_> = reasons.iter().map(|(reason, tally)| (reason.clone(), tally.clone())).collect();
    reasons.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.count));
    reasons
}

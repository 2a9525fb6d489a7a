//! Failures of one class: how many, how long they took, for which reasons, and a few examples.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_with::DurationNanoSeconds;

use super::{
    count::{Count, add},
    histogram::Latencies,
};
use crate::sample::{Failure, Sample};

/// How many examples are kept.
const EXAMPLES: usize = 3;

/// How many reasons are counted apart: the first in the alphabet, so that the result does not depend on which thread or
/// machine counted which part.
pub(super) const REASONS: usize = 16;

/// How often one class of failure was seen.
#[serde_with::serde_as]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FailureTally {
    /// How often.
    #[serde_as(as = "Count")]
    pub count: u64,
    /// From due to the failure: earlier attempts at the same step and the waits in between are part of it.
    pub latencies: Latencies,
    /// From start to failure: what these attempts alone took.
    pub own: Latencies,
    /// The first ones, in order of the time since the run's origin.
    pub examples: Vec<Example>,
    /// When the last one was known, since the run's origin.
    #[serde_as(as = "DurationNanoSeconds")]
    pub last: Duration,
    /// Those for which Walrus gave a reason of its own, by that reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reasons: BTreeMap<String, ReasonTally>,
}

/// How often one reason was given.
#[serde_with::serde_as]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonTally {
    /// How often.
    #[serde_as(as = "Count")]
    pub count: u64,
    /// When the first was known, since the run's origin.
    #[serde_as(as = "DurationNanoSeconds")]
    pub first: Duration,
    /// When the last was known, since the run's origin.
    #[serde_as(as = "DurationNanoSeconds")]
    pub last: Duration,
}

/// One failure as it happened.
#[serde_with::serde_as]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// When it was known, since the run's origin.
    #[serde_as(as = "DurationNanoSeconds")]
    pub at: Duration,
    /// The blob's index.
    pub index: u64,
    /// The blob's ID, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob_id: Option<String>,
    /// What happened.
    pub failure: Failure,
}

impl FailureTally {
    pub(super) fn record(&mut self, sample: &Sample, failure: &Failure) {
        let at = sample.exchange.timing.finished;
        self.count += 1;
        self.latencies.record(sample.exchange.timing.response());
        self.own.record(sample.exchange.timing.service());
        self.last = self.last.max(at);
        if let Some(reason) = &failure.reason {
            self.add_reason(reason, &ReasonTally { count: 1, first: at, last: at });
        }
        if self.examples.len() < EXAMPLES {
            let (index, blob_id) = (sample.index, sample.blob_id.as_deref().map(str::to_owned));
            self.examples.push(Example { at, index, blob_id, failure: failure.clone() });
            self.sort_examples();
        }
    }

    fn sort_examples(&mut self) {
        self.examples.sort_by_key(|example| (example.at, example.index));
    }

    pub(super) fn merge(&mut self, other: &FailureTally) {
        add(&mut self.count, other.count);
        self.latencies.merge(&other.latencies);
        self.own.merge(&other.own);
        self.last = self.last.max(other.last);
        self.examples.extend_from_slice(&other.examples);
        self.sort_examples();
        self.examples.truncate(EXAMPLES);
        other.reasons.iter().for_each(|(reason, tally)| self.add_reason(reason, tally));
    }

    fn add_reason(&mut self, reason: &str, tally: &ReasonTally) {
        let ReasonTally { count, first, last } = *tally;
        let known = self.reasons.entry(reason.to_owned()).or_insert(ReasonTally { count: 0, first, last });
        add(&mut known.count, count);
        (known.first, known.last) = (known.first.min(first), known.last.max(last));
        if self.reasons.len() > REASONS {
            self.reasons.pop_last();
        }
    }
}

//! The totals of one step: counts, bytes, failures by class, and where the time went.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    cache_status::CacheStatusCounts,
    costs::{Cost, Costs},
    histogram::Latencies,
    spans::Spans,
    timeline::Timeline,
};
use crate::sample::{Failure, FailureClass, Outcome, Sample, Stored, StoredKind};

pub use super::spans::Span;

/// How many examples are kept of each class of failure.
const EXAMPLES: usize = 3;

/// How many reasons of each class of failure are counted apart: those that stand first in the alphabet, so that it
/// does not matter who counted which part.
const REASONS: usize = 16;

/// The totals of one step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StepMetrics {
    /// Steps that succeeded.
    pub done: u64,
    /// Steps that were still running when the run's patience ended.
    pub unfinished: u64,
    /// Steps never tried, because an earlier step of the journey had not succeeded.
    pub skipped: u64,
    /// Bytes of request bodies given to connections, by all attempts.
    pub bytes_sent: u64,
    /// Bytes of response bodies received, by all attempts.
    pub bytes_received: u64,
    /// Bytes of the blobs of successful attempts.
    pub bytes_done: u64,
    /// Successful uploads by the way that the publisher took.
    pub stored: BTreeMap<StoredKind, u64>,
    /// The response times of successful uploads by that way.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stored_times: BTreeMap<StoredKind, Latencies>,
    /// What the headers of successful downloads said of caches, by the target's position in the plan.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cache_statuses: BTreeMap<usize, CacheStatusCounts>,
    /// Sizes and times of single successes.
    #[serde(default)]
    pub costs: Costs,
    /// What the publisher charged, in FROST, where it told.
    pub cost_frost: u64,
    /// Steps that failed for good, by class.
    pub failures: BTreeMap<FailureClass, FailureTally>,
    /// Attempts that failed before those, and after which their step was tried again, by class.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub retried: BTreeMap<FailureClass, FailureTally>,
    /// The times of successes; in `Response` also those of timeouts and unfinished work, as lower bounds.
    pub spans: Spans,
    /// The smallest lower bound in `Response`: a quantile from here on is a lower bound too.
    pub least_lower_bound: Option<Duration>,
    /// From the first start to the last finish, since the run's origin; `None` before anything was tried.
    pub window: Option<(Duration, Duration)>,
    /// How it went as time passed; empty in reports of the first version, which had none.
    #[serde(default)]
    pub timeline: Timeline,
}

/// How often one class of failure was seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FailureTally {
    /// How often.
    pub count: u64,
    /// From due to the failure: earlier attempts at the same step and the waits in between are part of it.
    pub latencies: Latencies,
    /// From start to failure: what these attempts alone took.
    #[serde(default)]
    pub own: Latencies,
    /// The first ones, in order of the time since the run's origin.
    pub examples: Vec<Example>,
    /// When the last one was known, since the run's origin.
    pub last: Duration,
    /// Those for which Walrus gave a reason of its own, by that reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reasons: BTreeMap<String, ReasonTally>,
}

/// How often one reason was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonTally {
    /// How often.
    pub count: u64,
    /// When the first was known, since the run's origin.
    pub first: Duration,
    /// When the last was known, since the run's origin.
    pub last: Duration,
}

/// One failure as it happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// When it was known, since the run's origin.
    pub at: Duration,
    /// The blob's index.
    pub index: u64,
    /// What happened.
    pub failure: Failure,
}

impl StepMetrics {
    /// Steps that were tried, of every outcome.
    pub fn attempted(&self) -> u64 {
        self.done + self.failed() + self.unfinished
    }

    /// Steps that failed for good, of every class.
    pub fn failed(&self) -> u64 {
        self.failures.values().map(|tally| tally.count).sum()
    }

    /// Attempts that failed and were followed by another one.
    pub fn retried(&self) -> u64 {
        self.retried.values().map(|tally| tally.count).sum()
    }

    /// The distribution of one part of the time; `None` when nothing was entered.
    pub fn span(&self, span: Span) -> Option<&Latencies> {
        self.spans.get(span)
    }

    pub(super) fn enter(&mut self, sample: &Sample) {
        match &sample.outcome {
            Outcome::Skipped => {
                self.skipped += 1;
                return;
            }
            Outcome::Stored(stored) => {
                self.enter_stored(stored, sample.exchange.timing.response());
                self.enter_success(sample);
            }
            Outcome::Read => {
                self.cache_statuses.entry(sample.target).or_default().enter(&sample.exchange.cache);
                self.enter_success(sample);
            }
            Outcome::Unfinished => {
                self.unfinished += 1;
                self.enter_lower_bound(sample);
            }
            Outcome::Retried(failure) => {
                self.retried.entry(failure.class).or_default().enter(sample, failure);
            }
            Outcome::Failed(failure) => {
                if sample.outcome.is_lower_bound() {
                    self.enter_lower_bound(sample);
                }
                self.failures.entry(failure.class).or_default().enter(sample, failure);
            }
        }
        // A step is one there, from its last attempt's start to its end.
        if !matches!(sample.outcome, Outcome::Retried(_)) {
            self.timeline.enter(sample);
        }
        self.bytes_sent += sample.exchange.bytes_sent;
        self.bytes_received += sample.exchange.bytes_received;
        let (start, end) =
            self.window.unwrap_or((sample.exchange.timing.started, sample.exchange.timing.finished));
        self.window =
            Some((start.min(sample.exchange.timing.started), end.max(sample.exchange.timing.finished)));
    }

    fn enter_stored(&mut self, stored: &Stored, response: Duration) {
        *self.stored.entry(stored.kind).or_default() += 1;
        self.stored_times.entry(stored.kind).or_default().record(response);
        // What a server says it costs may be any number.
        self.cost_frost = self.cost_frost.saturating_add(stored.cost.unwrap_or(0));
    }

    fn enter_success(&mut self, sample: &Sample) {
        self.done += 1;
        self.bytes_done += sample.size;
        Cost::enter(sample, &mut self.costs);
        self.spans.enter(&sample.exchange.timing);
    }

    fn enter_lower_bound(&mut self, sample: &Sample) {
        let response = sample.exchange.timing.response();
        self.spans.enter_response(response);
        self.least_lower_bound = Some(self.least_lower_bound.map_or(response, |least| least.min(response)));
    }

    /// Adds what `other` counted.
    pub fn merge(&mut self, other: StepMetrics) {
        self.done += other.done;
        self.unfinished += other.unfinished;
        self.skipped += other.skipped;
        self.bytes_sent += other.bytes_sent;
        self.bytes_received += other.bytes_received;
        self.bytes_done += other.bytes_done;
        self.cost_frost = self.cost_frost.saturating_add(other.cost_frost);
        for (kind, count) in other.stored {
            *self.stored.entry(kind).or_default() += count;
        }
        for (kind, latencies) in other.stored_times {
            self.stored_times.entry(kind).or_default().merge(&latencies);
        }
        for (target, cache_statuses) in other.cache_statuses {
            self.cache_statuses.entry(target).or_default().merge(&cache_statuses);
        }
        self.costs.merge(other.costs);
        for (class, tally) in other.failures {
            self.failures.entry(class).or_default().merge(tally);
        }
        for (class, tally) in other.retried {
            self.retried.entry(class).or_default().merge(tally);
        }
        self.spans.merge(&other.spans);
        self.least_lower_bound = earlier(self.least_lower_bound, other.least_lower_bound, Duration::min);
        self.timeline.merge(other.timeline);
        self.window = earlier(self.window, other.window, |a, b| (a.0.min(b.0), a.1.max(b.1)));
    }
}

/// Both combined, or the one there is.
fn earlier<T>(a: Option<T>, b: Option<T>, combine: impl FnOnce(T, T) -> T) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(combine(a, b)),
        (a, b) => a.or(b),
    }
}

impl FailureTally {
    fn enter(&mut self, sample: &Sample, failure: &Failure) {
        self.count += 1;
        self.latencies.record(sample.exchange.timing.response());
        self.own.record(sample.exchange.timing.service());
        self.last = self.last.max(sample.exchange.timing.finished);
        if let Some(reason) = &failure.reason {
            let at = sample.exchange.timing.finished;
            self.enter_reason(reason.clone(), ReasonTally { count: 1, first: at, last: at });
        }
        if self.examples.len() < EXAMPLES {
            self.examples.push(Example {
                at: sample.exchange.timing.finished,
                index: sample.index,
                failure: failure.clone(),
            });
            self.sort_examples();
        }
    }

    fn sort_examples(&mut self) {
        self.examples.sort_by_key(|example| (example.at, example.index));
    }

    fn merge(&mut self, other: FailureTally) {
        self.count += other.count;
        self.latencies.merge(&other.latencies);
        self.own.merge(&other.own);
        self.last = self.last.max(other.last);
        self.examples.extend(other.examples);
        self.sort_examples();
        self.examples.truncate(EXAMPLES);
        other.reasons.into_iter().for_each(|(reason, tally)| self.enter_reason(reason, tally));
    }

    fn enter_reason(&mut self, reason: String, tally: ReasonTally) {
        let ReasonTally { count, first, last } = tally;
        let known = self.reasons.entry(reason).or_insert(ReasonTally { count: 0, first, last });
        known.count += count;
        (known.first, known.last) = (known.first.min(first), known.last.max(last));
        if self.reasons.len() > REASONS {
            self.reasons.pop_last();
        }
    }
}

#[cfg(test)]
mod tests;

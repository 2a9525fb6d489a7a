//! Metrics of one step of a phase: counts, bytes, failures and times by group, and over all groups a timeline and costs.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_with::DurationNanoSeconds;

use super::{
    charges::Charges,
    count::{Count, add},
    entries,
    histogram::Latencies,
    readable::ReadDelays,
    spans::Spans,
    timeline::Timeline,
};
use crate::{
    plan::journey::Step,
    sample::{
        FailureClass, Novelty, Outcome, Sample, Stored, StoredKind,
        cache::{CacheEvidence, CacheStatus, StatusHeader},
    },
};

pub use super::{
    costs::{Cost, Costs},
    failures::{Example, FailureTally, ReasonTally},
    spans::Span,
};

/// A step of a phase, of which samples are summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StepKey {
    /// The phase's position in the plan.
    pub phase: usize,
    /// What was done.
    pub step: Step,
    /// Whether the bytes were new to the run: repeats are never mixed with fresh blobs.
    pub novelty: Novelty,
}

/// The samples of a step that are summed up together. A plan with one target has one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Group {
    /// The target's position among the plan's publishers or aggregators.
    pub target: usize,
}

/// What is recorded of one step.
///
/// The timeline is not kept by group: it is most of a step's memory, and sixty of them would not fit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StepRecording {
    /// Counts and times by group.
    #[serde(with = "entries")]
    pub groups: BTreeMap<Group, StepMetrics>,
    /// Sizes and times of single successes of all groups.
    pub costs: Costs,
    /// How it went as time passed, over all groups.
    pub timeline: Timeline,
}

impl StepRecording {
    pub(super) fn record(&mut self, sample: &Sample) {
        self.groups.entry(Group { target: sample.target }).or_default().record(sample);
        match sample.outcome {
            Outcome::Skipped | Outcome::Retried(_) => return,
            Outcome::Stored(_) | Outcome::Read => Cost::record(sample, &mut self.costs),
            Outcome::NotFound(_) | Outcome::Failed(_) | Outcome::Unfinished => {}
        }
        // One entry a step, from the start of its last attempt to its end.
        self.timeline.record(sample);
    }

    /// Gives back the memory that is only needed to record more.
    pub(super) fn shrink(&mut self) {
        self.groups.values_mut().for_each(StepMetrics::shrink);
        self.timeline.shrink();
    }

    /// Adds what `other` counted.
    pub(super) fn merge(&mut self, other: StepRecording) {
        for (group, metrics) in other.groups {
            match self.groups.get_mut(&group) {
                Some(ours) => ours.merge(&metrics),
                None => drop(self.groups.insert(group, metrics)),
            }
        }
        self.costs.merge(other.costs);
        self.timeline.merge(other.timeline);
    }

    /// The metrics of all groups together; borrowed when there is only one.
    pub fn total(&self) -> Cow<'_, StepMetrics> {
        let mut groups = self.groups.values();
        let Some(first) = groups.next() else { return Cow::default() };
        groups.fold(Cow::Borrowed(first), |mut total, group| {
            total.to_mut().merge(group);
            total
        })
    }

    /// From the first start to the last finish in all groups, since the run's origin; `None` before anything was tried.
    pub fn window(&self) -> Option<(Duration, Duration)> {
        self.groups.values().fold(None, |window, metrics| both(window, metrics.window, outer))
    }

    /// What the headers of successful downloads say of caches, by the target's position in the plan.
    pub fn cache_statuses(&self) -> BTreeMap<usize, CacheStatusCounts> {
        let mut by_target: BTreeMap<_, CacheStatusCounts> = BTreeMap::new();
        for (group, metrics) in self.groups.iter().filter(|(_, metrics)| metrics.cache_statuses.total() > 0) {
            by_target.entry(group.target).or_default().merge(&metrics.cache_statuses);
        }
        by_target
    }
}

/// Counts and times of one step, of a group or of all.
#[serde_with::apply(
    u64 => #[serde_as(as = "Count")],
    BTreeMap => #[serde(default, skip_serializing_if = "BTreeMap::is_empty")],
)]
#[serde_with::serde_as]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StepMetrics {
    /// Steps that succeeded.
    pub done: u64,
    /// Steps that were still running when the grace period ended.
    pub unfinished: u64,
    /// Steps never tried, because an earlier step of the journey had not succeeded.
    pub skipped: u64,
    /// Bytes of request bodies written to connections, by all attempts.
    pub bytes_sent: u64,
    /// Bytes of response bodies received, by all attempts.
    pub bytes_received: u64,
    /// Bytes of the blobs of successful attempts.
    pub bytes_done: u64,
    /// The response times of successful uploads by how the publisher stored the blob.
    pub stored_times: BTreeMap<StoredKind, Latencies>,
    /// What the headers of successful downloads say of caches.
    pub cache_statuses: CacheStatusCounts,
    /// What the publisher charged, in FROST, where it stated a price.
    pub cost_frost: u64,
    /// What publishers charged, and may have charged.
    #[serde(default, skip_serializing_if = "Charges::is_none")]
    pub charges: Charges,
    /// Of delayed reads, what they found after which delay.
    #[serde(default, skip_serializing_if = "ReadDelays::is_empty")]
    pub delays: ReadDelays,
    /// Steps that failed for good, by class.
    pub failures: BTreeMap<FailureClass, FailureTally>,
    /// Attempts that failed before those, and after which their step was tried again, by class.
    pub retried: BTreeMap<FailureClass, FailureTally>,
    /// The times of successes; in `Response` also those of timeouts and unfinished steps, which are lower bounds
    /// (right-censored).
    pub spans: Spans,
    /// The smallest lower bound in `Response`: a quantile from here on is a lower bound too.
    #[serde_as(as = "Option<DurationNanoSeconds>")]
    pub least_lower_bound: Option<Duration>,
    /// From the first start to the last finish, since the run's origin; `None` before anything was tried.
    #[serde_as(as = "Option<(DurationNanoSeconds, DurationNanoSeconds)>")]
    pub window: Option<(Duration, Duration)>,
}

impl StepMetrics {
    /// Steps that were tried, of every outcome.
    pub fn attempted(&self) -> u64 {
        self.done + self.not_found() + self.failed() + self.unfinished
    }

    /// Delayed reads that found no blob.
    pub fn not_found(&self) -> u64 {
        self.delays.not_found.count()
    }

    /// Steps that failed for good, of every class.
    pub fn failed(&self) -> u64 {
        self.failures.values().map(|tally| tally.count).sum()
    }

    /// Attempts that failed and were followed by another one.
    pub fn retried(&self) -> u64 {
        self.retried.values().map(|tally| tally.count).sum()
    }

    /// Successful uploads by how the publisher stored the blob.
    pub fn stored(&self) -> BTreeMap<StoredKind, u64> {
        self.stored_times.iter().map(|(kind, times)| (*kind, times.count())).collect()
    }

    /// The distribution of one part of the time; `None` when nothing was recorded.
    pub fn span(&self, span: Span) -> Option<&Latencies> {
        self.spans.get(span)
    }

    /// Every distribution.
    pub(super) fn latencies(&self) -> impl Iterator<Item = &Latencies> {
        let tallies = self.failures.values().chain(self.retried.values());
        let failures = tallies.flat_map(|tally| [&tally.latencies, &tally.own]);
        self.spans
            .all()
            .into_iter()
            .chain(self.stored_times.values())
            .chain(self.delays.all())
            .chain(failures)
    }

    fn shrink(&mut self) {
        let tallies = self.failures.values_mut().chain(self.retried.values_mut());
        let failures = tallies.flat_map(|tally| [&mut tally.latencies, &mut tally.own]);
        let all = self.spans.all_mut().into_iter().chain(self.stored_times.values_mut()).chain(failures);
        all.for_each(Latencies::shrink);
        self.delays.shrink();
    }

    fn record(&mut self, sample: &Sample) {
        match &sample.outcome {
            Outcome::Skipped => {
                self.skipped += 1;
                return;
            }
            Outcome::Stored(stored) => {
                self.record_stored(stored, sample.exchange.timing.response());
                self.record_success(sample);
            }
            Outcome::Read => {
                self.cache_statuses.record(&sample.exchange.cache);
                self.record_success(sample);
            }
            // It is counted by its delay.
            Outcome::NotFound(_) => {}
            Outcome::Unfinished => {
                self.unfinished += 1;
                self.record_lower_bound(sample);
            }
            Outcome::Retried(failure) => {
                self.retried.entry(failure.class).or_default().record(sample, failure);
            }
            Outcome::Failed(failure) => {
                if sample.outcome.is_lower_bound() {
                    self.record_lower_bound(sample);
                }
                self.failures.entry(failure.class).or_default().record(sample, failure);
            }
        }
        self.charges.record(sample);
        self.delays.record(sample);
        self.bytes_sent += sample.exchange.bytes_sent;
        self.bytes_received += sample.exchange.bytes_received;
        let (start, end) =
            self.window.unwrap_or((sample.exchange.timing.started, sample.exchange.timing.finished));
        self.window =
            Some((start.min(sample.exchange.timing.started), end.max(sample.exchange.timing.finished)));
    }

    fn record_stored(&mut self, stored: &Stored, response: Duration) {
        self.stored_times.entry(stored.kind).or_default().record(response);
        // A server may state any number.
        add(&mut self.cost_frost, stored.cost.unwrap_or(0));
    }

    fn record_success(&mut self, sample: &Sample) {
        self.done += 1;
        self.bytes_done += sample.size;
        self.spans.record(&sample.exchange.timing);
    }

    fn record_lower_bound(&mut self, sample: &Sample) {
        let response = sample.exchange.timing.response();
        self.spans.response.record(response);
        self.least_lower_bound = Some(self.least_lower_bound.map_or(response, |least| least.min(response)));
    }

    /// Adds what `other` counted.
    pub fn merge(&mut self, other: &StepMetrics) {
        for (ours, theirs) in [
            (&mut self.done, other.done),
            (&mut self.unfinished, other.unfinished),
            (&mut self.skipped, other.skipped),
            (&mut self.bytes_sent, other.bytes_sent),
            (&mut self.bytes_received, other.bytes_received),
            (&mut self.bytes_done, other.bytes_done),
            (&mut self.cost_frost, other.cost_frost),
        ] {
            add(ours, theirs);
        }
        for (kind, latencies) in &other.stored_times {
            self.stored_times.entry(*kind).or_default().merge(latencies);
        }
        self.cache_statuses.merge(&other.cache_statuses);
        self.charges.merge(&other.charges);
        self.delays.merge(&other.delays);
        for (class, tally) in &other.failures {
            self.failures.entry(*class).or_default().merge(tally);
        }
        for (class, tally) in &other.retried {
            self.retried.entry(*class).or_default().merge(tally);
        }
        self.spans.merge(&other.spans);
        self.least_lower_bound = both(self.least_lower_bound, other.least_lower_bound, Duration::min);
        self.window = both(self.window, other.window, outer);
    }
}

/// Both combined, or the one there is.
fn both<T>(a: Option<T>, b: Option<T>, combine: impl FnOnce(T, T) -> T) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(combine(a, b)),
        (a, b) => a.or(b),
    }
}

/// The window that encloses both.
fn outer(a: (Duration, Duration), b: (Duration, Duration)) -> (Duration, Duration) {
    (a.0.min(b.0), a.1.max(b.1))
}

/// The most headers that are counted apart: the first in the alphabet, so that the result does not depend on which thread or
/// machine counted which part. Names come from servers, which may make up any number of them.
const STATUS_HEADERS: usize = 16;

/// How often the headers of successful downloads named which cache status.
#[serde_with::serde_as]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheStatusCounts {
    /// By the header that named it.
    #[serde_as(as = "BTreeMap<_, BTreeMap<_, Count>>")]
    pub by_header: BTreeMap<StatusHeader, BTreeMap<CacheStatus, u64>>,
    /// Downloads without such a header.
    #[serde_as(as = "Count")]
    pub unknown: u64,
}

impl CacheStatusCounts {
    /// All downloads.
    pub fn total(&self) -> u64 {
        self.unknown + self.by_header.values().flat_map(BTreeMap::values).sum::<u64>()
    }

    /// Downloads of this status, whichever header named it.
    pub fn of(&self, status: CacheStatus) -> u64 {
        match status {
            CacheStatus::Unknown => self.unknown,
            status => self.by_header.values().filter_map(|counts| counts.get(&status)).sum(),
        }
    }

    /// Downloads that a cache has answered, if the headers are right.
    pub fn from_cache(&self) -> u64 {
        self.of(CacheStatus::Hit) + self.of(CacheStatus::Stale)
    }

    fn record(&mut self, evidence: &CacheEvidence) {
        match evidence.status_header {
            Some(header) => {
                *self.by_header.entry(header).or_default().entry(evidence.cache_status).or_default() += 1;
                self.limit();
            }
            None => self.unknown += 1,
        }
    }

    /// Counts what is beyond [`STATUS_HEADERS`] together.
    fn limit(&mut self) {
        let mut others = self.by_header.remove(&StatusHeader::OTHERS).unwrap_or_default();
        while self.by_header.len() > STATUS_HEADERS {
            let (_, counts) = self.by_header.pop_last().unwrap_or((StatusHeader::OTHERS, BTreeMap::new()));
            counts.into_iter().for_each(|(status, count)| add(others.entry(status).or_default(), count));
        }
        if !others.is_empty() {
            self.by_header.insert(StatusHeader::OTHERS, others);
        }
    }

    /// Adds what `other` counted.
    pub fn merge(&mut self, other: &CacheStatusCounts) {
        add(&mut self.unknown, other.unknown);
        for (header, counts) in &other.by_header {
            let ours = self.by_header.entry(*header).or_default();
            counts.iter().for_each(|(status, count)| add(ours.entry(*status).or_default(), *count));
        }
        self.limit();
    }
}

#[cfg(test)]
mod tests;

//! What is shown of each step, of all uploads, of connections and of arrivals.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use serde::{Serialize, Serializer};
use strum::IntoEnumIterator;

use super::{
    Report,
    buckets::{self, Buckets},
    charges::PriceRange,
    cost::{NoFit, StepCost},
    distribution::Distribution,
    stats,
};
use crate::{
    metrics::{
        Connections, Expectations, MAX_COUNT, Recording, StepKey,
        histogram::Latencies,
        step_metrics::{CacheStatusCounts, FailureTally, ReasonTally, Span, StepMetrics, StepRecording},
    },
    plan::journey::Step,
    sample::{Failure, FailureClass, Novelty, StoredKind},
    units::MIB,
    units::Seconds,
};

/// One step of one phase.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepSummary {
    /// Which totals of the recording these are.
    #[serde(skip)]
    pub key: StepKey,
    /// The phase's name.
    pub phase: String,
    /// What was done.
    pub step: Step,
    /// Whether these are the blobs that repeat bytes stored earlier in the run.
    pub repeats: bool,
    /// Steps that were tried, of every outcome.
    pub attempted: u64,
    /// Steps that succeeded.
    pub done: u64,
    /// Delayed reads that found no blob: what they measure, no failure.
    #[serde(skip_serializing_if = "is_zero")]
    pub not_found: u64,
    /// Steps that failed for good.
    pub failed: u64,
    /// Attempts that failed: those, and the ones that were retried.
    pub attempt_failures: u64,
    /// Attempts still running when the grace period ended.
    pub unfinished: u64,
    /// Steps never tried, because an earlier step of the iteration had not succeeded.
    pub skipped: u64,
    /// Bytes of request bodies written to connections.
    pub bytes_sent: u64,
    /// Bytes of response bodies received.
    pub bytes_received: u64,
    /// Bytes of the blobs of successful attempts.
    pub bytes_done: u64,
    /// MiB of successfully moved blobs per second, from the first start to the last finish of the step.
    #[serde(rename = "throughput_mib_per_second")]
    pub throughput_mib: Option<f64>,
    /// MiB of successfully moved blobs per second of the time that their requests were under way, one beside the other or
    /// not; `None` without a success.
    #[serde(rename = "request_mib_per_second")]
    pub request_mib: Option<f64>,
    /// Successful uploads by how the publisher stored them, every kind; empty for reads.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub stored: BTreeMap<StoredKind, u64>,
    /// Their response times by that kind.
    #[serde(rename = "stored_seconds", skip_serializing_if = "BTreeMap::is_empty")]
    pub stored_times: BTreeMap<StoredKind, Distribution>,
    /// Cache statuses of successful downloads, by the aggregator's position in the plan.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub cache_statuses: BTreeMap<usize, CacheStatusCounts>,
    /// What a success costs however small its blob, and what each MiB adds; or why no line can be fitted.
    #[serde(rename = "cost_by_size", serialize_with = "cost_by_size")]
    pub cost: Result<StepCost, NoFit>,
    /// What the publisher charged, in FROST (10⁻⁹ WAL).
    pub cost_frost: u64,
    /// Whether that is more than can be counted, and only the least that it is.
    pub cost_is_lower_bound: bool,
    /// Storage units of the uploads that were charged.
    pub storage_units: u64,
    /// The price of a unit that was stored anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price_frost: Option<PriceRange>,
    /// Attempts that may have been charged although no answer states a price.
    pub uncertain_uploads: u64,
    /// Steps that failed for good, by class.
    pub failures: Vec<FailureSummary>,
    /// Attempts that failed and were retried, by class.
    pub retried: Vec<FailureSummary>,
    /// The response times in the buckets of Prometheus.
    #[serde(skip)]
    pub buckets: Buckets,
    /// The response times in equal parts of [`super::summary::Summary::scale`]; empty when there are none.
    #[serde(skip)]
    pub bars: Vec<u64>,
    /// The measured parts of the time.
    #[serde(flatten, serialize_with = "every_span")]
    pub spans: BTreeMap<Span, Distribution>,
}

/// The failures of one class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FailureSummary {
    /// The class.
    pub class: FailureClass,
    /// How often.
    pub count: u64,
    /// When the first was known, since the run's origin.
    #[serde(rename = "first_seconds", with = "Seconds")]
    pub first: Duration,
    /// When the last was known, since the run's origin.
    #[serde(rename = "last_seconds", with = "Seconds")]
    pub last: Duration,
    /// By Walrus' own reason, where it gave one, the most frequent first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<FailureReason>,
    /// From start to failure: the time of these attempts alone.
    #[serde(rename = "attempt_seconds")]
    pub attempt_times: Option<Distribution>,
    /// A few of them.
    pub examples: Vec<FailureExample>,
}

/// How often Walrus gave a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailureReason {
    /// The reason, as `BLOB_NOT_FOUND`.
    pub reason: String,
    /// How often.
    pub count: u64,
    /// When the first was known, since the run's origin.
    #[serde(rename = "first_seconds", with = "Seconds")]
    pub first: Duration,
    /// When the last was known, since the run's origin.
    #[serde(rename = "last_seconds", with = "Seconds")]
    pub last: Duration,
}

/// One failure as it happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FailureExample {
    /// When it was known, since the run's origin.
    #[serde(rename = "at_seconds", with = "Seconds")]
    pub at: Duration,
    /// The same on the wall clock, to find it in a server's log; `None` when the report does not say when the run began.
    #[serde(rename = "at", skip_serializing_if = "Option::is_none")]
    pub wall_clock: Option<String>,
    /// The blob's number: its index + 1.
    pub blob_number: u64,
    /// The blob's ID, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blob_id: Option<String>,
    /// What happened.
    #[serde(flatten)]
    pub failure: Failure,
}

/// All uploads of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uploads {
    /// Stored from scratch.
    pub new: u64,
    /// There before.
    pub existing: u64,
    /// Stored with storage or a registration that was there before, by what was reused.
    pub reused: BTreeMap<StoredKind, u64>,
    /// Failed.
    pub failed: u64,
    /// Still running when the grace period ended.
    pub unfinished: u64,
    /// What the publishers charged, in FROST, where the response has it.
    pub cost_frost: u64,
    /// Whether that is more than can be counted, and only the least that it is.
    pub cost_is_lower_bound: bool,
    /// Median response times by how the publishers stored them.
    pub medians: BTreeMap<StoredKind, Duration>,
}

/// The connections of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConnectionSummary {
    /// Attempts that opened one.
    pub opened: u64,
    /// Attempts that reused an open one.
    pub reused: u64,
    /// Reads over a kept-open connection that the server had closed, repeated over a new one.
    pub stale: u64,
    /// Attempts for whose connection the kernel had no free port.
    pub port_refusals: u64,
    /// How many were opened to each address.
    pub peers: BTreeMap<SocketAddr, u64>,
    /// What became of `Expect: 100-continue`, by the publisher's position in the plan.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub expectations: BTreeMap<usize, Expectations>,
    /// Name resolutions.
    #[serde(rename = "dns_seconds")]
    pub dns: Option<Distribution>,
    /// TCP handshakes.
    #[serde(rename = "tcp_seconds")]
    pub tcp: Option<Distribution>,
    /// TLS handshakes.
    #[serde(rename = "tls_seconds")]
    pub tls: Option<Distribution>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl StepSummary {
    /// Each step of each phase, fresh blobs before repeats. A planned step that was never reached shows its zeros instead of
    /// nothing.
    pub(super) fn all(report: &Report, scale: Option<(Duration, Duration)>) -> Vec<Self> {
        let untouched = StepRecording::default();
        let mut recorded: BTreeMap<StepKey, &StepRecording> = BTreeMap::new();
        let measured = report.plan.phases.iter().enumerate().filter(|(_, planned)| !planned.warm_up);
        for (phase, planned) in measured {
            for step in planned.steps() {
                recorded.entry(StepKey { phase, step, novelty: Novelty::Fresh }).or_insert(&untouched);
            }
        }
        recorded.extend(report.recording.steps.iter().map(|(key, step)| (*key, step)));
        recorded.iter().map(|(key, step)| Self::of(report, *key, step, scale)).collect()
    }

    fn of(
        report: &Report,
        key: StepKey,
        recorded: &StepRecording,
        scale: Option<(Duration, Duration)>,
    ) -> Self {
        let metrics = &*recorded.total();
        let stored = metrics.stored();
        let bound = |span: Span| if span == Span::Response { metrics.least_lower_bound } else { None };
        let span = |(span, times): (Span, &Latencies)| Some((span, Distribution::of(times, bound(span))?));
        let kinds = StoredKind::iter().filter(|_| key.step.stores());
        Self {
            key,
            phase: report.phase_name(key.phase),
            step: key.step,
            repeats: key.novelty == Novelty::Repeat,
            attempted: metrics.attempted(),
            done: metrics.done,
            not_found: metrics.not_found(),
            failed: metrics.failed(),
            attempt_failures: metrics.failed() + metrics.retried(),
            unfinished: metrics.unfinished,
            skipped: metrics.skipped,
            bytes_sent: metrics.bytes_sent,
            bytes_received: metrics.bytes_received,
            bytes_done: metrics.bytes_done,
            request_mib: metrics.span(Span::Service).and_then(|service| {
                let seconds = service.sum_seconds();
                (seconds > 0.0).then(|| metrics.bytes_done as f64 / MIB / seconds)
            }),
            throughput_mib: per_second(metrics, metrics.bytes_done).map(|rate| rate / MIB),
            stored: kinds.map(|kind| (kind, stored.get(&kind).copied().unwrap_or(0))).collect(),
            stored_times: metrics
                .stored_times
                .iter()
                .filter_map(|(kind, times)| Some((*kind, Distribution::of(times, None)?)))
                .collect(),
            cache_statuses: recorded.cache_statuses(),
            cost: StepCost::of(&recorded.costs),
            cost_frost: metrics.cost_frost,
            cost_is_lower_bound: metrics.cost_frost >= MAX_COUNT,
            storage_units: metrics.charges.by_kind.values().map(|charge| charge.units).sum(),
            unit_price_frost: metrics.charges.per_unit.map(|(least, most)| PriceRange { least, most }),
            uncertain_uploads: metrics.charges.uncertain.uploads,
            failures: metrics.failures.iter().map(|failures| FailureSummary::of(report, failures)).collect(),
            retried: metrics.retried.iter().map(|failures| FailureSummary::of(report, failures)).collect(),
            buckets: Buckets::of(metrics),
            bars: buckets::bars(metrics, scale),
            spans: metrics.spans.iter().filter_map(span).collect(),
        }
    }

    /// The response times; `None` when there are none.
    pub fn response(&self) -> Option<&Distribution> {
        self.spans.get(&Span::Response)
    }
}

/// `amount` per second from the first start to the last finish of a step; `None`, not zero, without a success or any time.
pub(super) fn per_second(metrics: &StepMetrics, amount: u64) -> Option<f64> {
    let (start, end) = metrics.window?;
    stats::per_second(amount, end.saturating_sub(start)).filter(|_| metrics.done > 0)
}

/// `null` when nothing was recorded to fit a line to.
fn cost_by_size<S: Serializer>(cost: &Result<StepCost, NoFit>, serializer: S) -> Result<S::Ok, S::Error> {
    match cost {
        Ok(cost) => cost.serialize(serializer),
        Err(NoFit::NoData) => serializer.serialize_none(),
        Err(reason) => serializer.collect_map([("absent", reason.words())]),
    }
}

/// Every span has its key, with `null` where nothing was measured, so that scripts need not ask first.
fn every_span<S: Serializer>(spans: &BTreeMap<Span, Distribution>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(Span::ALL.map(|span| {
        let name = match span {
            Span::Response => "response_seconds",
            Span::Service => "service_seconds",
            Span::FirstByte => "first_byte_seconds",
            Span::Send => "send_seconds",
            Span::Wait => "wait_seconds",
            Span::Receive => "receive_seconds",
        };
        (name, spans.get(&span))
    }))
}

impl FailureSummary {
    fn of(report: &Report, (&class, tally): (&FailureClass, &FailureTally)) -> Self {
        let reason = |(reason, tally): (&String, &ReasonTally)| FailureReason {
            reason: reason.clone(),
            count: tally.count,
            first: tally.first,
            last: tally.last,
        };
        let mut reasons: Vec<_> = tally.reasons.iter().map(reason).collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
        Self {
            class,
            count: tally.count,
            first: tally.examples.iter().map(|example| example.at).min().unwrap_or(tally.last),
            last: tally.last,
            reasons,
            attempt_times: Distribution::of(&tally.own, None),
            examples: tally
                .examples
                .iter()
                .map(|example| FailureExample {
                    at: example.at,
                    wall_clock: report.wall_clock(example.at),
                    blob_number: example.index.saturating_add(1),
                    blob_id: example.blob_id.clone(),
                    failure: example.failure.clone(),
                })
                .collect(),
        }
    }
}

impl Uploads {
    pub(super) fn of(steps: &[StepSummary], recording: &Recording) -> Option<Self> {
        let mut uploads = steps.iter().filter(|step| step.step.stores()).peekable();
        uploads.peek()?;
        let mut times: BTreeMap<StoredKind, Latencies> = BTreeMap::new();
        for (kind, latencies) in recording.groups().flat_map(|(_, metrics)| &metrics.stored_times) {
            times.entry(*kind).or_default().merge(latencies);
        }
        let medians = times.into_iter().filter_map(|(kind, times)| Some((kind, times.quantile(0.5)?)));
        let none = Self { medians: medians.collect(), ..Self::default() };
        Some(uploads.fold(none, |sum, step| {
            let stored = |kind| step.stored.get(&kind).copied().unwrap_or(0);
            Self {
                new: sum.new + stored(StoredKind::New),
                existing: sum.existing + stored(StoredKind::Existing),
                reused: StoredKind::reused()
                    .map(|kind| (kind, sum.reused.get(&kind).copied().unwrap_or(0) + stored(kind)))
                    .filter(|(_, count)| *count > 0)
                    .collect(),
                failed: sum.failed + step.failed,
                unfinished: sum.unfinished + step.unfinished,
                cost_frost: sum.cost_frost.saturating_add(step.cost_frost),
                cost_is_lower_bound: sum.cost_is_lower_bound || step.cost_is_lower_bound,
                medians: sum.medians,
            }
        }))
    }
}

impl ConnectionSummary {
    pub(super) fn of(connections: &Connections) -> Self {
        Self {
            opened: connections.opened,
            reused: connections.reused,
            stale: connections.stale,
            port_refusals: connections.port_refusals,
            peers: connections.peers.clone(),
            expectations: connections.expectations.clone(),
            dns: Distribution::of(&connections.dns, None),
            tcp: Distribution::of(&connections.tcp, None),
            tls: Distribution::of(&connections.tls, None),
        }
    }
}

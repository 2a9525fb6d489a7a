//! The part of a report's document that people and scripts read: the summary, with units in its names.

use std::collections::BTreeMap;

use serde::{Serialize, ser::SerializeMap};

use super::effect::{CacheStatusCountsDoc, CostDoc};
use crate::{
    metrics::step_metrics::{ReasonTally, Span},
    plan::journey::Step,
    report::summary::{
        ArrivalSummary, Bounded, ConnectionSummary, Distribution, FailureExample, FailureSummary, StepSummary,
    },
    sample::{FailureClass, StoredKind},
};

/// A [`StepSummary`] in a document.
#[derive(Serialize)]
pub(super) struct StepDoc<'a> {
    phase: &'a str,
    step: Step,
    repeats: bool,
    attempted: u64,
    done: u64,
    failed: u64,
    attempt_failures: u64,
    unfinished: u64,
    skipped: u64,
    bytes_sent: u64,
    bytes_received: u64,
    bytes_done: u64,
    throughput_mib_per_second: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stored: Option<BTreeMap<StoredKind, u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_frost: Option<u64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    stored_seconds: BTreeMap<StoredKind, DistributionDoc>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cache_claims: Vec<CacheStatusCountsDoc<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_by_size: Option<CostDoc>,
    failures: Vec<FailureDoc<'a>>,
    retried: Vec<FailureDoc<'a>>,
    response_seconds: Option<DistributionDoc>,
    service_seconds: Option<DistributionDoc>,
    first_byte_seconds: Option<DistributionDoc>,
    send_seconds: Option<DistributionDoc>,
    wait_seconds: Option<DistributionDoc>,
    receive_seconds: Option<DistributionDoc>,
}

impl<'a> StepDoc<'a> {
    pub(super) fn of(step: &'a StepSummary) -> Self {
        let uploads = step.step.stores();
        let span = |span: Span| step.spans.get(&span).map(DistributionDoc::of);
        Self {
            phase: &step.phase,
            step: step.step,
            repeats: step.repeats,
            attempted: step.attempted,
            done: step.done,
            failed: step.failed,
            attempt_failures: step.attempt_failures,
            unfinished: step.unfinished,
            skipped: step.skipped,
            bytes_sent: step.bytes_sent,
            bytes_received: step.bytes_received,
            bytes_done: step.bytes_done,
            throughput_mib_per_second: step.throughput_mib,
            stored: uploads.then(|| every_kind(&step.stored)),
            cost_frost: uploads.then_some(step.cost_frost),
            stored_seconds: step
                .stored_times
                .iter()
                .map(|(kind, times)| (*kind, DistributionDoc::of(times)))
                .collect(),
            cache_claims: step.cache_statuses.iter().map(CacheStatusCountsDoc::of).collect(),
            cost_by_size: CostDoc::of(&step.cost),
            failures: step.failures.iter().map(FailureDoc::of).collect(),
            retried: step.retried.iter().map(FailureDoc::of).collect(),
            response_seconds: span(Span::Response),
            service_seconds: span(Span::Service),
            first_byte_seconds: span(Span::FirstByte),
            send_seconds: span(Span::Send),
            wait_seconds: span(Span::Wait),
            receive_seconds: span(Span::Receive),
        }
    }
}

/// An [`ArrivalSummary`] in a document.
#[derive(Serialize)]
pub(super) struct ArrivalDoc<'a> {
    phase: &'a str,
    offered: u64,
    dropped: u64,
    start_delay_seconds: Option<DistributionDoc>,
}

impl<'a> ArrivalDoc<'a> {
    pub(super) fn of(arrivals: &'a ArrivalSummary) -> Self {
        let ArrivalSummary { phase, offered, dropped, start_delay, .. } = arrivals;
        let start_delay_seconds = start_delay.as_ref().map(DistributionDoc::of);
        Self { phase, offered: *offered, dropped: *dropped, start_delay_seconds }
    }
}

/// Every kind has its key, so that a script need not ask first.
fn every_kind(stored: &BTreeMap<StoredKind, u64>) -> BTreeMap<StoredKind, u64> {
    let kinds = [StoredKind::New, StoredKind::Reused, StoredKind::Existing];
    kinds.map(|kind| (kind, stored.get(&kind).copied().unwrap_or(0))).into()
}

/// A [`FailureSummary`] in a document.
#[derive(Serialize)]
struct FailureDoc<'a> {
    class: FailureClass,
    count: u64,
    first_seconds: f64,
    last_seconds: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<ReasonDoc<'a>>,
    attempt_seconds: Option<DistributionDoc>,
    examples: Vec<ExampleDoc<'a>>,
}

/// How often Walrus gave a reason, in a document.
#[derive(Serialize)]
struct ReasonDoc<'a> {
    reason: &'a str,
    count: u64,
    first_seconds: f64,
    last_seconds: f64,
}

/// A [`FailureExample`] in a document.
#[derive(Serialize)]
struct ExampleDoc<'a> {
    at_seconds: f64,
    blob_number: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    message: &'a str,
}

impl<'a> FailureDoc<'a> {
    fn of(failure: &'a FailureSummary) -> Self {
        let example = |example: &'a FailureExample| ExampleDoc {
            at_seconds: example.at.as_secs_f64(),
            blob_number: example.blob_number,
            status: example.failure.status,
            reason: example.failure.reason.as_deref(),
            message: &example.failure.message,
        };
        let reason = |(reason, tally): &'a (String, ReasonTally)| ReasonDoc {
            reason,
            count: tally.count,
            first_seconds: tally.first.as_secs_f64(),
            last_seconds: tally.last.as_secs_f64(),
        };
        Self {
            class: failure.class,
            count: failure.count,
            first_seconds: failure.first.as_secs_f64(),
            last_seconds: failure.last.as_secs_f64(),
            reasons: failure.reasons.iter().map(reason).collect(),
            attempt_seconds: failure.attempt_times.as_ref().map(DistributionDoc::of),
            examples: failure.examples.iter().map(example).collect(),
        }
    }
}

/// A [`Distribution`] in a document: numbers by name, in seconds, and the names of those that are lower bounds.
pub(super) struct DistributionDoc {
    count: u64,
    numbers: Vec<(&'static str, Bounded)>,
}

impl DistributionDoc {
    pub(super) fn of(distribution: &Distribution) -> Self {
        let mut numbers =
            vec![("min", distribution.min), ("mean", distribution.mean), ("median", distribution.median)];
        numbers
            .extend(distribution.percentiles.iter().map(|(percentile, value)| (percentile.label(), *value)));
        numbers.push(("max", distribution.max));
        Self { count: distribution.count, numbers }
    }
}

impl Serialize for DistributionDoc {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bounds: Vec<_> =
            self.numbers.iter().filter(|(_, n)| n.lower_bound).map(|(name, _)| name).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("count", &self.count)?;
        for (name, number) in &self.numbers {
            map.serialize_entry(name, &number.value.as_secs_f64())?;
        }
        map.serialize_entry("lower_bounds", &bounds)?;
        map.end()
    }
}

/// A [`ConnectionSummary`] in a document.
#[derive(Serialize)]
pub(super) struct ConnectionsDoc {
    opened: u64,
    reused: u64,
    dns_seconds: Option<DistributionDoc>,
    tcp_seconds: Option<DistributionDoc>,
    tls_seconds: Option<DistributionDoc>,
}

impl ConnectionsDoc {
    pub(super) fn of(connections: &ConnectionSummary) -> Self {
        let doc = |distribution: &Option<Distribution>| distribution.as_ref().map(DistributionDoc::of);
        Self {
            opened: connections.opened,
            reused: connections.reused,
            dns_seconds: doc(&connections.dns),
            tcp_seconds: doc(&connections.tcp),
            tls_seconds: doc(&connections.tls),
        }
    }
}

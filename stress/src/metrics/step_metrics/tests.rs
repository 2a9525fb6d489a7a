//! What a ledger keeps besides its counts: reasons, ways of storing, claims and costs, each whoever merged which part.

use super::*;
use crate::{
    plan::journey::Step,
    sample::{
        ExchangeRecord, Link, Novelty, Timing,
        cache::{CacheEvidence, CacheStatus, StatusHeader},
    },
};

/// A step that started at this millisecond and took 40 ms, a quarter of it for sending and for receiving.
fn sample(index: u64, step: Step, at: u64, outcome: Outcome) -> Sample {
    let at = |ms: u64| Duration::from_millis(at + ms);
    let timing =
        Timing { due: at(0), started: at(0), sent: Some(at(10)), first_byte: Some(at(30)), finished: at(40) };
    Sample {
        phase: 0,
        index,
        step,
        attempt: 1,
        novelty: Novelty::Fresh,
        target: 0,
        blob_id: None,
        size: 1024,
        exchange: ExchangeRecord { timing, link: Some(Link::Reused), ..ExchangeRecord::default() },
        outcome,
    }
}

fn failed(reason: Option<String>) -> Outcome {
    Outcome::Failed(Failure { reason, ..Failure::new(FailureClass::NotFound, "") })
}

fn entered(samples: &[Sample]) -> StepMetrics {
    let mut metrics = StepMetrics::default();
    samples.iter().for_each(|sample| metrics.enter(sample));
    metrics
}

#[test]
fn reasons_are_counted_apart_and_bounded_whoever_counts() {
    let failing = |n: u64| sample(n, Step::FIRST, n * 10, failed(Some(format!("REASON_{:02}", n % 40))));
    let samples: Vec<_> = (0..400).map(failing).collect();
    let whole = entered(&samples);
    let mut parts = entered(&samples[250..]);
    parts.merge(entered(&samples[..70]));
    parts.merge(entered(&samples[70..250]));
    let reasons = |metrics: &StepMetrics| metrics.failures[&FailureClass::NotFound].reasons.clone();
    assert_eq!(reasons(&parts), reasons(&whole));
    assert_eq!(reasons(&whole).len(), REASONS);
    let at = |n: u64| Duration::from_millis(n * 10 + 40);
    assert_eq!(reasons(&whole)["REASON_03"], ReasonTally { count: 10, first: at(3), last: at(363) });
}

#[test]
fn uploads_are_timed_by_the_way_they_were_stored() {
    let upload = |kind, due| {
        let stored = Outcome::Stored(Stored { blob_id: String::new(), kind, cost: None });
        let sample = sample(0, Step::Upload, 900, stored);
        let timing = Timing { due: Duration::from_millis(due), ..sample.exchange.timing };
        Sample { exchange: ExchangeRecord { timing, ..sample.exchange }, ..sample }
    };
    let metrics = entered(&[upload(StoredKind::New, 40), upload(StoredKind::Existing, 900)]);
    let times = metrics.stored_times.iter().map(|(kind, times)| (*kind, times.max().unwrap().as_millis()));
    assert_eq!(times.collect::<Vec<_>>(), [(StoredKind::New, 900), (StoredKind::Existing, 40)]);
}

#[test]
fn successful_downloads_give_claims_and_costs_and_failed_ones_do_not() {
    let cache = CacheEvidence {
        cache_status: CacheStatus::Hit,
        status_header: Some(StatusHeader::XCache),
        ..CacheEvidence::default()
    };
    let read = |n, target, outcome| {
        let sample = sample(n, Step::CACHED, 100, outcome);
        Sample { target, exchange: ExchangeRecord { cache, ..sample.exchange }, ..sample }
    };
    let metrics = entered(&[read(0, 0, Outcome::Read), read(1, 1, Outcome::Read), read(2, 1, failed(None))]);
    let cache_statuses: Vec<_> = metrics
        .cache_statuses
        .iter()
        .map(|(target, cache_statuses)| (*target, cache_statuses.of(CacheStatus::Hit)))
        .collect();
    assert_eq!(cache_statuses, [(0, 1), (1, 1)]);
    let costs: Vec<_> =
        metrics.costs.iter().map(|cost| (cost.service.as_millis(), cost.wait.as_millis())).collect();
    assert_eq!(costs, [(40, 20), (40, 20)]);
}

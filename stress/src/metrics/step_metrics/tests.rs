//! What is recorded of a step besides its counts: groups, reasons, ways of storing, cache statuses and costs; the same
//! whichever thread or machine recorded which part.

use super::*;
use crate::{
    metrics::failures::REASONS,
    sample::{ExchangeRecord, Failure, Link, Timing},
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
        delay: None,
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

fn recorded(samples: &[Sample]) -> StepRecording {
    let mut step = StepRecording::default();
    samples.iter().for_each(|sample| step.record(sample));
    step
}

#[test]
fn groups_are_kept_apart_and_folded_into_the_total() {
    let outcome = |n: u64| if n.is_multiple_of(7) { failed(Some(format!("R{n}"))) } else { Outcome::Read };
    let read = |n: u64, target| Sample { target, ..sample(n, Step::FIRST, n * 1_000, outcome(n)) };
    let samples: Vec<_> = (0..300).map(|n| read(n, usize::try_from(n % 3).unwrap())).collect();
    let whole = recorded(&samples);
    let [mut a, b, c] = [&samples[..50], &samples[50..180], &samples[180..]].map(recorded);
    a.merge(c);
    a.merge(b);
    assert_eq!(a, whole);
    let done: Vec<_> = whole.groups.iter().map(|(group, metrics)| (group.target, metrics.done)).collect();
    assert_eq!(done, [(0, 85), (1, 86), (2, 86)]);
    let one = recorded(&samples.iter().map(|one| Sample { target: 0, ..one.clone() }).collect::<Vec<_>>());
    assert_eq!(*whole.total(), one.groups[&Group { target: 0 }]);
    assert!(matches!((one.total(), whole.total()), (Cow::Borrowed(_), Cow::Owned(_))));
    assert_eq!(whole.window(), Some((Duration::ZERO, Duration::from_millis(299_040))));
    assert_eq!(*StepRecording::default().total(), StepMetrics::default());
    let written = serde_json::to_string(&whole).unwrap();
    assert_eq!(serde_json::from_str::<StepRecording>(&written).unwrap(), whole);
}

#[test]
fn counts_beyond_what_a_run_can_have_are_refused() {
    let written = serde_json::to_value(recorded(&[
        sample(0, Step::FIRST, 0, failed(Some("R".to_owned()))),
        sample(1, Step::FIRST, 0, Outcome::Read),
    ]))
    .unwrap();
    for pointer in [
        "/bytes_sent",
        "/done",
        "/cost_frost",
        "/failures/not-found/count",
        "/failures/not-found/reasons/R/count",
        "/cache_statuses/unknown",
    ] {
        let mut written = written.clone();
        let count = written.pointer_mut(&format!("/groups/0/metrics{pointer}")).unwrap();
        *count = (crate::metrics::MAX_COUNT).into();
        assert!(serde_json::from_value::<StepRecording>(written.clone()).is_ok(), "{pointer}");
        let count = written.pointer_mut(&format!("/groups/0/metrics{pointer}")).unwrap();
        *count = (crate::metrics::MAX_COUNT + 1).into();
        let error = serde_json::from_value::<StepRecording>(written).unwrap_err().to_string();
        assert!(error.contains("more than a run can have counted"), "{pointer}: {error}");
    }
}

#[test]
fn reasons_are_counted_apart_and_bounded_in_any_order_of_parts() {
    let failing = |n: u64| sample(n, Step::FIRST, n * 10, failed(Some(format!("REASON_{:02}", n % 40))));
    let samples: Vec<_> = (0..400).map(failing).collect();
    let whole = recorded(&samples);
    let mut parts = recorded(&samples[250..]);
    parts.merge(recorded(&samples[..70]));
    parts.merge(recorded(&samples[70..250]));
    let reasons = |step: &StepRecording| step.total().failures[&FailureClass::NotFound].reasons.clone();
    assert_eq!(reasons(&parts), reasons(&whole));
    assert_eq!(reasons(&whole).len(), REASONS);
    let at = |n: u64| Duration::from_millis(n * 10 + 40);
    assert_eq!(reasons(&whole)["REASON_03"], ReasonTally { count: 10, first: at(3), last: at(363) });
}

#[test]
fn uploads_are_timed_by_the_way_they_were_stored() {
    let upload = |kind, due| {
        let stored = Outcome::Stored(Stored { blob_id: String::new(), kind, cost: None });
        let mut sample = sample(0, Step::Upload, 900, stored);
        sample.exchange.timing.due = Duration::from_millis(due);
        sample
    };
    let step = recorded(&[upload(StoredKind::New, 40), upload(StoredKind::Existing, 900)]);
    let metrics = step.total();
    let times = metrics.stored_times.iter().map(|(kind, times)| (*kind, times.max().unwrap().as_millis()));
    assert_eq!(times.collect::<Vec<_>>(), [(StoredKind::New, 900), (StoredKind::Existing, 40)]);
    assert_eq!(metrics.stored(), [(StoredKind::New, 1), (StoredKind::Existing, 1)].into());
}

#[test]
fn a_price_of_any_size_is_added_up_and_read_back() {
    let upload = |cost| {
        let stored = Stored { blob_id: String::new(), kind: StoredKind::New, cost: Some(cost) };
        sample(0, Step::Upload, 0, Outcome::Stored(stored))
    };
    let step = recorded(&[upload(5), upload(u64::MAX), upload(7)]);
    assert_eq!(step.total().cost_frost, crate::metrics::MAX_COUNT);
    let written = serde_json::to_string(&step).unwrap();
    assert_eq!(serde_json::from_str::<StepRecording>(&written).unwrap(), step);
}

#[test]
fn successful_downloads_have_cache_statuses_and_costs_and_failed_ones_have_none() {
    let cache = CacheEvidence {
        cache_status: CacheStatus::Hit,
        status_header: Some(StatusHeader::X_CACHE),
        ..CacheEvidence::default()
    };
    let read = |n, target, outcome| {
        let sample = sample(n, Step::CACHED, 100, outcome);
        Sample { target, exchange: ExchangeRecord { cache, ..sample.exchange }, ..sample }
    };
    let step = recorded(&[read(0, 0, Outcome::Read), read(1, 1, Outcome::Read), read(2, 1, failed(None))]);
    let hits =
        step.cache_statuses().into_iter().map(|(target, counts)| (target, counts.of(CacheStatus::Hit)));
    assert_eq!(hits.collect::<Vec<_>>(), [(0, 1), (1, 1)]);
    let costs: Vec<_> =
        step.costs.iter().map(|cost| (cost.service.as_millis(), cost.wait.as_millis())).collect();
    assert_eq!(costs, [(40, 20), (40, 20)]);
}

#[test]
fn cache_statuses_are_counted_by_header_and_merged() {
    let evidence = |cache_status, status_header| CacheEvidence {
        cache_status,
        status_header,
        ..CacheEvidence::default()
    };
    let mut one = CacheStatusCounts::default();
    one.record(&evidence(CacheStatus::Hit, Some(StatusHeader::X_CACHE)));
    one.record(&evidence(CacheStatus::Stale, Some(StatusHeader::CF_CACHE_STATUS)));
    one.record(&CacheEvidence::default());
    let mut both = one.clone();
    both.merge(&one);
    let counts = |counts: &CacheStatusCounts| {
        (counts.total(), counts.from_cache(), counts.of(CacheStatus::Miss), counts.unknown)
    };
    assert_eq!((counts(&one), counts(&both)), ((3, 2, 0, 1), (6, 4, 0, 2)));
    let written = serde_json::to_value(&one).unwrap();
    assert_eq!(written["by_header"]["x-cache"]["hit"], 1);
    assert_eq!(serde_json::from_value::<CacheStatusCounts>(written).unwrap(), one);
}

#[test]
fn header_names_are_counted_apart_up_to_a_limit_however_they_are_merged() {
    let evidence = |n: usize| CacheEvidence {
        cache_status: if n.is_multiple_of(2) { CacheStatus::Hit } else { CacheStatus::Miss },
        status_header: StatusHeader::new(&format!("x-{:03}-cache", n % 500)),
        ..CacheEvidence::default()
    };
    let counted = |numbers: &mut dyn Iterator<Item = usize>| {
        let mut counts = CacheStatusCounts::default();
        numbers.for_each(|n| counts.record(&evidence(n)));
        counts
    };
    let whole = counted(&mut (0..1000));
    assert_eq!((whole.total(), whole.from_cache(), whole.by_header.len()), (1000, 500, STATUS_HEADERS + 1));
    assert_eq!(
        whole.by_header[&StatusHeader::OTHERS].values().sum::<u64>(),
        1000 - 2 * STATUS_HEADERS as u64
    );
    for parts in [2, 7] {
        let mut merged = CacheStatusCounts::default();
        (0..parts).rev().for_each(|part| merged.merge(&counted(&mut (part..1000).step_by(parts))));
        assert_eq!(merged, whole);
    }
    let written = serde_json::to_string(&whole).unwrap();
    assert_eq!(serde_json::from_str::<CacheStatusCounts>(&written).unwrap(), whole);
}

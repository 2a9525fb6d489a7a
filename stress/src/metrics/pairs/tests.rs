//! Pairs of known samples, their rows in a document, and pairs whose reads lie in different phases.

use super::*;
use crate::{
    plan::journey::Step,
    sample::{Connecting, ExchangeRecord, Link, Novelty, Timing},
};

/// A read that started at this millisecond, opened a connection in 5 ms, and took 20 ms to its head and 30 in all.
fn read(at: u64, cache: CacheEvidence) -> Sample {
    let at = |ms: u64| Duration::from_millis(at + ms);
    let connecting =
        Connecting { dns: Some(Duration::from_millis(1)), tcp: Duration::from_millis(4), tls: None };
    Sample {
        phase: 0,
        index: 7,
        step: Step::FIRST,
        attempt: 1,
        delay: None,
        novelty: Novelty::Fresh,
        target: 1,
        blob_id: None,
        size: 1024,
        exchange: ExchangeRecord {
            timing: Timing {
                due: at(0),
                started: at(0),
                sent: Some(at(6)),
                first_byte: Some(at(20)),
                finished: at(30),
            },
            link: Some(Link::Fresh(connecting)),
            bytes_received: 1024,
            cache,
            ..ExchangeRecord::default()
        },
        outcome: Outcome::Read,
    }
}

fn pair(first: CacheEvidence, apart: u64, cached: CacheEvidence) -> Option<Pair> {
    let (first, cached) = (read(0, first), read(apart, cached));
    Pair::of(&ReadFact::of(&first).unwrap(), &ReadFact::of(&cached).unwrap(), None)
}

#[test]
fn opening_a_connection_is_no_part_of_what_is_compared() {
    let pair = pair(CacheEvidence::default(), 1_000, CacheEvidence::default()).unwrap();
    assert_eq!((pair.index, pair.size, pair.target), (7, 1024, 1));
    let [service, ttfb, transfer] = [25, 15, 10].map(Duration::from_millis);
    assert_eq!((pair.first, pair.first_ttfb, pair.first_transfer), (service, ttfb, transfer));
    assert_eq!((pair.cached, pair.cached_ttfb, pair.cached_transfer), (service, ttfb, transfer));
}

#[test]
fn the_start_delay_is_no_effect_of_a_cache() {
    let (mut late, cached) = (read(3_000, CacheEvidence::default()), read(4_000, CacheEvidence::default()));
    late.exchange.timing.due = Duration::ZERO;
    let pair = Pair::of(&ReadFact::of(&late).unwrap(), &ReadFact::of(&cached).unwrap(), None).unwrap();
    assert_eq!((pair.first, pair.cached), (Duration::from_millis(25), Duration::from_millis(25)));
}

#[test]
fn a_read_that_was_cached_before_its_first_or_did_not_succeed_makes_no_pair() {
    let evidence = |cache_status| CacheEvidence { cache_status, ..CacheEvidence::default() };
    for (cache_status, kept) in [
        (CacheStatus::Hit, false),
        (CacheStatus::Stale, false),
        (CacheStatus::Miss, true),
        (CacheStatus::Bypass, true),
        (CacheStatus::Unknown, true),
    ] {
        let pair = pair(evidence(cache_status), 1, evidence(CacheStatus::Hit));
        assert_eq!(pair.is_some(), kept, "{cache_status:?}");
    }
    let failed = Sample { outcome: Outcome::Unfinished, ..read(0, evidence(CacheStatus::Miss)) };
    assert_eq!(ReadFact::of(&failed), None);
}

#[test]
fn dates_and_ages_show_something_only_when_time_has_passed() {
    let evidence = |age, date| CacheEvidence { age, date, ..CacheEvidence::default() };
    for (first, apart, cached, expected) in [
        (evidence(None, Some(100)), 5_000, evidence(None, Some(100)), Freshness::Unchanged),
        (evidence(None, Some(100)), 5_000, evidence(None, Some(105)), Freshness::Advanced),
        (evidence(None, Some(100)), 1_900, evidence(None, Some(100)), Freshness::Unknown),
        (evidence(None, Some(100)), 5_000, evidence(Some(5), Some(105)), Freshness::Unchanged),
        (evidence(Some(0), None), 5_400, evidence(Some(5), None), Freshness::Unchanged),
        (evidence(Some(90), None), 5_000, evidence(Some(3), None), Freshness::Unknown),
        (evidence(None, None), 5_000, evidence(Some(0), None), Freshness::Unknown),
        (evidence(None, Some(100)), 5_000, evidence(None, Some(60)), Freshness::Unknown),
        (evidence(None, None), 60_000, evidence(None, None), Freshness::Unknown),
    ] {
        assert_eq!(pair(first, apart, cached).unwrap().freshness, expected, "{first:?} {cached:?}");
    }
}

#[test]
fn rows_are_read_back_and_damaged_ones_are_refused() {
    let columns = "index,size_bytes,target,first_nanoseconds,cached_nanoseconds,third_nanoseconds,\
        first_ttfb_nanoseconds,first_transfer_nanoseconds,cached_ttfb_nanoseconds,cached_transfer_nanoseconds,\
        cache_status,freshness";
    let read =
        |row: &str| serde_json::from_value::<Pairs>(serde_json::json!({ "seen": 1, "rows": [columns, row] }));
    for row in ["7,1024,1,25,12,11,3,4,1,2,hit,unchanged", "7,1024,1,25,12,,3,4,1,2,unknown,advanced"] {
        let written = serde_json::to_value(read(row).unwrap()).unwrap();
        assert_eq!(written["rows"], serde_json::json!([columns, row]));
    }
    for wrong in [
        "7,1024,1,25",
        "7,1024,1,25,12,11,3,4,1,2,hit",
        "7,1024,1,25,12,x,3,4,1,2,hit,unchanged",
        "7,1024,1,,12,11,3,4,1,2,hit,unchanged",
        "7,1024,1,25,12,11,3,4,1,2,HIT,unchanged",
        "7,1024,1,25,12,11,3,4,1,2,hit,still",
        "-7,1024,1,25,12,11,3,4,1,2,hit,unchanged",
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

/// A read of blob `index` that took this long; the first half of it to its first byte.
fn taken(index: u64, millis: u64) -> ReadFact {
    let at = |millis| Duration::from_millis(millis);
    let timing = Timing { first_byte: Some(at(millis / 2)), finished: at(millis), ..Timing::default() };
    let sample = read(0, CacheEvidence::default());
    let exchange = ExchangeRecord { timing, ..ExchangeRecord::default() };
    ReadFact::of(&Sample { index, size: index, exchange, ..sample }).unwrap()
}

/// Reads of this many blobs; of each ninth one there is no cached one.
fn recorded(blobs: u64, parts: usize) -> Vec<UnmatchedPairs> {
    let mut unmatched_pairs = vec![UnmatchedPairs::default(); parts];
    let part = |index: u64, factor: u64| usize::try_from(index * factor % parts as u64).unwrap();
    for index in 0..blobs {
        unmatched_pairs[part(index, 5)].record_first(taken(index, 100 + index));
        if index % 9 > 0 {
            unmatched_pairs[part(index, 7)].record_cached(taken(index, index));
        }
    }
    unmatched_pairs
}

fn merged(parts: impl IntoIterator<Item = UnmatchedPairs>) -> UnmatchedPairs {
    let mut whole = UnmatchedPairs::default();
    parts.into_iter().for_each(|part| whole.merge(part));
    whole
}

#[test]
fn both_reads_of_a_blob_match_wherever_they_were_recorded() {
    let pairs = merged(recorded(100, 3)).join();
    assert_eq!((pairs.seen(), pairs.iter().count()), (88, 88));
    for pair in pairs.iter() {
        let Pair { index, size, target, first, cached, .. } = *pair;
        assert!(index % 9 > 0 && size == index && target == 1);
        let millis = Duration::from_millis;
        assert_eq!((first, cached), (millis(100 + index), millis(index)), "{index}");
    }
}

#[test]
fn of_very_many_the_same_even_sample_matches_in_any_order() {
    let whole = merged(recorded(50_000, 1));
    let [a, b, c] = <[UnmatchedPairs; 3]>::try_from(recorded(50_000, 3)).unwrap();
    let left = merged([merged([a.clone(), b.clone()]), c.clone()]);
    let right = merged([c, merged([b, a])]);
    assert_eq!(left, whole);
    assert_eq!(right, whole);
    let pairs = whole.join();
    assert_eq!(pairs.seen(), 50_000 - 5_556);
    // Those whose cached read is missing leave about a ninth of the capacity empty.
    let kept = pairs.iter().count();
    assert!((3_500..=3_800).contains(&kept), "{kept}");
    let low = pairs.iter().filter(|pair| pair.index < 25_000).count();
    // An even split, within five standard deviations.
    assert!((kept / 2).abs_diff(low) < 160, "{low} of {kept}");
}

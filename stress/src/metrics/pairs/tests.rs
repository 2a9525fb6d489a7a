//! Pairs, held against samples and lines that are known.

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
    assert_eq!((pair.first, pair.cached), (Duration::from_millis(25), Duration::from_millis(25)));
    let parts = Parts { first_byte: Duration::from_millis(15), transfer: Duration::from_millis(10) };
    assert_eq!(pair.parts, Some([parts; 2]));
}

#[test]
fn what_the_generator_was_late_by_is_no_effect_of_a_cache() {
    let (mut late, cached) = (read(3_000, CacheEvidence::default()), read(4_000, CacheEvidence::default()));
    late.exchange.timing.due = Duration::ZERO;
    let pair = Pair::of(&ReadFact::of(&late).unwrap(), &ReadFact::of(&cached).unwrap(), None).unwrap();
    assert_eq!((pair.first, pair.cached), (Duration::from_millis(25), Duration::from_millis(25)));
}

#[test]
fn what_was_cached_before_its_first_read_or_did_not_succeed_is_no_pair() {
    let said = |cache_status| CacheEvidence { cache_status, ..CacheEvidence::default() };
    for (cache_status, kept) in [
        (CacheStatus::Hit, false),
        (CacheStatus::Stale, false),
        (CacheStatus::Miss, true),
        (CacheStatus::Bypass, true),
        (CacheStatus::Unknown, true),
    ] {
        assert_eq!(pair(said(cache_status), 1, said(CacheStatus::Hit)).is_some(), kept, "{cache_status:?}");
    }
    let failed = Sample { outcome: Outcome::Unfinished, ..read(0, said(CacheStatus::Miss)) };
    assert_eq!(ReadFact::of(&failed), None);
}

#[test]
fn dates_and_ages_tell_only_when_time_has_passed() {
    let told = |age, date| CacheEvidence { age, date, ..CacheEvidence::default() };
    for (first, apart, cached, expected) in [
        (told(None, Some(100)), 5_000, told(None, Some(100)), Freshness::Still),
        (told(None, Some(100)), 5_000, told(None, Some(105)), Freshness::Moving),
        (told(None, Some(100)), 1_900, told(None, Some(100)), Freshness::Unknown),
        (told(None, Some(100)), 5_000, told(Some(5), Some(105)), Freshness::Still),
        (told(Some(0), None), 5_400, told(Some(5), None), Freshness::Still),
        (told(Some(90), None), 5_000, told(Some(3), None), Freshness::Unknown),
        (told(None, None), 5_000, told(Some(0), None), Freshness::Unknown),
        (told(None, Some(100)), 5_000, told(None, Some(60)), Freshness::Unknown),
        (told(None, None), 60_000, told(None, None), Freshness::Unknown),
    ] {
        assert_eq!(pair(first, apart, cached).unwrap().standing, expected, "{first:?} {cached:?}");
    }
}

#[test]
fn lines_are_read_back_and_so_are_those_of_earlier_versions() {
    for line in ["7 1024 1 25 12 11 3 4 1 2 hit still", "7 1024 1 25 12 - - - - - unknown moving"] {
        assert_eq!(line.parse::<Pair>().unwrap().to_string(), line);
    }
    let old: Pair = "7 1024 1 25 12".parse().unwrap();
    assert_eq!((old.cached, old.third, old.parts), (Duration::from_nanos(12), None, None));
    for wrong in [
        "",
        "1 2 3 4",
        "7 1024 1 25 12 11",
        "7 1024 1 25 12 11 3 4 1 2 hit",
        "7 1024 1 25 12 x 3 4 1 2 hit still",
        "7 1024 1 25 12 11 3 4 1 2 HIT still",
        "-7 1024 1 25 12",
    ] {
        assert!(wrong.parse::<Pair>().unwrap_err().starts_with("not a pair (index"), "{wrong}");
    }
}

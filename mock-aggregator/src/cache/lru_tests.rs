//! The LRU cache, with times that the test chooses.

use super::*;

fn insert(lru: &Lru, key: &str, size: u64) -> u64 {
    insert_at(lru, key, size, 0, Ttls::default(), false)
}

fn insert_at(lru: &Lru, key: &str, size: u64, now_ms: u64, ttls: Ttls, replace: bool) -> u64 {
    lru.insert(key.to_owned(), Entry::new(None, now_ms), size, ttls, replace)
}

fn has(lru: &Lru, key: &str) -> bool {
    matches!(lru.get(key, 0), Lookup::Fresh(_))
}

/// What a lookup finds; an update that it begins ends at once.
fn state(lru: &Lru, now_ms: u64) -> &'static str {
    let found = lru.get("a", now_ms);
    lru.end_update("a");
    match found {
        Lookup::Absent => "absent",
        Lookup::Expired(_) => "expired",
        Lookup::Updating(_) => "updating",
        Lookup::Fresh(_) => "fresh",
    }
}

#[test]
fn the_least_recently_used_entry_is_evicted_first() {
    let lru = Lru::new(30);
    assert_eq!(["1", "2", "3"].map(|key| insert(&lru, key, 10)), [0, 0, 0]);
    assert!(has(&lru, "1"), "now 2 is the oldest");
    assert_eq!(insert(&lru, "4", 10), 1);
    assert_eq!(["1", "2", "3", "4"].map(|key| has(&lru, key)), [true, false, true, true]);
    assert_eq!(insert(&lru, "5", 25), 3);
    assert_eq!(["1", "3", "4", "5"].map(|key| has(&lru, key)), [false, false, false, true]);
}

#[test]
fn an_entry_larger_than_the_limit_is_not_kept() {
    let lru = Lru::new(30);
    insert(&lru, "1", 30);
    assert_eq!(insert(&lru, "2", 31), 0);
    assert!(has(&lru, "1") && !has(&lru, "2"));
    let none = Lru::new(0);
    insert(&none, "1", 0);
    assert!(!has(&none, "1"));
}

#[test]
fn an_entry_inserted_again_is_counted_once() {
    for replace in [false, true] {
        let lru = Lru::new(30);
        let inserts = [("1", 20), ("1", 20), ("2", 10)];
        let evicted = inserts.map(|(key, size)| insert_at(&lru, key, size, 0, Ttls::default(), replace));
        assert_eq!(evicted, [0, 0, 0]);
        assert!(has(&lru, "1") && has(&lru, "2"));
    }
}

#[test]
fn an_entry_is_served_between_its_fill_delay_and_its_ttl() {
    let ttls = Ttls { fill_delay_ms: 10, ttl_ms: Some(100), idle_ms: None };
    let lru = Lru::new(1);
    insert_at(&lru, "a", 1, 1000, ttls, false);
    insert_at(&lru, "a", 1, 1005, ttls, false);
    let times = [1000, 1009, 1010, 1099, 1100];
    assert_eq!(times.map(|now| state(&lru, now)), ["absent", "absent", "fresh", "fresh", "expired"]);
    insert_at(&lru, "a", 1, 1100, ttls, false);
    assert_eq!([1100, 1110, 1200].map(|now| state(&lru, now)), ["absent", "fresh", "expired"]);
}

#[test]
fn requests_extend_the_idle_time_but_not_the_ttl() {
    let ttls = Ttls { fill_delay_ms: 0, ttl_ms: Some(250), idle_ms: Some(100) };
    let lru = Lru::new(1);
    insert_at(&lru, "a", 1, 0, ttls, false);
    assert_eq!([99, 198, 249].map(|now| state(&lru, now)), ["fresh"; 3]);
    assert_eq!(state(&lru, 250), "expired", "by its TTL");
    insert_at(&lru, "a", 1, 300, ttls, false);
    assert_eq!(state(&lru, 400), "absent", "it was removed");
}

#[test]
fn a_fresh_entry_is_replaced_only_on_request() {
    let lru = Lru::new(9);
    let made = |lru: &Lru| match lru.get("a", 5) {
        Lookup::Fresh(entry) => entry.made_ms,
        _ => 99,
    };
    for (now, replace, expected) in [(1, false, 1), (2, false, 1), (3, true, 3)] {
        insert_at(&lru, "a", 1, now, Ttls::default(), replace);
        assert_eq!(made(&lru), expected);
    }
}

#[test]
fn an_expired_entry_is_updated_by_one_lookup_at_a_time() {
    let lru = Lru::new(1);
    let ttls = Ttls { ttl_ms: Some(100), ..Ttls::default() };
    insert_at(&lru, "a", 1, 0, ttls, false);
    assert!(matches!(lru.get("a", 100), Lookup::Expired(_)));
    assert!(matches!(lru.get("a", 100), Lookup::Updating(_)));
    lru.end_update("a");
    assert!(matches!(lru.get("a", 100), Lookup::Expired(_)));
    insert_at(&lru, "a", 1, 100, ttls, true);
    assert!(matches!(lru.get("a", 199), Lookup::Fresh(_)));
    assert!(matches!(lru.get("a", 200), Lookup::Expired(_)), "the new entry is not being updated yet");
}

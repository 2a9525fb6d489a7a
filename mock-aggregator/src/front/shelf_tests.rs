//! The shelf, with a time that the test decides.

use super::*;

fn fill(shelf: &Shelf, key: &str, size: u64) -> u64 {
    fill_at(shelf, key, size, 0, Terms::default(), false)
}

fn fill_at(shelf: &Shelf, key: &str, size: u64, now_ms: u64, terms: Terms, replace: bool) -> u64 {
    shelf.fill(key.to_owned(), Copy::new(None, None, now_ms), size, terms, replace)
}

fn has(shelf: &Shelf, key: &str) -> bool {
    matches!(shelf.look(key, 0), Found::Fresh(_))
}

fn found(shelf: &Shelf, now_ms: u64) -> &'static str {
    match shelf.look("a", now_ms) {
        Found::Nothing => "nothing",
        Found::Stale => "stale",
        Found::Fresh(_) => "fresh",
    }
}

#[test]
fn what_was_used_longest_ago_goes_first() {
    let shelf = Shelf::new(30);
    assert_eq!(["1", "2", "3"].map(|key| fill(&shelf, key, 10)), [0, 0, 0]);
    assert!(has(&shelf, "1"), "now 2 is the oldest");
    assert_eq!(fill(&shelf, "4", 10), 1);
    assert_eq!(["1", "2", "3", "4"].map(|key| has(&shelf, key)), [true, false, true, true]);
    assert_eq!(fill(&shelf, "5", 25), 3);
    assert_eq!(["1", "3", "4", "5"].map(|key| has(&shelf, key)), [false, false, false, true]);
}

#[test]
fn what_does_not_fit_is_not_taken() {
    let shelf = Shelf::new(30);
    fill(&shelf, "1", 30);
    assert_eq!(fill(&shelf, "2", 31), 0);
    assert!(has(&shelf, "1") && !has(&shelf, "2"));
    let none = Shelf::new(0);
    fill(&none, "1", 0);
    assert!(!has(&none, "1"));
}

#[test]
fn a_copy_counts_once_however_often_it_is_filled() {
    for replace in [false, true] {
        let shelf = Shelf::new(30);
        let fills = [("1", 20), ("1", 20), ("2", 10)];
        let gone = fills.map(|(key, size)| fill_at(&shelf, key, size, 0, Terms::default(), replace));
        assert_eq!(gone, [0, 0, 0]);
        assert!(has(&shelf, "1") && has(&shelf, "2"));
    }
}

#[test]
fn a_copy_comes_and_goes_in_its_time() {
    let terms = Terms { after_ms: 10, ttl_ms: Some(100), idle_ms: None };
    let shelf = Shelf::new(1);
    fill_at(&shelf, "a", 1, 1000, terms, false);
    fill_at(&shelf, "a", 1, 1005, terms, false);
    let times = [1000, 1009, 1010, 1099, 1100];
    assert_eq!(times.map(|now| found(&shelf, now)), ["nothing", "nothing", "fresh", "fresh", "stale"]);
    fill_at(&shelf, "a", 1, 1100, terms, false);
    assert_eq!([1100, 1110, 1200].map(|now| found(&shelf, now)), ["nothing", "fresh", "stale"]);
}

#[test]
fn a_copy_that_is_asked_for_stays() {
    let terms = Terms { after_ms: 0, ttl_ms: Some(250), idle_ms: Some(100) };
    let shelf = Shelf::new(1);
    fill_at(&shelf, "a", 1, 0, terms, false);
    assert_eq!([99, 198, 249].map(|now| found(&shelf, now)), ["fresh"; 3]);
    assert_eq!(found(&shelf, 250), "stale", "but not for ever");
    fill_at(&shelf, "a", 1, 300, terms, false);
    assert_eq!(found(&shelf, 400), "stale", "nobody asked");
}

#[test]
fn only_a_replacement_takes_the_place_of_a_fresh_copy() {
    let shelf = Shelf::new(9);
    let made = |shelf: &Shelf| match shelf.look("a", 5) {
        Found::Fresh(copy) => copy.made_ms,
        _ => 99,
    };
    for (now, replace, expected) in [(1, false, 1), (2, false, 1), (3, true, 3)] {
        fill_at(&shelf, "a", 1, now, Terms::default(), replace);
        assert_eq!(made(&shelf), expected);
    }
}

//! The evidence behind the cache's verdict: where the difference lies, and what headers claim against what times show.

use super::{
    markup::{Element, element, text},
    table::{cell, number, row, table},
};
use crate::{
    export::{terminal::caching, units},
    report::cache::{CacheEffect, Ratio, StatusCheck, StatusRow},
    sample::cache::CacheStatus,
};

/// What a ratio's table names: how many blobs, the median and its interval, and all of it in words.
const RATIO: [&str; 4] = ["blobs", "median ratio", "from", "to"];

/// The effect by part, by size, by aggregator, and of a third download, as far as the run has them.
pub(super) fn effects(cache: &CacheEffect) -> Vec<Element> {
    let part = |name: &str, ratio: Option<Ratio>, pointer: &str| {
        ratio.map(|ratio| effect(name, &ratio, &format!("/cache_effect/{pointer}")))
    };
    let mut rows: Vec<Element> = [
        part("first byte", cache.first_byte, "first_byte"),
        part("transfer", cache.transfer, "transfer"),
        part("second against third", cache.third, "second_to_third"),
    ]
    .into_iter()
    .flatten()
    .collect();
    rows.extend(cache.groups.iter().enumerate().map(|(position, group)| {
        effect(&caching::of(&group.key), &group.response, &format!("/cache_effect/groups/{position}"))
    }));
    let mut told: Vec<Element> =
        caching::late(cache).map(|late| text("p", late).class("late")).into_iter().collect();
    if !rows.is_empty() {
        told.push(worded("Where the difference lies", &with_words("", &RATIO, "in words"), rows));
    }
    told
}

/// What the headers said of cached downloads, against the times of the same blobs.
pub(super) fn cache_statuses(cache: &CacheEffect) -> Vec<Element> {
    let claimed = &cache.status;
    let rows: Vec<_> =
        claimed.rows.iter().enumerate().map(|(position, row)| said(claimed, row, position)).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let heads = ["downloads", "blobs timed", "median ratio", "from", "to"];
    let heads = with_words("headers cache_status", &heads, "what the times show");
    vec![worded("StatusCheck by headers, observed in times", &heads, rows), counts(claimed)]
}

fn said(claimed: &StatusCheck, one: &StatusRow, position: usize) -> Element {
    let pointer = format!("/cache_effect/claimed/rows/{position}");
    let name = if one.cache_status == CacheStatus::Unknown { "nothing" } else { one.cache_status.into() };
    let downloads = number(units::count(one.downloads), one.downloads, &format!("{pointer}/downloads"));
    let observed = match &one.observed {
        Some(observed) => ratio(observed, &format!("{pointer}/observed")),
        None => [(); 4].map(|()| cell(None)),
    };
    row(
        name,
        [cell(Some(downloads))].into_iter().chain(observed).chain([words(&caching::said(claimed, one).0)]),
    )
}

fn effect(name: &str, one: &Ratio, pointer: &str) -> Element {
    row(name, ratio(one, pointer).into_iter().chain([words(&one.brief())]))
}

/// The cells of a ratio.
fn ratio(ratio: &Ratio, pointer: &str) -> [Element; 4] {
    let (low, high) = ratio.interval.unzip();
    let shown = |value: Option<f64>, name: &str| {
        cell(value.map(|value| number(format!("{value:.2}"), value, &format!("{pointer}/{name}"))))
    };
    [
        cell(Some(number(units::count(ratio.pairs), ratio.pairs, &format!("{pointer}/pairs")))),
        shown(Some(ratio.median), "ratio"),
        shown(low, "ratio_interval_95/0"),
        shown(high, "ratio_interval_95/1"),
    ]
}

/// First downloads that were none, and what `Date` and `Age` prove.
fn counts(claimed: &StatusCheck) -> Element {
    let count = |name: &str, count: u64, pointer: &str| {
        let shown = number(units::count(count), count, &format!("/cache_effect/claimed/{pointer}"));
        row(name, [cell(Some(shown))])
    };
    let rows = [
        count("first downloads", claimed.firsts, "first_downloads"),
        count(
            "of them from a cache already: left out",
            claimed.contaminated,
            "first_downloads_already_cached",
        ),
        count("the same copy twice, as Date or Age prove", claimed.same_copy, "pairs_of_the_same_copy"),
        count("dated anew", claimed.dated_anew, "pairs_dated_anew"),
    ];
    table("What else the headers tell", &[String::new(), "blobs".to_owned()], rows)
}

fn with_words(first: &str, numbers: &[&str], last: &str) -> Vec<String> {
    [first].iter().chain(numbers).chain(&[last]).map(|&head| head.to_owned()).collect()
}

/// A table whose last column is words.
fn worded(caption: &str, heads: &[String], rows: Vec<Element>) -> Element {
    element("div").class("told").with(table(caption, heads, rows))
}

fn words(words: &str) -> Element {
    text("td", words).class("words")
}

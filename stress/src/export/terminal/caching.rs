//! What the cache buys and what its headers say, in a few lines.

use super::closing::Fact;
use crate::{
    export::{
        palette::{Style, clean},
        units,
        words::bounded,
    },
    report::cache::{CacheEffect, Effect, Finding, Group, GroupKey, StatusCheck, StatusRow},
    sample::cache::CacheStatus,
};

pub(super) fn facts(cache: &CacheEffect) -> Vec<Fact> {
    let ink = match cache.effect {
        Effect::Faster => Style::Cached,
        Effect::Slower => Style::Error,
        Effect::NoDifference | Effect::TooFew => Style::Existing,
    };
    let more = |text: String, ink| Fact { label: "", text, ink };
    let mut facts = vec![Fact { label: "cache", text: cache.sentence(), ink }];
    facts.extend([medians(cache), parts(cache)].into_iter().flatten().map(|text| more(text, Style::Normal)));
    facts.extend(cache.groups.iter().map(|one| more(group(one), Style::Normal)));
    facts.extend(cache.control.map(|control| more(control.words(), Style::Normal)));
    facts.extend(late(cache).map(|text| more(text, Style::Existing)));
    facts.extend(extremes(cache).map(|text| more(text, Style::Cached)));
    let labels = ["headers"].into_iter().chain(std::iter::repeat(""));
    facts.extend(headers(&cache.status).into_iter().zip(labels).map(|((text, ink), label)| Fact {
        label,
        text,
        ink,
    }));
    facts
}

fn medians(cache: &CacheEffect) -> Option<String> {
    let (first, cached) = (units::duration(cache.median_first?), units::duration(cache.median_cached?));
    let pairs = units::counted(cache.pairs, "blob");
    let of = if cache.pairs < cache.pairs_seen {
        format!("an even sample of {pairs} out of {}", units::count(cache.pairs_seen))
    } else {
        pairs
    };
    Some(format!("median first {first}, cached {cached}, of {of} read twice"))
}

/// Where the difference lies, when there is one.
fn parts(cache: &CacheEffect) -> Option<String> {
    let told = matches!(cache.effect, Effect::Faster | Effect::Slower);
    let (first_byte, transfer) = (cache.first_byte?, cache.transfer);
    let transfer = transfer.map(|transfer| format!("; transfer {}", transfer.brief())).unwrap_or_default();
    told.then(|| format!("first byte {}{transfer}", first_byte.brief()))
}

fn group(group: &Group) -> String {
    format!("{}: {}", of(&group.key), group.response.words())
}

/// What the pairs of a group have in common.
pub(in crate::export) fn of(of: &GroupKey) -> String {
    match of {
        GroupKey::Sizes(from, below) => format!("{} to {}", units::bytes(*from), units::bytes(*below)),
        GroupKey::Aggregator(address) => clean(address),
    }
}

/// What third downloads show.
pub(in crate::export) fn late(cache: &CacheEffect) -> Option<String> {
    let late = cache.fills_late()?;
    Some(format!("the cache fills late: a third download is {} than the second", late.words()))
}

fn extremes(cache: &CacheEffect) -> Option<String> {
    let (shortest, longest) = (bounded(cache.shortest_cached?), bounded(cache.longest_cached?));
    Some(format!("shortest download from cache {shortest}, longest {longest}"))
}

/// What the headers claim, against what the times show.
fn headers(claimed: &StatusCheck) -> Vec<(String, Style)> {
    let mut lines: Vec<_> = claimed.rows.iter().map(|row| said(claimed, row)).collect();
    if claimed.contaminated > 0 {
        let (before, firsts) =
            (units::count(claimed.contaminated), units::counted(claimed.firsts, "first download"));
        lines.push((format!("{before} of {firsts} came from a cache already: left out"), Style::Existing));
    }
    if claimed.same_copy > 0 {
        let pairs = units::counted(claimed.same_copy, "blob");
        lines.push((format!("Date or Age prove the same copy twice for {pairs}"), Style::Normal));
    }
    lines
}

/// What was said of some cached downloads, and what their times say to it.
pub(in crate::export) fn said(claimed: &StatusCheck, row: &StatusRow) -> (String, Style) {
    let status_headers: Vec<_> = claimed.status_headers.keys().map(ToString::to_string).collect();
    let (count, of) = (units::count(row.downloads), units::counted(claimed.cached, "cached download"));
    let cache_status = match row.cache_status {
        CacheStatus::Unknown if claimed.status_headers.is_empty() => "no header tells of a cache".to_owned(),
        CacheStatus::Unknown => format!("nothing is said of {count} of {of}"),
        cache_status => {
            format!("{cache_status} of {count} of {of} ({})", status_headers.join(", "))
        }
    };
    let observed = row.observed.map(|observed| observed.words()).unwrap_or_default();
    let (finding, ink) = match row.finding {
        Finding::Unknown if row.cache_status == CacheStatus::Unknown => (String::new(), Style::Normal),
        Finding::Unknown => (", too few to check by their times".to_owned(), Style::Normal),
        Finding::Consistent if row.cache_status == CacheStatus::Unknown => {
            (", nor do the times".to_owned(), Style::Normal)
        }
        Finding::Consistent => (", and the times agree".to_owned(), Style::Normal),
        Finding::HitsNoFaster => (
            format!(", but they are {observed}: the header is wrong, or its cache buys nothing"),
            Style::Error,
        ),
        Finding::MissesFaster => {
            (format!(", but they are {observed}: something caches without saying so"), Style::Existing)
        }
        Finding::SilentFaster => (", but the times do".to_owned(), Style::Normal),
    };
    (format!("{cache_status}{finding}"), ink)
}

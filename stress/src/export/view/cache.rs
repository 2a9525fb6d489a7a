//! What the cache saves, and whether its response headers agree with the times.

use std::time::Duration;

use super::document::{Cell, Row, Section, Shown, Table};
use crate::{
    export::style::{Style, clean},
    report::cache::{CacheEffect, Effect, Finding, GroupKey, Ratio, StatusCheck, StatusRow},
    sample::cache::CacheStatus,
    units,
};

pub(super) fn section(cache: &CacheEffect) -> Section {
    let tables = vec![
        Table::facts(facts(cache)),
        numbers(cache),
        effects(cache),
        statuses(&cache.status),
        copies(&cache.status),
    ];
    Section::new("cache", "Cache", tables)
}

/// The medians, what to know of them, and the extremes.
fn facts(cache: &CacheEffect) -> Vec<Row> {
    let medians = cache.median_first.zip(cache.median_cached).map(|(first, cached)| {
        let pairs = units::counted(cache.pairs, "blob");
        let pairs = if cache.pairs < cache.pairs_seen {
            format!("a uniform sample of {pairs} out of {}", units::count(cache.pairs_seen))
        } else {
            pairs
        };
        let (first, cached) = (units::duration(first), units::duration(cached));
        format!("median first download {first}, cached {cached}, of {pairs}")
    });
    let late = cache.fills_late();
    let late = late.map(|late| format!("fills late: third downloads are {} than second ones", late.words()));
    let mixed = cache.status.mixture.and(cache.response);
    let mixed = mixed.map(|all| {
        format!(
            "all cached downloads together, {}, are a mixture of hits and others: that is neither's effect",
            all.words()
        )
    });
    let extremes = cache.shortest_cached.filter(|_| cache.effect != Effect::NoDifference);
    let extremes = extremes.zip(cache.longest_cached).map(|(shortest, longest)| {
        let (shortest, longest) = (units::duration(shortest), units::duration(longest));
        format!("cached downloads took {shortest} to {longest}")
    });
    let control = cache.control.map(|control| control.words());
    [
        (medians, Style::Normal),
        (mixed, Style::Attention),
        (control, Style::Normal),
        (late, Style::Attention),
        (extremes, Style::Normal),
    ]
    .into_iter()
    .filter_map(|(text, style)| Some(Row::fact("cache", style, text?)))
    .collect()
}

/// The effect blob by blob.
fn numbers(cache: &CacheEffect) -> Table {
    let pointer = |name: &str| format!("/cache_effect/{name}");
    let row = |label: &str, number: Option<(String, f64)>, name: &str| {
        Row::new(label, vec![Cell::number(number, &pointer(name))])
    };
    let time = |time: Option<Duration>| time.map(|time| (units::duration(time), time.as_secs_f64()));
    let ratio = |ratio: Option<f64>| ratio.map(|ratio| (format!("{ratio:.2}"), ratio));
    let (low, high) = cache.interval().unzip();
    let pairs = (units::count(cache.pairs_seen), cache.pairs_seen as f64);
    let rows = vec![
        row("blobs downloaded twice", Some(pairs), "pairs_seen"),
        row("median first download", time(cache.median_first), "median_first_seconds"),
        row("median cached download", time(cache.median_cached), "median_cached_seconds"),
        row("median of first ÷ cached", ratio(cache.ratio()), "response/ratio"),
        row("95 % interval, from", ratio(low), "response/ratio_interval_95/0"),
        row("to", ratio(high), "response/ratio_interval_95/1"),
    ];
    Table::new("Blob by blob", &["", "measured"], rows).only(Shown::Page)
}

/// The effect by part of the time, by size and by aggregator, as far as the run has them.
fn effects(cache: &CacheEffect) -> Table {
    let is_effect = matches!(cache.effect, Effect::Faster | Effect::Slower);
    let shown = |shown: bool| if shown { Shown::Everywhere } else { Shown::Page };
    let row = |label: &str, ratio: &Ratio, pointer: &str, is_shown: bool| {
        let cells = self::ratio(Some(ratio), &format!("/cache_effect/{pointer}"));
        let sentence = format!("{label}: {}", ratio.brief());
        Row::new(label, cells).says(Style::Normal, sentence).only(shown(is_shown))
    };
    let parts = [
        ("first byte", cache.first_byte, "first_byte", is_effect),
        ("transfer", cache.transfer, "transfer", is_effect),
        ("second against third", cache.third, "second_to_third", false),
    ];
    let parts = parts
        .into_iter()
        .filter_map(|(label, ratio, pointer, is_shown)| Some(row(label, ratio.as_ref()?, pointer, is_shown)));
    let groups = cache.groups.iter().enumerate().map(|(position, group)| {
        let label = match &group.key {
            GroupKey::Sizes { from_bytes, below_bytes } => {
                format!("{} to {}", units::bytes(*from_bytes), units::bytes(*below_bytes))
            }
            GroupKey::Aggregator { aggregator } => clean(aggregator),
        };
        row(&label, &group.response, &format!("groups/{position}"), true)
    });
    let heads = ["", "blobs", "median ratio", "from", "to", "in words"];
    Table::new("Where the difference lies", &heads, parts.chain(groups).collect()).labelled("breakdown")
}

/// The cells of a ratio: of how many blobs, its median, and its interval.
fn ratio(ratio: Option<&Ratio>, pointer: &str) -> Vec<Cell> {
    let (low, high) = ratio.and_then(|ratio| ratio.interval).unzip();
    let factor = |value: Option<f64>, name: &str| {
        Cell::number(value.map(|value| (format!("{value:.2}"), value)), &format!("{pointer}/{name}"))
    };
    let pairs = ratio.map(|ratio| (units::count(ratio.pairs), ratio.pairs as f64));
    vec![
        Cell::number(pairs, &format!("{pointer}/pairs")),
        factor(ratio.map(|ratio| ratio.median), "ratio"),
        factor(low, "ratio_interval_95/0"),
        factor(high, "ratio_interval_95/1"),
    ]
}

/// The cache status of cached downloads by their headers, and whether their times agree.
fn statuses(check: &StatusCheck) -> Table {
    let rows = check.rows.iter().enumerate().map(|(position, row)| {
        let pointer = format!("/cache_effect/status/rows/{position}");
        let unknown = row.cache_status == CacheStatus::Unknown;
        let name = if unknown { "no status" } else { row.cache_status.into() };
        let downloads = (units::count(row.downloads), row.downloads as f64);
        let mut cells = vec![Cell::number(Some(downloads), &format!("{pointer}/downloads"))];
        cells.extend(ratio(row.observed.as_ref(), &format!("{pointer}/observed")));
        let (text, style) = status(check, row);
        Row::new(name, cells).says(style, text)
    });
    let heads = ["status", "downloads", "blobs timed", "median ratio", "from", "to", "do the times agree?"];
    let caption = "Cached downloads by the cache status in their response headers";
    Table::new(caption, &heads, rows.collect()).labelled("headers")
}

/// `X-Cache-Status: hit for 40 of 40 cached downloads, and the times agree`.
pub(super) fn status(check: &StatusCheck, row: &StatusRow) -> (String, Style) {
    let headers: Vec<_> = check.status_headers.keys().map(ToString::to_string).collect();
    let (count, of) = (units::count(row.downloads), units::counted(check.cached, "cached download"));
    let is_unknown = row.cache_status == CacheStatus::Unknown;
    let status = match row.cache_status {
        CacheStatus::Unknown if headers.is_empty() => "no response header names a cache".to_owned(),
        CacheStatus::Unknown => format!("no cache status for {count} of {of}"),
        cache_status => format!("{}: {cache_status} for {count} of {of}", headers.join(", ")),
    };
    let observed = row.observed.map(|observed| observed.words()).unwrap_or_default();
    let (finding, style) = match row.finding {
        Finding::Unknown if is_unknown => (String::new(), Style::Normal),
        Finding::Unknown => (", too few to check by their times".to_owned(), Style::Normal),
        Finding::Consistent if is_unknown => (", and the times show none".to_owned(), Style::Normal),
        Finding::Consistent => (", and the times agree".to_owned(), Style::Normal),
        Finding::HitsNoFaster => (
            format!(", but they are {observed}: the header is wrong, or this cache saves no time"),
            Style::Bad,
        ),
        Finding::MissesFaster => {
            (format!(", but they are {observed}: a cache answers without saying so"), Style::Attention)
        }
        Finding::SilentFaster => (", but the times show one".to_owned(), Style::Normal),
    };
    (format!("{status}{finding}"), style)
}

/// First downloads that were already cached, and what `Date` and `Age` show of the others.
fn copies(check: &StatusCheck) -> Table {
    if check.rows.is_empty() {
        return Table::default();
    }
    let row = |label: &str, count: u64, name: &str| {
        let number = Some((units::count(count), count as f64));
        let cell = Cell::number(number, &format!("/cache_effect/status/{name}"));
        Row::new(label, vec![cell])
    };
    let shown = |any: bool| if any { Shown::Everywhere } else { Shown::Page };
    let (firsts, contaminated) = (units::counted(check.firsts, "first download"), check.contaminated);
    let excluded = format!("{} of {firsts} were already cached and are excluded", units::count(contaminated));
    let same =
        format!("Date and Age show one stored copy twice for {}", units::counted(check.same_copy, "blob"));
    let rows = vec![
        row("first downloads", check.firsts, "first_downloads").only(Shown::Page),
        row("of them already cached, excluded", contaminated, "first_downloads_already_cached")
            .says(Style::Attention, excluded)
            .only(shown(contaminated > 0)),
        row("the same copy twice, by Date or Age", check.same_copy, "pairs_of_the_same_copy")
            .says(Style::Normal, same)
            .only(shown(check.same_copy > 0)),
        row("newly dated", check.dated_anew, "pairs_dated_anew").only(Shown::Page),
    ];
    Table::new("What else the headers show", &["", "blobs"], rows).labelled("headers")
}

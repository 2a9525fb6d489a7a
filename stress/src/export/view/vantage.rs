//! Vantage points beside each other: who waits how long for the same blobs, and what their caches do.

use super::{
    cache, describe,
    document::{Cell, Row, Section, Table},
    read_times::{self, seconds},
};
use crate::{
    export::style::Style,
    report::{
        cache::{CacheEffect, Effect},
        operators::ReadTimes,
        vantage::{VantagePoint, VantageSummary},
    },
    units,
};

/// Who is the fastest, or who cannot be distinguished from them.
pub(super) fn answer(vantages: &VantageSummary) -> Row {
    let all = vantages.points.len();
    let best: Vec<_> = vantages.points.iter().filter(|point| point.rank == Some(1)).collect();
    let (style, sentence) = match best[..] {
        [] => (Style::Bad, format!("none of {all} vantage points read a blob twice")),
        [best] if all == 1 => (Style::Attention, format!("{} alone: there is nothing to compare", best.name)),
        [best] => {
            let first = best.first.map(|first| format!(": median {}", in_words(first))).unwrap_or_default();
            (
                Style::Good,
                format!("{} is the fastest of {all} vantage points at first reads{first}", best.name),
            )
        }
        _ => {
            let names: Vec<_> = best.iter().map(|point| point.name.as_str()).collect();
            let is_best = |name: &str| names.contains(&name);
            let tied =
                vantages.comparisons.iter().filter(|one| is_best(one.a.as_str()) && is_best(one.b.as_str()));
            let tell = tied.clone().filter_map(|one| one.blobs_needed).min();
            let tell = tell.map(|needed| format!("; about {} would tell", units::count(needed)));
            let blobs = tied.map(|one| one.blobs).max().unwrap_or(0);
            let sentence = format!(
                "{} cannot be distinguished with {}{}",
                names.join(", "),
                units::counted(blobs as u64, "blob"),
                tell.unwrap_or_default()
            );
            (Style::Good, sentence)
        }
    };
    Row::fact("vantage", style, sentence)
}

pub(super) fn section(vantages: &VantageSummary) -> Section {
    let note = "Equal ranks cannot be distinguished. first: median time of a blob's first read from there; cached: of the read \
                right after it. As far as they kept step, each read about as many of the blobs before the others as any other. \
                All other numbers of this report are sums over the vantage points.";
    let table = Table { note: Some(note.to_owned()), ..ranking(vantages) };
    Section::new("vantage", "Vantage points", vec![table, evidence(vantages)])
}

fn ranking(vantages: &VantageSummary) -> Table {
    let rows = vantages.points.iter().enumerate().map(|(position, point)| {
        let pointer = |name: &str| format!("/vantage_points/points/{position}/{name}");
        let shared = vantages.points.iter().filter(|other| other.rank == point.rank).count() > 1;
        let rank = point.rank.map(|rank| (format!("{}{rank}", if shared { "=" } else { "" }), rank as f64));
        let read = (format!("{}/{}", point.done, point.attempted), point.done as f64);
        let style = if point.failed() == 0 { Style::Normal } else { Style::Bad };
        let mut cells = vec![
            Cell::number(rank, &pointer("rank")),
            Cell { style, ..Cell::number(Some(read), &pointer("done")) },
        ];
        cells.extend(read_times::cells(point.first, &pointer("first")));
        cells.extend(read_times::cells(point.cached, &pointer("cached")).into_iter().take(1));
        cells.push(point.cache_effect.as_ref().map_or_else(Cell::default, factor));
        Row::new(point.name.as_str(), cells)
    });
    let heads = ["vantage point", "rank", "read", "first", "95 % interval", "cached", "cache"];
    Table::new("Vantage points by their first reads of the same blobs", &heads, rows.collect())
}

/// How many times faster cached reads are, where there is an effect.
fn factor(cache: &CacheEffect) -> Cell {
    match (cache.effect, cache.ratio()) {
        (Effect::Faster | Effect::Slower, Some(ratio)) => Cell::text(Style::Normal, format!("{ratio:.1}×")),
        (Effect::NoDifference, _) => Cell::text(Style::Normal, "none"),
        _ => Cell::text(Style::Faint, "unclear"),
    }
}

/// What failed at each of them, and what its cache did.
fn evidence(vantages: &VantageSummary) -> Table {
    let rows = vantages.points.iter().flat_map(|point: &VantagePoint| {
        let fact = |style, text: String| Row::fact(point.name.as_str(), style, text);
        let failures = point.steps.iter().flat_map(|step| {
            let failed = step.failures.iter().map(|failure| describe::failures(step, failure, false));
            failed.collect::<Vec<_>>()
        });
        let failures = failures.map(move |text| fact(Style::Bad, text));
        let effect = point.cache_effect.iter().flat_map(move |cache| {
            let headers = cache.status.rows.iter().map(|row| cache::status(&cache.status, row));
            let headers = headers.map(|(text, style)| fact(style, text)).collect::<Vec<_>>();
            [fact(Style::Normal, cache.sentence())].into_iter().chain(headers)
        });
        failures.chain(effect).collect::<Vec<_>>()
    });
    Table::facts(rows.collect())
}

fn in_words(ReadTimes { median, interval }: ReadTimes) -> String {
    match interval {
        Some((low, high)) => format!("{} ({}–{})", seconds(median), seconds(low), seconds(high)),
        None => seconds(median),
    }
}

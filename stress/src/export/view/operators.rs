//! What is shown of a comparison of operators: the answer, the ranking with its ties, and the evidence for each.

use super::{
    document::{Cell, Document, Order, Row, Section, Shown, Table},
    read_times,
};
use crate::{
    export::style::{Style, clean, clip},
    plan::operators::Blobs,
    report::{
        cache::{Finding, Ratio},
        operators::{OperatorRow, OperatorsReport},
    },
    sample::cache::CacheStatus,
    units,
};

/// The most columns of a name beside the numbers of the ranking.
const NAME: usize = 20;
/// How many pairs without a difference a terminal names.
const TIES: usize = 5;

/// The document of `report`.
pub(in crate::export) fn document(report: &OperatorsReport) -> Document {
    let any = report.operators.iter().any(|row| row.delivered > 0);
    let style = if any { Style::Good } else { Style::Bad };
    let sections = vec![
        Section::new("ranking", "Ranking", vec![ranking(report)]),
        Section::new("evidence", "Evidence", vec![evidence(report), failures(report)]),
        Section::new("ties", "What cannot be distinguished", vec![ties(report)]),
        Section::new("measured", "How it was measured", vec![measured(report)]),
    ];
    let answer = Cell::text(style, clean(&report.answer));
    Document {
        title: "walrus-stress operators",
        answer,
        summary: warnings(report),
        sections,
        ..Document::default()
    }
}

/// What belongs to the answer: who delivered wrong bytes or nothing, and what was never read.
fn warnings(report: &OperatorsReport) -> Table {
    let named = |wanted: fn(&&OperatorRow) -> bool| {
        report.operators.iter().filter(wanted).map(|row| clean(&row.name)).collect::<Vec<_>>().join(", ")
    };
    let rows = [
        ("wrong bytes", Style::Bad, named(|row| row.corrupt > 0)),
        ("no blob", Style::Attention, named(|row| row.delivered == 0)),
        ("disagreement", Style::Attention, report.disputed.join(", ")),
    ];
    let rows = rows.into_iter().filter(|(_, _, names)| !names.is_empty());
    Table::facts(rows.map(|(label, style, names)| Row::fact(label, style, names)).collect())
}

/// One line for each operator, by rank.
fn ranking(report: &OperatorsReport) -> Table {
    let rows = report.operators.iter().enumerate().map(|(position, row)| {
        let pointer = |name: &str| format!("/operators/{position}/{name}");
        let rank = row.rank.map(|rank| (rank_words(report, rank), rank as f64));
        let delivered = (format!("{}/{}", row.delivered, row.asked), row.delivered as f64);
        let is_whole = row.delivered == row.asked && row.left_out == 0 && row.asked > 0;
        let style = if is_whole { Style::Normal } else { Style::Bad };
        let mut cells = vec![
            Cell::number(rank, &pointer("rank")),
            Cell { style, ..Cell::number(Some(delivered), &pointer("delivered")) },
        ];
        cells.extend(read_times::cells(row.first, &pointer("first")));
        cells.extend(read_times::cells(row.cached, &pointer("cached")).into_iter().take(1));
        cells.push(cache(row));
        Row::new(clip(&clean(&row.name), NAME), cells)
    });
    let heads = ["operator", "rank", "read", "first", "95 % interval", "cached", "cache"];
    let note = "Equal ranks cannot be distinguished. first: median time of a blob's first read; cached: of the read \
                right after it; read: reads that delivered the blob.";
    let note = Some(note.to_owned());
    let orders = ORDERS.map(|(name, key)| Order { name, places: places(&report.operators, key) }).into();
    Table { note, orders, ..Table::new("Aggregators by rank", &heads, rows.collect()) }
}

/// What operators are sorted by.
type Key = fn(&OperatorRow) -> f64;

/// What the ranking can be sorted by besides the rank: the least first, and last what has no such number.
const ORDERS: [(&str, Key); 3] = [
    ("first", |row| row.first.map_or(f64::INFINITY, |times| times.median)),
    ("cached", |row| row.cached.map_or(f64::INFINITY, |times| times.median)),
    ("availability", |row| row.availability.map_or(f64::INFINITY, |share| -share)),
];

/// The place of each operator in the order of `key`.
fn places(operators: &[OperatorRow], key: Key) -> Vec<usize> {
    let mut order: Vec<usize> = (0..operators.len()).collect();
    order.sort_by(|&a, &b| key(&operators[a]).total_cmp(&key(&operators[b])));
    let mut places = vec![0; order.len()];
    order.into_iter().enumerate().for_each(|(place, row)| places[row] = place);
    places
}

/// `1`, or `=1` where several share it.
fn rank_words(report: &OperatorsReport, rank: usize) -> String {
    let shared = report.operators.iter().filter(|row| row.rank == Some(rank)).count() > 1;
    if shared { format!("={rank}") } else { rank.to_string() }
}

/// Whether the times show a cache.
fn cache(row: &OperatorRow) -> Cell {
    match (row.has_cache(), row.cache_effect) {
        (Some(true), Some(effect)) => Cell::text(Style::Good, format!("{}×", effect.times())),
        (Some(_), _) => Cell::text(Style::Normal, "none"),
        (None, _) => Cell::text(Style::Faint, "unclear"),
    }
}

/// What headers, times and probes show of each operator.
fn evidence(report: &OperatorsReport) -> Table {
    let rows = report.operators.iter().filter(|row| row.delivered > 0).map(|row| {
        let (headers, style) = headers(row);
        let offers = offers(row);
        let cells = vec![
            Cell::text(Style::Normal, clean(&row.url)),
            Cell::text(style, &headers),
            Cell::text(Style::Normal, &offers),
        ];
        Row::new(clean(&row.name), cells).says(style, format!("{headers}; {offers}"))
    });
    let heads = ["operator", "address", "cache", "offers"];
    Table::new("What headers, times and probes show", &heads, rows.collect())
}

/// The statuses of the cached reads, each with whether the times agree.
fn headers(row: &OperatorRow) -> (String, Style) {
    let names: Vec<_> = row.status_headers.keys().map(ToString::to_string).collect();
    let mut style = Style::Normal;
    let mut parts: Vec<String> = Vec::new();
    for status in &row.cache_statuses {
        let words = match status.cache_status {
            CacheStatus::Unknown if names.is_empty() => "no header names a cache".to_owned(),
            CacheStatus::Unknown => format!("no status for {}", status.downloads),
            known => format!("{}: {known} for {}", names.join(", "), status.downloads),
        };
        let finding = match status.finding {
            Finding::Consistent => "",
            Finding::Unknown => " (too few to check by the times)",
            Finding::HitsNoFaster => " (but these are no faster than first reads)",
            Finding::MissesFaster | Finding::SilentFaster => " (but the times show one)",
        };
        match status.finding {
            Finding::HitsNoFaster => style = Style::Bad,
            Finding::MissesFaster if style == Style::Normal => style = Style::Attention,
            _ => {}
        }
        parts.push(format!("{words}{finding}"));
    }
    if row.first_hits > 0 {
        style = if style == Style::Bad { style } else { Style::Attention };
        parts.push(format!("{} first reads were hits already", row.first_hits));
    }
    (parts.join(", "), style)
}

fn offers(row: &OperatorRow) -> String {
    let Some(offers) = &row.offers else { return "not probed".to_owned() };
    let word = |what: &str, has: Option<bool>| match has {
        Some(true) => what.to_owned(),
        Some(false) => format!("no {what}"),
        None => format!("{what} unknown"),
    };
    let protocols = offers.protocols.as_ref().map_or("HTTP version unknown".to_owned(), |protocols| {
        let names: Vec<&str> = protocols.iter().map(|protocol| protocol.into()).collect();
        format!("HTTP {}", names.join(", "))
    });
    format!("{}, {}, {protocols}", word("CORS", offers.cors), word("ranges", offers.range))
}

/// What failed, operator by operator.
fn failures(report: &OperatorsReport) -> Table {
    let failed = report.operators.iter().filter(|row| !row.failures.is_empty() || row.left_out > 0);
    let rows = failed.map(|row| {
        let classes = row.failures.iter().map(|one| format!("{} {}", one.count, one.class));
        let left_out = (row.left_out > 0).then(|| format!("{} left out", row.left_out));
        let classes: Vec<String> = classes.chain(left_out).collect();
        let example =
            row.failures.first().map(|one| format!(": {}", clean(&one.example))).unwrap_or_default();
        Row::new(clean(&row.name), vec![Cell::text(Style::Normal, classes.join(", "))])
            .says(Style::Bad, format!("{}{example}", classes.join(", ")))
    });
    Table::new("Reads that failed", &["operator", "failed", "for example"], rows.collect())
}

/// Pairs that cannot be distinguished, those first that the fewest blobs would distinguish.
fn ties(report: &OperatorsReport) -> Table {
    let mut ties: Vec<_> = report.comparisons.iter().filter(|one| !one.differs && one.blobs > 0).collect();
    ties.sort_by_key(|one| one.blobs_needed.unwrap_or(u64::MAX));
    let count = ties.len();
    let rows = ties.into_iter().enumerate().map(|(position, one)| {
        let (a, b) = (clean(&one.a.name), clean(&one.b.name));
        let needed = match one.blobs_needed {
            Some(needed) => format!("about {} would tell", units::count(needed)),
            None => "and hardly with more".to_owned(),
        };
        let sentence = format!("{a} and {b} cannot be distinguished with {} blobs; {needed}", one.blobs);
        let shown = if position < TIES { Shown::Everywhere } else { Shown::Page };
        Row::fact("tied", Style::Normal, sentence).only(shown)
    });
    let mut rows: Vec<Row> = rows.collect();
    if count > TIES {
        let more = units::counted((count - TIES) as u64, "more pair");
        rows.push(Row::fact("tied", Style::Normal, format!("and {more}")).only(Shown::Terminal));
    }
    Table::facts(rows)
}

/// `1.80 times as long (1.20–2.60, n = 20)`.
fn first_reader(effect: &Ratio) -> String {
    let basis = effect.basis();
    match effect.interval {
        Some((low, high)) if low > 1.0 || high < 1.0 => {
            format!(
                "{} times as long ({low:.2}–{high:.2}, {basis}), taken out of the ranking",
                effect.times()
            )
        }
        Some((low, high)) => format!("no difference seen ({low:.2}–{high:.2}, {basis})"),
        None => format!("not enough data ({basis})"),
    }
}

/// Where the numbers come from, and what they do not show.
fn measured(report: &OperatorsReport) -> Table {
    let plan = &report.plan;
    let fact = |label: &str, text: String| Row::fact(label, Style::Normal, text);
    let blobs = match &plan.blobs {
        Blobs::Made { size_bytes, .. } => {
            let failed = match report.uploads_failed {
                0 => String::new(),
                failed => format!("; {failed} uploads failed"),
            };
            format!("{} new ones of {}{failed}", report.blobs, units::bytes(*size_bytes))
        }
        Blobs::Listed { .. } => {
            format!("{} listed ones, compared with what most operators delivered", report.blobs)
        }
    };
    let mut rows = vec![
        fact(
            "run",
            format!("started {}, took {}", clean(&report.started_at), units::duration(report.elapsed)),
        ),
        fact("blobs", blobs),
    ];
    rows.extend(report.cost_frost.map(|frost| fact("cost", units::wal(frost))));
    let is_whole = report.blobs.is_multiple_of(report.operators.len().max(1));
    let equally = if is_whole { "equally often" } else { "about equally often" };
    let order = format!("each blob was read by one operator after the other, each operator first {equally}");
    rows.push(fact("order", order));
    if let Some(effect) = report.first_reader {
        rows.push(fact(
            "first reader",
            format!("a blob's first reader against the later ones: {}", first_reader(&effect)),
        ));
    }
    rows.push(fact(
        "place",
        match &plan.vantage {
            Some(name) => format!("measured from {name} alone: elsewhere the order may be another"),
            None => "measured from this machine alone: elsewhere the order may be another".to_owned(),
        },
    ));
    let url = |target: &crate::plan::target::Target| target.to_string();
    rows.extend(plan.publisher.as_ref().map(|publisher| fact("publisher", url(publisher))));
    rows.push(fact("seed", format!("--seed {} gives the same order again", plan.seed)));
    Table::facts(rows)
}

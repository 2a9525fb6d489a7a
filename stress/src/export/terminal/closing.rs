//! The end of the summary: bytes, uploads, cache and connections in words, how to repeat, and the verdict.

use super::{caching, costs, labelled};
use crate::{
    export::{
        palette::{Palette, Style, wrap},
        units, words,
    },
    report::{
        Report,
        stats::Percentile,
        summary::{ArrivalSummary, ConnectionSummary, Summary, Uploads},
    },
    sample::StoredKind,
};

/// What is told of a run besides its steps.
pub(in crate::export) struct Fact {
    pub(in crate::export) label: &'static str,
    pub(in crate::export) text: String,
    pub(super) ink: Style,
}

pub(super) fn lines(report: &Report, summary: &Summary, palette: Palette) -> Vec<String> {
    let facts = facts(report, summary);
    facts.iter().flat_map(|fact| labelled(fact.label, &fact.text, fact.ink, palette)).collect()
}

/// The facts in the order in which they are told; one without a label goes on with the one before it.
pub(in crate::export) fn facts(report: &Report, summary: &Summary) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut fact = |label, text: &str, ink| facts.push(Fact { label, text: text.to_owned(), ink });
    if let Some(uploads) = &summary.uploads {
        fact("uploads", &stored(uploads, report.plan.store.force), Style::Normal);
        if uploads.cost_frost > 0 {
            let frost = units::count(uploads.cost_frost);
            fact("cost", &format!("{} ({frost} FROST)", units::wal(uploads.cost_frost)), Style::Normal);
        }
    }
    for arrivals in &summary.arrivals {
        let ink = if arrivals.dropped > 0 { Style::Error } else { Style::Normal };
        let phase = if summary.arrivals.len() > 1 { format!("{}: ", arrivals.phase) } else { String::new() };
        fact("arrivals", &format!("{phase}{}", due(arrivals)), ink);
    }
    let (sent, received) = (units::bytes(summary.bytes_sent), units::bytes(summary.bytes_received));
    fact("bytes", &format!("{sent} sent, {received} received"), Style::Normal);
    fact("connections", &connections(&summary.connections), Style::Normal);
    facts.extend(costs::facts(summary));
    facts.extend(summary.cache.iter().flat_map(caching::facts));
    let mut fact = |label, text: &str, ink| facts.push(Fact { label, text: text.to_owned(), ink });
    if summary.uploads.is_some() {
        fact("repeat", &format!("--seed {} makes the same blobs again", report.plan.seed), Style::Normal);
    }
    for notice in &report.notices {
        fact("note", notice, Style::Existing);
    }
    facts
}

/// Uploads by what the publishers did; what did not happen is left out, except new and existing.
fn stored(uploads: &Uploads, forced: bool) -> String {
    let several = uploads.medians.len() > 1;
    let kind = |kind: StoredKind, count: u64| {
        let median = uploads.medians.get(&kind).filter(|_| several);
        let median = median.map(|median| format!(" (median {})", units::duration(*median)));
        format!("{} {}{}", units::count(count), made(kind, forced), median.unwrap_or_default())
    };
    let mut parts = vec![kind(StoredKind::New, uploads.new), kind(StoredKind::Existing, uploads.existing)];
    if uploads.reused > 0 {
        parts.push(kind(StoredKind::Reused, uploads.reused));
    }
    let others = [(uploads.failed, "failed"), (uploads.unfinished, "unfinished")];
    parts.extend(
        others.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", units::count(*n))),
    );
    parts.join(", ")
}

/// What a publisher made of an upload, in words.
pub(in crate::export) const fn made(kind: StoredKind, forced: bool) -> &'static str {
    match kind {
        StoredKind::New if forced => "forced",
        StoredKind::New => "new",
        StoredKind::Reused => "with reused storage",
        StoredKind::Existing => "existing",
    }
}

/// How an open loop's arrivals were kept; response times run from the instant they were due.
fn due(arrivals: &ArrivalSummary) -> String {
    let dropped = match arrivals.dropped {
        0 => "none dropped".to_owned(),
        dropped => format!("{} dropped (too many under way)", units::count(dropped)),
    };
    let late = arrivals.start_delay.as_ref().map(|late| {
        let p99 = late.percentiles.get(&Percentile::P99);
        let p99 = p99.map(|p99| format!("p99 {}, ", units::duration(p99.value))).unwrap_or_default();
        let (median, max) = (units::duration(late.median.value), units::duration(late.max.value));
        format!("; started late by median {median}, {p99}max {max}")
    });
    format!("{} due, {dropped}{}", units::count(arrivals.offered), late.unwrap_or_default())
}

fn connections(connections: &ConnectionSummary) -> String {
    let phases = [("name", &connections.dns), ("TCP", &connections.tcp), ("TLS", &connections.tls)];
    let medians: Vec<_> = phases
        .into_iter()
        .filter_map(|(name, times)| Some(format!("{name} {}", units::duration(times.as_ref()?.median.value))))
        .collect();
    let medians =
        if medians.is_empty() { String::new() } else { format!(" (median {})", medians.join(", ")) };
    let opened = units::count(connections.opened);
    let reused = units::counted(connections.reused, "request");
    format!("{opened} opened{medians}, used again for {reused}")
}

/// Whether all went well, in one line at the very end.
pub(super) fn verdict(report: &Report, summary: &Summary, palette: Palette) -> Vec<String> {
    let (well, tried) =
        (summary.failed() + summary.unfinished() == 0, summary.steps.iter().any(|step| step.attempted > 0));
    let ink = if well && tried { Style::Good } else { Style::Error };
    wrap(&words::outcome(report, summary), super::WIDTH).iter().map(|line| palette.paint(ink, line)).collect()
}

//! The end of the summary: bytes, uploads, cache and connections in words, how to repeat, and the verdict.

use super::{labelled, steps::bounded};
use crate::{
    export::{
        palette::{Ink, Palette, wrap},
        units,
    },
    plan::journey::Step,
    report::{
        Ending, Report,
        cache::{CacheEffect, Verdict},
        summary::{ArrivalSummary, ConnectionSummary, Summary, Uploads},
        support::Percentile,
    },
};

pub(super) fn facts(report: &Report, summary: &Summary, palette: Palette) -> Vec<String> {
    let mut lines = Vec::new();
    let mut fact = |label: &str, text: &str, ink: Ink| lines.extend(labelled(label, text, ink, palette));
    facts_in_words(summary).iter().for_each(|(label, text, ink)| fact(label, text, *ink));
    if let Some(cache) = &summary.cache {
        let ink = match cache.verdict {
            Verdict::Faster => Ink::Cached,
            Verdict::Slower => Ink::Error,
            Verdict::NoDifference | Verdict::TooFew => Ink::Existing,
        };
        fact("cache", &cache.sentence(), ink);
        medians(cache).iter().for_each(|text| fact("", text, Ink::Normal));
        extremes(cache).iter().for_each(|text| fact("", text, Ink::Cached));
    }
    if summary.uploads.is_some() {
        fact("repeat", &format!("--seed {} makes the same blobs again", report.plan.seed), Ink::Normal);
    }
    for notice in &report.notices {
        fact("note", notice, Ink::Existing);
    }
    lines
}

/// What happened besides the steps: a label, the fact, and how it looks.
pub(in crate::export) fn facts_in_words(summary: &Summary) -> Vec<(&'static str, String, Ink)> {
    let mut facts = Vec::new();
    if let Some(uploads) = &summary.uploads {
        facts.push(("uploads", stored(uploads), Ink::Normal));
        if uploads.cost_frost > 0 {
            let frost = units::count(uploads.cost_frost);
            let cost = format!("{} ({frost} FROST)", units::wal(uploads.cost_frost));
            facts.push(("cost", cost, Ink::Normal));
        }
    }
    for arrivals in &summary.arrivals {
        let ink = if arrivals.dropped > 0 { Ink::Error } else { Ink::Normal };
        facts.push(("arrivals", due(arrivals), ink));
    }
    let (sent, received) = (units::bytes(summary.bytes_sent), units::bytes(summary.bytes_received));
    facts.push(("bytes", format!("{sent} sent, {received} received"), Ink::Normal));
    facts.push(("connections", connections(&summary.connections), Ink::Normal));
    facts
}

/// Uploads by what the publishers did; what did not happen is left out, except new and existing.
fn stored(uploads: &Uploads) -> String {
    let mut parts = vec![
        format!("{} new", units::count(uploads.new)),
        format!("{} existing", units::count(uploads.existing)),
    ];
    let others = [
        (uploads.reused, "with reused storage"),
        (uploads.failed, "failed"),
        (uploads.unfinished, "unfinished"),
    ];
    parts.extend(
        others.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", units::count(*n))),
    );
    parts.join(", ")
}

/// How an open loop's arrivals were kept; response times run from the instant they were due.
fn due(arrivals: &ArrivalSummary) -> String {
    let dropped = match arrivals.dropped {
        0 => "none dropped".to_owned(),
        dropped => format!("{} dropped (too many under way)", units::count(dropped)),
    };
    let late = arrivals.lateness.as_ref().map(|late| {
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

fn extremes(cache: &CacheEffect) -> Option<String> {
    let (shortest, longest) = (bounded(cache.shortest_cached?), bounded(cache.longest_cached?));
    Some(format!("shortest download from cache {shortest}, longest {longest}"))
}

/// Whether all went well, in one line at the very end.
pub(super) fn verdict(report: &Report, summary: &Summary, palette: Palette) -> Vec<String> {
    let tried = summary.steps.iter().any(|step| step.attempted > 0);
    let ink = if tried && summary.failed() + summary.unfinished() == 0 { Ink::Good } else { Ink::Error };
    wrap(&outcome(report, summary), super::WIDTH).iter().map(|line| palette.paint(ink, line)).collect()
}

/// Whether all went well, in words.
pub(in crate::export) fn outcome(report: &Report, summary: &Summary) -> String {
    let total = |of: fn(&crate::report::summary::StepSummary) -> u64, uploads: bool| -> u64 {
        summary.steps.iter().filter(|step| (step.step == Step::Upload) == uploads).map(of).sum()
    };
    let part = |uploads: bool, noun: &str| {
        let (done, tried) = (total(|step| step.done, uploads), total(|step| step.attempted, uploads));
        (tried > 0).then(|| format!("{} of {}", units::count(done), units::counted(tried, noun)))
    };
    let parts: Vec<_> = [part(true, "upload"), part(false, "download")].into_iter().flatten().collect();
    let done = if parts.is_empty() {
        "nothing was tried".to_owned()
    } else {
        format!("{} succeeded", parts.join(" and "))
    };
    let (failed, unfinished) = (summary.failed(), summary.unfinished());
    let mut text = done;
    if failed > 0 {
        text.push_str(&format!(", {} failed", units::count(failed)));
    }
    if unfinished > 0 {
        text.push_str(&format!(", {} unfinished", units::count(unfinished)));
    }
    match report.ending {
        Ending::Completed => text,
        Ending::Interrupted { .. } => format!("PARTIAL: {text}"),
    }
}

//! The end of the summary: bytes, uploads, cache and connections in words, how to repeat, and the verdict.

use super::{caching, costs, labelled};
use crate::{
    export::{
        palette::{Ink, Palette, wrap},
        units,
    },
    plan::journey::Step,
    report::{
        Ending, Report,
        summary::{ArrivalSummary, ConnectionSummary, Summary, Uploads},
        support::Percentile,
    },
    sample::StoredKind,
};

pub(super) fn facts(report: &Report, summary: &Summary, palette: Palette) -> Vec<String> {
    let mut lines = Vec::new();
    let mut fact = |label: &str, text: &str, ink: Ink| lines.extend(labelled(label, text, ink, palette));
    if let Some(uploads) = &summary.uploads {
        fact("uploads", &stored(uploads, report.plan.store.force), Ink::Normal);
        if uploads.cost_frost > 0 {
            let frost = units::count(uploads.cost_frost);
            fact("cost", &format!("{} ({frost} FROST)", units::wal(uploads.cost_frost)), Ink::Normal);
        }
    }
    for arrivals in &summary.arrivals {
        let ink = if arrivals.dropped > 0 { Ink::Error } else { Ink::Normal };
        fact("arrivals", &due(arrivals), ink);
    }
    let (sent, received) = (units::bytes(summary.bytes_sent), units::bytes(summary.bytes_received));
    fact("bytes", &format!("{sent} sent, {received} received"), Ink::Normal);
    fact("connections", &connections(&summary.connections), Ink::Normal);
    lines.extend(costs::lines(summary, palette));
    lines.extend(summary.cache.iter().flat_map(|cache| caching::lines(cache, palette)));
    let mut fact = |label: &str, text: &str, ink: Ink| lines.extend(labelled(label, text, ink, palette));
    if summary.uploads.is_some() {
        fact("repeat", &format!("--seed {} makes the same blobs again", report.plan.seed), Ink::Normal);
    }
    for notice in &report.notices {
        fact("note", notice, Ink::Existing);
    }
    lines
}

/// Uploads by what the publishers did; what did not happen is left out, except new and existing.
fn stored(uploads: &Uploads, forced: bool) -> String {
    let several = uploads.medians.len() > 1;
    let kind = |kind: StoredKind, count: u64, what: &str| {
        let median = uploads.medians.get(&kind).filter(|_| several);
        let median = median.map(|median| format!(" (median {})", units::duration(*median)));
        format!("{} {what}{}", units::count(count), median.unwrap_or_default())
    };
    let new = if forced { "forced" } else { "new" };
    let mut parts = vec![
        kind(StoredKind::New, uploads.new, new),
        kind(StoredKind::Existing, uploads.existing, "existing"),
    ];
    if uploads.reused > 0 {
        parts.push(kind(StoredKind::Reused, uploads.reused, "with reused storage"));
    }
    let others = [(uploads.failed, "failed"), (uploads.unfinished, "unfinished")];
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

/// Whether all went well, in one line at the very end.
pub(super) fn verdict(report: &Report, summary: &Summary, palette: Palette) -> Vec<String> {
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
    let ink = if failed + unfinished > 0 || parts.is_empty() { Ink::Error } else { Ink::Good };
    let text = match report.ending {
        Ending::Completed => text,
        Ending::Interrupted { .. } => format!("PARTIAL: {text}"),
    };
    wrap(&text, super::WIDTH).iter().map(|line| palette.paint(ink, line)).collect()
}

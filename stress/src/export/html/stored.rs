//! Uploads by what the publishers made of them: blobs that were new to them, and those that were there before.

use super::{
    markup::Element,
    place,
    table::{cell, number, row, table},
};
use crate::{
    export::{terminal::closing, units, words},
    report::{
        Report,
        stats::Percentile,
        summary::{Bounded, StepSummary, Summary},
    },
    sample::StoredKind,
};

/// `None` when nothing was stored.
pub(super) fn uploads(report: &Report, summary: &Summary) -> Option<Element> {
    let rows = summary.steps.iter().enumerate().flat_map(|(position, step)| {
        step.stored.iter().filter(|(_, count)| **count > 0).map(move |(kind, count)| {
            let name = format!("{}: {}", place(summary, step), closing::made(*kind, report.plan.store.force));
            kind_row(&name, step, *kind, *count, position)
        })
    });
    let rows: Vec<_> = rows.collect();
    let heads = ["", "uploads", "min", "median", "p95", "max"].map(str::to_owned);
    (!rows.is_empty()).then(|| table("Uploads by what the publisher made of them", &heads, rows))
}

fn kind_row(name: &str, step: &StepSummary, kind: StoredKind, count: u64, position: usize) -> Element {
    let (times, label) = (step.stored_times.get(&kind), key(kind));
    let time = |time: Option<Bounded>, field: &str| {
        let pointer = format!("/steps/{position}/stored_seconds/{label}/{field}");
        cell(time.map(|time| number(words::bounded(time), time.value.as_secs_f64(), &pointer)))
    };
    let p95 = times.and_then(|times| times.percentiles.get(&Percentile::P95).copied());
    row(
        name,
        [
            cell(Some(number(units::count(count), count, &format!("/steps/{position}/stored/{label}")))),
            time(times.map(|times| times.min), "min"),
            time(times.map(|times| times.median), "median"),
            time(p95, "p95"),
            time(times.map(|times| times.max), "max"),
        ],
    )
}

/// Its name in documents.
const fn key(kind: StoredKind) -> &'static str {
    match kind {
        StoredKind::New => "new",
        StoredKind::Reused => "reused",
        StoredKind::Existing => "existing",
    }
}

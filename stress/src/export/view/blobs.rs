//! The blobs of a run that is short enough to list them, a row each.

use std::collections::BTreeSet;

use super::document::{Cell, Row, Shown, Table};
use crate::{
    export::{
        blobs::{BlobRecord, StepRecord},
        events,
        style::{Style, clean, clip},
    },
    plan::journey::Step,
    sample::StoredKind,
    units,
};

/// Columns of a blob's ID.
const ID: usize = 43;

/// The table, in the order of the blobs' numbers; it has no rows when there are no blobs.
pub(super) fn table(blobs: &[BlobRecord]) -> Table {
    let mut records: Vec<_> = blobs.iter().collect();
    records.sort_by_key(|record| record.index);
    let steps: BTreeSet<Step> =
        records.iter().flat_map(|record| record.steps.iter().map(|(step, _)| *step)).collect();
    let names: Vec<_> = steps.iter().map(Step::to_string).collect();
    let heads: Vec<_> =
        ["#", "size"].into_iter().chain(names.iter().map(String::as_str)).chain(["blob ID"]).collect();
    let rows = records.iter().map(|record| row(record, &steps)).collect();
    let occurs = |wanted: fn(&StepRecord) -> bool| {
        records.iter().flat_map(|record| &record.steps).any(|(_, step)| wanted(step))
    };
    let existing = occurs(|step| matches!(step, StepRecord::Stored { kind: StoredKind::Existing, .. }));
    let not_found = occurs(|step| matches!(step, StepRecord::NotFound));
    let unfinished = occurs(|step| matches!(step, StepRecord::Unfinished));
    let marks = [
        existing.then_some("= the blob already existed"),
        not_found.then_some("none: the read found no blob"),
        unfinished.then_some("… unfinished when the run ended"),
    ];
    let marks: Vec<_> = marks.into_iter().flatten().collect();
    let note = (!marks.is_empty()).then(|| format!("{}.", marks.join("; ")));
    Table { note, ..Table::new("Blobs", &heads, rows).only(Shown::Terminal) }
}

fn row(record: &BlobRecord, steps: &BTreeSet<Step>) -> Row {
    let mut cells = vec![Cell::right(Style::Normal, units::bytes(record.size))];
    cells.extend(steps.iter().map(|&step| cell(record.step(step))));
    cells.push(match &record.blob_id {
        Some(id) => Cell::text(Style::Normal, clip(&clean(id), ID)),
        None => Cell::text(Style::Bad, clip(&first_failure(record), ID)),
    });
    Row::new((record.index + 1).to_string(), cells)
}

fn cell(record: Option<&StepRecord>) -> Cell {
    match record {
        Some(StepRecord::Stored { time, kind: StoredKind::Existing }) => {
            Cell::right(Style::Normal, format!("={}", units::duration(*time)))
        }
        Some(StepRecord::Stored { time, .. } | StepRecord::Read { time }) => {
            Cell::right(Style::Normal, units::duration(*time))
        }
        Some(StepRecord::NotFound) => Cell::right(Style::Attention, "none"),
        Some(StepRecord::Failed(_)) => Cell::right(Style::Bad, "failed"),
        Some(StepRecord::Unfinished) => Cell::right(Style::Bad, "…"),
        Some(StepRecord::Skipped) | None => Cell::right(Style::Faint, "–"),
    }
}

/// Why a blob has no ID.
fn first_failure(record: &BlobRecord) -> String {
    let failure = record.steps.iter().find_map(|(_, step)| match step {
        StepRecord::Failed(failure) => Some(events::reason(failure)),
        _ => None,
    });
    failure.unwrap_or_default()
}

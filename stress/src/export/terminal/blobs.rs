//! The table of single blobs, for runs that are short enough to read.

use std::collections::BTreeSet;

use crate::{
    export::{
        blobs::{BlobRecord, StepRecord},
        events,
        grid::{Cell, Column, Grid},
        palette::{Palette, Style, clean, clip},
        units,
    },
    plan::journey::Step,
    sample::StoredKind,
};

/// Columns of a blob's ID.
const ID: usize = 43;

/// Marks an upload of a blob that was there before; the table explains it where it occurs.
const EXISTING: &str = "=";
const NOT_TRIED: &str = "–";
const UNFINISHED: &str = "…";

pub(super) fn lines(blobs: &[BlobRecord], palette: Palette) -> Vec<String> {
    if blobs.is_empty() {
        return Vec::new();
    }
    let mut records: Vec<_> = blobs.iter().collect();
    records.sort_by_key(|record| record.index);
    let steps: BTreeSet<Step> =
        records.iter().flat_map(|record| record.steps.iter().map(|(step, _)| *step)).collect();
    let head = |text: &str| Cell::new(Style::Faint, text);
    let mut header = vec![head("#"), head("size")];
    header.extend(steps.iter().map(|step| match step {
        // The mark of an existing blob stands in the last column.
        Step::Upload => head("upload "),
        step => head(&step.to_string()),
    }));
    header.push(head("blob ID"));
    let mut columns = vec![Column::Right(2), Column::Right(8)];
    columns.resize(steps.len() + 2, Column::Right(7));
    columns.push(Column::Left(0));
    let mut rows = vec![header];
    rows.extend(records.iter().map(|record| row(record, &steps)));
    let mut lines = Grid { columns, gap: 1, rows }.lines(palette);
    lines.extend(legend(&records).map(|text| palette.paint(Style::Faint, &format!("   {text}"))));
    lines
}

fn row(record: &BlobRecord, steps: &BTreeSet<Step>) -> Vec<Cell> {
    let mut row = vec![
        Cell::new(Style::Normal, (record.index + 1).to_string()),
        Cell::new(Style::Size, units::bytes(record.size)),
    ];
    row.extend(steps.iter().map(|&step| cell(step, record.step(step))));
    row.push(match &record.blob_id {
        Some(id) => Cell::new(Style::Normal, clip(&clean(id), ID)),
        None => Cell::new(Style::Error, first_failure(record)),
    });
    row
}

fn cell(step: Step, record: Option<&StepRecord>) -> Cell {
    let mark = |mark: &str| if step == Step::Upload { mark.to_owned() } else { String::new() };
    match record {
        Some(StepRecord::Stored { time, kind: StoredKind::Existing }) => {
            Cell::new(Style::Existing, units::duration(*time) + &mark(EXISTING))
        }
        Some(StepRecord::Stored { time, .. } | StepRecord::Read { time }) => {
            Cell::new(events::ink(step), units::duration(*time) + &mark(" "))
        }
        Some(StepRecord::Failed(_)) => Cell::new(Style::Error, format!("failed{}", mark(" "))),
        Some(StepRecord::Unfinished) => Cell::new(Style::Error, format!("{UNFINISHED}{}", mark(" "))),
        Some(StepRecord::Skipped) | None => Cell::new(Style::Faint, format!("{NOT_TRIED}{}", mark(" "))),
    }
}

/// Why a blob has no ID.
fn first_failure(record: &BlobRecord) -> String {
    let failure = record.steps.iter().find_map(|(_, step)| match step {
        StepRecord::Failed(failure) => Some(events::reason(failure)),
        _ => None,
    });
    clip(&failure.unwrap_or_default(), ID)
}

/// What the marks in the table mean, for those that occur.
fn legend<'a>(records: &'a [&'a BlobRecord]) -> impl Iterator<Item = String> + 'a {
    let occurs =
        |wanted: fn(&StepRecord) -> bool| records.iter().any(|r| r.steps.iter().any(|(_, s)| wanted(s)));
    let existing = occurs(|step| matches!(step, StepRecord::Stored { kind: StoredKind::Existing, .. }));
    let unfinished = occurs(|step| matches!(step, StepRecord::Unfinished));
    [
        existing.then(|| format!("{EXISTING} the blob already existed")),
        unfinished.then(|| format!("{UNFINISHED} unfinished when the run ended")),
    ]
    .into_iter()
    .flatten()
}

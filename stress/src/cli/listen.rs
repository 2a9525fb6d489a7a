//! What is done with single samples: event lines, export rows, and the blobs of a small run.

use crate::{
    error::Error,
    export::{
        blobs::{BlobAssembler, BlobRecord},
        rows::{Row, RowFile},
    },
    plan::Plan,
    sample::Sample,
};

use super::{
    screen::{self, Screen},
    walk::Ear,
};

/// Hears every sample of a run.
pub(super) struct Listener<'a> {
    plan: &'a Plan,
    assembler: BlobAssembler,
    rows: Option<RowFile>,
    failure: Option<Error>,
    blobs: Option<Vec<BlobRecord>>,
}

impl Ear for Listener<'_> {
    fn wants_samples(&self) -> bool {
        self.rows.is_some() || self.blobs.is_some()
    }

    fn hear(&mut self, sample: &Sample, screen: &Screen) {
        self.enter(sample);
        // Told last: whose end has been shown has its row in the file.
        screen.tell(sample, self.plan);
    }
}

impl<'a> Listener<'a> {
    /// A listener that exports to `rows` and keeps the blobs of a small run.
    pub(super) fn new(plan: &'a Plan, rows: Option<RowFile>) -> Self {
        let blobs = screen::is_small(plan).then(Vec::new);
        Self { plan, assembler: BlobAssembler::new(plan), rows, failure: None, blobs }
    }

    fn enter(&mut self, sample: &Sample) {
        if let Some(record) = self.assembler.enter(sample) {
            self.keep(record);
        }
    }

    /// One blob, its journey over.
    fn keep(&mut self, record: BlobRecord) {
        // After its first failure the file gets no more rows: one with holes would look complete.
        if let (Some(rows), None) = (&mut self.rows, &self.failure)
            && let Some(row) = Row::of(&record)
        {
            self.failure = rows.append(&row).err();
        }
        if let Some(blobs) = &mut self.blobs {
            blobs.push(record);
        }
    }

    /// The blobs of a small run in the order of their numbers, and what went wrong with the export.
    pub(super) fn finish(mut self) -> (Vec<BlobRecord>, Option<Error>) {
        for record in std::mem::take(&mut self.assembler).into_unended() {
            self.keep(record);
        }
        let mut blobs = self.blobs.unwrap_or_default();
        blobs.sort_by_key(|blob| blob.index);
        (blobs, self.failure)
    }
}

//! What is done with single samples: event lines, export rows, the log, and the blobs of a small run.

use crate::{
    error::Error,
    export::{
        blobs::{BlobAssembler, BlobRecord},
        log::LogFile,
        rows::{Row, RowFile},
    },
    plan::Plan,
    sample::Sample,
};

use super::{
    screen::{self, Screen},
    walk::SampleSink,
};

/// Hears every sample of a run.
pub(super) struct Listener<'a> {
    plan: &'a Plan,
    assembler: BlobAssembler,
    rows: Option<RowFile>,
    log: Option<LogFile>,
    failures: Vec<Error>,
    blobs: Option<Vec<BlobRecord>>,
}

impl SampleSink for Listener<'_> {
    fn wants_samples(&self) -> bool {
        self.rows.is_some() || self.log.is_some() || self.blobs.is_some()
    }

    fn hear(&mut self, sample: &Sample, screen: &Screen) {
        self.enter(sample);
        // Told last: whose end has been shown has its row in the file.
        screen.tell(sample, self.plan);
    }

    /// Writes what waits in the log, so that a reader finds it.
    fn flush(&mut self) {
        self.write_log(LogFile::flush);
    }
}

impl<'a> Listener<'a> {
    /// A listener that exports to `rows`, tells `log` of every exchange, and keeps the blobs of a small run.
    pub(super) fn new(plan: &'a Plan, rows: Option<RowFile>, log: Option<LogFile>) -> Self {
        let blobs = screen::is_small(plan).then(Vec::new);
        Self { plan, assembler: BlobAssembler::new(plan), rows, log, failures: Vec::new(), blobs }
    }

    fn enter(&mut self, sample: &Sample) {
        let plan = self.plan;
        self.write_log(|log| log.append(sample, plan));
        // Blobs are put together only where someone wants them: in several phases they may be very many.
        if (self.rows.is_some() || self.blobs.is_some())
            && let Some(record) = self.assembler.enter(sample)
        {
            self.keep(record);
        }
    }

    /// One blob, its journey over.
    fn keep(&mut self, record: BlobRecord) {
        if let Some(rows) = &mut self.rows
            && let Some(row) = Row::of(&record)
            && let Err(failure) = rows.append(&row)
        {
            // After its first failure the file gets no more rows: one with holes would look complete.
            self.rows = None;
            self.failures.push(failure);
        }
        if let Some(blobs) = &mut self.blobs {
            blobs.push(record);
        }
    }

    /// The log ends with its first failure, which is told once.
    fn write_log(&mut self, write: impl FnOnce(&mut LogFile) -> Result<(), Error>) {
        if let Some(log) = &mut self.log
            && let Err(failure) = write(log)
        {
            self.log = None;
            self.failures.push(failure);
        }
    }

    /// The blobs of a small run in the order of their numbers, and what went wrong with the files.
    pub(super) fn finish(mut self) -> (Vec<BlobRecord>, Vec<Error>) {
        self.flush();
        for record in std::mem::take(&mut self.assembler).into_unended() {
            self.keep(record);
        }
        let mut blobs = self.blobs.unwrap_or_default();
        blobs.sort_by_key(|blob| blob.index);
        (blobs, self.failures)
    }
}

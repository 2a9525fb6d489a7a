//! Where single samples go: event lines, rows of the export, the log, and the blobs of a small run.

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
    execute::SampleSink,
    screen::{self, Screen},
};

/// Takes every sample of a run.
pub(super) struct SampleOutput<'a> {
    plan: &'a Plan,
    assembler: BlobAssembler,
    rows: Option<RowFile>,
    log: Option<LogFile>,
    failures: Vec<Error>,
    blobs: Option<Vec<BlobRecord>>,
}

impl SampleSink for SampleOutput<'_> {
    fn wants_samples(&self) -> bool {
        self.rows.is_some() || self.log.is_some() || self.blobs.is_some()
    }

    fn take(&mut self, sample: &Sample, screen: &Screen) {
        self.write(sample);
        // Shown last, so that a blob whose end was shown has its row in the file.
        screen.event(sample, self.plan);
    }

    /// Writes the buffered lines of the log.
    fn flush(&mut self) {
        self.write_log(LogFile::flush);
    }
}

impl<'a> SampleOutput<'a> {
    /// Writes rows and log lines, where they are wanted, and keeps the blobs of a small run.
    pub(super) fn new(plan: &'a Plan, rows: Option<RowFile>, log: Option<LogFile>) -> Self {
        let blobs = screen::is_small(plan).then(Vec::new);
        Self { plan, assembler: BlobAssembler::new(plan), rows, log, failures: Vec::new(), blobs }
    }

    fn write(&mut self, sample: &Sample) {
        let plan = self.plan;
        self.write_log(|log| log.append(sample, plan));
        // Blobs are assembled only where they are wanted: several phases may have very many unfinished ones.
        if (self.rows.is_some() || self.blobs.is_some())
            && let Some(record) = self.assembler.enter(sample)
        {
            self.keep(record);
        }
    }

    /// Takes a blob whose journey has ended.
    fn keep(&mut self, record: BlobRecord) {
        if let Some(rows) = &mut self.rows
            && let Some(row) = Row::of(&record)
            && let Err(failure) = rows.append(&row)
        {
            // After its first failure the file gets no more rows: one with gaps would look complete.
            self.rows = None;
            self.failures.push(failure);
        }
        if let Some(blobs) = &mut self.blobs {
            blobs.push(record);
        }
    }

    /// The log ends with its first failure, which is reported once.
    fn write_log(&mut self, write: impl FnOnce(&mut LogFile) -> Result<(), Error>) {
        if let Some(log) = &mut self.log
            && let Err(failure) = write(log)
        {
            self.log = None;
            self.failures.push(failure);
        }
    }

    /// The blobs of a small run in the order of their numbers, and the errors of files.
    pub(super) fn finish(mut self) -> (Vec<BlobRecord>, Vec<Error>) {
        for record in std::mem::take(&mut self.assembler).into_unended() {
            self.keep(record);
        }
        let finished = [self.log.map(LogFile::finish), self.rows.map(RowFile::finish)];
        self.failures.extend(finished.into_iter().flatten().filter_map(Result::err));
        let mut blobs = self.blobs.unwrap_or_default();
        blobs.sort_by_key(|blob| blob.index);
        (blobs, self.failures)
    }
}

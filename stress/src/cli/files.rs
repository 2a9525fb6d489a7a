//! The files that a run leaves behind: proven writable before the first byte is sent.

use std::path::Path;

use super::args::OutputArgs;
use crate::{
    error::Error,
    export::{file::PreparedFile, rows::PreparedRows},
    plan::Contradiction,
};

/// Places for the files that were asked for.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) export: Option<PreparedRows>,
    pub(super) report: Option<PreparedFile>,
}

impl Files {
    /// Proves that each can be written and leaves what is there as it is.
    pub(super) fn prepare(args: &OutputArgs) -> Result<Self, Error> {
        let export =
            args.export.as_deref().map(|path| named("--export", path, PreparedRows::prepare)).transpose()?;
        let report =
            args.report.as_deref().map(|path| named("--report", path, PreparedFile::prepare)).transpose()?;
        if let (Some(export), Some(report)) = (&export, &report)
            && export.target() == report.target()
        {
            return Err(Contradiction::new("--report", "names the same file as --export").into());
        }
        Ok(Self { export, report })
    }
}

/// An error that names the flag, too.
fn named<T>(flag: &str, path: &Path, prepare: impl FnOnce(&Path) -> Result<T, Error>) -> Result<T, Error> {
    prepare(path).map_err(|error| Error::Flag { flag: flag.to_owned(), reason: error.to_string() })
}

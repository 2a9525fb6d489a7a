//! The files that a run writes, which are proven writable before the first request.

use std::path::{Path, PathBuf};

use super::{options::RunOptions, values::Parsed};
use crate::{
    error::Error,
    export::{Format, file::PreparedFile, rows::PreparedRows},
    plan::ConfigError,
};

/// The files that were asked for.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) export: Option<PreparedRows>,
    pub(super) report: Option<PreparedFile>,
    pub(super) log: Option<PreparedFile>,
    /// The report in other formats.
    pub(super) others: Vec<ReportFile>,
}

/// The report in another format.
#[derive(Debug)]
pub(super) struct ReportFile {
    flag: &'static str,
    pub(super) format: Format,
    pub(super) file: PreparedFile,
}

impl Files {
    /// Proves that each can be written; leaves files that exist unchanged.
    pub(super) fn prepare(options: &RunOptions) -> Result<Self, Error> {
        let export = options.export.as_ref().map(|path| named("--export", path, PreparedRows::prepare));
        let file = |flag, path: &Option<Parsed<PathBuf>>| {
            path.as_ref().map(|path| named(flag, path, PreparedFile::prepare)).transpose()
        };
        let html = options.html.iter().map(|path| ("--html", Format::Html, path.as_path()));
        let others = options.write.iter().map(|to| ("--write", to.format, to.path.as_path()));
        let others = html.chain(others).map(|(flag, format, path)| {
            Ok(ReportFile { flag, format, file: named(flag, path, PreparedFile::prepare)? })
        });
        let files = Self {
            export: export.transpose()?,
            report: file("--report", &options.report)?,
            log: file("--log", &options.log)?,
            others: others.collect::<Result<_, Error>>()?,
        };
        files.check()?;
        Ok(files)
    }

    /// The flag of each file and where it will be.
    pub(super) fn targets(&self) -> Vec<(&'static str, &Path)> {
        let export = self.export.as_ref().map(|file| ("--export", file.target()));
        let report = self.report.as_ref().map(|file| ("--report", file.target()));
        let log = self.log.as_ref().map(|file| ("--log", file.target()));
        let others = self.others.iter().map(|other| (other.flag, other.file.target()));
        [export, report, log].into_iter().flatten().chain(others).collect()
    }

    /// Refuses to write two things to one file.
    fn check(&self) -> Result<(), ConfigError> {
        let targets = self.targets();
        for (position, (flag, target)) in targets.iter().enumerate() {
            if let Some((other, _)) = targets[..position].iter().find(|(_, path)| path == target) {
                return Err(ConfigError::new(*flag, format!("names the same file as {other}")));
            }
        }
        Ok(())
    }
}

/// An error that names the flag, too.
fn named<T>(flag: &str, path: &Path, prepare: impl FnOnce(&Path) -> Result<T, Error>) -> Result<T, Error> {
    prepare(path).map_err(|error| Error::Flag { flag: flag.to_owned(), reason: error.to_string() })
}

//! The files that a run writes, which are proven writable before the first request.

use std::path::{Path, PathBuf};

use super::{options::RunOptions, values::Parsed};
use crate::{
    error::Error,
    export::{
        Format,
        file::{self, PreparedFile},
        rows::PreparedRows,
    },
    plan::ConfigError,
};

/// Instead of a path: stdout.
const STDOUT: &str = "-";

/// The files that were asked for.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) export: Option<PreparedRows>,
    pub(super) report: Option<PreparedFile>,
    /// Whether the report is written to stdout instead.
    pub(super) report_on_stdout: bool,
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
    /// Proves that each can be written, and locks it; leaves files that exist unchanged.
    pub(super) fn prepare(options: &RunOptions) -> Result<Self, Error> {
        check(options)?;
        let export = options.export.as_ref().map(|path| named("--export", path, PreparedRows::prepare));
        let file = |flag, path: &Option<Parsed<PathBuf>>| {
            path.as_ref().map(|path| named(flag, path, PreparedFile::prepare)).transpose()
        };
        let (in_file, on_stdout) = match &options.report {
            Some(path) if path.as_path() == Path::new(STDOUT) => (&None, true),
            report => (report, false),
        };
        let html = options.html.iter().map(|path| ("--html", Format::Html, path.as_path()));
        let others = options.write.iter().map(|to| ("--write", to.format, to.path.as_path()));
        let others = html.chain(others).map(|(flag, format, path)| {
            Ok(ReportFile { flag, format, file: named(flag, path, PreparedFile::prepare)? })
        });
        Ok(Self {
            export: export.transpose()?,
            report: file("--report", in_file)?,
            report_on_stdout: on_stdout,
            log: file("--log", &options.log)?,
            others: others.collect::<Result<_, Error>>()?,
        })
    }

    /// The flag of each file and where it will be.
    pub(super) fn targets(&self) -> Vec<(&'static str, &Path)> {
        let export = self.export.as_ref().map(|file| ("--export", file.target()));
        let report = self.report.as_ref().map(|file| ("--report", file.target()));
        let log = self.log.as_ref().map(|file| ("--log", file.target()));
        let others = self.others.iter().map(|other| (other.flag, other.file.target()));
        [export, report, log].into_iter().flatten().chain(others).collect()
    }
}

/// Refuses to write two things to one file, or over the list that the run reads.
fn check(options: &RunOptions) -> Result<(), ConfigError> {
    let lists = [
        ("--blob-ids", &options.blob_ids),
        ("--from-export", &options.from_export),
        ("--from-log", &options.from_log),
    ];
    let reports = [("--export", &options.export), ("--report", &options.report), ("--log", &options.log)];
    let named =
        lists.into_iter().chain(reports).filter_map(|(flag, path)| Some((flag, path.as_deref()?.as_path())));
    let html = options.html.iter().map(|path| ("--html", path.as_path()));
    let others = options.write.iter().map(|to| ("--write", to.path.as_path()));
    let mut seen: Vec<(&str, PathBuf)> = Vec::new();
    // Stdin and stdout are two different things.
    let is_file = |(_, path): &(&str, &Path)| *path != Path::new(STDOUT);
    for (flag, path) in named.chain(html).chain(others).filter(is_file) {
        // A path that leads nowhere is refused with its reason when it is prepared or read.
        let Ok(target) = file::destination(path) else { continue };
        if let Some((other, _)) = seen.iter().find(|(_, known)| *known == target) {
            return Err(ConfigError::new(flag, format!("names the same file as {other}")));
        }
        seen.push((flag, target));
    }
    Ok(())
}

/// An error that names the flag, too.
fn named<T>(flag: &str, path: &Path, prepare: impl FnOnce(&Path) -> Result<T, Error>) -> Result<T, Error> {
    prepare(path).map_err(|error| Error::Flag { flag: flag.to_owned(), reason: error.to_string() })
}

//! The files that a run writes, which are proven writable before the first request.

use std::path::{Path, PathBuf};

use super::{cost_values::PriceSource, options::RunOptions, values::Parsed};
use crate::{
    error::Error,
    export::{
        Format,
        file::{self, PreparedFile},
        rows::PreparedRows,
    },
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
    /// Proves that each can be written, and locks it; leaves files that exist unchanged. `plan` is the file of the run's plan.
    pub(super) fn prepare(options: &RunOptions, plan: Option<&Path>) -> Result<Self, Error> {
        check(options, plan)?;
        let export = options.export.as_ref().map(|path| named("--export", path, PreparedRows::prepare));
        let file = |flag, path: &Option<Parsed<PathBuf>>| {
            path.as_ref().map(|path| named(flag, path, PreparedFile::prepare)).transpose()
        };
        let html = options.html.iter().map(|path| ("--html", Format::Html, path.as_path()));
        let others = options.write.iter().map(|to| ("--write", to.format, to.path.as_path()));
        let others = html.chain(others).map(|(flag, format, path)| {
            Ok(ReportFile { flag, format, file: named(flag, path, PreparedFile::prepare)? })
        });
        Ok(Self {
            export: export.transpose()?,
            report: file("--report", &options.report)?,
            log: file("--log", &options.log)?,
            others: others.collect::<Result<_, Error>>()?,
        })
    }

    /// Whether one of them is stdout, so that the summary has to be elsewhere.
    pub(super) fn use_stdout(&self) -> bool {
        let mut files = [&self.report, &self.log].into_iter().flatten();
        self.export.as_ref().is_some_and(PreparedRows::is_stdout)
            || files.any(PreparedFile::is_stdout)
            || self.others.iter().any(|other| other.file.is_stdout())
    }

    /// What would be in files if the run ended during the load.
    pub(super) fn during_the_load(&self) -> String {
        let name = |file: &PreparedFile| file.path().display().to_string();
        let streamed = self.export.iter().map(|file| file.path().display().to_string());
        let streamed: Vec<_> = streamed.chain(self.log.iter().map(name)).collect();
        let others = self.others.iter().map(|other| name(&other.file));
        let at_the_end: Vec<_> = self.report.iter().map(name).chain(others).collect();
        let is = |names: &[String]| if names.len() == 1 { "is" } else { "are" };
        let mut parts = Vec::new();
        if !streamed.is_empty() {
            parts.push(format!("{} {} written up to now", streamed.join(", "), is(&streamed)));
        }
        if !at_the_end.is_empty() {
            parts.push(format!("{} {} not written", at_the_end.join(", "), is(&at_the_end)));
        }
        if parts.is_empty() { "nothing was saved".to_owned() } else { parts.join("; ") }
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

/// Refuses to write two things to one file, or over one that the run reads.
fn check(options: &RunOptions, plan: Option<&Path>) -> Result<(), ConfigError> {
    let price = options.price.as_deref().and_then(PriceSource::path);
    let inputs = [
        ("--plan", plan),
        ("--price", price),
        ("--cacert", options.cacert.as_ref().map(|path| path.as_path())),
    ];
    let lists = [
        ("--blob-ids", &options.blob_ids),
        ("--from-export", &options.from_export),
        ("--from-log", &options.from_log),
        ("--tokens", &options.tokens),
    ];
    let reports = [("--export", &options.export), ("--report", &options.report), ("--log", &options.log)];
    let inputs = inputs.into_iter().chain(lists.map(path_of));
    // An input may be stdin, which is no file.
    let inputs = inputs.filter(|(_, path)| *path != Some(Path::new("-")));
    let outputs = reports.map(path_of).into_iter();
    let outputs = outputs.filter_map(|(flag, path)| Some((flag, path?)));
    let html = options.html.iter().map(|path| ("--html", path.as_path()));
    let others = options.write.iter().map(|to| ("--write", to.path.as_path()));
    // A path that leads nowhere is refused with its reason when it is prepared or read.
    let target = |(flag, path): (&'static str, &Path)| Some((flag, file::destination(path).ok()?));
    let mut seen: Vec<_> = inputs.filter_map(|(flag, path)| Some((flag, path?))).filter_map(target).collect();
    for (flag, target) in outputs.chain(html).chain(others).filter_map(target) {
        if let Some((other, _)) = seen.iter().find(|(_, known)| *known == target) {
            let what = if target == Path::new("stdout") { "stdout, as does" } else { "the same file as" };
            return Err(ConfigError::new(flag, format!("names {what} {other}")));
        }
        seen.push((flag, target));
    }
    Ok(())
}

/// The flag and the path that it names.
fn path_of<'a>(
    (flag, path): (&'static str, &'a Option<Parsed<PathBuf>>),
) -> (&'static str, Option<&'a Path>) {
    (flag, path.as_ref().map(|path| path.as_path()))
}

/// An error that names the flag, too.
fn named<T>(flag: &str, path: &Path, prepare: impl FnOnce(&Path) -> Result<T, Error>) -> Result<T, Error> {
    prepare(path).map_err(|error| Error::Flag { flag: flag.to_owned(), reason: error.to_string() })
}

//! The files that a run leaves behind: proven writable before the first byte is sent.

use std::path::{Path, PathBuf};

use super::args::OutputArgs;
use crate::{
    error::Error,
    export::{Format, file::PreparedFile, rows::PreparedRows},
    plan::ConfigError,
};

/// Places for the files that were asked for.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) export: Option<PreparedRows>,
    pub(super) report: Option<PreparedFile>,
    pub(super) log: Option<PreparedFile>,
    /// The end of the run in other forms.
    pub(super) written: Vec<Written>,
}

/// The end of the run in another form.
#[derive(Debug)]
pub(super) struct Written {
    flag: &'static str,
    pub(super) format: Format,
    pub(super) file: PreparedFile,
}

impl Files {
    /// Proves that each can be written and leaves what is there as it is.
    pub(super) fn prepare(args: &OutputArgs) -> Result<Self, Error> {
        let export =
            args.export.as_deref().map(|path| named("--export", path, PreparedRows::prepare)).transpose()?;
        let file = |flag: &str, path: &Option<PathBuf>| {
            path.as_deref().map(|path| named(flag, path, PreparedFile::prepare)).transpose()
        };
        let asked = args.write.iter().map(|output| ("--write", output.format, &output.path));
        let written = args.html.iter().map(|path| ("--html", Format::Html, path)).chain(asked);
        let written = written.map(|(flag, format, path)| {
            Ok(Written { flag, format, file: named(flag, path, PreparedFile::prepare)? })
        });
        let files = Self {
            export,
            report: file("--report", &args.report)?,
            log: file("--log", &args.log)?,
            written: written.collect::<Result<_, Error>>()?,
        };
        files.check()?;
        Ok(files)
    }

    /// The flag of each file and where it will be.
    pub(super) fn targets(&self) -> Vec<(&'static str, &Path)> {
        let export = self.export.as_ref().map(|file| ("--export", file.target()));
        let report = self.report.as_ref().map(|file| ("--report", file.target()));
        let log = self.log.as_ref().map(|file| ("--log", file.target()));
        let written = self.written.iter().map(|written| (written.flag, written.file.target()));
        [export, report, log].into_iter().flatten().chain(written).collect()
    }

    /// No two may be the same file.
    fn check(&self) -> Result<(), ConfigError> {
        let targets = self.targets();
        for (position, (flag, target)) in targets.iter().enumerate() {
            if let Some((other, _)) = targets[..position].iter().find(|(_, path)| path == target) {
                return Err(ConfigError::new(flag, format!("names the same file as {other}")));
            }
        }
        Ok(())
    }
}

/// An error that names the flag, too.
fn named<T>(flag: &str, path: &Path, prepare: impl FnOnce(&Path) -> Result<T, Error>) -> Result<T, Error> {
    prepare(path).map_err(|error| Error::Flag { flag: flag.to_owned(), reason: error.to_string() })
}

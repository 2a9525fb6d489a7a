//! Commands over saved reports: no network, no signals, nothing measured.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args as ClapArgs;

use super::{Exit, args::When, door, output::formats, screen::colours};
use crate::{
    error::Error,
    export::{Format, file::PreparedFile, style::Colours},
    report::{Report, summary::Summary},
};

/// The flags of `walrus-stress report`.
#[derive(Debug, ClapArgs)]
pub struct ReportArgs {
    /// What `run --report` wrote; - is stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How to tell it
    #[arg(long, value_name = "FORMAT", value_parser = formats(), default_value = "terminal")]
    format: Format,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Colours of the terminal's form; auto: on terminals, unless NO_COLOR says otherwise
    #[arg(long, value_name = "WHEN", env = "WALRUS_STRESS_COLOR", hide_env = true, value_enum,
          default_value_t = When::Auto)]
    color: When,
}

/// Tells a saved report again.
pub(super) fn report(args: &ReportArgs) -> Result<Exit, Error> {
    let format = args.format;
    let report = load(&args.file)?;
    let summary = Summary::of(&report);
    let Some(path) = &args.output else {
        let stdout = colours(args.color, &io::stdout());
        let mut text = Vec::new();
        format.write(&report, &summary, stdout, &mut text).expect("memory takes every byte");
        let text = String::from_utf8_lossy(&text);
        let shown = if format == Format::Terminal { door::show_screen(&text) } else { door::show(&text) };
        return shown.map(|()| Exit::Success);
    };
    let file = PreparedFile::prepare(path)?;
    file.write(|out| format.write(&report, &summary, Colours::Off, out)).map(|()| Exit::Success)
}

/// The report in a file, or on stdin when the path is `-`.
pub(super) fn load(path: &Path) -> Result<Report, Error> {
    let cannot = |reason: String| Error::Read { path: path.display().to_string(), reason };
    let loaded = if path == Path::new("-") {
        Report::load(io::stdin().lock())
    } else {
        Report::load(fs::File::open(path).map_err(|error| cannot(error.to_string()))?)
    };
    loaded.map_err(|error| cannot(error.to_string()))
}

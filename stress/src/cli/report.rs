//! `walrus-stress report`: renders a saved report; and how the commands load reports.

use std::{
    io,
    path::{Path, PathBuf},
};

use clap::Args;

use super::{
    exit::Exit,
    limited::{self, Limited, MAX_REPORT},
    print,
    screen::colours,
    values::{When, one_of},
};
use crate::{
    error::Error,
    export::{Format, file::PreparedFile, style::Colours},
    report::{Report, Source, summary::Summary},
};

/// The flags of `walrus-stress report`.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Report that `run --report` wrote; - is stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Format of the output
    ///
    /// terminal, json, csv, timeline-csv, html, markdown, junit or prometheus.
    #[arg(long, value_name = "FORMAT", value_parser = one_of::<Format>(), default_value = "terminal")]
    format: Format,
    /// Write to this file instead of stdout
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Colours: auto, always, never
    ///
    /// Of the terminal format. auto: on terminals, unless NO_COLOR is set.
    #[arg(long, value_name = "WHEN", env = "WALRUS_STRESS_COLOR", hide_env = true,
          value_parser = one_of::<When>(), default_value = "auto")]
    color: When,
}

/// Renders a saved report.
pub(super) fn report(args: &ReportArgs) -> Result<Exit, Error> {
    let format = args.format;
    let report = load(&args.file)?;
    let summary = Summary::of(&report);
    if let Some(path) = &args.output {
        let file = PreparedFile::prepare(path)?.apart_from([&args.file])?;
        let written = file.write(|out| format.write(&report, &summary, Colours::Off, out));
        return Ok(print::done(written));
    }
    let mut text = Vec::new();
    let colours = colours(Some(&args.color), &io::stdout());
    format.write(&report, &summary, colours, &mut text).expect("writing to memory does not fail");
    let text = String::from_utf8_lossy(&text);
    Ok(print::done(if format == Format::Terminal { print::screen(&text) } else { print::document(&text) }))
}

/// The report in a file, or on stdin when the path is `-`.
pub(super) fn load(path: &Path) -> Result<Report, Error> {
    let cannot = |reason: String| Error::Read { path: path.display().to_string(), reason };
    let file = limited::open(path).map_err(|error| cannot(error.to_string()))?;
    Report::load(Limited::new(file, MAX_REPORT)).map_err(|error| cannot(error.to_string()))
}

/// The report of each path, with the path as its name.
pub(super) fn load_all(paths: &[PathBuf]) -> Result<Vec<Source>, Error> {
    let source = |path: &PathBuf| Ok(Source { name: path.display().to_string(), report: load(path)? });
    paths.iter().map(source).collect()
}

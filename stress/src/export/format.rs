//! The forms in which a report can be told.

use std::io;

use super::{csv, html, junit, markdown, palette::Palette, prometheus, terminal, timeline_csv};
use crate::report::{Report, summary::Summary};

/// A form in which a report can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The screen at the end of the run, without its blobs.
    Terminal,
    /// The report's own document.
    Json,
    /// A row for each step.
    Csv,
    /// A row for each interval of each step.
    TimelineCsv,
    /// A page for a browser.
    Html,
    /// A comment for a pull request.
    Markdown,
    /// The thresholds and the trust as test cases.
    Junit,
    /// Metrics, as a text-file collector takes them.
    Prometheus,
}

impl Format {
    /// All forms.
    pub const ALL: [Format; 8] = [
        Format::Terminal,
        Format::Json,
        Format::Csv,
        Format::TimelineCsv,
        Format::Html,
        Format::Markdown,
        Format::Junit,
        Format::Prometheus,
    ];

    /// The name by which the form is asked for.
    pub const fn label(self) -> &'static str {
        match self {
            Format::Terminal => "terminal",
            Format::Json => "json",
            Format::Csv => "csv",
            Format::TimelineCsv => "timeline-csv",
            Format::Html => "html",
            Format::Markdown => "markdown",
            Format::Junit => "junit",
            Format::Prometheus => "prometheus",
        }
    }

    /// The form of this name, if there is one.
    pub fn from_label(label: &str) -> Option<Format> {
        Self::ALL.into_iter().find(|format| format.label() == label)
    }

    /// Writes `report` in this form; only the terminal's form has colours.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(
        self,
        report: &Report,
        summary: &Summary,
        palette: Palette,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        match self {
            Format::Terminal => terminal::write(out, report, summary, &[], palette),
            Format::Json => report.save(out),
            Format::Csv => csv::write(summary, out),
            Format::TimelineCsv => timeline_csv::write(summary, out),
            Format::Html => html::write(report, summary, out),
            Format::Markdown => markdown::write(report, summary, out),
            Format::Junit => junit::write(report, summary, out),
            Format::Prometheus => prometheus::write(report, summary, out),
        }
    }
}

//! The formats in which a report can be written.

use std::io;

use strum::{EnumString, IntoStaticStr, VariantNames};

use super::{csv, html, junit, markdown, prometheus, style::Colours, terminal, view};
use crate::report::{Report, summary::Summary};

/// A format of a report; parsed from and shown as its name in kebab case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case")]
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
    /// Thresholds and quality as test cases.
    Junit,
    /// Metrics for Prometheus' text-file collector.
    Prometheus,
}

impl Format {
    /// Writes `report` in this format; only the terminal's has colours.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(
        self,
        report: &Report,
        summary: &Summary,
        colours: Colours,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let document = || view::run::document(report, summary, &[]);
        let text = match self {
            Format::Json => return report.save(out),
            Format::Csv => return csv::write_steps(summary, out),
            Format::TimelineCsv => return csv::write_timeline(summary, out),
            Format::Junit => return junit::write(report, summary, out),
            Format::Terminal => terminal::render(&document(), colours),
            Format::Html => html::report(report, summary),
            Format::Markdown => markdown::render(&document()),
            Format::Prometheus => prometheus::report(report, summary),
        };
        out.write_all(text.as_bytes())
    }
}

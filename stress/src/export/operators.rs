//! Comparisons of operators as text: one function for each format.

use ::csv::Writer;
use strum::{EnumString, IntoStaticStr, VariantNames};

use super::{csv::word, html, markdown, style::Colours, terminal, view};
use crate::{
    plan::names::none_of,
    report::operators::{OperatorRow, OperatorsReport, ReadTimes, places::PlacesReport},
};

/// A format of a comparison of operators; parsed from and shown as its name in kebab case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "kebab-case", parse_err_ty = String, parse_err_fn = none_of::<OperatorsFormat>)]
pub enum OperatorsFormat {
    /// The screen at the end.
    Terminal,
    /// The whole document; `stress/schema/operators.schema.json` describes it.
    Json,
    /// A row for each operator.
    Csv,
    /// A page for a browser.
    Html,
    /// A comment for a pull request.
    Markdown,
}

impl OperatorsFormat {
    /// `report` in this format; only the terminal's has colours.
    pub fn render(self, report: &OperatorsReport, colours: Colours) -> String {
        match self {
            OperatorsFormat::Terminal => terminal::render(&view::operators::document(report), colours),
            OperatorsFormat::Markdown => markdown::render(&view::operators::document(report)),
            OperatorsFormat::Html => html::operators::page(report),
            OperatorsFormat::Csv => csv(report),
            OperatorsFormat::Json => {
                let text = serde_json::to_string_pretty(report).expect("a report is a document");
                format!("{text}\n")
            }
        }
    }
}

/// The screen of operators seen from several places.
pub fn places_screen(report: &PlacesReport, colours: Colours) -> String {
    terminal::render(&view::places::document(report), colours)
}

/// A column of the table: its name, and the cell of an operator.
type Column = (&'static str, fn(&OperatorRow) -> String);

const COLUMNS: [Column; 18] = [
    ("operator", |row| word(&row.name)),
    ("url", |row| row.url.clone()),
    ("rank", |row| optional(row.rank)),
    ("asked", |row| row.asked.to_string()),
    ("delivered", |row| row.delivered.to_string()),
    ("left_out", |row| row.left_out.to_string()),
    ("availability", |row| optional(row.availability)),
    ("corrupt", |row| row.corrupt.to_string()),
    ("first_median_seconds", |row| optional(row.first.map(|times| times.median))),
    ("first_median_seconds_from", |row| optional(interval(row.first).map(|(low, _)| low))),
    ("first_median_seconds_to", |row| optional(interval(row.first).map(|(_, high)| high))),
    ("cached_median_seconds", |row| optional(row.cached.map(|times| times.median))),
    ("cached_median_seconds_from", |row| optional(interval(row.cached).map(|(low, _)| low))),
    ("cached_median_seconds_to", |row| optional(interval(row.cached).map(|(_, high)| high))),
    ("first_to_cached", |row| optional(row.cache_effect.map(|effect| effect.median))),
    ("first_hits", |row| row.first_hits.to_string()),
    ("cors", |row| optional(row.offers.as_ref().and_then(|offers| offers.cors))),
    ("range", |row| optional(row.offers.as_ref().and_then(|offers| offers.range))),
];

fn interval(times: Option<ReadTimes>) -> Option<(f64, f64)> {
    times.and_then(|times| times.interval)
}

fn optional(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn csv(report: &OperatorsReport) -> String {
    let mut rows = Writer::from_writer(Vec::new());
    let head = rows.write_record(COLUMNS.iter().map(|(name, _)| *name));
    let mut all = report.operators.iter();
    let written = head
        .and_then(|()| all.try_for_each(|row| rows.write_record(COLUMNS.iter().map(|(_, cell)| cell(row)))));
    written.expect("writing to memory does not fail");
    let bytes = rows.into_inner().expect("writing to memory does not fail");
    String::from_utf8(bytes).expect("text was written")
}

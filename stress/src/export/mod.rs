//! Writes what was measured: screens, comments, pages and tables of whole runs, and files of single samples.

pub mod blobs;
pub mod charset;
mod csv;
pub mod events;
pub mod file;
mod format;
mod html;
pub mod json;
mod junit;
pub mod log;
mod markdown;
pub mod operators;
pub mod prometheus;
pub mod rows;
pub mod style;
mod terminal;
mod view;

use crate::{
    plan::{Plan, forecast::Forecast, search::Axis},
    report::{
        Report,
        capacity::{Capacity, SearchStep},
        compare::Comparison,
        summary::Summary,
    },
};
use blobs::BlobRecord;
pub use format::Format;
use style::Colours;

/// The screen at the end of a run, with a table of `blobs` unless there are none.
pub fn run_screen(report: &Report, summary: &Summary, blobs: &[BlobRecord], colours: Colours) -> String {
    terminal::render(&view::run::document(report, summary, blobs), colours)
}

/// The screen at the end of a search.
pub fn search_screen(capacity: &Capacity, colours: Colours) -> String {
    terminal::render(&view::search::document(capacity), colours)
}

/// A level of a search with its unit: `9.6/s`, `17 at a time`.
pub fn search_level(axis: Axis, level: f64) -> String {
    view::search::level(axis, level)
}

/// A step of a search in a line, as soon as it was made.
pub fn search_step(axis: Axis, step: &SearchStep) -> String {
    view::search::step(axis, step)
}

/// What `plan` would do, in words; `is_random` unless its seed was given.
pub fn plan_screen(plan: &Plan, forecasts: &[Forecast], is_random: bool, colours: Colours) -> String {
    terminal::render(&view::plan::document(plan, forecasts, is_random), colours)
}

/// What the uploads of each phase store and cost, a line each, and the price; empty when none uploads.
pub fn cost_lines(plan: &Plan, forecasts: &[Forecast]) -> Vec<String> {
    view::plan::cost_lines(plan, forecasts)
}

/// A comparison on a terminal.
pub fn comparison_screen(comparison: &Comparison, colours: Colours) -> String {
    terminal::render(&view::comparison::document(comparison), colours)
}

/// A comparison as a comment on a pull request.
pub fn comparison_markdown(comparison: &Comparison) -> String {
    markdown::render(&view::comparison::document(comparison))
}

/// A comparison as a page for a browser.
pub fn comparison_page(comparison: &Comparison) -> String {
    html::comparison(comparison)
}

#[cfg(test)]
mod hostile_tests;

//! Reports and comparisons as pages: one file that needs no network and no script.
//!
//! The charts are SVG of our own: chart libraries either need a script in the page or draw text as outlines, which
//! screen readers and searches cannot read.

mod chart;
mod intervals;
mod latency;
mod markup;
pub(super) mod operators;
mod page;
mod readable;
mod scale;
mod scatter;
mod series;
mod timeline;

use super::view::{comparison, document::Document, run};
use crate::report::{Report, Tool, compare::Comparison, summary::Summary};
use markup::{Element, element, text};
use page::Part;

/// The page of a run.
pub(super) fn report(report: &Report, summary: &Summary) -> String {
    let document = run::document(report, summary, &[]);
    let mut parts = page::parts(&document);
    // The cards show the thresholds already: load and targets belong above the fold.
    parts.sort_by_key(|part| part.id != "run");
    let after_steps = parts.iter().position(|part| part.id == "steps").map_or(0, |position| position + 1);
    let charts = [latency::part(report, summary), timeline::part(report, summary)];
    parts.splice(after_steps..after_steps, charts.into_iter().flatten());
    if let Some(cache) = &summary.cache
        && let Some(part) = parts.iter_mut().find(|part| part.id == "cache")
    {
        part.inside.splice(0..0, scatter::figure(report, cache));
    }
    if let Some(figures) = readable::figures(summary)
        && let Some(part) = parts.iter_mut().find(|part| part.id == "readable")
    {
        part.inside.insert(0, figures);
    }
    parts.push(plan(report, summary));
    let title = format!("walrus-stress {}", report.started_at);
    page::render(&title, &document, &run::about(&report.plan), parts, &report.tool)
}

/// The page of a comparison.
pub(super) fn comparison(comparison: &Comparison) -> String {
    let document: Document = comparison::document(comparison);
    let mut parts = page::parts(&document);
    if let Some(part) = parts.iter_mut().find(|part| part.id == "numbers") {
        let figures = element("div").class("figures").with_all(intervals::figures(comparison));
        part.inside.insert(0, figures);
    }
    page::render(document.title, &document, &[], parts, &Tool::this())
}

/// The whole plan, and how to run it again.
fn plan(report: &Report, summary: &Summary) -> Part {
    let command = text("code", "walrus-stress run --plan report.json");
    let again = if summary.uploads.is_some() { ", with the same blobs" } else { "" };
    let sentence =
        element("p").with(command).text(format!(" repeats this run from its saved report{again}."));
    let document = serde_json::to_string_pretty(&report.plan).expect("a plan is a document");
    let listing = element("pre").set("tabindex", "0").with(text("code", document));
    let folded: Element = page::folded("The whole plan, without secrets", [listing]);
    Part { id: "plan", heading: "Plan", inside: vec![sentence, folded] }
}

#[cfg(test)]
mod comparison_tests;
#[cfg(test)]
mod tests;

//! The report as a page: one file that needs no network and no script, in light and dark, on paper and read aloud.

mod chart;
pub mod comparison;
mod costs;
mod course;
mod evidence;
mod forest;
mod failures;
mod glance;
mod latency;
mod markup;
mod pairs;
mod plan;
mod scale;
mod steps;
mod stored;
mod table;
mod verdicts;

use std::{borrow::Cow, io};

use crate::{
    metrics::step_metrics::StepMetrics,
    plan::journey::Step,
    report::{
        Report, Tool,
        summary::{StepSummary, Summary},
    },
    sample::Novelty,
};
use markup::{Element, element, text};

/// How it looks. Nothing in it comes from elsewhere.
const STYLE: &str = include_str!("html/style.css");

/// Keeps a browser from fetching anything, whatever the page may hold.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Writes the page of `report`.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &Report, summary: &Summary, out: &mut dyn io::Write) -> io::Result<()> {
    let title = format!("walrus-stress {}", report.started_at);
    page(&title, glance::header(report, summary), sections(report, summary), &report.tool, out)
}

/// A page with a header, and sections that its contents lead to.
fn page(
    title: &str,
    header: Element,
    sections: Vec<Section>,
    tool: &Tool,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let title = text("title", title);
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         {title}\n<style>\n{STYLE}</style>\n</head>\n{}\n</html>\n",
        body(header, sections, tool)
    )
}

fn sections(report: &Report, summary: &Summary) -> Vec<Section> {
    [
        Some(steps::section(report, summary)),
        latency::section(report, summary),
        course::section(report, summary),
        pairs::section(report, summary),
        costs::section(summary),
        failures::section(summary),
        verdicts::thresholds(summary),
        Some(verdicts::quality(summary)),
        Some(plan::section(report, summary)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn body(header: Element, sections: Vec<Section>, tool: &Tool) -> Element {
    let link = |section: &Section| {
        element("li").with(text("a", section.heading).set("href", format!("#{}", section.id)))
    };
    let contents = element("ul").with_all(sections.iter().map(link));
    element("body")
        .with(text("a", "Skip to the numbers").class("skip").set("href", "#main"))
        .with(header)
        .with(element("nav").set("aria-label", "Contents").with(contents))
        .with(element("main").set("id", "main").with_all(sections.into_iter().map(Section::element)))
        .with(text("footer", format!("{} {}", tool.name, tool.version)))
}

/// A part of the page with a heading that the contents lead to.
struct Section {
    id: &'static str,
    heading: &'static str,
    inside: Vec<Element>,
}

impl Section {
    fn element(self) -> Element {
        let heading = format!("{}-heading", self.id);
        element("section")
            .set("id", self.id)
            .set("aria-labelledby", &heading)
            .with(text("h2", self.heading).set("id", heading))
            .with_all(self.inside)
    }
}

/// Which colour and dashes a step's line has.
fn kind(step: Step, repeats: bool) -> usize {
    let first = match step {
        Step::Upload => 0,
        Step::Read { ordinal } => usize::from(ordinal),
        Step::ControlUpload => 6,
        Step::Control => 7,
    };
    first + if repeats { 3 } else { 0 }
}

/// What a step is called beside others.
fn name(step: Step, repeats: bool) -> String {
    if repeats { format!("{step}, repeats") } else { step.to_string() }
}

/// What a step is called on the page; with its phase where there are several.
fn place(summary: &Summary, step: &StepSummary) -> String {
    let name = name(step.step, step.repeats);
    if phases(summary).len() > 1 { format!("{}: {name}", step.phase) } else { name }
}

/// The recording that a step's numbers come from.
fn metrics<'a>(report: &'a Report, step: &StepSummary) -> Option<Cow<'a, StepMetrics>> {
    let mut same = report.recording.steps.iter().filter(|(key, _)| {
        let repeats = key.novelty == Novelty::Repeat;
        key.step == step.step && repeats == step.repeats && report.phase_name(key.phase) == step.phase
    });
    same.next().map(|(_, recorded)| recorded.total())
}

/// The names of the phases that have steps, in their order.
fn phases(summary: &Summary) -> Vec<&str> {
    let mut phases: Vec<&str> = summary.steps.iter().map(|step| step.phase.as_str()).collect();
    phases.dedup();
    phases
}

#[cfg(test)]
mod tests;

//! What was meant, in full, and how to do it again.

use super::{
    Section,
    markup::{Element, element, text},
    table::folded,
};
use crate::{
    export::terminal,
    report::{Report, summary::Summary},
};

pub(super) fn section(report: &Report, summary: &Summary) -> Section {
    let plan = &report.plan;
    let entry = |name: &str, value: String| element("div").with(text("dt", name)).with(text("dd", value));
    let phases = plan.phases.iter().map(|phase| entry(&phase.name, terminal::load(phase)));
    let targets = |name: &'static str, targets: &[crate::plan::target::Target]| -> Vec<Element> {
        targets.iter().map(|target| entry(name, target.to_string())).collect()
    };
    let mut facts: Vec<_> = phases.collect();
    facts.extend(targets("publisher", &plan.publishers));
    facts.extend(targets("aggregator", &plan.aggregators));
    let mut inside = vec![element("dl").with_all(facts)];
    let command = text("code", "walrus-stress run --plan report.json");
    let again = if summary.uploads.is_some() {
        format!(" repeats this run from its saved report, with the same blobs (seed {}).", plan.seed)
    } else {
        " repeats this run from its saved report.".to_owned()
    };
    inside.push(element("p").with(command).text(again));
    let document = serde_json::to_string_pretty(plan).expect("a plan is a document");
    let listing = element("pre").set("tabindex", "0").with(text("code", document));
    inside.push(folded("The whole plan, without secrets", [listing]));
    Section { id: "plan", heading: "The plan, and how to repeat it", inside }
}

//! Where the time goes by size: what each step costs however small its blob, and what each MiB adds.

use super::{
    Section,
    markup::{Element, element, text},
    place,
    table::{cell, number, row, table},
};
use crate::{
    export::{terminal::costs, units},
    plan::journey::Step,
    report::{
        cost::{Estimate, LinearFit, StepCost},
        summary::{StepSummary, Summary},
    },
};

/// `None` when nothing is known of any step.
pub(super) fn section(summary: &Summary) -> Option<Section> {
    let steps = || summary.steps.iter().enumerate();
    let known = steps().filter_map(|(position, step)| Some((position, step, step.cost.as_ref().ok()?)));
    let rows: Vec<Element> =
        known.flat_map(|(position, step, cost)| lines(summary, step, cost, position)).collect();
    if rows.is_empty() {
        return None;
    }
    let heads = ["", "blobs", "fixed", "from", "to", "per MiB", "from", "to", "in words"].map(str::to_owned);
    let about = "A line through the times over the sizes (Theil and Sen), each number with its 95 % interval; what \
                 opening a connection took is not in them.";
    let unknown = steps().filter_map(|(_, step)| {
        let why = step.cost.as_ref().err()?;
        (step.done > 0).then(|| text("p", format!("{}: {}", place(summary, step), why.words())))
    });
    let mut inside = vec![text("p", about), table("Time by the size of the blob", &heads, rows)];
    inside.extend(unknown);
    Some(Section { id: "by-size", heading: "Where the time goes, by size", inside })
}

fn lines(summary: &Summary, step: &StepSummary, cost: &StepCost, position: usize) -> Vec<Element> {
    let place = place(summary, step);
    let mut parts = vec![(place.clone(), "service", &cost.service)];
    if step.step == Step::Upload {
        parts.push((format!("{place}: sending"), "send", &cost.send));
        parts.push((format!("{place}: waiting"), "wait", &cost.wait));
    }
    let pointer = format!("/steps/{position}/cost_by_size");
    let of = |(name, part, one): (String, &str, &LinearFit)| line(&name, cost.samples, one, &pointer, part);
    parts.into_iter().map(of).collect()
}

fn line(name: &str, samples: u64, line: &LinearFit, pointer: &str, part: &str) -> Element {
    let estimate = |estimate: Estimate, field: &str| {
        let at = |value: f64, field: String| cell(Some(number(costs::seconds(value), value, &field)));
        let field = format!("{pointer}/{part}/{field}");
        [
            at(estimate.value, field.clone()),
            at(estimate.interval.0, format!("{field}_interval_95/0")),
            at(estimate.interval.1, format!("{field}_interval_95/1")),
        ]
    };
    let samples = cell(Some(number(units::count(samples), samples, &format!("{pointer}/samples"))));
    let cells = [samples]
        .into_iter()
        .chain(estimate(line.fixed, "fixed_seconds"))
        .chain(estimate(line.per_mib, "seconds_per_mib"));
    row(name, cells.chain([element("td").text(costs::line(line))]))
}

//! The table of steps: a column each, so that first and cached downloads stand side by side.

use std::collections::BTreeSet;

use super::{
    Section,
    markup::{Element, element, text},
    place, stored,
    table::{cell, number, row, table},
};
use crate::{
    export::{terminal::closing, units, words},
    metrics::step_metrics::Span,
    report::{
        Report,
        stats::Percentile,
        summary::{Bounded, StepSummary, Summary},
    },
};

pub(super) fn section(report: &Report, summary: &Summary) -> Section {
    let mut heads = vec![String::new()];
    heads.extend(summary.steps.iter().map(|step| place(summary, step)));
    let rows = [counts(summary), times(summary), parts(summary)].concat();
    let facts = facts(report, summary)
        .into_iter()
        .map(|(label, fact)| element("div").with(text("dt", label)).with(text("dd", fact)));
    let mut inside = vec![table("Each step in numbers", &heads, rows)];
    inside.extend(stored::uploads(report, summary));
    inside.push(element("dl").with_all(facts));
    Section { id: "steps", heading: "Steps", inside }
}

/// What happened besides, but for what has a section of its own.
fn facts(report: &Report, summary: &Summary) -> Vec<(&'static str, String)> {
    let mut facts: Vec<(&str, String)> = Vec::new();
    for fact in closing::facts(report, summary) {
        match facts.last_mut() {
            Some((_, before)) if fact.label.is_empty() => before.push_str(&format!("; {}", fact.text)),
            _ => facts.push((fact.label, fact.text)),
        }
    }
    facts.retain(|(label, _)| !["by size", "cache", "headers", "repeat", "note"].contains(label));
    facts
}

/// A row of cells, one for each step, whose numbers the JSON has under `/steps/N/POINTER`.
fn numbers<V: std::fmt::Display>(
    name: &str,
    pointer: &str,
    summary: &Summary,
    number_of: impl Fn(&StepSummary) -> Option<(String, V)>,
) -> Element {
    let cells = summary.steps.iter().enumerate().map(|(position, step)| {
        let shown = number_of(step);
        cell(shown.map(|(shown, value)| number(shown, value, &format!("/steps/{position}/{pointer}"))))
    });
    row(name, cells)
}

fn group(name: &str, summary: &Summary) -> Element {
    let head = text("th", name).set("scope", "rowgroup").set("colspan", summary.steps.len() + 1);
    element("tr").class("group").with(head)
}

fn counts(summary: &Summary) -> Vec<Element> {
    type Count = fn(&StepSummary) -> u64;
    let kinds: [(&str, &str, Count); 6] = [
        ("tried", "attempted", |step| step.attempted),
        ("done", "done", |step| step.done),
        ("failed", "failed", |step| step.failed),
        ("failed tries", "attempt_failures", |step| step.attempt_failures),
        ("unfinished", "unfinished", |step| step.unfinished),
        ("not tried", "skipped", |step| step.skipped),
    ];
    let rows = kinds.into_iter().map(|(name, pointer, count)| {
        numbers(name, pointer, summary, |step| Some((units::count(count(step)), count(step))))
    });
    let throughput = numbers("MiB/s", "throughput_mib_per_second", summary, |step| {
        step.throughput_mib.map(|rate| (units::mib_per_second(rate), rate))
    });
    [group("How many", summary)].into_iter().chain(rows).chain([throughput]).collect()
}

fn times(summary: &Summary) -> Vec<Element> {
    let time = |name: &str, number_of: &dyn Fn(&StepSummary) -> Option<Bounded>| {
        let pointer = format!("response_seconds/{name}");
        numbers(name, &pointer, summary, |step| number_of(step).map(shown))
    };
    let supported: BTreeSet<Percentile> = summary
        .steps
        .iter()
        .filter_map(StepSummary::response)
        .flat_map(|response| response.percentiles.keys().copied())
        .filter(|percentile| *percentile != Percentile::P50)
        .collect();
    let mut rows = vec![
        group("Response time: from when a step was due to its last byte", summary),
        time("min", &|step| Some(step.response()?.min)),
        time("mean", &|step| Some(step.response()?.mean)),
        time("median", &|step| Some(step.response()?.median)),
    ];
    rows.extend(supported.into_iter().map(|percentile| {
        time(percentile.label(), &|step| step.response()?.percentiles.get(&percentile).copied())
    }));
    rows.push(time("max", &|step| Some(step.response()?.max)));
    rows
}

/// Where the time of successes went.
fn parts(summary: &Summary) -> Vec<Element> {
    let parts = [
        ("sending", "send_seconds", Span::Send),
        ("waiting", "wait_seconds", Span::Wait),
        ("receiving", "receive_seconds", Span::Receive),
    ];
    let rows = parts.into_iter().map(|(name, pointer, span)| {
        numbers(name, &format!("{pointer}/median"), summary, |step| {
            step.spans.get(&span).map(|part| shown(part.median))
        })
    });
    [group("Median of its parts", summary)].into_iter().chain(rows).collect()
}

fn shown(time: Bounded) -> (String, f64) {
    (words::bounded(time), time.value.as_secs_f64())
}

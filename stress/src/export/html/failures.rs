//! What failed: by step and class, with the first examples in the servers' own words.

use super::{
    Section,
    markup::{Element, element, text},
    name,
    table::{number, table},
};
use crate::{
    export::{units, words},
    report::summary::{FailureExample, FailureSummary, StepSummary, Summary},
};

/// `None` when nothing failed.
pub(super) fn section(summary: &Summary) -> Option<Section> {
    let rows = summary.steps.iter().enumerate().flat_map(|(position, step)| {
        let of = |kind: &'static str, all: &[FailureSummary]| -> Vec<Element> {
            let pointer = |place: usize| format!("/steps/{position}/{kind}/{place}");
            let row = |(place, failure)| row(step, failure, kind == "retried", &pointer(place));
            all.iter().enumerate().map(row).collect()
        };
        [of("failures", &step.failures), of("retried", &step.retried)].concat()
    });
    let rows: Vec<_> = rows.collect();
    let heads = ["step", "class", "how often", "first at", "last at", "the first ones"].map(str::to_owned);
    let inside = vec![table("Failures by step and class", &heads, rows.clone())];
    (!rows.is_empty()).then_some(Section { id: "failures", heading: "Failures", inside })
}

/// Of failures with which the step ended, or of those after which it was tried again.
fn row(step: &StepSummary, failure: &FailureSummary, retried: bool, pointer: &str) -> Element {
    let at = |time: std::time::Duration, name: &str| {
        number(units::duration(time), time.as_secs_f64(), &format!("{pointer}/{name}"))
    };
    let count = number(units::count(failure.count), failure.count, &format!("{pointer}/count"));
    let examples = element("ul").with_all(failure.examples.iter().map(example));
    element("tr")
        .with(text("th", name(step.step, step.repeats)).set("scope", "row"))
        .with(text("td", format!("{}{}", failure.class, if retried { ", tried again" } else { "" })))
        .with_all(
            [count, at(failure.first, "first_seconds"), at(failure.last, "last_seconds")]
                .map(|number| element("td").class("n").with(number)),
        )
        .with(element("td").class("words").with(examples))
}

fn example(example: &FailureExample) -> Element {
    let at = units::duration(example.at);
    text(
        "li",
        format!("blob {} at {at}: {}", units::count(example.blob_number), words::details(&example.failure)),
    )
}

//! A comparison as a page: the answer, the numbers before and after, their changes drawn, and what to know besides.

use std::io;

use super::{
    Section, forest, glance,
    markup::{Element, element, text},
    table::{cell, number, row, table},
};
use crate::{
    export::{
        compare::words,
        palette::{Style, clean},
    },
    report::{
        Tool,
        compare::{Comparison, Number, Run, Value, Verdict},
    },
};

/// Writes the page of `comparison`.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn io::Write, comparison: &Comparison) -> io::Result<()> {
    let sections: Vec<Section> =
        [numbers(comparison), limits(comparison), Some(plans(comparison)), notes(comparison)]
            .into_iter()
            .flatten()
            .collect();
    let (conclusion, ink) = words::conclusion(comparison);
    let worse = comparison.numbers.iter().any(|number| number.verdict == Verdict::Worse);
    // Limits that hold do not make it good that something is worse.
    let answer = if worse && !comparison.regressed() { "care" } else { class(ink) };
    let runs = [("before", &comparison.before), ("after", &comparison.after)];
    let runs = runs.into_iter().flat_map(|(side, runs)| runs.iter().map(move |one| run(side, one)));
    let header = element("header")
        .with(glance::theme())
        .with(text("h1", "Walrus, before and after"))
        .with(element("div").class("cards").with(glance::card(answer, "What changed?", conclusion)))
        .with(element("dl").with_all(runs));
    super::page("walrus-stress compare", header, sections, &Tool::this(), out)
}

fn run(side: &str, run: &Run) -> Element {
    element("div").with(text("dt", side)).with(text("dd", words::run(run)))
}

/// `None` when the runs have no step in common.
fn numbers(comparison: &Comparison) -> Option<Section> {
    let places = words::places(comparison);
    let heads = ["", "before", "after", "change", "95 % from", "to", "verdict"].map(str::to_owned);
    let rows = places.iter().flat_map(|(place, numbers)| {
        let head = text("th", place).set("scope", "rowgroup").set("colspan", heads.len());
        let rows = numbers.iter().map(|number| measured(comparison, number));
        [element("tr").class("group").with(head)].into_iter().chain(rows)
    });
    let table = table("Each number before and after", &heads, rows.collect::<Vec<_>>());
    let remarks = places.iter().flat_map(|(place, numbers)| {
        words::wanting(numbers).into_iter().map(move |remark| text("li", format!("{place}: {remark}")))
    });
    let inside = vec![
        element("div").class("figures").with_all(forest::figures(comparison)),
        table,
        element("ul").with_all(remarks).with(text("li", words::legend(comparison))),
    ];
    (!places.is_empty()).then_some(Section { id: "numbers", heading: "The numbers", inside })
}

fn measured(comparison: &Comparison, one: &Number) -> Element {
    let position = comparison.numbers.iter().position(|number| std::ptr::eq(number, one));
    let pointer = |name: &str| format!("/numbers/{}/{name}", position.unwrap_or_default());
    let quantity = one.quantity;
    let side = |value: Option<Value>, name: &str| {
        let shown = words::value(quantity, value);
        cell(value.map(|value| number(shown, value.value, &pointer(name))))
    };
    let change = |change: Option<f64>, name: &str| {
        cell(change.map(|value| number(words::change(quantity, change), value, &pointer(name))))
    };
    let (low, high) = one.interval.unzip();
    let (word, class) = look(one.verdict);
    row(
        quantity.label(),
        [
            side(one.before, "before"),
            side(one.after, "after"),
            change(one.change, "change"),
            change(low, "change_interval_95/0"),
            change(high, "change_interval_95/1"),
            element("td").with(text("strong", word).class(class)),
        ],
    )
}

/// `None` when nobody asked for any.
fn limits(comparison: &Comparison) -> Option<Section> {
    let limit = |threshold_result| {
        let (word, words, ink) = words::limit(threshold_result);
        element("li").with(text("strong", word).class(class(ink))).text(format!(" {words}"))
    };
    let inside = vec![element("ul").with_all(comparison.limits.iter().map(limit))];
    (!comparison.limits.is_empty()).then_some(Section { id: "limits", heading: "Limits", inside })
}

fn plans(comparison: &Comparison) -> Section {
    let differences = &comparison.differences;
    let heads = ["", "before", "after"].map(str::to_owned);
    let side = |value: &Option<String>| text("td", clean(value.as_deref().unwrap_or("–"))).class("words");
    let rows = differences.iter().map(|one| row(&clean(&one.what), [side(&one.before), side(&one.after)]));
    let inside = if differences.is_empty() {
        text("p", format!("They are {}.", words::same_plans(comparison)))
    } else {
        table("What the plans say differently", &heads, rows)
    };
    Section { id: "plans", heading: "The plans", inside: vec![inside] }
}

fn notes(comparison: &Comparison) -> Option<Section> {
    let notes = comparison.notes.iter().map(|note| text("li", clean(note)));
    let inside = vec![element("ul").with_all(notes)];
    (!comparison.notes.is_empty()).then_some(Section { id: "notes", heading: "To know besides", inside })
}

/// A verdict's words, with a mark that says what the colour says, and its class.
pub(super) const fn look(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Better => ("✓ better", "good"),
        Verdict::Worse => ("✕ worse", "bad"),
        Verdict::NoRelevantChange => ("= same", "plain"),
        Verdict::NoEvidence => ("○ no evidence", "plain"),
        Verdict::Hidden => ("! unknown (≥)", "care"),
        Verdict::NotEnoughData { .. } => ("! too little", "care"),
    }
}

const fn class(ink: Style) -> &'static str {
    match ink {
        Style::Good => "good",
        Style::Error => "bad",
        Style::Existing => "care",
        _ => "plain",
    }
}

#[cfg(test)]
mod tests;

//! What held and what did not: thresholds, and the checks behind the trust in the numbers.

use super::{
    Section,
    markup::{Element, element, text},
    table::{number, table},
};
use crate::{
    export::words,
    report::{
        summary::Summary,
        threshold::{Judgement, Measured},
        trust::{Check, Grade, Trust},
    },
};

/// `None` when there is none.
pub(super) fn thresholds(summary: &Summary) -> Option<Section> {
    let heads = ["threshold", "measured", "verdict"].map(str::to_owned);
    let rows =
        summary.thresholds.iter().enumerate().map(|(position, judgement)| threshold(judgement, position));
    let what = "Those that nobody asked for are what every run has: a step must not fail.";
    let inside = vec![text("p", what), table("Each with what was measured", &heads, rows)];
    (!summary.thresholds.is_empty()).then_some(Section { id: "thresholds", heading: "Thresholds", inside })
}

fn threshold(judgement: &Judgement, position: usize) -> Element {
    let (value, name) = match judgement.measured {
        Measured::Time(time) => (time.value.as_secs_f64(), "measured_seconds"),
        Measured::Count { count, .. } => (count as f64, "measured"),
        Measured::PerSecond(rate) => (rate, "measured_per_second"),
        Measured::BytesPerSecond(rate) => (rate, "measured_bytes_per_second"),
        Measured::Unsupported { has, .. } => (has as f64, "samples"),
    };
    let shown = words::measured(judgement.measured);
    let asked = if judgement.implicit { " (every run)" } else { "" };
    element("tr")
        .with(
            element("th").set("scope", "row").with(text("code", judgement.objective.to_string())).text(asked),
        )
        .with(element("td").class("n").with(number(shown, value, &format!("/thresholds/{position}/{name}"))))
        .with(verdict(if judgement.holds() { ("good", "✓ holds") } else { ("bad", "✕ broken") }))
}

/// The verdict in a colour and in words.
fn verdict((class, words): (&'static str, &'static str)) -> Element {
    element("td").with(text("strong", words).class(class))
}

pub(super) fn trust(summary: &Summary) -> Section {
    let heads = ["check", "measured", "limit", "verdict"].map(str::to_owned);
    let trust = &summary.trust;
    let rows = trust.checks.iter().enumerate().map(|(position, one)| check(one, trust, position));
    let inside =
        vec![text("p", words::trust(trust)).class("lead"), table("What the verdict rests on", &heads, rows)];
    Section { id: "trust", heading: "Can these numbers be trusted?", inside }
}

fn check(check: &Check, trust: &Trust, position: usize) -> Element {
    let pointer = |name: &str| format!("/trust/checks/{position}/{name}");
    let (measured, limit) = (words::number(check, check.measured), words::number(check, check.limit));
    let numbers = [(measured, check.measured, "measured"), (limit, check.limit, "limit")];
    let cells = numbers
        .map(|(shown, value, name)| element("td").class("n").with(number(shown, value, &pointer(name))));
    element("tr")
        .with(text("th", words::checked(check, trust.drift.as_ref())).set("scope", "row"))
        .with_all(cells)
        .with(verdict(match check.grade {
            Grade::Trustworthy => ("good", "✓ fine"),
            Grade::Care => ("care", "! with care"),
            Grade::Invalid => ("bad", "✕ invalid"),
        }))
}

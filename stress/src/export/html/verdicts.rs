//! What held and what did not: thresholds, and the checks behind the trust in the numbers.

use super::{
    Section,
    markup::{Element, element, text},
    table::{number, table},
};
use crate::{
    export::words,
    report::{
        quality::{CheckResult, QualityReport, Severity},
        summary::Summary,
        threshold::{Measured, ThresholdResult},
    },
};

/// `None` when there is none.
pub(super) fn thresholds(summary: &Summary) -> Option<Section> {
    let heads = ["threshold", "measured", "verdict"].map(str::to_owned);
    let rows = summary
        .thresholds
        .iter()
        .enumerate()
        .map(|(position, threshold_result)| threshold(threshold_result, position));
    let what = "Those that nobody asked for are what every run has: a step must not fail.";
    let inside = vec![text("p", what), table("Each with what was measured", &heads, rows)];
    (!summary.thresholds.is_empty()).then_some(Section { id: "thresholds", heading: "Thresholds", inside })
}

fn threshold(threshold_result: &ThresholdResult, position: usize) -> Element {
    let (value, name) = match threshold_result.measured {
        Measured::Time(time) => (time.value.as_secs_f64(), "measured_seconds"),
        Measured::Count { count, .. } => (count as f64, "measured"),
        Measured::PerSecond(rate) => (rate, "measured_per_second"),
        Measured::BytesPerSecond(rate) => (rate, "measured_bytes_per_second"),
        Measured::Unsupported { has, .. } => (has as f64, "samples"),
    };
    let shown = words::measured(threshold_result.measured);
    let asked = if threshold_result.implicit { " (every run)" } else { "" };
    element("tr")
        .with(
            element("th")
                .set("scope", "row")
                .with(text("code", threshold_result.threshold.to_string()))
                .text(asked),
        )
        .with(element("td").class("n").with(number(shown, value, &format!("/thresholds/{position}/{name}"))))
        .with(verdict(if threshold_result.holds() { ("good", "✓ holds") } else { ("bad", "✕ broken") }))
}

/// The verdict in a colour and in words.
fn verdict((class, words): (&'static str, &'static str)) -> Element {
    element("td").with(text("strong", words).class(class))
}

pub(super) fn quality(summary: &Summary) -> Section {
    let heads = ["check", "measured", "limit", "verdict"].map(str::to_owned);
    let quality = &summary.quality;
    let rows = quality.checks.iter().enumerate().map(|(position, one)| check(one, quality, position));
    let inside = vec![
        text("p", words::quality(quality)).class("lead"),
        table("What the verdict rests on", &heads, rows),
    ];
    Section { id: "quality", heading: "Can these numbers be trusted?", inside }
}

fn check(check: &CheckResult, quality: &QualityReport, position: usize) -> Element {
    let pointer = |name: &str| format!("/quality/checks/{position}/{name}");
    let (measured, limit) = (words::number(check, check.measured), words::number(check, check.limit));
    let numbers = [(measured, check.measured, "measured"), (limit, check.limit, "limit")];
    let cells = numbers
        .map(|(shown, value, name)| element("td").class("n").with(number(shown, value, &pointer(name))));
    element("tr")
        .with(text("th", words::checked(check, quality.drift.as_ref())).set("scope", "row"))
        .with_all(cells)
        .with(verdict(match check.severity {
            Severity::Trustworthy => ("good", "✓ fine"),
            Severity::Care => ("care", "! with care"),
            Severity::Invalid => ("bad", "✕ invalid"),
        }))
}

//! The top of the page: what ran, and the answers to the first four questions.

use super::markup::{Element, element, text};
use crate::{
    export::{units, words},
    report::{
        Ending, Report,
        cache::Effect,
        quality::{Bottleneck, QualityReport, Severity},
        summary::Summary,
        threshold::ThresholdResult,
    },
};

pub(super) fn header(report: &Report, summary: &Summary) -> Element {
    let ran = format!("started {}, took {}", report.started_at, units::duration(report.elapsed));
    let mut header =
        element("header").with(theme()).with(text("h1", "Walrus under load")).with(text("p", ran));
    if let Ending::Interrupted { signal } = report.ending {
        let text = format!("Partial: interrupted by {signal}; this is what was measured until then.");
        header = header.with(element("p").class("bad").with(super::text("strong", text)));
    }
    let mut cards = vec![outcome(report, summary), quality(&summary.quality)];
    cards.extend(thresholds(&summary.thresholds));
    cards.extend(cache(summary));
    let header = header.with(element("div").class("cards").with_all(cards));
    header.with_all(report.notices.iter().map(|notice| text("p", notice).class("note")))
}

/// The choice of light or dark, without a script: the style sheet looks at what is checked.
pub(super) fn theme() -> Element {
    let choice = |value: &'static str, label: &'static str| {
        let input =
            element("input").set("type", "radio").set("name", "theme").set("id", format!("theme-{value}"));
        let input = if value == "auto" { input.set("checked", "checked") } else { input };
        element("label").with(input).text(label)
    };
    element("fieldset").class("theme").with(text("legend", "Colours")).with_all([
        choice("auto", "as the system"),
        choice("light", "light"),
        choice("dark", "dark"),
    ])
}

/// A question and its answer. The mark says what the colour says.
pub(super) fn card(class: &'static str, question: &str, answer: String) -> Element {
    let mark = match class {
        "good" => "✓ ",
        "bad" => "✕ ",
        "care" => "! ",
        _ => "",
    };
    element("div")
        .set("class", format!("card {class}"))
        .with(text("h2", question))
        .with(element("p").with(text("span", mark).set("aria-hidden", "true")).text(answer))
}

fn outcome(report: &Report, summary: &Summary) -> Element {
    let well = summary.failed() + summary.unfinished() == 0 && summary.steps.iter().any(|step| step.done > 0);
    let class = match (well, summary.partial) {
        (true, false) => "good",
        (true, true) => "care",
        (false, _) => "bad",
    };
    card(class, "Did it work?", words::outcome(report, summary))
}

fn quality(quality: &QualityReport) -> Element {
    let class = match quality.severity() {
        Severity::Trustworthy => "good",
        Severity::Care => "care",
        Severity::Invalid => "bad",
    };
    let advice = quality.bottleneck().map(Bottleneck::advice).into_iter().map(|advice| text("p", advice));
    card(class, "Can the numbers be trusted?", words::quality(quality)).with_all(advice)
}

/// `None` when nobody asked for any and those that every run has hold.
fn thresholds(threshold_results: &[ThresholdResult]) -> Option<Element> {
    let broken: Vec<_> =
        threshold_results.iter().filter(|threshold_result| !threshold_result.holds()).collect();
    let asked = threshold_results.iter().filter(|threshold_result| !threshold_result.implicit).count();
    match (&broken[..], asked) {
        ([], 0) => None,
        ([], asked) => {
            Some(card("good", "Do the thresholds hold?", format!("all {asked} that were asked for")))
        }
        (broken, _) => {
            let names: Vec<_> =
                broken.iter().map(|threshold_result| threshold_result.threshold.to_string()).collect();
            Some(card("bad", "Do the thresholds hold?", format!("broken: {}", names.join(", "))))
        }
    }
}

fn cache(summary: &Summary) -> Option<Element> {
    let cache = summary.cache.as_ref()?;
    let class = match cache.effect {
        Effect::Faster => "good",
        Effect::Slower => "bad",
        Effect::NoDifference | Effect::TooFew => "care",
    };
    Some(card(class, "What does the cache buy?", cache.sentence()))
}

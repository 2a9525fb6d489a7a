//! The changes of a comparison with their confidence intervals (a forest plot).

use super::{
    chart::{self, WIDTH},
    markup::{Element, element, text},
    page,
    scale::Scale,
};
use crate::{
    export::{style::clip, view::comparison},
    plan::threshold::Quantity,
    report::compare::{Comparison, Number, Verdict},
    units,
};

/// The pixels of the changes, between the numbers' names and the verdicts.
const ACROSS: (f64, f64) = (96.0, 388.0);
/// The pixels of a line, and those above the first and below the last.
const LINE: f64 = 22.0;
const ABOVE: f64 = 6.0;
const BELOW: f64 = 24.0;
/// Half of a marker's width.
const MARK: f64 = 4.5;
/// Changes beyond this share are drawn as arrows, since they would compress all others.
const FAR: f64 = 2.0;
/// The letters of a step's name that fit across.
const NAME: usize = 60;

/// Which quantities a figure is of.
type Wanted = fn(Quantity) -> bool;

/// The changes in percent, and those in percentage points; each only where there is one.
pub(super) fn figures(comparison: &Comparison) -> Vec<Element> {
    let kinds: [(&str, Wanted); 2] = [
        ("Change in percent, with its 95 % interval", |quantity| quantity != Quantity::Failures),
        ("Change of failures in percentage points, with its 95 % interval", |quantity| {
            quantity == Quantity::Failures
        }),
    ];
    kinds.into_iter().filter_map(|(heading, wanted)| figure(comparison, heading, wanted)).collect()
}

fn figure(comparison: &Comparison, heading: &str, wanted: Wanted) -> Option<Element> {
    let known = |number: &&Number| number.interval.is_some() && wanted(number.quantity);
    let places = comparison::places(comparison).into_iter();
    let places: Vec<(String, Vec<&Number>)> = places
        .map(|(place, numbers)| {
            (place, numbers.into_iter().map(|(_, number)| number).filter(known).collect::<Vec<_>>())
        })
        .filter(|(_, numbers)| !numbers.is_empty())
        .collect();
    let intervals = || places.iter().flat_map(|(_, numbers)| numbers.iter().filter_map(|one| one.interval));
    let low = intervals().map(|(low, _)| low.max(-1.0)).reduce(f64::min)?.min(-comparison.relevance);
    let high = intervals().map(|(_, high)| high.min(FAR)).reduce(f64::max)?.max(comparison.relevance);
    let margin = (high - low) / 20.0;
    let scale = Scale::linear((low - margin) * 100.0, (high + margin) * 100.0, ACROSS);
    let mut drawn = Vec::new();
    let mut at = ABOVE;
    for (place, numbers) in &places {
        drawn.push(chart::label((0.0, at + 15.0), "start", &clip(place, NAME)).class("step"));
        at += LINE;
        for number in numbers {
            drawn.extend(line(number, &scale, at + LINE / 2.0));
            at += LINE;
        }
    }
    let relevance = wanted(Quantity::Mean).then_some(comparison.relevance);
    let drawing = element("g").with(axis(&scale, at, relevance)).with_all(drawn);
    let count = units::counted(intervals().count() as u64, "change");
    let description = format!("{count} as in the table: {}", comparison::conclusion(comparison).0);
    Some(chart::tall(heading, &description, at + BELOW, drawing, Vec::new()))
}

/// The line of no change, and the changes too small to count.
fn axis(scale: &Scale, bottom: f64, relevance: Option<f64>) -> Element {
    let mut axis = element("g").class("grid");
    if let Some(relevance) = relevance {
        let (left, right) = (scale.at(-relevance * 100.0), scale.at(relevance * 100.0));
        let sides = [("x", left), ("y", ABOVE), ("width", right - left), ("height", bottom - ABOVE)];
        let band = sides
            .into_iter()
            .fold(element("rect"), |band, (name, pixels)| band.set(name, chart::short(pixels)));
        axis = axis.with(band.class("little"));
    }
    for tick in scale.ticks(5) {
        let x = scale.at(tick);
        let line = chart::line((x, ABOVE), (x, bottom));
        let nothing = tick.abs() < 1e-9;
        axis = axis.with(if nothing { line.class("base") } else { line });
        let name = if nothing { "0".to_owned() } else { format!("{:+}", (tick * 1e6).round() / 1e6) };
        axis = axis.with(chart::label((x, bottom + 16.0), "middle", &name));
    }
    axis
}

fn line(number: &Number, scale: &Scale, y: f64) -> Vec<Element> {
    let Some((low, high)) = number.interval else { return Vec::new() };
    let (word, style) = comparison::verdict(number.verdict);
    let class = page::class(style);
    let at = |change: f64| scale.at(change * 100.0);
    let mut drawn = vec![
        chart::label((12.0, y + 4.0), "start", number.quantity.label()),
        chart::label((WIDTH, y + 4.0), "end", word).set("class", format!("verdict {class}")),
        chart::line((at(low), y), (at(high), y)).set("class", format!("interval {class}")),
    ];
    let beyond = [(low * 100.0 < scale.low(), ACROSS.0, 5.0), (high * 100.0 > scale.high(), ACROSS.1, -5.0)];
    for (_, tip, back) in beyond.into_iter().filter(|(beyond, ..)| *beyond) {
        let arrow = format!("M{} {}L{tip} {}L{0} {}", tip + back, y - 4.0, chart::short(y), y + 4.0);
        drawn.push(element("path").set("d", arrow).set("class", format!("interval {class}")));
    }
    let change = number.change.filter(|change| (scale.low()..=scale.high()).contains(&(change * 100.0)));
    drawn.extend(
        change.map(|change| mark(number.verdict, at(change), y).set("class", format!("mark {class}"))),
    );
    drawn
}

/// A shape for each verdict: a cross, a full diamond, a stroke, an open circle, an open square.
fn mark(verdict: Verdict, x: f64, y: f64) -> Element {
    let (x, y, r) = (chart::short(x), chart::short(y), MARK);
    let path = match verdict {
        Verdict::Worse => format!("M{x} {y}m-{r} -{r}l{0} {0}m0 -{0}l-{0} {0}", 2.0 * r),
        Verdict::Better => format!("M{x} {y}m0 -{0}l{0} {0}l-{0} {0}l-{0} -{0}zm0 {0}h0", r + 1.0),
        Verdict::NoRelevantChange => format!("M{x} {y}m0 -{r}v{}", 2.0 * r),
        Verdict::NoEvidence => format!("M{x} {y}m-{r} 0a{r} {r} 0 1 0 {0} 0a{r} {r} 0 1 0 -{0} 0z", 2.0 * r),
        Verdict::Hidden | Verdict::NotEnoughData { .. } => {
            format!("M{x} {y}m-{r} -{r}h{0}v{0}h-{0}z", 2.0 * r)
        }
    };
    element("path").set("d", path).with(text("title", verdict.label()))
}

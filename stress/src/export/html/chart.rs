//! Charts as SVG: axes with a grid behind, and series that differ in colour, dashes and lightness.

use super::{
    markup::{Element, element, text},
    scale::Scale,
};
use crate::units;

/// The size of a chart in its own pixels; a page may show it smaller or larger.
pub(super) const WIDTH: f64 = 480.0;
/// See [`WIDTH`].
pub(super) const HEIGHT: f64 = 220.0;
/// The pixels of the plot from left to right.
pub(super) const ACROSS: (f64, f64) = (58.0, 450.0);
/// The pixels of the plot from bottom to top.
pub(super) const UP: (f64, f64) = (188.0, 12.0);

/// How many kinds of series the style sheet knows.
const KINDS: usize = 15;

/// An axis: its scale, and the values that are named with their names.
pub(super) struct Axis {
    pub(super) scale: Scale,
    pub(super) ticks: Vec<(f64, String)>,
}

impl Axis {
    pub(super) fn new(scale: Scale, ticks: Vec<f64>, name: impl Fn(f64) -> String) -> Self {
        Self { scale, ticks: ticks.into_iter().map(|tick| (tick, name(tick))).collect() }
    }
}

/// A figure: a heading, the drawing with a sentence for screen readers, and what stands below.
pub(super) fn figure(heading: &str, description: &str, drawing: Element, below: Vec<Element>) -> Element {
    tall(heading, description, HEIGHT, drawing, below)
}

/// A figure as tall as its drawing.
pub(super) fn tall(
    heading: &str,
    description: &str,
    height: f64,
    drawing: Element,
    below: Vec<Element>,
) -> Element {
    let svg = element("svg")
        .set("viewBox", format!("0 0 {WIDTH} {height}"))
        .set("role", "img")
        .set("aria-label", format!("{heading}: {description}"))
        .with(text("title", heading))
        .with(text("desc", description))
        .with(drawing);
    element("figure").with(text("figcaption", heading)).with(svg).with_all(below)
}

/// The axes with the plot on top.
pub(super) fn frame(x: &Axis, y: &Axis, unit: &str, plot: impl IntoIterator<Item = Element>) -> Element {
    let mut grid = element("g").class("grid");
    let mut names = element("g").class("names");
    for (value, name) in &y.ticks {
        let at = y.scale.at(*value);
        grid = grid.with(line((ACROSS.0, at), (ACROSS.1, at)));
        names = names.with(label((ACROSS.0 - 6.0, at + 4.0), "end", name));
    }
    for (value, name) in &x.ticks {
        let at = x.scale.at(*value);
        names = names.with(label((at, UP.0 + 17.0), "middle", name));
        grid = grid.with(line((at, UP.0), (at, UP.0 + 4.0)));
    }
    grid = grid.with(line((ACROSS.0, UP.0), (ACROSS.1, UP.0)).class("base"));
    if !unit.is_empty() {
        names = names.with(label((ACROSS.1, HEIGHT - 2.0), "end", unit));
    }
    element("g").with(grid).with(names).with_all(plot)
}

pub(super) fn line(from: (f64, f64), to: (f64, f64)) -> Element {
    let pixels = [("x1", from.0), ("y1", from.1), ("x2", to.0), ("y2", to.1)];
    pixels.into_iter().fold(element("line"), |line, (name, pixel)| line.set(name, short(pixel)))
}

pub(super) fn label(at: (f64, f64), anchor: &str, name: &str) -> Element {
    text("text", name).set("x", short(at.0)).set("y", short(at.1)).set("text-anchor", anchor)
}

/// A line of one kind through the points; a gap where there is none. A point that stands alone is a dot.
pub(super) fn path(kind: usize, points: impl IntoIterator<Item = Option<(f64, f64)>>) -> Element {
    trace(points).set("class", format!("line k{}", kind % KINDS))
}

/// The same without a class.
pub(super) fn trace(points: impl IntoIterator<Item = Option<(f64, f64)>>) -> Element {
    let points: Vec<_> = points.into_iter().collect();
    let mut drawn = String::new();
    for (position, point) in points.iter().enumerate() {
        let Some((x, y)) = point else { continue };
        let there = |other: Option<usize>| other.and_then(|at| points.get(at)).is_some_and(Option::is_some);
        let (before, after) = (there(position.checked_sub(1)), there(Some(position + 1)));
        drawn.push_str(if before { "L" } else { "M" });
        drawn.push_str(&format!("{} {}", short(*x), short(*y)));
        if !before && !after {
            drawn.push_str("h0");
        }
    }
    element("path").set("d", drawn)
}

/// Dots, as one path, because there may be thousands.
pub(super) fn dots(kind: usize, points: impl IntoIterator<Item = (f64, f64)>) -> Element {
    let drawn: String = points.into_iter().map(|(x, y)| format!("M{} {}h0", short(x), short(y))).collect();
    element("path").set("class", format!("dots k{}", kind % KINDS)).set("d", drawn)
}

/// A bar from the bottom of the plot up to `top`.
pub(super) fn bar(kind: usize, left: f64, right: f64, top: f64) -> Element {
    let sides = [("x", left), ("y", top), ("width", (right - left).max(0.5)), ("height", UP.0 - top)];
    let bar = sides.into_iter().fold(element("rect"), |bar, (name, pixels)| bar.set(name, short(pixels)));
    bar.set("class", format!("bar k{}", kind % KINDS))
}

/// Which line is which.
pub(super) fn legend(names: impl IntoIterator<Item = (usize, String)>) -> Element {
    keys(names, |kind| path(kind, [Some((2.0, 5.0)), Some((32.0, 5.0))]))
}

/// Which bar is which.
pub(super) fn swatches(names: impl IntoIterator<Item = (usize, String)>) -> Element {
    let swatch = element("rect").set("x", 8).set("y", 0).set("width", 18).set("height", 10);
    keys(names, |kind| swatch.clone().set("class", format!("bar k{}", kind % KINDS)))
}

fn keys(names: impl IntoIterator<Item = (usize, String)>, sample: impl Fn(usize) -> Element) -> Element {
    let entry = |(kind, name): (usize, String)| {
        let svg = element("svg").set("viewBox", "0 0 34 10").set("aria-hidden", "true");
        element("li").with(svg.with(sample(kind))).text(name)
    };
    element("ul").class("legend").with_all(names.into_iter().map(entry))
}

/// A pixel with as many digits as can be seen.
pub(super) fn short(pixel: f64) -> String {
    let text = format!("{pixel:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// A time on an axis, as short as it can be.
pub(super) fn seconds(seconds: f64) -> String {
    let units = [(1e-6, "ns", 1e9), (1e-3, "µs", 1e6), (1.0, "ms", 1e3), (f64::INFINITY, "s", 1.0)];
    let (_, unit, scale) = units.into_iter().find(|(below, ..)| seconds < below * 0.9999).unwrap_or(units[3]);
    let number = format!("{:.3}", seconds * scale);
    format!("{} {unit}", number.trim_end_matches('0').trim_end_matches('.'))
}

/// A number on an axis, as short as it can be.
pub(super) fn compact(value: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "no axis begins below 0")]
    if value >= 10_000.0 {
        return units::short_count(value.round() as u64);
    }
    let number = format!("{value:.3}");
    number.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_gaps_and_lone_points_are_dots() {
        let points = [Some((0.0, 1.0)), Some((2.0, 3.25)), None, Some((5.0, 6.0)), None];
        assert_eq!(path(10, points).to_string(), r#"<path d="M0 1L2 3.2M5 6h0" class="line k10"></path>"#);
    }

    #[test]
    fn a_figure_describes_itself_for_screen_readers() {
        let page = figure("Rate", "from 1 to 2", element("g"), Vec::new()).to_string();
        assert!(page.contains(r#"role="img" aria-label="Rate: from 1 to 2""#), "{page}");
        assert!(page.contains("<title>Rate</title><desc>from 1 to 2</desc>"), "{page}");
    }
}

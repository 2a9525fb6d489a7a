//! First against cached downloads as a scatter plot: a dot for each blob.

use super::{
    chart::{self, ACROSS, Axis, UP, seconds},
    markup::{Element, element},
    scale::Scale,
};
use crate::{
    report::{Report, cache::CacheEffect},
    units,
};

/// The dots look like the lines of cached downloads.
const CACHED: usize = 4;

/// Points of the interval's edge.
const EDGE: u32 = 48;

/// `None` without pairs.
pub(super) fn figure(report: &Report, cache: &CacheEffect) -> Option<Element> {
    let pairs: Vec<_> = report
        .recording
        .pairs
        .iter()
        .map(|pair| (pair.first.as_secs_f64(), pair.cached.as_secs_f64()))
        .collect();
    let (first, cached) = (|| pairs.iter().map(|pair| pair.0), || pairs.iter().map(|pair| pair.1));
    let across = Scale::logarithmic(first().reduce(f64::min)?.max(1e-9), first().reduce(f64::max)?, ACROSS);
    let up = Scale::logarithmic(cached().reduce(f64::min)?.max(1e-9), cached().reduce(f64::max)?, UP);
    let x = Axis::new(across, across.ticks(6), seconds);
    let y = Axis::new(up, up.ticks(6), seconds);
    let mut drawn = Vec::new();
    if let Some((low, high)) = cache.interval() {
        drawn.push(band(&across, &up, low, high));
    }
    drawn.push(chart::dots(CACHED, pairs.iter().map(|(first, cached)| (across.at(*first), up.at(*cached)))));
    drawn.push(along(&across, &up, 1.0).set("class", "same"));
    drawn.extend(cache.ratio().map(|ratio| along(&across, &up, ratio).set("class", "ratio")));
    let key = element("ul").class("legend").with_all(
        [
            ("key dot", "a blob"),
            ("key ratio", "the median of first ÷ cached"),
            ("key band", "its 95 % interval"),
            ("key same", "cached as long as first"),
        ]
        .map(|(class, name)| element("li").with(element("span").class(class)).text(name)),
    );
    let heading = "First download (x) against cached download (y) of each blob";
    let words = format!("{}, {}", cache.sentence(), units::counted(cache.pairs, "blob"));
    Some(element("div").class("figures").with(chart::figure(
        heading,
        &words,
        chart::frame(&x, &y, "", drawn),
        vec![key],
    )))
}

/// Where `first ÷ cached` is `ratio`, as far as it lies in the plot.
fn along(x: &Scale, y: &Scale, ratio: f64) -> Element {
    let (from, to) = (x.low().max(y.low() * ratio), x.high().min(y.high() * ratio));
    let points = (from < to).then(|| [from, to].map(|first| Some((x.at(first), y.at(first / ratio)))));
    chart::trace(points.into_iter().flatten())
}

/// Where `first ÷ cached` lies between `low` and `high`.
fn band(x: &Scale, y: &Scale, low: f64, high: f64) -> Element {
    let edge = |ratio: f64| {
        (0..=EDGE).map(move |point| {
            let first = x.low() * (x.high() / x.low()).powf(f64::from(point) / f64::from(EDGE));
            format!("{:.1},{:.1}", x.at(first), y.at(first / ratio))
        })
    };
    let points: Vec<_> = edge(low).chain(edge(high).collect::<Vec<_>>().into_iter().rev()).collect();
    element("polygon").class("band").set("points", points.join(" "))
}

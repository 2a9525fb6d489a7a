//! First against cached downloads of the same blobs: each a dot, and where the cache puts them.

use super::{
    Section, chart,
    chart::{ACROSS, Axis, UP},
    evidence,
    latency::seconds,
    markup::{Element, element, text},
    scale::Scale,
    table::{cell, number, row, table},
};
use crate::{
    export::units,
    report::{Report, cache::CacheEffect, summary::Summary},
};

/// The dots look like the lines of cached downloads.
const CACHED: usize = 2;

/// Points of the interval's edge.
const EDGE: u32 = 48;

/// `None` when the plan has not both downloads.
pub(super) fn section(report: &Report, summary: &Summary) -> Option<Section> {
    let cache = summary.cache.as_ref()?;
    let mut inside = vec![text("p", cache.sentence()).class("lead")];
    inside.extend(scatter(report, cache));
    inside.push(numbers(cache));
    inside.extend(evidence::effects(cache));
    inside.extend(evidence::cache_statuses(cache));
    Some(Section { id: "cache", heading: "First against cached", inside })
}

/// `None` without pairs.
fn scatter(report: &Report, cache: &CacheEffect) -> Option<Element> {
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
            ("key same", "cached as slow as first"),
        ]
        .map(|(class, name)| element("li").with(element("span").class(class)).text(name)),
    );
    let heading = "First download (across) against cached download (up)";
    let words = format!("{} of {} read twice", cache.sentence(), units::counted(cache.pairs, "blob"));
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

fn numbers(cache: &CacheEffect) -> Element {
    let time = |name: &str, time: Option<std::time::Duration>, pointer: &str| {
        let shown = time.map(|time| {
            number(units::duration(time), time.as_secs_f64(), &format!("/cache_effect/{pointer}"))
        });
        row(name, [cell(shown)])
    };
    let ratio = |name: &str, ratio: Option<f64>, pointer: &str| {
        let shown =
            ratio.map(|ratio| number(format!("{ratio:.2}"), ratio, &format!("/cache_effect/{pointer}")));
        row(name, [cell(shown)])
    };
    let (low, high) = cache.interval().unzip();
    let rows = [
        row(
            "blobs read twice",
            [cell(Some(number(
                units::count(cache.pairs_seen),
                cache.pairs_seen,
                "/cache_effect/pairs_seen",
            )))],
        ),
        time("median first download", cache.median_first, "median_first_seconds"),
        time("median cached download", cache.median_cached, "median_cached_seconds"),
        ratio("median of first ÷ cached", cache.ratio(), "response/ratio"),
        ratio("95 % interval, from", low, "response/ratio_interval_95/0"),
        ratio("to", high, "response/ratio_interval_95/1"),
    ];
    table("Blob by blob", &[String::new(), "measured".to_owned()], rows)
}

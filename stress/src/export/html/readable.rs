//! The share of blobs that can be read, by the time since they were stored.

use super::{
    chart::{self, ACROSS, Axis, UP, seconds},
    markup::{Element, element},
    page,
    scale::Scale,
    series,
};
use crate::{
    export::view::readable::place,
    plan::journey::Step,
    report::{
        readable::{CurvePoint, Readable},
        summary::Summary,
    },
    units,
};

/// A figure for each aggregator.
pub(super) fn figures(summary: &Summary) -> Option<Element> {
    let figures: Vec<_> = summary.readable.iter().filter_map(|one| figure(summary, one)).collect();
    (!figures.is_empty()).then(|| element("div").class("figures").with_all(figures))
}

fn figure(summary: &Summary, one: &Readable) -> Option<Element> {
    let (first, last) = (one.curve.first()?, one.curve.last()?);
    let x = Scale::logarithmic(first.delay.as_secs_f64(), last.delay.as_secs_f64(), ACROSS);
    let y = Scale::linear(0.0, 1.0, UP);
    let curve = |of: fn(&CurvePoint) -> f64| {
        steps(one.curve.iter().map(|point| (x.at(point.delay.as_secs_f64()), y.at(of(point)))))
    };
    let kind = series::kind(Step::After, false);
    let (low, high) = (curve(|point| point.low), curve(|point| point.high));
    let band = chart::trace(high.into_iter().chain(low.into_iter().rev()).map(Some));
    let line = chart::path(kind, curve(|point| point.share).into_iter().map(Some));
    let x_axis = Axis::new(x, x.ticks(7), seconds);
    let shares = vec![0.0, 0.25, 0.5, 0.75, 0.9, 1.0];
    let y_axis = Axis::new(y, shares, |share| format!("{:.0}%", share * 100.0));
    let drawn = [band.set("class", format!("band k{kind}")), line];
    let drawing = chart::frame(&x_axis, &y_axis, "after the store", drawn);
    let heading = match place(summary, one) {
        Some(place) => format!("Readable at {place}, by the time since the store"),
        None => "Readable, by the time since the store".to_owned(),
    };
    let (found, reads) = (units::count(one.found), units::counted(one.reads, "read"));
    let rows = one.curve.iter().map(|point| {
        let cells = [point.share, point.low, point.high].map(|share| format!("{:.1} %", share * 100.0));
        (units::duration(point.delay), cells.to_vec())
    });
    let table = page::plain_table(&heading, &["after", "readable", "from", "to"], rows);
    let below = vec![
        chart::legend([(kind, "estimate, with its 95 % interval".to_owned())]),
        page::folded("As a table", [table]),
    ];
    Some(chart::figure(&heading, &format!("{found} of {reads} found their blob"), drawing, below))
}

/// A share holds until the next delay that was tried.
fn steps(points: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut steps: Vec<(f64, f64)> = Vec::new();
    for (across, up) in points {
        if let Some((_, before)) = steps.last().copied() {
            steps.push((across, before));
        }
        steps.push((across, up));
    }
    steps
}

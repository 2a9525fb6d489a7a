//! The page of a comparison of operators: a dot plot of first and cached reads above the ranking.

use super::{
    chart::{self, ACROSS, WIDTH},
    markup::{Element, element},
    page,
    scale::Scale,
};
use crate::{
    export::{
        style::{clean, clip},
        view::operators::document,
    },
    report::operators::{OperatorRow, OperatorsReport, ReadTimes},
};

/// The height of one operator's line.
const LINE: f64 = 22.0;
/// The pixels above and below the lines.
const MARGIN: (f64, f64) = (10.0, 40.0);
/// Where the plot begins, right of the names.
const LEFT: f64 = 170.0;
/// The most characters of a name.
const NAME: usize = 24;

/// The whole page.
pub(in crate::export) fn page(report: &OperatorsReport) -> String {
    let document = document(report);
    let mut parts = page::parts(&document);
    if let Some(part) = parts.iter_mut().find(|part| part.id == "ranking") {
        part.inside.splice(0..0, figure(report));
    }
    page::render(
        &format!("walrus-stress operators {}", report.started_at),
        &document,
        &[],
        parts,
        &report.tool,
    )
}

/// First and cached reads of each operator: a dot at the median, a line over its interval.
fn figure(report: &OperatorsReport) -> Option<Element> {
    let times = |row: &OperatorRow| [row.first, row.cached].into_iter().flatten().collect::<Vec<_>>();
    let ends = report.operators.iter().flat_map(times).flat_map(|times| {
        let (low, high) = times.interval.unwrap_or((times.median, times.median));
        [low, high]
    });
    let ends: Vec<f64> = ends.collect();
    let (low, high) = (ends.iter().copied().reduce(f64::min)?, ends.iter().copied().reduce(f64::max)?);
    let scale = Scale::logarithmic(low, high, (LEFT, ACROSS.1));
    let shown: Vec<&OperatorRow> = report.operators.iter().filter(|row| row.first.is_some()).collect();
    let bottom = MARGIN.0 + LINE * shown.len() as f64;
    let mut drawing = element("g").with(axis(&scale, bottom));
    for (position, row) in shown.iter().enumerate() {
        let y = MARGIN.0 + LINE * (position as f64 + 0.5);
        drawing = drawing.with(chart::label((0.0, y + 4.0), "start", &clip(&clean(&row.name), NAME)));
        for (kind, times, shift) in [(1, row.first, -3.0), (2, row.cached, 3.0)] {
            drawing = drawing.with_all(times.map(|times| line(kind, times, &scale, y + shift)));
        }
    }
    let description = format!("median and 95 % interval of {} operators; {}", shown.len(), report.answer);
    let legend = chart::legend([(1, "first read".to_owned()), (2, "cached read".to_owned())]);
    let figure = chart::tall("Response times", &description, bottom + MARGIN.1, drawing, vec![legend]);
    Some(element("div").class("figures").with(figure))
}

fn axis(scale: &Scale, bottom: f64) -> Element {
    let mut axis = element("g").class("grid");
    for tick in scale.ticks(6) {
        let x = scale.at(tick);
        axis = axis.with(chart::line((x, MARGIN.0), (x, bottom)));
        axis = axis.with(chart::label((x, bottom + 16.0), "middle", &chart::seconds(tick)));
    }
    axis.with(chart::label((WIDTH, bottom + 34.0), "end", "logarithmic scale"))
}

fn line(kind: usize, times: ReadTimes, scale: &Scale, y: f64) -> Element {
    let interval = times.interval.map(|(low, high)| {
        chart::trace([Some((scale.at(low), y)), Some((scale.at(high), y))])
            .set("class", format!("line k{kind}"))
    });
    element("g").with_all(interval).with(chart::dots(kind, [(scale.at(times.median), y)]))
}

//! Response times as charts: percentiles of all steps, and a histogram of each.

use std::time::Duration;

use super::{
    chart::{self, ACROSS, Axis, UP, compact, seconds},
    markup::{Element, element, text},
    page::{self, Part},
    scale::Scale,
    series::{self, kind},
};
use crate::{
    export::view::describe::step as name,
    metrics::{
        histogram::Latencies,
        step_metrics::{Span, StepMetrics},
    },
    report::{
        Report,
        summary::{StepSummary, Summary},
    },
    units,
};

/// Points of a curve, and bars of a histogram: as many as can be distinguished.
const POINTS: u32 = 160;
const BARS: usize = 48;

/// The percentiles that may be named below the plot.
const NAMED: [(f64, &str); 8] = [
    (0.0, "0%"),
    (0.25, "25%"),
    (0.5, "50%"),
    (0.75, "75%"),
    (0.9, "90%"),
    (0.99, "99%"),
    (0.999, "99.9%"),
    (0.9999, "99.99%"),
];

/// `None` when nothing was measured.
pub(super) fn part(report: &Report, summary: &Summary) -> Option<Part> {
    let several = series::phases(summary).len() > 1;
    let scale = summary.scale?;
    let mut inside = vec![text(
        "p",
        "Response times of successes, and of timeouts and unfinished work as lower bounds. The percentiles are on a \
         logarithmic scale of what is left above them, and end where the sample no longer supports them. All distributions are on one scale of times.",
    )];
    for phase in series::phases(summary) {
        let steps: Vec<_> = summary.steps.iter().filter(|step| step.phase == phase).collect();
        let totals: Vec<_> =
            steps.into_iter().filter_map(|step| Some((step, series::metrics(report, step)?))).collect();
        let measured: Vec<Measured<'_>> = totals
            .iter()
            .filter_map(|(step, metrics)| Some((*step, &**metrics, metrics.span(Span::Response)?)))
            .collect();
        if measured.is_empty() {
            continue;
        }
        if several {
            inside.push(text("h3", phase));
        }
        let bars = measured.iter().map(|measured| histogram(measured, scale));
        let figures = percentiles(&measured).into_iter().chain(bars);
        inside.push(element("div").class("figures").with_all(figures));
    }
    (inside.len() > 1).then_some(Part { id: "latency", heading: "Response times", inside })
}

type Measured<'a> = (&'a StepSummary, &'a StepMetrics, &'a Latencies);

/// The range of quantiles that a sample supports: beyond it, the extreme values no longer enclose it with 95 %.
fn supported(count: u64) -> std::ops::RangeInclusive<f64> {
    let highest = 0.025_f64.powf(1.0 / count as f64);
    1.0 - highest..=highest
}

/// How far to the right a quantile lies: each further nine (90 %, 99 %, 99.9 %) is as wide.
fn rarity(quantile: f64) -> f64 {
    -(1.0 - quantile).log10()
}

/// `None` when no sample is large enough for a median.
fn percentiles(measured: &[Measured<'_>]) -> Option<Element> {
    let large = || measured.iter().filter(|(_, _, times)| times.count() >= 6);
    let end = large().map(|(_, _, times)| rarity(*supported(times.count()).end())).reduce(f64::max)?;
    let end = end.min(rarity(0.9999));
    let x = Scale::linear(0.0, end, ACROSS);
    let curve = |times: &Latencies| -> Vec<Option<(f64, Duration)>> {
        let supported = supported(times.count());
        let place = |point: u32| {
            let right = end * f64::from(point) / f64::from(POINTS);
            let quantile = 1.0 - 10_f64.powf(-right);
            supported.contains(&quantile).then(|| Some((right, times.quantile(quantile)?))).flatten()
        };
        (0..=POINTS).map(place).collect()
    };
    let curves: Vec<_> = large().map(|(step, _, times)| (*step, curve(times))).collect();
    let all = || curves.iter().flat_map(|(_, curve)| curve).flatten().map(|(_, time)| time.as_secs_f64());
    let y = Scale::logarithmic(all().reduce(f64::min)?, all().reduce(f64::max)?, UP);
    let mut named: Vec<(f64, &str)> = Vec::new();
    for (quantile, name) in NAMED.into_iter().filter(|(quantile, _)| rarity(*quantile) <= end) {
        let fits = named.last().is_none_or(|(before, _)| x.at(rarity(quantile)) - x.at(*before) > 38.0);
        if fits {
            named.push((rarity(quantile), name));
        }
    }
    let x = Axis { scale: x, ticks: named.into_iter().map(|(at, name)| (at, name.to_owned())).collect() };
    let y = Axis::new(y, y.ticks(6), seconds);
    let lines = curves.iter().map(|(step, curve)| {
        let points = curve
            .iter()
            .map(|point| point.map(|(right, time)| (x.scale.at(right), y.scale.at(time.as_secs_f64()))));
        chart::path(kind(step.step, step.repeats), points)
    });
    let drawing = chart::frame(&x, &y, "", lines);
    let names = curves.iter().map(|(step, _)| (kind(step.step, step.repeats), name(step.step, step.repeats)));
    let described: Vec<_> = large().map(|(step, _, times)| in_words(step, times)).collect();
    Some(chart::figure(
        "Response time by percentile",
        &described.join("; "),
        drawing,
        vec![chart::legend(names), quantiles(&large().copied().collect::<Vec<_>>())],
    ))
}

fn in_words(step: &StepSummary, times: &Latencies) -> String {
    let of = |quantile| times.quantile(quantile).map(units::duration).unwrap_or_default();
    format!("{}: median {}, longest {}", name(step.step, step.repeats), of(0.5), of(1.0))
}

/// The same as a table.
fn quantiles(measured: &[Measured<'_>]) -> Element {
    let names: Vec<_> = measured.iter().map(|(step, ..)| name(step.step, step.repeats)).collect();
    let heads: Vec<_> = ["percentile"].into_iter().chain(names.iter().map(String::as_str)).collect();
    let row = |percent: u32| {
        let quantile = f64::from(percent) / 100.0;
        let cells = measured.iter().map(|(_, metrics, times)| {
            let time =
                supported(times.count()).contains(&quantile).then(|| times.quantile(quantile)).flatten();
            let is_bound =
                |time: Duration| metrics.least_lower_bound.is_some_and(|least| time + time / 1000 >= least);
            let shown = time
                .map(|time| format!("{}{}", if is_bound(time) { "≥" } else { "" }, units::duration(time)));
            shown.unwrap_or_else(|| "–".to_owned())
        });
        (format!("p{percent}"), cells.collect())
    };
    let rows = [1, 5, 10, 25, 50, 75, 90, 95, 99].map(row);
    page::folded("As a table", [page::plain_table("Response time by percentile", &heads, rows)])
}

/// The distribution of a step's times, on the scale of all steps.
fn histogram((step, _, times): &Measured<'_>, (low, high): (Duration, Duration)) -> Element {
    let x = Scale::logarithmic(low.as_secs_f64().max(1e-9), high.as_secs_f64(), ACROSS);
    let width = (ACROSS.1 - ACROSS.0) / BARS as f64;
    let mut bars = [0_u64; BARS];
    for (longest, count) in times.buckets() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a pixel of the plot")]
        let bar = ((x.at(longest.as_secs_f64()) - ACROSS.0) / width) as usize;
        bars[bar.min(BARS - 1)] += count;
    }
    let most = bars.iter().copied().max().unwrap_or(0);
    let x = Axis::new(x, x.ticks(7), seconds);
    let y = Scale::linear(0.0, most as f64 * 1.05, UP);
    let whole = |tick: &f64| tick.fract() == 0.0;
    let y = Axis::new(y, y.ticks(4).into_iter().filter(whole).collect(), compact);
    let drawn = bars.iter().enumerate().filter(|(_, count)| **count > 0).map(|(bar, count)| {
        let left = ACROSS.0 + bar as f64 * width;
        chart::bar(kind(step.step, step.repeats), left + 0.5, left + width - 0.5, y.scale.at(*count as f64))
    });
    let heading = format!("{}: distribution of response times", name(step.step, step.repeats));
    let words = format!("{}, {}", units::counted(times.count(), "attempt"), in_words(step, times));
    chart::figure(&heading, &words, chart::frame(&x, &y, "", drawn), Vec::new())
}

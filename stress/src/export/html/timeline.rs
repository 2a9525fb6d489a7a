//! Rate, response times, failures and work under way over time, as charts and as tables.

use std::time::Duration;

use super::{
    chart::{self, ACROSS, Axis, UP, compact, seconds},
    markup::{Element, element, text},
    page::{self, Part},
    scale::Scale,
    series::kind,
};
use crate::{
    export::view::describe::{self, step as name},
    report::{
        Report,
        summary::{Bounded, Summary},
        timeline::{Point, StepTimeline},
    },
    units,
};

/// `None` when the report has no timeline.
pub(super) fn part(report: &Report, summary: &Summary) -> Option<Part> {
    let mut inside = Vec::new();
    let several = report.plan.phases.iter().filter(|phase| !phase.warm_up).count() > 1;
    for timelines in summary.timelines.chunk_by(|one, next| one.phase == next.phase) {
        let phase = timelines.first()?;
        if several {
            inside.push(text("h3", &phase.phase));
        }
        let width = units::duration(phase.width);
        inside.push(text("p", format!("Each point stands for {width}, counted from the start of the run.")));
        inside.push(element("div").class("figures").with_all(figures(timelines)));
        inside.push(element("div").with_all(timelines.iter().map(rows)));
    }
    (!inside.is_empty()).then_some(Part { id: "timeline", heading: "Timeline", inside })
}

/// A number of a point, where it has one.
type Number = fn(&Point) -> Option<f64>;

fn figures(timelines: &[StepTimeline]) -> Vec<Element> {
    let time = time_axis(timelines);
    let has = |number: Number| {
        timelines.iter().any(|timeline| timeline.points.iter().any(|point| number(point).is_some()))
    };
    let p99: Number = |point| value(point.p99);
    let slow: (&str, Number) = if has(p99) {
        ("p99 of response times", p99)
    } else {
        ("Longest response time", |point| value(point.max))
    };
    let mut figures = vec![
        lines("Successes per second", timelines, &time, Vertical::FromZero, |point| point.rate),
        lines("Under way at the end of each interval", timelines, &time, Vertical::FromZero, |point| {
            Some(point.in_flight as f64)
        }),
        lines("Median response time", timelines, &time, Vertical::Times, |point| value(point.median)),
        lines(slow.0, timelines, &time, Vertical::Times, slow.1),
    ];
    figures.push(failures(timelines, &time));
    figures.into_iter().flatten().collect()
}

fn value(time: Option<Bounded>) -> Option<f64> {
    time.map(|time| time.value.as_secs_f64())
}

#[derive(Clone, Copy, PartialEq)]
enum Vertical {
    /// Counts and rates.
    FromZero,
    /// Times, on a logarithmic axis.
    Times,
}

fn time_axis(timelines: &[StepTimeline]) -> Axis {
    let ends = timelines.iter().filter_map(|timeline| {
        Some((timeline.points.first()?.begin, timeline.points.last()?.begin + timeline.width))
    });
    let begin = ends.clone().map(|(begin, _)| begin).min().unwrap_or_default();
    let end = ends.map(|(_, end)| end).max().unwrap_or_default();
    let scale = Scale::linear(begin.as_secs_f64(), end.as_secs_f64(), ACROSS);
    Axis::new(scale, scale.times(6), move |at| clock(at, end.as_secs_f64()))
}

/// An instant on an axis that ends at `end`, in the unit that suits it.
fn clock(at: f64, end: f64) -> String {
    match end {
        end if end <= 180.0 => format!("{at:.0} s"),
        end if end <= 10_800.0 => format!("{} min", compact(at / 60.0)),
        _ => format!("{} h", compact(at / 3_600.0)),
    }
}

/// A line for each step; `None` when there is nothing to draw.
fn lines(
    heading: &str,
    timelines: &[StepTimeline],
    time: &Axis,
    vertical: Vertical,
    number: Number,
) -> Option<Element> {
    let numbers = |timeline: &StepTimeline| timeline.points.iter().filter_map(number).collect::<Vec<_>>();
    let all: Vec<_> = timelines.iter().flat_map(numbers).collect();
    let (low, high) = (all.iter().copied().reduce(f64::min)?, all.iter().copied().reduce(f64::max)?);
    let y = match vertical {
        Vertical::FromZero => {
            let scale = Scale::linear(0.0, high * 1.05, UP);
            Axis::new(scale, scale.ticks(5), compact)
        }
        Vertical::Times => {
            let scale = Scale::logarithmic(low, high, UP);
            Axis::new(scale, scale.ticks(6), seconds)
        }
    };
    let drawn = timelines.iter().map(|timeline| {
        let points = timeline.points.iter().map(|point| {
            let middle = (point.begin + timeline.width / 2).as_secs_f64();
            number(point).map(|value| (time.scale.at(middle), y.scale.at(value)))
        });
        chart::path(kind(timeline.step, timeline.repeats), points)
    });
    let drawing = chart::frame(time, &y, "", drawn);
    let name_of = |timeline: &StepTimeline| name(timeline.step, timeline.repeats);
    let legend = chart::legend(
        timelines.iter().map(|timeline| (kind(timeline.step, timeline.repeats), name_of(timeline))),
    );
    let shown = |value: f64| if vertical == Vertical::Times { seconds(value) } else { compact(value) };
    let words = timelines.iter().filter_map(|timeline| {
        let numbers = numbers(timeline);
        let (low, high) =
            (numbers.iter().copied().reduce(f64::min)?, numbers.iter().copied().reduce(f64::max)?);
        Some(format!("{}: from {} to {}", name_of(timeline), shown(low), shown(high)))
    });
    Some(chart::figure(heading, &words.collect::<Vec<_>>().join("; "), drawing, vec![legend]))
}

/// Stacked bars of what failed or was unfinished; `None` when there was nothing.
fn failures(timelines: &[StepTimeline], time: &Axis) -> Option<Element> {
    let lost = |point: &Point| point.failed + point.unfinished;
    let total: u64 = timelines.iter().flat_map(|timeline| &timeline.points).map(lost).sum();
    if total == 0 {
        return None;
    }
    let mut tops: std::collections::BTreeMap<Duration, u64> = std::collections::BTreeMap::new();
    for point in timelines.iter().flat_map(|timeline| &timeline.points) {
        *tops.entry(point.begin).or_default() += lost(point);
    }
    let scale = Scale::linear(0.0, tops.values().copied().max().unwrap_or(0) as f64 * 1.05, UP);
    let whole = |tick: &f64| tick.fract() == 0.0;
    let y = Axis::new(scale, scale.ticks(4).into_iter().filter(whole).collect(), compact);
    let mut drawn = Vec::new();
    // From the highest down, so that each bar stands before the ones that it is part of.
    for timeline in timelines.iter().rev() {
        for point in timeline.points.iter().filter(|point| lost(point) > 0) {
            let top = tops.get_mut(&point.begin)?;
            let (left, right) = (point.begin.as_secs_f64(), (point.begin + timeline.width).as_secs_f64());
            let (left, right) = (time.scale.at(left), time.scale.at(right));
            let gap = ((right - left) * 0.1).min(1.0);
            drawn.push(chart::bar(
                kind(timeline.step, timeline.repeats),
                left + gap,
                right - gap,
                scale.at(*top as f64),
            ));
            *top -= lost(point);
        }
    }
    let with_some = timelines.iter().filter(|timeline| timeline.points.iter().any(|point| lost(point) > 0));
    let legend = chart::swatches(
        with_some
            .map(|timeline| (kind(timeline.step, timeline.repeats), name(timeline.step, timeline.repeats))),
    );
    let words = format!("{} in all", units::counted(total, "attempt"));
    Some(chart::figure("Failed or unfinished", &words, chart::frame(time, &y, "", drawn), vec![legend]))
}

/// The same as a table.
fn rows(timeline: &StepTimeline) -> Element {
    let heads = [
        "from",
        "started",
        "succeeded",
        "failed",
        "unfinished",
        "under way",
        "per second",
        "median",
        "p99",
        "max",
        "sent",
        "received",
    ];
    let time = |time: Option<Bounded>| time.map(describe::bounded).unwrap_or_else(|| "–".to_owned());
    let row = |point: &Point| {
        let counts =
            [point.started, point.done, point.failed, point.unfinished, point.in_flight].map(units::count);
        let rate = point.rate.map(|rate| format!("{rate:.2}")).unwrap_or_else(|| "–".to_owned());
        let rest = [
            rate,
            time(point.median),
            time(point.p99),
            time(point.max),
            units::bytes(point.bytes_sent),
            units::bytes(point.bytes_received),
        ];
        (format!("{} s", point.begin.as_secs()), counts.into_iter().chain(rest).collect())
    };
    let name = name(timeline.step, timeline.repeats);
    let caption = format!("{name}, in intervals of {}", units::duration(timeline.width));
    let table = page::plain_table(&caption, &heads, timeline.points.iter().map(row));
    page::folded(&format!("As a table: {name}"), [table.set("data-timeline", name)])
}

//! Rate, response times, failures and work under way over time, as charts and as tables.

use std::time::Duration;

use super::{
    chart::{self, ACROSS, Axis, UP, compact, seconds},
    markup::{Element, element, text},
    page::{self, Part},
    scale::Scale,
    series::{OFFERED, kind},
};
use crate::{
    export::view::describe::{self, step as name},
    plan::{
        load::Load,
        percentile::Percentile,
        threshold::{Limit, Metric, Statistic, Threshold, TimeSpan},
    },
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
        inside.push(element("div").class("figures").with_all(figures(report, summary, timelines)));
        inside.push(element("div").with_all(timelines.iter().map(rows)));
    }
    (!inside.is_empty()).then_some(Part { id: "timeline", heading: "Timeline", inside })
}

/// A number of a point, where it has one.
type Number = fn(&Point) -> Option<f64>;

fn figures(report: &Report, summary: &Summary, timelines: &[StepTimeline]) -> Vec<Element> {
    let time = time_axis(timelines);
    let draw = |timelines: &[StepTimeline], curves: Curves<'_>, offered: &[Offered]| {
        lines(timelines, &time, &curves, &limits(summary, timelines, curves.metric), offered)
    };
    let response = |statistic| Metric::Time(TimeSpan::Response, statistic);
    let percentile = |percentile| response(Statistic::Percentile(percentile));
    let p99: Number = |point| value(point.p99);
    let has_p99 = timelines.iter().flat_map(|timeline| &timeline.points).any(|point| p99(point).is_some());
    let slowest = if has_p99 {
        Curves::times("p99 of response times", p99, percentile(Percentile::P99))
    } else {
        Curves::times("Longest response time", |point| value(point.max), response(Statistic::Max))
    };
    let median =
        Curves::times("Median response time", |point| value(point.median), percentile(Percentile::P50));
    let wide = wide_enough(report, timelines, Percentile::P95);
    let width = wide.first().map(|timeline| units::duration(timeline.width)).unwrap_or_default();
    let heading = format!("p95 of response times, over {width} each");
    let p95 = Curves::times(&heading, |point| value(point.p95), percentile(Percentile::P95));
    let rate = Curves::counts("Successes per second", |point| point.rate, Metric::Rate);
    let in_flight: Number = |point| Some(point.in_flight as f64);
    let in_flight = Curves::counts("Under way at the end of each interval", in_flight, Metric::Unfinished);
    [
        draw(timelines, rate, &offered(report, timelines)),
        draw(timelines, in_flight, &[]),
        draw(timelines, median, &[]),
        draw(&wide, p95, &[]),
        draw(timelines, slowest, &[]),
        failures(timelines, &time),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The timelines in intervals so wide that the samples of the most frequent step support `percentile` in most of them.
fn wide_enough(report: &Report, timelines: &[StepTimeline], percentile: Percentile) -> Vec<StepTimeline> {
    let Some(first) = timelines.first() else { return Vec::new() };
    let done = |timeline: &StepTimeline| timeline.points.iter().map(|point| point.done).sum::<u64>();
    let (most, intervals) = (timelines.iter().map(done).max().unwrap_or(0), first.points.len() as u64);
    // Fewer than three intervals would be no course over time.
    let factors =
        (0..u32::BITS).map(|power| 1_u64 << power).take_while(|factor| factor * 3 <= intervals.max(3));
    let is_enough = |factor: &u64| most * factor >= percentile.needs() * intervals;
    let factor = factors.clone().find(is_enough).or(factors.last()).unwrap_or(1);
    let factor = u32::try_from(factor).unwrap_or(u32::MAX);
    StepTimeline::of_phase(report, first.key.phase, first.width * factor)
}

/// The rate at which arrivals were due, and when; `None` behind the end of the schedule.
type Offered = (Duration, Option<f64>);

/// The rate that the plan offers in each interval of a phase in an open loop; empty in a closed one.
fn offered(report: &Report, timelines: &[StepTimeline]) -> Vec<Offered> {
    // Arrivals start with the journey's first step.
    let Some(timeline) = timelines.iter().find(|timeline| !timeline.repeats) else { return Vec::new() };
    let Some(phase) = report.plan.phases.get(timeline.key.phase) else { return Vec::new() };
    let Load::Open { rate, .. } = &phase.load else { return Vec::new() };
    let begin =
        timelines.iter().filter_map(|timeline| timeline.points.first()).map(|point| point.begin).min();
    let started = |point: &&Point| point.started > 0;
    let end =
        timeline.points.iter().rfind(started).map_or(Duration::ZERO, |last| last.begin + timeline.width);
    let of = |point: &Point| {
        let middle = point.begin + timeline.width / 2;
        let within = middle.saturating_sub(begin.unwrap_or_default());
        let is_due = middle < end && phase.length().is_none_or(|length| within < length);
        (middle, rate.at(within).filter(|_| is_due))
    };
    timeline.points.iter().map(of).collect()
}

/// A threshold as a line across a chart.
struct LimitLine {
    value: f64,
    kind: usize,
    name: String,
}

/// The thresholds on `metric` of these steps.
fn limits(summary: &Summary, timelines: &[StepTimeline], metric: Metric) -> Vec<LimitLine> {
    let of_step = |timeline: &StepTimeline| {
        let all = summary.thresholds.iter().map(|result| &result.threshold);
        let wanted =
            all.filter(|one| one.metric == metric && one.scope.covers(&timeline.phase, timeline.step));
        let line = |threshold: &Threshold| {
            let value = match threshold.limit {
                Limit::Time(limit) => limit.as_secs_f64(),
                Limit::PerSecond(rate) => rate,
                _ => return None,
            };
            Some(LimitLine { value, kind: kind(timeline.step, false), name: threshold.to_string() })
        };
        wanted.filter_map(line).collect::<Vec<_>>()
    };
    timelines.iter().filter(|timeline| !timeline.repeats).flat_map(of_step).collect()
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

/// What a chart shows of each step, and the metric of thresholds on it.
#[derive(Clone, Copy)]
struct Curves<'a> {
    heading: &'a str,
    vertical: Vertical,
    number: Number,
    metric: Metric,
}

impl<'a> Curves<'a> {
    fn times(heading: &'a str, number: Number, metric: Metric) -> Self {
        Self { heading, vertical: Vertical::Times, number, metric }
    }

    fn counts(heading: &'a str, number: Number, metric: Metric) -> Self {
        Self { heading, vertical: Vertical::FromZero, number, metric }
    }
}

/// A line for each step; `None` when there is nothing to draw.
fn lines(
    timelines: &[StepTimeline],
    time: &Axis,
    curves: &Curves<'_>,
    limits: &[LimitLine],
    offered: &[Offered],
) -> Option<Element> {
    let Curves { heading, vertical, number, .. } = *curves;
    let numbers = |timeline: &StepTimeline| timeline.points.iter().filter_map(number).collect::<Vec<_>>();
    let timelines: Vec<_> = timelines.iter().filter(|timeline| !numbers(timeline).is_empty()).collect();
    let measured: Vec<_> = timelines.iter().copied().flat_map(numbers).collect();
    measured.first()?;
    let others = limits.iter().map(|limit| limit.value).chain(offered.iter().filter_map(|(_, rate)| *rate));
    let all: Vec<_> = measured.into_iter().chain(others).collect();
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
    let due =
        offered.iter().map(|(at, rate)| rate.map(|rate| (time.scale.at(at.as_secs_f64()), y.scale.at(rate))));
    let due = (!offered.is_empty()).then(|| chart::path(OFFERED, due));
    let drawn = drawn.chain(due).chain(limits.iter().flat_map(|limit| across(limit, &y.scale)));
    let drawing = chart::frame(time, &y, "", drawn);
    let name_of = |timeline: &StepTimeline| name(timeline.step, timeline.repeats);
    let steps = timelines.iter().map(|timeline| (kind(timeline.step, timeline.repeats), name_of(timeline)));
    let due = (!offered.is_empty()).then(|| (OFFERED, "offered".to_owned()));
    let legend = chart::legend(steps.chain(due));
    let shown = |value: f64| if vertical == Vertical::Times { seconds(value) } else { compact(value) };
    let words = timelines.iter().filter_map(|timeline| {
        let numbers = numbers(timeline);
        let (low, high) =
            (numbers.iter().copied().reduce(f64::min)?, numbers.iter().copied().reduce(f64::max)?);
        Some(format!("{}: from {} to {}", name_of(timeline), shown(low), shown(high)))
    });
    let words = words.chain(limits.iter().map(|limit| format!("threshold {}", limit.name)));
    Some(chart::figure(heading, &words.collect::<Vec<_>>().join("; "), drawing, vec![legend]))
}

/// A threshold's line, and its name above.
fn across(limit: &LimitLine, scale: &Scale) -> [Element; 2] {
    let at = scale.at(limit.value);
    let class = format!("limit k{}", limit.kind);
    let name = chart::label((ACROSS.1, at - 4.0), "end", &limit.name);
    [chart::line((ACROSS.0, at), (ACROSS.1, at)), name].map(|element| element.set("class", class.clone()))
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
        "p95",
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
            time(point.p95),
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

//! A search as a person reads it at its end: the steps in order of their level, and the answer last.

use std::io;

use super::{
    grid::{Cell, Column, Grid},
    palette::{Palette, Style, wrap},
    terminal::{WIDTH, labelled, load_of, trust_lines},
    units,
    words::{bounded, measured as judged},
};
use crate::{
    plan::search::{Axis, SearchResult, StepVerdict},
    report::{
        Ending,
        capacity::{Capacity, Consumption, SearchStep, Shedding},
        stats::Percentile,
    },
};

/// Writes what a search came to.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn io::Write, capacity: &Capacity, palette: Palette) -> io::Result<()> {
    let sections = [
        heading(capacity, palette),
        table(capacity, palette),
        facts(capacity, palette),
        answer(capacity, palette),
    ];
    let sections: Vec<_> = sections.into_iter().filter(|lines| !lines.is_empty()).collect();
    for (position, lines) in sections.iter().enumerate() {
        if position > 0 {
            writeln!(out)?;
        }
        lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    }
    Ok(())
}

/// A level with its unit: `9.6/s`, `17 at a time`.
pub fn level(axis: Axis, level: f64) -> String {
    match axis {
        Axis::Rate => format!("{level}/s"),
        Axis::Concurrency => format!("{level} at a time"),
    }
}

/// One step in a line, as soon as it was made.
pub fn line(axis: Axis, step: &SearchStep) -> String {
    let why = why(step).map(|why| format!(": {why}")).unwrap_or_default();
    let (word, _) = verdict(step);
    format!("{} {word}{why}", level(axis, step.result.level))
}

/// Every objective that broke, and what was measured.
fn why(step: &SearchStep) -> Option<String> {
    let broken: Vec<_> =
        step.broken().map(|one| format!("{}: {}", one.threshold, judged(one.measured))).collect();
    (!broken.is_empty()).then(|| broken.join("; "))
}

fn verdict(step: &SearchStep) -> (&'static str, Style) {
    match step.result.verdict {
        StepVerdict::Holds => ("holds", Style::Good),
        StepVerdict::Breaks => ("breaks", Style::Error),
        StepVerdict::TooFewSamples { .. } => ("too few", Style::Existing),
        StepVerdict::GeneratorLimited => ("generator", Style::Warning),
        StepVerdict::Interrupted => ("interrupted", Style::Existing),
    }
}

fn heading(capacity: &Capacity, palette: Palette) -> Vec<String> {
    let mut lines = Vec::new();
    if let Ending::Interrupted { signal } = capacity.ending {
        let text = format!("PARTIAL: interrupted by {signal}; this is what was known by then");
        lines.push(palette.paint(Style::Warning, &text));
    }
    let tool = format!("{} {}", capacity.tool.name, capacity.tool.version);
    let (steps, took) =
        (units::counted(capacity.steps.len() as u64, "step"), units::duration(capacity.elapsed));
    let title = palette.paint(Style::Heading, &tool);
    lines.push(format!("{title}  started {}, {steps} took {took}", capacity.started_at));
    let mut tell = |label: &str, text: &str| lines.extend(labelled(label, text, Style::Normal, palette));
    for (position, threshold) in capacity.plan.thresholds.iter().enumerate() {
        tell(if position == 0 { "thresholds" } else { "" }, &threshold.to_string());
    }
    capacity.plan.phases.last().into_iter().for_each(|phase| tell("load", &load_of(phase)));
    for (role, targets) in
        [("publisher", &capacity.plan.publishers), ("aggregator", &capacity.plan.aggregators)]
    {
        targets.iter().for_each(|target| tell(role, &target.to_string()));
    }
    lines
}

/// A row for each step, by its level.
fn table(capacity: &Capacity, palette: Palette) -> Vec<String> {
    let mut steps: Vec<_> = capacity.steps.iter().collect();
    steps.sort_by(|a, b| a.result.level.total_cmp(&b.result.level));
    let titles = [
        if capacity.search.axis == Axis::Rate { "rate" } else { "at a time" },
        &format!("{}s", capacity.focus),
        "failed",
        "done/s",
        "mean",
        "p95",
        "at once",
        "verdict",
    ]
    .map(|title| Cell::new(Style::Heading, title));
    let rows = std::iter::once(titles.to_vec()).chain(steps.into_iter().map(|step| row(capacity, step)));
    let mut columns = vec![Column::Right(7); 7];
    columns.push(Column::Left(0));
    let mut lines = Grid { columns, gap: 2, rows: rows.collect() }.lines(palette);
    if capacity.steps.iter().any(|step| step.uploads.at_first_shed.is_some()) {
        let text = "At once: the most uploads under way; with !, how many when the first one was refused.";
        lines.extend(wrap(text, WIDTH).iter().map(|line| palette.paint(Style::Faint, line)));
    }
    lines
}

fn row(capacity: &Capacity, step: &SearchStep) -> Vec<Cell> {
    let dash = || Cell::new(Style::Faint, "–");
    let normal = |text: String| Cell::new(Style::Normal, text);
    let response = step.response.as_ref();
    let p95 = response.and_then(|response| response.percentiles.get(&Percentile::P95).copied());
    let (word, ink) = verdict(step);
    let level = step.result.level;
    let at_once = match step.uploads.at_first_shed {
        Some(count) => Cell::new(Style::Error, format!("{}!", units::short_count(count))),
        None => step.uploads.most.map_or_else(dash, |most| normal(units::short_count(most))),
    };
    vec![
        normal(if capacity.search.axis == Axis::Rate { format!("{level}/s") } else { level.to_string() }),
        normal(units::short_count(step.done)),
        Cell::new(
            if step.failed > 0 { Style::Error } else { Style::Normal },
            units::short_count(step.failed),
        ),
        step.per_second.map_or_else(dash, |rate| normal(per_second(rate))),
        response.map_or_else(dash, |response| normal(bounded(response.mean))),
        p95.map_or_else(dash, |p95| normal(bounded(p95))),
        at_once,
        Cell::new(ink, word),
    ]
}

fn per_second(rate: f64) -> String {
    if rate < 99.95 { format!("{rate:.2}") } else { format!("{rate:.0}") }
}

fn facts(capacity: &Capacity, palette: Palette) -> Vec<String> {
    let mut lines = Vec::new();
    let mut fact = |label: &str, text: &str| lines.extend(labelled(label, text, Style::Normal, palette));
    let found = matches!(capacity.answer, SearchResult::Between { .. } | SearchResult::UpTo { .. });
    match capacity.knee() {
        Some(knee) => {
            let (at, mean) = (level(capacity.search.axis, knee.level), units::duration(knee.mean));
            let done = per_second(knee.per_second);
            fact(
                "knee",
                &format!("{at}: {done} done a second, {mean} on average; most throughput for its latency"),
            );
        }
        None if found => fact("knee", "none between these levels"),
        None => {}
    }
    if let Some(Shedding { began_at, most_taken }) = capacity.shedding() {
        let taken = most_taken
            .map(|most| format!("none was refused of up to {} at once", units::counted(most, "upload")));
        let shed = began_at.map(|at| format!("the publisher began to refuse with {at} under way"));
        let text = taken.into_iter().chain(shed).collect::<Vec<_>>().join("; ");
        fact("shedding", &text);
    }
    let Consumption { uploads, downloads, bytes_sent, bytes_received, frost } = capacity.consumed();
    let took = [(uploads, "upload", bytes_sent, "sent"), (downloads, "download", bytes_received, "received")];
    let took = took.into_iter().filter(|(count, ..)| *count > 0).map(|(count, noun, bytes, how)| {
        format!("{} ({} {how})", units::counted(count, noun), units::bytes(bytes))
    });
    let took: Vec<_> = took.chain((frost > 0).then(|| units::wal(frost))).collect();
    fact("took", &took.join(", "));
    // The trust in an answer is the trust in what it rests on.
    let grounds = capacity.deciding_steps().max_by_key(|step| step.quality.severity());
    lines.extend(grounds.into_iter().flat_map(|step| trust_lines(&step.quality, palette)));
    lines
}

/// What it came to, in a sentence or two at the very end.
fn answer(capacity: &Capacity, palette: Palette) -> Vec<String> {
    let at = |value: f64| level(capacity.search.axis, value);
    let because = |value: f64| {
        let step = capacity
            .steps
            .iter()
            .rev()
            .find(|step| step.result.level == value && step.result.verdict == StepVerdict::Breaks);
        step.and_then(why).map(|why| format!(" ({why})")).unwrap_or_default()
    };
    let (text, ink) = match capacity.answer {
        SearchResult::Between { holds, breaks } => {
            (format!("holds {}, breaks at {}{}", at(holds), at(breaks), because(breaks)), Style::Good)
        }
        SearchResult::UpTo { holds } => (format!("holds up to the maximum, {}", at(holds)), Style::Good),
        SearchResult::BelowFirst { breaks } => {
            (format!("breaks at the first step already, {}{}", at(breaks), because(breaks)), Style::Error)
        }
        SearchResult::GeneratorLimited { at: value } => {
            let bottleneck = capacity.steps.last().and_then(|step| step.bottleneck);
            let advice =
                bottleneck.map(|bottleneck| format!(": {}", bottleneck.advice())).unwrap_or_default();
            let text = format!("no capacity found: at {} the generator was the limit{advice}", at(value));
            (text, Style::Warning)
        }
        SearchResult::TooFewSamples { at: value, has, needs } => {
            let has = units::counted(has, "sample");
            let text = format!(
                "undecided at {}: {has} in the longest step, and the thresholds need {}; give a longer --step",
                at(value),
                units::count(needs)
            );
            (text, Style::Error)
        }
        SearchResult::Incomplete { holds, breaks } => {
            let holds = holds.map_or("nothing held yet".to_owned(), |level| format!("held {}", at(level)));
            let breaks =
                breaks.map_or("nothing broke yet".to_owned(), |level| format!("broke at {}", at(level)));
            (format!("not ended: {holds}, {breaks}"), Style::Error)
        }
    };
    wrap(&text, WIDTH).iter().map(|line| palette.paint(ink, line)).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        fixtures,
        metrics::{Recording, concurrency::Reading},
        plan::journey::Step,
    };

    #[test]
    fn every_objective_that_broke_is_named() {
        let samples: Vec<_> = (0..40).flat_map(fixtures::journey).chain(fixtures::troubled(40)).collect();
        let mut report = fixtures::report(41, &samples);
        report.plan.thresholds =
            ["upload.max<1ms", "upload.p50<1h"].map(|text| text.parse().unwrap()).to_vec();
        let (at, none) = ((1.0, Duration::from_secs(1)), Recording::default());
        let step = SearchStep::of(at, Step::Upload, &report, &none, Reading::default(), |_, _| None);
        let told = line(Axis::Rate, &step);
        assert!(told.starts_with("1/s breaks: upload.max<1ms: "), "{told}");
        assert!(told.ends_with("; upload.failures==0: 1 of 41 (2.44%)"), "{told}");
    }
}

//! What is shown of a search: the answer, what it rests on, and its steps by level.

use super::{
    describe,
    document::{Cell, Document, Row, Section, Table},
    run,
};
use crate::{
    export::style::Style,
    plan::search::{Axis, SearchResult, StepVerdict},
    report::{
        Ending,
        capacity::{Capacity, Consumption, SearchStep, Shedding},
        stats::Percentile,
    },
    units,
};

/// The document of a search.
pub(in crate::export) fn document(capacity: &Capacity) -> Document {
    let (text, style) = answer(capacity);
    let sections = vec![
        Section::new("run", "Run", vec![asked(capacity)]),
        Section::new("steps", "Steps", vec![steps(capacity)]),
    ];
    Document {
        title: "walrus-stress search",
        verdict: if capacity.ending.is_partial() { "PARTIAL" } else { "" },
        answer: Cell::text(style, text),
        summary: Table::facts(findings(capacity)),
        sections,
    }
}

/// One step in a line, as soon as it was made.
pub(in crate::export) fn step(axis: Axis, step: &SearchStep) -> String {
    let why = broken(step).map(|why| format!(": {why}")).unwrap_or_default();
    format!("{} {}{why}", level(axis, step.result.level), verdict(step).0)
}

/// A level with its unit: `9.6/s`, `17 at a time`.
pub(in crate::export) fn level(axis: Axis, level: f64) -> String {
    match axis {
        Axis::Rate => format!("{level}/s"),
        Axis::Concurrency => format!("{level} at a time"),
    }
}

/// Every threshold that a step broke, and what was measured.
fn broken(step: &SearchStep) -> Option<String> {
    let broken: Vec<_> =
        step.broken().map(|one| format!("{}: {}", one.threshold, describe::measured(one.measured))).collect();
    (!broken.is_empty()).then(|| broken.join("; "))
}

fn verdict(step: &SearchStep) -> (&'static str, Style) {
    match step.result.verdict {
        StepVerdict::Holds => ("holds", Style::Good),
        StepVerdict::Breaks => ("breaks", Style::Bad),
        StepVerdict::TooFewSamples { .. } => ("few samples", Style::Attention),
        StepVerdict::GeneratorLimited => ("generator", Style::Alert),
        StepVerdict::Interrupted => ("interrupted", Style::Attention),
    }
}

/// What was searched for, when, and with what.
fn asked(capacity: &Capacity) -> Table {
    let fact = |label: &str, text: String| Row::fact(label, Style::Normal, text);
    let (tool, steps) = (&capacity.tool, units::counted(capacity.steps.len() as u64, "step"));
    let (name, version, took) = (&tool.name, &tool.version, units::duration(capacity.elapsed));
    let mut run = format!("{name} {version}, started {}, {steps} took {took}", capacity.started_at);
    if let Ending::Interrupted { signal } = capacity.ending {
        run.push_str(&format!(", interrupted by {signal}"));
    }
    let mut rows = vec![fact("run", run)];
    rows.extend(capacity.plan.thresholds.iter().map(|one| fact("thresholds", one.to_string())));
    rows.extend(capacity.plan.phases.last().map(|phase| fact("load", describe::search_load(phase))));
    rows.extend(run::targets(&capacity.plan));
    let consumed = capacity.consumed();
    let Consumption { uploads, downloads, bytes_sent, bytes_received, frost, .. } = consumed;
    let cost = [(uploads, "upload", bytes_sent, "sent"), (downloads, "download", bytes_received, "received")];
    let cost = cost.into_iter().filter(|(count, ..)| *count > 0).map(|(count, noun, bytes, how)| {
        format!("{} ({} {how})", units::counted(count, noun), units::bytes(bytes))
    });
    let at_least = if consumed.frost_is_lower_bound { "at least " } else { "" };
    let cost: Vec<_> = cost.chain((frost > 0).then(|| format!("{at_least}{}", units::wal(frost)))).collect();
    rows.push(fact("cost", cost.join(", ")));
    Table::facts(rows)
}

/// A row for each step, by its level.
fn steps(capacity: &Capacity) -> Table {
    let mut steps: Vec<_> = capacity.steps.iter().collect();
    steps.sort_by(|a, b| a.result.level.total_cmp(&b.result.level));
    let level = if capacity.search.axis == Axis::Rate { "rate" } else { "at a time" };
    let focus = format!("{}s", capacity.focus);
    let heads = [level, &focus, "failed", "done/s", "mean", "p95", "at once", "verdict"];
    let rows = steps.into_iter().map(|step| row(capacity, step)).collect();
    let note = capacity.steps.iter().any(|step| step.uploads.at_first_shed.is_some()).then(|| {
        "At once: the most uploads under way at a time, or with ! the number when one was refused.".to_owned()
    });
    Table { note, ..Table::new("The steps by level", &heads, rows) }
}

fn row(capacity: &Capacity, step: &SearchStep) -> Row {
    let cell = |text: Option<String>| match text {
        Some(text) => Cell::right(Style::Normal, text),
        None => Cell::right(Style::Faint, "–"),
    };
    let response = step.response.as_ref();
    let p95 = response.and_then(|response| response.percentiles.get(&Percentile::P95).copied());
    let (word, style) = verdict(step);
    let level = step.result.level;
    let failed = if step.failed > 0 { Style::Bad } else { Style::Normal };
    let at_once = match step.uploads.at_first_shed {
        Some(count) => Cell::right(Style::Bad, format!("{}!", units::short_count(count))),
        None => cell(step.uploads.most.map(units::short_count)),
    };
    let label = if capacity.search.axis == Axis::Rate { format!("{level}/s") } else { level.to_string() };
    Row::new(
        label,
        vec![
            cell(Some(units::short_count(step.done))),
            Cell::right(failed, units::short_count(step.failed)),
            cell(step.per_second.map(per_second)),
            cell(response.map(|response| describe::bounded(response.mean))),
            cell(p95.map(describe::bounded)),
            at_once,
            Cell::text(style, word),
        ],
    )
}

fn per_second(rate: f64) -> String {
    if rate < 99.95 { format!("{rate:.2}") } else { format!("{rate:.0}") }
}

/// What belongs to the answer: the knee, what the publisher refused, and whether the numbers can be trusted.
fn findings(capacity: &Capacity) -> Vec<Row> {
    let fact = |label: &str, text: String| Row::fact(label, Style::Normal, text);
    let found = matches!(capacity.answer, SearchResult::Between { .. } | SearchResult::UpTo { .. });
    let mut rows = Vec::new();
    match capacity.knee() {
        Some(knee) => {
            let (at, mean) = (level(capacity.search.axis, knee.level), units::duration(knee.mean));
            let done = per_second(knee.per_second);
            rows.push(fact(
                "knee",
                format!("{at}: {done}/s, mean {mean}: the highest throughput for its latency"),
            ));
        }
        None if found => rows.push(fact("knee", "none between these levels".to_owned())),
        None => {}
    }
    rows.extend(capacity.shedding().map(|Shedding { began_at, most_taken }| {
        let taken = most_taken.map(|most| format!("none up to {} at once", units::counted(most, "upload")));
        let refused = began_at.map(|at| format!("the first with {at} under way"));
        fact("refused", taken.into_iter().chain(refused).collect::<Vec<_>>().join("; "))
    }));
    // The answer can be trusted as far as the worst of the steps that it rests on.
    let deciding = capacity.deciding_steps().max_by_key(|step| step.quality.severity());
    rows.extend(deciding.into_iter().flat_map(|step| run::quality(&step.quality)));
    rows
}

/// What the search came to.
fn answer(capacity: &Capacity) -> (String, Style) {
    let at = |value: f64| level(capacity.search.axis, value);
    let because = |value: f64| {
        let breaks =
            |step: &&SearchStep| step.result.level == value && step.result.verdict == StepVerdict::Breaks;
        let step = capacity.steps.iter().rev().find(breaks);
        step.and_then(broken).map(|why| format!(" ({why})")).unwrap_or_default()
    };
    match capacity.answer {
        SearchResult::Between { holds, breaks } => {
            (format!("holds {}, breaks at {}{}", at(holds), at(breaks), because(breaks)), Style::Good)
        }
        SearchResult::UpTo { holds } => (format!("holds up to the maximum, {}", at(holds)), Style::Good),
        SearchResult::BelowFirst { breaks } => {
            (format!("breaks already at the first level, {}{}", at(breaks), because(breaks)), Style::Bad)
        }
        SearchResult::GeneratorLimited { at: value } => {
            let bottleneck = capacity.steps.last().and_then(|step| step.bottleneck);
            let advice = bottleneck.map(|bottleneck| format!(": {}", bottleneck.advice()));
            let text = format!("no capacity found: at {} the generator was the limit", at(value));
            (text + &advice.unwrap_or_default(), Style::Alert)
        }
        SearchResult::TooFewSamples { at: value, has, needs } => {
            let (has, needs) = (units::counted(has, "sample"), units::count(needs));
            let text = format!(
                "not enough data at {}: {has} in the longest step, {needs} needed; give a longer --step",
                at(value)
            );
            (text, Style::Bad)
        }
        SearchResult::Incomplete { holds, breaks } => {
            let holds = holds.map_or("nothing held yet".to_owned(), |level| format!("held {}", at(level)));
            let breaks =
                breaks.map_or("nothing broke yet".to_owned(), |level| format!("broke at {}", at(level)));
            (format!("not finished: {holds}, {breaks}"), Style::Bad)
        }
    }
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
    fn every_threshold_that_broke_is_named() {
        let samples: Vec<_> = (0..40).flat_map(fixtures::journey).chain(fixtures::troubled(40)).collect();
        let mut report = fixtures::report(41, &samples);
        report.plan.thresholds =
            ["upload.max<1ms", "upload.p50<1h"].map(|text| text.parse().unwrap()).to_vec();
        let (at, none) = ((1.0, Duration::from_secs(1)), Recording::default());
        let one = SearchStep::of(at, Step::Upload, &report, &none, Reading::default(), |_, _| None);
        let line = step(Axis::Rate, &one);
        assert!(line.starts_with("1/s breaks: upload.max<1ms: "), "{line}");
        assert!(line.ends_with("; upload.failures==0: 1 of 41 (2.44%)"), "{line}");
    }
}

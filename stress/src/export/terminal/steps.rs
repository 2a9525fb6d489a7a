//! The table of steps: one column each, so that first and cached downloads stand side by side.

use std::collections::BTreeSet;

use crate::{
    export::{
        events,
        grid::{Cell, Column, Grid},
        palette::{Palette, Style, clip},
        units,
        words::bounded,
    },
    metrics::step_metrics::Span,
    report::{
        stats::Percentile,
        summary::{Bounded, Distribution, StepSummary, Summary},
    },
};

/// The most columns that fit beside the labels.
const COLUMNS: usize = 5;

/// Columns of the labels.
const LABELS: usize = 13;
/// Columns of a step; its widest texts are `≥16.7 min` and the counts of billions.
const WIDEST: usize = 11;

pub(super) fn lines(summary: &Summary, several_phases: bool, palette: Palette) -> Vec<String> {
    let mut lines = Vec::new();
    for steps in summary.steps.chunks(COLUMNS) {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(table(steps, several_phases).lines(palette));
    }
    lines.extend(more_samples(summary).map(|text| palette.paint(Style::Faint, &text)));
    lines
}

fn table(steps: &[StepSummary], several_phases: bool) -> Grid {
    let mut rows = Vec::new();
    if several_phases {
        rows.push(row("", steps, |step| Some(Cell::new(Style::Faint, clip(&step.phase, WIDEST)))));
    }
    rows.push(row("", steps, |step| Some(Cell::new(Style::Heading, step.step.to_string()))));
    if steps.iter().any(|step| step.repeats) {
        let kind = |step: &StepSummary| if step.repeats { "repeats" } else { "new bytes" };
        rows.push(row("", steps, |step| Some(Cell::new(Style::Faint, kind(step)))));
    }
    rows.extend(counts(steps));
    rows.push(row("MiB/s", steps, |step| {
        step.throughput_mib.map(|rate| Cell::new(Style::Normal, units::mib_per_second(rate)))
    }));
    rows.push(vec![Cell::new(Style::Faint, "response time")]);
    rows.extend(times(steps));
    rows.push(vec![Cell::new(Style::Faint, "median of parts")]);
    rows.extend(parts(steps));
    let mut columns = vec![Column::Left(LABELS)];
    columns.resize(steps.len() + 1, Column::Right(WIDEST));
    Grid { columns, gap: 2, rows }
}

/// A row that shows a dash where a step has no such number.
fn row(label: &str, steps: &[StepSummary], cell: impl Fn(&StepSummary) -> Option<Cell>) -> Vec<Cell> {
    let mut row = vec![Cell::new(Style::Faint, label)];
    row.extend(steps.iter().map(|step| cell(step).unwrap_or_else(|| Cell::new(Style::Faint, "–"))));
    row
}

fn counts(steps: &[StepSummary]) -> Vec<Vec<Cell>> {
    type Count = fn(&StepSummary) -> u64;
    let kinds: [(&str, Count, Style); 5] = [
        ("done", |step| step.done, Style::Normal),
        ("failed", |step| step.failed, Style::Error),
        ("failed tries", |step| step.attempt_failures, Style::Existing),
        ("unfinished", |step| step.unfinished, Style::Error),
        ("not tried", |step| step.skipped, Style::Existing),
    ];
    kinds
        .into_iter()
        // Failures are shown when there are none too: that is an answer.
        .filter(|(label, count, _)| {
            matches!(*label, "done" | "failed" | "failed tries") || steps.iter().any(|step| count(step) > 0)
        })
        .map(|(label, count, ink)| {
            row(label, steps, |step| {
                let ink = if count(step) > 0 { ink } else { Style::Normal };
                Some(Cell::new(ink, units::count(count(step))))
            })
        })
        .collect()
}

fn times(steps: &[StepSummary]) -> Vec<Vec<Cell>> {
    let shown = |label: &str, number: &dyn Fn(&Distribution) -> Option<Bounded>| {
        row(&format!("  {label}"), steps, |step| {
            Some(Cell::new(events::ink(step.step), bounded(number(step.response()?)?)))
        })
    };
    let mut rows = vec![
        shown("min", &|response| Some(response.min)),
        shown("mean", &|response| Some(response.mean)),
        shown("median", &|response| Some(response.median)),
    ];
    let supported: BTreeSet<Percentile> = steps
        .iter()
        .filter_map(StepSummary::response)
        .flat_map(|response| response.percentiles.keys().copied())
        .filter(|percentile| *percentile != Percentile::P50)
        .collect();
    for percentile in supported {
        rows.push(shown(percentile.label(), &|response| response.percentiles.get(&percentile).copied()));
    }
    rows.push(shown("max", &|response| Some(response.max)));
    rows
}

/// Where the time of successes went.
fn parts(steps: &[StepSummary]) -> Vec<Vec<Cell>> {
    let parts = [("  sending", Span::Send), ("  waiting", Span::Wait), ("  receiving", Span::Receive)];
    parts
        .into_iter()
        .map(|(label, span)| {
            row(label, steps, |step| Some(Cell::new(Style::Normal, bounded(step.spans.get(&span)?.median))))
        })
        .collect()
}

/// What it would take to see more percentiles.
fn more_samples(summary: &Summary) -> Option<String> {
    let most = summary.steps.iter().filter_map(StepSummary::response).map(|response| response.count).max()?;
    let missing: Vec<_> = [Percentile::P90, Percentile::P95, Percentile::P99]
        .into_iter()
        .filter(|percentile| !percentile.is_supported_by(most))
        .map(|percentile| format!("{} from {}", percentile.label(), percentile.needs()))
        .collect();
    (!missing.is_empty()).then(|| format!("More samples show more: {}.", missing.join(", ")))
}

//! A report as a comment on a pull request: what came of it first, then what held, then the numbers.

use std::io;

use strum::IntoEnumIterator;

use super::{
    events,
    palette::clean,
    terminal::{self, closing},
    units,
    words::{self, bounded},
};
use crate::{
    metrics::step_metrics::Span,
    report::{
        Report,
        stats::Percentile,
        summary::{Bounded, Distribution, StepSummary, Summary},
    },
};

/// Writes `report`.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &Report, summary: &Summary, out: &mut dyn io::Write) -> io::Result<()> {
    let verdict = match (summary.partial, summary.well_so_far()) {
        (false, true) => "passed",
        (true, true) => "STOPPED before its end",
        (_, false) => "FAILED",
    };
    let outcome = escaped(&words::outcome(report, summary));
    writeln!(
        out,
        "### {}: {verdict}\n\n{outcome}; the numbers are {}.\n",
        report.tool.name,
        quality(summary)
    )?;
    writeln!(
        out,
        "Started {}, took {}: {}\n",
        report.started_at,
        units::duration(report.elapsed),
        load(report)
    )?;
    let sections = [
        ("Thresholds", thresholds(summary)),
        ("Steps", steps(report, summary)),
        ("Facts", facts(report, summary)),
        ("Failures", failures(summary)),
    ];
    for (title, lines) in sections.iter().filter(|(_, lines)| !lines.is_empty()) {
        writeln!(out, "#### {title}\n")?;
        for line in lines {
            writeln!(out, "{line}")?;
        }
        writeln!(out)?;
    }
    writeln!(out, "{} {}", report.tool.name, report.tool.version)
}

/// The trust in one sentence, with what to do about it.
fn quality(summary: &Summary) -> String {
    let advice = summary.quality.bottleneck().map(|bottleneck| format!(" ({})", bottleneck.advice()));
    escaped(&format!("{}{}", words::quality(&summary.quality), advice.unwrap_or_default()))
}

fn load(report: &Report) -> String {
    let phases = report.plan.phases.iter().filter(|phase| !phase.warm_up);
    escaped(&phases.map(terminal::load).collect::<Vec<_>>().join("; then "))
}

fn thresholds(summary: &Summary) -> Vec<String> {
    let judged = words::thresholds(summary);
    let rows = judged.iter().map(|threshold_result| {
        let (held, measured) = (words::held(threshold_result), words::measured(threshold_result.measured));
        row([held.to_owned(), escaped(&threshold_result.threshold.to_string()), escaped(&measured)])
    });
    table(&["", "threshold", "measured"], rows.collect())
}

/// One column for each step; of the times, what any step's sample supports.
fn steps(report: &Report, summary: &Summary) -> Vec<String> {
    let steps = &summary.steps;
    let several = report.plan.repeats_steps();
    let names = steps.iter().map(|step| {
        let phase = if several { format!("{}: ", step.phase) } else { String::new() };
        let repeats = if step.repeats { " (repeats)" } else { "" };
        escaped(&format!("{phase}{}{repeats}", step.step))
    });
    let mut rows = Vec::new();
    let mut tell = |label: &str, cell: &dyn Fn(&StepSummary) -> Option<String>| {
        let cells: Vec<_> = steps.iter().map(cell).collect();
        if cells.iter().any(Option::is_some) {
            let cells = cells.into_iter().map(|cell| cell.unwrap_or_else(|| "–".to_owned()));
            rows.push(row([label.to_owned()].into_iter().chain(cells)));
        }
    };
    tell("done", &|step| Some(units::count(step.done)));
    tell("failed", &|step| Some(units::count(step.failed)));
    tell("failed tries", &|step| Some(units::count(step.attempt_failures)));
    tell("unfinished", &|step| (step.unfinished > 0).then(|| units::count(step.unfinished)));
    tell("not tried", &|step| (step.skipped > 0).then(|| units::count(step.skipped)));
    tell("MiB/s", &|step| step.throughput_mib.map(units::mib_per_second));
    let mut time = |label: &str, number: &dyn Fn(&Distribution) -> Option<Bounded>| {
        tell(label, &|step| Some(bounded(number(step.response()?)?)));
    };
    time("min", &|response| Some(response.min));
    time("mean", &|response| Some(response.mean));
    time("median", &|response| Some(response.median));
    for percentile in Percentile::iter().filter(|percentile| *percentile != Percentile::P50) {
        time(percentile.label(), &|response| response.percentiles.get(&percentile).copied());
    }
    time("max", &|response| Some(response.max));
    for (label, span) in [("sending", Span::Send), ("waiting", Span::Wait), ("receiving", Span::Receive)] {
        tell(&format!("median {label}"), &|step| Some(bounded(step.spans.get(&span)?.median)));
    }
    let heads: Vec<String> = [String::new()].into_iter().chain(names).collect();
    table(&heads.iter().map(String::as_str).collect::<Vec<_>>(), rows)
}

/// What the screen tells besides; a line that goes on with the one before it stays with it.
fn facts(report: &Report, summary: &Summary) -> Vec<String> {
    let line = |fact: closing::Fact| {
        let text = escaped(&fact.text);
        if fact.label.is_empty() { format!("  {text}") } else { format!("- **{}**: {text}", fact.label) }
    };
    closing::facts(report, summary).into_iter().map(line).collect()
}

fn failures(summary: &Summary) -> Vec<String> {
    let failed = summary.steps.iter().flat_map(|step| {
        let (failed, retried) = (step.failures.iter(), step.retried.iter());
        failed
            .map(|failure| (failure, ""))
            .chain(retried.map(|failure| (failure, ", tried again")))
            .map(move |(failure, then)| (step, failure, then))
    });
    let rows = failed.map(|(step, failure, then)| {
        let example = failure.examples.first().map(|example| {
            format!("blob {}: {}", units::count(example.blob_number), words::details(&example.failure))
        });
        let what = [events::noun(step.step), format!("{}{then}", failure.class)];
        let told = [units::count(failure.count), words::when(failure), example.unwrap_or_default()];
        row(what.iter().chain(&told).map(|cell| escaped(cell)))
    });
    table(&["step", "class", "count", "when", "for example"], rows.collect())
}

/// A table, unless it has no rows.
fn table(heads: &[&str], rows: Vec<String>) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let head = row(heads.iter().map(|head| (*head).to_owned()));
    let rule = row(heads.iter().map(|_| "---".to_owned()));
    [head, rule].into_iter().chain(rows).collect()
}

fn row(cells: impl IntoIterator<Item = String>) -> String {
    format!("| {} |", cells.into_iter().collect::<Vec<_>>().join(" | "))
}

/// `text` as text: nothing in it is markup, ends a cell, addresses somebody, or stands on a line of its own.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            // A backslash does not keep these from addressing people and issues.
            '@' => escaped.push_str("&#64;"),
            '#' => escaped.push_str("&#35;"),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '|' | '!' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;

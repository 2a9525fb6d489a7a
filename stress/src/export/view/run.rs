//! What is shown of a run: the answer, what was asked, and the details.

use std::time::Duration;

use super::{
    blobs, cache, charges, connections, cost, describe,
    document::{Cell, Document, Row, Section, Shown, Table},
    readable, steps, thresholds, vantage,
};
use crate::{
    export::{blobs::BlobRecord, style::Style},
    plan::{Plan, vantage::Vantage},
    report::{
        Ending, Report,
        cache::Effect,
        quality::{Bottleneck, QualityReport, Severity},
        stats::Percentile,
        summary::{ArrivalSummary, Bounded, FailureSummary, StepSummary, Summary, Uploads},
    },
    sample::StoredKind,
    units,
};

/// Columns of the bars that show how response times are distributed, from the lowest.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The document of `report`; `blobs` are those of a run that is short enough to list them.
pub(in crate::export) fn document(report: &Report, summary: &Summary, blobs: &[BlobRecord]) -> Document {
    let several = report.plan.repeats_steps();
    let tables = [
        blobs::table(blobs),
        steps::table(summary),
        distribution(summary, several),
        stored(report, summary),
        totals(report, summary),
    ];
    let mut sections = vec![
        Section::new("thresholds", "Thresholds", vec![thresholds::table(summary)]),
        Section::new("run", "Run", vec![asked(report, summary)]),
        Section::new("failures", "Failures", vec![failures(summary)]),
        Section::new("steps", "Steps", tables.into()),
    ];
    sections.extend(summary.cache.as_ref().map(cache::section));
    sections.extend(summary.vantages.as_ref().map(vantage::section));
    sections.push(readable::section(summary));
    sections.push(cost::section(summary));
    sections.push(Section::new("quality", "Quality checks", vec![checks(&summary.quality)]));
    let failed = summary.failed() + summary.unfinished() > 0;
    let style = match (summary.well_so_far(), summary.partial || failed) {
        (false, _) => Style::Bad,
        (true, true) => Style::Attention,
        (true, false) => Style::Good,
    };
    Document {
        title: "walrus-stress",
        verdict: describe::verdict(summary),
        answer: Cell::text(style, describe::outcome(summary)),
        summary: Table::facts(answers(summary)),
        sections,
    }
}

/// What belongs to the answer besides successes and failures.
fn answers(summary: &Summary) -> Vec<Row> {
    let mut rows: Vec<_> = summary.vantages.as_ref().map(vantage::answer).into_iter().collect();
    rows.extend(readable::answers(summary));
    rows.extend(quality(&summary.quality));
    rows.extend(thresholds::in_short(&summary.thresholds));
    rows.extend(summary.cache.as_ref().map(|cache| {
        let style = match cache.effect {
            _ if cache.status.mixture.is_some() => Style::Attention,
            Effect::Faster => Style::Good,
            Effect::Slower => Style::Bad,
            Effect::NoDifference | Effect::TooFew => Style::Attention,
        };
        Row::fact("cache", style, cache.sentence())
    }));
    rows
}

/// Whether the numbers can be trusted, and what to do if the generator was the bottleneck.
pub(super) fn quality(quality: &QualityReport) -> Vec<Row> {
    let style = quality.severity().map_or(Style::Normal, style);
    let verdict = Row::fact("quality", style, describe::quality(quality));
    let advice = quality.bottleneck().map(Bottleneck::advice);
    let advice = advice.map(|advice| Row::fact("quality", Style::Normal, advice));
    [verdict].into_iter().chain(advice).collect()
}

const fn style(severity: Severity) -> Style {
    match severity {
        Severity::Trustworthy => Style::Good,
        Severity::Care => Style::Attention,
        Severity::Invalid => Style::Alert,
    }
}

/// What was run, when, against which servers, and with which load.
fn asked(report: &Report, summary: &Summary) -> Table {
    let fact = |label: &str, text: String| Row::fact(label, Style::Normal, text);
    let mut took = format!(
        "{} {}, started {}, took {}",
        report.tool.name,
        report.tool.version,
        report.started_at,
        units::duration(report.elapsed)
    );
    if let Ending::Interrupted { signal } = report.ending {
        took.push_str(&format!(", interrupted by {signal}: these are the numbers until then"));
    }
    if let Some(missing) = report.missing_parts() {
        took.push_str(&format!("; {missing}: these are the numbers without it"));
    }
    let mut rows = vec![fact("run", took)];
    rows.extend(report.run_id.as_ref().map(|id| fact("run ID", id.to_string())));
    let plan = &report.plan;
    rows.extend(plan.phases.iter().map(|phase| {
        let name = if plan.phases.len() > 1 { phase.name.as_str() } else { "load" };
        let (label, load) = describe::phase_fact(name, describe::load(phase));
        fact(&label, load)
    }));
    rows.extend(plan.vantage.as_ref().map(|Vantage { name, number }| {
        fact(
            "vantage",
            format!("{name}, {number} counted from 0: the others read the same blobs from elsewhere"),
        )
    }));
    rows.extend(plan.shard.map(|shard| {
        fact("shard", format!("{shard}, counted from 0: the other shards do the rest of this load"))
    }));
    rows.extend(targets(plan));
    if summary.uploads.is_some() {
        rows.push(fact("seed", format!("--seed {} gives the same blobs again", plan.seed)));
    }
    rows.extend(report.notices.iter().map(|notice| Row::fact("note", Style::Attention, notice)));
    Table::facts(rows)
}

/// The load and the servers in a line each, for a page's top.
pub(in crate::export) fn about(plan: &Plan) -> Vec<String> {
    let measured: Vec<_> = plan.phases.iter().filter(|phase| !phase.warm_up).collect();
    let load = match measured[..] {
        [phase] => describe::load(phase),
        _ => {
            let names: Vec<_> = measured.iter().map(|phase| phase.name.as_str()).collect();
            format!("{} phases: {}", names.len(), names.join(", "))
        }
    };
    let servers = targets(plan).fold(Vec::new(), |mut servers: Vec<String>, row| {
        let address = row.sentence.first().map_or("", |cell| cell.text.as_str());
        match servers.last_mut().filter(|server| server.starts_with(&row.label)) {
            Some(server) => server.push_str(&format!(", {address}")),
            None => servers.push(format!("{} {address}", row.label)),
        }
        servers
    });
    [load].into_iter().chain(servers).collect()
}

/// The addresses of the servers.
pub(super) fn targets(plan: &Plan) -> impl Iterator<Item = Row> {
    [("publisher", &plan.publishers), ("aggregator", &plan.aggregators)].into_iter().flat_map(
        |(role, targets)| {
            targets.iter().map(move |target| Row::fact(role, Style::Normal, target.to_string()))
        },
    )
}

/// A row for each class of failures of each step, with its first examples.
fn failures(summary: &Summary) -> Table {
    let rows = summary.steps.iter().enumerate().flat_map(|(position, step)| {
        let row = move |kind: &str, place: usize, failure: &FailureSummary| {
            let pointer = |name: &str| format!("/steps/{position}/{kind}/{place}/{name}");
            let at = |time: Duration, name: &str| {
                Cell::number(Some((units::duration(time), time.as_secs_f64())), &pointer(name))
            };
            let retried = kind == "retried";
            let (style, then) = if retried { (Style::Attention, ", retried") } else { (Style::Bad, "") };
            let cells = vec![
                Cell::text(Style::Normal, format!("{}{then}", failure.class)),
                Cell::number(Some((units::count(failure.count), failure.count as f64)), &pointer("count")),
                at(failure.first, "first_seconds"),
                at(failure.last, "last_seconds"),
            ];
            let row = Row::new(describe::phase_step(summary, step), cells);
            let row = row.says(style, describe::failures(step, failure, retried));
            Row { details: describe::failure_details(failure), ..row }
        };
        let failed = step.failures.iter().enumerate();
        let retried = step.retried.iter().enumerate();
        let failed = failed.map(move |(place, failure)| row("failures", place, failure));
        failed.chain(retried.map(move |(place, failure)| row("retried", place, failure)))
    });
    let heads = ["step", "class", "count", "first at", "last at", "examples"];
    Table::new("Failures by step and class", &heads, rows.collect()).labelled("failures")
}

/// How each step's response times are distributed, all on one logarithmic scale.
fn distribution(summary: &Summary, several_phases: bool) -> Table {
    let Some((shortest, longest)) = summary.scale else { return Table::default() };
    let mut rows = Vec::new();
    let mut phase = None;
    for step in summary.steps.iter().filter(|step| !step.bars.is_empty()) {
        let Some(response) = step.response() else { continue };
        if several_phases && phase != Some(&step.phase) {
            phase = Some(&step.phase);
            rows.push(Row::heading(&step.phase));
        }
        let time = |time| Cell::right(Style::Normal, describe::bounded(time));
        let bars = Cell::text(Style::Normal, bars(&step.bars));
        let name = describe::step(step.step, step.repeats);
        rows.push(Row::new(name, vec![time(response.min), bars, time(response.max)]));
    }
    let (from, to) = (units::duration(shortest), units::duration(longest));
    let note = Some(format!("Response times from {from} to {to} on a logarithmic scale."));
    Table { note, ..Table::new("Distribution", &[], rows).only(Shown::Terminal) }
}

/// One character for each count: a blank for none, and the full height for the most.
fn bars(counts: &[u64]) -> String {
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let height = |count: u64| (u128::from(count) * BARS.len() as u128).div_ceil(u128::from(most));
    let bar = |count: &u64| match usize::try_from(height(*count)) {
        Ok(height @ 1..) => BARS[height - 1],
        _ => ' ',
    };
    counts.iter().map(bar).collect()
}

/// Uploads by what the publishers made of them: blobs that were new to them, and others.
fn stored(report: &Report, summary: &Summary) -> Table {
    let row = |position: usize, step: &StepSummary, kind: StoredKind, count: u64| {
        let label = kind.label();
        let times = step.stored_times.get(&kind);
        let time = |time: Option<Bounded>, name: &str| {
            let number = time.map(|time| (describe::bounded(time), time.value.as_secs_f64()));
            Cell::number(number, &format!("/steps/{position}/stored_seconds/{label}/{name}"))
        };
        let p95 = times.and_then(|times| times.percentiles.get(&Percentile::P95).copied());
        let count = (units::count(count), count as f64);
        let (place, made) =
            (describe::phase_step(summary, step), describe::stored(kind, report.plan.store.force));
        let cells = vec![
            Cell::number(Some(count), &format!("/steps/{position}/stored/{label}")),
            time(times.map(|times| times.min), "min"),
            time(times.map(|times| times.median), "median"),
            time(p95, "p95"),
            time(times.map(|times| times.max), "max"),
        ];
        Row::new(format!("{place}: {made}"), cells)
    };
    let rows = summary.steps.iter().enumerate().flat_map(|(position, step)| {
        let kinds = step.stored.iter().filter(|(_, count)| **count > 0);
        kinds.map(move |(kind, count)| row(position, step, *kind, *count))
    });
    let heads = ["", "uploads", "min", "median", "p95", "max"];
    Table::new("Uploads by what the publisher made of them", &heads, rows.collect()).only(Shown::Page)
}

/// Counts and costs of the whole run.
fn totals(report: &Report, summary: &Summary) -> Table {
    let fact = |label: &str, text: String| Row::fact(label, Style::Normal, text);
    let mut rows = Vec::new();
    if let Some(uploads) = &summary.uploads {
        rows.push(fact("uploads", uploaded(uploads, report.plan.store.force)));
        if uploads.cost_is_lower_bound {
            let (wal, frost) = (units::wal(uploads.cost_frost), units::count(uploads.cost_frost));
            let text =
                format!("at least {wal} ({frost} FROST): the prices add up to more than can be counted");
            rows.push(Row::fact("cost", Style::Bad, text));
        } else {
            rows.extend(summary.cost.iter().flat_map(charges::rows));
        }
    }
    rows.extend(summary.arrivals.iter().map(|arrivals| {
        let style = if arrivals.dropped > 0 { Style::Bad } else { Style::Normal };
        let phase = if summary.arrivals.len() > 1 { format!("{}: ", arrivals.phase) } else { String::new() };
        Row::fact("arrivals", style, format!("{phase}{}", due(arrivals)))
    }));
    let (sent, received) = (units::bytes(summary.bytes_sent), units::bytes(summary.bytes_received));
    rows.push(fact("bytes", format!("{sent} sent, {received} received")));
    rows.extend(connections::rows(report, &summary.connections));
    Table::facts(rows)
}

/// Uploads by what the publishers made of them; what did not happen is left out, except new and existing.
fn uploaded(uploads: &Uploads, forced: bool) -> String {
    let several = uploads.medians.len() > 1;
    let kind = |kind: StoredKind, count: u64| {
        let median = uploads.medians.get(&kind).filter(|_| several);
        let median = median.map(|median| format!(" (median {})", units::duration(*median)));
        format!("{} {}{}", units::count(count), describe::stored(kind, forced), median.unwrap_or_default())
    };
    let mut parts = vec![kind(StoredKind::New, uploads.new), kind(StoredKind::Existing, uploads.existing)];
    parts.extend(uploads.reused.iter().map(|(reused, count)| kind(*reused, *count)));
    let others = [(uploads.failed, "failed"), (uploads.unfinished, "unfinished")];
    parts.extend(
        others.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", units::count(*n))),
    );
    parts.join(", ")
}

/// How many arrivals of an open loop were due and dropped, and how late the others were started.
fn due(arrivals: &ArrivalSummary) -> String {
    let (dropped, late) = (units::count(arrivals.dropped), units::count(arrivals.never_started));
    let dropped = match (arrivals.dropped, arrivals.never_started) {
        (0, _) => "none dropped".to_owned(),
        (_, 0) => format!("{dropped} dropped (--max-in-flight was reached)"),
        (all, unstarted) if all == unstarted => format!("{dropped} dropped (overdue until the end)"),
        _ => {
            format!("{dropped} dropped (--max-in-flight was reached, and {late} were overdue until the end)")
        }
    };
    let delay = arrivals.start_delay.as_ref().map(|delay| {
        let p99 = delay.percentiles.get(&Percentile::P99);
        let p99 = p99.map(|p99| format!("p99 {}, ", units::duration(p99.value))).unwrap_or_default();
        let (median, max) = (units::duration(delay.median.value), units::duration(delay.max.value));
        format!("; start delay: median {median}, {p99}max {max}")
    });
    format!("{} due, {dropped}{}", units::count(arrivals.offered), delay.unwrap_or_default())
}

/// What the verdict on the numbers rests on.
fn checks(quality: &QualityReport) -> Table {
    let rows = quality.checks.iter().enumerate().map(|(position, check)| {
        let number = |value: f64, name: &str| {
            let shown = describe::checked_number(check, value);
            Cell::number(Some((shown, value)), &format!("/quality/checks/{position}/{name}"))
        };
        let word = match check.severity {
            Severity::Trustworthy => "ok",
            Severity::Care => "use with care",
            Severity::Invalid => "invalid",
        };
        let cells = vec![
            number(check.measured, "measured"),
            number(check.limit, "limit"),
            Cell::text(style(check.severity), word),
        ];
        Row::new(describe::checked(check, quality.drift.as_ref()), cells)
    });
    let heads = ["check", "measured", "limit", "verdict"];
    Table::new("What the verdict on the numbers rests on", &heads, rows.collect()).only(Shown::Page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_is_full_and_a_single_one_is_seen() {
        assert_eq!(bars(&[0, 1, 2, 4, 5, 8, 0]), " ▁▂▄▅█ ");
        assert_eq!(bars(&[1, 1_000_000, 500_000]), "▁█▄");
        assert_eq!(bars(&[u64::MAX, 1]), "█▁");
        assert_eq!(bars(&[0, 0]), "  ");
    }
}

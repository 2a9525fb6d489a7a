//! Metrics in Prometheus' text format: of a whole report, and of a run while it goes on, by the same names.

mod exposition;
mod steps;

use std::{collections::BTreeSet, io};

use crate::{
    metrics::{buckets::cumulative, snapshot::Snapshot},
    plan::{Plan, journey::Step},
    report::{
        Report,
        quality::Severity,
        summary::{StepSummary, Summary},
    },
};
use exposition::{Exposition, Histogram, Kind};
use steps::Row;

/// What a server of this text calls it.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Writes `report`.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &Report, summary: &Summary, out: &mut dyn io::Write) -> io::Result<()> {
    let mut text = Exposition::default();
    head(&mut text, &report.tool.version, report.plan.seed, report.elapsed.as_secs_f64());
    steps::write(&mut text, &summary.steps.iter().map(of_step).collect::<Vec<_>>());
    quantiles(&mut text, summary);
    totals(&mut text, summary);
    threshold_results(&mut text, summary);
    out.write_all(text.into_string().as_bytes())
}

/// The run of `plan` at this moment; phases, and repeats and new blobs, are one here.
pub fn snapshot(plan: &Plan, snapshot: &Snapshot) -> String {
    let mut text = Exposition::default();
    head(&mut text, env!("CARGO_PKG_VERSION"), plan.seed, snapshot.elapsed.as_secs_f64());
    let rows: Vec<_> = snapshot
        .steps
        .iter()
        .map(|(step, totals)| {
            let failed: u64 = totals.failures.values().sum();
            Row {
                labels: vec![("step", step.to_string())],
                done: totals.done,
                failed,
                unfinished: totals.failed.saturating_sub(failed),
                skipped: totals.skipped,
                blob_bytes: totals.bytes,
                sent_bytes: totals.bytes_sent,
                received_bytes: totals.bytes_received,
                retried: totals.retried.iter().map(|(class, count)| (*class, *count)).collect(),
                failures: totals.failures.iter().map(|(class, count)| (*class, *count)).collect(),
                response: Histogram {
                    cumulative: cumulative(&totals.response),
                    count: totals.response.count(),
                    sum: totals.response.sum_seconds(),
                },
            }
        })
        .collect();
    steps::write(&mut text, &rows);
    text.into_string()
}

fn head(text: &mut Exposition, version: &str, seed: u64, elapsed_seconds: f64) {
    let mut info = text.family("walrus_stress_info", Kind::Gauge, "The run: always 1");
    info.sample(&[("version", version), ("seed", &seed.to_string())], 1);
    let mut elapsed = text.family("walrus_stress_elapsed_seconds", Kind::Gauge, "Time since the run began");
    elapsed.sample(&[], elapsed_seconds);
}

fn of_step(step: &StepSummary) -> Row {
    Row {
        labels: labels(step),
        done: step.done,
        failed: step.failed,
        unfinished: step.unfinished,
        skipped: step.skipped,
        blob_bytes: step.bytes_done,
        sent_bytes: step.bytes_sent,
        received_bytes: step.bytes_received,
        retried: step.retried.iter().map(|failure| (failure.class, failure.count)).collect(),
        failures: step.failures.iter().map(|failure| (failure.class, failure.count)).collect(),
        response: Histogram {
            cumulative: step.buckets.cumulative.clone(),
            count: step.buckets.count,
            sum: step.buckets.sum_seconds,
        },
    }
}

fn labels(step: &StepSummary) -> Vec<(&'static str, String)> {
    vec![
        ("phase", step.phase.clone()),
        ("step", step.step.to_string()),
        ("repeats", step.repeats.to_string()),
    ]
}

/// The numbers that the sample supports; buckets tell them much more coarsely.
fn quantiles(text: &mut Exposition, summary: &Summary) {
    let help = "Percentiles of the response time that the sample supports";
    let mut family = text.family("walrus_stress_response_quantile_seconds", Kind::Gauge, help);
    for step in &summary.steps {
        let percentiles = step.response().into_iter().flat_map(|response| &response.percentiles);
        for (percentile, number) in percentiles {
            let quantile = percentile.quantile().to_string();
            let labels: Vec<_> = labels(step).into_iter().chain([("quantile", quantile)]).collect();
            family.sample(&borrowed(&labels), number.value.as_secs_f64());
        }
    }
}

/// What is counted for the run as a whole.
fn totals(text: &mut Exposition, summary: &Summary) {
    let help = "Exchanges by whether they opened a connection";
    let mut family = text.family("walrus_stress_connections_total", Kind::Counter, help);
    family.sample(&[("kind", "opened")], summary.connections.opened);
    family.sample(&[("kind", "reused")], summary.connections.reused);
    if !summary.arrivals.is_empty() {
        let mut due = text.family("walrus_stress_arrivals_total", Kind::Counter, "Journeys that were due");
        for arrivals in &summary.arrivals {
            due.sample(&[("phase", &arrivals.phase)], arrivals.offered);
        }
        let help = "Journeys that were due and not started";
        let mut dropped = text.family("walrus_stress_dropped_arrivals_total", Kind::Counter, help);
        for arrivals in &summary.arrivals {
            dropped.sample(&[("phase", &arrivals.phase)], arrivals.dropped);
        }
    }
    if let Some(uploads) = &summary.uploads {
        let help = "What the publishers charged, in FROST (a billionth of a WAL)";
        text.family("walrus_stress_cost_frost_total", Kind::Counter, help).sample(&[], uploads.cost_frost);
    }
    let Some(cache) = &summary.cache else { return };
    let (low, high) = cache.interval().unzip();
    let bounds = [("median", cache.ratio()), ("low", low), ("high", high)];
    let help = "How many times faster cached downloads are, with the ends of the 95 % interval";
    let mut family = text.family("walrus_stress_cache_speedup_ratio", Kind::Gauge, help);
    for (bound, ratio) in bounds.into_iter().filter_map(|(bound, ratio)| Some((bound, ratio?))) {
        family.sample(&[("bound", bound)], ratio);
    }
}

fn threshold_results(text: &mut Exposition, summary: &Summary) {
    let help = "Whether each threshold holds";
    let mut family = text.family("walrus_stress_threshold_holds", Kind::Gauge, help);
    let mut told = BTreeSet::new();
    for threshold_result in &summary.thresholds {
        let threshold = threshold_result.threshold.to_string();
        let step = threshold_result.threshold.scope.step.as_ref().map(Step::to_string).unwrap_or_default();
        // Who asks twice gets one answer: a series must not come twice.
        if !told.insert((threshold.clone(), step.clone())) {
            continue;
        }
        family.sample(&[("threshold", &threshold), ("step", &step)], u8::from(threshold_result.holds()));
    }
    let help = "How far the numbers can be trusted: 1 for the verdict";
    let mut family = text.family("walrus_stress_quality", Kind::Gauge, help);
    for severity in [Severity::Trustworthy, Severity::Care, Severity::Invalid] {
        family.sample(&[("verdict", severity.label())], u8::from(summary.quality.severity() == severity));
    }
    let help = "Whether the run came to its end, something succeeded and every threshold holds";
    text.family("walrus_stress_passed", Kind::Gauge, help).sample(&[], u8::from(summary.all_well()));
}

/// Labels as a sample takes them.
fn borrowed<'a>(labels: &'a [(&'a str, String)]) -> Vec<(&'a str, &'a str)> {
    labels.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[cfg(test)]
mod tests;

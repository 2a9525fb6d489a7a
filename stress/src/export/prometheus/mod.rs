//! Metrics in Prometheus' text format: of a whole report and of a run under way, by the same names.
//!
//! The metrics are named here and not taken from the view: names, types and labels are an interface of their own.

mod text_format;

use std::collections::BTreeSet;

use crate::{
    metrics::{buckets::cumulative, snapshot::Snapshot},
    plan::{Plan, journey::Step},
    report::{
        Report,
        charges::CostSummary,
        quality::Severity,
        summary::{FailureSummary, StepSummary, Summary},
        threshold::ThresholdResult,
    },
    sample::FailureClass,
};
use text_format::{Histogram, Kind, Labels, family, with};

/// The media type of this text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What is counted of a step, and the labels that identify it.
struct StepCounts {
    labels: Labels,
    done: u64,
    not_found: u64,
    failed: u64,
    unfinished: u64,
    skipped: u64,
    blob_bytes: u64,
    sent_bytes: u64,
    received_bytes: u64,
    failures: Vec<(FailureClass, u64)>,
    /// Attempts that failed and were followed by another.
    retried: Vec<(FailureClass, u64)>,
    response: Histogram,
}

/// The metrics of `report`.
pub(super) fn report(report: &Report, summary: &Summary) -> String {
    let mut text = head(&report.tool.version, report.plan.seed, report.elapsed.as_secs_f64());
    steps(&mut text, &summary.steps.iter().map(of_step).collect::<Vec<_>>());
    quantiles(&mut text, summary);
    totals(&mut text, summary);
    verdicts(&mut text, summary);
    text
}

/// The metrics of the run of `plan` at this moment; all phases, and repeats and new blobs, are counted together.
pub fn snapshot(plan: &Plan, snapshot: &Snapshot) -> String {
    let mut text = head(env!("CARGO_PKG_VERSION"), plan.seed, snapshot.elapsed.as_secs_f64());
    let counts = snapshot.steps.iter().map(|(step, totals)| {
        let failed: u64 = totals.failures.values().sum();
        StepCounts {
            labels: vec![("step", step.to_string())],
            done: totals.done,
            not_found: totals.not_found,
            failed,
            unfinished: totals.failed.saturating_sub(failed),
            skipped: totals.skipped,
            blob_bytes: totals.bytes,
            sent_bytes: totals.bytes_sent,
            received_bytes: totals.bytes_received,
            failures: totals.failures.iter().map(|(class, count)| (*class, *count)).collect(),
            retried: totals.retried.iter().map(|(class, count)| (*class, *count)).collect(),
            response: Histogram {
                cumulative: cumulative(&totals.response),
                count: totals.response.count(),
                sum: totals.response.sum_seconds(),
            },
        }
    });
    steps(&mut text, &counts.collect::<Vec<_>>());
    text
}

fn head(version: &str, seed: u64, elapsed_seconds: f64) -> String {
    let mut text = String::new();
    let labels = vec![("version", version.to_owned()), ("seed", seed.to_string())];
    family(&mut text, "walrus_stress_info", Kind::Gauge, "The run: always 1").sample(&labels, 1);
    let help = "Time since the run began";
    family(&mut text, "walrus_stress_elapsed_seconds", Kind::Gauge, help).sample(&vec![], elapsed_seconds);
    text
}

fn of_step(step: &StepSummary) -> StepCounts {
    let classes =
        |failures: &[FailureSummary]| failures.iter().map(|failure| (failure.class, failure.count)).collect();
    StepCounts {
        labels: labels(step),
        done: step.done,
        not_found: step.not_found,
        failed: step.failed,
        unfinished: step.unfinished,
        skipped: step.skipped,
        blob_bytes: step.bytes_done,
        sent_bytes: step.bytes_sent,
        received_bytes: step.bytes_received,
        failures: classes(&step.failures),
        retried: classes(&step.retried),
        response: Histogram {
            cumulative: step.buckets.cumulative.clone(),
            count: step.buckets.count,
            sum: step.buckets.sum_seconds,
        },
    }
}

fn labels(step: &StepSummary) -> Labels {
    let (phase, name, repeats) = (step.phase.clone(), step.step.to_string(), step.repeats.to_string());
    vec![("phase", phase), ("step", name), ("repeats", repeats)]
}

/// The metrics that a report and a run under way have in common.
fn steps(text: &mut String, steps: &[StepCounts]) {
    let help = "Steps by outcome; skipped ones were never attempted";
    let mut outcomes = family(text, "walrus_stress_steps_total", Kind::Counter, help);
    for step in steps {
        let counts = [
            ("done", step.done),
            ("not-found", step.not_found),
            ("failed", step.failed),
            ("unfinished", step.unfinished),
            ("skipped", step.skipped),
        ];
        for (outcome, count) in counts {
            outcomes.sample(&with(&step.labels, "outcome", outcome), count);
        }
    }
    type Classes = fn(&StepCounts) -> &[(FailureClass, u64)];
    let by_class: [(&str, &str, Classes); 2] = [
        ("walrus_stress_failures_total", "Steps that failed, by class", |step| &step.failures),
        ("walrus_stress_retried_total", "Failed attempts followed by another, by class", |step| {
            &step.retried
        }),
    ];
    for (name, help, classes) in by_class {
        let mut family = family(text, name, Kind::Counter, help);
        for step in steps {
            for (class, count) in classes(step) {
                family.sample(&with(&step.labels, "class", class.label()), *count);
            }
        }
    }
    type Bytes = fn(&StepCounts) -> u64;
    let bytes: [(&str, &str, Bytes); 3] = [
        ("walrus_stress_blob_bytes_total", "Bytes of the blobs of successful exchanges", |step| {
            step.blob_bytes
        }),
        ("walrus_stress_sent_bytes_total", "Bytes of request bodies", |step| step.sent_bytes),
        ("walrus_stress_received_bytes_total", "Bytes of response bodies", |step| step.received_bytes),
    ];
    for (name, help, bytes) in bytes {
        let mut family = family(text, name, Kind::Counter, help);
        steps.iter().for_each(|step| family.sample(&step.labels, bytes(step)));
    }
    let help = "Response times; those of timeouts and unfinished exchanges are lower bounds";
    let mut response = family(text, "walrus_stress_response_seconds", Kind::Histogram, help);
    steps.iter().for_each(|step| response.histogram(&step.labels, &step.response));
}

/// Percentiles that the sample supports; they are much more exact than what the buckets give.
fn quantiles(text: &mut String, summary: &Summary) {
    let help = "Percentiles of the response time that the sample supports";
    let mut family = family(text, "walrus_stress_response_quantile_seconds", Kind::Gauge, help);
    for step in &summary.steps {
        for (percentile, number) in step.response().into_iter().flat_map(|response| &response.percentiles) {
            let quantile = percentile.quantile().to_string();
            family.sample(&with(&labels(step), "quantile", quantile), number.value.as_secs_f64());
        }
    }
}

/// What is counted for the run as a whole.
fn totals(text: &mut String, summary: &Summary) {
    let label = |name, value: &str| vec![(name, value.to_owned())];
    let help = "Exchanges by whether they opened a connection";
    let mut connections = family(text, "walrus_stress_connections_total", Kind::Counter, help);
    connections.sample(&label("kind", "opened"), summary.connections.opened);
    connections.sample(&label("kind", "reused"), summary.connections.reused);
    let help = "Reads repeated because the kept-open connection was closed";
    let mut stale = family(text, "walrus_stress_stale_connections_total", Kind::Counter, help);
    stale.sample(&Vec::new(), summary.connections.stale);
    if !summary.arrivals.is_empty() {
        let mut due = family(text, "walrus_stress_arrivals_total", Kind::Counter, "Journeys that were due");
        for arrivals in &summary.arrivals {
            due.sample(&label("phase", &arrivals.phase), arrivals.offered);
        }
        let help = "Journeys that were due and not started";
        let mut dropped = family(text, "walrus_stress_dropped_arrivals_total", Kind::Counter, help);
        for arrivals in &summary.arrivals {
            dropped.sample(&label("phase", &arrivals.phase), arrivals.dropped);
        }
    }
    if let Some(uploads) = &summary.uploads {
        let help =
            "What the publishers charged, in FROST (a billionth of a WAL); absent when it cannot be counted";
        let mut cost = family(text, "walrus_stress_cost_frost_total", Kind::Counter, help);
        if !uploads.cost_is_lower_bound {
            cost.sample(&vec![], uploads.cost_frost);
        }
    }
    summary.cost.iter().for_each(|cost| costs(text, cost));
    let Some(cache) = &summary.cache else { return };
    let (low, high) = cache.interval().unzip();
    let bounds = [("median", cache.ratio()), ("low", low), ("high", high)];
    let help = "How many times faster cached downloads are, with the ends of the 95 % interval";
    let mut speedup = family(text, "walrus_stress_cache_speedup_ratio", Kind::Gauge, help);
    for (bound, ratio) in bounds.into_iter().filter_map(|(bound, ratio)| Some((bound, ratio?))) {
        speedup.sample(&label("bound", bound), ratio);
    }
}

/// What uploads cost besides the sum.
fn costs(text: &mut String, cost: &CostSummary) {
    let label = |value: &str| vec![("bound", value.to_owned())];
    let help = "Storage units of the uploads that were charged";
    family(text, "walrus_stress_storage_units_total", Kind::Counter, help)
        .sample(&vec![], cost.storage_units);
    for (name, help, range) in [
        ("walrus_stress_unit_price_frost", "The price of a storage unit", cost.unit_price_frost),
        (
            "walrus_stress_cost_predicted_frost",
            "What the price given beforehand predicts",
            cost.predicted_frost,
        ),
    ] {
        let Some(range) = range else { continue };
        let mut family = family(text, name, Kind::Gauge, help);
        family.sample(&label("least"), range.least);
        family.sample(&label("most"), range.most);
    }
    let help = "Attempts that may have been charged although no answer states a price";
    family(text, "walrus_stress_uncertain_uploads_total", Kind::Counter, help)
        .sample(&vec![], cost.uncertain_uploads);
}

/// Thresholds, quality and whether the run passed.
fn verdicts(text: &mut String, summary: &Summary) {
    // A threshold that was given twice is one series: the format allows each only once.
    let mut seen = BTreeSet::new();
    let results: Vec<_> = summary
        .thresholds
        .iter()
        .map(|result| (threshold_labels(result), result))
        .filter(|(labels, _)| seen.insert(labels.clone()))
        .collect();
    let help = "Whether each threshold holds";
    let mut holds = family(text, "walrus_stress_threshold_holds", Kind::Gauge, help);
    results.iter().for_each(|(labels, result)| holds.sample(labels, u8::from(result.holds())));
    let help = "Whether the sample is large enough for each threshold";
    let mut supported = family(text, "walrus_stress_threshold_supported", Kind::Gauge, help);
    let is_supported = |result: &ThresholdResult| u8::from(result.shortfall().is_none());
    results.iter().for_each(|(labels, result)| supported.sample(labels, is_supported(result)));
    let help = "Whether the numbers can be trusted: 1 for the verdict";
    let mut quality = family(text, "walrus_stress_quality", Kind::Gauge, help);
    for severity in [Severity::Trustworthy, Severity::Care, Severity::Invalid] {
        let labels = vec![("verdict", severity.label().to_owned())];
        quality.sample(&labels, u8::from(summary.quality.severity() == Some(severity)));
    }
    let help = "Whether the run was not interrupted, something succeeded and every threshold holds";
    family(text, "walrus_stress_passed", Kind::Gauge, help).sample(&vec![], u8::from(summary.all_well()));
}

fn threshold_labels(result: &ThresholdResult) -> Labels {
    let step = result.threshold.scope.step.as_ref().map(Step::to_string).unwrap_or_default();
    vec![("threshold", result.threshold.to_string()), ("step", step)]
}

#[cfg(test)]
mod tests;

//! The JSON documents of a comparison and of a plan, with units in their keys.

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::{
    plan::{
        Plan,
        forecast::{self, Forecast, Range},
        support,
        threshold::Quantity,
    },
    report::compare::{Comparison, Number, Run, Verdict},
};

/// The version of the document of a comparison.
pub const COMPARISON_SCHEMA: &str = "walrus-stress/compare/1";
/// The version of the document of a plan.
pub const PLAN_SCHEMA: &str = "walrus-stress/plan/1";

/// A comparison; `change` and its interval are shares of the number before, or of `failures` differences.
#[derive(Serialize)]
struct ComparisonDocument<'a> {
    schema: &'static str,
    regressed: bool,
    /// Whether there is not enough data for a verdict on any number.
    undecided: bool,
    before: Vec<Json>,
    after: Vec<Json>,
    plan_differences: Vec<Json>,
    relevant_change: f64,
    numbers: Vec<Json>,
    limits: Vec<Json>,
    notes: &'a [String],
}

/// The document of `comparison`.
pub fn comparison(comparison: &Comparison) -> String {
    let run = |Run { name, started_at, elapsed, .. }: &Run| json!({ "name": name, "started_at": started_at, "elapsed_seconds": elapsed.as_secs_f64() });
    let differences = comparison.differences.iter();
    let limits = comparison.limits.iter().map(|limit| {
        let number = &limit.number;
        json!({
            "limit": limit.limit.to_string(),
            "outcome": limit.outcome.label(),
            "fails": limit.outcome.fails(),
            "phase": number.name.phase,
            "step": number.name.step,
            "change": number.change,
            "change_interval_95": number.interval,
        })
    });
    text(&ComparisonDocument {
        schema: COMPARISON_SCHEMA,
        regressed: comparison.regressed(),
        undecided: comparison.is_undecided(),
        before: comparison.before.iter().map(run).collect(),
        after: comparison.after.iter().map(run).collect(),
        plan_differences: differences
            .map(|one| json!({ "what": one.what, "before": one.before, "after": one.after }))
            .collect(),
        relevant_change: comparison.relevance,
        numbers: comparison.numbers.iter().map(number).collect(),
        limits: limits.collect(),
        notes: &comparison.notes,
    })
}

/// `needs_seconds` is how long both runs should be to say anything at all, or else to see a change of 10 %.
fn number(number: &Number) -> Json {
    let (has, needs) = match number.verdict {
        Verdict::NotEnoughData { has, needs } => (Some(has), Some(needs)),
        _ => (None, number.needs),
    };
    let unit = match number.quantity {
        Quantity::Percentile(_) | Quantity::Mean => "seconds",
        Quantity::Rate => "per_second",
        Quantity::Throughput => "bytes_per_second",
        Quantity::Failures => "share",
        Quantity::Speedup => "factor",
    };
    json!({
        "phase": number.name.phase,
        "step": number.name.step,
        "repeats": number.name.repeats,
        "number": number.quantity.label(),
        "unit": unit,
        "before": number.before.map(|before| before.value),
        "before_is_lower_bound": number.before.is_some_and(|before| before.lower_bound),
        "after": number.after.map(|after| after.value),
        "after_is_lower_bound": number.after.is_some_and(|after| after.lower_bound),
        "change": number.change,
        "change_interval_95": number.interval,
        "verdict": number.verdict.label(),
        "has_seconds": has.map(|time| time.as_secs_f64()),
        "needs_seconds": needs.map(|time| time.as_secs_f64()),
    })
}

/// A plan and what each of its phases would do.
#[derive(Serialize)]
struct PlanDocument<'a> {
    schema: &'static str,
    plan: &'a Plan,
    forecast: Vec<Json>,
    /// Thresholds that take more samples than the run can have.
    unsupported_thresholds: Vec<Json>,
}

/// The document of `plan` with the forecasts of its phases; secrets are redacted, `most` is `null` where nothing
/// bounds a number.
pub fn plan(plan: &Plan, forecasts: &[Forecast]) -> String {
    let count = |range: Range<u64>| json!({ "least": range.least, "most": range.most });
    let phases = plan.phases.iter().zip(forecasts).map(|(phase, forecast)| {
        let Range { least, most } = forecast.lasts;
        json!({
            "phase": phase.name,
            "uploads": count(forecast.uploads),
            "downloads": count(forecast.downloads),
            "bytes_up": count(forecast.bytes_up),
            "encoded_bytes": count(forecast.encoded),
            "storage_units": count(forecast.units),
            "cost_frost": forecast::cost(plan, phase, forecast).map(count),
            "bytes_down": count(forecast.bytes_down),
            "seconds": { "least": least.as_secs_f64(), "most": most.map(|most| most.as_secs_f64()) },
        })
    });
    let unsupported = support::shortfalls(plan).into_iter().map(|one| {
        json!({
            "threshold": one.threshold,
            "samples_at_most": one.most,
            "samples_needed": one.needs,
            "judged": one.is_judged,
        })
    });
    text(&PlanDocument {
        schema: PLAN_SCHEMA,
        plan,
        forecast: phases.collect(),
        unsupported_thresholds: unsupported.collect(),
    })
}

fn text(document: &impl Serialize) -> String {
    serde_json::to_string_pretty(document).expect("a document in memory") + "\n"
}

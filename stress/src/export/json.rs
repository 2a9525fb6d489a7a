//! The JSON documents of a comparison and of a plan, with units in their keys.

use std::time::Duration;

use serde::Serialize;
use serde_with::{DisplayFromStr, serde_as};

use crate::{
    plan::{
        Plan,
        forecast::{self, Forecast, Range},
        journey::Step,
        support::{self, Shortfall},
        threshold::{ChangeLimit, Quantity, Threshold},
    },
    report::compare::{Comparison, Difference, LimitResult, Number, Run, Verdict},
    units::{OptionalSeconds, Seconds},
};

/// The version of the document of a comparison.
pub const COMPARISON_SCHEMA: &str = "walrus-stress/compare/1";
/// The version of the document of a plan.
pub const PLAN_SCHEMA: &str = "walrus-stress/plan/1";

/// A comparison.
#[derive(Serialize)]
struct ComparisonDocument<'a> {
    schema: &'static str,
    regressed: bool,
    /// Whether there is not enough data for a verdict on any number.
    undecided: bool,
    before: Vec<RunDocument<'a>>,
    after: Vec<RunDocument<'a>>,
    plan_differences: Vec<DifferenceDocument<'a>>,
    relevant_change: f64,
    numbers: Vec<NumberDocument<'a>>,
    limits: Vec<LimitDocument<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct RunDocument<'a> {
    name: &'a str,
    started_at: &'a str,
    #[serde(rename = "elapsed_seconds", with = "Seconds")]
    elapsed: Duration,
}

#[derive(Serialize)]
struct DifferenceDocument<'a> {
    what: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

/// `change` and its interval are shares of the number before, or of `failures` differences.
#[derive(Serialize)]
struct NumberDocument<'a> {
    phase: &'a str,
    step: Step,
    repeats: bool,
    number: &'static str,
    unit: &'static str,
    before: Option<f64>,
    before_is_lower_bound: bool,
    after: Option<f64>,
    after_is_lower_bound: bool,
    change: Option<f64>,
    change_interval_95: Option<(f64, f64)>,
    verdict: &'static str,
    #[serde(rename = "has_seconds", with = "OptionalSeconds")]
    has: Option<Duration>,
    /// How long both runs should be to say anything at all, or else to see a change of 10 %.
    #[serde(rename = "needs_seconds", with = "OptionalSeconds")]
    needs: Option<Duration>,
}

#[serde_as]
#[derive(Serialize)]
struct LimitDocument<'a> {
    #[serde_as(as = "DisplayFromStr")]
    limit: &'a ChangeLimit,
    outcome: &'static str,
    fails: bool,
    phase: &'a str,
    step: Step,
    change: Option<f64>,
    change_interval_95: Option<(f64, f64)>,
}

/// The document of `comparison`.
pub fn comparison(comparison: &Comparison) -> String {
    text(&ComparisonDocument {
        schema: COMPARISON_SCHEMA,
        regressed: comparison.regressed(),
        undecided: comparison.is_undecided(),
        before: comparison.before.iter().map(RunDocument::of).collect(),
        after: comparison.after.iter().map(RunDocument::of).collect(),
        plan_differences: comparison.differences.iter().map(DifferenceDocument::of).collect(),
        relevant_change: comparison.relevance,
        numbers: comparison.numbers.iter().map(NumberDocument::of).collect(),
        limits: comparison.limits.iter().map(LimitDocument::of).collect(),
        notes: &comparison.notes,
    })
}

impl<'a> RunDocument<'a> {
    fn of(run: &'a Run) -> Self {
        Self { name: &run.name, started_at: &run.started_at, elapsed: run.elapsed }
    }
}

impl<'a> DifferenceDocument<'a> {
    fn of(one: &'a Difference) -> Self {
        Self { what: &one.what, before: one.before.as_deref(), after: one.after.as_deref() }
    }
}

impl<'a> NumberDocument<'a> {
    fn of(number: &'a Number) -> Self {
        let (has, needs) = match number.verdict {
            Verdict::NotEnoughData { has, needs } => (Some(has), Some(needs)),
            _ => (None, number.needs),
        };
        Self {
            phase: &number.name.phase,
            step: number.name.step,
            repeats: number.name.repeats,
            number: number.quantity.label(),
            unit: unit(number.quantity),
            before: number.before.map(|before| before.value),
            before_is_lower_bound: number.before.is_some_and(|before| before.lower_bound),
            after: number.after.map(|after| after.value),
            after_is_lower_bound: number.after.is_some_and(|after| after.lower_bound),
            change: number.change,
            change_interval_95: number.interval,
            verdict: number.verdict.label(),
            has,
            needs,
        }
    }
}

impl<'a> LimitDocument<'a> {
    fn of(one: &'a LimitResult) -> Self {
        Self {
            limit: &one.limit,
            outcome: one.outcome.label(),
            fails: one.outcome.fails(),
            phase: &one.number.name.phase,
            step: one.number.name.step,
            change: one.number.change,
            change_interval_95: one.number.interval,
        }
    }
}

fn unit(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Percentile(_) | Quantity::Mean => "seconds",
        Quantity::Rate => "per_second",
        Quantity::Throughput => "bytes_per_second",
        Quantity::Failures => "share",
        Quantity::Speedup => "factor",
    }
}

/// A plan and what each of its phases would do.
#[derive(Serialize)]
struct PlanDocument<'a> {
    schema: &'static str,
    plan: &'a Plan,
    forecast: Vec<ForecastDocument<'a>>,
    /// Thresholds that take more samples than the run can have.
    unsupported_thresholds: Vec<ShortfallDocument>,
}

#[derive(Serialize)]
struct ForecastDocument<'a> {
    phase: &'a str,
    uploads: RangeDocument<u64>,
    downloads: RangeDocument<u64>,
    bytes_up: RangeDocument<u64>,
    encoded_bytes: RangeDocument<u64>,
    storage_units: RangeDocument<u64>,
    /// `None` while the price is not known.
    cost_frost: Option<RangeDocument<u64>>,
    bytes_down: RangeDocument<u64>,
    seconds: RangeDocument<f64>,
}

/// `most` is `null` where nothing bounds a number.
#[derive(Serialize)]
struct RangeDocument<T> {
    least: T,
    most: Option<T>,
}

#[derive(Serialize)]
struct ShortfallDocument {
    threshold: Threshold,
    samples_at_most: u64,
    samples_needed: u64,
    judged: bool,
}

/// The document of `plan` with the forecasts of its phases; secrets are redacted.
pub fn plan(plan: &Plan, forecasts: &[Forecast]) -> String {
    let phases = plan.phases.iter().zip(forecasts).map(|(phase, forecast)| ForecastDocument {
        phase: &phase.name,
        uploads: RangeDocument::of(forecast.uploads),
        downloads: RangeDocument::of(forecast.downloads),
        bytes_up: RangeDocument::of(forecast.bytes_up),
        encoded_bytes: RangeDocument::of(forecast.encoded),
        storage_units: RangeDocument::of(forecast.units),
        cost_frost: forecast::cost(plan, phase, forecast).map(RangeDocument::of),
        bytes_down: RangeDocument::of(forecast.bytes_down),
        seconds: RangeDocument {
            least: forecast.lasts.least.as_secs_f64(),
            most: forecast.lasts.most.map(|most| most.as_secs_f64()),
        },
    });
    text(&PlanDocument {
        schema: PLAN_SCHEMA,
        plan,
        forecast: phases.collect(),
        unsupported_thresholds: support::shortfalls(plan).into_iter().map(ShortfallDocument::of).collect(),
    })
}

impl RangeDocument<u64> {
    fn of(range: Range<u64>) -> Self {
        Self { least: range.least, most: range.most }
    }
}

impl ShortfallDocument {
    fn of(one: Shortfall) -> Self {
        let Shortfall { threshold, most, needs, is_judged } = one;
        Self { threshold, samples_at_most: most, samples_needed: needs, judged: is_judged }
    }
}

fn text(document: &impl Serialize) -> String {
    serde_json::to_string_pretty(document).expect("a document in memory") + "\n"
}

//! A comparison as a document for scripts, with units in its names.

use std::io;

use serde::Serialize;

use crate::{
    plan::{
        journey::Step,
        threshold::{ChangeLimit, Quantity},
    },
    report::compare::{Comparison, Difference, LimitResult, Number, Run, Value, Verdict},
};

/// The version of the document.
pub const SCHEMA: &str = "walrus-stress/compare/1";

#[derive(Serialize)]
struct ComparisonDoc<'a> {
    schema: &'static str,
    regressed: bool,
    before: Vec<RunDoc<'a>>,
    after: Vec<RunDoc<'a>>,
    plan_differences: Vec<DifferenceDoc<'a>>,
    relevant_change: f64,
    numbers: Vec<NumberDoc<'a>>,
    limits: Vec<LimitDoc<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct RunDoc<'a> {
    name: &'a str,
    started_at: &'a str,
    elapsed_seconds: f64,
}

#[derive(Serialize)]
struct DifferenceDoc<'a> {
    what: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

/// A number's document; `change` and its interval are shares of the number before, or of `failures` differences.
#[derive(Serialize)]
struct NumberDoc<'a> {
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
    #[serde(skip_serializing_if = "Option::is_none")]
    has_seconds: Option<f64>,
    /// To say anything at all, or to see a change of 10 %.
    needs_seconds: Option<f64>,
}

#[derive(Serialize)]
struct LimitDoc<'a> {
    limit: String,
    outcome: &'static str,
    fails: bool,
    phase: &'a str,
    step: Step,
    change: Option<f64>,
    change_interval_95: Option<(f64, f64)>,
}

/// Writes `comparison` as one JSON document.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn io::Write, comparison: &Comparison) -> io::Result<()> {
    let document = ComparisonDoc {
        schema: SCHEMA,
        regressed: comparison.regressed(),
        before: comparison.before.iter().map(run).collect(),
        after: comparison.after.iter().map(run).collect(),
        plan_differences: comparison.differences.iter().map(difference).collect(),
        relevant_change: comparison.relevance,
        numbers: comparison.numbers.iter().map(number).collect(),
        limits: comparison.limits.iter().map(limit).collect(),
        notes: &comparison.notes,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn run(run: &Run) -> RunDoc<'_> {
    RunDoc { name: &run.name, started_at: &run.started_at, elapsed_seconds: run.elapsed.as_secs_f64() }
}

fn difference(one: &Difference) -> DifferenceDoc<'_> {
    DifferenceDoc { what: &one.what, before: one.before.as_deref(), after: one.after.as_deref() }
}

fn number(number: &Number) -> NumberDoc<'_> {
    let value = |value: Option<Value>| value.map(|value| value.value);
    let bound = |value: Option<Value>| value.is_some_and(|value| value.lower_bound);
    let (has, needs) = match number.verdict {
        Verdict::NotEnoughData { has, needs } => (Some(has), Some(needs)),
        _ => (None, number.needs),
    };
    NumberDoc {
        phase: &number.name.phase,
        step: number.name.step,
        repeats: number.name.repeats,
        number: number.quantity.label(),
        unit: unit(number.quantity),
        before: value(number.before),
        before_is_lower_bound: bound(number.before),
        after: value(number.after),
        after_is_lower_bound: bound(number.after),
        change: number.change,
        change_interval_95: number.interval,
        verdict: number.verdict.label(),
        has_seconds: has.map(|time| time.as_secs_f64()),
        needs_seconds: needs.map(|time| time.as_secs_f64()),
    }
}

const fn unit(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Percentile(_) | Quantity::Mean => "seconds",
        Quantity::Rate => "per_second",
        Quantity::Throughput => "bytes_per_second",
        Quantity::Failures => "share",
        Quantity::Speedup => "factor",
    }
}

fn limit(threshold_result: &LimitResult) -> LimitDoc<'_> {
    let LimitResult { limit, outcome, number } = threshold_result;
    LimitDoc {
        limit: ChangeLimit::to_string(limit),
        outcome: outcome.label(),
        fails: outcome.fails(),
        phase: &number.name.phase,
        step: number.name.step,
        change: number.change,
        change_interval_95: number.interval,
    }
}

//! What is shown of a plan that was not started: what each phase would do, and against which servers.

use super::{
    describe,
    document::{Cell, Document, Row, Section, Table},
    run,
};
use crate::{
    export::style::Style,
    plan::{
        Plan,
        forecast::{Forecast, Range},
        journey::Step,
        support,
    },
    units,
};

/// The document of `plan` with the forecasts of its phases; `is_random` unless its seed was given.
pub(in crate::export) fn document(plan: &Plan, forecasts: &[Forecast], is_random: bool) -> Document {
    let fact = |label: &str, text: String| Row::fact(label, Style::Normal, text);
    let section = |rows| Section::new("phase", "Phase", vec![Table::facts(rows)]);
    let mut sections: Vec<_> = plan
        .phases
        .iter()
        .zip(forecasts)
        .map(|(phase, forecast)| {
            let steps = phase.journey.steps.iter().map(Step::to_string).collect::<Vec<_>>().join(", ");
            let rows = [fact(&phase.name, describe::load(phase)), fact("  steps", steps)];
            section(rows.into_iter().chain(amounts(forecast)).collect())
        })
        .collect();
    if plan.phases.len() > 1
        && let Some(total) = forecasts.iter().cloned().reduce(std::ops::Add::add)
    {
        let phases = format!("{} phases, one after the other", plan.phases.len());
        sections.push(section([fact("total", phases)].into_iter().chain(amounts(&total)).collect()));
    }
    sections.push(Section::new("run", "Run", vec![Table::facts(settings(plan, is_random))]));
    let answer = Cell::text(Style::Normal, "A forecast, if nothing fails; no request was sent.");
    Document { title: "walrus-stress plan", answer, sections, ..Document::default() }
}

/// Everything that is no load: servers, headers, limits, thresholds and the seed.
fn settings(plan: &Plan, is_random: bool) -> Vec<Row> {
    let fact = |label: &str, text: String| Row::fact(label, Style::Normal, text);
    let shard = plan.shard.map(|shard| {
        fact("shard", format!("{shard}, counted from 0: requests, bytes and times are those of this shard"))
    });
    let mut rows: Vec<_> = shard.into_iter().chain(run::targets(plan)).collect();
    let limits = &plan.limits;
    for (role, headers) in
        [("publishers", &limits.publisher_headers), ("aggregators", &limits.aggregator_headers)]
    {
        let names: Vec<_> = headers.iter().map(|header| header.name.as_str()).collect();
        if !names.is_empty() {
            rows.push(fact("headers", format!("{} for {role}", names.join(", "))));
        }
    }
    let [upload, download, connect] =
        [limits.upload_timeout, limits.download_timeout, limits.connect_timeout].map(units::duration);
    rows.push(fact("timeouts", format!("upload {upload}, download {download}, connect {connect}")));
    rows.extend(plan.thresholds.iter().map(|threshold| fact("thresholds", threshold.to_string())));
    let shortfalls = support::shortfalls(plan);
    rows.extend(shortfalls.iter().map(|one| Row::fact("thresholds", Style::Attention, one.notice())));
    let random = if is_random { ", random" } else { "" };
    rows.push(fact("seed", format!("{}{random}", plan.seed)));
    rows
}

fn amounts(forecast: &Forecast) -> Vec<Row> {
    let fact = |label: &str, text: String| Row::fact(format!("  {label}"), Style::Normal, text);
    let Forecast { uploads, downloads, bytes_up, bytes_down, lasts, .. } = forecast;
    let requests = [("uploads", uploads, bytes_up), ("downloads", downloads, bytes_down)];
    let mut rows: Vec<_> = requests
        .into_iter()
        .filter(|(_, requests, _)| requests.most != Some(0))
        .map(|(label, requests, bytes)| {
            fact(label, format!("{}, {}", range(*requests, units::count), range(*bytes, units::bytes)))
        })
        .collect();
    rows.push(fact("takes", range(*lasts, units::duration)));
    rows
}

/// A number, or its bounds as far as they are known.
fn range<T: Copy + PartialEq + Default>(range: Range<T>, unit: fn(T) -> String) -> String {
    match (range.exact(), range.most) {
        (Some(exact), _) => unit(exact),
        (None, Some(most)) if range.least == T::default() => format!("at most {}", unit(most)),
        (None, Some(most)) => format!("{} to {}", unit(range.least), unit(most)),
        (None, None) if range.least == T::default() => "unknown".to_owned(),
        (None, None) => format!("at least {}", unit(range.least)),
    }
}

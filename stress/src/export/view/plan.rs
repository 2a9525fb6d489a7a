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
        forecast::{self, Forecast, Range},
        journey::Step,
        price::{Frost, SAME_PRICE_UP_TO, storage_units},
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
            let (label, load) = describe::phase_fact(&phase.name, describe::load(phase));
            let rows = [fact(&label, load), fact("  steps", steps)];
            section(
                rows.into_iter().chain(amounts(forecast, forecast::cost(plan, phase, forecast))).collect(),
            )
        })
        .collect();
    if plan.phases.len() > 1
        && let Some(total) = forecasts.iter().cloned().reduce(std::ops::Add::add)
    {
        let costs = plan.phases.iter().zip(forecasts).map(|(phase, of)| forecast::cost(plan, phase, of));
        let cost = costs.sum::<Option<Range<u64>>>();
        let phases = format!("{} phases, one after the other", plan.phases.len());
        sections.push(section([fact("total", phases)].into_iter().chain(amounts(&total, cost)).collect()));
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
    if !plan.publishers.is_empty() {
        rows.push(fact("price", price(plan)));
        rows.extend(plan.max_cost().map(|cap| fact("cap", Frost(cap).words())));
    }
    rows.extend(plan.thresholds.iter().map(|threshold| fact("thresholds", threshold.to_string())));
    let shortfalls = support::shortfalls(plan);
    rows.extend(shortfalls.iter().map(|one| Row::fact("thresholds", Style::Attention, one.notice())));
    let random = if is_random { ", random" } else { "" };
    rows.push(fact("seed", format!("{}{random}", plan.seed)));
    rows
}

/// What the uploads of each phase store and cost, a line each, and the price.
pub(in crate::export) fn cost_lines(plan: &Plan, forecasts: &[Forecast]) -> Vec<String> {
    let phases = plan.phases.iter().zip(forecasts).filter(|(phase, _)| phase.journey.uploads());
    let mut lines: Vec<_> = phases
        .map(|(phase, forecast)| {
            let cost = forecast::cost(plan, phase, forecast).map(|cost| format!(": {}", frost(cost)));
            let blobs = forecast.uploads.exact().map_or_else(
                || format!("{} blobs", range(forecast.uploads, units::count)),
                |blobs| units::counted(blobs, "blob"),
            );
            format!(
                "stores in {}: {blobs} of {}, {}{}",
                phase.name,
                range(forecast.bytes_up, units::bytes),
                stored(forecast),
                cost.unwrap_or_default()
            )
        })
        .collect();
    if !lines.is_empty() {
        lines.push(format!("price: {}", price(plan)));
    }
    lines
}

/// What the network stores and charges for.
fn stored(forecast: &Forecast) -> String {
    format!(
        "encoded {}, {} storage units",
        range(forecast.encoded, units::bytes),
        range(forecast.units, units::count)
    )
}

fn frost(cost: Range<u64>) -> String {
    range(cost, |frost| Frost(frost).words())
}

/// The price of a unit, or how to learn it.
fn price(plan: &Plan) -> String {
    let same = format!(
        "every size up to {} bytes costs the same, {} units",
        units::count(SAME_PRICE_UP_TO),
        storage_units(0)
    );
    let epochs = units::counted(u64::from(plan.store.epochs()), "epoch");
    match plan.store.unit_price() {
        Some(price) => format!("{} FROST a storage unit for {epochs}; {same}", range(price, units::count)),
        None => format!(
            "unknown before the first answers: give --price storage=FROST,write=FROST, which `walrus info price` shows, or \
             --price report.json of an earlier run; {same}"
        ),
    }
}

fn amounts(forecast: &Forecast, cost: Option<Range<u64>>) -> Vec<Row> {
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
    if uploads.most != Some(0) {
        rows.push(fact("stored", stored(forecast)));
        rows.extend(cost.map(|cost| fact("cost", frost(cost))));
    }
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

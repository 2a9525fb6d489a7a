//! A plan before it is started, as a person or a program reads it.

use std::{io, time::Duration};

use serde::Serialize;

use super::{
    palette::{Palette, Style},
    terminal, units,
};
use crate::plan::{
    Plan,
    forecast::{Forecast, Range},
    journey::Step,
};

/// The version of the document that [`json`] writes.
pub const SCHEMA: &str = "walrus-stress/plan/1";

/// Writes the plan and what each of its phases will do, in words; `seed_is_random` if nobody chose the seed.
///
/// # Errors
/// Those of `out`.
pub fn text(
    out: &mut dyn io::Write,
    plan: &Plan,
    forecasts: &[Forecast],
    seed_is_random: bool,
    palette: Palette,
) -> io::Result<()> {
    let mut lines = Vec::new();
    let mut tell =
        |label: &str, text: &str| lines.extend(terminal::labelled(label, text, Style::Normal, palette));
    for (phase, forecast) in plan.phases.iter().zip(forecasts) {
        tell(&phase.name, &terminal::load(phase));
        let steps = phase.journey.steps.iter().map(Step::to_string).collect::<Vec<_>>().join(", ");
        tell("  steps", &steps);
        amounts("  ", forecast, &mut tell);
    }
    if plan.phases.len() > 1
        && let Some(total) = forecasts.iter().cloned().reduce(std::ops::Add::add)
    {
        tell("together", &format!("{} phases, one after the other", plan.phases.len()));
        amounts("  ", &total, &mut tell);
    }
    if let Some(shard) = plan.shard {
        let text = format!("{shard}, counted from 0: requests, bytes and times are those of this part");
        tell("shard", &text);
    }
    for (role, targets) in [("publisher", &plan.publishers), ("aggregator", &plan.aggregators)] {
        targets.iter().for_each(|target| tell(role, &target.to_string()));
    }
    for (role, headers) in
        [("publishers", &plan.limits.publisher_headers), ("aggregators", &plan.limits.aggregator_headers)]
    {
        let names: Vec<_> = headers.iter().map(|header| header.name.as_str()).collect();
        if !names.is_empty() {
            tell("headers", &format!("{} for {role}", names.join(", ")));
        }
    }
    let limits = &plan.limits;
    let [upload, download, connect] =
        [limits.upload_timeout, limits.download_timeout, limits.connect_timeout].map(units::duration);
    tell("timeouts", &format!("{upload} an upload, {download} a download, {connect} to connect"));
    plan.thresholds.iter().for_each(|threshold| tell("threshold", &threshold.to_string()));
    let random = if seed_is_random { ", chosen by chance" } else { "" };
    tell("seed", &format!("{}{random}", plan.seed));
    lines.push(String::new());
    lines.push("If nothing fails. Nothing was started, and nobody was asked.".to_owned());
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}

fn amounts(indent: &str, forecast: &Forecast, tell: &mut impl FnMut(&str, &str)) {
    let Forecast { uploads, downloads, bytes_up, bytes_down, lasts } = forecast;
    for (label, requests, bytes) in [("uploads", uploads, bytes_up), ("downloads", downloads, bytes_down)] {
        if requests.most != Some(0) {
            let text = format!("{}, {}", told(*requests, units::count), told(*bytes, units::bytes));
            tell(&format!("{indent}{label}"), &text);
        }
    }
    tell(&format!("{indent}takes"), &told(*lasts, units::duration));
}

/// A number, its bounds, or what is not known of it.
fn told<T: Copy + PartialEq + Default>(extent: Range<T>, unit: fn(T) -> String) -> String {
    match (extent.exact(), extent.most) {
        (Some(exact), _) => unit(exact),
        (None, Some(most)) if extent.least == T::default() => format!("at most {}", unit(most)),
        (None, Some(most)) => format!("{} to {}", unit(extent.least), unit(most)),
        (None, None) if extent.least == T::default() => "an unknown amount".to_owned(),
        (None, None) => format!("at least {}", unit(extent.least)),
    }
}

/// Writes the plan and what each of its phases will do as one JSON document; secrets are redacted.
///
/// # Errors
/// Those of `out`.
pub fn json(out: &mut dyn io::Write, plan: &Plan, forecasts: &[Forecast]) -> io::Result<()> {
    let phases = plan.phases.iter().zip(forecasts);
    let document = Document {
        schema: SCHEMA,
        plan,
        forecast: phases.map(|(phase, forecast)| PhaseDoc::of(&phase.name, forecast)).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    plan: &'a Plan,
    forecast: Vec<PhaseDoc<'a>>,
}

/// A [`Forecast`] in a document.
#[derive(Serialize)]
struct PhaseDoc<'a> {
    phase: &'a str,
    uploads: RangeDoc<u64>,
    downloads: RangeDoc<u64>,
    bytes_up: RangeDoc<u64>,
    bytes_down: RangeDoc<u64>,
    seconds: RangeDoc<f64>,
}

/// An [`Range`] in a document; `most` is `null` when nothing bounds it.
#[derive(Serialize)]
struct RangeDoc<T> {
    least: T,
    most: Option<T>,
}

impl<'a> PhaseDoc<'a> {
    fn of(phase: &'a str, forecast: &Forecast) -> Self {
        let count = |extent: Range<u64>| RangeDoc { least: extent.least, most: extent.most };
        let Range { least, most } = forecast.lasts;
        Self {
            phase,
            uploads: count(forecast.uploads),
            downloads: count(forecast.downloads),
            bytes_up: count(forecast.bytes_up),
            bytes_down: count(forecast.bytes_down),
            seconds: RangeDoc { least: least.as_secs_f64(), most: most.as_ref().map(Duration::as_secs_f64) },
        }
    }
}

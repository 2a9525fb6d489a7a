//! The summary as a person reads it at the end of a run: 80 columns, the answer last.

mod blobs;
pub(super) mod caching;
pub(super) mod closing;
pub(super) mod costs;
mod failures;
mod spread;
mod steps;
mod thresholds;
mod quality;

use std::io;

use super::{
    blobs::BlobRecord,
    palette::{Palette, Style, clean, clip, wrap},
    units,
};
use crate::{
    plan::{
        Phase,
        load::Load,
        schedule::Arrivals,
        source::BlobSource,
        stages::{Stage, Stages},
        target::Target,
    },
    report::{Ending, Report, summary::Summary},
};
pub(super) use quality::lines as trust_lines;

/// The width that every line fits.
pub const WIDTH: usize = 80;

/// Columns of the labels at the start of lines.
const LABEL: usize = 13;

/// Writes the summary of `report`, with a table of `blobs` unless there are none.
///
/// # Errors
/// Those of `out`.
pub fn write(
    out: &mut dyn io::Write,
    report: &Report,
    summary: &Summary,
    blobs: &[BlobRecord],
    palette: Palette,
) -> io::Result<()> {
    let sections = [
        heading(report, palette),
        blobs::lines(blobs, palette),
        steps::lines(summary, report.plan.repeats_steps(), palette),
        spread::lines(summary, report.plan.repeats_steps(), palette),
        failures::lines(summary, palette),
        closing::lines(report, summary, palette),
        [thresholds::lines(summary, palette), quality::lines(&summary.quality, palette)].concat(),
        closing::verdict(report, summary, palette),
    ];
    let sections: Vec<_> = sections.into_iter().filter(|lines| !lines.is_empty()).collect();
    for (position, lines) in sections.iter().enumerate() {
        if position > 0 {
            writeln!(out)?;
        }
        for line in lines {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// What was done, where, and for how long.
fn heading(report: &Report, palette: Palette) -> Vec<String> {
    let mut lines = Vec::new();
    if let Ending::Interrupted { signal } = report.ending {
        let text = format!("PARTIAL: interrupted by {signal}; this is what was measured until then");
        lines.push(palette.paint(Style::Warning, &text));
    }
    let tool = format!("{} {}", report.tool.name, report.tool.version);
    let ran = units::duration(report.elapsed);
    lines.push(format!(
        "{}  started {}, took {ran}",
        palette.paint(Style::Heading, &tool),
        report.started_at
    ));
    for phase in &report.plan.phases {
        let name = if report.plan.phases.len() > 1 { phase.name.as_str() } else { "load" };
        lines.extend(labelled(name, &load(phase), Style::Normal, palette));
    }
    if let Some(shard) = report.plan.shard {
        let text = format!("{shard}, counted from 0: the others do the rest of this load");
        lines.extend(labelled("shard", &text, Style::Normal, palette));
    }
    lines.extend(targets("publisher", &report.plan.publishers, palette));
    lines.extend(targets("aggregator", &report.plan.aggregators, palette));
    lines
}

/// What a phase asks for, in words.
pub(super) fn load(phase: &Phase) -> String {
    let (at_most, time) = (phase.stop.blobs.is_some(), phase.stop.duration);
    let at_most = if at_most { "at most " } else { "" };
    let time = time.map(|time| format!(", for {at_most}{}", units::duration(time))).unwrap_or_default();
    let blobs = phase.stop.blobs.map_or_else(|| "blobs".to_owned(), |blobs| units::counted(blobs, "blob"));
    let (min, max) = (units::bytes(phase.sizes.min), units::bytes(phase.sizes.max));
    let kind = match &phase.source {
        BlobSource::Made if min == max => min,
        BlobSource::Made => format!("{min} to {max}"),
        BlobSource::List { name, round: false, .. } => clean(name),
        BlobSource::List { name, round: true, .. } => format!("{}, round after round", clean(name)),
        BlobSource::Earlier => return format!("the same blobs, {}{time}", pace(&phase.load)),
    };
    let control = if phase.order_control > 0.0 {
        format!(", {}% with an order control", (phase.order_control * 1e4).round() / 1e2)
    } else {
        String::new()
    };
    format!("{blobs} of {kind}, {}{time}{control}", pace(&phase.load))
}

/// What each step of a search asks for, in words; how much at a time is for the search to say.
pub(super) fn load_of(phase: &Phase) -> String {
    let steps = phase.journey.steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let blobs = match &phase.source {
        BlobSource::Made if phase.sizes.min == phase.sizes.max => units::bytes(phase.sizes.min),
        BlobSource::Made => format!("{} to {}", units::bytes(phase.sizes.min), units::bytes(phase.sizes.max)),
        BlobSource::List { name, .. } => clean(name),
        BlobSource::Earlier => "earlier phases".to_owned(),
    };
    format!("{steps} of blobs of {blobs}")
}

/// How a load goes on, in words.
fn pace(load: &Load) -> String {
    let level = |stages: &Stages, unit: &str| {
        let stage = |stage: &Stage| {
            let ramp = if stage.from == stage.to { String::new() } else { format!(" to {}{unit}", stage.to) };
            let length = stage.duration.map(|duration| format!(" for {}", units::duration(duration)));
            format!("{}{unit}{ramp}{}", stage.from, length.unwrap_or_default())
        };
        stages.0.iter().map(stage).collect::<Vec<_>>().join(", ")
    };
    match load {
        Load::Closed { workers } => format!("{} at a time", level(workers, "")),
        Load::Open { rate, arrivals: Arrivals::Uniform, .. } => format!("starting {}", level(rate, "/s")),
        Load::Open { rate, arrivals: Arrivals::Poisson, .. } => {
            format!("starting {} (Poisson)", level(rate, "/s"))
        }
    }
}

fn targets(role: &str, targets: &[Target], palette: Palette) -> Vec<String> {
    targets.iter().flat_map(|target| labelled(role, &target.to_string(), Style::Normal, palette)).collect()
}

/// `text` behind a faint label, wrapped beneath itself.
pub(super) fn labelled(label: &str, text: &str, ink: Style, palette: Palette) -> Vec<String> {
    let lines = wrap(text, WIDTH - LABEL);
    lines
        .iter()
        .enumerate()
        .map(|(position, line)| {
            let label = if position == 0 { clip(label, LABEL - 1) } else { String::new() };
            format!(
                "{}{}",
                palette.paint(Style::Faint, &format!("{label:<LABEL$}")),
                palette.paint(ink, line)
            )
        })
        .collect()
}

#[cfg(test)]
mod tests;

//! The JSON document of a report: a part to read, with units in its names, and the recording to compute with.

mod counts;
mod timeline;
mod effect;
mod judged;
mod reading;
mod search;
mod wire;

use std::{io, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Ending, LoadError, READABLE, Report, SCHEMA, Tool, identity::RunId, summary::Summary};
use crate::{plan::Plan, units::Seconds};
use counts::Counted;
use effect::CacheDoc;
use judged::{QualityDoc, ThresholdDoc};
use reading::{ArrivalDoc, ConnectionsDoc, StepDoc};
use timeline::TimelineDoc;
use wire::RecordingDoc;

/// What is written.
#[derive(Serialize)]
struct Saved<'a> {
    schema: &'static str,
    tool: &'a Tool,
    runs: &'a [RunId],
    partial: bool,
    ending: Ending,
    started_at: &'a str,
    #[serde(with = "Seconds")]
    elapsed_seconds: Duration,
    notices: &'a [String],
    plan: &'a Plan,
    bytes_sent: u64,
    bytes_received: u64,
    steps: Vec<StepDoc<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    arrivals: Vec<ArrivalDoc<'a>>,
    connections: ConnectionsDoc,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_effect: Option<CacheDoc<'a>>,
    thresholds: Vec<ThresholdDoc<'a>>,
    quality: QualityDoc,
    timeline: Vec<TimelineDoc>,
    recording: RecordingDoc<'a>,
}

/// What is read back: the readable part is derived again.
#[derive(Deserialize)]
struct Loaded {
    tool: Tool,
    /// Reports of the first version have none.
    #[serde(default)]
    runs: Vec<RunId>,
    ending: Ending,
    started_at: String,
    #[serde(with = "Seconds")]
    elapsed_seconds: Duration,
    #[serde(default)]
    notices: Vec<String>,
    plan: Plan,
    recording: RecordingDoc<'static>,
}

/// The beginnings of the schemas of other documents, and what writes them.
const OTHERS: [(&str, &str); 4] = [
    ("walrus-stress/search/", "a search"),
    ("walrus-stress/compare/", "`walrus-stress compare`"),
    ("walrus-stress/plan/", "`walrus-stress plan`"),
    ("walrus-stress/log/", "`run --log`"),
];

/// Only the schema, which decides how the rest is to be read.
#[derive(Deserialize)]
struct Named {
    schema: String,
}

pub(super) fn save(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let summary = Summary::of(report);
    let document = Saved {
        schema: SCHEMA,
        tool: &report.tool,
        runs: &report.runs,
        partial: report.ending.is_partial(),
        ending: report.ending,
        started_at: &report.started_at,
        elapsed_seconds: report.elapsed,
        notices: &report.notices,
        plan: &report.plan,
        bytes_sent: summary.bytes_sent,
        bytes_received: summary.bytes_received,
        steps: summary.steps.iter().map(StepDoc::of).collect(),
        arrivals: summary.arrivals.iter().map(ArrivalDoc::of).collect(),
        connections: ConnectionsDoc::of(&summary.connections),
        cache_effect: summary.cache.as_ref().map(CacheDoc::of),
        thresholds: summary.thresholds.iter().map(ThresholdDoc::of).collect(),
        quality: QualityDoc::of(&summary.quality),
        timeline: summary.timelines.iter().map(|timeline| TimelineDoc::of(report, timeline)).collect(),
        recording: RecordingDoc::of(&report.recording),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

pub(super) fn load(mut source: impl io::Read) -> Result<Report, LoadError> {
    let mut text = Vec::new();
    source.read_to_end(&mut text).map_err(serde_json::Error::io)?;
    if text.trim_ascii_start().starts_with(b"[") {
        return Err(LoadError::List);
    }
    // Of a log it is the first of many documents.
    let mut documents = serde_json::Deserializer::from_slice(&text).into_iter::<Named>();
    let Named { schema: found } = documents.next().unwrap_or_else(|| serde_json::from_slice(&text))?;
    if !READABLE.contains(&found.as_str()) {
        let other = OTHERS.into_iter().find(|(schema, _)| found.starts_with(schema));
        return Err(other
            .map_or(LoadError::Schema { found: found.clone() }, |(_, of)| LoadError::Other { of, found }));
    }
    serde_json::from_slice::<Counted>(&text)?;
    let loaded: Loaded = serde_json::from_slice(&text)?;
    Ok(Report {
        tool: loaded.tool,
        runs: loaded.runs,
        plan: loaded.plan,
        started_at: loaded.started_at,
        elapsed: loaded.elapsed_seconds,
        ending: loaded.ending,
        recording: loaded.recording.into_recording(),
        notices: loaded.notices,
    })
}

#[cfg(test)]
mod tests;

//! The recording in a document: without any loss, so that loaded reports merge like recordings of one process.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    metrics::{
        Connections, Recording, StepKey, arrivals::ArrivalMetrics, generator::Generator, pairs::Pairs,
        step_metrics::StepMetrics, unmatched_pairs::UnmatchedPairs,
    },
    plan::journey::Step,
    sample::Novelty,
};

/// A [`Recording`] in a document; borrowed for writing, since a copy would double a run's memory.
#[derive(Serialize, Deserialize)]
struct RecordingDoc<'a> {
    step_metrics: Vec<StepMetricsDoc<'a>>,
    connections: Cow<'a, Connections>,
    pairs: Cow<'a, Pairs>,
    controls: Cow<'a, Pairs>,
    /// By the phase's position in the plan.
    arrivals: Cow<'a, BTreeMap<usize, ArrivalMetrics>>,
    generator: Cow<'a, Generator>,
}

/// Totals beside their key, because JSON has no composite keys.
#[derive(Serialize, Deserialize)]
struct StepMetricsDoc<'a> {
    phase: usize,
    step: Step,
    novelty: Novelty,
    metrics: Cow<'a, StepMetrics>,
}

pub(super) fn serialize<S: Serializer>(recording: &Recording, serializer: S) -> Result<S::Ok, S::Error> {
    let line = |(key, metrics): (&StepKey, _)| {
        let StepKey { phase, step, novelty } = *key;
        StepMetricsDoc { phase, step, novelty, metrics: Cow::Borrowed(metrics) }
    };
    let document = RecordingDoc {
        step_metrics: recording.step_metrics.iter().map(line).collect(),
        connections: Cow::Borrowed(&recording.connections),
        pairs: Cow::Borrowed(&recording.pairs),
        controls: Cow::Borrowed(&recording.controls),
        arrivals: Cow::Borrowed(&recording.arrivals),
        generator: Cow::Borrowed(&recording.generator),
    };
    document.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Recording, D::Error> {
    let document = RecordingDoc::deserialize(deserializer)?;
    let entry = |line: StepMetricsDoc<'_>| {
        let StepMetricsDoc { phase, step, novelty, metrics } = line;
        (StepKey { phase, step, novelty }, metrics.into_owned())
    };
    Ok(Recording {
        step_metrics: document.step_metrics.into_iter().map(entry).collect(),
        connections: document.connections.into_owned(),
        pairs: document.pairs.into_owned(),
        controls: document.controls.into_owned(),
        arrivals: document.arrivals.into_owned(),
        generator: document.generator.into_owned(),
        // A run joins them before it is saved.
        unmatched_pairs: UnmatchedPairs::default(),
    })
}

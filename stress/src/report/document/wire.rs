//! How a recording is written: exactly, so that what is read back merges like what was recorded.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};

use crate::{
    metrics::{
        Connections, Recording, StepKey, arrivals::ArrivalMetrics, generator::Generator, pairs::Pairs,
        step_metrics::StepMetrics, unmatched_pairs::UnmatchedPairs,
    },
    plan::journey::Step,
    sample::Novelty,
};

/// A [`Recording`] in a document; lent for writing, since a second one would be most of a run's memory.
#[derive(Serialize, Deserialize)]
pub(super) struct RecordingDoc<'a> {
    step_metrics: Vec<StepMetricsDoc<'a>>,
    connections: Cow<'a, Connections>,
    pairs: Cow<'a, Pairs>,
    #[serde(default)]
    controls: Cow<'a, Pairs>,
    /// By the phase's position in the plan.
    #[serde(default)]
    arrivals: Cow<'a, BTreeMap<usize, ArrivalMetrics>>,
    #[serde(default)]
    generator: Cow<'a, Generator>,
}

/// A ledger beside its key, because JSON has no composite keys.
#[derive(Serialize, Deserialize)]
struct StepMetricsDoc<'a> {
    phase: usize,
    step: Step,
    novelty: Novelty,
    metrics: Cow<'a, StepMetrics>,
}

impl<'a> RecordingDoc<'a> {
    pub(super) fn of(recording: &'a Recording) -> Self {
        let line = |(key, metrics): (&StepKey, &'a StepMetrics)| StepMetricsDoc {
            phase: key.phase,
            step: key.step,
            novelty: key.novelty,
            metrics: Cow::Borrowed(metrics),
        };
        Self {
            step_metrics: recording.step_metrics.iter().map(line).collect(),
            connections: Cow::Borrowed(&recording.connections),
            pairs: Cow::Borrowed(&recording.pairs),
            controls: Cow::Borrowed(&recording.controls),
            arrivals: Cow::Borrowed(&recording.arrivals),
            generator: Cow::Borrowed(&recording.generator),
        }
    }

    pub(super) fn into_recording(self) -> Recording {
        let entry = |line: StepMetricsDoc<'_>| {
            let StepMetricsDoc { phase, step, novelty, metrics } = line;
            (StepKey { phase, step, novelty }, metrics.into_owned())
        };
        Recording {
            step_metrics: self.step_metrics.into_iter().map(entry).collect(),
            connections: self.connections.into_owned(),
            pairs: self.pairs.into_owned(),
            controls: self.controls.into_owned(),
            arrivals: self.arrivals.into_owned(),
            generator: self.generator.into_owned(),
            // A run joins them before anyone writes it down.
            unmatched_pairs: UnmatchedPairs::default(),
        }
    }
}

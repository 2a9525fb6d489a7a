//! How a recording is written: exactly, so that what is read back merges like what was recorded.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};

use crate::{
    plan::journey::Step,
    record::{
        Connections, LedgerKey, Recording, arrivals::ArrivalLedger, generator::Generator, halves::Halves,
        ledger::Ledger, pairs::Pairs,
    },
    sample::Novelty,
};

/// A [`Recording`] in a document; lent for writing, since a second one would be most of a run's memory.
#[derive(Serialize, Deserialize)]
pub(super) struct RecordingDoc<'a> {
    ledgers: Vec<LedgerDoc<'a>>,
    connections: Cow<'a, Connections>,
    pairs: Cow<'a, Pairs>,
    #[serde(default)]
    controls: Cow<'a, Pairs>,
    /// By the phase's position in the plan.
    #[serde(default)]
    arrivals: Cow<'a, BTreeMap<usize, ArrivalLedger>>,
    #[serde(default)]
    generator: Cow<'a, Generator>,
}

/// A ledger beside its key, because JSON has no composite keys.
#[derive(Serialize, Deserialize)]
struct LedgerDoc<'a> {
    phase: usize,
    step: Step,
    novelty: Novelty,
    ledger: Cow<'a, Ledger>,
}

impl<'a> RecordingDoc<'a> {
    pub(super) fn of(recording: &'a Recording) -> Self {
        let line = |(key, ledger): (&LedgerKey, &'a Ledger)| LedgerDoc {
            phase: key.phase,
            step: key.step,
            novelty: key.novelty,
            ledger: Cow::Borrowed(ledger),
        };
        Self {
            ledgers: recording.ledgers.iter().map(line).collect(),
            connections: Cow::Borrowed(&recording.connections),
            pairs: Cow::Borrowed(&recording.pairs),
            controls: Cow::Borrowed(&recording.controls),
            arrivals: Cow::Borrowed(&recording.arrivals),
            generator: Cow::Borrowed(&recording.generator),
        }
    }

    pub(super) fn into_recording(self) -> Recording {
        let entry = |line: LedgerDoc<'_>| {
            let LedgerDoc { phase, step, novelty, ledger } = line;
            (LedgerKey { phase, step, novelty }, ledger.into_owned())
        };
        Recording {
            ledgers: self.ledgers.into_iter().map(entry).collect(),
            connections: self.connections.into_owned(),
            pairs: self.pairs.into_owned(),
            controls: self.controls.into_owned(),
            arrivals: self.arrivals.into_owned(),
            generator: self.generator.into_owned(),
            // A run joins them before anyone writes it down.
            halves: Halves::default(),
        }
    }
}

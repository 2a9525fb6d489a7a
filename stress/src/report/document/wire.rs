//! How a recording is written: exactly, so that what is read back merges like what was recorded.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    plan::journey::Step,
    record::{
        Connections, LedgerKey, Recording, arrivals::ArrivalLedger, generator::Generator, halves::Halves,
        ledger::Ledger, pairs::Pairs,
    },
    sample::Novelty,
};

/// A [`Recording`] in a document.
#[derive(Serialize, Deserialize)]
pub(super) struct RecordingDoc {
    ledgers: Vec<LedgerDoc>,
    connections: Connections,
    pairs: Pairs,
    #[serde(default)]
    controls: Pairs,
    /// By the phase's position in the plan.
    #[serde(default)]
    arrivals: BTreeMap<usize, ArrivalLedger>,
    #[serde(default)]
    generator: Generator,
}

/// A ledger beside its key, because JSON has no composite keys.
#[derive(Serialize, Deserialize)]
struct LedgerDoc {
    phase: usize,
    step: Step,
    novelty: Novelty,
    ledger: Ledger,
}

impl RecordingDoc {
    pub(super) fn of(recording: &Recording) -> Self {
        let line = |(key, ledger): (&LedgerKey, &Ledger)| LedgerDoc {
            phase: key.phase,
            step: key.step,
            novelty: key.novelty,
            ledger: ledger.clone(),
        };
        Self {
            ledgers: recording.ledgers.iter().map(line).collect(),
            connections: recording.connections.clone(),
            pairs: recording.pairs.clone(),
            controls: recording.controls.clone(),
            arrivals: recording.arrivals.clone(),
            generator: recording.generator.clone(),
        }
    }

    pub(super) fn into_recording(self) -> Recording {
        let entry = |line: LedgerDoc| {
            let LedgerDoc { phase, step, novelty, ledger } = line;
            (LedgerKey { phase, step, novelty }, ledger)
        };
        Recording {
            ledgers: self.ledgers.into_iter().map(entry).collect(),
            connections: self.connections,
            pairs: self.pairs,
            controls: self.controls,
            arrivals: self.arrivals,
            generator: self.generator,
            // A run joins them before anyone writes it down.
            halves: Halves::default(),
        }
    }
}

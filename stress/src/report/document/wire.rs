//! How a recording is written: exactly, so that what is read back merges like what was recorded.

use std::{collections::BTreeMap, fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    plan::journey::Step,
    record::{
        Connections, LedgerKey, Recording,
        arrivals::ArrivalLedger,
        generator::Generator,
        halves::Halves,
        ledger::Ledger,
        pairs::{Pair, Pairs},
    },
    sample::Novelty,
};

/// A [`Recording`] in a document.
#[derive(Serialize, Deserialize)]
pub(super) struct RecordingDoc {
    ledgers: Vec<LedgerDoc>,
    connections: Connections,
    pairs: PairsDoc,
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

/// The kept pairs, one line each: thousands of objects would be most of the document.
#[derive(Serialize, Deserialize)]
struct PairsDoc {
    seen: u64,
    columns: String,
    kept: Vec<PairLine>,
}

/// The names of what a [`PairLine`] holds.
const COLUMNS: &str = "index size_bytes target first_nanoseconds cached_nanoseconds";

/// A pair as numbers with blanks between them.
#[derive(Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
struct PairLine(Pair);

impl Clone for PairLine {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl From<PairLine> for String {
    fn from(line: PairLine) -> String {
        line.to_string()
    }
}

impl TryFrom<String> for PairLine {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for PairLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Pair { index, size, target, first, cached } = self.0;
        write!(f, "{index} {size} {target} {} {}", first.as_nanos(), cached.as_nanos())
    }
}

impl FromStr for PairLine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("not a pair ({COLUMNS}): {text:?}");
        let numbers: Vec<u64> =
            text.split(' ').map(str::parse).collect::<Result<_, _>>().map_err(|_| wrong())?;
        let [index, size, target, first, cached] = numbers[..] else { return Err(wrong()) };
        let target = usize::try_from(target).map_err(|_| wrong())?;
        let (first, cached) = (Duration::from_nanos(first), Duration::from_nanos(cached));
        Ok(Self(Pair { index, size, target, first, cached }))
    }
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
            pairs: PairsDoc {
                seen: recording.pairs.seen(),
                columns: COLUMNS.to_owned(),
                kept: recording.pairs.iter().copied().map(PairLine).collect(),
            },
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
            pairs: Pairs::restore(self.pairs.seen, self.pairs.kept.into_iter().map(|line| line.0)),
            arrivals: self.arrivals,
            generator: self.generator,
            // A run joins them before anyone writes it down.
            halves: Halves::default(),
        }
    }
}

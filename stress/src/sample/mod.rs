//! One attempt at one step of one journey: what was done, when, over which connection, and how it ended.

pub mod cache;
mod exchange;
mod outcome;
pub mod probe;

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

pub use crate::plan::class::FailureClass;
use crate::plan::journey::Step;
pub use exchange::{Clock, Connecting, ExchangePhase, ExchangeRecord, Expectation, Link, Timing};
pub use outcome::{Failure, Outcome, Stored, StoredKind};

/// One attempt at one step of one journey.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The phase's position in the plan.
    pub phase: usize,
    /// The blob's global index.
    pub index: u64,
    /// What was done.
    pub step: Step,
    /// Which attempt at the step this is, from 1; more than one only where retries are on.
    pub attempt: u32,
    /// Whether the blob's bytes were new to this run.
    pub novelty: Novelty,
    /// The target's position among the publishers or the aggregators.
    pub target: usize,
    /// Of a delayed read that was made: the time from the upload's answer (`after`) or from the end of the read that found
    /// no blob (`again`) to its start, as it was, not as it was planned.
    pub delay: Option<Duration>,
    /// The blob's ID, once it is known.
    pub blob_id: Option<Arc<str>>,
    /// The blob's size in bytes.
    pub size: u64,
    /// What its exchange recorded; the default for a step that was skipped.
    pub exchange: ExchangeRecord,
    /// How it ended.
    pub outcome: Outcome,
}

impl Sample {
    /// The same read, which was made this long after the event that its delay counts from: where it found no blob, that is
    /// its result.
    pub(crate) fn delayed(self, delay: Duration) -> Self {
        let outcome = match self.outcome {
            Outcome::Failed(failure) if failure.class == FailureClass::NotFound => Outcome::NotFound(failure),
            outcome => outcome,
        };
        Self { outcome, delay: Some(delay), ..self }
    }

    /// The same attempt as one that is followed by another attempt at its step, if it failed.
    pub(crate) fn tried_again(self) -> Self {
        match self.outcome {
            Outcome::Failed(failure) => Self { outcome: Outcome::Retried(failure), ..self },
            _ => self,
        }
    }
}

/// Whether a blob's bytes were new to this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Novelty {
    /// Made for this blob.
    Fresh,
    /// Repeats bytes that this run has already stored, on purpose, or a blob of a list that it has already read.
    Repeat,
}

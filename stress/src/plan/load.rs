//! How many journeys are under way at a time, and when no new one is started.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Contradiction, limits::optional_seconds};

/// The load of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "model")]
pub enum Load {
    /// Each of a fixed number of workers starts its next journey when its last one ends.
    Closed {
        /// The number of journeys under way at a time, at least 1.
        workers: u32,
    },
}

impl Load {
    pub(super) fn check(self) -> Result<(), Contradiction> {
        match self {
            Load::Closed { workers: 0 } => Err(Contradiction::new(
                "--concurrency",
                "must be at least 1: with 0 workers nothing is ever done",
            )),
            Load::Closed { .. } => Ok(()),
        }
    }

    /// The most journeys that can be under way at once.
    pub fn most_in_flight(self) -> u32 {
        match self {
            Load::Closed { workers } => workers,
        }
    }
}

/// When no new journey is started; with both limits, whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// After this many blobs.
    pub blobs: Option<u64>,
    /// After this much time.
    #[serde(rename = "duration_seconds", with = "optional_seconds")]
    pub duration: Option<Duration>,
}

impl Stop {
    pub(super) fn check(self) -> Result<(), Contradiction> {
        match (self.blobs, self.duration) {
            (None, None) => Err(Contradiction::new("--blobs", "or --duration must say when the run ends")),
            (Some(0), _) => Err(Contradiction::new("--blobs", "must be at least 1")),
            (_, Some(Duration::ZERO)) => Err(Contradiction::new("--duration", "must be longer than 0 s")),
            _ => Ok(()),
        }
    }
}

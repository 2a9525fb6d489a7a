//! How many journeys are under way at a time, and when no new one is started.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    ConfigError,
    schedule::Arrivals,
    stages::{Stage, Stages},
};
use crate::units::OptionalSeconds;

/// The load of a phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "model")]
pub enum Load {
    /// Each of a number of workers starts its next journey when its last one ends.
    Closed {
        /// The number of journeys under way at a time.
        workers: Stages,
    },
    /// Journeys start when they are due, however long the others take.
    Open {
        /// The number of journeys that start per second.
        rate: Stages,
        /// How they are spread.
        arrivals: Arrivals,
        /// The most journeys under way at once; an arrival above it is dropped and counted.
        max_in_flight: u32,
    },
}

/// The highest rate of starts: a generator on one machine reaches a tenth of it, and each start takes at least the time to
/// draw when it is due.
pub const MAX_RATE: f64 = 1e6;

/// What is wrong with a higher rate than [`MAX_RATE`].
pub const TOO_FAST: &str =
    "must be at most 1,000,000/s: no generator starts more; runs of their own on several machines can";

impl Load {
    /// A closed loop with as many workers all the time.
    pub fn closed(workers: u32) -> Self {
        Load::Closed { workers: Stages::constant(f64::from(workers)) }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let (Load::Closed { workers: stages } | Load::Open { rate: stages, .. }) = self;
        let flag = match (self, stages.length().is_some()) {
            (Load::Closed { .. }, false) => "--concurrency",
            (Load::Closed { .. }, true) => "--concurrency-stages",
            (Load::Open { .. }, false) => "--rate",
            (Load::Open { .. }, true) => "--stages",
        };
        let least = self.least();
        if stages.peak() < least {
            let what = if least < 1.0 { "more than 0" } else { "at least 1" };
            return Err(ConfigError::new(flag, format!("must be {what}: otherwise nothing is ever done")));
        }
        if matches!(self, Load::Open { .. }) && stages.peak() > MAX_RATE {
            return Err(ConfigError::new(flag, TOO_FAST));
        }
        if matches!(self, Load::Open { max_in_flight: 0, .. }) {
            return Err(ConfigError::new("--max-in-flight", "must be at least 1"));
        }
        Ok(())
    }

    /// The lowest level at which journeys start.
    fn least(&self) -> f64 {
        match self {
            Load::Closed { .. } => 1.0,
            Load::Open { .. } => 1e-9,
        }
    }

    /// Whether journeys start when they are due, however long the others take.
    pub fn is_open(&self) -> bool {
        match self {
            Load::Open { .. } => true,
            Load::Closed { .. } => false,
        }
    }

    /// The most journeys that can be under way at once.
    pub fn most_in_flight(&self) -> u32 {
        match self {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "saturates, and is no less than 0"
            )]
            Load::Closed { workers } => workers.peak() as u32,
            Load::Open { max_in_flight, .. } => *max_in_flight,
        }
    }

    /// The same load at the level with which it starts, for as long as the phase lasts.
    pub fn first_level(&self) -> Self {
        let constant = |stages: &Stages| Stages::constant(stages.0.first().map_or(0.0, |stage| stage.from));
        match self {
            Load::Closed { workers } => Load::Closed { workers: constant(workers) },
            Load::Open { rate, arrivals, max_in_flight } => {
                Load::Open { rate: constant(rate), arrivals: *arrivals, max_in_flight: *max_in_flight }
            }
        }
    }

    /// The same load for as long as it takes: behind its last stage it stays as that ended, or at the peak where nothing
    /// would start any more.
    pub fn lasting(&self) -> Self {
        let mut load = self.clone();
        let least = self.least();
        let (Load::Closed { workers: stages } | Load::Open { rate: stages, .. }) = &mut load;
        if stages.length().is_some() {
            let end = stages.0.last().map_or(0.0, |stage| stage.to);
            let level = if end < least { stages.peak() } else { end };
            stages.0.push(Stage { from: level, to: level, duration: None });
        }
        load
    }

    /// How long its stages last; `None` when the phase's stop alone ends it.
    pub fn length(&self) -> Option<Duration> {
        match self {
            Load::Closed { workers } => workers.length(),
            Load::Open { rate, .. } => rate.length(),
        }
    }
}

/// When no new journey is started; with both limits, whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// After this many blobs.
    pub blobs: Option<u64>,
    /// After this much time.
    #[serde(rename = "duration_seconds", with = "OptionalSeconds")]
    pub duration: Option<Duration>,
}

impl Stop {
    /// A load whose stages end needs no other stop.
    pub(super) fn check(self, length: Option<Duration>) -> Result<(), ConfigError> {
        match (self.blobs, self.duration.or(length)) {
            (None, None) => Err(ConfigError::new("--blobs", "or --duration must say when the run ends")),
            (Some(0), _) => Err(ConfigError::new("--blobs", "must be at least 1")),
            (_, Some(Duration::ZERO)) => Err(ConfigError::new("--duration", "must be longer than 0 s")),
            _ => Ok(()),
        }
    }
}

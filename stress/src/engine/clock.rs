//! The run's clock: monotonic, with one origin for every shard.

use std::time::{Duration, Instant};

/// The time since a run's origin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock whose origin is now.
    pub(super) fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// The time from the origin to `instant`.
    pub(super) fn at(self, instant: Instant) -> Duration {
        instant.saturating_duration_since(self.origin)
    }

    /// The time from the origin to now.
    pub(super) fn elapsed(self) -> Duration {
        self.origin.elapsed()
    }
}

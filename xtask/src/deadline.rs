//! The instant at which waiting ends.

use std::time::{Duration, Instant};

/// The instant at which waiting ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// This long from now.
    pub(crate) fn after(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// The time until then; zero once it has passed.
    pub(crate) fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether it has passed.
    pub(crate) fn passed(self) -> bool {
        self.left().is_zero()
    }

    /// This deadline, or `time` from now, whichever comes first.
    pub(crate) fn at_most(self, time: Duration) -> Self {
        Self(self.0.min(Self::after(time).0))
    }
}

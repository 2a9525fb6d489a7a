//! The run's monotonic clock, and the instants of an attempt on it.

use std::time::{Duration, Instant};

/// The time since a run's origin, the same for every thread.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock whose origin is now.
    pub fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// The time from the origin to `instant`.
    pub fn at(self, instant: Instant) -> Duration {
        instant.saturating_duration_since(self.origin)
    }

    /// The time from the origin to now.
    pub fn elapsed(self) -> Duration {
        self.origin.elapsed()
    }
}

/// The instants of an attempt, each as the time since the run's origin on the monotonic clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// When its step was due by the schedule; in a closed loop, when the first attempt started.
    pub due: Duration,
    /// When it did start.
    pub started: Duration,
    /// When the kernel had accepted the last byte of the request; `None` when it never did.
    pub sent: Option<Duration>,
    /// When the response head had arrived.
    pub first_byte: Option<Duration>,
    /// When the last byte of the response had arrived, or the failure was known.
    pub finished: Duration,
}

impl Timing {
    /// Response time, finished − due: what a user of the service would have waited (corrected for coordinated omission).
    pub fn response(&self) -> Duration {
        self.finished.saturating_sub(self.due)
    }

    /// Time to first byte: from the start to the response head, if there was one.
    pub fn to_first_byte(&self) -> Option<Duration> {
        self.first_byte.map(|first| first.saturating_sub(self.started))
    }

    /// From the response head to the last byte, if there was a head.
    pub fn transfer(&self) -> Option<Duration> {
        self.first_byte.map(|first| self.finished.saturating_sub(first))
    }

    /// Service time: finished − started.
    pub fn service(&self) -> Duration {
        self.finished.saturating_sub(self.started)
    }
}

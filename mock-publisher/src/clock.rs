//! Wall-clock time in milliseconds since 1970, by the clock that all processes on a machine share.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time now, in milliseconds since 1970; 0 before that.
#[must_use]
pub fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}

/// A duration in whole milliseconds; 2^64 - 1 if there are more.
#[must_use]
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

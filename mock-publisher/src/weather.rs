//! The weather of one server: its faults, its seed, and how long things take.

use crate::draw::{self, Purpose};
use crate::fault::Faults;
use crate::latency::Latency;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// No request takes longer than this, whatever its distribution says.
const LONGEST: Duration = Duration::from_secs(86_400);

/// What can go wrong on a server, and by which dice.
#[derive(Debug, Clone, PartialEq)]
pub struct Weather {
    /// Makes every decision repeatable.
    pub seed: u64,
    /// The faults.
    pub faults: Faults,
    /// How long a dripping body takes.
    pub drip_for: Duration,
    /// How long a late blob is not readable.
    pub not_yet_for: Duration,
}

impl Default for Weather {
    fn default() -> Self {
        Self {
            seed: 0,
            faults: Faults::default(),
            drip_for: Duration::from_secs(2),
            not_yet_for: Duration::from_secs(1),
        }
    }
}

impl Weather {
    /// How long request `n` takes.
    #[must_use]
    pub fn latency(&self, of: &Latency, n: u64) -> Duration {
        of.at(draw::bits(self.seed, Purpose::Latency, n)).min(LONGEST)
    }

    /// The place in a body of `length` bytes where request `n` is damaged.
    #[must_use]
    pub fn spot(&self, n: u64, length: u64) -> u64 {
        draw::below(draw::bits(self.seed, Purpose::Spot, n), length)
    }
}

/// How long a blob of so many bytes takes longer than an empty one.
#[must_use]
pub fn by_size(per_mib: Duration, bytes: u64) -> Duration {
    let nanos = per_mib.as_nanos().saturating_mul(u128::from(bytes)) >> 20;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)).min(LONGEST)
}

/// Waits for a moment, and not at all if it has passed: the timer's own step is a millisecond.
pub async fn until(due: Instant) {
    if Instant::now() < due {
        sleep_until(due).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_takes_its_time() {
        let ms = Duration::from_millis;
        let rows = [
            (ms(0), u64::MAX, ms(0)),
            (ms(40), 0, ms(0)),
            (ms(40), 1 << 20, ms(40)),
            (ms(40), 5 << 19, ms(100)),
            (LONGEST, u64::MAX, LONGEST),
        ];
        for (per_mib, bytes, expected) in rows {
            assert_eq!(by_size(per_mib, bytes), expected, "{per_mib:?} {bytes}");
        }
    }
}

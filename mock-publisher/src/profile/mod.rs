//! The weather of one server: how long things take, what goes wrong, and by which dice.
//!
//! ```text
//! preset ─▶ file (TOML) ─▶ flags ─▶ Weather ─▶ Sky ─▶ every request that comes looks up once
//!                                      ▲        ▲
//!                          POST /mock/weather (TOML, JSON)
//! ```

pub mod api;
pub mod args;
mod document;
mod faults;
mod latency;
mod service_time;
mod preset;
mod rule;
mod handle;
mod route_kind;
mod text;
mod window;

pub use document::BadDocument;
pub use faults::{BadFaults, ChosenFault, Faults};
pub use handle::{ActiveProfile, ProfileHandle};
pub use latency::{BadLatency, Latency};
pub use preset::{BadPreset, Preset};
pub use route_kind::{BadTask, RouteKind};
pub use rule::{BadRule, RequestContext, Rule, Scope};
pub(crate) use service_time::split;
pub use service_time::{ServiceTime, size_delay, throttle, throttled, wait_until};
pub use window::{BadSizes, BadSpan, BadStall, Sizes, Span, Stall, Window};

use crate::draw::{self, Purpose};
use std::time::Duration;

/// No request takes longer than this, whatever its distribution says.
pub(crate) const LONGEST: Duration = Duration::from_secs(86_400);

/// How long things take on a server, what can go wrong, and by which dice.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Makes every decision repeatable.
    pub seed: u64,
    /// How long a store takes once its body is there, and how slowly the body is taken in.
    pub store: ServiceTime,
    /// How long a read takes that finds nothing in the cache; its fixed part counts twice for a file of a quilt by name.
    pub first_read: ServiceTime,
    /// How long a read takes that is served from the cache.
    pub cached_read: ServiceTime,
    /// How long after its store a blob can be read; every blob has its own time.
    pub visible_after: Latency,
    /// How long it takes to find out that there is no such blob.
    pub not_found: Latency,
    /// How long an aggregator tries before it says 503.
    pub unavailable: Latency,
    /// The faults.
    pub faults: Faults,
    /// The times in which nothing is answered.
    pub stalls: Vec<Stall>,
    /// How long a dripping body takes.
    pub drip_for: Duration,
    /// How long a late blob is not readable.
    pub not_yet_for: Duration,
}

impl Default for Profile {
    fn default() -> Self {
        Preset::Instant.profile()
    }
}

impl Profile {
    /// The weather of two servers in one: this one's over stores, the other's over reads and over whatever they share.
    #[must_use]
    pub fn and(self, reads: Self) -> Self {
        let stalls = match self.stalls == reads.stalls {
            true => reads.stalls,
            false => [self.stalls, reads.stalls].concat(),
        };
        Self { store: self.store, faults: self.faults.and(reads.faults), stalls, ..reads }
    }

    /// How long request `n` takes.
    #[must_use]
    pub fn latency(&self, of: &Latency, n: u64) -> Duration {
        match of {
            // Nothing to draw.
            Latency::Fixed(always) => (*always).min(LONGEST),
            _ => of.at(draw::bits(self.seed, Purpose::Latency, n)).min(LONGEST),
        }
    }

    /// The place in a body of `length` bytes where request `n` is damaged.
    #[must_use]
    pub fn spot(&self, n: u64, length: u64) -> u64 {
        draw::below(draw::bits(self.seed, Purpose::Spot, n), length)
    }

    /// Until when nothing is answered that is asked at this moment, if this is such a moment.
    #[must_use]
    pub fn stalled(&self, at: Duration) -> Option<Duration> {
        self.stalls.iter().filter_map(|stall| stall.end(at)).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_stalls_the_longer_one_counts() {
        let stalls = ["from=1s,for=4s", "from=3s,for=1s"].map(|text| text.parse().unwrap());
        let profile = Profile { stalls: stalls.to_vec(), ..Profile::default() };
        let s = Duration::from_secs;
        let wait_until = [0, 1, 3, 4, 5].map(|at| profile.stalled(s(at)));
        assert_eq!(wait_until, [None, Some(s(5)), Some(s(5)), Some(s(5)), None]);
        assert_eq!(Profile::default().stalled(s(2)), None);
    }
}

//! The time of day, or a time that stands still until a test moves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A clock; clones show the same time.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The system's.
    #[default]
    System,
    /// One that is moved by hand: milliseconds since 1970.
    Manual(Arc<AtomicU64>),
}

impl PartialEq for Clock {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::System, Self::System) => true,
            (Self::Manual(a), Self::Manual(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Clock {
    /// A clock that stands still at the present time.
    #[must_use]
    pub fn manual() -> Self {
        Self::Manual(Arc::new(AtomicU64::new(Self::System.now_ms())))
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        match self {
            Self::System => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis),
            Self::Manual(time) => time.load(Ordering::Acquire),
        }
    }

    /// Moves a manual clock on; the system's goes its own way.
    pub fn advance(&self, by: Duration) {
        if let Self::Manual(time) = self {
            time.fetch_add(millis(by), Ordering::AcqRel);
        }
    }
}

/// A time in milliseconds, or the longest there is.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_by_hand_and_for_everybody() {
        let clock = Clock::manual();
        let (other, before) = (clock.clone(), clock.now_ms());
        assert_eq!(other.now_ms(), before);
        clock.advance(Duration::from_secs(3));
        assert_eq!(other.now_ms(), before + 3000);
        assert!(clock == other && clock != Clock::manual() && clock != Clock::System);
    }
}

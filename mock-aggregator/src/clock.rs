//! The wall clock, or a manual clock that stands still until a test advances it.

use mock_publisher::clock::{millis, now_ms};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A clock; clones are the same clock.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The wall clock.
    #[default]
    System,
    /// A clock that is advanced by hand, in milliseconds since 1970.
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
    /// A manual clock that starts at the present time.
    #[must_use]
    pub fn manual() -> Self {
        Self::Manual(Arc::new(AtomicU64::new(now_ms())))
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        match self {
            Self::System => now_ms(),
            Self::Manual(time) => time.load(Ordering::Acquire),
        }
    }

    /// Advances a manual clock; no effect on the wall clock.
    pub fn advance(&self, by: Duration) {
        if let Self::Manual(time) = self {
            time.fetch_add(millis(by), Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_is_advanced_for_all_its_clones() {
        let clock = Clock::manual();
        let (other, before) = (clock.clone(), clock.now_ms());
        assert_eq!(other.now_ms(), before);
        clock.advance(Duration::from_secs(3));
        assert_eq!(other.now_ms(), before + 3000);
        assert!(clock == other && clock != Clock::manual() && clock != Clock::System);
    }
}

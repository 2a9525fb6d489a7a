//! The one clock of a server: epochs, the ends of blobs, tokens and cache entries are read off it, in milliseconds since
//! 1970, so that a change of the system's time moves all of them together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A clock; clones are the same clock.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The wall clock, which all processes on a machine share.
    #[default]
    System,
    /// A clock that stands still until a test sets it, in milliseconds since 1970.
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
        Self::Manual(Arc::new(AtomicU64::new(Self::System.now_ms())))
    }

    /// Milliseconds since 1970; 0 before that.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        match self {
            Self::System => SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis),
            Self::Manual(time) => time.load(Ordering::Acquire),
        }
    }

    /// Advances a manual clock; no effect on the wall clock.
    pub fn advance(&self, by: Duration) {
        self.change(|now_ms| now_ms.saturating_add(millis(by)));
    }

    /// Sets a manual clock back; no effect on the wall clock.
    pub fn set_back(&self, by: Duration) {
        self.change(|now_ms| now_ms.saturating_sub(millis(by)));
    }

    fn change(&self, to: impl Fn(u64) -> u64) {
        if let Self::Manual(time) = self {
            let _always = time.fetch_update(Ordering::AcqRel, Ordering::Acquire, |now_ms| Some(to(now_ms)));
        }
    }
}

/// A duration in whole milliseconds; 2^64 - 1 if there are more.
#[must_use]
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_is_changed_for_all_its_clones() {
        let clock = Clock::manual();
        let (other, before) = (clock.clone(), clock.now_ms());
        assert_eq!(other.now_ms(), before);
        clock.advance(Duration::from_secs(3));
        assert_eq!(other.now_ms(), before + 3000);
        other.set_back(Duration::from_secs(5));
        assert_eq!(clock.now_ms(), before - 2000);
        assert!(clock == other && clock != Clock::manual() && clock != Clock::System);
    }
}

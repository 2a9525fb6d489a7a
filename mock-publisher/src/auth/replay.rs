//! The tokens that were used, remembered until they end.

use super::refusal::Refusal;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The tokens that were used. Time is in milliseconds since 1970.
#[derive(Debug)]
pub struct Replay {
    capacity: usize,
    interval_ms: u64,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    /// Their names, and their ends in seconds since 1970.
    tokens: HashMap<String, u64>,
    swept: u64,
}

impl Replay {
    /// Room for so many tokens, swept once in every interval.
    #[must_use]
    pub fn new(capacity: usize, interval: Duration) -> Self {
        let interval_ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX).max(1);
        Self { capacity, interval_ms, used: Mutex::default() }
    }

    /// Remembers a token that ends at `exp`.
    ///
    /// # Errors
    /// It was remembered before, or there is no room.
    pub fn enter(&self, jti: &str, exp: u64, now_ms: u64) -> Result<(), Refusal> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        // As a sweeper would have done it that comes by at every tick.
        let tick = now_ms / self.interval_ms;
        if tick > used.swept {
            let swept_at = tick * self.interval_ms / 1000;
            used.tokens.retain(|_, exp| *exp > swept_at);
            used.swept = tick;
        }
        if used.tokens.contains_key(jti) {
            return Err(Refusal::AlreadyUsed);
        }
        if used.tokens.len() >= self.capacity {
            return Err(Refusal::CacheFull);
        }
        used.tokens.insert(jti.to_owned(), exp);
        Ok(())
    }

    /// Forgets a token, which can be used again.
    pub fn forget(&self, jti: &str) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).tokens.remove(jti);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_5_6_a_token_is_remembered_until_the_sweep_after_its_end() {
        let replay = Replay::new(2, Duration::from_secs(5));
        let rows = [
            ("a", 1_007, 1_000_000, Ok(())),
            ("a", 1_007, 1_004_000, Err(Refusal::AlreadyUsed)),
            ("b", 2_000, 1_004_000, Ok(())),
            ("c", 2_000, 1_004_000, Err(Refusal::CacheFull)),
            ("a", 1_007, 1_005_000, Err(Refusal::AlreadyUsed)),
            ("a", 1_007, 1_009_999, Err(Refusal::AlreadyUsed)),
            ("c", 2_000, 1_010_000, Ok(())),
            ("a", 1_007, 1_010_000, Err(Refusal::CacheFull)),
        ];
        for (jti, exp, now_ms, expected) in rows {
            assert_eq!(replay.enter(jti, exp, now_ms), expected, "{jti} at {now_ms}");
        }
        replay.forget("c");
        assert_eq!(replay.enter("c", 2_000, 1_010_000), Ok(()));
    }

    #[test]
    fn s3_5_6_a_token_of_the_past_is_good_again_soon() {
        let replay = Replay::new(2, Duration::from_secs(5));
        assert_eq!(replay.enter("a", 1, 1_001_000), Ok(()));
        assert_eq!(replay.enter("a", 1, 1_004_999), Err(Refusal::AlreadyUsed));
        assert_eq!(replay.enter("a", 1, 1_005_000), Ok(()));
    }
}

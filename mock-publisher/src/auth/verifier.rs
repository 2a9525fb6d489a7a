//! What is required of tokens, and which tokens were used already.

use super::algorithm::Algorithm;
use super::claims::Claims;
use super::error::TokenError;
use super::key::Key;
use crate::clock::{Clock, millis};
use crate::query::PutQuery;
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The seconds since 1970 that the real publisher can express as a date (chrono's).
const DATES: RangeInclusive<i64> = -8_334_601_228_800..=8_210_266_876_799;

/// What is required of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The key that verifies signatures; without one they are not verified.
    pub secret: Option<Vec<u8>>,
    /// The algorithm that signs tokens.
    pub algorithm: Algorithm,
    /// The lifetime that a token must have, in seconds; 0 for any.
    pub expiring_sec: u64,
    /// Whether claims are compared with the request before it is admitted.
    pub verify_upload: bool,
    /// How many used tokens can be remembered.
    pub cache_size: usize,
    /// How often tokens that have ended are forgotten.
    pub cache_refresh_interval: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            secret: None,
            algorithm: Algorithm::default(),
            expiring_sec: 0,
            verify_upload: false,
            cache_size: 10_000,
            cache_refresh_interval: Duration::from_secs(5),
        }
    }
}

impl Config {
    /// Whether tokens are required at all.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.secret.is_some() || self.expiring_sec > 0 || self.verify_upload
    }
}

/// Verifies tokens, and accepts each of them once.
#[derive(Debug)]
pub(crate) struct Verifier {
    config: Config,
    key: Option<Key>,
    clock: Clock,
    used: UsedTokens,
}

impl Verifier {
    /// A verifier that has seen no token.
    pub(crate) fn new(config: Config, clock: Clock) -> Self {
        let key = config.secret.clone().map(|bytes| Key::new(config.algorithm, bytes));
        Self { used: UsedTokens::new(config.cache_size, config.cache_refresh_interval), key, config, clock }
    }

    /// Accepts a token, once. `length` is the announced one of the body.
    ///
    /// # Errors
    /// The first check that fails. A valid token that does not fit the request can be used again.
    pub(super) fn accept(
        &self,
        token: &str,
        query: &PutQuery,
        length: Option<u64>,
    ) -> Result<(), TokenError> {
        let now_ms = self.clock.now_ms();
        let claims = match &self.key {
            Some(key) => Claims::verified(token, key, now_ms / 1000)?,
            None => Claims::unverified(token).ok_or(TokenError::InvalidToken)?,
        };
        if !DATES.contains(&claims.exp) {
            return Err(TokenError::InvalidTimestamp);
        }
        self.used.insert(&claims.jti, claims.exp, now_ms)?;
        let fits = self.compare(&claims, query, length);
        if fits.is_err() {
            self.used.remove(&claims.jti);
        }
        fits
    }

    fn compare(&self, claims: &Claims, query: &PutQuery, length: Option<u64>) -> Result<(), TokenError> {
        let lifetime = i128::from(claims.exp) - i128::from(claims.iat.unwrap_or(0));
        if self.config.expiring_sec > 0 && lifetime != i128::from(self.config.expiring_sec) {
            return Err(TokenError::InvalidExpiration);
        }
        claims.check_size(length.filter(|_| self.config.verify_upload))?;
        if self.config.verify_upload { claims.check_query(query) } else { Ok(()) }
    }
}

/// The tokens that were used, remembered until they end: the defence against replays. Times are in milliseconds since
/// 1970.
#[derive(Debug)]
struct UsedTokens {
    capacity: usize,
    interval_ms: u64,
    tokens: Mutex<Tokens>,
}

#[derive(Debug, Default)]
struct Tokens {
    /// Their ends in seconds since 1970, by ID.
    ends: HashMap<String, i64>,
    /// The interval in which tokens that had ended were last removed.
    swept: u64,
}

impl UsedTokens {
    fn new(capacity: usize, interval: Duration) -> Self {
        Self { capacity, interval_ms: millis(interval).max(1), tokens: Mutex::default() }
    }

    /// Remembers a token that ends at `exp`; fails if it is remembered already, or if there is no capacity.
    fn insert(&self, jti: &str, exp: i64, now_ms: u64) -> Result<(), TokenError> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        // The real publisher sweeps at every tick of a timer; this has the same effect at the first token after it.
        let tick = now_ms / self.interval_ms;
        if tick > tokens.swept {
            let swept_at = i64::try_from(tick * self.interval_ms / 1000).unwrap_or(i64::MAX);
            tokens.ends.retain(|_, exp| *exp > swept_at);
            tokens.swept = tick;
        }
        if tokens.ends.contains_key(jti) {
            return Err(TokenError::TokenAlreadyUsed);
        }
        if tokens.ends.len() >= self.capacity {
            return Err(TokenError::CacheFull);
        }
        tokens.ends.insert(jti.to_owned(), exp);
        Ok(())
    }

    /// Forgets a token, which can be used again.
    fn remove(&self, jti: &str) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).ends.remove(jti);
    }
}

#[cfg(test)]
#[path = "verifier_tests.rs"]
mod tests;

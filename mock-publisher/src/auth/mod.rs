//! Tokens at the door of a publisher: every check in the order of the real one.

mod algorithm;
mod claims;
mod args;
mod layer;
mod refusal;
mod replay;

pub use algorithm::{Algorithm, BadAlgorithm};
pub use args::{BadSecret, JwtFlags};
pub use claims::Claims;
pub(crate) use layer::demand;
pub use refusal::Refusal;
pub use replay::Replay;

use crate::query::{Owner, PutQuery};
use std::time::Duration;

/// The last second that is a date.
const LAST_DATE: u64 = 8_210_266_876_799;

/// What is asked of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The key that signatures are held against; without it they are not.
    pub secret: Option<Vec<u8>>,
    /// The way tokens are signed.
    pub algorithm: Algorithm,
    /// Seconds that a token must be good for; 0 for any.
    pub expiring_sec: u64,
    /// Whether claims are held against the request before it is let in.
    pub verify_upload: bool,
    /// Tokens that can be remembered.
    pub cache_size: usize,
    /// How often tokens that ended are forgotten.
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
    /// Whether tokens are asked for at all.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.secret.is_some() || self.expiring_sec > 0 || self.verify_upload
    }
}

/// What is asked of tokens, and those that were used.
#[derive(Debug)]
pub struct Auth {
    config: Config,
    replay: Replay,
}

impl Auth {
    /// Nothing used yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { replay: Replay::new(config.cache_size, config.cache_refresh_interval), config }
    }

    /// Lets a token in, once. `length` is that of the body as announced, `now_ms` in milliseconds since 1970.
    ///
    /// # Errors
    /// The first check that it does not pass. It can be used again if it was good but did not fit the request.
    pub fn admit(
        &self,
        token: &str,
        query: &PutQuery,
        length: Option<u64>,
        now_ms: u64,
    ) -> Result<(), Refusal> {
        let claims = match &self.config.secret {
            Some(key) => Claims::verified(token, self.config.algorithm, key, now_ms / 1000)?,
            None => Claims::unverified(token).ok_or(Refusal::InvalidToken)?,
        };
        if claims.exp > LAST_DATE {
            return Err(Refusal::InvalidTimestamp);
        }
        self.replay.enter(&claims.jti, claims.exp, now_ms)?;
        let fits = self.fits(&claims, query, length);
        if fits.is_err() {
            self.replay.forget(&claims.jti);
        }
        fits
    }

    fn fits(&self, claims: &Claims, query: &PutQuery, length: Option<u64>) -> Result<(), Refusal> {
        let lifetime = i128::from(claims.exp) - i128::from(claims.iat.unwrap_or(0));
        if self.config.expiring_sec > 0 && lifetime != i128::from(self.config.expiring_sec) {
            return Err(Refusal::InvalidExpiration);
        }
        claims.check_size(length.filter(|_| self.config.verify_upload))?;
        if self.config.verify_upload { claims.check_query(query) } else { Ok(()) }
    }
}

impl Claims {
    /// Holds the length of a body against the claims, or only the claims against each other.
    ///
    /// # Errors
    /// Claims that contradict each other, then a length that is not allowed.
    pub fn check_size(&self, length: Option<u64>) -> Result<(), Refusal> {
        if self.size.is_some() && self.max_size.is_some() {
            return Err(Refusal::Inconsistent);
        }
        let Some(length) = length else { return Ok(()) };
        let fits =
            self.size.is_none_or(|size| size == length) && self.max_size.is_none_or(|most| length <= most);
        if fits { Ok(()) } else { Err(Refusal::InvalidSize) }
    }

    fn check_query(&self, query: &PutQuery) -> Result<(), Refusal> {
        if self.epochs.is_some() && self.max_epochs.is_some() {
            return Err(Refusal::Inconsistent);
        }
        let epochs = self.epochs.is_none_or(|epochs| epochs == query.epochs);
        if !epochs || self.max_epochs.is_some_and(|most| query.epochs > most) {
            return Err(Refusal::InvalidEpochs);
        }
        let owner = self.send_object_to.map(Owner::SendObjectTo);
        if owner.is_some() && owner != query.owner {
            return Err(Refusal::InvalidSendObjectTo);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "auth_tests.rs"]
mod tests;

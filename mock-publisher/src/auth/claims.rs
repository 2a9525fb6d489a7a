//! The claims of a token, parsed with or without verifying its signature, and compared with a request.

use super::algorithm::Algorithm;
use super::error::TokenError;
use crate::query::{Address, Owner, PutQuery};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Seconds that a token is accepted after its end, to allow for clock skew.
const LEEWAY: u64 = 60;

/// The claims that matter here; others are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Claims {
    /// The end of the token in seconds since 1970.
    pub(super) exp: u64,
    /// The ID of the token, valid for one use.
    pub(super) jti: String,
    /// When it was issued, in seconds since 1970.
    pub(super) iat: Option<i64>,
    /// Who must get the object.
    send_object_to: Option<Address>,
    /// The epochs that must be requested.
    epochs: Option<u32>,
    /// The most epochs that may be requested.
    max_epochs: Option<u32>,
    /// The length in bytes that the body must have.
    size: Option<u64>,
    /// The most bytes that the body may have.
    max_size: Option<u64>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Audience {
    aud: Option<IgnoredAny>,
}

/// The parts of a token.
struct Parts<'a> {
    algorithm: Algorithm,
    signed: &'a str,
    payload: Vec<u8>,
    signature: &'a str,
}

fn split(token: &str) -> Option<Parts<'_>> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, payload) = signed.rsplit_once('.')?;
    let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    let algorithm = header.alg.parse().ok()?;
    Some(Parts { algorithm, signed, payload: URL_SAFE_NO_PAD.decode(payload).ok()?, signature })
}

impl Claims {
    /// The claims of a token, whatever its signature and its end.
    pub(super) fn unverified(token: &str) -> Option<Self> {
        serde_json::from_slice(&split(token)?.payload).ok()
    }

    /// The claims of a token signed by this algorithm with this key; `now` is in seconds since 1970.
    ///
    /// # Errors
    /// No token, another algorithm, a bad signature, bad claims, a token that has ended, in this order.
    pub(super) fn verified(
        token: &str,
        algorithm: Algorithm,
        key: &[u8],
        now: u64,
    ) -> Result<Self, TokenError> {
        let parts = split(token).filter(|parts| parts.algorithm == algorithm);
        let parts = parts.ok_or(TokenError::InvalidToken)?;
        let signature = URL_SAFE_NO_PAD.decode(parts.signature).map_err(|_| TokenError::InvalidToken)?;
        if !algorithm.verify(key, parts.signed.as_bytes(), &signature) {
            return Err(TokenError::InvalidSignature);
        }
        let claims: Self = serde_json::from_slice(&parts.payload).map_err(|_| TokenError::InvalidToken)?;
        if claims.exp.saturating_add(LEEWAY) < now {
            return Err(TokenError::ExpiredSignature);
        }
        match serde_json::from_slice::<Audience>(&parts.payload) {
            Ok(Audience { aud: None }) => Ok(claims),
            _ => Err(TokenError::InvalidToken),
        }
    }

    /// Compares the claims about size with each other and, if it is known, with the length of a body.
    ///
    /// # Errors
    /// Claims that contradict each other, then a length that is not allowed.
    pub(super) fn check_size(&self, length: Option<u64>) -> Result<(), TokenError> {
        if self.size.is_some() && self.max_size.is_some() {
            return Err(TokenError::InconsistentToken);
        }
        let Some(length) = length else { return Ok(()) };
        let fits =
            self.size.is_none_or(|size| size == length) && self.max_size.is_none_or(|most| length <= most);
        if fits { Ok(()) } else { Err(TokenError::InvalidSize) }
    }

    /// Compares the claims about epochs and owner with a query.
    pub(super) fn check_query(&self, query: &PutQuery) -> Result<(), TokenError> {
        if self.epochs.is_some() && self.max_epochs.is_some() {
            return Err(TokenError::InconsistentToken);
        }
        let epochs = self.epochs.is_none_or(|epochs| epochs == query.epochs);
        if !epochs || self.max_epochs.is_some_and(|most| query.epochs > most) {
            return Err(TokenError::InvalidEpochs);
        }
        let owner = self.send_object_to.map(Owner::SendObjectTo);
        if owner.is_some() && owner != query.owner {
            return Err(TokenError::InvalidSendObjectTo);
        }
        Ok(())
    }
}

//! The claims of a token, parsed with or without verifying its signature, and compared with a request.

use super::algorithm::Algorithm;
use super::error::TokenError;
use super::header::Header;
use super::key::Key;
use crate::query::{Address, Owner, PutQuery};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

/// Seconds that a token is accepted after its end, to allow for clock skew.
const LEEWAY: u64 = 60;

/// The claims that matter here; others are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Claims {
    /// The end of the token in seconds since 1970.
    pub(super) exp: i64,
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

/// What the real publisher's library reads besides when it verifies a token.
#[derive(Deserialize)]
struct Registered {
    #[serde(rename = "exp")]
    _exp: Option<IgnoredAny>,
    nbf: Option<Value>,
    sub: Option<Value>,
    #[serde(rename = "iss")]
    _iss: Option<IgnoredAny>,
    aud: Option<Value>,
}

impl Registered {
    /// Whether the library accepts them: it has no audience that could match one, and it stumbles over a `sub` or `nbf`
    /// that is a list or an object.
    fn is_accepted(&self) -> bool {
        let is_nested = |value: &Value| value.is_array() || value.is_object();
        let is_empty = |value: &Value| *value == json!([]) || *value == json!({});
        let is_audience = |value: &Value| match value {
            Value::String(_) => true,
            Value::Array(names) => names.iter().all(Value::is_string),
            _ => false,
        };
        !self.sub.as_ref().is_some_and(is_nested)
            && !self.nbf.as_ref().is_some_and(|nbf| is_nested(nbf) && !is_empty(nbf))
            && !self.aud.as_ref().is_some_and(is_audience)
    }
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
    Some(Parts { algorithm: header.alg, signed, payload: URL_SAFE_NO_PAD.decode(payload).ok()?, signature })
}

impl Claims {
    /// The claims of a token, whatever its signature and its end.
    pub(super) fn unverified(token: &str) -> Option<Self> {
        serde_json::from_slice(&split(token)?.payload).ok()
    }

    /// The claims of a token signed with this key; `now` is in seconds since 1970.
    ///
    /// # Errors
    /// No token or another algorithm, a key that is none, a bad signature, bad claims, a negative end, a token that has
    /// ended, an audience, in this order.
    pub(super) fn verified(token: &str, key: &Key, now: u64) -> Result<Self, TokenError> {
        let parts = split(token).filter(|parts| parts.algorithm == key.algorithm());
        let parts = parts.ok_or(TokenError::InvalidToken)?;
        if !key.is_usable() {
            return Err(TokenError::UnusableKey);
        }
        let signature = URL_SAFE_NO_PAD.decode(parts.signature).map_err(|_| TokenError::InvalidToken)?;
        if !key.verify(parts.signed.as_bytes(), &signature) {
            return Err(TokenError::InvalidSignature);
        }
        let claims: Self = serde_json::from_slice(&parts.payload).map_err(|_| TokenError::InvalidToken)?;
        let registered: Registered =
            serde_json::from_slice(&parts.payload).map_err(|_| TokenError::InvalidToken)?;
        let end = u64::try_from(claims.exp).map_err(|_| TokenError::NegativeExpiration)?;
        if end.saturating_add(LEEWAY) < now {
            return Err(TokenError::ExpiredSignature);
        }
        if registered.is_accepted() { Ok(claims) } else { Err(TokenError::InvalidToken) }
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

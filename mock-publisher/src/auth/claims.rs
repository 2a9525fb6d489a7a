//! What a token claims, read with or without a look at its signature.

use super::algorithm::Algorithm;
use super::refusal::Refusal;
use crate::query::Address;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Seconds that a token is good for after its end, for the sake of clocks that differ.
const LEEWAY: u64 = 60;

/// What a token claims; what is not here is ignored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Claims {
    /// The end of the token in seconds since 1970.
    pub exp: u64,
    /// The name of the token, good for one use.
    pub jti: String,
    /// When it was made, in seconds since 1970.
    pub iat: Option<i64>,
    /// Who must get the object.
    pub send_object_to: Option<Address>,
    /// The epochs that must be asked for.
    pub epochs: Option<u32>,
    /// The most epochs that may be asked for.
    pub max_epochs: Option<u32>,
    /// The length in bytes that the body must have.
    pub size: Option<u64>,
    /// The length in bytes that the body may have.
    pub max_size: Option<u64>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Audience {
    aud: Option<IgnoredAny>,
}

/// A token taken apart.
struct Parts<'a> {
    algorithm: Algorithm,
    signed: &'a str,
    payload: Vec<u8>,
    signature: &'a str,
}

fn take_apart(token: &str) -> Option<Parts<'_>> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, payload) = signed.rsplit_once('.')?;
    let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    let algorithm = header.alg.parse().ok()?;
    Some(Parts { algorithm, signed, payload: URL_SAFE_NO_PAD.decode(payload).ok()?, signature })
}

impl Claims {
    /// The claims of a token that nobody signed, for all we care, and that never ends.
    #[must_use]
    pub fn unverified(token: &str) -> Option<Self> {
        serde_json::from_slice(&take_apart(token)?.payload).ok()
    }

    /// The claims of a token signed in this way with this key, `now` being in seconds since 1970.
    ///
    /// # Errors
    /// No token, another algorithm, a bad signature, bad claims, a token that ended, in this order.
    pub fn verified(token: &str, algorithm: Algorithm, key: &[u8], now: u64) -> Result<Self, Refusal> {
        let parts = take_apart(token).filter(|parts| parts.algorithm == algorithm);
        let parts = parts.ok_or(Refusal::InvalidToken)?;
        let signature = URL_SAFE_NO_PAD.decode(parts.signature).map_err(|_| Refusal::InvalidToken)?;
        if !algorithm.verify(key, parts.signed.as_bytes(), &signature) {
            return Err(Refusal::InvalidSignature);
        }
        let claims: Self = serde_json::from_slice(&parts.payload).map_err(|_| Refusal::InvalidToken)?;
        if claims.exp.saturating_add(LEEWAY) < now {
            return Err(Refusal::Expired);
        }
        match serde_json::from_slice::<Audience>(&parts.payload) {
            Ok(Audience { aud: None }) => Ok(claims),
            _ => Err(Refusal::InvalidToken),
        }
    }
}

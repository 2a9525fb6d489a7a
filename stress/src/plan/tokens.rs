//! Tokens that publishers demand for uploads (JWT, RFC 7519): how each is signed and what it claims, or the list of those that
//! were minted elsewhere.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, VariantNames};

use super::{names::none_of, target::Secret};

/// How many tokens a publisher remembers unless its `--jwt-cache-size` says otherwise.
pub const DEFAULT_CACHE_SIZE: u64 = 10_000;

/// How long a publisher remembers a token after its end, at most: the default of its `--jwt-cache-refresh-interval`.
pub const CACHE_REFRESH: Duration = Duration::from_secs(5);

/// Where the tokens of uploads come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Tokens {
    /// Each is signed just before its request.
    Minted(Minting),
    /// They were minted elsewhere, one for each attempt.
    Listed {
        /// The file, or `-` for stdin.
        name: String,
    },
}

/// How tokens are signed, and what they claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Minting {
    /// What signs them.
    pub key: SigningKey,
    /// The algorithm of the signature.
    pub algorithm: Algorithm,
    /// Their lifetime in seconds: `exp − iat`, exactly.
    #[serde(rename = "ttl_seconds")]
    pub ttl: u64,
    /// What they claim besides `iat`, `exp` and `jti`.
    pub claims: Vec<Claim>,
    /// How many unexpired tokens a publisher remembers; when it is full, it answers uploads with 500.
    pub cache_size: u64,
}

/// What signs tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SigningKey {
    /// A shared secret, as publishers read it: `0x` and hexadecimal digits, or text.
    Secret(Secret),
    /// A private key: PKCS #8 in PEM, or base64 of its DER.
    Private(Secret),
}

/// An algorithm that signs tokens, by its name in a JWT header.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    EnumString,
    Display,
    VariantNames,
    strum::EnumIter,
)]
#[strum(parse_err_ty = String, parse_err_fn = none_of::<Algorithm>)]
#[expect(missing_docs, reason = "the names are those of RFC 7518 and RFC 8037")]
pub enum Algorithm {
    HS256,
    HS384,
    HS512,
    ES256,
    ES384,
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    EdDSA,
}

/// A claim by which a publisher restricts what a token may store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, Display, VariantNames)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", parse_err_ty = String, parse_err_fn = none_of::<Claim>)]
pub enum Claim {
    /// Exactly the blob's size.
    Size,
    /// At most the size of the run's largest blob.
    MaxSize,
    /// Exactly the run's epochs.
    Epochs,
    /// At most the run's epochs.
    MaxEpochs,
    /// The address that will own the blob.
    SendObjectTo,
}

impl Tokens {
    /// The settings of tokens that are minted here.
    pub fn minting(&self) -> Option<&Minting> {
        match self {
            Tokens::Minted(minting) => Some(minting),
            Tokens::Listed { .. } => None,
        }
    }
}

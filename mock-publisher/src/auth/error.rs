//! Why a token is refused, and the failure that the client gets.

use crate::api_error::{AUTH, ApiError, ErrorStatus};
use strum::IntoStaticStr;

/// Why a token is refused; the name of the variant is the reason that is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum TokenError {
    /// It ended more than a minute ago.
    #[error("the token has expired")]
    ExpiredSignature,
    /// Another key signed it, or it was changed.
    #[error("the signature of the token is not valid")]
    InvalidSignature,
    /// It is not a JWT, or not one that this server accepts.
    #[error("the token is not valid")]
    InvalidToken,
    /// Its lifetime is not the required one.
    #[error("the token is valid for a time that is not allowed")]
    InvalidExpiration,
    /// It allows other epochs.
    #[error("the token allows other epochs")]
    InvalidEpochs,
    /// It allows other sizes.
    #[error("the token allows other sizes")]
    InvalidSize,
    /// It is for another owner.
    #[error("the token names another send_object_to")]
    InvalidSendObjectTo,
    /// Its claims contradict each other.
    #[error("claims of the token contradict each other")]
    InconsistentToken,
    /// It was used before.
    #[error("the token was used before")]
    TokenAlreadyUsed,
    /// Its end is not a date.
    #[error("the token ends at no date")]
    InvalidTimestamp,
    /// Its end is before 1970, which the library of the real publisher does not expect.
    #[error("the token has no `exp` that is a time")]
    #[strum(serialize = "INTERNAL_ERROR")]
    NegativeExpiration,
    /// The key of the server is none of its algorithm.
    #[error("the key that verifies tokens is not valid")]
    #[strum(serialize = "INTERNAL_ERROR")]
    UnusableKey,
    /// The cache of used tokens is full.
    #[error("the cache of used tokens is full")]
    #[strum(serialize = "INTERNAL_ERROR")]
    CacheFull,
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        let status = match error {
            TokenError::ExpiredSignature => ErrorStatus::DeadlineExceeded,
            TokenError::InvalidSignature => ErrorStatus::Unauthenticated,
            TokenError::TokenAlreadyUsed => ErrorStatus::ResourceExhausted,
            TokenError::CacheFull | TokenError::NegativeExpiration | TokenError::UnusableKey => {
                ErrorStatus::Internal
            }
            TokenError::InvalidToken
            | TokenError::InvalidExpiration
            | TokenError::InvalidEpochs
            | TokenError::InvalidSize
            | TokenError::InvalidSendObjectTo
            | TokenError::InconsistentToken
            | TokenError::InvalidTimestamp => ErrorStatus::FailedPrecondition,
        };
        Self { status, domain: AUTH, reason: error.into(), message: error.to_string() }
    }
}

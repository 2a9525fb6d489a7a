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
            TokenError::CacheFull => ErrorStatus::Internal,
            _ => ErrorStatus::FailedPrecondition,
        };
        Self { status, domain: AUTH, reason: error.into(), message: error.to_string() }
    }
}

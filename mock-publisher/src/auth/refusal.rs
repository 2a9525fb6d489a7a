//! Why a token does not open the door, and how that is said.

use crate::api_error::{AUTH, ApiError, ErrorStatus};

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It ended more than a minute ago.
    Expired,
    /// Somebody else signed it, or changed it.
    InvalidSignature,
    /// It is none, or one that this server cannot read.
    InvalidToken,
    /// It is good for another time than tokens here are.
    InvalidExpiration,
    /// It allows other epochs.
    InvalidEpochs,
    /// It allows other sizes.
    InvalidSize,
    /// It is for another owner.
    InvalidSendObjectTo,
    /// It contradicts itself.
    Inconsistent,
    /// It was used before.
    AlreadyUsed,
    /// It ends at no date.
    InvalidTimestamp,
    /// There is no room to remember it.
    CacheFull,
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let (status, reason, message) = refusal.row();
        Self { status, domain: AUTH, reason, message: message.to_owned() }
    }
}

impl Refusal {
    fn row(self) -> (ErrorStatus, &'static str, &'static str) {
        let precondition = ErrorStatus::FailedPrecondition;
        match self {
            Self::Expired => (ErrorStatus::DeadlineExceeded, "EXPIRED_SIGNATURE", "the token has expired"),
            Self::InvalidSignature => {
                (ErrorStatus::Unauthenticated, "INVALID_SIGNATURE", "the signature of the token is not valid")
            }
            Self::InvalidToken => (precondition, "INVALID_TOKEN", "the token is not valid"),
            Self::InvalidExpiration => {
                (precondition, "INVALID_EXPIRATION", "the token is valid for a time that is not allowed")
            }
            Self::InvalidEpochs => (precondition, "INVALID_EPOCHS", "the token allows other epochs"),
            Self::InvalidSize => (precondition, "INVALID_SIZE", "the token allows other sizes"),
            Self::InvalidSendObjectTo => {
                (precondition, "INVALID_SEND_OBJECT_TO", "the token names another send_object_to")
            }
            Self::Inconsistent => {
                (precondition, "INCONSISTENT_TOKEN", "claims of the token contradict each other")
            }
            Self::AlreadyUsed => {
                (ErrorStatus::ResourceExhausted, "TOKEN_ALREADY_USED", "the token was used before")
            }
            Self::InvalidTimestamp => (precondition, "INVALID_TIMESTAMP", "the token ends at no date"),
            Self::CacheFull => (ErrorStatus::Internal, "INTERNAL_ERROR", "the cache of used tokens is full"),
        }
    }
}

//! Why a store ends early, and how that is said.

use crate::admission::Ticket;
use crate::api_error::ApiError;
use crate::connection::Abort;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use std::error::Error;
use std::io;

/// Why a store ends early.
pub(crate) enum Refusal {
    /// The body is larger than allowed.
    TooLarge,
    /// The body is not one.
    Garbled(axum::Error),
    /// The client went away before its body was complete.
    Left,
    /// The publisher says no.
    Failed(ApiError),
    /// The framework says no.
    Refused(Box<Response>),
}

impl From<ApiError> for Refusal {
    fn from(failure: ApiError) -> Self {
        Self::Failed(failure)
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Failed(ApiError::internal(format!("the store failed: {error}")))
    }
}

impl From<axum::Error> for Refusal {
    fn from(error: axum::Error) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
        while let Some(here) = cause {
            if here
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() != io::ErrorKind::InvalidInput)
            {
                return Self::Left;
            }
            cause = here.source();
        }
        Self::Garbled(error)
    }
}

impl Refusal {
    /// What the client hears, if anything.
    pub(crate) fn answer(self, ticket: &Ticket) -> Response {
        match self {
            Self::Left => ticket.abort(Abort::Close),
            Self::Garbled(error) => {
                (StatusCode::BAD_REQUEST, format!("Failed to buffer the request body: {error}"))
                    .into_response()
            }
            Self::TooLarge => {
                let text = "Failed to buffer the request body: length limit exceeded";
                (StatusCode::PAYLOAD_TOO_LARGE, text).into_response()
            }
            Self::Failed(failure) => failure.into_response(),
            Self::Refused(response) => *response,
        }
    }
}

//! The JSON of an error as both servers send it: a status, a code, a message for people, and a reason for programs.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The domain of the errors of a handler.
pub const DAEMON: &str = "daemon.walrus.space";
/// The domain of the errors of the publisher's check of tokens.
pub const AUTH: &str = "auth.publisher.walrus.space";

/// The canonical status of an error (google.rpc.Code, with two of Walrus's own); each stands for one HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorStatus {
    /// 400: the request is invalid whatever the state of the server.
    InvalidArgument,
    /// 400: the request is invalid in the state of the server.
    FailedPrecondition,
    /// 401: the token is missing or invalid.
    Unauthenticated,
    /// 403: the blob is larger than this server reads.
    SizeExceeded,
    /// 404.
    NotFound,
    /// 416.
    RangeNotSatisfiable,
    /// 429: the token was used before.
    ResourceExhausted,
    /// 451: the blob must not be read.
    #[strum(serialize = "UNAVAILABLE_FOR_LEGAL_REASONS")]
    Forbidden,
    /// 500.
    Internal,
    /// 503.
    Unavailable,
    /// 504.
    DeadlineExceeded,
}

impl ErrorStatus {
    fn code(self) -> StatusCode {
        match self {
            Self::InvalidArgument | Self::FailedPrecondition => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
            Self::SizeExceeded => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Forbidden => StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

/// An error, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// Its status.
    pub status: ErrorStatus,
    /// Which service failed: `DAEMON` or `AUTH`.
    pub domain: &'static str,
    /// Why, for programs.
    pub reason: &'static str,
    /// Why, for people.
    pub message: String,
}

impl ApiError {
    /// An error of the daemon.
    pub fn daemon(status: ErrorStatus, reason: &'static str, message: impl Into<String>) -> Self {
        Self { status, domain: DAEMON, reason, message: message.into() }
    }

    /// An unexpected error; the real servers send its text too.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::daemon(ErrorStatus::Internal, "INTERNAL_ERROR", message)
    }

    /// The document that is sent.
    pub fn document(&self) -> impl Serialize + use<> {
        let info = Detail::Info { reason: self.reason, domain: self.domain, metadata: Empty {} };
        let debug = Detail::Debug { stack_entries: [], detail: "TraceID: 0" };
        let details = match self.status {
            ErrorStatus::Internal => vec![info, debug],
            _ => vec![info],
        };
        let (status, code) = (self.status.into(), self.status.code().as_u16());
        Document { error: Inner { status, code, message: self.message.clone(), details } }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status.code(), Json(self.document())).into_response()
    }
}

#[derive(Serialize)]
struct Document {
    error: Inner,
}

#[derive(Serialize)]
struct Inner {
    status: &'static str,
    code: u16,
    message: String,
    details: Vec<Detail>,
}

#[derive(Serialize)]
#[serde(tag = "@type")]
enum Detail {
    #[serde(rename = "ErrorInfo")]
    Info { reason: &'static str, domain: &'static str, metadata: Empty },
    #[serde(rename = "DebugInfo")]
    Debug {
        #[serde(rename = "stackEntries")]
        stack_entries: [(); 0],
        detail: &'static str,
    },
}

#[derive(Serialize)]
struct Empty {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_have_their_names() {
        use ErrorStatus::*;
        let names = [InvalidArgument, SizeExceeded, RangeNotSatisfiable, Forbidden, DeadlineExceeded];
        assert_eq!(
            names.map(<&str>::from),
            [
                "INVALID_ARGUMENT",
                "SIZE_EXCEEDED",
                "RANGE_NOT_SATISFIABLE",
                "UNAVAILABLE_FOR_LEGAL_REASONS",
                "DEADLINE_EXCEEDED"
            ]
        );
    }

    #[test]
    fn keys_are_in_the_order_that_real_servers_send() {
        let error = ApiError::daemon(ErrorStatus::NotFound, "BLOB_NOT_FOUND", "no such blob");
        assert_eq!(
            serde_json::to_string(&error.document()).unwrap(),
            r#"{"error":{"status":"NOT_FOUND","code":404,"message":"no such blob","details":[{"@type":"ErrorInfo","reason":"BLOB_NOT_FOUND","domain":"daemon.walrus.space","metadata":{}}]}}"#
        );
        assert_eq!(
            serde_json::to_string(&ApiError::internal("oh").document()).unwrap(),
            r#"{"error":{"status":"INTERNAL","code":500,"message":"oh","details":[{"@type":"ErrorInfo","reason":"INTERNAL_ERROR","domain":"daemon.walrus.space","metadata":{}},{"@type":"DebugInfo","stackEntries":[],"detail":"TraceID: 0"}]}}"#
        );
    }
}

//! The JSON of a failure, as both servers write it: a status, a code, a message for people, and a reason for programs.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The service that failed; every failure of a handler names this one.
pub const DAEMON: &str = "daemon.walrus.space";
/// The part of the publisher that looks at tokens.
pub const AUTH: &str = "auth.publisher.walrus.space";

/// The kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorStatus {
    /// 400: the request makes no sense.
    InvalidArgument,
    /// 400: the request makes no sense now.
    FailedPrecondition,
    /// 401: the token is not to be trusted.
    Unauthenticated,
    /// 403: the blob is larger than this server reads.
    SizeExceeded,
    /// 404.
    NotFound,
    /// 416.
    RangeNotSatisfiable,
    /// 429: the token is spent.
    ResourceExhausted,
    /// 451: the blob must not be read.
    Forbidden,
    /// 500.
    Internal,
    /// 503.
    Unavailable,
    /// 504.
    DeadlineExceeded,
}

impl ErrorStatus {
    fn row(self) -> (&'static str, StatusCode) {
        match self {
            Self::InvalidArgument => ("INVALID_ARGUMENT", StatusCode::BAD_REQUEST),
            Self::FailedPrecondition => ("FAILED_PRECONDITION", StatusCode::BAD_REQUEST),
            Self::Unauthenticated => ("UNAUTHENTICATED", StatusCode::UNAUTHORIZED),
            Self::ResourceExhausted => ("RESOURCE_EXHAUSTED", StatusCode::TOO_MANY_REQUESTS),
            Self::SizeExceeded => ("SIZE_EXCEEDED", StatusCode::FORBIDDEN),
            Self::NotFound => ("NOT_FOUND", StatusCode::NOT_FOUND),
            Self::RangeNotSatisfiable => ("RANGE_NOT_SATISFIABLE", StatusCode::RANGE_NOT_SATISFIABLE),
            Self::Forbidden => ("UNAVAILABLE_FOR_LEGAL_REASONS", StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS),
            Self::Internal => ("INTERNAL", StatusCode::INTERNAL_SERVER_ERROR),
            Self::Unavailable => ("UNAVAILABLE", StatusCode::SERVICE_UNAVAILABLE),
            Self::DeadlineExceeded => ("DEADLINE_EXCEEDED", StatusCode::GATEWAY_TIMEOUT),
        }
    }
}

/// A failure, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// Its kind.
    pub status: ErrorStatus,
    /// Who failed: `DAEMON` or `AUTH`.
    pub domain: &'static str,
    /// Why, for programs.
    pub reason: &'static str,
    /// Why, for people.
    pub message: String,
}

impl ApiError {
    /// A failure of the daemon.
    pub fn daemon(status: ErrorStatus, reason: &'static str, message: impl Into<String>) -> Self {
        Self { status, domain: DAEMON, reason, message: message.into() }
    }

    /// A failure that nobody planned for: the real servers let its text out too.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::daemon(ErrorStatus::Internal, "INTERNAL_ERROR", message)
    }

    /// The document that is sent.
    pub fn document(&self) -> impl Serialize + use<> {
        let (status, code) = self.status.row();
        let info = Detail::Info { reason: self.reason, domain: self.domain, metadata: Empty {} };
        let debug = Detail::Debug { stack_entries: [], detail: "TraceID: 0" };
        let details = match self.status {
            ErrorStatus::Internal => vec![info, debug],
            _ => vec![info],
        };
        Document { error: Inner { status, code: code.as_u16(), message: self.message.clone(), details } }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status.row().1, Json(self.document())).into_response()
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
    fn keys_stand_in_the_order_of_the_wire() {
        let failure = ApiError::daemon(ErrorStatus::NotFound, "BLOB_NOT_FOUND", "no such blob");
        assert_eq!(
            serde_json::to_string(&failure.document()).unwrap(),
            r#"{"error":{"status":"NOT_FOUND","code":404,"message":"no such blob","details":[{"@type":"ErrorInfo","reason":"BLOB_NOT_FOUND","domain":"daemon.walrus.space","metadata":{}}]}}"#
        );
        assert_eq!(
            serde_json::to_string(&ApiError::internal("oh").document()).unwrap(),
            r#"{"error":{"status":"INTERNAL","code":500,"message":"oh","details":[{"@type":"ErrorInfo","reason":"INTERNAL_ERROR","domain":"daemon.walrus.space","metadata":{}},{"@type":"DebugInfo","stackEntries":[],"detail":"TraceID: 0"}]}}"#
        );
    }
}

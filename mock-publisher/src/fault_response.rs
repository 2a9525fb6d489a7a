//! The answers of faults: what a server, a proxy or a CDN sends instead of the right answer.

use crate::api_error::{ApiError, ErrorStatus};
use crate::fault::{Fault, Role};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The answer of a fault, if it has one of its own.
#[must_use]
pub(crate) fn of(fault: Fault, role: Role) -> Option<Response> {
    let json = |status, reason, message| ApiError::daemon(status, reason, message).into_response();
    let nginx = |status, title| page(status, title, "nginx");
    let cloudflare = |status, title| page(status, title, "cloudflare");
    Some(match (fault, role) {
        (Fault::Internal, _) => ApiError::internal("the mock was asked to fail").into_response(),
        (Fault::InsufficientFunds, _) => {
            ApiError::internal("could not find WAL coins with sufficient balance").into_response()
        }
        (Fault::Unavailable, Role::Publisher) => nginx(503, "Service Unavailable"),
        (Fault::Unavailable, _) => {
            json(ErrorStatus::Unavailable, "BLOB_UNAVAILABLE", "the blob cannot be read at the moment")
        }
        (Fault::Timeout, Role::Publisher) => {
            let message = "too few storage nodes confirmed the blob";
            json(ErrorStatus::DeadlineExceeded, "INSUFFICIENT_CONFIRMATIONS", message)
        }
        (Fault::Timeout | Fault::GatewayTimeout, _) => nginx(504, "Gateway Timeout"),
        (Fault::BlobTooLarge, _) => {
            json(ErrorStatus::SizeExceeded, "BLOB_TOO_LARGE", "the blob is larger than this server reads")
        }
        (Fault::NotFound, _) => {
            json(ErrorStatus::NotFound, "BLOB_NOT_FOUND", "the mock was asked not to find it")
        }
        (Fault::Blocked, _) => json(ErrorStatus::Forbidden, "FORBIDDEN_BLOB", "the blob must not be read"),
        (Fault::PayloadTooLarge, _) => {
            let text = "Failed to buffer the request body: length limit exceeded";
            (StatusCode::PAYLOAD_TOO_LARGE, text).into_response()
        }
        (Fault::BadGateway, _) => nginx(502, "Bad Gateway"),
        (Fault::UnknownError, _) => cloudflare(520, "Web Server Returned an Unknown Error"),
        (Fault::OriginDown, _) => cloudflare(521, "Web Server Is Down"),
        (Fault::ConnectionTimedOut, _) => cloudflare(522, "Connection Timed Out"),
        (Fault::OriginUnreachable, _) => cloudflare(523, "Origin Is Unreachable"),
        (Fault::OriginTimeout, _) => cloudflare(524, "A Timeout Occurred"),
        (
            Fault::Shed
            | Fault::NotYet
            | Fault::Reset
            | Fault::Truncate
            | Fault::Corrupt
            | Fault::MalformedJson
            | Fault::ErrorObject
            | Fault::Drip
            | Fault::Hang,
            _,
        ) => return None,
    })
}

/// The HTML page that a proxy or a CDN sends instead of an answer.
#[must_use]
pub fn page(status: u16, title: &str, software: &str) -> Response {
    let html = format!(
        "<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n<center><h1>{status} {title}</h1>\
         </center>\r\n<hr><center>{software}</center>\r\n</body>\r\n</html>\r\n"
    );
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    (status, [(header::CONTENT_TYPE, "text/html")], html).into_response()
}

/// The answer of a full server, sent without reading the body.
#[must_use]
pub(crate) fn too_many_requests(role: Role) -> Response {
    let text = format!("the {role} is receiving too many requests; please try again later");
    (StatusCode::TOO_MANY_REQUESTS, text).into_response()
}

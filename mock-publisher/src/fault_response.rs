//! The answers of bad weather: what a server, a proxy or a delivery network says in place of the right answer.

use crate::api_error::{ApiError, ErrorStatus};
use crate::fault::{Fault, Role};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// The error that this fault is, if it is one that has an answer of its own.
#[must_use]
pub(crate) fn error(fault: Fault, role: Role) -> Option<Response> {
    let page = |status, title, who| Some(page(status, title, who));
    match (fault, role) {
        (Fault::Unavailable, Role::Publisher) => page(503, "Service Unavailable", "nginx"),
        (Fault::Timeout, Role::Aggregator) | (Fault::GatewayTimeout, _) => {
            page(504, "Gateway Timeout", "nginx")
        }
        (Fault::BadGateway, _) => page(502, "Bad Gateway", "nginx"),
        (Fault::Strange, _) => page(520, "Web Server Returned an Unknown Error", "cloudflare"),
        (Fault::Down, _) => page(521, "Web Server Is Down", "cloudflare"),
        (Fault::Unreachable, _) => page(522, "Connection Timed Out", "cloudflare"),
        (Fault::NoRoute, _) => page(523, "Origin Is Unreachable", "cloudflare"),
        (Fault::TooLong, _) => page(524, "A Timeout Occurred", "cloudflare"),
        (Fault::TooLarge, _) => {
            let text = "Failed to buffer the request body: length limit exceeded";
            Some((StatusCode::PAYLOAD_TOO_LARGE, text).into_response())
        }
        _ => failure(fault, role).map(IntoResponse::into_response),
    }
}

/// The error as JSON, if it is that.
fn failure(fault: Fault, role: Role) -> Option<ApiError> {
    let json = |status, reason, message| Some(ApiError::daemon(status, reason, message));
    match (fault, role) {
        (Fault::Internal, _) => json(ErrorStatus::Internal, "INTERNAL_ERROR", "the mock was asked to fail"),
        (Fault::Funds, _) => {
            json(ErrorStatus::Internal, "INTERNAL_ERROR", "could not find WAL coins with sufficient balance")
        }
        (Fault::Unavailable, Role::Aggregator) => {
            json(ErrorStatus::Unavailable, "BLOB_UNAVAILABLE", "the blob cannot be read at the moment")
        }
        (Fault::Timeout, Role::Publisher) => json(
            ErrorStatus::DeadlineExceeded,
            "INSUFFICIENT_CONFIRMATIONS",
            "too few storage nodes confirmed the blob",
        ),
        (Fault::TooLargeToRead, _) => {
            json(ErrorStatus::SizeExceeded, "BLOB_TOO_LARGE", "the blob is larger than this server reads")
        }
        (Fault::NotFound, _) => {
            json(ErrorStatus::NotFound, "BLOB_NOT_FOUND", "the mock was asked not to find it")
        }
        (Fault::Legal, _) => json(ErrorStatus::Forbidden, "FORBIDDEN_BLOB", "the blob must not be read"),
        _ => None,
    }
}

/// What somebody in front of a server says when the server does not.
fn page(status: u16, title: &str, who: &str) -> Response {
    let html = format!(
        "<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n<center><h1>{status} {title}</h1>\
         </center>\r\n<hr><center>{who}</center>\r\n</body>\r\n</html>\r\n"
    );
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    (status, [(header::CONTENT_TYPE, "text/html")], html).into_response()
}

/// What a full server says, at once and without reading the body.
#[must_use]
pub(crate) fn too_many_requests(role: Role) -> Response {
    let text = format!("the {role} is receiving too many requests; please try again later");
    (StatusCode::TOO_MANY_REQUESTS, text).into_response()
}

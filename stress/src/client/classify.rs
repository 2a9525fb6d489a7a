//! Decides the failure class of every failed exchange: from the response, or from the error that prevented one.

use std::{error::Error as StdError, io, time::Duration};

use super::{
    http1::ResponseError,
    resolver,
    response::Response,
    text::{chain, one_line},
    walrus_json::{self, Refusal, StoreResponse},
};
use crate::sample::{ExchangePhase, ExchangeRecord, Failure, FailureClass, Stored};

/// The domain of Walrus' reasons that have to do with a token.
const AUTH_DOMAIN: &str = "auth.publisher.walrus.space";

/// A publisher's plain-text responses to an `Authorization` header that it cannot use.
const AUTH_TEXTS: [&str; 2] =
    ["Header of type `authorization` was missing", "invalid HTTP header (authorization)"];

/// The result of an upload with this complete response.
///
/// # Errors
/// The failure, when nothing was stored or the response is malformed.
pub(super) fn store(response: &Response) -> Result<Stored, Failure> {
    if !response.is_success() {
        return Err(refused(response));
    }
    let malformed = |message: String| failure(FailureClass::Malformed, response, None, &message);
    match walrus_json::store_response(&response.body) {
        Some(StoreResponse::Stored(stored)) => Ok(stored),
        Some(StoreResponse::Error(refusal)) => {
            let message = refusal.message.clone().unwrap_or_else(|| excerpt(response));
            Err(failure(FailureClass::ErrorObject, response, Some(refusal), &message))
        }
        Some(StoreResponse::Unexpected(what)) => {
            Err(malformed(format!("not a publisher's response: {what}")))
        }
        None if response.is_html() => Err(page(response)),
        None if response.is_coded() => Err(encoded(response)),
        None if response.body.is_empty() => Err(malformed("the response is empty".to_owned())),
        None => Err(malformed(format!("the response is not a JSON object: {}", excerpt(response)))),
    }
}

/// The failure of a download without a blob or of an upload without a 2xx status.
pub(super) fn refused(response: &Response) -> Failure {
    let refusal = walrus_json::refusal(&response.body);
    let class = match &refusal {
        Some(refusal) => class_of_refusal(response.status, refusal),
        None => class_of_status(response),
    };
    let message = match class {
        FailureClass::Redirect => {
            format!("redirects are not followed; it points to {}", response.redirect_target())
        }
        FailureClass::Gateway => return page(response),
        _ if (100..300).contains(&response.status) => "an unexpected status for this request".to_owned(),
        _ => {
            refusal.as_ref().and_then(|refusal| refusal.message.clone()).unwrap_or_else(|| excerpt(response))
        }
    };
    failure(class, response, refusal, &message)
}

fn class_of_refusal(status: u16, refusal: &Refusal) -> FailureClass {
    let reason = refusal.reason.as_deref();
    match status {
        _ if reason == Some("TOKEN_ALREADY_USED") => FailureClass::TokenUsed,
        _ if refusal.domain.as_deref() == Some(AUTH_DOMAIN) => FailureClass::Auth,
        403 if reason == Some("BLOB_TOO_LARGE") || refusal.status.as_deref() == Some("SIZE_EXCEEDED") => {
            FailureClass::TooLarge
        }
        _ => class_of_code(status),
    }
}

fn class_of_status(response: &Response) -> FailureClass {
    let body = response.body.trim_ascii();
    match response.status {
        400 if AUTH_TEXTS.iter().any(|text| text.as_bytes() == body) => FailureClass::Auth,
        401 | 413 | 429 => class_of_code(response.status),
        502 | 520..=530 => FailureClass::Gateway,
        500..=599 if response.is_html() => FailureClass::Gateway,
        status => class_of_code(status),
    }
}

fn class_of_code(status: u16) -> FailureClass {
    match status {
        300..=303 | 305..=399 => FailureClass::Redirect,
        401 => FailureClass::Auth,
        403 => FailureClass::Forbidden,
        404 => FailureClass::NotFound,
        408 => FailureClass::RequestTimeout,
        413 => FailureClass::TooLarge,
        425 => FailureClass::TooEarly,
        429 => FailureClass::Shed,
        451 => FailureClass::Legal,
        400..=499 => FailureClass::BadRequest,
        503 => FailureClass::Unavailable,
        500..=599 => FailureClass::ServerError,
        // Unexpected 1xx and 2xx, 304 to an unconditional request, and undefined codes.
        _ => FailureClass::Malformed,
    }
}

/// The failure of a response that comes from a proxy or load balancer in between.
pub(super) fn page(response: &Response) -> Failure {
    let title = if response.is_html() { response.title() } else { None };
    let text = title.unwrap_or_else(|| excerpt(response));
    failure(FailureClass::Gateway, response, None, &format!("something in between answered: {text}"))
}

/// The failure of a response whose bytes are coded.
pub(super) fn encoded(response: &Response) -> Failure {
    let message = format!(
        "the response is coded ({}), so that its bytes cannot be compared: switch compression off in the proxy that does \
         it, and give no Accept-Encoding of your own",
        one_line(&response.codings)
    );
    failure(FailureClass::Encoded, response, None, &message)
}

/// The failure of a publisher's answer that is longer than any can be.
pub(super) fn too_long_an_answer(response: &Response, limit: usize) -> Failure {
    let message = format!("the answer is longer than the {} KiB that a publisher's can have", limit / 1024);
    failure(FailureClass::Malformed, response, None, &message)
}

/// The finding of a download whose announced length is not the blob's.
pub(super) fn wrong_length(expected: u64, announced: u64) -> Failure {
    let class = if announced < expected { FailureClass::Truncated } else { FailureClass::TooLong };
    Failure::new(class, format!("the response announces {announced} bytes, the blob has {expected}"))
}

/// The failure of an upload whose success came before the whole blob was sent: the server cannot have stored it.
pub(super) fn early_success(response_status: Option<u16>, sent: u64, size: u64) -> Failure {
    let message = format!("the server answered a success after {sent} of the blob's {size} bytes");
    Failure { status: response_status, ..Failure::new(FailureClass::EarlySuccess, message) }
}

fn failure(class: FailureClass, response: &Response, refusal: Option<Refusal>, message: &str) -> Failure {
    let reason = refusal.and_then(|refusal| refusal.reason).map(|reason| one_line(&reason));
    Failure { class, status: Some(response.status), reason, message: one_line(message) }
}

/// The beginning of the body as one line, or the meaning of the status.
fn excerpt(response: &Response) -> String {
    let text = if response.is_coded() {
        String::new()
    } else if response.is_html() {
        response.title().unwrap_or_else(|| "a page without a title".to_owned())
    } else {
        one_line(&String::from_utf8_lossy(&response.body))
    };
    if !text.is_empty() {
        return text;
    }
    let phrase =
        http::StatusCode::from_u16(response.status).ok().and_then(|status| status.canonical_reason());
    phrase.unwrap_or("no explanation").to_owned()
}

/// The failure of a download of something that cannot be a blob ID.
pub(super) fn not_an_id(id: &str) -> Failure {
    Failure::new(
        FailureClass::BadRequest,
        one_line(&format!("`{id}` is not a blob ID; nothing was requested")),
    )
}

/// The failure of a name resolution.
pub(super) fn unresolved(host: &str, error: Option<&io::Error>) -> Failure {
    let why = error.map_or_else(|| "it has no address".to_owned(), |error| chain(error));
    let hint = resolver::proxy_hint(resolver::proxy_variable());
    Failure::new(FailureClass::Dns, one_line(&format!("cannot resolve {host}: {why}{hint}")))
}

/// The failure to open a TCP connection.
pub(super) fn unconnected(address: &str, error: &io::Error) -> Failure {
    let class = match error.kind() {
        io::ErrorKind::TimedOut => FailureClass::ConnectTimeout,
        _ => FailureClass::Refused,
    };
    let hint = match error.kind() {
        io::ErrorKind::AddrNotAvailable => " (this machine has no free port left for it)",
        _ => "",
    };
    Failure::new(class, one_line(&format!("cannot connect to {address}: {}{hint}", chain(error))))
}

/// The failure of a TLS handshake.
pub(super) fn untrusted(address: &str, error: &io::Error) -> Failure {
    let why = match error.kind() {
        io::ErrorKind::UnexpectedEof => "the server closed the connection; does it speak TLS?".to_owned(),
        _ => chain(error),
    };
    let hint = match tls_error(error) {
        Some(rustls::Error::InvalidCertificate(_)) => {
            " (--cacert names further roots, --insecure checks nothing)"
        }
        Some(rustls::Error::InvalidMessage(_)) => " (does the server speak TLS? try http://)",
        _ => "",
    };
    Failure::new(FailureClass::Tls, one_line(&format!("TLS handshake with {address} failed: {why}{hint}")))
}

/// The failure of a connection that took longer than the connect timeout.
pub(super) fn connect_timeout(phase: ExchangePhase, address: &str, limit: Duration) -> Failure {
    let message = format!("no connection to {address} within {limit:?}, while {}", doing(phase));
    Failure::new(FailureClass::ConnectTimeout, one_line(&message))
}

/// The failure of an exchange that took longer than its timeout.
pub(super) fn timeout(record: &ExchangeRecord, limit: Duration) -> Failure {
    let so_far = match record.phase {
        ExchangePhase::Receiving => format!("; {} bytes had arrived", record.bytes_received),
        _ => String::new(),
    };
    let message = format!("not done after {limit:?}, while {}{so_far}", doing(record.phase));
    Failure { status: record.status, ..Failure::new(FailureClass::Timeout, message) }
}

fn doing(phase: ExchangePhase) -> &'static str {
    match phase {
        ExchangePhase::Lookup => "connecting (looking up the name)",
        ExchangePhase::Tcp => "connecting (TCP)",
        ExchangePhase::Tls => "connecting (TLS)",
        ExchangePhase::NotStarted | ExchangePhase::Sending => "sending the request",
        ExchangePhase::Waiting => "waiting for the response",
        ExchangePhase::Receiving => "receiving the response",
    }
}

/// The failure of a connection that broke before the response head. `write_error` is the write that failed before, if one
/// did; `reused` says that the connection had served before.
pub(super) fn broken(error: &ResponseError, write_error: Option<&io::Error>, reused: bool) -> Failure {
    if let ResponseError::Malformed(what) = error {
        let message = format!("the response is not HTTP/1 that can be read: {what}");
        return Failure::new(FailureClass::Malformed, one_line(&message));
    }
    let class = class_of_break(error);
    let on = if reused { "the kept-open connection" } else { "the connection" };
    let why = match write_error {
        Some(error) => format!("while the request was sent: {}", chain(error)),
        None => chain(error),
    };
    Failure::new(class, one_line(&format!("{on} broke before a response: {why}")))
}

/// The failure of a connection that broke within a response body. A download that ends early is [`FailureClass::Truncated`].
pub(super) fn cut(status: u16, error: &ResponseError, received: u64, expected: Option<u64>) -> Failure {
    let class = match class_of_break(error) {
        // An orderly close before the announced end; only a broken connection is a reset.
        FailureClass::Reset if ended_quietly(error) => FailureClass::Truncated,
        class => class,
    };
    let of = expected.map(|expected| format!(" of {expected}")).unwrap_or_default();
    let message = format!("the response broke off after {received}{of} bytes: {}", chain(error));
    Failure { status: Some(status), ..Failure::new(class, one_line(&message)) }
}

fn class_of_break(error: &ResponseError) -> FailureClass {
    match error {
        ResponseError::Malformed(_) => FailureClass::Malformed,
        ResponseError::Io(error) if tls_error(error).is_some() => FailureClass::Tls,
        ResponseError::Io(_) | ResponseError::Closed => FailureClass::Reset,
    }
}

/// Whether the peer closed in an orderly way, as opposed to a reset.
fn ended_quietly(error: &ResponseError) -> bool {
    match error {
        ResponseError::Closed => true,
        // A close without the close_notify of TLS.
        ResponseError::Io(error) => error.kind() == io::ErrorKind::UnexpectedEof,
        ResponseError::Malformed(_) => false,
    }
}

fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    // `io::Error::source` skips the error that it wraps, which only `get_ref` gives.
    causes(error).find_map(|error| {
        error.downcast_ref().or_else(|| error.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref())
    })
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

#[cfg(test)]
#[path = "classify_tests.rs"]
mod tests;

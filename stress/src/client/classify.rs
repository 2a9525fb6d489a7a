//! The only place where a failure's class is decided: from an response, or from what broke.

use std::{error::Error as StdError, io, time::Duration};

use super::{
    http1::ResponseError,
    response::Response,
    text::{chain, one_line},
    walrus_json::{self, Refusal, StoreResponse},
};
use crate::{
    blob::Mismatch,
    sample::{ExchangePhase, ExchangeRecord, Failure, FailureClass, Stored},
};

/// The domain of Walrus' reasons that have to do with a token.
const AUTH_DOMAIN: &str = "auth.publisher.walrus.space";

/// How a publisher says, as plain text, that it cannot use the `Authorization` header.
const AUTH_TEXTS: [&str; 2] =
    ["Header of type `authorization` was missing", "invalid HTTP header (authorization)"];

/// What an answer to a store came to.
///
/// # Errors
/// The failure, when nothing was stored or the answer makes no sense.
pub(super) fn store(response: &Response) -> Result<Stored, Failure> {
    if !(200..300).contains(&response.status) {
        return Err(refused(response));
    }
    let malformed = |message: String| failure(FailureClass::Malformed, response, None, &message);
    match walrus_json::store_response(&response.body) {
        Some(StoreResponse::Stored(stored)) => Ok(stored),
        Some(StoreResponse::Error(refusal)) => {
            let message = refusal.message.clone().unwrap_or_else(|| excerpt(response));
            Err(failure(FailureClass::ErrorObject, response, Some(refusal), &message))
        }
        Some(StoreResponse::Strange(what)) => Err(malformed(format!("not a publisher's answer: {what}"))),
        None if response.is_html() => Err(page(response)),
        None if response.body.is_empty() => Err(malformed("the answer is empty".to_owned())),
        None => Err(malformed(format!("the answer is not a JSON object: {}", excerpt(response)))),
    }
}

/// Why a read was not answered with a blob, or a store not with success.
pub(super) fn refused(response: &Response) -> Failure {
    let refusal = walrus_json::refusal(&response.body);
    let class = match &refusal {
        Some(refusal) => class_of_refusal(response.status, refusal),
        None => class_of_status(response),
    };
    let message = match class {
        FailureClass::Redirect => {
            let location = Some(&*response.location).filter(|location| !location.is_empty());
            format!("redirects are not followed; it points to {}", location.unwrap_or("an unnamed place"))
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
        400.. if response.is_html() => FailureClass::Gateway,
        status => class_of_code(status),
    }
}

fn class_of_code(status: u16) -> FailureClass {
    match status {
        300..=303 | 305..=399 => FailureClass::Redirect,
        401 => FailureClass::Auth,
        403 => FailureClass::Forbidden,
        404 => FailureClass::NotFound,
        413 => FailureClass::TooLarge,
        429 => FailureClass::Shed,
        451 => FailureClass::Legal,
        400..=499 => FailureClass::BadRequest,
        503 => FailureClass::Unavailable,
        500..=599 => FailureClass::ServerError,
        // 1xx and 2xx that nobody asked for, 304 without a condition, and numbers that mean nothing.
        _ => FailureClass::Malformed,
    }
}

/// A page, or a code, that comes from something in between.
pub(super) fn page(response: &Response) -> Failure {
    let said = if response.is_html() { response.title() } else { None };
    let said = said.unwrap_or_else(|| excerpt(response));
    failure(FailureClass::Gateway, response, None, &format!("something in between answered: {said}"))
}

/// The announced length of a download is not the blob's.
pub(super) fn wrong_length(response: &Response, expected: u64, announced: u64) -> Failure {
    if response.is_html() {
        return page(response);
    }
    let class = if announced < expected { FailureClass::Truncated } else { FailureClass::TooLong };
    let message = format!("the answer announces {announced} bytes, the blob has {expected}");
    failure(class, response, None, &message)
}

/// The download is not what was uploaded.
pub(super) fn mismatch(response: &Response, mismatch: Mismatch) -> Failure {
    if response.is_html() {
        return page(response);
    }
    Failure { status: Some(response.status), ..mismatch.into() }
}

fn failure(class: FailureClass, response: &Response, refusal: Option<Refusal>, message: &str) -> Failure {
    let reason = refusal.and_then(|refusal| refusal.reason).map(|reason| one_line(&reason));
    Failure { class, status: Some(response.status), reason, message: one_line(message) }
}

/// What the answer says for itself, or what its status means.
fn excerpt(response: &Response) -> String {
    let start = &response.body[..response.body.len().min(2048)];
    let said = if response.is_html() {
        response.title().unwrap_or_else(|| "a page without a title".to_owned())
    } else {
        one_line(&String::from_utf8_lossy(start))
    };
    if !said.is_empty() {
        return said;
    }
    let phrase =
        hyper::StatusCode::from_u16(response.status).ok().and_then(|status| status.canonical_reason());
    phrase.unwrap_or("no explanation").to_owned()
}

/// The blob's ID cannot be asked for.
pub(super) fn not_an_id(id: &str) -> Failure {
    Failure::new(FailureClass::BadRequest, one_line(&format!("`{id}` is not a blob ID; nothing was asked")))
}

/// The host's name did not resolve.
pub(super) fn unresolved(host: &str, error: Option<&io::Error>) -> Failure {
    let why = error.map_or_else(|| "it has no address".to_owned(), |error| chain(error));
    Failure::new(FailureClass::Dns, one_line(&format!("cannot resolve {host}: {why}")))
}

/// No TCP connection came about.
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

/// The TLS handshake failed.
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

/// No connection within the connect timeout.
pub(super) fn connect_timeout(phase: ExchangePhase, address: &str, limit: Duration) -> Failure {
    let message = format!("no connection to {address} within {limit:?}, while {}", doing(phase));
    Failure::new(FailureClass::ConnectTimeout, one_line(&message))
}

/// No complete response within the timeout.
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

/// The connection broke before the response head. `write_error` is the write that failed before, if one did; `reused` says
/// that the connection had served before.
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

/// The connection broke inside an answer's body. A download that ends early is [`FailureClass::Truncated`].
pub(super) fn cut(status: u16, error: &ResponseError, received: u64, expected: Option<u64>) -> Failure {
    let class = match class_of_break(error) {
        // The head has promised more than came; only the connection's breaking is a reset.
        FailureClass::Reset if ended_quietly(error) => FailureClass::Truncated,
        class => class,
    };
    let of = expected.map(|expected| format!(" of {expected}")).unwrap_or_default();
    let message = format!("the answer broke off after {received}{of} bytes: {}", chain(error));
    Failure { status: Some(status), ..Failure::new(class, one_line(&message)) }
}

fn class_of_break(error: &ResponseError) -> FailureClass {
    match error {
        ResponseError::Malformed(_) => FailureClass::Malformed,
        ResponseError::Io(error) if tls_error(error).is_some() => FailureClass::Tls,
        ResponseError::Io(_) | ResponseError::Closed => FailureClass::Reset,
    }
}

/// Whether the peer just stopped, as opposed to a reset.
fn ended_quietly(error: &ResponseError) -> bool {
    match error {
        ResponseError::Closed => true,
        // Closed without TLS' own goodbye.
        ResponseError::Io(error) => error.kind() == io::ErrorKind::UnexpectedEof,
        ResponseError::Malformed(_) => false,
    }
}

fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    // An io::Error shows the error within it, not itself, as its cause only one level down.
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

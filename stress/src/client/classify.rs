//! The only place where a failure's class is decided: from an answer, or from what broke.

use std::{error::Error as StdError, io, time::Duration};

use super::{
    course::Part,
    http1::Break,
    text::{chain, is_html, one_line, title},
    wire::{self, Refusal, StoreAnswer},
};
use crate::{
    blob::Mismatch,
    sample::{Failure, FailureClass, Stored},
};

/// The domain of Walrus' reasons that have to do with a token.
const AUTH_DOMAIN: &str = "auth.publisher.walrus.space";

/// How a publisher says, as plain text, that it cannot use the `Authorization` header.
const AUTH_TEXTS: [&str; 2] =
    ["Header of type `authorization` was missing", "invalid HTTP header (authorization)"];

/// What the classification of an answer depends on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) content_type: Option<&'a str>,
    pub(super) location: Option<&'a str>,
    pub(super) body: &'a [u8],
}

/// What an answer to a store came to.
///
/// # Errors
/// The failure, when nothing was stored or the answer makes no sense.
pub(super) fn store(answer: &Answer<'_>) -> Result<Stored, Failure> {
    if !(200..300).contains(&answer.status) {
        return Err(refused(answer));
    }
    let malformed = |message: String| failure(FailureClass::Malformed, answer, None, &message);
    match wire::store_answer(answer.body) {
        Some(StoreAnswer::Stored(stored)) => Ok(stored),
        Some(StoreAnswer::Error(refusal)) => {
            let message = refusal.message.clone().unwrap_or_else(|| excerpt(answer));
            Err(failure(FailureClass::ErrorObject, answer, Some(refusal), &message))
        }
        Some(StoreAnswer::Strange(what)) => Err(malformed(format!("not a publisher's answer: {what}"))),
        None if is_html(answer.content_type, answer.body) => Err(page(answer)),
        None if answer.body.is_empty() => Err(malformed("the answer is empty".to_owned())),
        None => Err(malformed(format!("the answer is not a JSON object: {}", excerpt(answer)))),
    }
}

/// Why a read was not answered with a blob, or a store not with success.
pub(super) fn refused(answer: &Answer<'_>) -> Failure {
    let refusal = wire::refusal(answer.body);
    let class = match &refusal {
        Some(refusal) => class_of_refusal(answer.status, refusal),
        None => class_of_status(answer),
    };
    let message = match class {
        FailureClass::Redirect => {
            let location = answer.location.unwrap_or("an unnamed place");
            format!("redirects are not followed; it points to {location}")
        }
        FailureClass::Gateway => return page(answer),
        _ if (100..300).contains(&answer.status) => "an unexpected status for this request".to_owned(),
        _ => refusal.as_ref().and_then(|refusal| refusal.message.clone()).unwrap_or_else(|| excerpt(answer)),
    };
    failure(class, answer, refusal, &message)
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

fn class_of_status(answer: &Answer<'_>) -> FailureClass {
    let body = answer.body.trim_ascii();
    match answer.status {
        400 if AUTH_TEXTS.iter().any(|text| text.as_bytes() == body) => FailureClass::Auth,
        401 | 413 | 429 => class_of_code(answer.status),
        502 | 520..=530 => FailureClass::Gateway,
        400.. if is_html(answer.content_type, body) => FailureClass::Gateway,
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
pub(super) fn page(answer: &Answer<'_>) -> Failure {
    let said = if is_html(answer.content_type, answer.body) { title(answer.body) } else { None };
    let said = said.unwrap_or_else(|| excerpt(answer));
    failure(FailureClass::Gateway, answer, None, &format!("something in between answered: {said}"))
}

/// The announced length of a download is not the blob's.
pub(super) fn wrong_length(answer: &Answer<'_>, expected: u64, announced: u64) -> Failure {
    if is_html(answer.content_type, answer.body) {
        return page(answer);
    }
    let class = if announced < expected { FailureClass::Truncated } else { FailureClass::TooLong };
    let message = format!("the answer announces {announced} bytes, the blob has {expected}");
    failure(class, answer, None, &message)
}

/// The download is not what was uploaded.
pub(super) fn mismatch(answer: &Answer<'_>, mismatch: Mismatch) -> Failure {
    if is_html(answer.content_type, answer.body) {
        return page(answer);
    }
    Failure { status: Some(answer.status), ..mismatch.into() }
}

fn failure(class: FailureClass, answer: &Answer<'_>, refusal: Option<Refusal>, message: &str) -> Failure {
    let reason = refusal.and_then(|refusal| refusal.reason).map(|reason| one_line(&reason));
    Failure { class, status: Some(answer.status), reason, message: one_line(message) }
}

/// What the answer says for itself, or what its status means.
fn excerpt(answer: &Answer<'_>) -> String {
    let start = &answer.body[..answer.body.len().min(2048)];
    let said = if is_html(answer.content_type, answer.body) {
        title(answer.body).unwrap_or_else(|| "a page without a title".to_owned())
    } else {
        one_line(&String::from_utf8_lossy(start))
    };
    if !said.is_empty() {
        return said;
    }
    let phrase = hyper::StatusCode::from_u16(answer.status).ok().and_then(|status| status.canonical_reason());
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
pub(super) fn connect_timeout(part: Part, address: &str, limit: Duration) -> Failure {
    let message = format!("no connection to {address} within {limit:?}, while {}", part.doing());
    Failure::new(FailureClass::ConnectTimeout, one_line(&message))
}

/// No whole answer within the timeout.
pub(super) fn timeout(part: Part, limit: Duration, status: Option<u16>, received: u64) -> Failure {
    let so_far = if part == Part::Receiving { format!("; {received} bytes had come") } else { String::new() };
    let message = format!("not done after {limit:?}, while {}{so_far}", part.doing());
    Failure { status, ..Failure::new(FailureClass::Timeout, message) }
}

/// What broke while a request was sent or its answer awaited.
#[derive(Debug)]
pub(super) struct Breakage {
    /// Why no head came.
    pub(super) error: Break,
    /// The write that failed before, if one did.
    pub(super) fault: Option<io::Error>,
    /// Whether the connection had served before.
    pub(super) reused: bool,
}

/// The connection broke before an answer's head was there.
pub(super) fn broken(breakage: &Breakage) -> Failure {
    let Breakage { error, fault, reused } = breakage;
    if let Break::Malformed(what) = error {
        let message = format!("the answer is not HTTP/1 that can be read: {what}");
        return Failure::new(FailureClass::Malformed, one_line(&message));
    }
    let class = class_of_break(error);
    let on = if *reused { "the kept-open connection" } else { "the connection" };
    let why = match fault {
        Some(fault) => format!("while the request was sent: {}", chain(fault)),
        None => chain(error),
    };
    Failure::new(class, one_line(&format!("{on} broke before an answer: {why}")))
}

/// The connection broke inside an answer's body. A download that ends early is [`FailureClass::Truncated`].
pub(super) fn cut(status: u16, error: &Break, received: u64, expected: Option<u64>) -> Failure {
    let class = match class_of_break(error) {
        // The head has promised more than came; only the connection's breaking is a reset.
        FailureClass::Reset if ended_quietly(error) => FailureClass::Truncated,
        class => class,
    };
    let of = expected.map(|expected| format!(" of {expected}")).unwrap_or_default();
    let message = format!("the answer broke off after {received}{of} bytes: {}", chain(error));
    Failure { status: Some(status), ..Failure::new(class, one_line(&message)) }
}

fn class_of_break(error: &Break) -> FailureClass {
    match error {
        Break::Malformed(_) => FailureClass::Malformed,
        Break::Io(error) if tls_error(error).is_some() => FailureClass::Tls,
        Break::Io(_) | Break::Closed => FailureClass::Reset,
    }
}

/// Whether the peer just stopped, as opposed to a reset.
fn ended_quietly(error: &Break) -> bool {
    match error {
        Break::Closed => true,
        // Closed without TLS' own goodbye.
        Break::Io(error) => error.kind() == io::ErrorKind::UnexpectedEof,
        Break::Malformed(_) => false,
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

//! Every failure class from real responses and errors.

use super::*;
use crate::sample::{FailureClass::*, StoredKind};

const ID: &str = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk";
const SHED: &str = "the publisher is receiving too many requests; please try again later";

fn response(status: u16, content_type: Option<&str>, body: &str) -> Response {
    let content_type = content_type.unwrap_or_default().to_owned();
    Response { status, content_type, body: body.into(), ..Response::default() }
}

/// A refusal as Walrus writes it.
fn walrus(code: u16, status: &str, reason: &str, domain: &str) -> String {
    format!(
        r#"{{"error":{{"status":"{status}","code":{code},"message":"a message","details":[{{"@type":"ErrorInfo","reason":"{reason}","domain":"{domain}","metadata":{{}}}}]}}}}"#
    )
}

#[test]
fn a_json_error_has_its_class_its_reason_and_its_message() {
    let (daemon, auth) = ("daemon.walrus.space", "auth.publisher.walrus.space");
    for (code, status, reason, domain, class) in [
        (404, "NOT_FOUND", "BLOB_NOT_FOUND", daemon, NotFound),
        (404, "NOT_FOUND", "QUILT_PATCH_NOT_FOUND", daemon, NotFound),
        (403, "SIZE_EXCEEDED", "BLOB_TOO_LARGE", daemon, TooLarge),
        (403, "PERMISSION_DENIED", "SOMETHING_ELSE", daemon, Forbidden),
        (451, "UNAVAILABLE_FOR_LEGAL_REASONS", "FORBIDDEN_BLOB", daemon, Legal),
        (416, "RANGE_NOT_SATISFIABLE", "INVALID_BYTE_RANGE", daemon, BadRequest),
        (400, "INVALID_ARGUMENT", "INVALID_BLOB_PERSISTENCE", daemon, BadRequest),
        (500, "INTERNAL", "INTERNAL_ERROR", daemon, ServerError),
        (503, "UNAVAILABLE", "BLOB_UNAVAILABLE", daemon, Unavailable),
        (504, "DEADLINE_EXCEEDED", "INSUFFICIENT_CONFIRMATIONS", daemon, ServerError),
        (502, "INTERNAL", "INTERNAL_ERROR", daemon, ServerError),
        (504, "DEADLINE_EXCEEDED", "EXPIRED_SIGNATURE", auth, Auth),
        (401, "UNAUTHENTICATED", "INVALID_SIGNATURE", auth, Auth),
        (400, "FAILED_PRECONDITION", "INVALID_TOKEN", auth, Auth),
        (400, "FAILED_PRECONDITION", "INVALID_SIZE", auth, Auth),
        (500, "INTERNAL", "INTERNAL_ERROR", auth, Auth),
        (429, "RESOURCE_EXHAUSTED", "TOKEN_ALREADY_USED", auth, TokenUsed),
    ] {
        let body = walrus(code, status, reason, domain);
        let response = response(code, Some("application/json"), &body);
        let failure = store(&response).unwrap_err();
        assert_eq!(failure, refused(&response));
        assert_eq!((failure.class, failure.status), (class, Some(code)), "{reason}");
        assert_eq!((failure.reason.as_deref(), failure.message.as_str()), (Some(reason), "a message"));
    }
}

#[test]
fn a_text_error_has_its_class_and_its_text() {
    for (status, body, class) in [
        (429, SHED, Shed),
        (413, "Failed to buffer the request body: length limit exceeded", TooLarge),
        (400, "Header of type `authorization` was missing", Auth),
        (400, "invalid HTTP header (authorization)", Auth),
        (400, "Failed to deserialize query string: unknown field `foo`", BadRequest),
        (400, "Invalid URL: Cannot parse `blob_id` with value `abc`: failed to parse a blob ID", BadRequest),
        (401, "who are you", Auth),
        (403, "no", Forbidden),
        (404, "nothing here", NotFound),
        (451, "not here", Legal),
        (500, "oh", ServerError),
        (503, "later", Unavailable),
        (408, "too slow", RequestTimeout),
        (425, "not yet", TooEarly),
        (504, "upstream request timeout", ServerError),
    ] {
        let failure = refused(&response(status, Some("text/plain; charset=utf-8"), body));
        assert_eq!((failure.class, failure.status), (class, Some(status)), "{body}");
        assert_eq!((failure.reason, failure.message.as_str()), (None, body));
    }
}

#[test]
fn an_empty_body_is_explained_by_its_status() {
    for (status, class, message) in [
        (404, NotFound, "Not Found"),
        (405, BadRequest, "Method Not Allowed"),
        (429, Shed, "Too Many Requests"),
        (500, ServerError, "Internal Server Error"),
        (599, ServerError, "no explanation"),
        (502, Gateway, "something in between answered: Bad Gateway"),
        (522, Gateway, "something in between answered: no explanation"),
        (100, Malformed, "an unexpected status for this request"),
        (204, Malformed, "an unexpected status for this request"),
        (206, Malformed, "an unexpected status for this request"),
        (304, Malformed, "Not Modified"),
        (777, Malformed, "no explanation"),
    ] {
        let failure = refused(&response(status, None, ""));
        assert_eq!((failure.class, failure.message.as_str()), (class, message), "{status}");
    }
}

#[test]
fn a_page_is_a_gateway_failure_by_a_status_from_500_and_otherwise_what_its_status_says() {
    let page = "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>";
    for (status, class) in [
        (500, Gateway),
        (501, Gateway),
        (502, Gateway),
        (503, Gateway),
        (504, Gateway),
        (521, Gateway),
        (599, Gateway),
        (400, BadRequest),
        (401, Auth),
        (403, Forbidden),
        (404, NotFound),
        (405, BadRequest),
        (408, RequestTimeout),
        (409, BadRequest),
        (410, BadRequest),
        (413, TooLarge),
        (418, BadRequest),
        (425, TooEarly),
        (429, Shed),
        (451, Legal),
        (600, Malformed),
    ] {
        for content_type in [Some("text/html"), None] {
            let failure = store(&response(status, content_type, page)).unwrap_err();
            assert_eq!((failure.class, failure.status), (class, Some(status)));
            assert!(failure.message.ends_with("503 Service Temporarily Unavailable"), "{failure}");
        }
    }
    // An error object of Walrus takes precedence over a status that proxies use, too.
    let body = walrus(503, "UNAVAILABLE", "BLOB_UNAVAILABLE", "daemon.walrus.space");
    assert_eq!(refused(&response(503, Some("text/html"), &body)).class, Unavailable);
}

#[test]
fn a_redirect_has_its_location_in_the_message() {
    for status in [301, 302, 303, 307, 308] {
        let response = Response {
            location: "https://elsewhere/".to_owned(),
            ..response(status, Some("text/html"), "<html>")
        };
        let failure = store(&response).unwrap_err();
        assert_eq!(failure.class, Redirect);
        assert!(failure.message.ends_with("https://elsewhere/"), "{failure}");
    }
}

#[test]
fn the_body_of_a_200_to_an_upload_decides() {
    let good = format!(r#"{{"alreadyCertified":{{"blobId":"{ID}","endEpoch":430}}}}"#);
    for status in [200, 201] {
        let stored = store(&response(status, None, &good)).unwrap();
        assert_eq!((stored.blob_id.as_str(), stored.kind), (ID, StoredKind::Existing));
    }
    let error = r#"{"error":{"blobId":null,"failurePhase":"check_blob_is_blocked","errorMsg":"the blob is\nblocked"}}"#;
    let failure = store(&response(200, None, error)).unwrap_err();
    assert_eq!(
        (failure.class, failure.status, failure.message.as_str()),
        (ErrorObject, Some(200), "the blob is blocked")
    );
    assert_eq!(failure.reason.as_deref(), Some("check_blob_is_blocked"));
    for (body, class) in [
        ("", Malformed),
        ("OK", Malformed),
        ("[1]", Malformed),
        ("null", Malformed),
        ("{}", Malformed),
        (&good[..good.len() - 5], Malformed),
        // A success and an error at once.
        (&format!("{},\"error\":{{\"message\":\"no WAL\"}}}}", &good[..good.len() - 1]), ErrorObject),
        (r#"{"newlyCreated":{"blobObject":{"blob_id":"x"}}}"#, Malformed),
        (r#"{"alreadyCertified":{"blobId":"../../etc"}}"#, Malformed),
        ("<!doctype html><title>Sign in</title>", Gateway),
    ] {
        let failure = store(&response(200, None, body)).unwrap_err();
        assert_eq!((failure.class, failure.status), (class, Some(200)), "{body}: {failure}");
    }
}

#[test]
fn a_coded_response_is_named_as_such_unless_its_status_or_its_bytes_say_more() {
    let coded = |status, body| Response { codings: "gzip".to_owned(), ..response(status, None, body) };
    let good = format!(r#"{{"alreadyCertified":{{"blobId":"{ID}","endEpoch":430}}}}"#);
    assert!(store(&coded(200, &good)).is_ok());
    let garbage = coded(200, "\u{1f}\u{8b}\u{8}");
    for failure in [store(&garbage).unwrap_err(), encoded(&garbage)] {
        assert_eq!((failure.class, failure.status), (Encoded, Some(200)));
        assert!(failure.message.contains("gzip") && failure.message.contains("Accept-Encoding"), "{failure}");
    }
    let failure = refused(&coded(429, "\u{1f}\u{8b}\u{8}"));
    assert_eq!((failure.class, failure.message.as_str()), (Shed, "Too Many Requests"));
}

#[test]
fn messages_stay_short_and_on_one_line_whatever_a_server_sends() {
    let long = "x\u{1b}[2J\r\n".repeat(100_000);
    for status in [200, 301, 404, 429, 500, 502] {
        let response = Response { location: long.clone(), ..response(status, None, &long) };
        let message = store(&response).unwrap_err().message;
        assert!(message.chars().count() <= 300 && !message.chars().any(char::is_control), "{message}");
    }
}

#[test]
fn io_errors_have_their_classes() {
    let io = io::Error::from;
    assert_eq!(unresolved("h", None).class, Dns);
    assert_eq!(unresolved("h", Some(&io::Error::other("Name or service not known"))).class, Dns);
    for (kind, class) in [
        (io::ErrorKind::ConnectionRefused, Refused),
        (io::ErrorKind::HostUnreachable, Refused),
        (io::ErrorKind::NetworkUnreachable, Refused),
        (io::ErrorKind::AddrNotAvailable, Refused),
        (io::ErrorKind::PermissionDenied, Refused),
        (io::ErrorKind::TimedOut, ConnectTimeout),
    ] {
        assert_eq!(unconnected("h:1", &io(kind)).class, class, "{kind:?}");
    }
    assert!(
        unconnected("h:1", &io(io::ErrorKind::AddrNotAvailable))
            .message
            .ends_with("no free port left for it)")
    );
    assert_eq!(untrusted("h:1", &io(io::ErrorKind::UnexpectedEof)).class, Tls);
    assert_eq!(connect_timeout(ExchangePhase::Tls, "h:1", Duration::from_secs(1)).class, ConnectTimeout);
    let record = ExchangeRecord {
        phase: ExchangePhase::Receiving,
        status: Some(200),
        bytes_received: 5,
        ..ExchangeRecord::default()
    };
    let late = timeout(&record, Duration::from_secs(60));
    assert_eq!((late.class, late.status), (Timeout, Some(200)));
    assert!(
        late.message.contains("receiving")
            && late.message.contains("60s")
            && late.message.contains("5 bytes")
    );
    let write_error = io(io::ErrorKind::BrokenPipe);
    assert_eq!(broken(&ResponseError::Closed, Some(&write_error), true).class, Reset);
    assert_eq!(broken(&ResponseError::Closed, None, false).class, Reset);
    assert_eq!(cut(200, &ResponseError::Closed, 5, Some(10)).class, Truncated);
    assert_eq!(cut(200, &ResponseError::Io(io(io::ErrorKind::UnexpectedEof)), 5, Some(10)).class, Truncated);
    assert_eq!(cut(200, &ResponseError::Io(io(io::ErrorKind::ConnectionReset)), 5, Some(10)).class, Reset);
    assert_eq!(
        cut(200, &ResponseError::Malformed("a chunk has no size".to_owned()), 5, None).class,
        Malformed
    );
}

macro_rules! captured {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../../tests/fixtures/", $name, ".json")))),+]
    };
}

#[test]
fn captured_responses_have_their_outcomes() {
    for ((name, body), kind) in captured!(
        "newly-created",
        "newly-created-shared",
        "already-certified-event",
        "already-certified-object"
    )
    .into_iter()
    .zip([StoredKind::New, StoredKind::New, StoredKind::Existing, StoredKind::Existing])
    {
        let stored = store(&response(200, Some("application/json"), body)).unwrap();
        assert_eq!((stored.blob_id.as_str(), stored.kind), (ID, kind), "{name}");
        assert_eq!(stored.cost, (kind == StoredKind::New).then_some(32_760_000), "{name}");
    }
    let failures = captured!(
        "error-object",
        "error-object-no-id",
        "marked-invalid",
        "failure-not-found",
        "failure-unavailable",
        "failure-internal",
        "failure-confirmations",
        "failure-token-used",
        "failure-persistence",
        "failure-range",
    );
    let expected = [
        (200, ErrorObject),
        (200, ErrorObject),
        (200, ErrorObject),
        (404, NotFound),
        (503, Unavailable),
        (500, ServerError),
        (504, ServerError),
        (429, TokenUsed),
        (400, BadRequest),
        (416, BadRequest),
    ];
    for ((name, body), (status, class)) in failures.into_iter().zip(expected) {
        let failure = store(&response(status, Some("application/json"), body)).unwrap_err();
        assert_eq!((failure.class, failure.status), (class, Some(status)), "{name}: {failure}");
    }
}

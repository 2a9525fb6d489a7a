//! The manners, by group.

use super::manner::{
    Act::{Body, Close, Drain, Drip, Flood, Head, Hold, Make, Reset, Right, Say},
    Manner, read, store,
};

/// Connections that end.
#[rustfmt::skip]
pub(super) const ENDS: &[Manner] = &[
    store("reset before the head is read",     &[Reset], "reset"),
    store("reset after the head",              &[Head, Reset], "reset"),
    store("close after the head",              &[Head, Close], "reset"),
    store("close after the body",              &[Head, Body, Close], "reset"),
    store("close within the status line",      &[Head, Body, Say("HTTP/1.1 2"), Close], "reset"),
    store("close within the headers",          &[Head, Body, Say("HTTP/1.1 200 OK\r\ncontent-le"), Close], "reset"),
    store("close within the body",             &[Head, Body, Say("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"), Close], "truncated"),
    store("a refusal that is cut off",         &[Head, Body, Say("HTTP/1.1 429 X\r\ncontent-length: 99\r\n\r\nbusy"), Close], "shed"),
    read ("close of the first request",        &[Head, Close], "reset"),
    read ("close within the blob",             &[Head, Make(|blob| with_length(blob.len(), &blob[..blob.len() - 1])), Close], "truncated"),
    read ("close within a chunk",              &[Head, Say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\nabc"), Close], "corrupt"),
    read ("close before the last chunk",       &[Head, Make(|blob| chunked(blob, "")), Close], "truncated"),
    read ("connections that are stale",        &[Head, Close], "").passes().twice(),
    read ("connections that are reset",        &[Reset], "").passes().twice(),
];

/// Bodies and heads in all forms.
#[rustfmt::skip]
pub(super) const FRAMINGS: &[Manner] = &[
    read ("until the close",                   &[Head, Make(|blob| [b"HTTP/1.1 200 OK\r\n\r\n", blob].concat()), Close], "").passes(),
    read ("HTTP/1.0",                          &[Head, Make(|blob| [b"HTTP/1.0 200 OK\r\n\r\n", blob].concat()), Close], "").passes(),
    read ("chunks",                            &[Head, Make(|blob| chunked(blob, "0\r\n\r\n"))], "").passes(),
    read ("chunks with trailers",              &[Head, Make(|blob| chunked(blob, "0;last\r\na: b\r\n\r\n"))], "").passes(),
    read ("chunks and a length",               &[Head, Make(|blob| coded("content-length: 5\r\ntransfer-encoding: chunked", blob, "0\r\n\r\n"))], "").passes(),
    read ("bytes after the blob",              &[Head, Make(|blob| [&with_length(blob.len(), blob), &b"HTTP/1.1"[..]].concat())], "").passes(),
    read ("a length twice",                    &[Head, Make(|blob| framed(&format!("content-length: {0}\r\ncontent-length: {0}, {0}", blob.len()), blob))], "").passes(),
    read ("two lengths",                       &[Head, Say("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab")], "malformed"),
    read ("a negative length",                 &[Head, Say("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n")], "malformed"),
    read ("a length beyond 64 bits",           &[Head, Say("HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n")], "malformed"),
    read ("a chunk without a size",            &[Head, Say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n")], "malformed"),
    read ("a chunk size beyond 64 bits",       &[Head, Say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n")], "malformed"),
    read ("folded headers",                    &[Head, Make(|blob| framed(&format!("x: a\r\n\tb\r\n c\r\ncontent-length:\r\n {}", blob.len()), blob))], "").passes(),
    read ("interim responses",                 &[Head, Say("HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"), Right], "").passes(),
    read ("no reason phrase",                  &[Head, Make(|blob| [format!("HTTP/1.1 200\r\ncontent-length: {}\r\n\r\n", blob.len()).as_bytes(), blob].concat())], "").passes(),
    read ("line feeds alone",                  &[Head, Make(|blob| [format!("HTTP/1.1 200 OK\ncontent-length: {}\n\n", blob.len()).as_bytes(), blob].concat())], "").passes(),
    read ("a blank before a colon",            &[Head, Say("HTTP/1.1 200 OK\r\ncontent-length : 1\r\n\r\na")], "malformed"),
    read ("HTTP/2",                            &[Head, Say("HTTP/2 200\r\n\r\n")], "malformed"),
    read ("another protocol",                  &[Head, Say("220 mail.example.com ESMTP\r\n")], "malformed"),
    read ("a switch of protocols",             &[Head, Say("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n")], "malformed"),
];

/// Statuses and answers.
#[rustfmt::skip]
pub(super) const STATUSES: &[Manner] = &[
    store("204",                               &[Head, Body, Say("HTTP/1.1 204 No Content\r\n\r\n")], "malformed"),
    store("an empty 200",                      &[Head, Body, Say("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")], "malformed"),
    store("a page of 200",                     &[Head, Body, Say("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>")], "gateway"),
    store("an object of another kind",         &[Head, Body, Make(|_| body(r#"{"newlyCreated":1}"#))], "malformed"),
    store("an error in a 200",                 &[Head, Body, Make(|_| body(r#"{"error":"no"}"#))], "error-object"),
    store("an error beside a success",         &[Head, Body, Make(|_| body(r#"{"newlyCreated":{"blobObject":{"blobId":"AAAA"}},"error":{"message":"no WAL"}}"#))], "error-object"),
    store("a new and an existing blob",        &[Head, Body, Make(|_| body(r#"{"newlyCreated":{"blobObject":{"blobId":"AAAA"}},"alreadyCertified":{"blobId":"AAAA"}}"#))], "malformed"),
    store("an array of the fields",            &[Head, Body, Make(|_| body(r#"[{"blobObject":{"blobId":"AAAA"}},null,null,null]"#))], "malformed"),
    store("an ID that is a number",            &[Head, Body, Make(|_| body(r#"{"newlyCreated":{"blobObject":{"blobId":1}}}"#))], "malformed"),
    store("an ID that is a path",              &[Head, Body, Make(|_| body(r#"{"newlyCreated":{"blobObject":{"blobId":"../../etc"}}}"#))], "malformed"),
    store("429",                               &[Head, Body, Say("HTTP/1.1 429 Too Many Requests\r\ncontent-length: 4\r\n\r\nbusy")], "shed"),
    store("a redirect",                        &[Head, Body, Say("HTTP/1.1 307 X\r\nlocation: http://elsewhere.invalid/\r\ncontent-length: 0\r\n\r\n")], "redirect"),
    store("417 without an expectation",        &[Head, Body, Say("HTTP/1.1 417 X\r\ncontent-length: 0\r\n\r\n")], "bad-request"),
    store("a status above 599",                &[Head, Body, Say("HTTP/1.1 999 X\r\ncontent-length: 0\r\n\r\n")], "malformed"),
    read ("304",                               &[Head, Say("HTTP/1.1 304 Not Modified\r\n\r\n")], "malformed"),
    read ("206",                               &[Head, Make(|blob| [format!("HTTP/1.1 206 X\r\ncontent-length: {}\r\n\r\n", blob.len()).as_bytes(), blob].concat())], "malformed"),
    read ("503 with a page",                   &[Head, Say("HTTP/1.1 503 X\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>")], "gateway"),
    read ("500 with a page",                   &[Head, Say("HTTP/1.1 500 X\r\ncontent-length: 15\r\n\r\n<!DOCTYPE html>")], "gateway"),
    read ("404 with a page",                   &[Head, Say("HTTP/1.1 404 X\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>")], "not-found"),
    store("403 with a page",                   &[Head, Body, Say("HTTP/1.1 403 X\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>")], "forbidden"),
    store("408",                               &[Head, Body, Say("HTTP/1.1 408 X\r\ncontent-length: 0\r\n\r\n")], "request-timeout"),
    read ("425",                               &[Head, Say("HTTP/1.1 425 Too Early\r\ncontent-length: 0\r\n\r\n")], "too-early"),
    read ("404",                               &[Head, Say("HTTP/1.1 404 X\r\ncontent-length: 0\r\n\r\n")], "not-found"),
];

/// Answers that do not wait for the request.
#[rustfmt::skip]
pub(super) const EARLY: &[Manner] = &[
    store("an early success, never read",      &[Head, Right, Hold], "early-success").large(),
    store("an early success, read on",         &[Head, Right, Drain], "early-success").large(),
    store("an early success, then a reset",    &[Head, Right, Reset], "early-success").large(),
    store("an early 429, never read",          &[Head, Say("HTTP/1.1 429 X\r\ncontent-length: 4\r\n\r\nbusy"), Hold], "shed").large(),
    store("an early 429, read on",             &[Head, Say("HTTP/1.1 429 X\r\ncontent-length: 4\r\n\r\nbusy"), Drain], "shed").large(),
    store("an early 413, then a reset",        &[Head, Say("HTTP/1.1 413 X\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"), Reset], "too-large").large(),
    store("a 429 to a small blob, then a reset", &[Head, Say("HTTP/1.1 429 X\r\ncontent-length: 4\r\n\r\nbusy"), Reset], "shed"),
    store("an answer before the head",         &[Say("HTTP/1.1 429 X\r\ncontent-length: 4\r\n\r\nbusy"), Head, Body], "shed"),
];

/// Answers that come slowly.
#[rustfmt::skip]
pub(super) const DRIPS: &[Manner] = &[
    store("silence",                           &[Head, Body, Hold], "timeout"),
    store("a body that is never read",         &[Head, Hold], "timeout").large(),
    store("a head, a byte at a time",          &[Head, Body, Drip("HTTP/1.1 200 OK\r\nx: y\r\n"), Make(|json| format!("content-length: {}\r\n\r\n{}", json.len(), String::from_utf8_lossy(json)).into_bytes())], "").passes(),
    store("silence after most of the answer",  &[Head, Body, Make(|_| with_length(65_000, &[b' '; 64_000])), Hold], "timeout"),
    store("silence within too long an answer", &[Head, Body, Make(|_| with_length(1_048_000, &[b' '; 1000])), Hold], "malformed"),
    store("silence within the answer",         &[Head, Body, Say("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"), Hold], "timeout"),
    read ("silence within the head",           &[Head, Say("HTTP/1.1 200 OK\r\nx: "), Hold], "timeout"),
    read ("silence after half of the blob",    &[Head, Make(|blob| with_length(blob.len(), &blob[..blob.len() / 2])), Hold], "timeout"),
    read ("silence before the last chunk",     &[Head, Make(|blob| chunked(blob, "")), Hold], "timeout"),
];

/// Answers without an end.
#[rustfmt::skip]
pub(super) const FLOODS: &[Manner] = &[
    store("an endless answer",                 &[Head, Body, Say("HTTP/1.1 200 OK\r\n\r\n"), Flood("x")], "malformed"),
    store("an endless refusal",                &[Head, Body, Say("HTTP/1.1 500 X\r\n\r\n"), Flood("x")], "server-error"),
    store("an endless header",                 &[Head, Body, Say("HTTP/1.1 200 OK\r\nx: "), Flood("y")], "malformed"),
    store("endless headers",                   &[Head, Body, Say("HTTP/1.1 200 OK\r\n"), Flood("x: y\r\n")], "malformed"),
    store("an endless fold",                   &[Head, Body, Say("HTTP/1.1 200 OK\r\nx: y\r\n"), Flood(" z\r\n")], "malformed"),
    store("an endless reason phrase",          &[Head, Body, Say("HTTP/1.1 200 "), Flood("x")], "malformed"),
    store("endless interim responses",         &[Head, Body, Flood("HTTP/1.1 103 Early Hints\r\n\r\n")], "timeout"),
    read ("endless folded interim responses",  &[Head, Flood("HTTP/1.1 103 X\r\na: b\r\n c\r\n\r\n")], "malformed"),
    read ("an endless blob",                   &[Head, Make(|blob| [b"HTTP/1.1 200 OK\r\n\r\n", blob].concat()), Flood("x")], "too-long"),
    read ("a blob announced as endless",       &[Head, Say("HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\n"), Flood("x")], "too-long"),
    read ("an endless chunk extension",        &[Head, Say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;"), Flood("x")], "malformed"),
    read ("endless trailers",                  &[Head, Make(|blob| chunked(blob, "0\r\n")), Flood("x: y\r\n")], "malformed"),
    read ("an endless error",                  &[Head, Say("HTTP/1.1 500 X\r\ntransfer-encoding: chunked\r\n\r\n"), Flood("1\r\nx\r\n")], "server-error"),
];

/// Answers that are wrong.
#[rustfmt::skip]
pub(super) const LIES: &[Manner] = &[
    read ("one other byte",                    &[Head, Make(|blob| with_length(blob.len(), &[&blob[..blob.len() - 1], &[!blob[blob.len() - 1]]].concat()))], "corrupt"),
    read ("one byte less",                     &[Head, Make(|blob| with_length(blob.len() - 1, &blob[1..]))], "truncated"),
    read ("one byte more",                     &[Head, Make(|blob| with_length(blob.len() + 1, &[blob, b"x"].concat()))], "too-long"),
    read ("one chunk more",                    &[Head, Make(|blob| chunked(blob, "1\r\nx\r\n0\r\n\r\n"))], "too-long"),
    read ("nothing",                           &[Head, Say("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")], "truncated"),
    read ("the blob as a page",                &[Head, Make(|blob| framed(&format!("content-type: text/html\r\ncontent-length: {}", blob.len()), blob))], "").passes(),
    read ("another byte of a page",            &[Head, Make(|blob| framed(&format!("content-type: text/html\r\ncontent-length: {}", blob.len()), &[&[!blob[0]], &blob[1..]].concat()))], "corrupt"),
    read ("half of the blob as a page",        &[Head, Make(|blob| framed(&format!("content-type: text/html\r\ncontent-length: {}", blob.len() / 2), &blob[..blob.len() / 2]))], "truncated"),
    read ("a page instead of the blob",        &[Head, Make(|_| body("<html><title>Sign in</title></html>"))], "gateway"),
    read ("the blob as a coded one",           &[Head, Make(|blob| framed(&format!("content-encoding: gzip\r\ncontent-length: {}", blob.len()), blob))], "").passes(),
    read ("a coded blob",                      &[Head, Make(|_| framed("content-encoding: gzip\r\ncontent-length: 3", b"\x1f\x8bx"))], "encoded"),
    read ("a coded blob in chunks",            &[Head, Make(|_| coded("transfer-encoding: gzip, chunked", b"\x1f\x8bx", "0\r\n\r\n"))], "encoded"),
    store("the same ID for every blob",        &[Head, Body, Make(|_| body(r#"{"newlyCreated":{"blobObject":{"blobId":"AAAA"}}}"#))], "malformed").once_right(),
    store("a coded answer",                    &[Head, Body, Say("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\n\u{1f}xy")], "encoded"),
];

/// A response with these header lines.
fn framed(lines: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n").as_bytes(), body].concat()
}

/// A response that announces this length.
fn with_length(length: usize, body: &[u8]) -> Vec<u8> {
    framed(&format!("content-length: {length}"), body)
}

fn body(text: &str) -> Vec<u8> {
    with_length(text.len(), text.as_bytes())
}

/// A response of two chunks and this end.
fn chunked(body: &[u8], end: &str) -> Vec<u8> {
    coded("transfer-encoding: chunked", body, end)
}

fn coded(lines: &str, body: &[u8], end: &str) -> Vec<u8> {
    let mut coded = Vec::new();
    for chunk in [&body[..1], &body[1..]] {
        coded.extend_from_slice(format!("{:x};ext=\"1\"\r\n", chunk.len()).as_bytes());
        coded.extend_from_slice(chunk);
        coded.extend_from_slice(b"\r\n");
    }
    coded.extend_from_slice(end.as_bytes());
    framed(lines, &coded)
}

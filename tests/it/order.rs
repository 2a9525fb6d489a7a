//! The order of the checks: of several errors the first one is answered (contract §1.1).

use crate::auth::{bearer, now, status_and_reason};
use crate::raw::{self, ask, connect, exchange, head, try_put, until};
use mock_publisher::admission::Limits;
use tests::{Bottle, PUT_BLOB};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Headers of a request by name.
type Headers<'a> = &'a [(&'a str, &'a str)];

#[tokio::test]
async fn reads_are_checked_from_the_path_to_the_blob() {
    let bottle = Bottle::start();
    let absent = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk";
    let both = "strict_consistency_check=true&skip_consistency_check=true";
    let range = [("range", "bytes=5-")];
    let rows: [(String, Headers<'_>, u16, &str); 9] = [
        (format!("/v1/blobs/abc?cb=1&{both}"), &range, 400, "Cannot parse `blob_id`"),
        (format!("/v1/blobs/{absent}?cb=1&{both}"), &range, 400, "cb: unknown field"),
        (format!("/v1/blobs/{absent}?{both}"), &range, 400, "INVALID_CONSISTENCY_CHECK"),
        (format!("/v1/blobs/{absent}?skip_consistency_check=true"), &range, 416, "INVALID_BYTE_RANGE"),
        (format!("/v1/blobs/{absent}?skip_consistency_check=true"), &[], 404, "BLOB_NOT_FOUND"),
        (format!("/v1/blobs/{absent}/byte-range?start=1&length=0&x=1"), &[], 400, "x: unknown field"),
        (format!("/v1/blobs/{absent}/byte-range?start=1&length=0"), &[], 400, "INVALID_BYTE_RANGE"),
        (format!("/v1/blobs/{absent}/byte-range?start=1&length=1"), &[], 404, "BLOB_NOT_FOUND"),
        (format!("/v1/blobs/by-object-id/0x1?{both}"), &range, 400, "INVALID_CONSISTENCY_CHECK"),
    ];
    for (target, headers, status, text) in rows {
        let reply = ask(bottle.aggregator_url(), &format!("GET {target}"), headers).await;
        assert_eq!(reply.status, status, "{target}: {}", reply.text());
        assert!(reply.text().contains(text), "{target}: {}", reply.text());
    }
}

#[tokio::test]
async fn stores_are_checked_from_the_query_to_the_chain() {
    let bottle = Bottle::builder().publisher(|config| config.max_body_size = 9).start();
    let (basic, key) = (("authorization", "Basic eA=="), ("authorization", "Bearer an-api-key"));
    let both = "?deletable=true&permanent=true&epochs=0";
    let rows: [(&str, Headers<'_>, &[u8], u16, &str); 6] = [
        ("?foo=1", &[basic], b"0123456789", 400, "unknown field `foo`"),
        (both, &[basic], b"0123456789", 400, "invalid HTTP header (authorization)"),
        (both, &[key], b"0123456789", 413, "length limit exceeded"),
        (both, &[key], b"x", 500, "auth.publisher.walrus.space"),
        (both, &[], b"x", 400, "INVALID_BLOB_PERSISTENCE"),
        ("?epochs=0", &[], b"x", 500, "INTERNAL_ERROR"),
    ];
    for (query, headers, body, status, text) in rows {
        let reply = try_put(bottle.publisher_url(), query, headers, body).await.unwrap();
        assert_eq!(reply.status, status, "{query}: {}", reply.text());
        assert!(reply.text().contains(text), "{query}: {}", reply.text());
    }
}

/// Holds the two requests that a publisher admits, with these headers, until dropped.
async fn filled(bottle: &Bottle, headers: [&str; 2]) -> Vec<TcpStream> {
    let mut inside = Vec::new();
    for (n, header) in headers.into_iter().enumerate() {
        let mut stream = connect(bottle.publisher_url()).await;
        let length = ("content-length", "5");
        let headers = if header.is_empty() { vec![length] } else { vec![length, ("authorization", header)] };
        stream.write_all(head("PUT /v1/blobs", &headers).as_bytes()).await.unwrap();
        until(|| bottle.publisher_stats().route(PUT_BLOB).admitted == n as u64 + 1).await;
        inside.push(stream);
    }
    inside
}

const FULL: Limits = Limits { concurrent: 1, buffer: 0 };

#[tokio::test]
async fn a_full_publisher_answers_before_it_checks_the_query() {
    let bottle = Bottle::builder().publisher(|config| config.limits = FULL).start();
    let inside = filled(&bottle, ["", ""]).await;
    let reply = raw::put(bottle.publisher_url(), "?foo=1", b"x").await;
    assert_eq!((reply.status, reply.header("content-type")), (429, Some("text/plain; charset=utf-8")));
    drop(inside);
}

#[tokio::test]
async fn a_full_publisher_checks_tokens_first_and_spends_them() {
    let bottle = Bottle::builder()
        .publisher(|config| {
            config.jwt.secret = Some(b"secret".to_vec());
            config.limits = FULL;
        })
        .start();
    let inside = filled(&bottle, [&bearer("a", now(), ""), &bearer("b", now(), "")]).await;
    let url = bottle.publisher_url();
    let put = async |query: &str, header: &str| {
        try_put(url, query, &[("authorization", header)], b"x").await.unwrap()
    };
    assert_eq!(put("?foo=1", "Basic eA==").await.status, 400);
    assert_eq!(status_and_reason(&put("", "Bearer x").await), (400, "INVALID_TOKEN".into()));
    assert_eq!(
        status_and_reason(&put("", &bearer("a", now(), "")).await),
        (429, "TOKEN_ALREADY_USED".into())
    );
    let good = bearer("c", now(), "");
    let shed = put("", &good).await;
    assert_eq!((shed.status, shed.header("content-type")), (429, Some("text/plain; charset=utf-8")));
    assert_eq!(status_and_reason(&put("", &good).await), (429, "TOKEN_ALREADY_USED".into()), "it was spent");
    drop(inside);
}

#[tokio::test]
async fn expect_100_continue_is_answered_unless_the_request_is_bad() {
    let bottle = Bottle::start();
    let headers = [("expect", "100-continue"), ("content-length", "6")];
    let mut stream = connect(bottle.publisher_url()).await;
    stream.write_all(head("PUT /v1/blobs", &headers).as_bytes()).await.unwrap();
    let mut interim = [0; 25];
    stream.read_exact(&mut interim).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(exchange(stream, b"walrus").await.unwrap().status, 200);
    let mut stream = connect(bottle.publisher_url()).await;
    stream.write_all(head("PUT /v1/blobs?foo", &headers).as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "no 100 for a bad request: {answer}");
}

//! Arbitrary reads: every one is answered within the contract, and the server survives. The inputs are the same in every
//! run.

use crate::raw::{ask, connect, exchange, head, stored};
use mock_publisher::quilt::{Quilt, QuiltFile, Tags};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tests::Bottle;
use tokio::runtime::Runtime;

/// Tries a property with cases that are the same in every run.
pub(crate) fn always<S: Strategy>(cases: u32, strategy: &S, property: impl Fn(S::Value)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let property = |value| {
        property(value);
        Ok(())
    };
    runner.run(strategy, property).unwrap();
}

/// Printable text for the target of a request, often percent-encoded.
pub(crate) fn target() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => (0x21_u8..=0x7e).prop_map(|byte| vec![byte]),
        1 => any::<u8>().prop_map(|byte| format!("%{byte:02x}").into_bytes()),
        1 => prop::sample::select(vec!["&", "=", "start=", "length=", "18446744073709551616", "true", "%", ","])
            .prop_map(|text| text.as_bytes().to_vec()),
    ];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

#[test]
fn no_target_of_a_read_is_a_server_error() {
    let runtime = Runtime::new().unwrap();
    let bottle = Bottle::start();
    let file = QuiltFile { identifier: "a".to_owned(), tags: Tags::new(), bytes: "x".into() };
    let quilt = Quilt::of(vec![file]).unwrap().to_bytes();
    let id = runtime.block_on(stored(bottle.publisher_url(), &quilt));
    let prefixes = [
        "/".to_owned(),
        "/v1/blobs/".to_owned(),
        format!("/v1/blobs/{id}?"),
        format!("/v1/blobs/{id}/byte-range?"),
        "/v1/blobs/by-object-id/".to_owned(),
        "/v1/blobs/by-quilt-patch-id/".to_owned(),
        format!("/v1/blobs/by-quilt-id/{id}/"),
        "/v1/quilts/".to_owned(),
        "/v1alpha/blobs/concat?ids=".to_owned(),
        "/v1alpha/blobs/concat?".to_owned(),
    ];
    always(400, &(0..prefixes.len(), target()), |(which, rest)| {
        let line = [b"GET ", prefixes[which].as_bytes(), &rest].concat();
        let request = [&line, " HTTP/1.1\r\nhost: w\r\nconnection: close\r\n\r\n".as_bytes()].concat();
        let reply =
            runtime.block_on(async { exchange(connect(bottle.aggregator_url()).await, &request).await });
        let reply = reply.unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(&line)));
        assert!((200..500).contains(&reply.status), "{}: {}", String::from_utf8_lossy(&line), reply.status);
    });
    assert_eq!(runtime.block_on(ask(bottle.aggregator_url(), "GET /status", &[])).status, 200);
}

/// The range of a header as the contract defines it.
fn by_the_contract(header: &str, size: usize) -> Option<(usize, usize)> {
    let (start, end) = header.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| text.parse::<usize>().ok().filter(|number| number.to_string() == text);
    let (start, end) = (number(start)?, number(end)?);
    (start <= end && end < size).then_some((start, end))
}

#[test]
fn a_range_is_served_as_the_contract_says_or_refused() {
    let runtime = Runtime::new().unwrap();
    let bottle = Bottle::start();
    let id = runtime.block_on(stored(bottle.publisher_url(), b"0123456789"));
    let small = (0_usize..12, 0_usize..12).prop_map(|(a, b)| format!("bytes={a}-{b}"));
    let pieces =
        prop::sample::select(vec!["bytes", "=", "-", "0", "9", "10", ",", "+", "x", "18446744073709551615"]);
    let odd = vec(pieces, 1..7).prop_map(|pieces| pieces.concat());
    always(300, &prop_oneof![small, odd], |header| {
        let line = format!("GET /v1/blobs/{id}");
        let reply = runtime.block_on(ask(bottle.aggregator_url(), &line, &[("range", &header)]));
        match by_the_contract(&header, 10) {
            Some((start, end)) => assert_eq!(reply.answer(), (206, &"0123456789"[start..=end]), "{header}"),
            None => {
                assert_eq!((reply.status, reply.reason().as_str()), (416, "INVALID_BYTE_RANGE"), "{header}")
            }
        }
    });
}

#[test]
fn an_invalid_document_is_a_bad_request() {
    let runtime = Runtime::new().unwrap();
    let bottle = Bottle::start();
    let pieces = prop::sample::select(vec![
        "{", "}", "[", "]", "\"ids\"", ":", ",", "\"x\"", "null", "1", "\u{e4}", "\\",
    ]);
    always(200, &vec(pieces, 0..10), |pieces| {
        let body = pieces.concat();
        let length = body.len().to_string();
        let headers = [("content-type", "application/json"), ("content-length", length.as_str())];
        let request = head("POST /v1alpha/blobs/concat", &headers) + &body;
        let reply = runtime
            .block_on(async { exchange(connect(bottle.aggregator_url()).await, request.as_bytes()).await });
        assert!(matches!(reply.unwrap().status, 400 | 422), "{body}");
    });
}

#[test]
fn bytes_that_are_not_http_do_not_stop_the_server() {
    let runtime = Runtime::new().unwrap();
    let bottle = Bottle::start();
    always(150, &vec(any::<u8>(), 1..200), |bytes| {
        let bytes = [bytes.as_slice(), b"\r\n\r\n"].concat();
        let reply = runtime.block_on(async {
            let exchange = exchange(connect(bottle.aggregator_url()).await, &bytes);
            tokio::time::timeout(std::time::Duration::from_secs(5), exchange).await
        });
        if let Ok(Ok(reply)) = reply {
            assert!((400..500).contains(&reply.status), "{bytes:?}: {}", reply.status);
        }
    });
    assert_eq!(runtime.block_on(ask(bottle.aggregator_url(), "GET /status", &[])).status, 200);
}

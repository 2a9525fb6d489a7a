//! Parts of blobs as whole answers (contract §1.4).

use crate::raw::{ask, get, stored};
use tests::Bottle;

#[tokio::test]
async fn s1_4_a_part_is_a_whole_answer() {
    let bottle = Bottle::start();
    let id = stored(bottle.publisher_url(), b"0123456789").await;
    for (start, length, bytes) in [(0, 10, "0123456789"), (2, 3, "234"), (9, 1, "9")] {
        let target = format!("{id}/byte-range?start={start}&length={length}");
        let reply = get(bottle.aggregator_url(), &target).await;
        assert_eq!(reply.said(), (200, bytes), "{target}");
        assert_eq!(reply.header("etag"), Some(format!("{id}-{start}-{length}").as_str()));
        assert_eq!((reply.header("content-range"), reply.announced()), (None, bytes.len()));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        let head = ask(bottle.aggregator_url(), &format!("HEAD /v1/blobs/{target}"), &[]).await;
        assert_eq!((head.said(), head.announced()), ((200, ""), bytes.len()));
    }
    let line = format!("GET /v1/blobs/{id}/byte-range?start=0&length=1");
    let reply = ask(bottle.aggregator_url(), &line, &[("range", "nonsense"), ("accept", "a/b")]).await;
    assert_eq!((reply.said(), reply.header("content-type")), ((200, "0"), Some("a/b")));
}

#[tokio::test]
async fn s1_4_a_part_that_is_none_is_a_bad_request() {
    let bottle = Bottle::start();
    let id = stored(bottle.publisher_url(), b"0123456789").await;
    for part in [(0, 0), (0, 11), (10, 1), (u64::MAX, 1), (1, u64::MAX)] {
        let target = format!("{id}/byte-range?start={}&length={}", part.0, part.1);
        let reply = get(bottle.aggregator_url(), &target).await;
        assert_eq!((reply.status, reply.reason().as_str()), (400, "INVALID_BYTE_RANGE"), "{target}");
        assert_eq!(reply.json()["error"]["status"], "INVALID_ARGUMENT");
        assert_eq!(reply.header("cache-control"), None);
    }
    let rows = [
        ("?start=1", "missing field `length`"),
        ("", "missing field `start`"),
        ("?start=1&length=1&cb=2", "cb: unknown field `cb`, expected `start` or `length`"),
        ("?start=1&length=1&length=1", "duplicate field `length`"),
    ];
    for (query, text) in rows {
        let reply = get(bottle.aggregator_url(), &format!("{id}/byte-range{query}")).await;
        assert_eq!(reply.said(), (400, format!("Failed to deserialize query string: {text}").as_str()));
    }
    let absent = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk/byte-range?start=0&length=1";
    assert_eq!(get(bottle.aggregator_url(), absent).await.reason(), "BLOB_NOT_FOUND");
}

#[tokio::test]
async fn s1_4_a_network_in_trouble_is_an_internal_error_here() {
    let bottle = Bottle::builder().aggregator_faults(&["503=1"]).start();
    let id = stored(bottle.publisher_url(), b"0123456789").await;
    let reply = get(bottle.aggregator_url(), &format!("{id}/byte-range?start=0&length=1")).await;
    assert_eq!((reply.status, reply.reason().as_str()), (500, "INTERNAL_ERROR"));
    assert_eq!(get(bottle.aggregator_url(), &id).await.status, 503);
    assert_eq!(bottle.aggregator_stats().fault("503"), 2);
}

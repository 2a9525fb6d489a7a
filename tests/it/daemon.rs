//! Publisher and aggregator on one address: the routes, limits and counts of a daemon.

use crate::raw::{ask, get, put, stored};
use tests::{Bottle, GET_BLOB, PUT_BLOB};

#[tokio::test]
async fn a_daemon_has_the_routes_of_both() {
    let bottle = Bottle::builder().daemon().start();
    let url = bottle.publisher_url();
    assert_eq!(url, bottle.aggregator_url());
    let id = stored(url, b"walrus").await;
    assert_eq!(get(url, &id).await.answer(), (200, "walrus"));
    let rows = [
        ("GET /status".to_owned(), 200, None),
        ("DELETE /v1/blobs/x".to_owned(), 405, Some("GET,HEAD")),
        ("GET /v1/blobs".to_owned(), 405, Some("PUT")),
        ("GET /v1/quilts".to_owned(), 405, Some("PUT")),
        ("PUT /v1/quilts/x/patches".to_owned(), 405, Some("GET,HEAD")),
        (format!("GET /v1/blobs/{id}/byte-range?start=0&length=3"), 200, None),
        (format!("GET /v1alpha/blobs/concat?ids={id}"), 200, None),
        (format!("GET /v1/quilts/{id}/patches"), 500, None),
        ("PUT /v1/store".to_owned(), 404, None),
    ];
    for (line, status, allow) in rows {
        let reply = ask(url, &line, &[]).await;
        assert_eq!((reply.status, reply.header("allow")), (status, allow), "{line}");
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{line}");
    }
}

#[tokio::test]
async fn a_daemon_cannot_stream() {
    let bottle = Bottle::builder().daemon().start();
    let url = bottle.publisher_url();
    let id = stored(url, b"walrus").await;
    let absent = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk";
    for id in [id.as_str(), absent] {
        let reply = ask(url, &format!("GET /v1alpha/blobs/{id}/stream"), &[]).await;
        assert_eq!((reply.status, reply.reason().as_str()), (500, "SLIVER_RETRIEVAL_FAILED"), "{id}");
        assert_eq!(ask(url, &format!("HEAD /v1alpha/blobs/{id}/stream"), &[]).await.answer(), (500, ""));
    }
    assert_eq!(ask(url, "GET /v1alpha/blobs/abc/stream", &[]).await.status, 400, "the path is read first");
}

#[tokio::test]
async fn a_daemon_has_the_limits_of_both_and_one_set_of_counts() {
    let bottle = Bottle::builder()
        .daemon()
        .publisher(|config| config.max_body_size = 10)
        .aggregator(|config| config.max_blob_size = Some(5))
        .start();
    let url = bottle.publisher_url();
    let (small, large) = (stored(url, b"small").await, stored(url, b"larger").await);
    assert_eq!(put(url, "", b"much larger").await.status, 413);
    assert_eq!(get(url, &small).await.status, 200);
    assert_eq!(get(url, &large).await.reason(), "BLOB_TOO_LARGE");
    let stats = ask(url, "GET /mock/stats", &[]).await.json();
    assert_eq!(stats["server"], "mock-daemon");
    assert_eq!(stats["requests"][PUT_BLOB]["received"], 3);
    assert_eq!(stats["requests"][GET_BLOB]["received"], 2);
    assert_eq!(bottle.publisher_stats().requests, bottle.aggregator_stats().requests);
}

//! Blobs sent while they are fetched (contract §1.9), and reads that are not allowed (§1.2).

use crate::raw::{ask, get, stored};
use mock_aggregator::Blocklist;
use tests::Bottle;

#[tokio::test]
async fn s1_9_a_streamed_blob_is_a_blob_with_a_mark() {
    let bottle = Bottle::start();
    let id = stored(bottle.publisher_url(), b"0123456789").await;
    let line = format!("/v1alpha/blobs/{id}/stream");
    let reply =
        ask(bottle.aggregator_url(), &format!("GET {line}?anything=1"), &[("range", "bytes=0-1")]).await;
    assert_eq!(reply.said(), (200, "0123456789"), "no query, no ranges");
    assert_eq!((reply.header("x-walrus-streaming"), reply.announced()), (Some("true"), 10));
    assert_eq!(reply.header("etag"), Some(id.as_str()));
    let head = ask(bottle.aggregator_url(), &format!("HEAD {line}"), &[]).await;
    assert_eq!((head.said(), head.announced()), ((200, ""), 10));
    assert_eq!(head.header("x-walrus-streaming"), Some("true"));
}

#[tokio::test]
async fn s1_9_whatever_is_not_about_the_blob_has_one_name() {
    let bottle = Bottle::builder().aggregator_faults(&["503=1"]).start();
    let id = stored(bottle.publisher_url(), b"x").await;
    let reply = ask(bottle.aggregator_url(), &format!("GET /v1alpha/blobs/{id}/stream"), &[]).await;
    assert_eq!((reply.status, reply.reason().as_str()), (500, "SLIVER_RETRIEVAL_FAILED"));
    let bottle = Bottle::start();
    let reply = ask(bottle.aggregator_url(), &format!("GET /v1alpha/blobs/{id}/stream"), &[]).await;
    assert_eq!((reply.status, reply.reason().as_str()), (404, "BLOB_NOT_FOUND"));
}

#[tokio::test]
async fn s1_9_a_stream_that_breaks_is_shorter_than_announced() {
    let bottle = Bottle::builder().aggregator_faults(&["truncate=1"]).start();
    let id = stored(bottle.publisher_url(), &[7; 1000]).await;
    let reply = ask(bottle.aggregator_url(), &format!("GET /v1alpha/blobs/{id}/stream"), &[]).await;
    assert!(reply.status == 200 && reply.announced() == 1000 && reply.body.len() < 1000);
}

#[tokio::test]
async fn s1_2_a_blob_that_is_blocked_or_too_large_is_refused_on_every_route() {
    let blocked = "vPDYBEnbyoh8oGLQLbEVRqexCvaDZgPkK7Xj6vlGcTE".parse().unwrap();
    let bottle = Bottle::builder()
        .aggregator(move |config| {
            config.max_blob_size = Some(10);
            config.blocked = Blocklist::new([blocked]);
        })
        .start();
    let large = stored(bottle.publisher_url(), &[0; 11]).await;
    let fits = stored(bottle.publisher_url(), &[0; 10]).await;
    assert_eq!(get(bottle.aggregator_url(), &fits).await.status, 200);
    let (large, blocked) = (large.as_str(), blocked.to_string());
    for (id, status, kind, reason) in [
        (large, 403, "SIZE_EXCEEDED", "BLOB_TOO_LARGE"),
        (&blocked, 451, "UNAVAILABLE_FOR_LEGAL_REASONS", "FORBIDDEN_BLOB"),
    ] {
        for path in [
            format!("/v1/blobs/{id}"),
            format!("/v1/blobs/{id}/byte-range?start=0&length=1"),
            format!("/v1alpha/blobs/{id}/stream"),
        ] {
            let reply = ask(bottle.aggregator_url(), &format!("GET {path}"), &[]).await;
            assert_eq!((reply.status, reply.reason().as_str()), (status, reason), "{path}");
            assert_eq!(
                (&reply.json()["error"]["status"], reply.header("cache-control")),
                (&kind.into(), None)
            );
        }
    }
    let told = get(bottle.aggregator_url(), large).await;
    assert!(told.json()["error"]["message"].as_str().unwrap().contains("10"), "the limit is told");
}

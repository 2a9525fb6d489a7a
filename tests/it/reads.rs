//! Reads by object ID, of byte ranges and as a stream, and reads that are not allowed (contract §1.2–1.4, §1.9).

use crate::raw::{ask, connect, exchange, get, head, put, stored};
use mock_aggregator::Blocklist;
use tests::Bottle;

/// Stores bytes and gives the IDs of the object, of the blob, and of the shared object if there is one.
async fn stored_object(bottle: &Bottle, query: &str, body: &[u8]) -> (String, String, Option<String>) {
    let json = put(bottle.publisher_url(), query, body).await.json();
    let new = &json["newlyCreated"];
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let id = text(&new["blobObject"]["id"]).unwrap();
    (id, text(&new["blobObject"]["blobId"]).unwrap(), text(&new["sharedBlobObject"]))
}

/// Sets the attributes of an object, and gives the status.
async fn set_attributes(bottle: &Bottle, object: &str, attributes: &str) -> u16 {
    let length = attributes.len().to_string();
    let headers = [("content-type", "application/json"), ("content-length", length.as_str())];
    let head = head(&format!("PUT /mock/objects/{object}/attributes"), &headers);
    let bytes = [head.as_bytes(), attributes.as_bytes()].concat();
    exchange(connect(bottle.aggregator_url()).await, &bytes).await.unwrap().status
}

#[tokio::test]
async fn every_object_of_a_blob_leads_to_it() {
    let bottle = Bottle::start();
    let (first, blob, _) = stored_object(&bottle, "", b"0123456789").await;
    let (second, same, shared) = stored_object(&bottle, "?share=true", b"0123456789").await;
    assert!(first != second && blob == same);
    for object in [&first, &second, &shared.unwrap(), &first[2..].to_uppercase()] {
        let reply = get(bottle.aggregator_url(), &format!("by-object-id/{object}")).await;
        assert_eq!(reply.answer(), (200, "0123456789"), "{object}");
        assert_eq!(reply.header("etag"), Some(blob.as_str()), "the ID of the blob, not of the object");
        assert_eq!(reply.header("cache-control").map(|text| &text[..7]), Some("public,"));
    }
    let line = format!("GET /v1/blobs/by-object-id/{first}");
    let part = ask(bottle.aggregator_url(), &line, &[("range", "bytes=2-3")]).await;
    assert_eq!((part.answer(), part.header("content-range")), ((206, "23"), Some("bytes 2-3/10")));
    assert_eq!(
        ask(bottle.aggregator_url(), &line, &[("range", "bytes=2-")]).await.reason(),
        "INVALID_BYTE_RANGE"
    );
}

#[tokio::test]
async fn a_bad_object_id_and_an_unknown_one_have_different_errors() {
    let bottle = Bottle::start();
    let absent = get(bottle.aggregator_url(), "by-object-id/0x1").await;
    assert_eq!((absent.status, absent.reason().as_str()), (404, "BLOB_NOT_FOUND"));
    for bad in ["0xg", "1", "0x"] {
        let reply = get(bottle.aggregator_url(), &format!("by-object-id/{bad}")).await;
        let text = format!("Invalid URL: Cannot parse `blob_object_id` with value `{bad}`: ");
        assert!(reply.status == 400 && reply.text().starts_with(&text), "{}", reply.text());
    }
    let unknown = get(bottle.aggregator_url(), "by-object-id/0x1?cb=1").await;
    assert!(unknown.status == 400 && unknown.text().contains("unknown field `cb`"), "{}", unknown.text());
    assert_eq!(set_attributes(&bottle, "0x1", "{}").await, 404);
}

#[tokio::test]
async fn allowed_attributes_become_headers_unless_they_are_set_already() {
    let bottle = Bottle::start();
    let (object, blob, _) = stored_object(&bottle, "", b"0123456789").await;
    let attributes = r#"{"Content-Type":"image/png","content-disposition":"inline","etag":"mine","x-own":"no","link":"a\nb"}"#;
    assert_eq!(set_attributes(&bottle, &object, attributes).await, 204);
    let line = format!("GET /v1/blobs/by-object-id/{object}");
    for (headers, status) in [(&[][..], 200), (&[("range", "bytes=0-0")][..], 206)] {
        let reply = ask(bottle.aggregator_url(), &line, headers).await;
        assert_eq!((reply.status, reply.header("content-type")), (status, Some("image/png")));
        assert_eq!((reply.header("content-disposition"), reply.header("x-own")), (Some("inline"), None));
        assert_eq!((reply.header("etag"), reply.header("link")), (Some(blob.as_str()), None));
    }
    let asked = ask(bottle.aggregator_url(), &line, &[("accept", "text/css")]).await;
    assert_eq!(asked.header("content-type"), Some("text/css"), "the Accept of the client takes precedence");
    let failed = ask(bottle.aggregator_url(), &line, &[("range", "bytes=9-10")]).await;
    assert_eq!((failed.status, failed.header("content-disposition")), (416, None));
    assert_eq!(
        get(bottle.aggregator_url(), &blob).await.header("content-type"),
        None,
        "only with the object ID"
    );
}

#[tokio::test]
async fn a_byte_range_is_answered_with_200_and_its_own_etag() {
    let bottle = Bottle::start();
    let id = stored(bottle.publisher_url(), b"0123456789").await;
    for (start, length, bytes) in [(0, 10, "0123456789"), (2, 3, "234"), (9, 1, "9")] {
        let target = format!("{id}/byte-range?start={start}&length={length}");
        let reply = get(bottle.aggregator_url(), &target).await;
        assert_eq!(reply.answer(), (200, bytes), "{target}");
        assert_eq!(reply.header("etag"), Some(format!("{id}-{start}-{length}").as_str()));
        assert_eq!((reply.header("content-range"), reply.content_length()), (None, bytes.len()));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        let head = ask(bottle.aggregator_url(), &format!("HEAD /v1/blobs/{target}"), &[]).await;
        assert_eq!((head.answer(), head.content_length()), ((200, ""), bytes.len()));
    }
    let line = format!("GET /v1/blobs/{id}/byte-range?start=0&length=1");
    let reply = ask(bottle.aggregator_url(), &line, &[("range", "nonsense"), ("accept", "a/b")]).await;
    assert_eq!((reply.answer(), reply.header("content-type")), ((200, "0"), Some("a/b")));
}

#[tokio::test]
async fn an_invalid_byte_range_is_a_bad_request() {
    let bottle = Bottle::start();
    let id = stored(bottle.publisher_url(), b"0123456789").await;
    for (start, length) in [(0, 0), (0, 11), (10, 1), (u64::MAX, 1), (1, u64::MAX)] {
        let target = format!("{id}/byte-range?start={start}&length={length}");
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
        assert_eq!(reply.answer(), (400, format!("Failed to deserialize query string: {text}").as_str()));
    }
    let absent = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk/byte-range?start=0&length=1";
    assert_eq!(get(bottle.aggregator_url(), absent).await.reason(), "BLOB_NOT_FOUND");
}

#[tokio::test]
async fn an_unreadable_blob_is_an_internal_error_for_a_byte_range() {
    let bottle = Bottle::builder().aggregator_faults(&["503=1"]).start();
    let id = stored(bottle.publisher_url(), b"0123456789").await;
    let reply = get(bottle.aggregator_url(), &format!("{id}/byte-range?start=0&length=1")).await;
    assert_eq!((reply.status, reply.reason().as_str()), (500, "INTERNAL_ERROR"));
    assert_eq!(get(bottle.aggregator_url(), &id).await.status, 503);
    assert_eq!(bottle.aggregator_stats().fault("503"), 2);
}

#[tokio::test]
async fn a_streamed_blob_has_a_streaming_header() {
    let bottle = Bottle::start();
    let id = stored(bottle.publisher_url(), b"0123456789").await;
    let line = format!("/v1alpha/blobs/{id}/stream");
    let reply =
        ask(bottle.aggregator_url(), &format!("GET {line}?anything=1"), &[("range", "bytes=0-1")]).await;
    assert_eq!(reply.answer(), (200, "0123456789"), "no query, no ranges");
    assert_eq!((reply.header("x-walrus-streaming"), reply.content_length()), (Some("true"), 10));
    assert_eq!(reply.header("etag"), Some(id.as_str()));
    let head = ask(bottle.aggregator_url(), &format!("HEAD {line}"), &[]).await;
    assert_eq!((head.answer(), head.content_length()), ((200, ""), 10));
    assert_eq!(head.header("x-walrus-streaming"), Some("true"));
}

#[tokio::test]
async fn all_failures_of_a_stream_but_404_have_one_reason() {
    let bottle = Bottle::builder().aggregator_faults(&["503=1"]).start();
    let id = stored(bottle.publisher_url(), b"x").await;
    let reply = ask(bottle.aggregator_url(), &format!("GET /v1alpha/blobs/{id}/stream"), &[]).await;
    assert_eq!((reply.status, reply.reason().as_str()), (500, "SLIVER_RETRIEVAL_FAILED"));
    let bottle = Bottle::start();
    let reply = ask(bottle.aggregator_url(), &format!("GET /v1alpha/blobs/{id}/stream"), &[]).await;
    assert_eq!((reply.status, reply.reason().as_str()), (404, "BLOB_NOT_FOUND"));
}

#[tokio::test]
async fn a_truncated_stream_is_shorter_than_its_content_length() {
    let bottle = Bottle::builder().aggregator_faults(&["truncate=1"]).start();
    let id = stored(bottle.publisher_url(), &[7; 1000]).await;
    let reply = ask(bottle.aggregator_url(), &format!("GET /v1alpha/blobs/{id}/stream"), &[]).await;
    assert!(reply.status == 200 && reply.content_length() == 1000 && reply.body.len() < 1000);
}

#[tokio::test]
async fn a_blob_that_is_blocked_or_too_large_is_refused_on_every_route() {
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
    let refused = get(bottle.aggregator_url(), large).await;
    assert!(refused.json()["error"]["message"].as_str().unwrap().contains("10"), "the message has the limit");
}

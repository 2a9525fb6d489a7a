//! Blobs by the objects that stand for them, with their attributes as headers (contract §1.3).

use crate::raw::{ask, connect, exchange, get, head, put};
use tests::Bottle;

/// Stores bytes and gives the addresses of the object and of the blob.
async fn stored_object(bottle: &Bottle, query: &str, body: &[u8]) -> (String, String, Option<String>) {
    let json = put(bottle.publisher_url(), query, body).await.json();
    let new = &json["newlyCreated"];
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let id = text(&new["blobObject"]["id"]).unwrap();
    (id, text(&new["blobObject"]["blobId"]).unwrap(), text(&new["sharedBlobObject"]))
}

async fn describe(bottle: &Bottle, object: &str, attributes: &str) -> u16 {
    let length = attributes.len().to_string();
    let headers = [("content-type", "application/json"), ("content-length", length.as_str())];
    let head = head(&format!("PUT /mock/objects/{object}/attributes"), &headers);
    let bytes = [head.as_bytes(), attributes.as_bytes()].concat();
    exchange(connect(bottle.aggregator_url()).await, &bytes).await.unwrap().status
}

#[tokio::test]
async fn s1_3_every_object_of_a_blob_leads_to_it() {
    let bottle = Bottle::start();
    let (first, blob, _) = stored_object(&bottle, "", b"0123456789").await;
    let (second, same, shared) = stored_object(&bottle, "?share=true", b"0123456789").await;
    assert!(first != second && blob == same);
    for object in [&first, &second, &shared.unwrap(), &first[2..].to_uppercase()] {
        let reply = get(bottle.aggregator_url(), &format!("by-object-id/{object}")).await;
        assert_eq!(reply.said(), (200, "0123456789"), "{object}");
        assert_eq!(reply.header("etag"), Some(blob.as_str()), "the blob's name, not the object's");
        assert_eq!(reply.header("cache-control").map(|text| &text[..7]), Some("public,"));
    }
    let line = format!("GET /v1/blobs/by-object-id/{first}");
    let part = ask(bottle.aggregator_url(), &line, &[("range", "bytes=2-3")]).await;
    assert_eq!((part.said(), part.header("content-range")), ((206, "23"), Some("bytes 2-3/10")));
    assert_eq!(
        ask(bottle.aggregator_url(), &line, &[("range", "bytes=2-")]).await.reason(),
        "INVALID_BYTE_RANGE"
    );
}

#[tokio::test]
async fn s1_3_what_is_no_object_is_told_apart_from_one_that_is_not_there() {
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
    assert_eq!(describe(&bottle, "0x1", "{}").await, 404);
}

#[tokio::test]
async fn s1_3_allowed_attributes_become_headers_unless_they_are_set_already() {
    let bottle = Bottle::start();
    let (object, blob, _) = stored_object(&bottle, "", b"0123456789").await;
    let attributes = r#"{"Content-Type":"image/png","content-disposition":"inline","etag":"mine","x-own":"no","link":"a\nb"}"#;
    assert_eq!(describe(&bottle, &object, attributes).await, 204);
    let line = format!("GET /v1/blobs/by-object-id/{object}");
    for (headers, status) in [(&[][..], 200), (&[("range", "bytes=0-0")][..], 206)] {
        let reply = ask(bottle.aggregator_url(), &line, headers).await;
        assert_eq!((reply.status, reply.header("content-type")), (status, Some("image/png")));
        assert_eq!((reply.header("content-disposition"), reply.header("x-own")), (Some("inline"), None));
        assert_eq!((reply.header("etag"), reply.header("link")), (Some(blob.as_str()), None));
    }
    let asked = ask(bottle.aggregator_url(), &line, &[("accept", "text/css")]).await;
    assert_eq!(asked.header("content-type"), Some("text/css"), "what the client wants comes first");
    let failed = ask(bottle.aggregator_url(), &line, &[("range", "bytes=9-10")]).await;
    assert_eq!((failed.status, failed.header("content-disposition")), (416, None));
    assert_eq!(get(bottle.aggregator_url(), &blob).await.header("content-type"), None, "only by the object");
}

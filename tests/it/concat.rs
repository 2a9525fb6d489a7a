//! Several blobs as one body (contract §1.7).

use crate::raw::{Reply, ask, connect, exchange, head, put, stored};
use std::io;
use tests::Bottle;

async fn post(bottle: &Bottle, kind: Option<&str>, body: &str) -> io::Result<Reply> {
    let length = body.len().to_string();
    let headers: Vec<_> = kind
        .map(|kind| ("content-type", kind))
        .into_iter()
        .chain([("content-length", length.as_str())])
        .collect();
    let head = head("POST /v1alpha/blobs/concat", &headers);
    exchange(connect(bottle.aggregator_url()).await, &[head.as_bytes(), body.as_bytes()].concat()).await
}

async fn get(bottle: &Bottle, query: &str) -> io::Result<Reply> {
    let head = head(&format!("GET /v1alpha/blobs/concat{query}"), &[]);
    exchange(connect(bottle.aggregator_url()).await, head.as_bytes()).await
}

/// The bytes of a chunked body, and whether its last chunk was received.
fn dechunk(mut body: &[u8]) -> (String, bool) {
    let mut text = String::new();
    while let Some(at) = body.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&body[..at]).unwrap(), 16).unwrap();
        if size == 0 {
            return (text, true);
        }
        text.push_str(std::str::from_utf8(&body[at + 2..at + 2 + size]).unwrap());
        body = &body[at + 4 + size..];
    }
    (text, false)
}

#[tokio::test]
async fn blobs_are_concatenated_in_the_requested_order() {
    let bottle = Bottle::start();
    let one = stored(bottle.publisher_url(), b"one").await;
    let json = put(bottle.publisher_url(), "", b"two").await.json();
    let two = json["newlyCreated"]["blobObject"]["id"].as_str().unwrap().to_owned();
    let replies = [
        get(&bottle, &format!("?ids=%20{one},,{two},{one}%20,")).await.unwrap(),
        post(&bottle, Some("application/json"), &format!(r#"{{"ids":["{one}","{two}","{one}"]}}"#))
            .await
            .unwrap(),
    ];
    for reply in replies {
        assert_eq!((reply.status, dechunk(&reply.body)), (200, ("onetwoone".to_owned(), true)));
        assert_eq!(
            (reply.header("transfer-encoding"), reply.header("content-length")),
            (Some("chunked"), None)
        );
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("etag").map(str::len), Some(43));
        assert_eq!(reply.header("content-type"), None);
    }
    let url = bottle.aggregator_url();
    let head = ask(url, &format!("HEAD /v1alpha/blobs/concat?ids={one}"), &[]).await;
    assert_eq!((head.answer(), head.header("etag").map(str::len)), ((200, ""), Some(43)));
    let delete = ask(url, "DELETE /v1alpha/blobs/concat", &[]).await;
    assert_eq!((delete.answer(), delete.header("allow")), ((405, ""), Some("GET,HEAD,POST")));
}

#[tokio::test]
async fn a_bad_list_is_refused_before_the_first_byte() {
    let bottle = Bottle::start();
    let id = stored(bottle.publisher_url(), b"x").await;
    let query = |text: &str| format!("Failed to deserialize query string: {text}");
    let texts = [
        ("", query("missing field `ids`")),
        (&format!("?ids={id}&cb=1"), query("unknown field `cb`")),
        (
            &format!("?ids={id}&skip_consistency_check=true"),
            query("invalid type: string \"true\", expected a boolean"),
        ),
    ];
    for (target, text) in texts {
        assert_eq!(get(&bottle, target).await.unwrap().answer(), (400, text.as_str()));
    }
    for empty in ["?ids=", "?ids=,%20,"] {
        let reply = get(&bottle, empty).await.unwrap();
        assert_eq!((reply.status, reply.header("content-type")), (400, Some("text/plain; charset=utf-8")));
    }
    let rows = [
        (format!("{id},nonsense"), 400, "INVALID_ID_FORMAT"),
        (format!("{id},0x1"), 404, "OBJECT_ID_RESOLUTION_FAILED"),
    ];
    for (ids, status, reason) in rows {
        let reply = get(&bottle, &format!("?ids={ids}")).await.unwrap();
        assert_eq!((reply.status, reply.reason().as_str()), (status, reason));
    }
}

#[tokio::test]
async fn a_document_of_another_form_is_refused() {
    let bottle = Bottle::start();
    let id = stored(bottle.publisher_url(), b"x").await;
    let json = Some("application/json");
    let rows = [
        (None, format!(r#"{{"ids":["{id}"]}}"#), 415),
        (Some("text/plain"), format!(r#"{{"ids":["{id}"]}}"#), 415),
        (json, "{".to_owned(), 400),
        (json, r#"{"ids":"a"}"#.to_owned(), 422),
        (json, "{}".to_owned(), 422),
        (json, format!(r#"{{"ids":["{id}"],"cb":1}}"#), 422),
        (json, r#"{"ids":[]}"#.to_owned(), 400),
        (
            json,
            format!(r#"{{"ids":["{id}"],"strict_consistency_check":null,"skip_consistency_check":true}}"#),
            200,
        ),
    ];
    for (kind, body, status) in rows {
        let reply = post(&bottle, kind, &body).await.unwrap();
        assert_eq!(reply.status, status, "{body}");
        if status != 200 {
            assert_eq!(reply.header("content-type"), Some("text/plain; charset=utf-8"), "{body}");
        }
    }
    let both = format!(r#"{{"ids":["{id}"],"strict_consistency_check":true,"skip_consistency_check":true}}"#);
    assert_eq!(post(&bottle, json, &both).await.unwrap().reason(), "INVALID_CONSISTENCY_CHECK");
    let large = format!(r#"{{"ids":["{}"]}}"#, "x".repeat(2 << 20));
    assert_eq!(post(&bottle, json, &large).await.unwrap().status, 413);
}

#[tokio::test]
async fn a_blob_that_cannot_be_read_ends_the_connection() {
    let bottle = Bottle::builder().aggregator(|config| config.max_blob_size = Some(300_000)).start();
    let good = stored(bottle.publisher_url(), &[b'x'; 300_000]).await;
    let large = stored(bottle.publisher_url(), &[b'y'; 300_001]).await;
    let absent = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk";
    for bad in [absent, &large] {
        let first = get(&bottle, &format!("?ids={bad},{good}")).await;
        assert!(first.is_err(), "no status: {first:?}");
        match get(&bottle, &format!("?ids={good},{bad}")).await {
            Ok(reply) => assert!(reply.status == 200 && !is_complete(&reply.body), "no last chunk"),
            Err(error) => assert_ne!(error.kind(), io::ErrorKind::TimedOut),
        }
    }
    let bottle = Bottle::builder().aggregator_faults(&["503=1"]).start();
    assert!(get(&bottle, &format!("?ids={good}")).await.is_err());
}

/// Whether the last chunk of a body was received.
fn is_complete(body: &[u8]) -> bool {
    body.ends_with(b"\r\n0\r\n\r\n")
}

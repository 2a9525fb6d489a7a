//! Reads of whole blobs and ranges, compared with the contract of the real aggregator.

use crate::raw::{ask, get, put, stored};
use std::time::{Duration, Instant};
use tests::{Bottle, GET_BLOB};

#[tokio::test]
async fn a_blob_comes_with_these_headers_and_no_others() {
    let bottle = Bottle::start();
    let id = stored(bottle.publisher_url(), b"hello walrus").await;
    let reply = get(bottle.aggregator_url(), &id).await;
    assert_eq!(reply.answer(), (200, "hello walrus"));
    let mut names: Vec<_> = reply.headers.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "access-control-allow-origin",
        "cache-control",
        "connection",
        "content-length",
        "date",
        "etag",
        "vary",
        "x-content-type-options",
    ];
    assert_eq!(names, expected);
    assert_eq!(reply.header("content-length"), Some("12"));
    assert_eq!(reply.header("cache-control"), Some("public, max-age=86400, stale-while-revalidate=3600"));
    assert_eq!(reply.header("etag"), Some(id.as_str()), "without quotation marks");
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let bottle = Bottle::start();
    let id = stored(bottle.publisher_url(), b"hello walrus").await;
    let head = ask(bottle.aggregator_url(), &format!("HEAD /v1/blobs/{id}"), &[]).await;
    let get = get(bottle.aggregator_url(), &id).await;
    assert_eq!(head.answer(), (200, ""));
    let sorted = |headers: &[(String, String)]| {
        let mut headers: Vec<_> = headers.iter().filter(|(name, _)| name != "date").cloned().collect();
        headers.sort();
        headers
    };
    assert_eq!(sorted(&head.headers), sorted(&get.headers));
    let reads = bottle.aggregator_stats().reads;
    assert_eq!((reads.first, reads.cached), (1, 1), "the head was the first read");
}

#[tokio::test]
async fn a_bad_request_is_refused_as_text() {
    let bottle = Bottle::start();
    let id = stored(bottle.publisher_url(), b"hello walrus").await;
    let path = |text: &str| {
        format!("Invalid URL: Cannot parse `blob_id` with value `{text}`: failed to parse a blob ID")
    };
    let query = |text: &str| format!("Failed to deserialize query string: {text}");
    let stray = format!("{}B", &id[..42]);
    let rows = [
        ("abc".to_owned(), path("abc")),
        (format!("{id}="), path(&format!("{id}="))),
        (stray.clone(), path(&stray)),
        ("%C3%A4".to_owned(), path("ä")),
        ("%ff".to_owned(), "Invalid URL: Invalid UTF-8 in `blob_id`".to_owned()),
        ("abc?cb=1".to_owned(), path("abc")),
        (
            format!("{id}?cb=1"),
            query("cb: unknown field `cb`, expected `strict_consistency_check` or `skip_consistency_check`"),
        ),
        (
            format!("{id}?skip_consistency_check=yes"),
            query("skip_consistency_check: provided string was not `true` or `false`"),
        ),
        (
            format!("{id}?skip_consistency_check=true&skip_consistency_check=true"),
            query("duplicate field `skip_consistency_check`"),
        ),
    ];
    for (target, text) in rows {
        let reply = get(bottle.aggregator_url(), &target).await;
        assert_eq!(reply.answer(), (400, text.as_str()), "{target}");
        assert_eq!(reply.header("content-type"), Some("text/plain; charset=utf-8"));
    }
    assert_eq!(get(bottle.aggregator_url(), &format!("{id}/")).await.answer(), (404, ""));
    let delete = ask(bottle.aggregator_url(), &format!("DELETE /v1/blobs/{id}"), &[]).await;
    assert_eq!((delete.status, delete.header("allow")), (405, Some("GET,HEAD")));
}

#[tokio::test]
async fn each_consistency_check_is_accepted_alone() {
    let bottle = Bottle::start();
    let id = stored(bottle.publisher_url(), b"x").await;
    for (query, status) in [
        ("strict_consistency_check=true", 200),
        ("skip_consistency_check=true", 200),
        ("strict_consistency_check=false&skip_consistency_check=true", 200),
        ("strict_consistency_check=true&skip_consistency_check=true", 400),
    ] {
        assert_eq!(get(bottle.aggregator_url(), &format!("{id}?{query}")).await.status, status, "{query}");
    }
}

#[tokio::test]
async fn the_client_chooses_the_content_type() {
    let bottle = Bottle::start();
    let id = stored(bottle.publisher_url(), b"x").await;
    let rows = [
        ("GET", vec![("accept", "*/*")], None),
        ("GET", vec![("accept", "text/html, image/png")], Some("text/html, image/png")),
        ("GET", vec![("accept", "*/*"), ("content-type", "a/b")], Some("a/b")),
        ("HEAD", vec![("content-type", "a/b")], None),
    ];
    for (method, headers, kind) in rows {
        let reply = ask(bottle.aggregator_url(), &format!("{method} /v1/blobs/{id}"), &headers).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, kind), "{method} {headers:?}");
    }
}

#[tokio::test]
async fn validators_are_ignored() {
    let bottle = Bottle::start();
    let id = stored(bottle.publisher_url(), b"x").await;
    for header in ["if-none-match", "if-range"] {
        let reply = ask(bottle.aggregator_url(), &format!("GET /v1/blobs/{id}"), &[(header, &id)]).await;
        assert_eq!(reply.answer(), (200, "x"), "{header}");
    }
}

#[tokio::test]
async fn a_range_is_served_exactly_or_not_at_all() {
    let bottle = Bottle::start();
    let id = stored(bottle.publisher_url(), b"0123456789").await;
    let rows = [
        ("bytes=0-0", Some(("0", "bytes 0-0/10"))),
        ("bytes=2-5", Some(("2345", "bytes 2-5/10"))),
        ("bytes=0-9", Some(("0123456789", "bytes 0-9/10"))),
        ("bytes=0-10", None),
        ("bytes=5-", None),
        ("bytes=-5", None),
        ("bytes=0-1,3-4", None),
        ("bytes=5-2", None),
        ("Bytes=0-1", None),
        ("bytes=00-9", None),
        ("items=0-1", None),
        ("nonsense", None),
    ];
    for (range, expected) in rows {
        let reply = ask(bottle.aggregator_url(), &format!("GET /v1/blobs/{id}"), &[("range", range)]).await;
        match expected {
            Some((bytes, content_range)) => {
                assert_eq!(reply.answer(), (206, bytes), "{range}");
                assert_eq!(reply.header("content-range"), Some(content_range));
                assert_eq!(reply.header("etag"), Some(id.as_str()));
                assert_eq!(reply.content_length(), bytes.len());
            }
            None => {
                assert_eq!((reply.status, reply.reason().as_str()), (416, "INVALID_BYTE_RANGE"), "{range}");
                assert_eq!((reply.header("content-range"), reply.header("cache-control")), (None, None));
            }
        }
    }
}

#[tokio::test]
async fn a_blob_that_was_never_stored_is_not_found() {
    let bottle = Bottle::start();
    let reply = get(bottle.aggregator_url(), "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk").await;
    assert_eq!((reply.status, reply.reason().as_str()), (404, "BLOB_NOT_FOUND"));
    assert_eq!((reply.header("cache-control"), reply.header("x-content-type-options")), (None, None));
}

#[tokio::test]
async fn only_the_first_read_takes_the_latency_of_first_reads() {
    let (first, cached) = (Duration::from_millis(300), Duration::from_millis(60));
    let bottle = Bottle::builder()
        .aggregator(move |config| {
            config.profile.first_read.latency = format!("{first:?}").parse().unwrap();
            config.profile.cached_read.latency = format!("fixed:{cached:?}").parse().unwrap();
        })
        .start();
    let id = stored(bottle.publisher_url(), b"x").await;
    let mut took = Vec::new();
    for _ in 0..3 {
        let start = Instant::now();
        assert_eq!(get(bottle.aggregator_url(), &id).await.status, 200);
        took.push(start.elapsed());
    }
    assert!(took[0] >= first, "{took:?}");
    assert!(took[1..].iter().all(|took| *took >= cached) && took[1].min(took[2]) < first, "{took:?}");
    let reads = bottle.aggregator_stats().reads;
    assert_eq!((reads.first, reads.cached), (1, 2));
}

#[tokio::test]
async fn the_cache_evicts_the_least_recently_used_blob() {
    let bottle = Bottle::builder().aggregator(|config| config.cache_size = 250).start();
    let mut ids = Vec::new();
    for byte in 0..3 {
        ids.push(stored(bottle.publisher_url(), &[byte; 100]).await);
    }
    for id in [0, 1, 0, 2, 0, 1] {
        get(bottle.aggregator_url(), &ids[id]).await;
    }
    let reads = bottle.aggregator_stats().reads;
    assert_eq!((reads.first, reads.cached, reads.evicted), (4, 2, 2), "1 was evicted for 2, then 2 for 1");
}

#[tokio::test]
async fn a_range_does_not_fill_the_cache() {
    let bottle = Bottle::start();
    let id = stored(bottle.publisher_url(), b"0123456789").await;
    let line = format!("GET /v1/blobs/{id}");
    let range = [("range", "bytes=0-1")];
    let lines: [&[(&str, &str)]; 4] = [&range, &[], &range, &[]];
    for headers in lines {
        ask(bottle.aggregator_url(), &line, headers).await;
    }
    let reads = bottle.aggregator_stats().reads;
    assert_eq!((reads.first, reads.cached), (2, 2));
}

#[tokio::test]
async fn large_blobs_are_read_back_unchanged_and_every_byte_is_counted() {
    let bottle = Bottle::builder().publisher(|config| config.max_body_size = 64 << 20).start();
    let bytes: Vec<u8> = (0..33_554_433_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let id = stored(bottle.publisher_url(), &bytes).await;
    let reply = get(bottle.aggregator_url(), &id).await;
    assert_eq!((reply.status, reply.content_length()), (200, bytes.len()));
    assert!(reply.body == bytes, "every byte");
    assert_eq!(bottle.publisher_stats().bytes_in, bytes.len() as u64);
    assert_eq!(bottle.aggregator_stats().bytes_out, bytes.len() as u64);
}

#[tokio::test]
async fn counts_are_those_of_the_clients_and_reading_them_changes_nothing() {
    let bottle = Bottle::start();
    let id = stored(bottle.publisher_url(), b"12345").await;
    put(bottle.publisher_url(), "?foo", b"12345").await;
    get(bottle.aggregator_url(), &id).await;
    let reply = ask(bottle.aggregator_url(), "GET /mock/stats", &[]).await;
    let stats = bottle.aggregator_stats();
    let got = stats.route(GET_BLOB);
    assert_eq!((got.received, got.status(200), got.bytes_out, got.in_flight), (1, 1, 5, 0));
    assert_eq!(stats.requests.len(), 1, "{:?}", stats.requests.keys());
    assert_eq!((stats.connections.accepted, stats.connections.used), (2, 1));
    assert_eq!(serde_json::from_slice::<tests::Snapshot>(&reply.body).unwrap().requests, stats.requests);
    assert_eq!(reply.json()["requests"][GET_BLOB]["answered"]["200"], 1);
}

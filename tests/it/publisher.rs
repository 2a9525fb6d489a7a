//! Stores of blobs, compared with the contract of the real publisher.

use crate::raw::{self, ask, put, stored, try_put};
use std::time::{Duration, Instant};
use tests::{Bottle, PUT_BLOB};

const VARY: &str = "origin, access-control-request-method, access-control-request-headers";

#[tokio::test]
async fn unknown_paths_are_404_and_wrong_methods_405() {
    let bottle = Bottle::start();
    let rows = [
        ("GET /", 404, None),
        ("PUT /v1/blobs/", 404, None),
        ("PUT /v1/store", 404, None),
        ("DELETE /v1/blobs/x", 404, None),
        ("GET /v1/blobs", 405, Some("PUT")),
        ("POST /v1/blobs", 405, Some("PUT")),
        ("PUT /status", 405, Some("GET,HEAD")),
    ];
    for (line, status, allow) in rows {
        let reply = ask(bottle.publisher_url(), line, &[]).await;
        assert_eq!((reply.answer(), reply.header("allow")), ((status, ""), allow), "{line}");
        assert_eq!(reply.header("content-type"), None, "{line}");
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"), "{line}");
        assert_eq!(reply.header("vary"), Some(VARY), "{line}");
    }
}

#[tokio::test]
async fn options_is_answered_on_every_path() {
    let bottle = Bottle::start();
    for (path, allow) in [("/v1/blobs", Some("PUT")), ("/nowhere", None)] {
        let reply = ask(bottle.publisher_url(), &format!("OPTIONS {path}"), &[]).await;
        assert_eq!((reply.answer(), reply.header("allow")), ((200, ""), allow), "{path}");
        let headers = [
            ("access-control-allow-methods", "*"),
            ("access-control-allow-headers", "*"),
            ("access-control-max-age", "86400"),
            ("access-control-allow-origin", "*"),
            ("vary", VARY),
        ];
        for (name, value) in headers {
            assert_eq!(reply.header(name), Some(value), "{path}");
        }
        assert_eq!(reply.header("access-control-expose-headers"), None);
    }
}

#[tokio::test]
async fn status_and_api_are_served() {
    let bottle = Bottle::start();
    for url in [bottle.publisher_url(), bottle.aggregator_url()] {
        let status = ask(url, "GET /status", &[]).await;
        assert_eq!(status.answer(), (200, "OK"));
        assert_eq!(status.header("content-type"), Some("text/plain; charset=utf-8"));
        let api = ask(url, "GET /v1/api?ignored=1", &[]).await;
        assert_eq!((api.status, api.header("content-type")), (200, Some("text/html; charset=utf-8")));
    }
}

#[tokio::test]
async fn a_bad_query_is_refused_as_text_before_the_body() {
    let bottle = Bottle::start();
    let rows = [
        ("?foo=1", "unknown field `foo`"),
        ("?epochs=1&epochs=2", "duplicate field `epochs`"),
        ("?permanent=1", "permanent: provided string was not `true` or `false`"),
        ("?epochs=", "epochs: cannot parse integer from empty string"),
        ("?encoding_type=rs2", "encoding_type: unknown variant `rs2`, expected `RedStuffRaptorQ` or `RS2`"),
    ];
    for (query, text) in rows {
        let reply = put(bottle.publisher_url(), query, b"x").await;
        assert_eq!(
            reply.answer(),
            (400, format!("Failed to deserialize query string: {text}").as_str()),
            "{query}"
        );
        assert_eq!(reply.header("content-type"), Some("text/plain; charset=utf-8"));
    }
    let stats = bottle.publisher_stats();
    assert_eq!((stats.route(PUT_BLOB).status(400), stats.stores.newly_created, stats.bytes_in), (5, 0, 0));
}

#[tokio::test]
async fn epochs_that_the_chain_refuses_are_an_internal_error() {
    let bottle = Bottle::start();
    for epochs in [0, 54, u32::MAX] {
        let reply = put(bottle.publisher_url(), &format!("?epochs={epochs}"), b"x").await;
        assert_eq!((reply.status, reply.reason().as_str()), (500, "INTERNAL_ERROR"), "{epochs}");
    }
    assert_eq!(put(bottle.publisher_url(), "?epochs=53", b"x").await.status, 200);
}

#[tokio::test]
async fn an_invalid_owner_is_ignored() {
    let bottle = Bottle::start();
    let address = "2".repeat(64);
    let queries = ["?send_object_to=0x1".into(), "?share=1".into(), format!("?send_object_to=0x{address}")];
    for query in queries {
        let reply = put(bottle.publisher_url(), &query, b"x").await;
        assert_eq!(reply.status, 200, "{query}");
        assert_eq!(reply.json()["newlyCreated"].get("sharedBlobObject"), None);
    }
}

#[tokio::test]
async fn bodies_of_any_kind_are_stored() {
    let bottle = Bottle::start();
    let url = bottle.publisher_url();
    let empty = put(url, "", b"").await.json();
    assert_eq!(empty["newlyCreated"]["blobObject"]["size"], 0);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let typed = try_put(url, "", &form, b"a=b").await.unwrap();
    assert_eq!(typed.json()["newlyCreated"]["blobObject"]["size"], 3);
    let chunked = raw::head("PUT /v1/blobs", &[("transfer-encoding", "chunked")]) + "3\r\na=b\r\n0\r\n\r\n";
    let chunked = raw::exchange(raw::connect(url).await, chunked.as_bytes()).await.unwrap();
    let id = |reply: &raw::Reply| reply.json()["newlyCreated"]["blobObject"]["blobId"].clone();
    assert_eq!(id(&chunked), id(&typed), "the same bytes have the same ID");
    assert_eq!(bottle.publisher_stats().bytes_in, 6);
}

#[tokio::test]
async fn an_invalid_chunked_body_is_refused_as_text() {
    let bottle = Bottle::start();
    let garbled = raw::head("PUT /v1/blobs", &[("transfer-encoding", "chunked")]) + "zz\r\n";
    let reply = raw::exchange(raw::connect(bottle.publisher_url()).await, garbled.as_bytes()).await.unwrap();
    assert_eq!(reply.status, 400);
    assert!(reply.text().starts_with("Failed to buffer the request body: "), "{}", reply.text());
}

#[tokio::test]
async fn a_repeated_store_is_new_unless_a_permanent_object_exists() {
    let bottle = Bottle::start();
    let url = bottle.publisher_url();
    let rows = [
        ("", "new"),
        ("", "new"),
        ("?deletable=true", "new"),
        ("?permanent=true&epochs=3", "new"),
        ("?permanent=true", "until 4"),
        ("?permanent=true&epochs=3", "until 4"),
        ("?permanent=true&epochs=5", "new"),
        ("?permanent=true&epochs=4", "until 6"),
        ("?permanent=true&force=true", "new"),
        ("?permanent=true&reuse_resources=true", "until 6"),
        ("", "new"),
    ];
    let mut objects = std::collections::BTreeSet::new();
    for (step, (query, expected)) in rows.iter().enumerate() {
        let answer = put(url, query, b"the same bytes").await.json();
        let got = match answer["newlyCreated"]["blobObject"]["id"].as_str() {
            Some(object) if objects.insert(object.to_owned()) => "new".to_owned(),
            Some(object) => format!("{object} again"),
            None => format!("until {}", answer["alreadyCertified"]["endEpoch"]),
        };
        assert_eq!(&got, expected, "step {step} {query}");
    }
    let stores = bottle.publisher_stats().stores;
    assert_eq!((stores.newly_created, stores.already_certified, stores.blob_bytes), (7, 4, 11 * 14));
}

#[tokio::test]
async fn blobs_survive_the_publisher() {
    let dir = tempfile::tempdir().unwrap();
    let bottle = || Bottle::builder().store(dir.path()).start();
    let id = stored(bottle().publisher_url(), b"still here").await;
    put(bottle().publisher_url(), "?permanent=true", b"still here").await;
    let late = bottle();
    let repeat = put(late.publisher_url(), "?permanent=true", b"still here").await.json();
    assert_eq!(repeat["alreadyCertified"]["blobId"], id.as_str());
    assert_eq!(raw::get(late.aggregator_url(), &id).await.answer(), (200, "still here"));
}

#[tokio::test]
async fn a_body_of_the_limit_is_stored_and_one_byte_more_is_not() {
    let bottle = Bottle::builder().publisher(|config| config.max_body_size = 100 * 1024).start();
    let url = bottle.publisher_url();
    let bytes = vec![7; 100 * 1024 + 1];
    assert_eq!(put(url, "", &bytes[1..]).await.status, 200);
    let too_large = (413, "Failed to buffer the request body: length limit exceeded");
    assert_eq!(put(url, "", &bytes).await.answer(), too_large);
    let chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    let head = raw::head("PUT /v1/blobs", &[("transfer-encoding", "chunked")]).into_bytes();
    let chunked = [&head, &chunk, bytes.as_slice(), b"\r\n0\r\n\r\n"].concat();
    assert_eq!(raw::exchange(raw::connect(url).await, &chunked).await.unwrap().answer(), too_large);
    let stats = bottle.publisher_stats();
    assert_eq!((stats.stores.newly_created, stats.route(PUT_BLOB).status(413)), (1, 2));
}

#[tokio::test]
async fn the_default_limit_is_ten_mebibytes() {
    let bottle = Bottle::start();
    let bytes = vec![7; 10_485_761];
    assert_eq!(put(bottle.publisher_url(), "", &bytes[1..]).await.status, 200);
    assert_eq!(put(bottle.publisher_url(), "", &bytes).await.status, 413);
}

#[tokio::test]
async fn an_authorization_header_is_checked_even_if_none_is_required() {
    let bottle = Bottle::start();
    let rows = [
        ("Basic dXNlcjpwYXNz", 400, "invalid HTTP header (authorization)"),
        ("Bearer an-api-key", 500, "INTERNAL_ERROR"),
        // {"alg":"HS256"} and {"exp":1,"jti":"a","max_size":2} or ,"max_size":3}
        ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjEsImp0aSI6ImEiLCJtYXhfc2l6ZSI6Mn0.x", 400, "INVALID_SIZE"),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjEsImp0aSI6ImEiLCJtYXhfc2l6ZSI6M30.x", 200, "newlyCreated"),
    ];
    for (header, status, text) in rows {
        let reply = try_put(bottle.publisher_url(), "", &[("authorization", header)], b"abc").await.unwrap();
        assert_eq!(reply.status, status, "{header}");
        assert!(reply.text().contains(text), "{header}: {}", reply.text());
        let auth = reply.text().contains("auth.publisher.walrus.space");
        assert_eq!(auth, header.starts_with("Bearer") && status != 200, "{header}");
    }
}

#[tokio::test]
async fn the_latency_of_a_store_begins_at_the_last_byte() {
    let latency = Duration::from_millis(150);
    let bottle = Bottle::builder()
        .publisher(move |c| c.profile.store.latency = format!("{latency:?}").parse().unwrap())
        .start();
    let start = Instant::now();
    put(bottle.publisher_url(), "", b"x").await;
    let took = start.elapsed();
    assert!(took >= latency && took < latency * 6, "{took:?}");
}

#[tokio::test]
async fn a_store_takes_longer_for_every_mebibyte() {
    let per_mib = Duration::from_millis(100);
    let bottle = Bottle::builder().publisher(move |c| c.profile.store.per_mib = per_mib).start();
    let start = Instant::now();
    put(bottle.publisher_url(), "", &[7; 2 << 20]).await;
    assert!(start.elapsed() >= per_mib * 2, "{:?}", start.elapsed());
}

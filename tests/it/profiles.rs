//! Fault profiles over real sockets: rules by route, size and time, replaced while a server works, and repeatable.

use crate::raw::{Reply, ask, connect, exchange, get, head, put, stored, try_put, until};
use mock_aggregator::cache::{CacheConfig, Persona};
use mock_publisher::fault::Role;
use mock_publisher::profile::Profile;
use std::time::{Duration, Instant};
use tests::{Bottle, GET_BLOB, PUT_BLOB};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const ABSENT: &str = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk";

/// One rule as a document.
fn rule(kind: &str, more: &str) -> String {
    format!("[[fault]]\nkind = \"{kind}\"\nratio = \"100%\"\n{more}")
}

/// Posts a document to a server.
async fn post_profile(url: &str, document: &str) -> Reply {
    let length = document.len().to_string();
    let head = head("POST /mock/weather", &[("content-length", &length)]);
    exchange(connect(url).await, format!("{head}{document}").as_bytes()).await.unwrap()
}

#[tokio::test]
async fn a_rule_for_large_blobs_does_not_match_small_ones() {
    let bottle =
        Bottle::builder().publisher_weather(&rule("504", "size = \"1KiB..\"\nroute = \"store\"")).start();
    let url = bottle.publisher_url();
    let (small, large) = (vec![1; 1023], vec![1; 1024]);
    assert_eq!(put(url, "", &small).await.status, 200);
    let refused = put(url, "", &large).await;
    assert_eq!((refused.status, refused.reason().as_str()), (504, "INSUFFICIENT_CONFIRMATIONS"));
    let chunked = head("PUT /v1/blobs", &[("transfer-encoding", "chunked")]);
    let body = [b"400\r\n", &large[..], b"\r\n0\r\n\r\n"].concat();
    let unannounced = exchange(connect(url).await, &[chunked.as_bytes(), &body].concat()).await.unwrap();
    assert_eq!(unannounced.status, 504, "a size that is not announced is known after the body");
    let stats = bottle.publisher_stats();
    assert_eq!((stats.fault("504"), stats.stores.newly_created), (2, 1));
}

#[tokio::test]
async fn a_rule_for_a_size_matches_every_name_of_a_blob() {
    let bottle = Bottle::builder().aggregator_weather(&rule("451", "size = \"..10B\"")).start();
    let url = bottle.aggregator_url();
    let reply = put(bottle.publisher_url(), "", b"small").await.json();
    let small = reply["newlyCreated"]["blobObject"]["blobId"].as_str().unwrap();
    let object = reply["newlyCreated"]["blobObject"]["id"].as_str().unwrap();
    let large = stored(bottle.publisher_url(), b"large enough").await;
    for line in [
        format!("GET /v1/blobs/{small}"),
        format!("GET /v1/blobs/by-object-id/{object}"),
        format!("GET /v1/blobs/{small}/byte-range?start=0&length=1"),
        format!("GET /v1alpha/blobs/{small}/stream"),
    ] {
        let reply = ask(url, &line, &[]).await;
        assert_eq!((reply.status, reply.reason().as_str()), (451, "FORBIDDEN_BLOB"), "{line}");
        assert_eq!(reply.header("cache-control"), None, "no cache may keep a failure: {line}");
    }
    assert_eq!(get(url, &large).await.answer(), (200, "large enough"));
    assert_eq!(get(url, ABSENT).await.status, 404, "what is not there has no size");
    assert_eq!(bottle.aggregator_stats().fault("451"), 4);
}

#[tokio::test]
async fn a_rule_for_a_route_does_not_match_others() {
    let bottle = Bottle::builder().aggregator_weather(&rule("404", "route = \"read-range\"")).start();
    let url = bottle.aggregator_url();
    let id = stored(bottle.publisher_url(), b"walrus").await;
    let part = ask(url, &format!("GET /v1/blobs/{id}/byte-range?start=0&length=1"), &[]).await;
    assert_eq!((part.status, part.reason().as_str()), (404, "BLOB_NOT_FOUND"));
    assert_eq!(get(url, &id).await.answer(), (200, "walrus"));
}

#[tokio::test]
async fn a_rule_outside_its_period_changes_nothing() {
    let bottle = Bottle::builder().publisher_weather(&rule("500", "from = \"1h\"")).start();
    let url = bottle.publisher_url();
    assert_eq!(put(url, "", b"x").await.status, 200);
    bottle.set_publisher_weather(&rule("500", "for = \"1h\""));
    assert_eq!(put(url, "", b"x").await.status, 500);
    bottle.set_publisher_weather(&rule("500", "for = \"0s\""));
    assert_eq!(put(url, "", b"x").await.status, 200, "it is over already");
}

#[tokio::test]
async fn the_profile_of_a_running_server_is_read_and_replaced() {
    let bottle = Bottle::builder().aggregator_weather("preset = \"lan\"\nseed = 4").start();
    let url = bottle.aggregator_url();
    let id = stored(bottle.publisher_url(), b"walrus").await;
    let reply = ask(url, "GET /mock/weather", &[]).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
    let lan = Profile::parse("preset = \"lan\"\nseed = 4", Role::Aggregator).unwrap();
    assert_eq!(Profile::parse(reply.text(), Role::Aggregator).unwrap(), lan);
    let toml = rule("503", "");
    let json = r#"{"fault": [{"kind": "503", "ratio": 1}]}"#;
    for document in [toml.as_str(), json] {
        assert_eq!(post_profile(url, "seed = 1").await.status, 200);
        assert_eq!(get(url, &id).await.status, 200, "the rest of the old profile is gone");
        let changed = post_profile(url, document).await;
        assert_eq!((changed.status, &changed.json()["fault"][0]["kind"]), (200, &"503".into()));
        assert_eq!(changed.text(), ask(url, "GET /mock/weather", &[]).await.text());
        assert_eq!(get(url, &id).await.reason(), "BLOB_UNAVAILABLE");
    }
    for (document, why) in [
        ("\n\nrain = 1", "the weather is unchanged: line 3: unknown field `rain`, expected one of `preset`,"),
        (
            &rule("413", "")[..],
            "the weather is unchanged: a mock aggregator cannot have the fault `413`; it has",
        ),
        (r#"{"seed": "x"}"#, "the weather is unchanged: invalid type: string \"x\", expected u64 at line 1"),
    ] {
        let refused = post_profile(url, document).await;
        assert_eq!(
            (refused.status, refused.header("content-type")),
            (400, Some("text/plain; charset=utf-8"))
        );
        assert!(refused.text().starts_with(why) && refused.text().ends_with('\n'), "{}", refused.text());
        assert_eq!(get(url, &id).await.status, 503);
    }
    let reply = ask(url, "GET /mock/stats", &[]).await;
    assert!(!reply.text().contains("/mock/weather"), "requests that change the profile are not counted");
}

#[tokio::test]
async fn a_daemon_has_one_profile_for_both_halves() {
    let bottle = Bottle::builder()
        .daemon()
        .publisher(|config| config.profile.store.latency = "1ms".parse().unwrap())
        .publisher_faults(&["413=1"])
        .aggregator_faults(&["404=1"])
        .start();
    let url = bottle.publisher_url();
    assert_eq!(
        (put(url, "", b"x").await.status, get(url, ABSENT).await.reason().as_str()),
        (413, "BLOB_NOT_FOUND")
    );
    assert_eq!(bottle.aggregator_stats().fault("404"), 1);
    let reply = ask(url, "GET /mock/weather", &[]).await.json();
    assert_eq!(
        (&reply["store"]["latency"], reply["fault"].as_array().unwrap().len()),
        (&"fixed:1ms".into(), 10)
    );
    let both = [rule("insufficient-funds", ""), rule("corrupt", "")].concat();
    assert_eq!(post_profile(url, &both).await.status, 200);
    let poor = put(url, "", b"x").await;
    assert!(poor.status == 500 && poor.text().contains("WAL coins"), "{}", poor.text());
    assert_eq!(post_profile(url, "").await.status, 200);
    let id = stored(url, b"walrus").await;
    assert_eq!(post_profile(url, &both).await.status, 200);
    assert_ne!(get(url, &id).await.body, b"walrus");
}

#[tokio::test]
async fn a_stall_holds_every_request_until_it_ends() {
    let bottle = Bottle::builder().publisher_weather("[[stall]]\nfor = \"1h\"").start();
    let url = bottle.publisher_url().to_owned();
    let store = tokio::spawn({
        let url = url.clone();
        async move { put(&url, "", b"x").await.status }
    });
    let status = tokio::spawn({
        let url = url.clone();
        async move { ask(&url, "GET /status", &[]).await.status }
    });
    let waiting = |name| bottle.publisher_stats().route(name).in_flight;
    until(|| waiting(PUT_BLOB) == 1 && waiting("GET /status") == 1).await;
    assert_eq!(bottle.publisher_stats().fault("stall"), 0, "they are still held");
    assert_eq!(post_profile(&url, "").await.status, 200, "the requests under /mock are not held");
    assert_eq!((store.await.unwrap(), status.await.unwrap()), (200, 200));
    assert_eq!(bottle.publisher_stats().fault("stall"), 2);
    let metrics = ask(&url, "GET /metrics", &[]).await;
    assert!(metrics.text().contains("mock_faults_total{kind=\"stall\"} 2\n"), "{}", metrics.text());
}

#[tokio::test]
async fn a_stall_ends_after_its_duration() {
    let bottle = Bottle::start();
    let stall = Duration::from_millis(250);
    let start = Instant::now();
    bottle.set_aggregator_weather("[[stall]]\nfor = \"250ms\"");
    assert_eq!(get(bottle.aggregator_url(), ABSENT).await.status, 404);
    assert!(start.elapsed() >= stall, "{:?}", start.elapsed());
}

#[tokio::test]
async fn the_same_profile_and_the_same_requests_give_the_same_faults() {
    let document = "seed = 11\n[[fault]]\nkind = \"500\"\nratio = \"30%\"\n\
        [[fault]]\nkind = \"reset\"\nratio = \"20%\"\nsize = \"20B..\"\n\
        [[fault]]\nkind = \"malformed-json\"\nratio = 0.2\nroute = \"store\"\n";
    let bottle = Bottle::start();
    let mut runs = Vec::new();
    for document in [document, document, &document.replace("11", "12")] {
        bottle.set_publisher_weather(document);
        let mut seen = Vec::new();
        for n in 0..40_usize {
            let reply = try_put(bottle.publisher_url(), "", &[], &vec![7; n]).await;
            seen.push(
                reply
                    .map(|reply| {
                        (reply.status, serde_json::from_slice::<serde_json::Value>(&reply.body).is_ok())
                    })
                    .ok(),
            );
        }
        runs.push(seen);
    }
    assert_eq!(runs[0], runs[1], "a new profile numbers requests from 0");
    assert_ne!(runs[0], runs[2]);
    assert!(
        runs[0][..20].iter().all(Option::is_some) && runs[0][20..].iter().any(Option::is_none),
        "{runs:?}"
    );
    for kind in [Some((200, true)), Some((200, false)), Some((500, true))] {
        assert!(runs[0].contains(&kind), "{kind:?} {runs:?}");
    }
}

#[tokio::test]
async fn a_404_and_a_503_take_the_time_of_the_profile() {
    let bottle = Bottle::start();
    let url = bottle.aggregator_url();
    let id = stored(bottle.publisher_url(), b"walrus").await;
    let rows = [
        ("not_found = \"80ms\"".to_owned(), ABSENT, 404),
        (format!("not_found = \"80ms\"\n{}", rule("404", "")), &id, 404),
        (format!("unavailable = \"80ms\"\n{}", rule("503", "")), &id, 503),
        (format!("unavailable = \"1h\"\n{}", rule("503", "after = \"80ms\"")), &id, 503),
        (rule("502", "after = \"80ms\""), &id, 502),
        ("[first_read]\nlatency = \"40ms\"\nper_mib = \"7000s\"".to_owned(), &id, 200),
    ];
    for (document, id, status) in rows {
        bottle.set_aggregator_weather(&document);
        let start = Instant::now();
        assert_eq!(get(url, id).await.status, status, "{document}");
        assert!(start.elapsed() >= Duration::from_millis(80), "{document}: {:?}", start.elapsed());
    }
    bottle.set_publisher_weather("[store]\nlatency = \"40ms\"\nper_mib = \"7000s\"");
    let start = Instant::now();
    assert_eq!(put(bottle.publisher_url(), "", b"walrus").await.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(80), "{:?}", start.elapsed());
}

#[tokio::test]
async fn the_first_byte_does_not_wait_for_a_slow_body() {
    let bottle = Bottle::start();
    let id = stored(bottle.publisher_url(), &[5; 1000]).await;
    bottle.set_aggregator_weather("[first_read]\nbody_per_mib = \"1000h\"");
    let mut stream = connect(bottle.aggregator_url()).await;
    stream.write_all(head(&format!("GET /v1/blobs/{id}"), &[]).as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
    until(|| bottle.aggregator_stats().route(GET_BLOB).status(200) == 1).await;
    assert_eq!(bottle.aggregator_stats().bytes_out, 0, "the body takes an hour");
    bottle.set_publisher_weather("[store]\nbody_per_mib = \"90s\"");
    let start = Instant::now();
    assert_eq!(put(bottle.publisher_url(), "", &[6; 1000]).await.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(85), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_404_from_the_cache_is_counted() {
    let bottle =
        Bottle::builder().aggregator(|config| config.cache = CacheConfig::of(Persona::Nginx)).start();
    for _ in 0..3 {
        assert_eq!(get(bottle.aggregator_url(), ABSENT).await.status, 404);
    }
    let reads = bottle.aggregator_stats().reads;
    assert_eq!((reads.negative_hits, reads.first, reads.cached), (2, 0, 0));
    let metrics = ask(bottle.aggregator_url(), "GET /metrics", &[]).await;
    assert!(metrics.text().contains("mock_cache_negative_hits_total 2\n"), "{}", metrics.text());
}

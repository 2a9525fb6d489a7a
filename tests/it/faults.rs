//! Every fault over real sockets: what the client sees, and that the server counts it.

use crate::raw::{get, put, stored, try_put};
use std::io::ErrorKind;
use std::time::{Duration, Instant};
use tests::{Bottle, GET_BLOB, PUT_BLOB};

const BYTES: &[u8] = b"the quick brown walrus jumps over the lazy seal";

/// A bottle whose publisher has this fault always.
fn publisher(fault: &str) -> Bottle {
    Bottle::builder()
        .publisher_faults(&[&format!("{fault}=100%")])
        .publisher(|config| config.profile.drip_for = Duration::from_millis(200))
        .start()
}

/// A bottle whose aggregator has this fault always, and a blob in it.
async fn aggregator(fault: &str) -> (Bottle, String) {
    let bottle = Bottle::builder()
        .aggregator_faults(&[&format!("{fault}=100%")])
        .aggregator(|config| {
            config.profile.drip_for = Duration::from_millis(200);
            config.profile.not_yet_for = Duration::from_millis(300);
        })
        .start();
    let id = stored(bottle.publisher_url(), BYTES).await;
    (bottle, id)
}

#[tokio::test]
async fn errors_come_with_the_status_and_in_the_form_of_their_source() {
    let rows = [
        ("shed", 429, "the publisher is receiving too many requests", "text/plain; charset=utf-8"),
        ("500", 500, "INTERNAL_ERROR", "application/json"),
        ("503", 503, "<h1>503 Service Unavailable</h1>", "text/html"),
        ("504", 504, "INSUFFICIENT_CONFIRMATIONS", "application/json"),
        ("error-object", 200, r#"{"error":{"blobId":""#, "application/json"),
        ("413", 413, "length limit exceeded", "text/plain; charset=utf-8"),
        ("insufficient-funds", 500, "WAL coins", "application/json"),
        ("502", 502, "<h1>502 Bad Gateway</h1>", "text/html"),
        ("gateway-504", 504, "<h1>504 Gateway Timeout</h1>", "text/html"),
        ("520", 520, "cloudflare", "text/html"),
        ("521", 521, "cloudflare", "text/html"),
        ("522", 522, "cloudflare", "text/html"),
        ("523", 523, "cloudflare", "text/html"),
        ("524", 524, "cloudflare", "text/html"),
    ];
    for (fault, status, text, kind) in rows {
        let bottle = publisher(fault);
        let reply = put(bottle.publisher_url(), "", BYTES).await;
        assert_eq!((reply.status, reply.header("content-type")), (status, Some(kind)), "{fault}");
        assert!(reply.text().contains(text), "{fault}: {}", reply.text());
        let stats = bottle.publisher_stats();
        assert_eq!((stats.fault(fault), stats.route(PUT_BLOB).status(status)), (1, 1), "{fault}");
        assert_eq!((stats.stores.newly_created, stats.route(PUT_BLOB).shed), (0, 0), "{fault}");
    }
    let rows = [
        ("shed", 429, "the aggregator is receiving too many requests", "text/plain; charset=utf-8"),
        ("500", 500, "INTERNAL_ERROR", "application/json"),
        ("503", 503, "BLOB_UNAVAILABLE", "application/json"),
        ("504", 504, "<h1>504 Gateway Timeout</h1>", "text/html"),
        ("not-yet", 404, "BLOB_NOT_FOUND", "application/json"),
        ("403", 403, "BLOB_TOO_LARGE", "application/json"),
        ("404", 404, "BLOB_NOT_FOUND", "application/json"),
        ("451", 451, "FORBIDDEN_BLOB", "application/json"),
        ("502", 502, "<h1>502 Bad Gateway</h1>", "text/html"),
        ("gateway-504", 504, "<h1>504 Gateway Timeout</h1>", "text/html"),
        ("520", 520, "cloudflare", "text/html"),
        ("521", 521, "cloudflare", "text/html"),
        ("522", 522, "cloudflare", "text/html"),
        ("523", 523, "cloudflare", "text/html"),
        ("524", 524, "cloudflare", "text/html"),
    ];
    for (fault, status, text, kind) in rows {
        let (bottle, id) = aggregator(fault).await;
        let reply = get(bottle.aggregator_url(), &id).await;
        assert_eq!((reply.status, reply.header("content-type")), (status, Some(kind)), "{fault}");
        assert!(reply.text().contains(text), "{fault}: {}", reply.text());
        let stats = bottle.aggregator_stats();
        assert_eq!(
            (stats.fault(fault), stats.route(GET_BLOB).status(status), stats.reads.first),
            (1, 1, 0),
            "{fault}"
        );
    }
}

#[tokio::test]
async fn a_reset_ends_the_connection_without_an_answer() {
    let bottle = publisher("reset");
    for body in [BYTES, &[0; 1 << 20]] {
        let error = try_put(bottle.publisher_url(), "", &[], body).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    let stats = bottle.publisher_stats();
    let route = stats.route(PUT_BLOB);
    assert_eq!((stats.fault("reset"), route.received, route.unanswered, route.answered.len()), (2, 2, 2, 0));
    assert_eq!((stats.stores.newly_created, stats.bytes_in), (0, BYTES.len() as u64 + (1 << 20)));
    let (bottle, id) = aggregator("reset").await;
    let line = crate::raw::head(&format!("GET /v1/blobs/{id}"), &[]);
    let stream = crate::raw::connect(bottle.aggregator_url()).await;
    let error = crate::raw::exchange(stream, line.as_bytes()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(bottle.aggregator_stats().route(GET_BLOB).unanswered, 1);
}

#[tokio::test]
async fn a_truncated_body_announces_more_than_it_sends() {
    let (bottle, id) = aggregator("truncate").await;
    let mut sent = 0;
    for _ in 0..8 {
        let reply = get(bottle.aggregator_url(), &id).await;
        assert_eq!((reply.status, reply.content_length(), reply.end), (200, BYTES.len(), None));
        assert!(reply.body.len() < BYTES.len() && BYTES.starts_with(&reply.body), "{}", reply.body.len());
        sent += reply.body.len() as u64;
    }
    let stats = bottle.aggregator_stats();
    assert_eq!((stats.fault("truncate"), stats.bytes_out, stats.route(GET_BLOB).status(200)), (8, sent, 8));
    let bottle = publisher("truncate");
    let reply = put(bottle.publisher_url(), "", BYTES).await;
    assert!(reply.status == 200 && reply.body.len() < reply.content_length(), "{reply:?}");
    let stats = bottle.publisher_stats();
    assert_eq!(
        (stats.fault("truncate"), stats.stores.newly_created),
        (1, 1),
        "the blob is stored all the same"
    );
}

#[tokio::test]
async fn a_large_body_is_truncated_at_the_offset_that_was_drawn() {
    let bottle = Bottle::builder()
        .publisher(|config| config.max_body_size = 64 << 20)
        .aggregator_faults(&["truncate=1"])
        .start();
    let id = stored(bottle.publisher_url(), &vec![5; 16 << 20]).await;
    for _ in 0..3 {
        let before = bottle.aggregator_stats().bytes_out;
        let reply = get(bottle.aggregator_url(), &id).await;
        assert_eq!(bottle.aggregator_stats().bytes_out - before, reply.body.len() as u64);
        assert!(reply.body.len() < 16 << 20);
    }
}

#[tokio::test]
async fn a_corrupt_body_differs_in_one_byte() {
    let (bottle, id) = aggregator("corrupt").await;
    for n in 1..=8 {
        let reply = get(bottle.aggregator_url(), &id).await;
        let differing = reply.body.iter().zip(BYTES).filter(|(got, sent)| got != sent).count();
        assert_eq!((reply.body.len(), differing), (BYTES.len(), 1));
        assert_eq!(bottle.aggregator_stats().fault("corrupt"), n);
    }
}

#[tokio::test]
async fn malformed_json_has_the_length_that_it_announces() {
    let bottle = publisher("malformed-json");
    let reply = put(bottle.publisher_url(), "", BYTES).await;
    assert_eq!((reply.status, reply.content_length()), (200, reply.body.len()));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert!(reply.text().starts_with(r#"{"newlyCreated":"#));
    assert!(serde_json::from_slice::<serde_json::Value>(&reply.body).is_err());
    let stats = bottle.publisher_stats();
    assert_eq!((stats.fault("malformed-json"), stats.stores.newly_created), (1, 1));
}

#[tokio::test]
async fn a_dripping_body_takes_its_duration_and_is_complete() {
    let (bottle, id) = aggregator("drip").await;
    let start = Instant::now();
    assert_eq!(get(bottle.aggregator_url(), &id).await.body, BYTES);
    assert!(start.elapsed() >= Duration::from_millis(200), "{:?}", start.elapsed());
    assert_eq!(bottle.aggregator_stats().fault("drip"), 1);
    let bottle = publisher("drip");
    assert!(put(bottle.publisher_url(), "", BYTES).await.json()["newlyCreated"].is_object());
    assert_eq!(bottle.publisher_stats().fault("drip"), 1);
}

#[tokio::test]
async fn a_hung_request_ends_when_its_client_leaves() {
    let bottle = publisher("hang");
    let patience = Duration::from_millis(300);
    let hung = tokio::time::timeout(patience, try_put(bottle.publisher_url(), "", &[], BYTES)).await;
    assert!(hung.is_err(), "{hung:?}");
    let left = async {
        while bottle.publisher_stats().route(PUT_BLOB).unanswered == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await; // sleep: between looks, bounded
        }
    };
    tokio::time::timeout(Duration::from_secs(10), left).await.unwrap();
    let stats = bottle.publisher_stats();
    assert_eq!(
        (stats.fault("hang"), stats.route(PUT_BLOB).in_flight, stats.bytes_in),
        (1, 0, BYTES.len() as u64)
    );
}

#[tokio::test]
async fn a_hung_request_ends_with_a_close_when_the_server_stops() {
    let (bottle, id) = aggregator("hang").await;
    let url = bottle.aggregator_url().to_owned();
    let hung = tokio::spawn(async move {
        let line = crate::raw::head(&format!("GET /v1/blobs/{id}"), &[]);
        crate::raw::exchange(crate::raw::connect(&url).await, line.as_bytes()).await
    });
    let arrived = async {
        while bottle.aggregator_stats().fault("hang") == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await; // sleep: between looks, bounded
        }
    };
    tokio::time::timeout(Duration::from_secs(10), arrived).await.unwrap();
    drop(bottle);
    assert_eq!(hung.await.unwrap().unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn a_blob_that_is_not_yet_readable_is_readable_later() {
    let (bottle, id) = aggregator("not-yet").await;
    let start = Instant::now();
    let mut answers = vec![get(bottle.aggregator_url(), &id).await.status];
    while answers.last() == Some(&404) && start.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(20)).await; // sleep: between looks, bounded
        answers.push(get(bottle.aggregator_url(), &id).await.status);
    }
    assert_eq!((answers[0], answers.last()), (404, Some(&200)));
    assert_eq!(bottle.aggregator_stats().fault("not-yet"), answers.len() as u64 - 1);
}

#[tokio::test]
async fn a_mix_of_faults_repeats_with_its_seed_and_each_is_counted() {
    let specs = ["500=20%", "reset=20%", "error-object=10%", "malformed-json=10%", "shed=10%"];
    let mut runs = Vec::new();
    for seed in [5, 5, 6] {
        let bottle = Bottle::builder()
            .publisher_faults(&specs)
            .publisher(move |config| config.profile.seed = seed)
            .start();
        let mut seen = Vec::new();
        for n in 0..60_u8 {
            let reply = try_put(bottle.publisher_url(), "", &[], &[n]).await;
            seen.push(reply.map(|reply| (reply.status, reply.body.len() < 300)).ok());
        }
        let stats = bottle.publisher_stats();
        let route = stats.route(PUT_BLOB);
        let count = |what| seen.iter().filter(|reply| **reply == what).count() as u64;
        assert_eq!((stats.fault("reset"), stats.fault("reset")), (count(None), route.unanswered));
        assert_eq!(
            (stats.fault("500"), stats.fault("500")),
            (count(Some((500, true))) + count(Some((500, false))), route.status(500))
        );
        assert_eq!((stats.fault("shed"), route.shed), (count(Some((429, true))), 0));
        assert_eq!(stats.fault("error-object") + stats.fault("malformed-json"), count(Some((200, true))));
        assert_eq!(route.received, 60);
        assert!(
            specs.iter().all(|spec| stats.fault(spec.split('=').next().unwrap()) > 0),
            "{:?}",
            stats.faults
        );
        runs.push(seen);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn a_body_fault_does_not_change_an_empty_body() {
    for fault in ["truncate", "corrupt", "drip"] {
        let bottle = Bottle::builder().aggregator_faults(&[&format!("{fault}=100%")]).start();
        let id = stored(bottle.publisher_url(), b"").await;
        let reply = get(bottle.aggregator_url(), &id).await;
        assert_eq!((reply.status, reply.body.len(), reply.end), (200, 0, None), "{fault}");
        assert_eq!(bottle.aggregator_stats().fault(fault), 0);
    }
}

//! The counters of a server over real sockets: metrics for Prometheus, and arrivals with their times.

use crate::raw::{ask, put, stored};
use std::time::Duration;
use tests::Bottle;

#[tokio::test]
async fn metrics_have_the_counts_and_do_not_change_them() {
    let bottle = Bottle::start();
    let id = stored(bottle.publisher_url(), b"walrus").await;
    put(bottle.publisher_url(), "?foo=1", b"x").await;
    for _ in 0..2 {
        let reply = ask(bottle.publisher_url(), "GET /metrics", &[]).await;
        let kind = Some("text/plain; version=0.0.4; charset=utf-8");
        assert_eq!((reply.status, reply.header("content-type")), (200, kind));
        for line in [
            "mock_responses_total{route=\"PUT /v1/blobs\",status=\"200\"} 1",
            "mock_responses_total{route=\"PUT /v1/blobs\",status=\"400\"} 1",
            "mock_stores_newly_created_total 1",
            "mock_stored_bytes_total 6",
        ] {
            assert!(reply.text().lines().any(|own| own == line), "{line}\n{}", reply.text());
        }
        assert!(!reply.text().contains("/metrics"), "a scrape is not counted");
    }
    crate::raw::get(bottle.aggregator_url(), &id).await;
    let reply = ask(bottle.aggregator_url(), "GET /metrics", &[]).await;
    assert!(reply.text().contains("mock_reads_first_total 1\n"), "{}", reply.text());
}

#[tokio::test]
async fn arrivals_are_in_order_with_their_times() {
    let bottle = Bottle::start();
    let url = bottle.publisher_url();
    put(url, "", b"x").await;
    let pause = Duration::from_millis(30);
    tokio::time::sleep(pause).await; // sleep: the pause that the record must show
    put(url, "?foo=1", b"x").await;
    ask(url, "GET /status", &[]).await;
    let arrivals = ask(url, "GET /mock/arrivals", &[]).await.json();
    let arrivals = arrivals.as_array().unwrap();
    let routes: Vec<_> = arrivals.iter().map(|arrival| arrival["route"].as_str().unwrap()).collect();
    assert_eq!(routes, ["PUT /v1/blobs", "PUT /v1/blobs", "GET /status"]);
    let at: Vec<u64> = arrivals.iter().map(|arrival| arrival["at_us"].as_u64().unwrap()).collect();
    assert!(at[1] - at[0] >= 30_000 && at[1] <= at[2], "{at:?}");
    assert_eq!(arrivals[2]["n"], 2);
}

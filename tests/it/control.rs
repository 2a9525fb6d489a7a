//! What tests control and observe a mock with: the reset of its counts, faults by count, timeouts of connections.

use crate::raw::{ask, connect, get, head, put, stored, until};
use mock_publisher::idle::Timeouts;
use std::time::Duration;
use tests::{Bottle, GET_BLOB, PUT_BLOB};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn a_reset_sets_all_counts_to_zero_but_open_connections() {
    let bottle = Bottle::builder().publisher_faults(&["500=first:1"]).start();
    let url = bottle.publisher_url();
    assert_eq!(put(url, "", b"x").await.status, 500);
    stored(url, b"x").await;
    let before = bottle.publisher_stats();
    assert_eq!(
        (before.route(PUT_BLOB).received, before.fault("500"), before.stores.newly_created),
        (2, 1, 1)
    );
    let mut idle = connect(url).await;
    until(|| bottle.publisher_stats().connections.open == 1).await;
    assert_eq!(ask(url, "POST /mock/reset", &[]).await.status, 204);
    until(|| bottle.publisher_stats().connections.open == 1).await;
    let after = bottle.publisher_stats();
    assert!(after.requests.is_empty() && after.faults.is_empty() && after.bytes_in == 0, "{after:?}");
    assert_eq!((after.stores.newly_created, after.stores.blob_bytes, after.panics), (0, 0, 0));
    assert_eq!((after.connections.accepted, after.connections.used), (0, 0));
    assert!(bottle.publisher_arrivals().is_empty());
    idle.write_all(head("PUT /v1/blobs", &[("content-length", "1")]).as_bytes()).await.unwrap();
    idle.write_all(b"x").await.unwrap();
    idle.read_to_end(&mut Vec::new()).await.unwrap();
    let stats = bottle.publisher_stats();
    assert_eq!(
        (stats.connections.used, stats.stores.newly_created, stats.route(PUT_BLOB).in_flight),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn a_fault_by_count_hits_the_first_requests_that_match_it() {
    let rules = ["503=first:2,route=read", "500=first:1,route=read-range"];
    let bottle = Bottle::builder().aggregator_faults(&rules).start();
    let id = stored(bottle.publisher_url(), b"walrus").await;
    let range = format!("{id}/byte-range?start=0&length=1");
    let mut statuses = Vec::new();
    for target in [&range, &id, &range, &id, &id, &id] {
        statuses.push(get(bottle.aggregator_url(), target).await.status);
    }
    assert_eq!(statuses, [500, 503, 200, 503, 200, 200]);
    let stats = bottle.aggregator_stats();
    assert_eq!((stats.fault("503"), stats.fault("500")), (2, 1));
    bottle.set_aggregator_weather("fault = [{ kind = \"404\", ratio = \"first:1\" }]");
    let again =
        [get(bottle.aggregator_url(), &id).await.status, get(bottle.aggregator_url(), &id).await.status];
    assert_eq!(again, [404, 200], "a profile that is set counts from its start");
}

#[tokio::test]
async fn a_fault_by_count_may_depend_on_the_size_of_a_body_that_announces_none() {
    let bottle = Bottle::builder().publisher_faults(&["500=first:1,size=4.."]).start();
    let chunked = async |body: &str| {
        let head = head("PUT /v1/blobs", &[("transfer-encoding", "chunked")]);
        let request = format!("{head}{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        crate::raw::exchange(connect(bottle.publisher_url()).await, request.as_bytes()).await.unwrap().status
    };
    assert_eq!([chunked("abc").await, chunked("abcd").await, chunked("abcd").await], [200, 500, 200]);
}

#[tokio::test]
async fn connections_that_are_not_used_end_after_the_timeouts() {
    let (short, long) = (Duration::from_millis(30), Duration::from_secs(3600));
    let only = |keepalive, header| Timeouts { keepalive: Some(keepalive), header: Some(header) };
    let request = format!("GET /v1/blobs/{} HTTP/1.1\r\nhost: w\r\n\r\n", "A".repeat(43));
    let half = &request[..20];
    for (timeouts, sent, answers) in
        [(only(short, long), request.as_str(), 1), (only(long, short), half, 0), (only(long, short), "", 0)]
    {
        let bottle = Bottle::builder().timeouts(timeouts).start();
        let mut stream = connect(bottle.aggregator_url()).await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer.windows(12).filter(|head| *head == b"HTTP/1.1 404").count(), answers, "{sent:?}");
        until(|| bottle.aggregator_stats().connections.open == 0).await;
        assert_eq!(bottle.aggregator_stats().route(GET_BLOB).received, answers as u64);
    }
}

//! Admission over real sockets: eight at work, eight waiting, one in between, and an early 429 for every other request.

use crate::raw::{self, ask, connect, exchange, get, head, put, stored, until};
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use mock_publisher::admission::Limits;
use tests::{Bottle, GET_BLOB, PUT_BLOB};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const BUSY: &str = "the publisher is receiving too many requests; please try again later";

/// A store whose body is never sent: it stays admitted as long as its connection is open.
async fn stalled(url: &str) -> TcpStream {
    let mut stream = connect(url).await;
    stream.write_all(head("PUT /v1/blobs", &[("content-length", "5")]).as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn of_forty_stores_at_once_seventeen_are_admitted() {
    let bottle = Bottle::start();
    let url = bottle.publisher_url();
    let mut streams = Vec::new();
    for _ in 0..40 {
        streams.push(stalled(url).await);
    }
    until(|| bottle.publisher_stats().route(PUT_BLOB).received == 40).await;
    until(|| bottle.publisher_stats().route(PUT_BLOB).status(429) == 23).await;
    let route = bottle.publisher_stats().route(PUT_BLOB);
    assert_eq!((route.admitted, route.shed, route.in_flight, route.bytes_in), (17, 23, 17, 0));
    // All at once, because any of them may be at work while the others wait.
    let mut exchanges: JoinSet<_> = streams.into_iter().map(|stream| exchange(stream, b"12345")).collect();
    let mut statuses = std::collections::BTreeMap::new();
    while let Some(reply) = exchanges.join_next().await {
        *statuses.entry(reply.unwrap().unwrap().status).or_insert(0) += 1;
    }
    assert_eq!(statuses, [(200, 17), (429, 23)].into());
    assert_eq!(bottle.publisher_stats().bytes_in, 17 * 5);
    assert_eq!(put(url, "", b"x").await.status, 200, "requests are admitted again");
}

#[tokio::test]
async fn the_eighteenth_store_gets_429_at_once_whatever_its_size() {
    let bottle = Bottle::start();
    let url = bottle.publisher_url();
    let mut inside = Vec::new();
    for _ in 0..17 {
        inside.push(stalled(url).await);
    }
    until(|| bottle.publisher_stats().route(PUT_BLOB).admitted == 17).await;
    let mut eighteenth = connect(url).await;
    let length = 8 << 20;
    let head = head("PUT /v1/blobs", &[("content-length", &length.to_string())]);
    eighteenth.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = eighteenth.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 429 ") && answer.ends_with(BUSY), "{answer}");
    assert!(answer.contains("content-type: text/plain; charset=utf-8\r\n"), "{answer}");
    assert!(
        answer.contains("access-control-allow-origin: *\r\n") && !answer.contains("retry-after"),
        "{answer}"
    );
    assert_eq!(bottle.publisher_stats().bytes_in, 0);
    assert_eq!(ask(url, "GET /status", &[]).await.answer(), (200, "OK"), "the status is not limited");
}

#[tokio::test]
async fn a_client_that_leaves_frees_its_slot() {
    let bottle =
        Bottle::builder().publisher(|config| config.limits = Limits { concurrent: 1, buffer: 0 }).start();
    let url = bottle.publisher_url();
    let inside = (stalled(url).await, stalled(url).await);
    until(|| bottle.publisher_stats().route(PUT_BLOB).admitted == 2).await;
    assert_eq!(put(url, "", b"x").await.answer(), (429, BUSY));
    drop(inside);
    until(|| bottle.publisher_stats().route(PUT_BLOB).in_flight == 0).await;
    assert_eq!(put(url, "", b"x").await.status, 200);
    let route = bottle.publisher_stats().route(PUT_BLOB);
    assert_eq!((route.received, route.unanswered, route.status(429), route.status(200)), (4, 2, 1, 1));
}

#[tokio::test]
async fn of_six_hundred_reads_at_once_577_are_admitted() {
    let bottle = Bottle::builder()
        .aggregator(|config| config.profile.first_read.latency = "1h".parse().unwrap())
        .start();
    let id = stored(bottle.publisher_url(), b"x").await;
    let address = format!("{}/v1/blobs/{id}", bottle.aggregator_url());
    // Over HTTP/2, because not every machine has a thousand file descriptors for this.
    let (mut clients, mut answers) = (Vec::new(), JoinSet::new());
    for _ in 0..4 {
        let stream = TokioIo::new(connect(bottle.aggregator_url()).await);
        let (mut client, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(connection);
        for _ in 0..150 {
            answers.spawn(client.send_request(Request::get(&address).body(Full::new(Bytes::new())).unwrap()));
        }
        clients.push(client);
    }
    until(|| bottle.aggregator_stats().route(GET_BLOB).status(429) == 600 - 577).await;
    let route = bottle.aggregator_stats().route(GET_BLOB);
    assert_eq!((route.received, route.admitted, route.shed, route.in_flight), (600, 577, 23, 577));
    for _ in 0..23 {
        assert_eq!(answers.join_next().await.unwrap().unwrap().unwrap().status(), 429);
    }
    let part = ask(bottle.aggregator_url(), &format!("GET /v1/quilts/{id}/patches"), &[]).await;
    assert_eq!(part.status, 500, "another route has limits of its own");
}

#[tokio::test]
async fn a_slow_reader_holds_no_permit() {
    let bottle = Bottle::builder()
        .publisher(|config| config.max_body_size = 64 << 20)
        .aggregator(|config| config.limits = Limits { concurrent: 1, buffer: 0 })
        .start();
    let large = stored(bottle.publisher_url(), &vec![1; 32 << 20]).await;
    let url = bottle.aggregator_url();
    let mut slow = Vec::new();
    for n in 0..4 {
        let mut stream = connect(url).await;
        stream.write_all(head(&format!("GET /v1/blobs/{large}"), &[]).as_bytes()).await.unwrap();
        until(|| bottle.aggregator_stats().route(GET_BLOB).status(200) == n + 1).await;
        slow.push(stream);
    }
    assert_eq!(bottle.aggregator_stats().route(GET_BLOB).shed, 0);
    assert!(bottle.aggregator_stats().bytes_out < 4 * (32 << 20), "they are still being served");
}

#[tokio::test]
async fn the_429_of_an_aggregator_names_the_aggregator() {
    let bottle = Bottle::builder()
        .aggregator(|config| {
            config.limits = Limits { concurrent: 1, buffer: 1 };
            config.profile.first_read.latency = "1h".parse().unwrap();
        })
        .start();
    let id = stored(bottle.publisher_url(), b"x").await;
    let url = bottle.aggregator_url();
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let mut stream = connect(url).await;
        stream.write_all(head(&format!("GET /v1/blobs/{id}"), &[]).as_bytes()).await.unwrap();
        waiting.push(stream);
    }
    until(|| bottle.aggregator_stats().route(GET_BLOB).admitted == 3).await;
    let text = "the aggregator is receiving too many requests; please try again later";
    assert_eq!(get(url, &id).await.answer(), (429, text));
}

#[tokio::test]
async fn a_body_that_ends_early_stores_nothing() {
    let bottle = Bottle::start();
    let mut stream = stalled(bottle.publisher_url()).await;
    stream.write_all(b"123").await.unwrap();
    until(|| bottle.publisher_stats().bytes_in == 3).await;
    drop(stream);
    until(|| bottle.publisher_stats().route(PUT_BLOB).unanswered == 1).await;
    assert_eq!(bottle.publisher_stats().stores.newly_created, 0);
    assert_eq!(
        std::fs::read_dir(bottle.store().join("tmp")).unwrap().count(),
        0,
        "and leaves nothing behind"
    );
    let _ = raw::connect(bottle.publisher_url()).await;
}

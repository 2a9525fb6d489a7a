//! `Expect: 100-continue`: the body waits for the 100, is never sent after a refusal, and is sent to servers that ignore it.

use std::time::Duration;

use stress::sample::{Expectation, FailureClass, Link};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::server::{Server, blob, bytes, client, failure, header, read_body, read_head, stored};

const SIZE: u64 = 3_000_000;

#[tokio::test]
async fn the_body_is_sent_after_the_100() {
    let server = Server::start(|mut stream, _| async move {
        while let Some(head) = read_head(&mut stream).await {
            assert_eq!(header(&head, "expect"), Some("100-continue"));
            let early = tokio::time::timeout(Duration::from_millis(100), stream.peek(&mut [0])).await;
            assert!(early.is_err(), "a body arrived before the 100");
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.unwrap();
            assert_eq!(read_body(&mut stream, &head).await, bytes(blob(SIZE)));
            stream.write_all(stored().as_bytes()).await.unwrap();
        }
    })
    .await;
    let mut plan = server.plan();
    plan.limits.expect_continue = true;
    let mut client = client(&plan);
    for _ in 0..3 {
        let exchange = client.upload(0, blob(SIZE).source()).await;
        assert!(exchange.outcome.is_success(), "{:?}", exchange.outcome);
        assert_eq!(exchange.record.expectation, Some(Expectation::Met));
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn after_a_refusal_instead_of_the_100_no_body_is_sent() {
    let server =
        Server::responding_to_heads("HTTP/1.1 429 Too Many Requests\r\ncontent-length: 4\r\n\r\nbusy").await;
    let mut plan = server.plan();
    plan.limits.expect_continue = true;
    let mut client = client(&plan);
    for _ in 0..3 {
        let exchange = client.upload(0, blob(SIZE).source()).await;
        assert_eq!((exchange.record.bytes_sent, exchange.record.timing.sent), (0, None));
        assert_eq!(failure(&exchange).class, FailureClass::Shed);
    }
    // The server may still wait for the body, so that the connection cannot be reused.
    assert_eq!(server.accepted(), 3);
}

#[tokio::test]
async fn a_success_instead_of_the_100_is_no_success() {
    let server = Server::start(|mut stream, _| async move {
        read_head(&mut stream).await;
        stream.write_all(stored().as_bytes()).await.unwrap();
        read_head(&mut stream).await;
    })
    .await;
    let mut plan = server.plan();
    plan.limits.expect_continue = true;
    let exchange = client(&plan).upload(0, blob(SIZE).source()).await;
    let failure = failure(&exchange);
    assert_eq!((failure.class, exchange.record.bytes_sent), (FailureClass::EarlySuccess, 0));
    assert!(failure.message.contains("0 of the blob's 3000000 bytes"), "{failure}");
}

/// A server that reports of each request whether it expects a 100, ignores that, and stores.
async fn ignoring() -> (Server, tokio::sync::mpsc::UnboundedReceiver<bool>) {
    let (sender, received) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |mut stream, _| {
        let sender = sender.clone();
        async move {
            while let Some(head) = read_head(&mut stream).await {
                sender.send(header(&head, "expect").is_some()).unwrap();
                assert_eq!(read_body(&mut stream, &head).await, bytes(blob(SIZE)));
                stream.write_all(stored().as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    (server, received)
}

#[tokio::test]
async fn several_silences_in_a_row_end_the_expectation() {
    let (server, mut received) = ignoring().await;
    let mut plan = server.plan();
    plan.limits.expect_continue = true;
    let mut client = client(&plan);
    let (ignored, abandoned) = (Some(Expectation::Ignored), Some(Expectation::Abandoned));
    for expected in [ignored, ignored, abandoned, None, None] {
        let exchange = client.upload(0, blob(SIZE).source()).await;
        assert!(exchange.outcome.is_success());
        assert_eq!(
            (exchange.record.expectation, received.recv().await),
            (expected, Some(expected.is_some()))
        );
    }
    assert_eq!(server.accepted(), 1);
}

/// Refuses the expectation as RFC 9110 §10.1.1 has it, `before` or after reading a blob that comes all the same.
async fn refuse_expectation(mut stream: TcpStream, before: bool) {
    const REFUSAL: &[u8] = b"HTTP/1.1 417 Expectation Failed\r\ncontent-length: 2\r\n\r\nno";
    while let Some(head) = read_head(&mut stream).await {
        let expects = header(&head, "expect").is_some();
        if !(expects && before) {
            assert_eq!(read_body(&mut stream, &head).await, bytes(blob(SIZE)));
        }
        let response = if expects { REFUSAL } else { stored().leak().as_bytes() };
        stream.write_all(response).await.unwrap();
    }
}

#[tokio::test]
async fn a_refused_expectation_is_dropped_and_its_upload_repeated_once() {
    for before in [true, false] {
        let server = Server::start(move |stream, _| refuse_expectation(stream, before)).await;
        let mut plan = server.plan();
        plan.limits.expect_continue = true;
        let mut client = client(&plan);
        for expected in [Some(Expectation::Refused), None, None] {
            let exchange = client.upload(0, blob(SIZE).source()).await;
            let record = exchange.record;
            assert!(exchange.outcome.is_success(), "{:?}", exchange.outcome);
            assert_eq!((record.expectation, record.status), (expected, Some(200)));
            assert_eq!(matches!(record.link, Some(Link::Fresh(_))), expected.is_some());
            // With what the refused request had sent.
            let sent = if expected.is_some() && !before { 2 * SIZE } else { SIZE };
            assert_eq!(record.bytes_sent, sent);
        }
        assert_eq!(server.accepted(), 2);
    }
}

#[tokio::test]
async fn a_417_to_an_upload_without_an_expectation_is_final() {
    let server =
        Server::responding_with("HTTP/1.1 417 Expectation Failed\r\ncontent-length: 0\r\n\r\n").await;
    let failure = failure(&server.client().upload(0, blob(SIZE).source()).await);
    assert_eq!((failure.class, failure.status), (FailureClass::BadRequest, Some(417)));
}

#[tokio::test]
async fn interim_responses_may_repeat_and_arrive_with_the_final_response() {
    let server = Server::start(|mut stream, _| async move {
        while let Some(head) = read_head(&mut stream).await {
            let early = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n";
            stream.write_all(early).await.unwrap();
            read_body(&mut stream, &head).await;
            let late = format!("HTTP/1.1 100 Continue\r\n\r\n{}", stored());
            stream.write_all(late.as_bytes()).await.unwrap();
        }
    })
    .await;
    let mut plan = server.plan();
    plan.limits.expect_continue = true;
    let mut client = client(&plan);
    for _ in 0..3 {
        let exchange = client.upload(0, blob(SIZE).source()).await;
        assert!(exchange.outcome.is_success(), "{:?}", exchange.outcome);
        assert_eq!(exchange.record.bytes_sent, SIZE);
    }
    assert_eq!(server.accepted(), 1);
}

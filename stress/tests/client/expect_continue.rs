//! `Expect: 100-continue`: the body waits for the 100, is never sent after a refusal, and is sent to servers that ignore it.

use std::time::Duration;

use stress::sample::FailureClass;
use tokio::io::AsyncWriteExt;

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
        assert!(
            exchange.record.timing.finished - exchange.record.timing.started < Duration::from_millis(900)
        );
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
async fn a_server_that_ignores_the_expectation_costs_one_timeout() {
    let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |mut stream, _| {
        let sender = sender.clone();
        async move {
            while let Some(head) = read_head(&mut stream).await {
                sender.send(header(&head, "expect").is_some()).unwrap();
                read_body(&mut stream, &head).await;
                stream.write_all(stored().as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    let mut plan = server.plan();
    plan.limits.expect_continue = true;
    let mut client = client(&plan);
    for expects in [true, false, false] {
        let exchange = client.upload(0, blob(SIZE).source()).await;
        assert!(exchange.outcome.is_success());
        assert_eq!(received.recv().await, Some(expects));
        assert_eq!(
            exchange.record.timing.finished - exchange.record.timing.started > Duration::from_secs(1),
            expects
        );
    }
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

//! `Expect: 100-continue`: the body waits for the word, is never sent after a refusal, and not held for the silent.

use std::time::Duration;

use stress::sample::FailureClass;
use tokio::io::AsyncWriteExt;

use super::server::{Server, blob, bytes, client, failure, header, read_body, read_head, stored};

const SIZE: u64 = 3_000_000;

#[tokio::test]
async fn the_body_follows_the_servers_word() {
    let server = Server::start(|mut stream, _| async move {
        while let Some(head) = read_head(&mut stream).await {
            assert_eq!(header(&head, "expect"), Some("100-continue"));
            let early = tokio::time::timeout(Duration::from_millis(100), stream.peek(&mut [0])).await;
            assert!(early.is_err(), "a body came before it was asked for");
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
async fn a_refusal_in_place_of_the_word_keeps_the_body_at_home() {
    let server =
        Server::answering_heads("HTTP/1.1 429 Too Many Requests\r\ncontent-length: 4\r\n\r\nbusy").await;
    let mut plan = server.plan();
    plan.limits.expect_continue = true;
    let mut client = client(&plan);
    for _ in 0..3 {
        let exchange = client.upload(0, blob(SIZE).source()).await;
        assert_eq!((exchange.record.bytes_sent, exchange.record.timing.sent), (0, None));
        assert_eq!(failure(&exchange).class, FailureClass::Shed);
    }
    // The server may still wait for the body that it announced not to want.
    assert_eq!(server.accepted(), 3);
}

#[tokio::test]
async fn a_silent_server_is_waited_for_once() {
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |mut stream, _| {
        let tell = tell.clone();
        async move {
            while let Some(head) = read_head(&mut stream).await {
                tell.send(header(&head, "expect").is_some()).unwrap();
                read_body(&mut stream, &head).await;
                stream.write_all(stored().as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    let mut plan = server.plan();
    plan.limits.expect_continue = true;
    let mut client = client(&plan);
    for asks in [true, false, false] {
        let exchange = client.upload(0, blob(SIZE).source()).await;
        assert!(exchange.outcome.is_success());
        assert_eq!(told.recv().await, Some(asks));
        assert_eq!(
            exchange.record.timing.finished - exchange.record.timing.started > Duration::from_secs(1),
            asks
        );
    }
}

#[tokio::test]
async fn words_on_the_way_may_come_more_than_once_and_together_with_the_answer() {
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

//! A response that arrives while a large body is still being sent is classified by its status.
//!
//! The servers run on a thread of their own: only then can a reset arrive between a read and a write of the client.

use stress::sample::{FailureClass, Link};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::server::{Server, blob, failure, read_body, read_head, reset, stored};

const MIB: u64 = 1024 * 1024;
const SIZES: [u64; 6] = [10, 100_000, MIB, 4 * MIB, 9 * MIB, 64 * MIB];
const SHED: &str = "HTTP/1.1 429 Too Many Requests\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 77\r\n\r\n\
                    the publisher is receiving too many requests; please try again later, at once.";
const TOO_LARGE: &str = "HTTP/1.1 413 Payload Too Large\r\ncontent-length: 56\r\nconnection: close\r\n\r\n\
                         Failed to buffer the request body: length limit exceeded";

/// Responds without reading the body, then closes: bytes that are still in flight make that a reset.
async fn refuse(mut stream: TcpStream, response: &str, abruptly: bool) {
    if read_head(&mut stream).await.is_none() {
        return;
    }
    let _ = stream.write_all(response.as_bytes()).await;
    if abruptly {
        reset(stream);
    }
}

async fn each_refusal_is_seen(response: &'static str, class: FailureClass, status: u16, times: usize) {
    for size in SIZES {
        for abruptly in [false, true] {
            let server = Server::start(move |stream, _| refuse(stream, response, abruptly)).await;
            for attempt in 0..times {
                let exchange = server.client().upload(0, blob(size).source()).await;
                let failure = failure(&exchange);
                assert_eq!(
                    (failure.class, failure.status),
                    (class, Some(status)),
                    "{size} {attempt}: {failure}"
                );
                assert!(matches!(exchange.record.link, Some(Link::Fresh(_))));
            }
            assert_eq!(server.accepted(), times);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_early_429_is_seen_at_every_size() {
    each_refusal_is_seen(SHED, FailureClass::Shed, 429, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_early_413_is_seen_at_every_size() {
    each_refusal_is_seen(TOO_LARGE, FailureClass::TooLarge, 413, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_early_refusal_is_seen_on_a_kept_open_connection() {
    for size in SIZES {
        let server = Server::start(|mut stream, _| async move {
            let Some(head) = read_head(&mut stream).await else { return };
            read_body(&mut stream, &head).await;
            stream.write_all(stored().as_bytes()).await.unwrap();
            refuse(stream, SHED, false).await;
        })
        .await;
        for attempt in 0..20 {
            let mut client = server.client();
            assert!(client.upload(0, blob(10).source()).await.outcome.is_success());
            let exchange = client.upload(0, blob(size).source()).await;
            assert_eq!(exchange.record.link, Some(Link::Reused));
            let failure = failure(&exchange);
            assert_eq!(failure.class, FailureClass::Shed, "{size} {attempt}: {failure}");
        }
        assert_eq!(server.accepted(), 20);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_early_refusal_is_seen_when_the_server_stays_and_never_reads() {
    let server = Server::start(|mut stream, _| async move {
        read_head(&mut stream).await;
        stream.write_all(SHED.as_bytes()).await.unwrap();
        // Stays open, with a full receive buffer, until the client closes.
        std::future::pending::<()>().await;
    })
    .await;
    let mut client = server.client();
    for _ in 0..3 {
        let exchange = client.upload(0, blob(64 * MIB).source()).await;
        assert_eq!(failure(&exchange).class, FailureClass::Shed);
        assert!(exchange.record.bytes_sent < 64 * MIB);
        assert_eq!(exchange.record.timing.sent, None);
    }
    // A connection with a half-sent request is not used again.
    assert_eq!(server.accepted(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_refusal_of_a_blob_that_was_sent_keeps_the_connection() {
    for (closes, response) in [
        (false, "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 4\r\n\r\nbusy"),
        (false, "HTTP/1.1 500 Internal Server Error\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
        (true, "HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
        (true, "HTTP/1.1 404 Not Found\r\n\r\nunknown"),
    ] {
        let server = Server::start(move |mut stream, _| async move {
            while let Some(head) = read_head(&mut stream).await {
                read_body(&mut stream, &head).await;
                stream.write_all(response.as_bytes()).await.unwrap();
                if closes {
                    return;
                }
            }
        })
        .await;
        let mut client = server.client();
        for attempt in 0..5 {
            let exchange = client.upload(0, blob(MIB).source()).await;
            assert!(failure(&exchange).status.is_some());
            assert_eq!(exchange.record.link == Some(Link::Reused), attempt > 0 && !closes, "{response}");
        }
        assert_eq!(server.accepted(), if closes { 5 } else { 1 });
    }
}

/// On one thread, where the server's close follows its response at once.
#[tokio::test]
async fn a_server_that_closes_after_its_refusal_costs_no_later_upload() {
    // The blobs fit into the kernel's buffers: they are sent, but the server has not read them.
    let server = Server::start(|stream, _| refuse(stream, SHED, true)).await;
    let mut client = server.client();
    for attempt in 0..50 {
        let failure = failure(&client.upload(0, blob(20_000).source()).await);
        assert_eq!(failure.class, FailureClass::Shed, "{attempt}: {failure}");
    }
    assert_eq!(server.accepted(), 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_early_200_is_no_success_and_its_connection_is_not_used_again() {
    let server = Server::start(|mut stream, _| async move {
        read_head(&mut stream).await;
        stream.write_all(stored().as_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let mut client = server.client();
    for _ in 0..2 {
        let exchange = client.upload(0, blob(64 * MIB).source()).await;
        let failure = failure(&exchange);
        assert_eq!((failure.class, failure.status), (FailureClass::EarlySuccess, Some(200)));
        let sent = exchange.record.bytes_sent;
        assert!(
            sent < 64 * MIB && failure.message.contains(&format!("{sent} of the blob's 67108864")),
            "{failure}"
        );
    }
    assert_eq!(server.accepted(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_close_without_a_response_is_a_reset_at_every_size() {
    for size in SIZES {
        for abruptly in [false, true] {
            let server = Server::start(move |stream, _| refuse(stream, "", abruptly)).await;
            let mut client = server.client();
            for _ in 0..20 {
                let failure = failure(&client.upload(0, blob(size).source()).await);
                assert_eq!((failure.class, failure.status), (FailureClass::Reset, None), "{size}: {failure}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn half_a_head_is_a_reset_at_every_size() {
    for size in SIZES {
        let server = Server::start(|stream, _| refuse(stream, "HTTP/1.1 200 OK\r\ncontent-le", false)).await;
        let mut client = server.client();
        let failure = failure(&client.upload(0, blob(size).source()).await);
        assert_eq!(failure.class, FailureClass::Reset, "{size}: {failure}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_early_refusal_ends_the_sending_even_when_the_server_reads_on() {
    let server = Server::start(|mut stream, _| async move {
        read_head(&mut stream).await;
        stream.write_all(SHED.as_bytes()).await.unwrap();
        let mut bytes = vec![0; 1 << 20];
        while matches!(tokio::io::AsyncReadExt::read(&mut stream, &mut bytes).await, Ok(1..)) {}
    })
    .await;
    let exchange = server.client().upload(0, blob(512 * MIB).source()).await;
    assert_eq!(failure(&exchange).class, FailureClass::Shed);
    assert!(
        exchange.record.bytes_sent < 512 * MIB && exchange.record.timing.sent.is_none(),
        "{}",
        exchange.record.bytes_sent
    );
}

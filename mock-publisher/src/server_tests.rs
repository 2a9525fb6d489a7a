//! Panics of handlers, over real sockets.

use super::*;
use crate::blocking::blocking;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn panics() {
    panic!("in a handler, on purpose");
}

async fn panics_elsewhere() {
    let _ = blocking(|| panic!("on a thread for blocking work, on purpose")).await;
}

fn router() -> Router {
    let body = || async {
        Body::from_stream(futures_util::stream::poll_fn(
            |_| -> std::task::Poll<Option<std::io::Result<bytes::Bytes>>> { panic!("in a body, on purpose") },
        ))
    };
    Router::new()
        .route("/handler", get(panics))
        .route("/blocking", get(panics_elsewhere))
        .route("/body", get(body))
        .route("/fine", get(|| async { "fine" }))
}

/// Serves the router while the work lasts, and gives the panics that were counted.
async fn counted(work: impl AsyncFnOnce(std::net::SocketAddr)) -> u64 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stats, stop) = (Stats::new("mock"), CancellationToken::new());
    let server =
        tokio::spawn(run(listener.into(), router(), Arc::clone(&stats), stop.clone().cancelled_owned()));
    work(address).await;
    stop.cancel();
    server.await.unwrap();
    stats.snapshot().panics
}

#[tokio::test]
async fn every_panic_of_a_connection_is_counted_once() {
    for (path, expected) in [("/handler", 1), ("/blocking", 1), ("/body", 1), ("/fine", 0)] {
        let panics = counted(async |address| {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let head = format!("GET {path} HTTP/1.1\r\nhost: w\r\nconnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            assert_eq!(answer.ends_with(b"fine"), expected == 0, "{path}");
        });
        assert_eq!(panics.await, expected, "{path}");
    }
}

#[tokio::test]
async fn a_panic_of_one_http_2_stream_is_counted_too() {
    let panics = counted(async |address| {
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut client, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = |path: &str| {
            Request::get(format!("http://{address}{path}"))
                .body(http_body_util::Empty::<bytes::Bytes>::new())
                .unwrap()
        };
        assert!(client.send_request(request("/handler")).await.is_err());
        assert_eq!(client.send_request(request("/fine")).await.unwrap().status(), 200);
    });
    assert_eq!(panics.await, 1);
}

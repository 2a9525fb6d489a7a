//! Large downloads: every received byte is counted, however the body is cut into packets and however it ends.

use std::{future::pending, sync::Arc, time::Duration};

use stress::{
    plan::Verify,
    sample::{
        FailureClass::{Reset, Timeout, Truncated},
        Outcome,
    },
};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::server::{Server, blob, bytes, client, failure, found, read_head, reset};

const SIZE: u64 = 8_000_000;
/// No multiple of anything.
const PART: usize = 2_345_678;

#[tokio::test]
async fn blobs_of_all_sizes_arrive_over_one_connection_in_pieces_of_any_size() {
    let sizes = [SIZE, 1000, 1 << 20, (1 << 20) + 1, (1 << 20) - 1, 0, SIZE];
    let server = Server::start(move |mut stream, _| async move {
        for (size, piece) in sizes.into_iter().zip([7_001, 10, 262_144, 50, 65_536, 1, usize::MAX]) {
            read_head(&mut stream).await.unwrap();
            for piece in found(&bytes(blob(size))).chunks(piece) {
                stream.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
        }
        pending::<()>().await;
    })
    .await;
    let mut client = server.client();
    for size in sizes {
        let exchange = client.read(0, "abc", &mut blob(size).verifier(Verify::Full)).await;
        assert_eq!((exchange.outcome, exchange.record.bytes_received), (Outcome::Read, size));
    }
    assert_eq!(server.accepted(), 1);
}

/// A download of which the server sends [`PART`] bytes of [`SIZE`] and then does as `then` says.
async fn cut<F: Future<Output = ()> + Send + 'static>(
    timeout: Duration,
    then: impl Fn(TcpStream) -> F + Copy + Send + Sync + 'static,
) -> stress::client::Exchange {
    let mut response = found(&bytes(blob(SIZE)));
    response.truncate(response.len() - usize::try_from(SIZE).unwrap() + PART);
    let response: Arc<[u8]> = response.into();
    let server = Server::start(move |mut stream, _| {
        let response = response.clone();
        async move {
            read_head(&mut stream).await.unwrap();
            stream.write_all(&response).await.unwrap();
            then(stream).await;
        }
    })
    .await;
    let mut plan = server.plan();
    plan.limits.download_timeout = timeout;
    client(&plan).read(0, "abc", &mut blob(SIZE).verifier(Verify::Full)).await
}

const LONG: Duration = Duration::from_secs(60);

#[tokio::test]
async fn bytes_before_a_stall_are_all_counted() {
    let exchange = cut(Duration::from_secs(4), |stream| async {
        let _open = stream;
        pending().await
    })
    .await;
    let failure = failure(&exchange);
    assert_eq!((failure.class, exchange.record.bytes_received), (Timeout, PART as u64), "{failure}");
    assert!(failure.message.contains(&PART.to_string()), "{failure}");
}

#[tokio::test]
async fn bytes_before_a_close_are_all_counted() {
    let exchange = cut(LONG, |stream| async { drop(stream) }).await;
    assert_eq!((failure(&exchange).class, exchange.record.bytes_received), (Truncated, PART as u64));
    let exchange = cut(LONG, |stream| async { reset(stream) }).await;
    assert_eq!(failure(&exchange).class, Reset);
}

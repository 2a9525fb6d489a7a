//! Large downloads, whose reader is not woken for every packet: every byte counts all the same, at every end.

use std::{future::pending, time::Duration};

use stress::{
    plan::Verify,
    sample::FailureClass::{Reset, Timeout, Truncated},
};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::server::{Server, blob, bytes, client, found, read_head, reset};

const SIZE: u64 = 8_000_000;
/// No multiple of anything.
const PART: usize = 2_345_678;

#[tokio::test]
async fn blobs_of_all_sizes_come_over_one_connection_in_pieces_of_any_size() {
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
        assert_eq!((exchange.result, exchange.bytes_received), (Ok(()), size));
    }
    assert_eq!(server.accepted(), 1);
}

/// Long enough for a reader to have taken what there is and to wait for more.
const PAUSE: Duration = Duration::from_millis(150);

/// What reading comes to when the server sends [`PART`] bytes of [`SIZE`], the last of them too few for a reader who waits to
/// be woken, and then does as `then` says.
async fn cut<F: Future<Output = ()> + Send + 'static>(
    then: impl Fn(TcpStream) -> F + Copy + Send + Sync + 'static,
) -> stress::client::Exchange<()> {
    let server = Server::start(move |mut stream, _| async move {
        read_head(&mut stream).await.unwrap();
        let answer = found(&bytes(blob(SIZE)));
        let head = answer.len() - usize::try_from(SIZE).unwrap();
        let (much, little) = answer[..head + PART].split_at(head + PART - 45_678);
        stream.write_all(much).await.unwrap();
        tokio::time::sleep(PAUSE).await; // sleep: the latency that is known
        stream.write_all(little).await.unwrap();
        then(stream).await;
    })
    .await;
    let mut plan = server.plan();
    plan.limits.download_timeout = Duration::from_secs(2);
    client(&plan).read(0, "abc", &mut blob(SIZE).verifier(Verify::Full)).await
}

#[tokio::test]
async fn what_came_before_a_standstill_is_counted_to_the_byte() {
    let exchange = cut(|stream| async {
        let _open = stream;
        pending().await
    })
    .await;
    let failure = exchange.result.unwrap_err();
    assert_eq!((failure.class, exchange.bytes_received), (Timeout, PART as u64), "{failure}");
    assert!(failure.message.contains(&PART.to_string()), "{failure}");
}

#[tokio::test]
async fn what_came_before_a_close_is_counted_to_the_byte() {
    let exchange = cut(|stream| async { drop(stream) }).await;
    assert_eq!((exchange.result.unwrap_err().class, exchange.bytes_received), (Truncated, PART as u64));
    let exchange = cut(|stream| async { reset(stream) }).await;
    assert_eq!(exchange.result.unwrap_err().class, Reset);
}

//! Timing: the recorded instants agree with a server whose latency is known.

use std::time::Duration;

use stress::{
    plan::Verify,
    sample::{Link, Outcome},
};
use tokio::io::AsyncWriteExt;

use super::server::{Server, blob, bytes, found, read_body, read_head, stored};

const PAUSE: Duration = Duration::from_millis(150);
const SLACK: Duration = Duration::from_millis(100);

#[tokio::test]
async fn the_wait_of_an_upload_lies_between_its_last_byte_and_the_response() {
    let server = Server::start(|mut stream, _| async move {
        while let Some(head) = read_head(&mut stream).await {
            read_body(&mut stream, &head).await;
            tokio::time::sleep(PAUSE).await; // sleep: the latency that is known
            stream.write_all(stored().as_bytes()).await.unwrap();
        }
    })
    .await;
    let mut client = server.client();
    for size in [0, 1000, 5_000_000] {
        let exchange = client.upload(0, blob(size).source()).await;
        let (sent, first_byte) =
            (exchange.record.timing.sent.unwrap(), exchange.record.timing.first_byte.unwrap());
        assert!(exchange.outcome.is_success());
        assert!(
            exchange.record.timing.started <= sent
                && sent <= first_byte
                && first_byte <= exchange.record.timing.finished
        );
        assert!(first_byte - sent > PAUSE - SLACK && first_byte - sent < PAUSE + 10 * SLACK);
        assert!(exchange.record.timing.finished - first_byte < SLACK);
        assert_eq!(exchange.record.bytes_sent, size);
    }
}

#[tokio::test]
async fn a_slow_reader_shows_in_the_time_to_send() {
    let server = Server::start(|mut stream, _| async move {
        let head = read_head(&mut stream).await.unwrap();
        tokio::time::sleep(PAUSE).await; // sleep: the latency that is known
        read_body(&mut stream, &head).await;
        stream.write_all(stored().as_bytes()).await.unwrap();
    })
    .await;
    let exchange = server.client().upload(0, blob(32 * 1024 * 1024).source()).await;
    assert!(exchange.outcome.is_success());
    assert!(exchange.record.timing.sent.unwrap() - exchange.record.timing.started > PAUSE - SLACK);
}

#[tokio::test]
async fn a_download_has_its_head_before_its_end() {
    let spec = blob(500_000);
    let server = Server::start(move |mut stream, _| async move {
        let response = found(&bytes(spec));
        read_head(&mut stream).await;
        stream.write_all(&response[..response.len() / 2]).await.unwrap();
        tokio::time::sleep(PAUSE).await; // sleep: the latency that is known
        stream.write_all(&response[response.len() / 2..]).await.unwrap();
        // The connection stays: the end must be known from the length alone.
        std::future::pending::<()>().await;
    })
    .await;
    let exchange = server.client().read(0, "abc", &mut spec.verifier(Verify::Full)).await;
    assert_eq!((exchange.outcome, exchange.record.bytes_received), (Outcome::Read, 500_000));
    let (sent, first_byte) =
        (exchange.record.timing.sent.unwrap(), exchange.record.timing.first_byte.unwrap());
    assert!(exchange.record.timing.started <= sent && sent <= first_byte);
    assert!(exchange.record.timing.finished - first_byte > PAUSE - SLACK);
    let Some(Link::Fresh(connecting)) = exchange.record.link else { panic!() };
    assert!(connecting.dns.is_none() && connecting.tls.is_none() && connecting.tcp > Duration::ZERO);
    assert!(connecting.tcp <= sent - exchange.record.timing.started);
}

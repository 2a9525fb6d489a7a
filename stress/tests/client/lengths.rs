//! Downloads: the right bytes pass in every framing; too few, too many and wrong bytes fail with their class.

use stress::{
    client::Exchange,
    plan::{
        Verify,
        target::{Header, Secret},
    },
    sample::{
        FailureClass::{
            self, Corrupt, Encoded, Gateway, Malformed, NotFound, Redirect, Reset, TooLong, Truncated,
        },
        Outcome,
    },
};
use tokio::io::AsyncWriteExt;

use super::server::{Server, blob, bytes, client, failure, found, header, read_body, read_head, reset};

const SIZE: u64 = 300_000;

/// Reads a blob of [`SIZE`] bytes from a server that sends `response` and closes.
async fn read(response: Vec<u8>, verify: Verify) -> Exchange {
    let server = Server::start(move |mut stream, _| {
        let response = response.clone();
        async move {
            read_head(&mut stream).await;
            let _ = stream.write_all(&response).await;
        }
    })
    .await;
    let mut plan = server.plan();
    plan.verify = verify;
    client(&plan).read(0, "abc", &mut blob(SIZE).verifier(verify)).await
}

async fn class(response: Vec<u8>, verify: Verify) -> Option<FailureClass> {
    read(response, verify).await.outcome.failure().map(|failure| failure.class)
}

fn chunked(body: &[u8], end: &str) -> Vec<u8> {
    let mut response = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for chunk in body.chunks(10_000) {
        response.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        response.extend_from_slice(chunk);
        response.extend_from_slice(b"\r\n");
    }
    response.extend_from_slice(end.as_bytes());
    response
}

fn until_close(body: &[u8]) -> Vec<u8> {
    [b"HTTP/1.1 200 OK\r\n\r\n", body].concat()
}

#[tokio::test]
async fn the_right_bytes_pass_in_every_framing() {
    let right = bytes(blob(SIZE));
    for response in [
        found(&right),
        chunked(&right, "0\r\n\r\n"),
        chunked(&right, "0\r\nx-trailer: 1\r\n\r\n"),
        until_close(&right),
    ] {
        for verify in [Verify::Full, Verify::Size, Verify::Off] {
            let exchange = read(response.clone(), verify).await;
            assert_eq!((exchange.outcome, exchange.record.bytes_received), (Outcome::Read, SIZE));
        }
    }
}

#[tokio::test]
async fn an_empty_blob_passes_and_any_byte_instead_fails() {
    let empty = blob(0);
    for (response, expected) in [
        (found(b""), None),
        (chunked(b"", "0\r\n\r\n"), None),
        (until_close(b""), None),
        (found(b"x"), Some(TooLong)),
        (until_close(b"x"), Some(TooLong)),
    ] {
        let server = Server::start(move |mut stream, _| {
            let response = response.clone();
            async move {
                read_head(&mut stream).await;
                let _ = stream.write_all(&response).await;
            }
        })
        .await;
        let exchange = server.client().read(0, "abc", &mut empty.verifier(Verify::Full)).await;
        assert_eq!(exchange.outcome.failure().map(|failure| failure.class), expected);
    }
}

#[tokio::test]
async fn fewer_or_more_bytes_are_truncated_or_too_long_in_every_framing() {
    let right = bytes(blob(SIZE));
    let few = &right[..100_000];
    let many = [&right[..], b"x"].concat();
    for verify in [Verify::Full, Verify::Size] {
        for (response, expected) in [
            (found(few), Truncated),
            (chunked(few, "0\r\n\r\n"), Truncated),
            (until_close(few), Truncated),
            (found(&many), TooLong),
            (chunked(&many, "0\r\n\r\n"), TooLong),
            (until_close(&many), TooLong),
        ] {
            assert_eq!(class(response, verify).await, Some(expected), "{verify:?}");
        }
    }
    assert_eq!(class(found(few), Verify::Off).await, None);
    assert_eq!(class(found(&many), Verify::Off).await, None);
}

#[tokio::test]
async fn a_response_that_ends_before_its_framing_does_is_truncated_in_every_mode() {
    let right = bytes(blob(SIZE));
    let whole = found(&right);
    let head = whole.len() - right.len();
    for verify in [Verify::Full, Verify::Size, Verify::Off] {
        let exchange = read(whole[..head + 100_000].to_vec(), verify).await;
        let failure = failure(&exchange);
        assert_eq!((failure.class, exchange.record.bytes_received), (Truncated, 100_000), "{failure}");
        assert_eq!(class(chunked(&right, ""), verify).await, Some(Truncated));
        assert_eq!(class(whole[..head].to_vec(), verify).await, Some(Truncated));
    }
    assert_eq!(class(chunked(&right[..10], "zz\r\n\r\n"), Verify::Off).await, Some(Malformed));
}

#[tokio::test]
async fn a_reset_within_a_response_is_a_reset() {
    let server = Server::start(|mut stream, _| async move {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n").await.unwrap();
        reset(stream);
    })
    .await;
    let exchange = server.client().read(0, "abc", &mut blob(SIZE).verifier(Verify::Full)).await;
    assert_eq!(failure(&exchange).class, Reset);
}

#[tokio::test]
async fn one_wrong_byte_is_corrupt_at_its_position() {
    for at in [0, 1, 149_999, 299_999] {
        let mut wrong = bytes(blob(SIZE));
        wrong[at] ^= 0x10;
        let failure = failure(&read(found(&wrong), Verify::Full).await);
        assert_eq!((failure.class, failure.status), (Corrupt, Some(200)));
        assert!(failure.message.contains(&at.to_string()), "{failure}");
        assert_eq!(class(found(&wrong), Verify::Size).await, None);
    }
}

#[tokio::test]
async fn a_page_instead_of_a_blob_is_a_gateway_failure() {
    let page = "<html><title>Just a moment</title></html>";
    for head in [
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 41",
        "HTTP/1.1 200 OK\r\ncontent-type: text/html",
    ] {
        assert_eq!(class(format!("{head}\r\n\r\n{page}").into_bytes(), Verify::Full).await, Some(Gateway));
    }
}

#[tokio::test]
async fn a_coded_response_is_the_blob_when_its_bytes_are_and_encoded_otherwise() {
    let right = bytes(blob(SIZE));
    let coded =
        |line: &str, body: &[u8]| [format!("HTTP/1.1 200 OK\r\n{line}\r\n\r\n").as_bytes(), body].concat();
    let mut wrong = right.clone();
    wrong[SIZE as usize / 2] ^= 1;
    for line in ["content-encoding: gzip", "transfer-encoding: gzip", "content-encoding: br, identity"] {
        assert_eq!(class(coded(line, &right), Verify::Full).await, None, "{line}");
        for body in [&b"\x1f\x8b\x08"[..], &wrong, &[&right[..], b"x"].concat()] {
            assert_eq!(class(coded(line, body), Verify::Full).await, Some(Encoded), "{line}");
        }
        // Where bytes are not compared, nothing shows that they are the blob's.
        for verify in [Verify::Size, Verify::Off] {
            assert_eq!(class(coded(line, &right), verify).await, Some(Encoded), "{line}");
        }
    }
    let announced = "content-encoding: gzip\r\ncontent-length: 3";
    assert_eq!(class(coded(announced, b"\x1f\x8b\x08"), Verify::Full).await, Some(Encoded));
    let chunked = "transfer-encoding: gzip, chunked";
    assert_eq!(class(coded(chunked, b"3\r\n\x1f\x8b\x08\r\n0\r\n\r\n"), Verify::Full).await, Some(Encoded));
    assert_eq!(class(coded("content-encoding: identity", &right), Verify::Full).await, None);
}

#[tokio::test]
async fn compression_is_declined_unless_the_user_asks_for_it() {
    for (own, expected) in [(None, "identity"), (Some("gzip"), "gzip")] {
        let (heads, mut sent) = tokio::sync::mpsc::unbounded_channel();
        let server = Server::start(move |mut stream, _| {
            let heads = heads.clone();
            async move {
                while let Some(head) = read_head(&mut stream).await {
                    read_body(&mut stream, &head).await;
                    heads.send(head).unwrap();
                    stream.write_all(&found(b"")).await.unwrap();
                }
            }
        })
        .await;
        let mut plan = server.plan();
        let own = own.map(|value| Header { name: "accept-encoding".to_owned(), value: Secret::new(value) });
        plan.limits.publisher_headers.extend(own.clone());
        plan.limits.aggregator_headers.extend(own);
        let mut client = client(&plan);
        client.upload(0, blob(10).source()).await;
        client.read(0, "abc", &mut blob(0).verifier(Verify::Full)).await;
        for _ in 0..2 {
            let head = sent.recv().await.unwrap();
            assert_eq!(head.matches("accept-encoding: ").count(), 1, "{head}");
            assert_eq!(header(&head, "accept-encoding"), Some(expected), "{head}");
        }
    }
}

#[tokio::test]
async fn other_statuses_are_failures_even_with_the_right_bytes() {
    let right = bytes(blob(SIZE));
    for (status, expected) in [
        ("204 No Content", Malformed),
        ("206 Partial Content", Malformed),
        ("302 Found", Redirect),
        ("404 Not Found", NotFound),
    ] {
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {SIZE}\r\n\r\n");
        assert_eq!(class([head.as_bytes(), &right].concat(), Verify::Full).await, Some(expected), "{status}");
    }
}

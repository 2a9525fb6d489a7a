//! Downloads: the right bytes pass in every framing; too few, too many and wrong bytes fail with their class.

use std::sync::Arc;

use stress::{
    blob::{Expect, FirstReads},
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

/// A 200 with these header lines whose body has this framing.
fn framed(lines: &str, body: &[u8]) -> [Vec<u8>; 3] {
    let with = |framing: &str, body: &[u8]| {
        [format!("HTTP/1.1 200 OK\r\n{lines}{framing}\r\n").as_bytes(), body].concat()
    };
    let one_chunk = [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n0\r\n\r\n"].concat();
    [
        with(&format!("content-length: {}\r\n", body.len()), body),
        with("transfer-encoding: chunked\r\n", &one_chunk),
        with("", body),
    ]
}

const HTML: &str = "content-type: text/html; charset=utf-8\r\n";

#[tokio::test]
async fn a_page_instead_of_a_blob_is_a_gateway_failure_in_every_framing() {
    let page = "<html><title>Just a moment</title></html>";
    let long = page.repeat(8000);
    assert!(long.len() as u64 > SIZE);
    for verify in [Verify::Full, Verify::Size] {
        for (lines, page) in [(HTML, "Just a moment"), (HTML, page), ("", page), (HTML, &long), ("", &long)] {
            for response in framed(lines, page.as_bytes()) {
                assert_eq!(class(response, verify).await, Some(Gateway), "{verify:?} {lines}{page:.20}");
            }
        }
    }
    let failure = failure(&read(framed(HTML, page.as_bytes())[0].clone(), Verify::Full).await);
    assert_eq!(failure.message, "something in between answered: Just a moment");
}

#[tokio::test]
async fn bytes_decide_before_a_content_type_does() {
    let right = bytes(blob(SIZE));
    let wrong = |at: usize| {
        let mut bytes = right.clone();
        bytes[at] ^= 0x10;
        bytes
    };
    for lines in [HTML, "content-type: application/xhtml+xml\r\n", "content-type: text/html\r\netag: abc\r\n"]
    {
        for (body, expected) in [
            (right.clone(), None),
            (wrong(0), Some(Corrupt)),
            (wrong(149_999), Some(Corrupt)),
            (right[..100_000].to_vec(), Some(Truncated)),
            (right[..1].to_vec(), Some(Truncated)),
            (Vec::new(), Some(Truncated)),
            ([&right[..], b"x"].concat(), Some(TooLong)),
        ] {
            // An empty chunk would end the body.
            let framings = if body.is_empty() { 1 } else { 3 };
            for response in framed(lines, &body).into_iter().take(framings) {
                assert_eq!(class(response, Verify::Full).await, expected, "{lines}{}", body.len());
            }
        }
    }
    // All bytes differ, but there are as many as the blob has.
    let other = vec![b' '; right.len()];
    assert_eq!(class(framed(HTML, &other)[0].clone(), Verify::Full).await, Some(Corrupt));
    assert_eq!(class(framed(HTML, &other)[0].clone(), Verify::Size).await, None);
    // The blob's ID as a strong, a weak or an unquoted tag.
    for etag in ["abc", "\"abc\"", "W/\"abc\""] {
        let page = framed(&format!("{HTML}etag: {etag}\r\n"), b"<html>");
        assert_eq!(class(page[0].clone(), Verify::Full).await, Some(Truncated), "{etag}");
    }
}

/// Reads a blob of unknown content twice; a list may have its size.
async fn read_unknown(responses: [Vec<u8>; 2], size: Option<u64>) -> [Option<FailureClass>; 2] {
    let (blob, _) = Arc::new(FirstReads::default()).register("abc", size);
    let expect = Expect::FirstRead(blob);
    let mut classes = [None; 2];
    for (class, response) in classes.iter_mut().zip(responses) {
        let server = Server::start(move |mut stream, _| {
            let response = response.clone();
            async move {
                read_head(&mut stream).await;
                let _ = stream.write_all(&response).await;
            }
        })
        .await;
        let exchange = server.client().read(0, "abc", &mut expect.verifier(Verify::Full)).await;
        *class = exchange.outcome.failure().map(|failure| failure.class);
    }
    classes
}

#[tokio::test]
async fn a_page_of_unknown_content_is_the_blob_by_its_etag_or_by_the_length_of_the_list() {
    let page = b"<!doctype html><title>A site on Walrus</title>";
    let other = b"<!doctype html><title>Sign in, please</title>";
    let length = page.len() as u64;
    let tagged = format!("{HTML}etag: abc\r\n");
    for at in 0..3 {
        let of = |lines: &str, body: &[u8]| framed(lines, body)[at].clone();
        for (lines, size, expected) in [
            (HTML, None, Some(Gateway)),
            ("", None, Some(Gateway)),
            ("content-type: text/html\r\netag: abcd\r\n", None, Some(Gateway)),
            (&tagged, None, None),
            (HTML, Some(length), None),
            (HTML, Some(length + 1), Some(Gateway)),
            (&tagged, Some(length + 1), Some(Truncated)),
        ] {
            let classes = read_unknown([of(lines, page), of(lines, page)], size).await;
            assert_eq!(classes, [expected; 2], "{at} {lines}{size:?}");
        }
        // What was a gateway's page is not what later reads are compared with.
        let blob = of("", b"a blob");
        assert_eq!(read_unknown([of(HTML, page), blob.clone()], None).await, [Some(Gateway), None], "{at}");
        // A page that comes after the blob, and another one than the blob.
        assert_eq!(read_unknown([blob, of(HTML, page)], None).await, [None, Some(Gateway)], "{at}");
        let changed = [of(&tagged, page), of(&tagged, &other[..])];
        assert_eq!(read_unknown(changed, None).await, [None, Some(Truncated)], "{at}");
    }
    let mut flipped = page.to_vec();
    flipped[20] ^= 1;
    let flipped = [framed(&tagged, page)[0].clone(), framed(HTML, &flipped)[0].clone()];
    assert_eq!(read_unknown(flipped, None).await, [None, Some(Corrupt)]);
}

#[tokio::test]
async fn a_coded_response_is_the_blob_when_its_bytes_are_and_encoded_otherwise() {
    let right = bytes(blob(SIZE));
    let coded =
        |line: &str, body: &[u8]| [format!("HTTP/1.1 200 OK\r\n{line}\r\n\r\n").as_bytes(), body].concat();
    let mut wrong = right.clone();
    wrong[right.len() / 2] ^= 1;
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

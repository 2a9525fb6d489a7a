//! Keep-alive: connections are reused while they can be, and counted as the server counts them.

use stress::{
    plan::Verify,
    sample::{ExchangePhase, FailureClass, Link, Outcome},
};
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

use super::server::{
    Server, blob, bytes, client, failure, found, header, hold, read_body, read_head, reset, stored,
};

fn is_fresh(link: Option<Link>) -> bool {
    matches!(link, Some(Link::Fresh(_)))
}

#[tokio::test]
async fn one_connection_to_each_target_serves_every_exchange() {
    let spec = blob(200_000);
    let publisher = Server::responding_with(stored()).await;
    let aggregator = Server::responding_with(found(&bytes(spec))).await;
    let mut plan = publisher.plan();
    plan.aggregators = aggregator.plan().aggregators;
    let mut client = client(&plan);
    for round in 0..20 {
        let upload = client.upload(0, spec.source()).await;
        assert_eq!((upload.record.bytes_sent, is_fresh(upload.record.link)), (200_000, round == 0));
        assert!(upload.outcome.is_success());
        let read = client.read(0, "abc", &mut spec.verifier(Verify::Full)).await;
        assert_eq!(
            (read.outcome, read.record.bytes_received, is_fresh(read.record.link)),
            (Outcome::Read, 200_000, round == 0)
        );
    }
    assert_eq!((publisher.accepted(), aggregator.accepted()), (1, 1));
}

#[tokio::test]
async fn an_announced_or_noticed_close_is_followed_by_a_new_connection_and_no_failure() {
    let json = &stored()[stored().find('{').unwrap()..];
    for response in [
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-length: {}\r\n\r\n{json}", json.len()),
        format!("HTTP/1.0 200 OK\r\ncontent-length: {}\r\n\r\n{json}", json.len()),
        format!("HTTP/1.1 200 OK\r\n\r\n{json}"),
    ] {
        let server = Server::start(move |mut stream, _| {
            let response = response.clone();
            async move {
                let Some(head) = read_head(&mut stream).await else { return };
                read_body(&mut stream, &head).await;
                stream.write_all(response.as_bytes()).await.unwrap();
            }
        })
        .await;
        let mut client = server.client();
        for _ in 0..5 {
            let exchange = client.upload(0, blob(1000).source()).await;
            assert!(is_fresh(exchange.record.link));
            assert!(exchange.outcome.is_success(), "{:?}", exchange.outcome);
        }
        assert_eq!(server.accepted(), 5);
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_while_it_was_idle_is_replaced_before_anything_is_sent() {
    let (closed, mut has_closed) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |mut stream, _| {
        let closed = closed.clone();
        async move {
            let Some(head) = read_head(&mut stream).await else { return };
            read_body(&mut stream, &head).await;
            stream.write_all(stored().as_bytes()).await.unwrap();
            // What some proxies send when an idle connection times out.
            let _ = stream.write_all(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n").await;
            drop(stream);
            closed.send(()).unwrap();
        }
    })
    .await;
    let mut client = server.client();
    for _ in 0..5 {
        let exchange = client.upload(0, blob(1000).source()).await;
        assert!(is_fresh(exchange.record.link) && exchange.outcome.is_success(), "{exchange:?}");
        has_closed.recv().await.unwrap();
        // The close has arrived in the kernel; a turn of the runtime delivers the event.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(server.accepted(), 5);
}

#[tokio::test]
async fn a_reset_on_a_reused_connection_fails_an_upload_and_nothing_is_sent_twice() {
    let server = Server::start(|mut stream, _| async move {
        let Some(head) = read_head(&mut stream).await else { return };
        read_body(&mut stream, &head).await;
        stream.write_all(stored().as_bytes()).await.unwrap();
        // Receives the second request and closes without a response.
        read_head(&mut stream).await;
    })
    .await;
    let mut client = server.client();
    assert!(client.upload(0, blob(1000).source()).await.outcome.is_success());
    let exchange = client.upload(0, blob(1000).source()).await;
    assert_eq!(exchange.record.link, Some(Link::Reused));
    assert_eq!(failure(&exchange).class, FailureClass::Reset);
    assert_eq!(server.accepted(), 1);
    assert!(is_fresh(client.upload(0, blob(1000).source()).await.record.link));
}

/// Responds once on every connection and, when the next request has arrived, ends it with these last bytes.
async fn stale(last: &'static str, abruptly: bool) -> Server {
    Server::start(move |mut stream, _| async move {
        let Some(head) = read_head(&mut stream).await else { return };
        read_body(&mut stream, &head).await;
        let body = bytes(blob(1000));
        let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(&[response.as_bytes(), &body].concat()).await.unwrap();
        read_head(&mut stream).await;
        let _ = stream.write_all(last.as_bytes()).await;
        if abruptly {
            reset(stream);
        }
    })
    .await
}

#[tokio::test]
async fn a_read_over_a_stale_connection_is_repeated_once_and_timed_from_its_start() {
    for abruptly in [false, true] {
        let server = stale("", abruptly).await;
        let mut client = server.client();
        for round in 0..5 {
            let read = client.read(0, "abc", &mut blob(1000).verifier(Verify::Full)).await;
            let record = read.record;
            assert_eq!((read.outcome, record.was_stale), (Outcome::Read, round > 0));
            assert!(is_fresh(record.link) && record.timing.started <= record.timing.sent.unwrap());
            let Some(Link::Fresh(connecting)) = record.link else { panic!("{record:?}") };
            assert!(record.timing.started + connecting.tcp < record.timing.finished);
        }
        assert_eq!(server.accepted(), 5);
    }
}

#[tokio::test]
async fn a_connection_that_breaks_within_a_response_or_at_its_first_request_is_not_stale() {
    let server = stale("HTTP/1.1 200 O", false).await;
    let mut client = server.client();
    assert_eq!(client.read(0, "abc", &mut blob(1000).verifier(Verify::Full)).await.outcome, Outcome::Read);
    let read = client.read(0, "abc", &mut blob(1000).verifier(Verify::Full)).await;
    assert_eq!((failure(&read).class, read.record.was_stale), (FailureClass::Reset, false));
    let server = Server::start(|mut stream, _| async move { drop(read_head(&mut stream).await) }).await;
    let read = server.client().read(0, "abc", &mut blob(1000).verifier(Verify::Full)).await;
    assert_eq!((failure(&read).class, read.record.was_stale), (FailureClass::Reset, false));
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn a_connection_is_not_reused_after_the_announced_idle_time() {
    for (announced, connections) in
        [("Keep-Alive: timeout=0\r\n", 4), ("Keep-Alive: timeout=3600, max=9\r\n", 1)]
    {
        let response = stored().replacen("\r\n", &format!("\r\n{announced}"), 1);
        let server = Server::responding_with(response).await;
        let mut client = server.client();
        for _ in 0..4 {
            assert!(client.upload(0, blob(1000).source()).await.outcome.is_success());
        }
        assert_eq!(server.accepted(), connections, "{announced}");
    }
}

#[tokio::test]
async fn a_folded_header_is_read_as_one_line() {
    let response = stored().replacen("\r\n", "\r\nx-note: folded\r\n\tonce\r\n  and twice\r\n", 1);
    let server = Server::responding_with(response).await;
    let mut client = server.client();
    for _ in 0..2 {
        assert!(client.upload(0, blob(1000).source()).await.outcome.is_success());
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn an_aborted_exchange_is_unfinished_with_its_own_record_and_leaves_a_usable_client() {
    let (sender, mut has_body) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |mut stream, number| {
        let sender = sender.clone();
        async move {
            let Some(head) = read_head(&mut stream).await else { return };
            read_body(&mut stream, &head).await;
            if number < 2 {
                sender.send(()).unwrap();
                // Never responds, and ends when the client closes.
                assert_eq!(read_head(&mut stream).await, None);
                return;
            }
            stream.write_all(stored().as_bytes()).await.unwrap();
        }
    })
    .await;
    let mut client = server.client();
    let abort = client.abort.clone();
    let cancel = async {
        has_body.recv().await.unwrap();
        abort.cancel();
    };
    let (exchange, ()) = tokio::join!(client.upload(0, blob(100_000).source()), cancel);
    let record = exchange.record;
    assert_eq!((exchange.outcome, record.phase), (Outcome::Unfinished, ExchangePhase::Waiting));
    assert_eq!((record.bytes_sent, is_fresh(record.link), record.status), (100_000, true, None));
    assert!(record.timing.sent.is_some() && record.timing.first_byte.is_none());
    assert!(record.timing.finished >= record.timing.sent.unwrap());
    // A future that is dropped takes its connection with it.
    client.abort = CancellationToken::new();
    tokio::select! {
        _ = client.upload(0, blob(100_000).source()) => panic!("there is no response"),
        body = has_body.recv() => body.unwrap(),
    }
    let exchange = client.upload(0, blob(100).source()).await;
    assert!(exchange.outcome.is_success() && is_fresh(exchange.record.link));
    assert_eq!(server.accepted(), 3);
}

#[tokio::test]
async fn a_hanging_handshake_can_be_aborted() {
    let (sender, mut accepted) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |stream, _| {
        sender.send(()).unwrap();
        hold(stream)
    })
    .await;
    let mut plan = super::server::plan(&format!("https://{}", server.address));
    plan.limits.insecure = true;
    let mut client = client(&plan);
    let abort = client.abort.clone();
    let cancel = async {
        accepted.recv().await.unwrap();
        abort.cancel();
    };
    let (exchange, ()) = tokio::join!(client.upload(0, blob(100).source()), cancel);
    assert_eq!(exchange.outcome, Outcome::Unfinished);
    assert_eq!((exchange.record.bytes_sent, exchange.record.timing.sent), (0, None));
}

#[tokio::test]
async fn requests_have_the_expected_heads_and_keep_a_path_prefix() {
    let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |mut stream, _| {
        let sender = sender.clone();
        async move {
            while let Some(head) = read_head(&mut stream).await {
                let body = read_body(&mut stream, &head).await;
                sender.send((head, body)).unwrap();
                stream.write_all(stored().as_bytes()).await.unwrap();
            }
        }
    })
    .await;
    let mut plan = super::server::plan(&format!("http://me:secret@{}/walrus/x", server.address));
    plan.store.epochs = Some(3);
    let mut client = client(&plan);
    for size in [0, 1, 70_000] {
        assert!(client.upload(0, blob(size).source()).await.outcome.is_success());
        let (head, body) = received.recv().await.unwrap();
        assert!(head.starts_with("PUT /walrus/x/v1/blobs?epochs=3 HTTP/1.1\r\n"), "{head}");
        assert_eq!(header(&head, "host"), Some(server.address.to_string().as_str()));
        assert_eq!(header(&head, "content-length"), Some(size.to_string().as_str()));
        assert_eq!(header(&head, "transfer-encoding"), None);
        assert_eq!(header(&head, "user-agent"), Some("stress-test"));
        assert_eq!(header(&head, "authorization"), Some("Basic bWU6c2VjcmV0"));
        assert_eq!(body, bytes(blob(size)));
    }
    let _ = client.read(0, "abc-_9", &mut blob(1).verifier(Verify::Full)).await;
    let (head, _) = received.recv().await.unwrap();
    assert!(head.starts_with("GET /walrus/x/v1/blobs/abc-_9 HTTP/1.1\r\n"), "{head}");
    assert_eq!(header(&head, "content-length"), None);
    for wrong in ["", "a/b", "../x", "a?b", "a b", "ä", &"x".repeat(129)] {
        let exchange = client.read(0, wrong, &mut blob(1).verifier(Verify::Full)).await;
        assert_eq!((failure(&exchange).class, exchange.record.link), (FailureClass::BadRequest, None));
    }
}

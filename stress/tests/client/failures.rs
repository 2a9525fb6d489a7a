//! Failures: no listener, no name, silence, malformed responses; each with its class, none with a hang.

use std::time::{Duration, Instant};

use stress::sample::FailureClass::{self, ConnectTimeout, Dns, Malformed, Refused, Reset, Shed, Timeout};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpSocket, TcpStream},
};

use super::server::{Server, blob, client, failure, hold, plan, read_body, read_head, stored};

/// Longer than the short timeout, shorter than the long one.
const SLOW: Duration = Duration::from_millis(300);

async fn upload_to(target: &str) -> stress::client::Exchange {
    client(&plan(target)).upload(0, blob(1000).source()).await
}

#[tokio::test]
async fn no_listener_is_refused_and_no_name_is_dns() {
    let vacant = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let exchange = upload_to(&format!("http://{vacant}")).await;
    let found = failure(&exchange);
    assert_eq!((found.class, exchange.record.link, exchange.record.bytes_sent), (Refused, None, 0));
    assert!(found.message.contains(&vacant.to_string()), "{found}");
    let exchange = upload_to("http://no-such-host.invalid").await;
    assert_eq!((failure(&exchange).class, exchange.record.link), (Dns, None));
}

#[tokio::test]
async fn a_name_is_resolved_and_each_of_its_addresses_tried() {
    // `localhost` may be ::1 first, where nothing listens.
    let server = Server::responding_with(stored()).await;
    let exchange = upload_to(&format!("http://localhost:{}", server.address.port())).await;
    let Some(stress::sample::Link::Fresh(connecting)) = exchange.record.link else { panic!("{exchange:?}") };
    assert!(exchange.outcome.is_success() && connecting.dns.is_some() && connecting.tls.is_none());
}

#[tokio::test]
async fn a_handshake_without_an_answer_is_a_connect_timeout() {
    // A full accept queue drops handshakes.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await
    {
        waiting.push(stream.unwrap());
    }
    let mut plan = plan(&format!("http://{address}"));
    plan.limits.connect_timeout = Duration::from_millis(100);
    let exchange = client(&plan).upload(0, blob(1000).source()).await;
    let failure = failure(&exchange);
    assert_eq!((failure.class, exchange.record.link), (ConnectTimeout, None), "{failure}");
    assert!(failure.message.contains("TCP"), "{failure}");
}

#[tokio::test]
async fn silence_is_a_timeout_that_names_the_phase() {
    for (part, size, expected) in
        [("head", 32 * 1024 * 1024, "sending"), ("request", 1000, "waiting"), ("response", 1000, "receiving")]
    {
        let server = Server::start(move |mut stream, _| async move {
            let head = read_head(&mut stream).await.unwrap();
            if part != "head" {
                read_body(&mut stream, &head).await;
            }
            if part == "response" {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{").await.unwrap();
            }
            std::future::pending::<()>().await;
        })
        .await;
        let mut plan = server.plan();
        plan.limits.upload_timeout = Duration::from_millis(400);
        let mut client = client(&plan);
        let begun = Instant::now();
        let exchange = client.upload(0, blob(size).source()).await;
        let failure = failure(&exchange);
        assert_eq!(failure.class, Timeout, "{failure}");
        assert!(failure.message.contains(expected) && failure.message.contains("400ms"), "{failure}");
        assert!(begun.elapsed() >= Duration::from_millis(400) && begun.elapsed() < Duration::from_secs(5));
        assert!(
            exchange.record.timing.finished - exchange.record.timing.started >= Duration::from_millis(400)
        );
        assert_eq!(exchange.record.timing.sent.is_some(), part != "head");
        assert_eq!(
            (exchange.record.timing.first_byte.is_some(), failure.status.is_some()),
            (part == "response", part == "response")
        );
    }
}

#[tokio::test]
async fn a_short_timeout_after_a_long_one_and_a_long_one_after_a_short_one_both_hold() {
    let server = Server::start(|mut stream, number| async move {
        while let Some(head) = read_head(&mut stream).await {
            read_body(&mut stream, &head).await;
            if head.starts_with("GET") || number == 0 {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(SLOW).await; // sleep: longer than the short timeout
            stream.write_all(stored().as_bytes()).await.unwrap();
        }
    })
    .await;
    let mut plan = server.plan();
    (plan.limits.upload_timeout, plan.limits.download_timeout) =
        (Duration::from_secs(5), Duration::from_millis(100));
    let mut client = client(&plan);
    for _ in 0..3 {
        let read = client.read(0, "abc", &mut blob(1).verifier(stress::plan::Verify::Full)).await;
        assert_eq!(failure(&read).class, Timeout);
        assert!(read.record.timing.finished - read.record.timing.started < Duration::from_secs(2));
        let upload = client.upload(0, blob(1000).source()).await;
        assert!(upload.outcome.is_success(), "{:?}", upload.outcome);
    }
}

#[tokio::test]
async fn a_response_that_is_not_http_is_malformed_and_one_that_ends_early_truncated_or_a_reset() {
    let cases: [(&'static str, FailureClass); 6] = [
        ("220 mail.example.com ESMTP\r\n", Malformed),
        ("SSH-2.0-OpenSSH_9.9\r\n", Malformed),
        ("\u{16}\u{3}\u{1}\0\u{5}", Malformed),
        ("HTTP/1.1 abc OK\r\n\r\n", Malformed),
        ("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"newly", FailureClass::Truncated),
        ("", Reset),
    ];
    for (response, expected) in cases {
        let server = Server::start(move |mut stream, _| async move {
            let head = read_head(&mut stream).await.unwrap();
            read_body(&mut stream, &head).await;
            let _ = stream.write_all(response.as_bytes()).await;
        })
        .await;
        let failure = failure(&server.client().upload(0, blob(1000).source()).await);
        assert_eq!(failure.class, expected, "{response:?}: {failure}");
        assert!(!failure.message.is_empty() && !failure.message.contains('\n'));
    }
}

#[tokio::test]
async fn an_endless_response_to_an_upload_is_not_read_to_its_end() {
    let server = Server::start(|mut stream, _| async move {
        let head = read_head(&mut stream).await.unwrap();
        read_body(&mut stream, &head).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        while stream.write_all(&[b'x'; 65_536]).await.is_ok() {}
    })
    .await;
    let exchange = server.client().upload(0, blob(1000).source()).await;
    let failure = failure(&exchange);
    assert_eq!(failure.class, Malformed);
    assert!(failure.message.contains("longer than the 64 KiB"), "{failure}");
    assert!(exchange.record.bytes_received < 1024 * 1024);
}

#[tokio::test]
async fn an_answer_to_an_upload_may_have_64_kib() {
    let json = stored().split_once("\r\n\r\n").unwrap().1.to_owned();
    let padded = |length: usize| json.clone() + &" ".repeat(length - json.len());
    let answer =
        |status: &str, framing: &str, body: &str| format!("HTTP/1.1 {status}\r\n{framing}\r\n\r\n{body}");
    let announced = |length| format!("content-length: {length}");
    let most = 64 * 1024;
    for (response, expected) in [
        (answer("200 OK", &announced(most), &padded(most)), None),
        (answer("200 OK", "connection: close", &padded(most)), None),
        (answer("200 OK", &announced(most + 1), &padded(most + 1)), Some(Malformed)),
        (answer("200 OK", "connection: close", &padded(most + 1)), Some(Malformed)),
        // The announced length is enough: the server sends no body at all.
        (answer("200 OK", &announced(most + 1), ""), Some(Malformed)),
        // A refusal is valid without the end of its explanation.
        (answer("429 Too Many Requests", &announced(2 * most), &padded(2 * most)), Some(Shed)),
    ] {
        let server = Server::start(move |mut stream, _| {
            let response = response.clone();
            async move {
                let head = read_head(&mut stream).await.unwrap();
                read_body(&mut stream, &head).await;
                let _ = stream.write_all(response.as_bytes()).await;
                // Ends a body without a length, and stalls one that is shorter than announced.
                if response.contains("content-length") {
                    hold(stream).await;
                }
            }
        })
        .await;
        let exchange = server.client().upload(0, blob(1000).source()).await;
        assert_eq!(
            exchange.outcome.failure().map(|failure| failure.class),
            expected,
            "{:?}",
            exchange.outcome
        );
    }
}

#[tokio::test]
async fn a_response_that_switches_protocols_is_malformed_at_once() {
    let server = Server::responding_with("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n").await;
    let mut client = server.client();
    for _ in 0..2 {
        let upload = client.upload(0, blob(1000).source()).await;
        assert_eq!(failure(&upload).class, Malformed);
        let read = client.read(0, "abc", &mut blob(1).verifier(stress::plan::Verify::Full)).await;
        assert_eq!(failure(&read).class, Malformed);
    }
    assert_eq!(server.accepted(), 4);
}

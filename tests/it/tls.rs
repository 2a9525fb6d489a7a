//! HTTPS, and HTTP/2 with prior knowledge (contract §1.1).

use crate::raw::{connect, exchange_over, head, until};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use tests::Bottle;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A client that trusts the certificate of the bottle alone, over HTTP/1.1.
async fn secure(bottle: &Bottle, url: &str) -> TlsStream<TcpStream> {
    negotiated(bottle, url, &["http/1.1"]).await
}

/// The same client, which offers these protocols by ALPN.
async fn negotiated(bottle: &Bottle, url: &str, protocols: &[&str]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(bottle.certificate().unwrap().to_vec())).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = connect(&url.replace("https://", "http://")).await;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

#[tokio::test]
async fn both_servers_serve_https_and_count_handshakes() {
    let bottle = Bottle::builder().tls().start();
    assert!(bottle.publisher_url().starts_with("https://127.0.0.1:"));
    let stream = secure(&bottle, bottle.publisher_url()).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
    let store = [head("PUT /v1/blobs", &[("content-length", "6")]).as_bytes(), b"walrus"].concat();
    let reply = exchange_over(stream, &store).await.unwrap();
    let id = reply.json()["newlyCreated"]["blobObject"]["blobId"].as_str().unwrap().to_owned();
    let stream = secure(&bottle, bottle.aggregator_url()).await;
    let reply = exchange_over(stream, head(&format!("GET /v1/blobs/{id}"), &[]).as_bytes()).await.unwrap();
    assert_eq!((reply.answer(), reply.end), ((200, "walrus"), None));
    for stats in [bottle.publisher_stats(), bottle.aggregator_stats()] {
        assert_eq!((stats.connections.accepted, stats.connections.tls_handshakes), (1, 1));
    }
}

#[tokio::test]
async fn http_2_is_negotiated_by_alpn() {
    let bottle = Bottle::builder().tls().start();
    let url = bottle.aggregator_url();
    let stream = negotiated(&bottle, url, &["http/1.1", "h2"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    let (mut client, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get(format!("{url}/status")).body(Full::new(Bytes::new())).unwrap();
    let answer = client.send_request(request).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, hyper::Version::HTTP_2));
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "OK");
    let stream = negotiated(&bottle, url, &[]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), None);
    let reply = exchange_over(stream, head("GET /status", &[]).as_bytes()).await.unwrap();
    assert_eq!(reply.answer(), (200, "OK"), "a client without ALPN speaks HTTP/1.1");
}

#[tokio::test]
async fn a_client_without_tls_gets_no_answer_and_is_not_counted_as_handshake() {
    let bottle = Bottle::builder().tls().start();
    let stream = connect(&bottle.aggregator_url().replace("https://", "http://")).await;
    assert!(exchange_over(stream, head("GET /status", &[]).as_bytes()).await.is_err());
    until(|| bottle.aggregator_stats().connections.open == 0).await;
    let connections = bottle.aggregator_stats().connections;
    assert_eq!((connections.accepted, connections.used, connections.tls_handshakes), (1, 0, 0));
}

#[tokio::test]
async fn a_reset_resets_a_tls_connection() {
    let bottle = Bottle::builder().tls().aggregator_faults(&["reset=1"]).start();
    let stream = secure(&bottle, bottle.aggregator_url()).await;
    let id = "M4hsZGQ1oCktdzegB6HnI6Mi28S2nqOPHxK-W7_4BUk";
    assert!(exchange_over(stream, head(&format!("GET /v1/blobs/{id}"), &[]).as_bytes()).await.is_err());
    assert_eq!(bottle.aggregator_stats().fault("reset"), 1);
}

#[tokio::test]
async fn http_2_is_served_with_prior_knowledge() {
    let bottle = Bottle::start();
    let id = crate::raw::stored(bottle.publisher_url(), b"walrus").await;
    let stream = connect(bottle.aggregator_url()).await;
    let (mut client, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let requests = (0..3).map(|_| {
        let address = format!("{}/v1/blobs/{id}", bottle.aggregator_url());
        client.send_request(Request::get(address).body(Full::new(Bytes::new())).unwrap())
    });
    for answer in requests.collect::<Vec<_>>() {
        let answer = answer.await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.version()), (200, hyper::Version::HTTP_2));
        assert_eq!(answer.headers()["content-length"], "6");
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "walrus");
    }
    let connections = bottle.aggregator_stats().connections;
    assert_eq!((connections.accepted, connections.used), (1, 1));
}

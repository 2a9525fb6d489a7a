//! TLS: trusted and unknown certificates, and servers without TLS.

use std::{io::Write as _, path::PathBuf, sync::Arc, time::Duration};

use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use stress::{
    client::{Network, preflight},
    error::Error,
    plan::{Plan, Verify},
    sample::{FailureClass, Link, Outcome},
};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

use super::server::{Server, blob, bytes, client, failure, found, hold, plan, read_body, read_head, stored};

/// A self-signed certificate in a file, and an acceptor that presents it.
fn certificate(params: rcgen::CertificateParams) -> (NamedTempFile, TlsAcceptor) {
    let signing_key = rcgen::KeyPair::generate().unwrap();
    let cert = params.self_signed(&signing_key).unwrap();
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(cert.pem().as_bytes()).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (file, TlsAcceptor::from(Arc::new(config)))
}

/// A publisher and aggregator behind TLS, and a file with its certificate.
async fn secured() -> (NamedTempFile, Server) {
    secured_by(localhost()).await
}

fn localhost() -> rcgen::CertificateParams {
    rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap()
}

async fn secured_by(params: rcgen::CertificateParams) -> (NamedTempFile, Server) {
    let (file, acceptor) = certificate(params);
    let server = Server::start(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
            while let Some(head) = read_head(&mut stream).await {
                read_body(&mut stream, &head).await;
                let response = match head.split(' ').next() {
                    Some("PUT") => stored().into_bytes(),
                    _ if head.contains("/status") => found(b"OK"),
                    _ => found(&bytes(blob(300_000))),
                };
                stream.write_all(&response).await.unwrap();
                stream.flush().await.unwrap();
            }
        }
    })
    .await;
    (file, server)
}

#[tokio::test]
async fn the_certificate_of_an_authority_as_that_of_a_server_is_explained() {
    let mut params = localhost();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let (file, server) = secured_by(params).await;
    let plan = https(&server, Some(file.path().to_owned()));
    let refusal = preflight(&plan, Duration::ZERO).await.unwrap_err().to_string();
    assert!(refusal.contains("basicConstraints=critical,CA:FALSE"), "{refusal}");
}

fn https(server: &Server, roots: Option<PathBuf>) -> Plan {
    let mut plan = plan(&format!("https://localhost:{}", server.address.port()));
    plan.limits.ca_certificates = roots;
    plan
}

#[tokio::test]
async fn a_trusted_server_is_used_over_one_connection_and_its_handshake_is_timed() {
    let (file, server) = secured().await;
    let plan = https(&server, Some(file.path().to_owned()));
    let mut client = client(&plan);
    for round in 0..3 {
        let upload = client.upload(0, blob(300_000).source()).await;
        assert!(upload.outcome.is_success(), "{:?}", upload.outcome);
        assert!(upload.record.timing.sent.unwrap() <= upload.record.timing.first_byte.unwrap());
        match upload.record.link {
            Some(Link::Fresh(connecting)) => {
                assert!(round == 0 && connecting.tls.is_some() && connecting.dns.is_some())
            }
            link => assert!(round > 0 && link == Some(Link::Reused)),
        }
        assert_eq!(
            client.read(0, "abc", &mut blob(300_000).verifier(Verify::Full)).await.outcome,
            Outcome::Read
        );
    }
    assert_eq!(server.accepted(), 2);
    assert_eq!(preflight(&plan, Duration::ZERO).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn an_unknown_certificate_is_a_tls_failure_unless_nothing_is_checked() {
    let (_, server) = secured().await;
    let (other, _) = certificate(localhost());
    let mut plan = https(&server, Some(other.path().to_owned()));
    let exchange = client(&plan).upload(0, blob(10).source()).await;
    let failure = failure(&exchange);
    assert_eq!(failure.class, FailureClass::Tls, "{failure}");
    assert!(failure.message.contains("--cacert"), "{failure}");
    assert!(matches!(exchange.record.link, Some(Link::Fresh(connecting)) if connecting.tls.is_none()));
    let refusal = preflight(&plan, Duration::ZERO).await.unwrap_err().to_string();
    assert!(refusal.contains("--cacert"), "{refusal}");
    plan.limits.insecure = true;
    assert!(client(&plan).upload(0, blob(10).source()).await.outcome.is_success());
    assert!(preflight(&plan, Duration::ZERO).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_certificate_for_another_name_is_a_tls_failure() {
    let (file, server) = secured().await;
    let mut plan = plan(&format!("https://{}", server.address));
    plan.limits.ca_certificates = Some(file.path().to_owned());
    let failure = failure(&client(&plan).upload(0, blob(10).source()).await);
    assert_eq!(failure.class, FailureClass::Tls, "{failure}");
}

#[tokio::test]
async fn a_server_without_tls_is_a_tls_failure_with_a_hint() {
    for response in ["HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n", ""] {
        let server = Server::start(move |mut stream, _| async move {
            let _ = stream.readable().await;
            let _ = stream.write_all(response.as_bytes()).await;
        })
        .await;
        let mut plan = https(&server, None);
        plan.limits.insecure = true;
        let failure = failure(&client(&plan).upload(0, blob(10).source()).await);
        assert_eq!(failure.class, FailureClass::Tls, "{failure}");
        assert!(response.is_empty() || failure.message.contains("speak TLS"), "{failure}");
    }
}

#[tokio::test]
async fn a_silent_tls_handshake_is_a_connect_timeout() {
    let server = Server::start(|stream, _| hold(stream)).await;
    let mut plan = https(&server, None);
    (plan.limits.insecure, plan.limits.connect_timeout) = (true, std::time::Duration::from_millis(200));
    let failure = failure(&client(&plan).upload(0, blob(10).source()).await);
    assert_eq!(failure.class, FailureClass::ConnectTimeout, "{failure}");
}

#[tokio::test]
async fn an_unusable_certificate_file_is_refused_by_its_flag_even_without_https() {
    let mut malformed = NamedTempFile::new().unwrap();
    malformed.write_all(b"-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n").unwrap();
    let empty = NamedTempFile::new().unwrap();
    for path in [PathBuf::from("/no/such/file.pem"), malformed.path().to_owned(), empty.path().to_owned()] {
        let mut plan = plan("https://localhost");
        plan.limits.ca_certificates = Some(path.clone());
        for error in
            [Network::new(&plan).map(drop).unwrap_err(), preflight(&plan, Duration::ZERO).await.unwrap_err()]
        {
            assert!(
                matches!(&error, Error::Flag { flag, reason } if flag == "--cacert" && reason.contains(path.to_str().unwrap())),
                "{error}"
            );
        }
        plan.publishers = vec!["http://localhost".parse().unwrap()];
        plan.aggregators.clear();
        let error = Network::new(&plan).map(drop).unwrap_err();
        assert!(matches!(&error, Error::Flag { flag, .. } if flag == "--cacert"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_early_refusal_is_seen_through_tls() {
    let (file, acceptor) = certificate(localhost());
    let server = Server::start(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            read_head(&mut stream).await;
            let _ =
                stream.write_all(b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 4\r\n\r\nbusy").await;
            let _ = stream.flush().await;
        }
    })
    .await;
    for size in [10, 1_000_000, 9_000_000] {
        for attempt in 0..8 {
            let mut client = client(&https(&server, Some(file.path().to_owned())));
            let failure = failure(&client.upload(0, blob(size).source()).await);
            assert_eq!(failure.class, FailureClass::Shed, "{size} {attempt}: {failure}");
        }
    }
}

//! Tokens that a publisher requires: what is checked, in which order, and when a token is spent.

use crate::raw::{self, Reply, try_put};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mock_publisher::admission::Limits;
use mock_publisher::auth::{Algorithm, Config};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use std::time::{SystemTime, UNIX_EPOCH};
use tests::{Bottle, PUT_BLOB};

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The header of a token with these claims besides its ID and its end.
pub(crate) fn bearer(jti: &str, exp: u64, claims: &str) -> String {
    signed(&format!(r#"{{"exp":{exp},"jti":"{jti}"{claims}}}"#))
}

/// The header of a token with this payload.
pub(crate) fn signed(payload: &str) -> String {
    let message =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#), URL_SAFE_NO_PAD.encode(payload));
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
    format!("Bearer {message}.{}", URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes())))
}

pub(crate) fn bottle(change: impl FnOnce(&mut Config) + 'static) -> Bottle {
    Bottle::builder()
        .publisher(move |config| {
            config.jwt.secret = Some(b"secret".to_vec());
            change(&mut config.jwt);
        })
        .start()
}

async fn put(bottle: &Bottle, query: &str, header: &str) -> Reply {
    try_put(bottle.publisher_url(), query, &[("authorization", header)], b"0123456789").await.unwrap()
}

/// Status and reason; of an answer that is not JSON, its text.
pub(crate) fn status_and_reason(reply: &Reply) -> (u16, String) {
    match reply.header("content-type") {
        Some("application/json") => (reply.status, reply.reason()),
        _ => (reply.status, reply.text().to_owned()),
    }
}

#[tokio::test]
async fn the_header_is_checked_after_the_query() {
    let bottle = bottle(|_| {});
    let url = bottle.publisher_url();
    let reply = raw::put(url, "", b"x").await;
    assert_eq!(reply.answer(), (400, "Header of type `authorization` was missing"));
    assert_eq!(reply.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(put(&bottle, "", "Basic eA==").await.answer(), (400, "invalid HTTP header (authorization)"));
    let bad = "Failed to deserialize query string: unknown field `foo`";
    assert_eq!(put(&bottle, "?foo=1", "Basic eA==").await.answer(), (400, bad));
    assert_eq!(raw::ask(url, "GET /status", &[]).await.answer(), (200, "OK"));
    assert_eq!(raw::ask(url, "OPTIONS /v1/blobs", &[]).await.status, 200, "a preflight needs no token");
}

#[tokio::test]
async fn every_refusal_has_its_status_and_reason() {
    let bottle = bottle(|jwt| jwt.verify_upload = true);
    let good = bearer("bad-signature", now(), "");
    let forged = format!("{}A", &good[..good.len() - 1]);
    let forged = if forged == good { format!("{}E", &good[..good.len() - 1]) } else { forged };
    let rows = [
        (bearer("a", now() - 100, ""), 504, "EXPIRED_SIGNATURE"),
        (forged, 401, "INVALID_SIGNATURE"),
        ("Bearer an-api-key".into(), 400, "INVALID_TOKEN"),
        (bearer("a", now(), r#","aud":"x""#), 400, "INVALID_TOKEN"),
        (bearer("a", now(), r#","epochs":2"#), 400, "INVALID_EPOCHS"),
        (bearer("a", now(), r#","size":9"#), 400, "INVALID_SIZE"),
        (bearer("a", now(), r#","size":10,"max_size":10"#), 400, "INCONSISTENT_TOKEN"),
        (bearer("a", i64::MAX.unsigned_abs(), ""), 400, "INVALID_TIMESTAMP"),
        (bearer("a", u64::MAX, ""), 400, "INVALID_TOKEN"),
        (signed(r#"{"exp":-1,"jti":"a"}"#), 500, "INTERNAL_ERROR"),
        (bearer("a", now(), r#","size":10,"epochs":1"#), 200, ""),
        (bearer("a", now(), ""), 429, "TOKEN_ALREADY_USED"),
    ];
    for (header, status, reason) in rows {
        let reply = put(&bottle, "", &header).await;
        assert_eq!(status_and_reason(&reply), (status, reason.to_owned()), "{}", reply.text());
        let domain = reply.text().contains("auth.publisher.walrus.space");
        assert_eq!(domain, status != 200);
    }
    assert_eq!(bottle.publisher_stats().stores.newly_created, 1);
}

#[tokio::test]
async fn a_wrong_lifetime_and_a_full_cache_are_refused() {
    let bottle = bottle(|jwt| {
        jwt.expiring_sec = 300;
        jwt.cache_size = 1;
    });
    let end = now() + 300;
    let with = |jti: &str, iat: u64| bearer(jti, end, &format!(r#","iat":{iat}"#));
    assert_eq!(
        status_and_reason(&put(&bottle, "", &with("a", end - 299)).await),
        (400, "INVALID_EXPIRATION".into())
    );
    assert_eq!(put(&bottle, "", &with("a", end - 300)).await.status, 200);
    assert_eq!(
        status_and_reason(&put(&bottle, "", &with("b", end - 300)).await),
        (500, "INTERNAL_ERROR".into())
    );
}

#[tokio::test]
async fn the_real_length_is_checked_whatever_the_flags() {
    let bottle = bottle(|_| {});
    let reply = put(&bottle, "", &bearer("a", now(), r#","max_size":9"#)).await;
    assert_eq!(status_and_reason(&reply), (400, "INVALID_SIZE".into()));
    let again = put(&bottle, "", &bearer("a", now(), r#","max_size":10"#)).await;
    assert_eq!(status_and_reason(&again), (429, "TOKEN_ALREADY_USED".into()), "it was spent by then");
    let chunked = [
        raw::head(
            "PUT /v1/blobs",
            &[("transfer-encoding", "chunked"), ("authorization", &bearer("b", now(), r#","size":4"#))],
        )
        .as_bytes(),
        b"3\r\nabc\r\n0\r\n\r\n",
    ]
    .concat();
    let reply = raw::exchange(raw::connect(bottle.publisher_url()).await, &chunked).await.unwrap();
    assert_eq!(status_and_reason(&reply), (400, "INVALID_SIZE".into()));
}

#[tokio::test]
async fn a_request_that_is_shed_has_spent_its_token() {
    let bottle = Bottle::builder()
        .publisher(|config| {
            config.jwt.secret = Some(b"secret".to_vec());
            config.limits = Limits { concurrent: 1, buffer: 0 };
        })
        .publisher_faults(&["shed=1"])
        .start();
    let header = bearer("a", now(), "");
    let shed = put(&bottle, "", &header).await;
    assert_eq!((shed.status, shed.header("content-type")), (429, Some("text/plain; charset=utf-8")));
    assert_eq!(status_and_reason(&put(&bottle, "", &header).await), (429, "TOKEN_ALREADY_USED".into()));
    let route = bottle.publisher_stats().route(PUT_BLOB);
    assert_eq!((route.received, route.status(429)), (2, 2));
}

/// A header of a token that is signed by this key pair, over the same message for every form of its public key.
fn signed_with(algorithm: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let header = format!(r#"{{"alg":"{algorithm}"}}"#);
    let claims = format!(r#"{{"exp":{},"jti":"a"}}"#, now());
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    format!("Bearer {message}.{}", URL_SAFE_NO_PAD.encode(sign(message.as_bytes())))
}

#[tokio::test]
async fn a_public_key_has_one_form() {
    let random = SystemRandom::new();
    let curve = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(curve, &random).unwrap();
    let ec = EcdsaKeyPair::from_pkcs8(curve, document.as_ref(), &random).unwrap();
    let document = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
    let ed = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
    let ec_token = signed_with("ES256", |message| ec.sign(&random, message).unwrap().as_ref().to_vec());
    let ed_token = signed_with("EdDSA", |message| ed.sign(message).as_ref().to_vec());
    let spki_of_ec = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
    let spki_of_ed = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
    let (point, bytes) = (ec.public_key().as_ref(), ed.public_key().as_ref());
    let rows = [
        (Algorithm::ES256, point.to_vec(), &ec_token, 200, ""),
        (Algorithm::ES256, [spki_of_ec, point].concat(), &ec_token, 500, "INTERNAL_ERROR"),
        (Algorithm::ES256, point.to_vec(), &ed_token, 400, "INVALID_TOKEN"),
        (Algorithm::EdDSA, bytes.to_vec(), &ed_token, 200, ""),
        (Algorithm::EdDSA, [spki_of_ed, bytes].concat(), &ed_token, 401, "INVALID_SIGNATURE"),
        (
            Algorithm::RS256,
            b"no key".to_vec(),
            &signed_with("RS256", |_| vec![0; 256]),
            401,
            "INVALID_SIGNATURE",
        ),
    ];
    for (algorithm, key, token, status, reason) in rows {
        let bottle = bottle(move |jwt| {
            jwt.secret = Some(key);
            jwt.algorithm = algorithm;
        });
        let reply = put(&bottle, "", token).await;
        assert_eq!(status_and_reason(&reply), (status, reason.to_owned()), "{algorithm}: {}", reply.text());
    }
}

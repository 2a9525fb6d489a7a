//! Tokens of every algorithm, verified by a JWT library that is not ours, and keys that do not fit.

use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Value, json};
use strum::IntoEnumIterator;

use super::*;
use crate::plan::target::Secret;

const SECRET: &str = "a secret of a publisher";

macro_rules! key {
    ($name:literal) => {
        include_str!(concat!("../../tests/keys/", $name, ".pem"))
    };
}

/// The key that signs with an algorithm, and the one that verifies its signatures.
fn keys(algorithm: Algorithm) -> (SigningKey, DecodingKey) {
    let private = |pem: &str| SigningKey::Private(Secret::new(pem));
    match algorithm {
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => {
            (SigningKey::Secret(Secret::new(SECRET)), DecodingKey::from_secret(SECRET.as_bytes()))
        }
        Algorithm::ES256 => {
            (private(key!("p256")), DecodingKey::from_ec_pem(key!("p256.pub").as_bytes()).unwrap())
        }
        Algorithm::ES384 => {
            (private(key!("p384")), DecodingKey::from_ec_pem(key!("p384.pub").as_bytes()).unwrap())
        }
        Algorithm::EdDSA => {
            (private(key!("ed25519")), DecodingKey::from_ed_pem(key!("ed25519.pub").as_bytes()).unwrap())
        }
        _ => (private(key!("rsa")), DecodingKey::from_rsa_pem(key!("rsa.pub").as_bytes()).unwrap()),
    }
}

fn verified(token: &str, algorithm: Algorithm, key: &DecodingKey) -> Result<Value, String> {
    let validation = Validation::new(algorithm.to_string().parse().unwrap());
    jsonwebtoken::decode(token, key, &validation).map(|data| data.claims).map_err(|error| error.to_string())
}

#[test]
fn another_library_verifies_the_tokens_of_every_algorithm() {
    // The end of the year 2100.
    let claims = json!({ "exp": 4_133_980_799_u64, "jti": "a" });
    for algorithm in Algorithm::iter() {
        let (private, public) = keys(algorithm);
        let token = Signer::new(&private, algorithm).unwrap().sign(&claims).unwrap();
        assert_eq!(verified(&token, algorithm, &public), Ok(claims.clone()), "{algorithm}");
        let (message, signature) = token.rsplit_once('.').unwrap();
        let (first, rest) = signature.split_at(1);
        let forged = format!("{message}.{}{rest}", if first == "A" { "B" } else { "A" });
        assert!(verified(&forged, algorithm, &public).is_err(), "{algorithm}");
    }
}

#[test]
fn a_key_has_a_default_algorithm_and_refuses_those_of_other_keys() {
    for default in [Algorithm::HS256, Algorithm::ES256, Algorithm::ES384, Algorithm::RS256, Algorithm::EdDSA]
    {
        let (private, _) = keys(default);
        assert_eq!(algorithm(&private, None), Ok(default));
        for wanted in Algorithm::iter() {
            let same = std::mem::discriminant(&private) == std::mem::discriminant(&keys(wanted).0)
                && keys(wanted).0 == private;
            assert_eq!(algorithm(&private, Some(wanted)).is_ok(), same, "{default} {wanted}");
            assert_eq!(Signer::new(&private, wanted).is_ok(), same, "{default} {wanted}");
        }
    }
    let refused = algorithm(&keys(Algorithm::ES256).0, Some(Algorithm::RS256)).unwrap_err();
    assert_eq!(refused, "RS256 does not fit a P-256 key, which signs with ES256");
}

#[test]
fn a_key_may_be_der() {
    let der = PrivatePkcs8KeyDer::from_pem_slice(key!("p256").as_bytes()).unwrap();
    let key = SigningKey::Private(Secret::new(BASE64_STANDARD.encode(der.secret_pkcs8_der())));
    assert_eq!(algorithm(&key, None), Ok(Algorithm::ES256));
}

#[test]
fn a_secret_is_read_as_publishers_read_it() {
    for (text, bytes) in [
        ("s3cret", Some(&b"s3cret"[..])),
        ("0x00ffAb", Some(&[0, 255, 171])),
        ("0xabc", None),
        ("0x+1", None),
    ] {
        assert_eq!(secret_bytes(text).ok().as_deref(), bytes, "{text}");
    }
}

#[test]
fn what_is_no_key_is_refused_without_being_repeated() {
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nc2VjcmV0\n-----END ENCRYPTED PRIVATE KEY-----\n";
    for text in ["", "s3cret", "czNjcmV0", key!("p521"), key!("p256.pub"), encrypted] {
        let refused = algorithm(&SigningKey::Private(Secret::new(text)), None).unwrap_err();
        assert!(refused.contains("openssl pkcs8 -topk8") && !refused.contains("s3cret"), "{refused}");
    }
}

//! What minting a token costs, for every kind of key.

use std::hint::black_box;

use criterion::Criterion;
use serde_json::json;
use stress::{
    client::jwt::Signer,
    plan::{
        target::Secret,
        tokens::{Algorithm, SigningKey},
    },
};

macro_rules! key {
    ($name:literal) => {
        SigningKey::Private(Secret::new(include_str!(concat!("../../tests/keys/", $name, ".pem"))))
    };
}

/// One token with all its claims.
pub(crate) fn minting(c: &mut Criterion) {
    let claims = json!({
        "iat": 1_800_000_000, "exp": 1_800_000_060, "jti": "0123456789abcdef0123456789abcdef-0-7-12345-1",
        "size": 102_400, "epochs": 5,
    });
    let mut group = c.benchmark_group("minting");
    for (algorithm, key) in [
        (Algorithm::HS256, SigningKey::Secret(Secret::new("a secret of a publisher"))),
        (Algorithm::EdDSA, key!("ed25519")),
        (Algorithm::ES256, key!("p256")),
        (Algorithm::ES384, key!("p384")),
        (Algorithm::RS256, key!("rsa")),
        (Algorithm::PS256, key!("rsa")),
    ] {
        let signer = Signer::new(&key, algorithm).expect("a key for the algorithm");
        group.bench_function(algorithm.to_string(), |b| b.iter(|| signer.sign(black_box(&claims))));
    }
}

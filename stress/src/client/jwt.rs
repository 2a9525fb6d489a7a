//! Signs tokens (JWS compact serialization, RFC 7515) with `ring`, which TLS has brought along already; a JWT library would
//! bring a second implementation of every algorithm.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{
    error::KeyRejected,
    hmac,
    rand::SystemRandom,
    signature::{self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaEncoding, RsaKeyPair},
};
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde::Serialize;

use crate::plan::tokens::{Algorithm, SigningKey};

/// Signs tokens with one key and one algorithm.
pub struct Signer {
    key: Key,
    /// The first part of every token, with the dot behind it.
    header: String,
    random: SystemRandom,
}

enum Key {
    Shared(hmac::Key),
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    Ed25519(Ed25519KeyPair),
}

/// The key is secret.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}

/// The kinds of keys, each with its algorithms, the default first.
const KINDS: [(Kind, &[Algorithm]); 5] = [
    (Kind::Secret, &[Algorithm::HS256, Algorithm::HS384, Algorithm::HS512]),
    (Kind::P256, &[Algorithm::ES256]),
    (Kind::P384, &[Algorithm::ES384]),
    (
        Kind::Rsa,
        &[
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
        ],
    ),
    (Kind::Ed25519, &[Algorithm::EdDSA]),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
enum Kind {
    #[strum(serialize = "a secret")]
    Secret,
    #[strum(serialize = "a P-256 key")]
    P256,
    #[strum(serialize = "a P-384 key")]
    P384,
    #[strum(serialize = "an RSA key")]
    Rsa,
    #[strum(serialize = "an Ed25519 key")]
    Ed25519,
}

/// The algorithm to sign with: the one `wanted`, if it fits the key, or else the key's default.
///
/// # Errors
/// When the key cannot be used or the algorithm is for another kind of key; no error repeats the key.
pub fn algorithm(key: &SigningKey, wanted: Option<Algorithm>) -> Result<Algorithm, String> {
    let (_, fitting) = match key {
        SigningKey::Secret(secret) => {
            secret_bytes(secret.reveal())?;
            KINDS[0]
        }
        SigningKey::Private(text) => {
            let der = private_key(text.reveal())?;
            *KINDS.iter().find(|(kind, fitting)| kind_fits(*kind, fitting[0], &der)).ok_or_else(unusable)?
        }
    };
    match wanted {
        Some(wanted) if !fitting.contains(&wanted) => {
            let (kind, _) = KINDS.iter().find(|(_, algorithms)| *algorithms == fitting).unwrap_or(&KINDS[0]);
            let names: Vec<_> = fitting.iter().map(ToString::to_string).collect();
            Err(format!("{wanted} does not fit {kind}, which signs with {}", names.join(", ")))
        }
        wanted => Ok(wanted.unwrap_or(fitting[0])),
    }
}

fn kind_fits(kind: Kind, algorithm: Algorithm, der: &[u8]) -> bool {
    kind != Kind::Secret && Key::private(algorithm, der).is_ok()
}

impl Signer {
    /// A signer with this key.
    ///
    /// # Errors
    /// When the key cannot be used, or not with this algorithm; the error does not repeat the key.
    pub fn new(key: &SigningKey, algorithm: Algorithm) -> Result<Self, String> {
        let key = match key {
            SigningKey::Secret(secret) => Key::shared(algorithm, &secret_bytes(secret.reveal())?)?,
            SigningKey::Private(text) => Key::private(algorithm, &private_key(text.reveal())?)?,
        };
        let header = BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#));
        Ok(Self { key, header: header + ".", random: SystemRandom::new() })
    }

    /// The token with these claims.
    ///
    /// # Errors
    /// When the system has no random numbers, or the key is too small for the algorithm.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, String> {
        let claims = serde_json::to_vec(claims).map_err(|error| error.to_string())?;
        let mut token = self.header.clone();
        BASE64_URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = self.signature(token.as_bytes()).map_err(|_| "the signature could not be made")?;
        token.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, ring::error::Unspecified> {
        match &self.key {
            Key::Shared(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
            Key::Ecdsa(pair) => Ok(pair.sign(&self.random, message)?.as_ref().to_vec()),
            Key::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Key::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(*encoding, &self.random, message, &mut signature)?;
                Ok(signature)
            }
        }
    }
}

impl Key {
    fn shared(algorithm: Algorithm, secret: &[u8]) -> Result<Self, String> {
        let algorithm = match algorithm {
            Algorithm::HS256 => hmac::HMAC_SHA256,
            Algorithm::HS384 => hmac::HMAC_SHA384,
            Algorithm::HS512 => hmac::HMAC_SHA512,
            other => return Err(format!("{other} needs a private key, not a secret")),
        };
        Ok(Self::Shared(hmac::Key::new(algorithm, secret)))
    }

    fn private(algorithm: Algorithm, der: &[u8]) -> Result<Self, String> {
        let ecdsa = |algorithm: &'static EcdsaSigningAlgorithm| {
            EcdsaKeyPair::from_pkcs8(algorithm, der, &SystemRandom::new()).map(Self::Ecdsa)
        };
        let rsa = |encoding: &'static dyn RsaEncoding| {
            RsaKeyPair::from_pkcs8(der).map(|pair| Self::Rsa(pair, encoding))
        };
        let key: Result<Self, KeyRejected> = match algorithm {
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => {
                return Err(format!("{algorithm} needs a secret, not a private key"));
            }
            Algorithm::ES256 => ecdsa(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::ES384 => ecdsa(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::RS256 => rsa(&signature::RSA_PKCS1_SHA256),
            Algorithm::RS384 => rsa(&signature::RSA_PKCS1_SHA384),
            Algorithm::RS512 => rsa(&signature::RSA_PKCS1_SHA512),
            Algorithm::PS256 => rsa(&signature::RSA_PSS_SHA256),
            Algorithm::PS384 => rsa(&signature::RSA_PSS_SHA384),
            Algorithm::PS512 => rsa(&signature::RSA_PSS_SHA512),
            // OpenSSL writes version 1, without the public key.
            Algorithm::EdDSA => Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map(Self::Ed25519),
        };
        key.map_err(|_| unusable())
    }
}

/// The bytes of a secret as a publisher's `--jwt-decode-secret` reads them.
fn secret_bytes(text: &str) -> Result<Vec<u8>, String> {
    let Some(digits) = text.strip_prefix("0x") else { return Ok(text.as_bytes().to_vec()) };
    let pair = |pair: &[u8]| {
        let digits =
            std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2 && !pair.starts_with('+'))?;
        u8::from_str_radix(digits, 16).ok()
    };
    let bytes: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(pair).collect();
    bytes.ok_or_else(|| {
        "begins with 0x, behind which a publisher wants pairs of hexadecimal digits".to_owned()
    })
}

/// The DER of a private key in PEM, or in base64.
fn private_key(text: &str) -> Result<Vec<u8>, String> {
    if let Ok(key) = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes()) {
        return Ok(key.secret_pkcs8_der().to_vec());
    }
    BASE64_STANDARD.decode(text.trim()).map_err(|_| unusable())
}

fn unusable() -> String {
    "is no private key in PKCS #8 (-----BEGIN PRIVATE KEY-----, or its DER) for P-256, P-384, RSA with 2048 to 4096 bits, or \
     Ed25519; `openssl pkcs8 -topk8 -nocrypt` converts others"
        .to_owned()
}

#[cfg(test)]
#[path = "jwt_tests.rs"]
mod tests;

//! The ways in which a token can be signed, and whether a signature is good.

use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use ring::{digest, hmac};
use std::fmt;
use std::str::FromStr;

/// A way to sign a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Algorithm(usize);

/// How each is checked.
#[derive(Clone, Copy)]
enum Check {
    Shared(&'static hmac::Algorithm),
    Public(&'static dyn VerificationAlgorithm, Key),
}

/// Where the key itself lies in an encoded one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    /// PKCS #1, or the same after a header.
    Rsa,
    /// The last so many bytes.
    Last(usize),
}

use Check::{Public, Shared};

static TABLE: [(&str, Check); 12] = [
    ("HS256", Shared(&hmac::HMAC_SHA256)),
    ("HS384", Shared(&hmac::HMAC_SHA384)),
    ("HS512", Shared(&hmac::HMAC_SHA512)),
    ("ES256", Public(&signature::ECDSA_P256_SHA256_FIXED, Key::Last(65))),
    ("ES384", Public(&signature::ECDSA_P384_SHA384_FIXED, Key::Last(97))),
    ("RS256", Public(&signature::RSA_PKCS1_2048_8192_SHA256, Key::Rsa)),
    ("RS384", Public(&signature::RSA_PKCS1_2048_8192_SHA384, Key::Rsa)),
    ("RS512", Public(&signature::RSA_PKCS1_2048_8192_SHA512, Key::Rsa)),
    ("PS256", Public(&signature::RSA_PSS_2048_8192_SHA256, Key::Rsa)),
    ("PS384", Public(&signature::RSA_PSS_2048_8192_SHA384, Key::Rsa)),
    ("PS512", Public(&signature::RSA_PSS_2048_8192_SHA512, Key::Rsa)),
    ("EdDSA", Public(&signature::ED25519, Key::Last(digest::SHA256_OUTPUT_LEN))),
];

/// A name that is none of the known ones.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no algorithm called `{0}`: use {all}", all = TABLE.iter().map(|row| row.0).collect::<Vec<_>>().join(", "))]
pub struct BadAlgorithm(String);

impl Default for Algorithm {
    /// HS256.
    fn default() -> Self {
        Self(0)
    }
}

impl FromStr for Algorithm {
    type Err = BadAlgorithm;

    fn from_str(text: &str) -> Result<Self, BadAlgorithm> {
        let found = TABLE.iter().position(|row| row.0 == text).map(Self);
        found.ok_or_else(|| BadAlgorithm(text.to_owned()))
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(TABLE[self.0].0)
    }
}

impl Algorithm {
    /// Whether this is the message's signature by this key: a secret, a public key in DER, or a bare point.
    #[must_use]
    pub fn verify(self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        match TABLE[self.0].1 {
            Shared(algorithm) => hmac::verify(&hmac::Key::new(*algorithm, key), message, signature).is_ok(),
            Public(algorithm, place) => {
                UnparsedPublicKey::new(algorithm, place.of(key)).verify(message, signature).is_ok()
            }
        }
    }
}

impl Key {
    /// The key itself.
    fn of(self, encoded: &[u8]) -> &[u8] {
        // A header that says "RSA" names its algorithm, then wraps the key in a bit string.
        const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82];
        match self {
            Self::Last(length) => &encoded[encoded.len().saturating_sub(length)..],
            Self::Rsa => encoded
                .windows(RSA.len())
                .take(16)
                .position(|window| window == RSA)
                .and_then(|at| encoded.get(at + RSA.len() + 3..))
                .unwrap_or(encoded),
        }
    }
}

#[cfg(test)]
#[path = "vectors.rs"]
mod vectors;

#[cfg(test)]
mod tests {
    use super::vectors::{MESSAGE, VECTORS};
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    #[test]
    fn s3_5_1_every_algorithm_knows_its_own_signatures() {
        let mut seen = std::collections::BTreeSet::new();
        for (name, key, signature) in VECTORS {
            let algorithm: Algorithm = name.parse().unwrap();
            let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
            let key = if name.starts_with("HS") { b"a secret".to_vec() } else { bytes(key) };
            let mut signature = bytes(signature);
            assert!(algorithm.verify(&key, MESSAGE, &signature), "{name}");
            assert!(!algorithm.verify(&key, b"another message", &signature), "{name}");
            assert!(!algorithm.verify(b"another key", MESSAGE, &signature), "{name}");
            assert!(!algorithm.verify(&[], MESSAGE, &signature), "{name}");
            signature[0] ^= 1;
            assert!(!algorithm.verify(&key, MESSAGE, &signature), "{name}");
            assert_eq!(algorithm.to_string(), name);
            seen.insert(name);
        }
        assert_eq!(seen.len(), TABLE.len());
        assert!("none".parse::<Algorithm>().unwrap_err().to_string().contains("HS256, HS384"));
    }
}

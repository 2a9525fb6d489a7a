//! The algorithms that sign tokens, and the verification of signatures.

use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use ring::{digest, hmac};
use strum::{Display, EnumString, VariantNames};

/// An algorithm that signs tokens, by its name in a JWT header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, EnumString, Display, VariantNames)]
#[strum(parse_err_ty = BadAlgorithm, parse_err_fn = bad_algorithm)]
#[expect(missing_docs, reason = "the names are those of RFC 7518 and RFC 8037")]
pub enum Algorithm {
    #[default]
    HS256,
    HS384,
    HS512,
    ES256,
    ES384,
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    EdDSA,
}

/// Text that names no algorithm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no algorithm: use {all}", all = Algorithm::VARIANTS.join(", "))]
pub struct BadAlgorithm(String);

fn bad_algorithm(text: &str) -> BadAlgorithm {
    BadAlgorithm(text.to_owned())
}

/// How a signature is verified.
enum Method {
    Shared(hmac::Algorithm),
    Public(&'static dyn VerificationAlgorithm, KeyFormat),
}

/// Where the key itself lies in an encoded one.
#[derive(Clone, Copy)]
enum KeyFormat {
    /// PKCS #1, bare or inside a SubjectPublicKeyInfo.
    Rsa,
    /// The last bytes, this many.
    Last(usize),
}

impl Algorithm {
    fn method(self) -> Method {
        use KeyFormat::{Last, Rsa};
        use Method::{Public, Shared};
        match self {
            Self::HS256 => Shared(hmac::HMAC_SHA256),
            Self::HS384 => Shared(hmac::HMAC_SHA384),
            Self::HS512 => Shared(hmac::HMAC_SHA512),
            Self::ES256 => Public(&signature::ECDSA_P256_SHA256_FIXED, Last(65)),
            Self::ES384 => Public(&signature::ECDSA_P384_SHA384_FIXED, Last(97)),
            Self::RS256 => Public(&signature::RSA_PKCS1_2048_8192_SHA256, Rsa),
            Self::RS384 => Public(&signature::RSA_PKCS1_2048_8192_SHA384, Rsa),
            Self::RS512 => Public(&signature::RSA_PKCS1_2048_8192_SHA512, Rsa),
            Self::PS256 => Public(&signature::RSA_PSS_2048_8192_SHA256, Rsa),
            Self::PS384 => Public(&signature::RSA_PSS_2048_8192_SHA384, Rsa),
            Self::PS512 => Public(&signature::RSA_PSS_2048_8192_SHA512, Rsa),
            Self::EdDSA => Public(&signature::ED25519, Last(digest::SHA256_OUTPUT_LEN)),
        }
    }

    /// Whether this is the message's signature by this key: a secret, a public key in DER, or a bare point.
    #[must_use]
    pub fn verify(self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        match self.method() {
            Method::Shared(algorithm) => {
                hmac::verify(&hmac::Key::new(algorithm, key), message, signature).is_ok()
            }
            Method::Public(algorithm, format) => {
                UnparsedPublicKey::new(algorithm, format.key(key)).verify(message, signature).is_ok()
            }
        }
    }
}

impl KeyFormat {
    /// The key itself.
    fn key(self, encoded: &[u8]) -> &[u8] {
        // The object identifier rsaEncryption with its NULL parameter, and the tag of the bit string around the key.
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
    fn s3_5_1_every_algorithm_verifies_its_own_signatures() {
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
        assert_eq!(seen.len(), Algorithm::VARIANTS.len());
        assert!("none".parse::<Algorithm>().unwrap_err().to_string().contains("HS256, HS384"));
    }
}

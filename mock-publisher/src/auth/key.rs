//! The key of a server, and the verification of signatures with it.

use super::algorithm::Algorithm;
use ring::agreement::{self, EphemeralPrivateKey};
use ring::rand::SystemRandom;
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use ring::{digest, hmac};

/// The key that verifies tokens, and for which algorithm: a secret, or a public key in the one form that the library of
/// the real publisher takes. For RSA that is PKCS #1 in DER, for ECDSA a point (SEC 1), for Ed25519 its 32 bytes; a
/// SubjectPublicKeyInfo, as `openssl` writes it, is none of them.
#[derive(Debug, Clone)]
pub(super) struct Key {
    algorithm: Algorithm,
    bytes: Vec<u8>,
    is_usable: bool,
}

/// How a signature is verified.
enum Method {
    Shared(hmac::Algorithm),
    Public(&'static dyn VerificationAlgorithm),
}

impl Algorithm {
    fn method(self) -> Method {
        use Method::{Public, Shared};
        match self {
            Self::HS256 => Shared(hmac::HMAC_SHA256),
            Self::HS384 => Shared(hmac::HMAC_SHA384),
            Self::HS512 => Shared(hmac::HMAC_SHA512),
            Self::ES256 => Public(&signature::ECDSA_P256_SHA256_FIXED),
            Self::ES384 => Public(&signature::ECDSA_P384_SHA384_FIXED),
            Self::RS256 => Public(&signature::RSA_PKCS1_2048_8192_SHA256),
            Self::RS384 => Public(&signature::RSA_PKCS1_2048_8192_SHA384),
            Self::RS512 => Public(&signature::RSA_PKCS1_2048_8192_SHA512),
            Self::PS256 => Public(&signature::RSA_PSS_2048_8192_SHA256),
            Self::PS384 => Public(&signature::RSA_PSS_2048_8192_SHA384),
            Self::PS512 => Public(&signature::RSA_PSS_2048_8192_SHA512),
            Self::EdDSA => Public(&signature::ED25519),
        }
    }
}

impl Key {
    pub(super) fn new(algorithm: Algorithm, mut bytes: Vec<u8>) -> Self {
        let is_usable = match algorithm {
            Algorithm::ES256 => is_point(&agreement::ECDH_P256, &bytes),
            Algorithm::ES384 => is_point(&agreement::ECDH_P384, &bytes),
            // The library takes the first 32 bytes, whatever follows.
            Algorithm::EdDSA => {
                bytes.truncate(digest::SHA256_OUTPUT_LEN);
                bytes.len() == digest::SHA256_OUTPUT_LEN
            }
            Algorithm::HS256
            | Algorithm::HS384
            | Algorithm::HS512
            | Algorithm::RS256
            | Algorithm::RS384
            | Algorithm::RS512
            | Algorithm::PS256
            | Algorithm::PS384
            | Algorithm::PS512 => true,
        };
        Self { algorithm, bytes, is_usable }
    }

    /// The algorithm that it is for.
    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether it is a key at all, as far as the library looks before it sees a signature.
    pub(super) fn is_usable(&self) -> bool {
        self.is_usable
    }

    /// Whether this is the message's signature by this key.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self.algorithm.method() {
            Method::Shared(algorithm) => {
                hmac::verify(&hmac::Key::new(algorithm, &self.bytes), message, signature).is_ok()
            }
            Method::Public(algorithm) => {
                UnparsedPublicKey::new(algorithm, &self.bytes).verify(message, signature).is_ok()
            }
        }
    }
}

/// Whether these bytes are a point of a curve: a key agreement with it, whose result is thrown away, checks that.
fn is_point(curve: &'static agreement::Algorithm, bytes: &[u8]) -> bool {
    let own = EphemeralPrivateKey::generate(curve, &SystemRandom::new());
    let peer = agreement::UnparsedPublicKey::new(curve, bytes);
    own.is_ok_and(|own| agreement::agree_ephemeral(own, &peer, |_| ()).is_ok())
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
    use std::collections::BTreeSet;
    use strum::VariantNames;

    /// What the library of the real publisher says to a valid signature if the key has this form.
    #[derive(Debug, PartialEq)]
    enum Verdict {
        Valid,
        BadSignature,
        BadKey,
    }

    fn verdict(key: &Key, message: &[u8], signature: &[u8]) -> Verdict {
        match (key.is_usable(), key.verify(message, signature)) {
            (false, _) => Verdict::BadKey,
            (true, true) => Verdict::Valid,
            (true, false) => Verdict::BadSignature,
        }
    }

    /// Whether a key of these vectors is inside a SubjectPublicKeyInfo: of RSA keys, the form itself is a sequence too.
    fn is_spki(name: &str, key: &[u8]) -> bool {
        match &name[..2] {
            "HS" => false,
            "RS" | "PS" => key.windows(9).any(|part| part == [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]),
            _ => key.starts_with(&[0x30]),
        }
    }

    #[test]
    fn every_algorithm_verifies_its_signatures_with_a_key_in_the_form_of_the_real_publisher() {
        let (mut valid, mut spki) = (BTreeSet::new(), BTreeSet::new());
        for (name, key, signature) in VECTORS {
            let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
            let algorithm: Algorithm = name.parse().unwrap();
            let encoded = if name.starts_with("HS") { b"a secret".to_vec() } else { bytes(key) };
            let (wrapped, key) = (is_spki(name, &encoded), Key::new(algorithm, encoded));
            let mut signature = bytes(signature);
            let expected = match (wrapped, &name[..2]) {
                (false, _) => Verdict::Valid,
                (true, "ES") => Verdict::BadKey,
                (true, _) => Verdict::BadSignature,
            };
            assert_eq!(verdict(&key, MESSAGE, &signature), expected, "{name}");
            if wrapped {
                spki.insert(&name[..2])
            } else {
                valid.insert(name)
            };
            assert_ne!(verdict(&key, b"another message", &signature), Verdict::Valid, "{name}");
            signature[0] ^= 1;
            assert_ne!(verdict(&key, MESSAGE, &signature), Verdict::Valid, "{name}");
        }
        assert_eq!(valid.len(), Algorithm::VARIANTS.len(), "{valid:?}");
        assert_eq!(spki, ["ES", "Ed", "RS"].into());
    }

    /// Checked against jsonwebtoken 10.4.0.
    #[test]
    fn invalid_keys_are_unusable_or_verify_nothing() {
        let point = [
            &[4][..],
            b"\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0",
            b"\xf4\xa1\x39\x45\xd8\x98\xc2\x96\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16",
            b"\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5",
        ]
        .concat();
        let off_curve = [&point[..64], &[0]].concat();
        let hybrid = [&[6], &point[1..]].concat();
        let rows: [(Algorithm, &[u8], Verdict); 11] = [
            (Algorithm::ES256, &point, Verdict::BadSignature),
            (Algorithm::ES256, &off_curve, Verdict::BadKey),
            (Algorithm::ES256, &hybrid, Verdict::BadKey),
            (Algorithm::ES256, &point[1..], Verdict::BadKey),
            (Algorithm::ES256, &[0], Verdict::BadKey),
            (Algorithm::ES256, &[], Verdict::BadKey),
            (Algorithm::ES384, &point, Verdict::BadKey),
            (Algorithm::RS256, &[], Verdict::BadSignature),
            (Algorithm::RS256, b"abc", Verdict::BadSignature),
            (Algorithm::EdDSA, &[1; 32], Verdict::BadSignature),
            (Algorithm::EdDSA, &[1; 31], Verdict::BadKey),
        ];
        for (algorithm, bytes, expected) in rows {
            let key = Key::new(algorithm, bytes.to_vec());
            assert_eq!(verdict(&key, MESSAGE, &[0; 64]), expected, "{algorithm} {bytes:x?}");
        }
    }
}

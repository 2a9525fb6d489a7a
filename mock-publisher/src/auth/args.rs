//! The flags about tokens, named as those of the real publisher.

use super::algorithm::Algorithm;
use super::verifier::Config;
use std::time::Duration;

/// The flags about tokens.
#[derive(Debug, Clone, clap::Args)]
pub struct JwtFlags {
    /// Requires a signed token for every store and verifies it with this key: 0x and hex digits, or text as it is
    #[arg(long, value_name = "SECRET")]
    pub jwt_decode_secret: Option<String>,
    /// How tokens are signed
    #[arg(long, value_name = "ALGORITHM", default_value_t = Algorithm::default())]
    pub jwt_algorithm: Algorithm,
    /// Requires a token with a lifetime of exactly N seconds for every store; 0 for any lifetime
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub jwt_expiring_sec: u64,
    /// Requires a token for every store and compares its claims with the request
    #[arg(long)]
    pub jwt_verify_upload: bool,
    /// How many used tokens can be remembered until they end
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub jwt_cache_size: usize,
    /// How often tokens that have ended are forgotten
    #[arg(long, value_name = "D", default_value = "5s", value_parser = crate::units::duration)]
    pub jwt_cache_refresh_interval: Duration,
}

/// A key that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    /// It begins with `0x` and is not hex.
    #[error("--jwt-decode-secret: after 0x come pairs of hex digits")]
    Hex,
    /// It is a point of a curve in the short form, which the real publisher would take.
    #[error(
        "--jwt-decode-secret: a compressed point is not supported here: write the uncompressed one, which begins with 04"
    )]
    CompressedPoint,
}

impl JwtFlags {
    /// The requirements that the flags describe.
    ///
    /// # Errors
    /// A key that cannot be used.
    pub fn config(&self) -> Result<Config, BadSecret> {
        Ok(Config {
            secret: self.jwt_decode_secret.as_deref().map(|text| self.key(text)).transpose()?,
            algorithm: self.jwt_algorithm,
            expiring_sec: self.jwt_expiring_sec,
            verify_upload: self.jwt_verify_upload,
            cache_size: self.jwt_cache_size,
            cache_refresh_interval: self.jwt_cache_refresh_interval,
        })
    }

    fn key(&self, text: &str) -> Result<Vec<u8>, BadSecret> {
        let key = decode(text)?;
        let compressed = match self.jwt_algorithm {
            Algorithm::ES256 => 33,
            Algorithm::ES384 => 49,
            _ => return Ok(key),
        };
        if key.len() == compressed && matches!(key[0], 2 | 3) {
            return Err(BadSecret::CompressedPoint);
        }
        Ok(key)
    }
}

/// The bytes of a secret.
fn decode(text: &str) -> Result<Vec<u8>, BadSecret> {
    let Some(digits) = text.strip_prefix("0x") else { return Ok(text.as_bytes().to_vec()) };
    let pair = |pair: &[u8]| {
        let digits = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2 && !pair.starts_with('+'));
        digits.and_then(|pair| u8::from_str_radix(pair, 16).ok()).ok_or(BadSecret::Hex)
    };
    digits.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hex_or_text() {
        let rows: [(&str, Result<&[u8], BadSecret>); 5] = [
            ("secret", Ok(b"secret")),
            ("0x00ffAb", Ok(&[0, 255, 171])),
            ("0x", Ok(&[])),
            ("0xabc", Err(BadSecret::Hex)),
            ("0x+1", Err(BadSecret::Hex)),
        ];
        for (text, bytes) in rows {
            assert_eq!(decode(text), bytes.map(<[u8]>::to_vec), "{text}");
        }
    }
}

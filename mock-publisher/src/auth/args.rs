//! The flags about tokens, with the names of the real publisher.

use super::{Algorithm, Config};
use std::time::Duration;

/// The flags about tokens.
#[derive(Debug, Clone, clap::Args)]
pub struct JwtFlags {
    /// Asks every store for a signed token and checks it with this key: 0x and hex digits, or text as it is
    #[arg(long, value_name = "SECRET")]
    pub jwt_decode_secret: Option<String>,
    /// How tokens are signed
    #[arg(long, value_name = "ALGORITHM", default_value_t = Algorithm::default())]
    pub jwt_algorithm: Algorithm,
    /// Asks every store for a token that is good for exactly so many seconds; 0 for any
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub jwt_expiring_sec: u64,
    /// Asks every store for a token and holds its claims against the request
    #[arg(long)]
    pub jwt_verify_upload: bool,
    /// Used tokens that can be remembered
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub jwt_cache_size: usize,
    /// How often tokens that ended are forgotten
    #[arg(long, value_name = "D", default_value = "5s", value_parser = crate::units::duration)]
    pub jwt_cache_refresh_interval: Duration,
}

/// A secret that is neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("--jwt-decode-secret: after 0x come pairs of hex digits")]
pub struct BadSecret;

impl JwtFlags {
    /// What the flags ask of tokens.
    ///
    /// # Errors
    /// A secret that begins like hex digits and does not go on so.
    pub fn config(&self) -> Result<Config, BadSecret> {
        Ok(Config {
            secret: self.jwt_decode_secret.as_deref().map(key).transpose()?,
            algorithm: self.jwt_algorithm,
            expiring_sec: self.jwt_expiring_sec,
            verify_upload: self.jwt_verify_upload,
            cache_size: self.jwt_cache_size,
            cache_refresh_interval: self.jwt_cache_refresh_interval,
        })
    }
}

/// The bytes of a secret.
fn key(text: &str) -> Result<Vec<u8>, BadSecret> {
    let Some(digits) = text.strip_prefix("0x") else { return Ok(text.as_bytes().to_vec()) };
    let pair = |pair: &[u8]| {
        let digits = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2 && !pair.starts_with('+'));
        digits.and_then(|pair| u8::from_str_radix(pair, 16).ok()).ok_or(BadSecret)
    };
    digits.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_5_1_a_secret_is_hex_or_text() {
        let rows: [(&str, Result<&[u8], BadSecret>); 5] = [
            ("secret", Ok(b"secret")),
            ("0x00ffAb", Ok(&[0, 255, 171])),
            ("0x", Ok(&[])),
            ("0xabc", Err(BadSecret)),
            ("0x+1", Err(BadSecret)),
        ];
        for (text, bytes) in rows {
            assert_eq!(key(text), bytes.map(<[u8]>::to_vec), "{text}");
        }
    }
}

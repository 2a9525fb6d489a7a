//! The values of the flags about minted tokens.

use std::path::PathBuf;

use base64::{Engine as _, prelude::BASE64_STANDARD};

use super::{
    limited::{self, MAX_SECRET},
    values::FromText,
};
use crate::{
    plan::{
        target::Secret,
        tokens::{Algorithm, Claim},
    },
    units,
};

/// A secret, or the file that holds it; it is read when the plan is made, since options are parsed more than once and a pipe
/// can be read once.
#[derive(Clone)]
pub(super) enum JwtSecret {
    Text(Secret),
    File(PathBuf),
}

/// A private key in PEM, or the file that holds one.
#[derive(Clone)]
pub(super) enum JwtKey {
    Text(Secret),
    File(PathBuf),
}

/// A lifetime of tokens, which counts whole seconds.
#[derive(Clone, Copy)]
pub(super) struct TokenTtl(pub(super) u64);

impl FromText for JwtSecret {
    fn from_text(text: &str) -> Result<Self, String> {
        match text.strip_prefix('@') {
            Some(path) => Ok(Self::File(path.into())),
            None if text.is_empty() => Err("a secret is required".to_owned()),
            None => Ok(Self::Text(Secret::new(text))),
        }
    }
}

impl FromText for JwtKey {
    fn from_text(text: &str) -> Result<Self, String> {
        match text.strip_prefix('@') {
            Some(path) => Ok(Self::File(path.into())),
            None if text.contains("-----BEGIN ") => Ok(Self::Text(Secret::new(text))),
            None => Err("a key is written @FILE, with the path of its file".to_owned()),
        }
    }
}

impl FromText for TokenTtl {
    fn from_text(text: &str) -> Result<Self, String> {
        let ttl = units::parse_duration(text)?;
        if ttl.subsec_nanos() == 0 {
            Ok(Self(ttl.as_secs()))
        } else {
            Err("must be whole seconds".to_owned())
        }
    }
}

impl FromText for Algorithm {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse()
    }
}

impl FromText for Claim {
    fn from_text(text: &str) -> Result<Self, String> {
        text.trim().parse()
    }
}

impl JwtSecret {
    pub(super) fn read(&self) -> Result<Secret, String> {
        let secret = match self {
            Self::Text(secret) => return Ok(secret.clone()),
            Self::File(path) => String::from_utf8(limited::bytes(path, MAX_SECRET)?).map_err(|_| {
                format!("{} is no UTF-8; write its bytes as 0x and hexadecimal digits", path.display())
            })?,
        };
        match secret.trim() {
            "" => Err("the file is empty".to_owned()),
            secret => Ok(Secret::new(secret)),
        }
    }
}

impl JwtKey {
    /// In PEM, or the base64 of its DER.
    pub(super) fn read(&self) -> Result<Secret, String> {
        match self {
            Self::Text(pem) => Ok(pem.clone()),
            Self::File(path) => {
                let text = String::from_utf8(limited::bytes(path, MAX_SECRET)?);
                Ok(Secret::new(text.unwrap_or_else(|der| BASE64_STANDARD.encode(der.as_bytes()))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_counts_whole_seconds() {
        assert_eq!(TokenTtl::from_text("5m").map(|ttl| ttl.0), Ok(300));
        assert!(TokenTtl::from_text("1500ms").is_err_and(|reason| reason.contains("whole seconds")));
        assert!(TokenTtl::from_text("60").is_err());
    }
}
